//! A path in a box.

#[polyplug::contract(id = "demo.greeter", version = "1.0")]
pub trait Greeter {
    fn take(&self, path: Option<Box<std::path::Path>>);
}

fn main() {}
