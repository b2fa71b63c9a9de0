//! An enum without variants.

#[polyplug::data]
pub enum Nothing {}

fn main() {}
