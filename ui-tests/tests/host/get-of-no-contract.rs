//! An object of a trait that is no contract.

trait Greeter {
    fn greet(&self) -> String;
}

fn main() -> polyplug::Result<()> {
    let runtime = polyplug::Runtime::new();
    let _greeter = runtime.get::<dyn Greeter>()?;
    Ok(())
}
