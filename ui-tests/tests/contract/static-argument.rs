//! An argument that must live for ever.

#[polyplug::contract(id = "demo.greeter", version = "1.0")]
pub trait Greeter {
    fn greet(&self, name: &'static str) -> String;
}

fn main() {}
