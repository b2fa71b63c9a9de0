//! The attribute for traits on an impl.

pub struct Hello;

#[polyplug::contract(id = "demo.greeter", version = "1.0")]
impl Hello {
    fn greet(&self, name: &str) -> String {
        format!("Hello, {name}!")
    }
}

fn main() {}
