//! An object lent for ever.

#[polyplug::contract(id = "demo.greeter", version = "1.0")]
pub trait Greeter {
    fn keep(&self, other: &'static dyn Greeter);
}

fn main() {}
