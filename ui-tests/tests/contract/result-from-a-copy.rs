//! A result that borrows what is copied on its way.

#[polyplug::contract(id = "demo.greeter", version = "1.0")]
pub trait Greeter {
    fn first<'a>(&self, texts: &'a [String]) -> &'a String;
}

fn main() {}
