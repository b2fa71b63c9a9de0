//! The contract crate of the quick start: shared by the host and its plugins.

/// Greets people, and can add.
#[polyplug::contract(id = "demo.greeter", version = "1.0")]
pub trait Greeter {
    /// A greeting for `name`.
    fn greet(&self, name: &str) -> String;

    /// The sum of `a` and `b`. A default body: plugins may leave it out.
    fn add(&self, a: u32, b: u32) -> u32 {
        a + b
    }
}
