//! A result that lives for ever.

#[polyplug::contract(id = "demo.greeter", version = "1.0")]
pub trait Greeter {
    fn name(&self) -> &'static str;
}

fn main() {}
