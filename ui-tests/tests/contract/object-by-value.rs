//! An object without a pointer.

#[polyplug::contract(id = "demo.greeter", version = "1.0")]
pub trait Greeter {
    fn tell(&self, listener: dyn Send);
}

fn main() {}
