//! An attribute without anything.

#[polyplug::contract]
pub trait Greeter {
    fn greet(&self, name: &str) -> String;
}

fn main() {}
