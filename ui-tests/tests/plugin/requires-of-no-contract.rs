//! A requirement that nobody can meet.

/// Its author forgot `#[polyplug::contract(..)]`.
pub trait Store {
    fn get(&self) -> String;
}

#[polyplug::contract(id = "demo.greeter", version = "1.0")]
pub trait Greeter {
    fn greet(&self) -> String;
}

#[derive(Default)]
struct Hello(String);

#[polyplug::plugin(requires(dyn Store))]
impl Greeter for Hello {
    fn greet(&self) -> String {
        self.0.clone()
    }
}

fn main() {}
