//! A method with a type parameter.

use core::fmt::Display;

#[polyplug::contract(id = "demo.greeter", version = "1.0")]
pub trait Greeter {
    fn greet<T: Display>(&self, name: T) -> String;
}

fn main() {}
