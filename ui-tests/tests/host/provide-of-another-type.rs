//! A value that does not implement the contract.

struct Hello;

#[polyplug::contract(id = "demo.greeter", version = "1.0")]
pub trait Greeter {
    fn greet(&self) -> String;
}

fn main() -> polyplug::Result<()> {
    let runtime = polyplug::Runtime::new();
    runtime.provide::<dyn Greeter>(Hello)?;
    Ok(())
}
