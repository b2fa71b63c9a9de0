//! An option without a value.

#[polyplug::contract(id, version = "1.0")]
pub trait Greeter {
    fn greet(&self, name: &str) -> String;
}

fn main() {}
