//! A plugin that threads cannot share.

use core::cell::Cell;

#[polyplug::contract(id = "demo.greeter", version = "1.0")]
pub trait Greeter {
    fn greet(&self) -> String;
}

#[derive(Default)]
struct Hello(Cell<u32>);

#[polyplug::plugin]
impl Greeter for Hello {
    fn greet(&self) -> String {
        self.0.get().to_string()
    }
}

fn main() {}
