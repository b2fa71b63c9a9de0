//! The attribute for traits on a struct.

#[polyplug::contract(id = "demo.greeter", version = "1.0")]
pub struct Greeter {
    pub name: String,
}

fn main() {}
