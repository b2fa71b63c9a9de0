//! An option that there is none of.

#[polyplug::data(packed = true)]
pub struct Style {
    pub loud: bool,
    pub size: u32,
}

fn main() {}
