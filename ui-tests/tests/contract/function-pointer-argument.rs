//! A function pointer.

#[polyplug::contract(id = "demo.greeter", version = "1.0")]
pub trait Greeter {
    fn each(&self, visit: fn(u32) -> bool);
}

fn main() {}
