//! A constructor that makes something else.

#[polyplug::contract(id = "demo.greeter", version = "1.0")]
pub trait Greeter {
    fn greet(&self) -> String;
}

struct Hello;

fn make(_: &polyplug::Context) -> Option<Hello> {
    Some(Hello)
}

#[polyplug::plugin(new = make)]
impl Greeter for Hello {
    fn greet(&self) -> String {
        "hello".to_owned()
    }
}

fn main() {}
