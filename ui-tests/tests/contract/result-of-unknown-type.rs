//! A result of a type that is no data.

pub struct Style {
    pub loud: bool,
}

#[polyplug::contract(id = "demo.greeter", version = "1.0")]
pub trait Greeter {
    fn style(&self) -> Style;
}

fn main() {}
