//! A closure that changes its argument.

#[polyplug::contract(id = "demo.greeter", version = "1.0")]
pub trait Greeter {
    fn each(&self, visit: &dyn Fn(&mut String));
}

fn main() {}
