//! A field that is an object.

#[polyplug::data]
pub struct Job {
    pub listener: dyn Send,
    pub name: String,
}

fn main() {}
