//! A constructor that does not take the context.

#[polyplug::contract(id = "demo.greeter", version = "1.0")]
pub trait Greeter {
    fn greet(&self) -> String;
}

struct Hello(String);

impl Hello {
    fn new() -> Self {
        Self(String::new())
    }
}

#[polyplug::plugin(new = Hello::new)]
impl Greeter for Hello {
    fn greet(&self) -> String {
        self.0.clone()
    }
}

fn main() {}
