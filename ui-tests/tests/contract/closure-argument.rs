//! A closure.

#[polyplug::contract(id = "demo.greeter", version = "1.0")]
pub trait Greeter {
    fn each(&self, visit: &dyn Fn(u32) -> bool);
}

fn main() {}
