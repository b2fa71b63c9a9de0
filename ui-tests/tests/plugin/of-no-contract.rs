//! A plugin that implements some other trait.

pub trait Greeter {
    fn greet(&self) -> String;
}

#[derive(Default)]
struct Hello;

#[polyplug::plugin]
impl Greeter for Hello {
    fn greet(&self) -> String {
        "hello".to_owned()
    }
}

fn main() {}
