//! A closure with too many arguments.

#[polyplug::contract(id = "demo.greeter", version = "1.0")]
pub trait Greeter {
    fn each(&self, visit: &dyn Fn(u8, u8, u8, u8) -> bool);
}

fn main() {}
