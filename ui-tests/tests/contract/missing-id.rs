//! An attribute without an id.

#[polyplug::contract(version = "1.0")]
pub trait Greeter {
    fn greet(&self, name: &str) -> String;
}

fn main() {}
