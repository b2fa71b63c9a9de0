//! A type that is no data, deep inside others.

pub struct Style {
    pub loud: bool,
}

#[polyplug::contract(id = "demo.greeter", version = "1.0")]
pub trait Greeter {
    fn greet(&self, styles: Vec<Option<Style>>) -> String;
}

fn main() {}
