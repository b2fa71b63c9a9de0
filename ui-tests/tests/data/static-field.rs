//! A field that borrows for ever.

#[polyplug::data]
pub struct Style {
    pub name: &'static str,
    pub loud: bool,
}

fn main() {}
