//! A closure of a type that cannot cross.

#[polyplug::contract(id = "demo.greeter", version = "1.0")]
pub trait Greeter {
    fn each(&self, visit: &dyn Fn(std::fs::File));
}

fn main() {}
