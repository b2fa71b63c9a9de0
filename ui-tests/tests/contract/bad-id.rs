//! An id of one word with a space in it.

#[polyplug::contract(id = "my greeter", version = "1.0")]
pub trait Greeter {
    fn greet(&self, name: &str) -> String;
}

fn main() {}
