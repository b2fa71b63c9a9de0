//! A version with a patch number.

#[polyplug::contract(id = "demo.greeter", version = "1.0.3")]
pub trait Greeter {
    fn greet(&self, name: &str) -> String;
}

fn main() {}
