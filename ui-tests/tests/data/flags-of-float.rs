//! A set of bits that is no integer.

#[polyplug::data(flags)]
pub struct Style(f32);

fn main() {}
