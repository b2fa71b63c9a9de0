//! A variant for unknown ones that holds something else than their tag.

#[polyplug::data(non_exhaustive)]
enum Shape {
    Empty,
    #[data(other)]
    Unknown(String),
}

fn main() {}
