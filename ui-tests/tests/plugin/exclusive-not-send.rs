//! A plugin of an exclusive contract that cannot change threads.

#[polyplug::contract(id = "demo.lines", version = "1.0")]
pub trait Lines {
    fn next(&mut self) -> Option<String>;
}

use std::rc::Rc;

#[derive(Default)]
struct Three(Rc<u32>);

#[polyplug::plugin]
impl Lines for Three {
    fn next(&mut self) -> Option<String> {
        Some(self.0.to_string())
    }
}

fn main() {}
