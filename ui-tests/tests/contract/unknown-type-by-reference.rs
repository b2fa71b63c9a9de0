//! A reference to a type that is no data.

pub struct Style {
    pub loud: bool,
}

#[polyplug::contract(id = "demo.greeter", version = "1.0")]
pub trait Greeter {
    fn greet(&self, style: &Style) -> String;

    fn greet_all(&self, styles: &[Style]) -> String;
}

fn main() {}
