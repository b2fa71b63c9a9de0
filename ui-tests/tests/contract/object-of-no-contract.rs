//! An object of a trait that is no contract.

pub trait Listener {
    fn hear(&self, text: &str);
}

#[polyplug::contract(id = "demo.greeter", version = "1.0")]
pub trait Greeter {
    fn greet(&self, listener: &dyn Listener);
}

fn main() {}
