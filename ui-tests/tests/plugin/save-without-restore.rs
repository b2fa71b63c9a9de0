//! What is saved is never read.

#[polyplug::contract(id = "demo.greeter", version = "1.0")]
pub trait Greeter {
    fn greet(&self) -> String;
}

#[derive(Default)]
struct Hello(String);

impl Hello {
    fn save(&self) -> Vec<u8> {
        self.0.clone().into_bytes()
    }
}

#[polyplug::plugin(save = Self::save)]
impl Greeter for Hello {
    fn greet(&self) -> String {
        self.0.clone()
    }
}

fn main() {}
