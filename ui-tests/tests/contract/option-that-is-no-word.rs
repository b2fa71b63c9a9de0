//! An option that is no `key = value`.

#[polyplug::contract("demo.greeter", version = "1.0")]
pub trait Greeter {
    fn greet(&self, name: &str) -> String;
}

fn main() {}
