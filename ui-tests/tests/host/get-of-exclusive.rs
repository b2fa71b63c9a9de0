//! A shared caller of an exclusive contract.

#[polyplug::contract(id = "demo.lines", version = "1.0")]
pub trait Lines {
    fn next(&mut self) -> Option<String>;
}

fn main() -> polyplug::Result<()> {
    let runtime = polyplug::Runtime::new();
    runtime.get::<dyn Lines>()?;
    Ok(())
}
