//! A requirement that no host provides.

#[polyplug::contract(id = "demo.greeter", version = "1.0")]
pub trait Greeter {
    fn greet(&self) -> String;
}

#[derive(Default)]
struct Hello;

#[polyplug::plugin(requires(dyn Greeter))]
impl Greeter for Hello {
    fn greet(&self) -> String {
        "hello".to_owned()
    }
}

fn main() {}
