//! A path that is shared.

#[polyplug::contract(id = "demo.greeter", version = "1.0")]
pub trait Greeter {
    fn take(&self, path: std::sync::Arc<std::path::Path>);
}

fn main() {}
