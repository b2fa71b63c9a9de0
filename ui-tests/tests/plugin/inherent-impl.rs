//! The attribute on an impl without a trait.

#[derive(Default)]
struct Hello;

#[polyplug::plugin]
impl Hello {
    fn greet(&self) -> String {
        "hello".to_owned()
    }
}

fn main() {}
