//! A slice of bools that the plugin writes to.

#[polyplug::contract(id = "demo.greeter", version = "1.0")]
pub trait Greeter {
    fn flip(&self, values: &mut [bool]);
}

fn main() {}
