//! A trait without methods.

#[polyplug::contract(id = "demo.greeter", version = "1.0")]
pub trait Greeter {}

fn main() {}
