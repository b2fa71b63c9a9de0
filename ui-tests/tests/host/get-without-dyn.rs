//! A contract without `dyn`.

#[polyplug::contract(id = "demo.greeter", version = "1.0")]
pub trait Greeter {
    fn greet(&self) -> String;
}

fn main() -> polyplug::Result<()> {
    let runtime = polyplug::Runtime::new();
    let _greeter = runtime.get::<Greeter>()?;
    Ok(())
}
