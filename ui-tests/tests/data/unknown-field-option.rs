//! An option of a field that there is none of, and none at all.

#[polyplug::data(non_exhaustive)]
struct Style {
    name: String,
    #[data(defualt)]
    width: u8,
    #[data]
    depth: u8,
}

fn main() {}
