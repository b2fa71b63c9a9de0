//! A method with a constant parameter.

#[polyplug::contract(id = "demo.greeter", version = "1.0")]
pub trait Greeter {
    fn sum<const N: usize>(&self, values: [u32; N]) -> u32;
}

fn main() {}
