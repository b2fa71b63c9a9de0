//! A default of a type that has none.

#[polyplug::data]
#[derive(Clone)]
struct Colour {
    red: u8,
}

#[polyplug::data(non_exhaustive)]
struct Style {
    name: String,
    #[data(default)]
    colour: Colour,
}

fn main() {}
