//! A list of a type that cannot cross, which the plugin changes.

pub struct Opaque;

#[polyplug::contract(id = "demo.greeter", version = "1.0")]
pub trait Greeter {
    fn turn(&self, list: &mut Vec<Opaque>);
}

fn main() {}
