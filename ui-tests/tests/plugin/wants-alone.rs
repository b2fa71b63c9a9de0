//! A wish for nothing.

#[polyplug::contract(id = "demo.greeter", version = "1.0")]
pub trait Greeter {
    fn greet(&self) -> String;
}

#[derive(Default)]
struct Hello(String);

#[polyplug::plugin(name = "hello", wants)]
impl Greeter for Hello {
    fn greet(&self) -> String {
        self.0.clone()
    }
}

fn main() {}
