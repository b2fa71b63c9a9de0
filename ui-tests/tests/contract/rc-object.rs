//! An object that is counted without atomics.

#[polyplug::contract(id = "demo.greeter", version = "1.0")]
pub trait Greeter {
    fn take(&self, other: std::rc::Rc<dyn Greeter>);
}

fn main() {}
