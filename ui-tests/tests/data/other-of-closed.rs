//! A variant for unknown ones where none can be added.

#[polyplug::data]
enum Shape {
    Empty,
    #[data(other)]
    Unknown,
}

fn main() {}
