//! A version that is a number, not a text.

#[polyplug::contract(id = "demo.greeter", version = 1.0)]
pub trait Greeter {
    fn greet(&self, name: &str) -> String;
}

fn main() {}
