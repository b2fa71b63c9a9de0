//! An impl for many types.

#[polyplug::contract(id = "demo.greeter", version = "1.0")]
pub trait Greeter {
    fn greet(&self) -> String;
}

struct Hello<T>(T);

#[polyplug::plugin]
impl<T: Default> Greeter for Hello<T> {
    fn greet(&self) -> String {
        "hello".to_owned()
    }
}

fn main() {}
