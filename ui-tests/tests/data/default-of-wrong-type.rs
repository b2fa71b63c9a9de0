//! A default of another type.

#[polyplug::data(non_exhaustive)]
struct Style {
    name: String,
    #[data(default = "blue")]
    colour: String,
}

fn main() {}
