//! Growing data with a destructor.

#[polyplug::data(non_exhaustive)]
struct Style {
    bold: bool,
}

impl Drop for Style {
    fn drop(&mut self) {}
}

fn main() {}
