//! A set of bits that is an enum.

#[polyplug::data(flags)]
pub enum Style {
    Bold,
    Italic,
}

fn main() {}
