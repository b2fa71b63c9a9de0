//! A value that threads cannot share.

use core::cell::Cell;

struct Hello(Cell<u32>);

impl Greeter for Hello {
    fn greet(&self) -> String {
        self.0.get().to_string()
    }
}

#[polyplug::contract(id = "demo.greeter", version = "1.0")]
pub trait Greeter {
    fn greet(&self) -> String;
}

fn main() -> polyplug::Result<()> {
    let runtime = polyplug::Runtime::new();
    runtime.provide::<dyn Greeter>(Hello(Cell::new(0)))?;
    Ok(())
}
