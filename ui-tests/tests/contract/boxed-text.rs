//! A text in a box.

#[polyplug::contract(id = "demo.greeter", version = "1.0")]
pub trait Greeter {
    fn take(&self, text: Box<str>);
}

fn main() {}
