//! An object of a trait of the standard library.

#[polyplug::contract(id = "demo.greeter", version = "1.0")]
pub trait Greeter {
    fn take(&self, value: Box<dyn std::any::Any>);
}

fn main() {}
