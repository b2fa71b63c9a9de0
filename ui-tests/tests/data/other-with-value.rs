//! A value where none belongs.

#[polyplug::data(non_exhaustive)]
enum Shape {
    Empty,
    #[data(other = 3)]
    Unknown,
}

fn main() {}
