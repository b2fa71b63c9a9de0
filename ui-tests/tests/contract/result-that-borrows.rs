//! A result that borrows from the plugin.

#[polyplug::contract(id = "demo.greeter", version = "1.0")]
pub trait Greeter {
    fn name(&self) -> &str;
}

fn main() {}
