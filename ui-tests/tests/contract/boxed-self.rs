//! A method with a receiver of another type.

#[polyplug::contract(id = "demo.greeter", version = "1.0")]
pub trait Greeter {
    fn finish(self: Box<Self>) -> String;
}

fn main() {}
