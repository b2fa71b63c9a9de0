//! A function without a receiver.

#[polyplug::contract(id = "demo.greeter", version = "1.0")]
pub trait Greeter {
    fn greet(&self, name: &str) -> String;

    fn version() -> u32;
}

fn main() {}
