//! The attribute on a trait.

#[polyplug::data]
pub trait Greeter {
    fn greet(&self, name: &str) -> String;
}

fn main() {}
