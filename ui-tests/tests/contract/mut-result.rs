//! A result that can be written to.

#[polyplug::contract(id = "demo.greeter", version = "1.0")]
pub trait Greeter {
    fn name<'a>(&self, text: &'a mut String) -> &'a mut String;
}

fn main() {}
