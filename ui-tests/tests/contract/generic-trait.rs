//! A trait with a type parameter.

#[polyplug::contract(id = "demo.greeter", version = "1.0")]
pub trait Greeter<T> {
    fn greet(&self, name: &str) -> String;
}

fn main() {}
