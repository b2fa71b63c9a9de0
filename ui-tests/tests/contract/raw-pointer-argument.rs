//! A raw pointer.

#[polyplug::contract(id = "demo.greeter", version = "1.0")]
pub trait Greeter {
    fn fill(&self, bytes: *mut u8, length: usize);
}

fn main() {}
