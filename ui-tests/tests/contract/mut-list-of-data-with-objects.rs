//! A list of data that owns objects, also by way of itself, that the plugin changes.

#[polyplug::contract(id = "demo.ear", version = "1.0")]
pub trait Ear {
    fn hear(&self, what: &str);
}

#[polyplug::data]
pub struct Tree {
    pub below: Vec<Tree>,
    pub leaf: Leaf,
}

#[polyplug::data]
pub enum Leaf {
    Ear(Box<dyn Ear>),
    Nothing,
}

#[polyplug::contract(id = "demo.greeter", version = "1.0")]
pub trait Greeter {
    fn turn(&self, trees: &mut Vec<Tree>);
}

fn main() {}
