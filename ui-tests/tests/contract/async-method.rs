//! A method that is `async`.

#[polyplug::contract(id = "demo.greeter", version = "1.0")]
pub trait Greeter {
    async fn greet(&self, name: &str) -> String;
}

fn main() {}
