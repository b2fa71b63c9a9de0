//! An instance of a trait that is no contract.

trait Greeter {
    fn greet(&self) -> String;
}

fn main() -> polyplug::Result<()> {
    let runtime = polyplug::Runtime::new();
    let _greeter = runtime.create::<dyn Greeter>()?;
    Ok(())
}
