//! A default in a variant.

#[polyplug::data(non_exhaustive)]
enum Shape {
    Empty,
    Line {
        #[data(default)]
        width: u8,
    },
}

fn main() {}
