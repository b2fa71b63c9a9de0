//! The error of a constructor is none.

#[polyplug::contract(id = "demo.greeter", version = "1.0")]
pub trait Greeter {
    fn greet(&self) -> String;
}

struct Hello(String);

impl Hello {
    fn new(_: &polyplug::Context) -> Result<Self, u32> {
        Err(7)
    }
}

#[polyplug::plugin(new = Self::new)]
impl Greeter for Hello {
    fn greet(&self) -> String {
        self.0.clone()
    }
}

fn main() {}
