//! A set of bits with two fields.

#[polyplug::data(flags)]
pub struct Style(u32, u32);

fn main() {}
