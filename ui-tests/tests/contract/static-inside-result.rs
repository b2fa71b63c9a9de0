//! A result with a part that lives for ever.

#[polyplug::contract(id = "demo.greeter", version = "1.0")]
pub trait Greeter {
    fn names(&self) -> Vec<&'static str>;
}

fn main() {}
