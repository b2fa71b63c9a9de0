//! The plugin's type where its contract belongs.

struct Hello;

fn main() -> polyplug::Result<()> {
    let runtime = polyplug::Runtime::new();
    let _greeter = runtime.get::<Hello>()?;
    Ok(())
}
