//! An exclusive reference inside another type.

#[polyplug::contract(id = "demo.greeter", version = "1.0")]
pub trait Greeter {
    fn grow(&self, value: Option<&mut String>);
}

fn main() {}
