//! A result that lends an object.

#[polyplug::contract(id = "demo.greeter", version = "1.0")]
pub trait Greeter {
    fn other<'a>(&self, other: &'a dyn Greeter) -> &'a dyn Greeter;
}

fn main() {}
