//! A list of closures that the plugin changes, deeper inside.

#[polyplug::contract(id = "demo.greeter", version = "1.0")]
pub trait Greeter {
    fn turn(&self, work: &mut Vec<Option<Box<dyn Fn() + Send>>>);
}

fn main() {}
