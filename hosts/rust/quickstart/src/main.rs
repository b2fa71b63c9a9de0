//! The host of the quick start: loads a plugin and calls it.

use greeter_api::Greeter;

fn main() -> polyplug::Result<()> {
    let runtime = polyplug::Runtime::new();
    runtime.load("target/release/libhello.so")?;
    let greeter = runtime.get::<dyn Greeter>()?; // Caller<dyn Greeter>: implements Greeter itself
    println!("{}", greeter.greet("world"));
    Ok(())
}
