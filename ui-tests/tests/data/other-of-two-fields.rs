//! A variant for unknown ones that holds more than their tag.

#[polyplug::data(non_exhaustive)]
enum Shape {
    Empty,
    #[data(other)]
    Unknown(u32, String),
}

fn main() {}
