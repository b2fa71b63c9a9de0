//! Restoring takes a vector.

#[polyplug::contract(id = "demo.greeter", version = "1.0")]
pub trait Greeter {
    fn greet(&self) -> String;
}

#[derive(Default)]
struct Hello(String);

impl Hello {
    fn save(&self) -> Vec<u8> {
        self.0.clone().into_bytes()
    }
    fn restore(_: &polyplug::Context, saved: Vec<u8>) -> Result<Self, std::string::FromUtf8Error> {
        String::from_utf8(saved).map(Self)
    }
}

#[polyplug::plugin(save = Self::save, restore = Self::restore)]
impl Greeter for Hello {
    fn greet(&self) -> String {
        self.0.clone()
    }
}

fn main() {}
