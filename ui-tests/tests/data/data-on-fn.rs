//! The attribute on a function.

#[polyplug::data]
pub fn style() -> bool {
    true
}

fn main() {}
