//! An exclusive contract provided by the host.

#[polyplug::contract(id = "demo.lines", version = "1.0")]
pub trait Lines {
    fn next(&mut self) -> Option<String>;
}

struct Three;

impl Lines for Three {
    fn next(&mut self) -> Option<String> {
        None
    }
}

fn main() -> polyplug::Result<()> {
    polyplug::Runtime::new().provide::<dyn Lines>(Three)?;
    Ok(())
}
