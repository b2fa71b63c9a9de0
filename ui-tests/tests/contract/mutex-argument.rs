//! A lock.

#[polyplug::contract(id = "demo.greeter", version = "1.0")]
pub trait Greeter {
    fn lock(&self, value: &std::sync::Mutex<u32>);
}

fn main() {}
