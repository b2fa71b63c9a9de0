//! Growing data of types that are no data.

struct Mine;

#[polyplug::data(non_exhaustive)]
struct Style {
    name: String,
    mine: Mine,
}

#[polyplug::data(non_exhaustive)]
enum Shape {
    Empty,
    Of(Mine),
}

fn main() {}
