//! Options on two impls of one type.

#[polyplug::contract(id = "demo.greeter", version = "1.0")]
pub trait Greeter {
    fn greet(&self) -> String;
}

#[polyplug::contract(id = "demo.namer", version = "1.0")]
pub trait Namer {
    fn name(&self) -> String;
}

#[derive(Default)]
struct Hello;

#[polyplug::plugin(name = "hello")]
impl Greeter for Hello {
    fn greet(&self) -> String {
        "hello".to_owned()
    }
}

#[polyplug::plugin(version = "1.0.0")]
impl Namer for Hello {
    fn name(&self) -> String {
        "Hello".to_owned()
    }
}

fn main() {}
