//! A method with an exclusive receiver.

#[polyplug::contract(id = "demo.greeter", version = "1.0")]
pub trait Greeter {
    fn count(&mut self) -> u32;
}

fn main() {}
