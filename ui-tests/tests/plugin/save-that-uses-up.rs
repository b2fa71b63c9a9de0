//! Saving uses up the state.

#[polyplug::contract(id = "demo.greeter", version = "1.0")]
pub trait Greeter {
    fn greet(&self) -> String;
}

#[derive(Default)]
struct Hello(String);

impl Hello {
    fn save(self) -> Vec<u8> {
        self.0.into_bytes()
    }
    fn restore(_: &polyplug::Context, saved: &[u8]) -> Self {
        Self(String::from_utf8_lossy(saved).into_owned())
    }
}

#[polyplug::plugin(save = Hello::save, restore = Hello::restore)]
impl Greeter for Hello {
    fn greet(&self) -> String {
        self.0.clone()
    }
}

fn main() {}
