//! A field that borrows.

#[polyplug::data]
pub struct Style<'a> {
    pub name: &'a str,
    pub loud: bool,
}

fn main() {}
