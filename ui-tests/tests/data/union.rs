//! The attribute on a union.

#[polyplug::data]
pub union Word {
    pub number: u32,
    pub letter: char,
}

fn main() {}
