//! A result that borrows for two lifetimes.

#[polyplug::contract(id = "demo.greeter", version = "1.0")]
pub trait Greeter {
    fn both<'a, 'b>(&self, one: &'a str, other: &'b str) -> (&'a str, &'b str);
}

fn main() {}
