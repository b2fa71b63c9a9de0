//! A value for a trait that is no contract.

use core::fmt::Display;

fn main() -> polyplug::Result<()> {
    let runtime = polyplug::Runtime::new();
    runtime.provide::<dyn Display>("hello")?;
    Ok(())
}
