//! An owned object with a lifetime.

#[polyplug::contract(id = "demo.greeter", version = "1.0")]
pub trait Greeter {
    fn keep<'a>(&self, other: Box<dyn Greeter + 'a>);
}

fn main() {}
