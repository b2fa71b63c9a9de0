//! A field that is a closure.

#[polyplug::data]
pub struct Listener {
    pub name: String,
    pub hear: Box<dyn Fn(u32)>,
}

fn main() {}
