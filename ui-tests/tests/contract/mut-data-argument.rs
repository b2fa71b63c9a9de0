//! A value that the plugin writes to, and that is no text or list.

#[polyplug::contract(id = "demo.greeter", version = "1.0")]
pub trait Greeter {
    fn grow(&self, value: &mut u32);
}

fn main() {}
