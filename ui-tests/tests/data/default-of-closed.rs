//! A default where no field can be added.

#[polyplug::data]
struct Style {
    name: String,
    #[data(default)]
    width: u8,
}

fn main() {}
