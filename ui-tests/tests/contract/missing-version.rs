//! An attribute without a version.

#[polyplug::contract(id = "demo.greeter")]
pub trait Greeter {
    fn greet(&self, name: &str) -> String;
}

fn main() {}
