//! Two variants for unknown ones.

#[polyplug::data(non_exhaustive)]
enum Shape {
    Empty,
    #[data(other)]
    Unknown,
    #[data(other)]
    Other(u32),
}

fn main() {}
