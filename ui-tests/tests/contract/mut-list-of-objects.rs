//! A list of objects that the plugin changes.

#[polyplug::contract(id = "demo.ear", version = "1.0")]
pub trait Ear {
    fn hear(&self, what: &str);
}

#[polyplug::contract(id = "demo.greeter", version = "1.0")]
pub trait Greeter {
    fn turn(&self, ears: &mut Vec<Box<dyn Ear>>);
}

fn main() {}
