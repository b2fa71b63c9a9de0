//! An associated constant.

#[polyplug::contract(id = "demo.greeter", version = "1.0")]
pub trait Greeter {
    const LIMIT: u32;

    fn greet(&self, name: &str) -> String;
}

fn main() {}
