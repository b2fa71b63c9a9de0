//! A field without a default behind one with a default.

#[polyplug::data(non_exhaustive)]
struct Style {
    name: String,
    #[data(default = 3)]
    width: u8,
    depth: u8,
}

fn main() {}
