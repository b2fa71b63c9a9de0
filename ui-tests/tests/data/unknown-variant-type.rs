//! A variant with a type that is no data, deep inside.

pub struct Style {
    pub loud: bool,
}

#[polyplug::data]
pub enum Greeting {
    Silent,
    Spoken { text: String, styles: Vec<Style> },
}

fn main() {}
