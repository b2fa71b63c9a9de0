//! A struct with a type parameter.

#[polyplug::data]
pub struct Pair<T> {
    pub first: T,
    pub second: T,
}

fn main() {}
