//! A supertrait that is no marker.

use core::fmt::Debug;

#[polyplug::contract(id = "demo.greeter", version = "1.0")]
pub trait Greeter: Debug + Send {
    fn greet(&self, name: &str) -> String;
}

fn main() {}
