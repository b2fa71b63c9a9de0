//! A plugin that leaves a method out.

#[polyplug::contract(id = "demo.greeter", version = "1.0")]
pub trait Greeter {
    fn greet(&self) -> String;
}

#[derive(Default)]
struct Hello;

#[polyplug::plugin]
impl Greeter for Hello {}

fn main() {}
