//! A lifetime that is static in other words.

#[polyplug::contract(id = "demo.greeter", version = "1.0")]
pub trait Greeter {
    fn keep<'a: 'static>(&self, text: &'a str);
}

fn main() {}
