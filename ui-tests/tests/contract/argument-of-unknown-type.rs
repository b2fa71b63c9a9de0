//! An argument of a type that is no data.

pub struct Style {
    pub loud: bool,
}

#[polyplug::contract(id = "demo.greeter", version = "1.0")]
pub trait Greeter {
    fn greet(&self, name: &str, style: Style) -> String;
}

fn main() {}
