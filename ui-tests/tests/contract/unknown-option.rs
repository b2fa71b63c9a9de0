//! An option that there is none of.

#[polyplug::contract(id = "demo.greeter", version = "1.0", author = "me")]
pub trait Greeter {
    fn greet(&self, name: &str) -> String;
}

fn main() {}
