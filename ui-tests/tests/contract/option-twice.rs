//! An option that stands twice.

#[polyplug::contract(id = "demo.greeter", id = "demo.other", version = "1.0")]
pub trait Greeter {
    fn greet(&self, name: &str) -> String;
}

fn main() {}
