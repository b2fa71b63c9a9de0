//! A result that borrows a path.

#[polyplug::contract(id = "demo.greeter", version = "1.0")]
pub trait Greeter {
    fn parent<'a>(&self, path: &'a std::path::Path) -> &'a std::path::Path;
}

fn main() {}
