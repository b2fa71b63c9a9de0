//! A map whose keys are references.

#[polyplug::contract(id = "demo.greeter", version = "1.0")]
pub trait Greeter {
    fn count(&self, words: std::collections::HashMap<&str, u32>);
}

fn main() {}
