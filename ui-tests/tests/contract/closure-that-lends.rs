//! A closure that returns a reference.

#[polyplug::contract(id = "demo.greeter", version = "1.0")]
pub trait Greeter {
    fn each(&self, visit: &dyn Fn(&str) -> &str);
}

fn main() {}
