//! A layout of its own.

#[polyplug::data]
#[repr(packed)]
pub struct Style {
    pub loud: bool,
    pub size: u32,
}

fn main() {}
