//! A set of bits that shall grow.

#[polyplug::data(flags, non_exhaustive)]
struct Access(u32);

fn main() {}
