//! A method that consumes the plugin.

#[polyplug::contract(id = "demo.greeter", version = "1.0")]
pub trait Greeter {
    fn finish(self) -> String;
}

fn main() {}
