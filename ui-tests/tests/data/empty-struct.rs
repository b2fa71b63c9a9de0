//! A struct without fields.

#[polyplug::data]
pub struct Nothing;

fn main() {}
