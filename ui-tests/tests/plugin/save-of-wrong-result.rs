//! A state that is saved as text.

#[polyplug::contract(id = "demo.greeter", version = "1.0")]
pub trait Greeter {
    fn greet(&self) -> String;
}

#[derive(Default)]
struct Hello(String);

impl Hello {
    fn save(&self) -> String {
        self.0.clone()
    }
    fn restore(_: &polyplug::Context, saved: &[u8]) -> Self {
        Self(String::from_utf8_lossy(saved).into_owned())
    }
}

#[polyplug::plugin(save = Self::save, restore = Self::restore)]
impl Greeter for Hello {
    fn greet(&self) -> String {
        self.0.clone()
    }
}

fn main() {}
