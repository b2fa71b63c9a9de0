//! A slice that the plugin writes to.

#[polyplug::contract(id = "demo.greeter", version = "1.0")]
pub trait Greeter {
    fn sort(&self, values: &mut [u32]);
}

fn main() {}
