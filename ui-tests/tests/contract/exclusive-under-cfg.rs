//! An exclusive method that is not there in every build.

#[polyplug::contract(id = "demo.greeter", version = "1.0")]
pub trait Greeter {
    #[cfg(unix)]
    fn count(&mut self) -> u32;
    fn greet(&self);
}

fn main() {}
