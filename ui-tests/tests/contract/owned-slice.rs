//! A slice in a box.

#[polyplug::contract(id = "demo.greeter", version = "1.0")]
pub trait Greeter {
    fn take(&self, values: Box<[u8]>);
}

fn main() {}
