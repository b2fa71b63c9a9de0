//! Nothing but a variant for unknown ones.

#[polyplug::data(non_exhaustive)]
enum Shape {
    #[data(other)]
    Unknown,
}

fn main() {}
