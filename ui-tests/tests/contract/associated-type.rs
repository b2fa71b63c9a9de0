//! An associated type.

#[polyplug::contract(id = "demo.greeter", version = "1.0")]
pub trait Greeter {
    type Name;

    fn greet(&self, name: &str) -> String;
}

fn main() {}
