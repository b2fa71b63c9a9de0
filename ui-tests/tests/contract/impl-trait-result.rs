//! A result of a type that the plugin chooses.

#[polyplug::contract(id = "demo.greeter", version = "1.0")]
pub trait Greeter {
    fn names(&self) -> impl Iterator<Item = String>;
}

fn main() {}
