//! A closure that takes an object by reference.

#[polyplug::contract(id = "demo.greeter", version = "1.0")]
pub trait Greeter {
    fn each(&self, visit: &dyn Fn(&dyn Greeter));
}

fn main() {}
