//! Two defaults of one field.

#[polyplug::data(non_exhaustive)]
struct Style {
    #[data(default)]
    #[data(default = 1)]
    width: u8,
}

fn main() {}
