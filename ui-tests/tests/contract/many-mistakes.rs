//! All that is wrong is said at once.

#[polyplug::contract(id = "demo", version = "1.0")]
pub trait Greeter {
    const LIMIT: u32;

    fn greet<T>(&self, name: T) -> String;

    async fn finish(self);
}

fn main() {}
