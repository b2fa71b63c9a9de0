//! A field of a type that is no data.

pub struct Style {
    pub loud: bool,
}

#[polyplug::data]
pub struct Greeting {
    pub text: String,
    pub style: Style,
}

fn main() {}
