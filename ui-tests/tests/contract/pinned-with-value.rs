//! An option that stands alone, with a value.

#[polyplug::contract(id = "demo.greeter", version = "1.0", pinned = true)]
pub trait Greeter {
    fn name(&self) -> &str;
}

fn main() {}
