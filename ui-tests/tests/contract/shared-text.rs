//! A text that is shared, deep inside.

#[polyplug::contract(id = "demo.greeter", version = "1.0")]
pub trait Greeter {
    fn take(&self, texts: Vec<Option<std::sync::Arc<str>>>);
}

fn main() {}
