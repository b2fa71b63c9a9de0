//! A value that is shared.

#[polyplug::contract(id = "demo.greeter", version = "1.0")]
pub trait Greeter {
    fn take(&self, text: std::sync::Arc<String>);
}

fn main() {}
