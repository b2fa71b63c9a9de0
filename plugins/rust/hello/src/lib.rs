//! The plugin of the quick start. `cargo rustc --crate-type cdylib` builds it, with or without a `[lib]` section.

use greeter_api::Greeter;

#[derive(Default)]
struct Hello;

#[polyplug::plugin]
impl Greeter for Hello {
    fn greet(&self, name: &str) -> String {
        format!("Hello, {name}!")
    }
}
