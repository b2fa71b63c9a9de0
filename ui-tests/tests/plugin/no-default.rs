//! A plugin that nobody can construct.

#[polyplug::contract(id = "demo.greeter", version = "1.0")]
pub trait Greeter {
    fn greet(&self) -> String;
}

struct Hello;

#[polyplug::plugin]
impl Greeter for Hello {
    fn greet(&self) -> String {
        "hello".to_owned()
    }
}

fn main() {}
