//! An argument of a type that the caller chooses.

use core::fmt::Display;

#[polyplug::contract(id = "demo.greeter", version = "1.0")]
pub trait Greeter {
    fn greet(&self, name: impl Display) -> String;
}

fn main() {}
