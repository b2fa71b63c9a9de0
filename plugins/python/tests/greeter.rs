//! The shortest way through: a host that links the loader loads a plugin in Python and calls it.

mod support;

use greeter_api::Greeter;
use support::{file, runtime};

#[test]
fn a_plugin_in_python_greets() {
    let Some(runtime) = runtime() else { return };
    let module = runtime.load(file("greeter.py")).expect("it loads");
    let greeter = module.get::<dyn Greeter>().expect("a caller");
    assert_eq!(greeter.greet("Python"), "Hello, Python!");
    assert_eq!(greeter.add(2, 40), 42, "left to its default body");
}
