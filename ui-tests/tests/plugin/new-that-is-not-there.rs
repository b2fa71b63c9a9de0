//! A constructor that nobody wrote.

#[polyplug::contract(id = "demo.greeter", version = "1.0")]
pub trait Greeter {
    fn greet(&self) -> String;
}

struct Hello(String);

impl Hello {
    fn new(_: &polyplug::Context) -> Self {
        Self(String::new())
    }
}

#[polyplug::plugin(new = Self::create)]
impl Greeter for Hello {
    fn greet(&self) -> String {
        self.0.clone()
    }
}

fn main() {}
