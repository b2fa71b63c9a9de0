//! The shortest way through: a host that links the loader loads a plugin in Lua and calls it.

use std::path::{Path, PathBuf};

use greeter_api::Greeter;
use polyplug::Runtime;
use polyplug_lua as _;

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/plugins")
        .join(name)
}

#[test]
fn a_plugin_in_lua_greets() {
    let runtime = Runtime::new();
    runtime.load_linked().expect("the loader");
    let module = runtime.load(file("greeter.lua")).expect("it loads");
    let greeter = module.get::<dyn Greeter>().expect("a caller");
    assert_eq!(greeter.greet("Lua"), "Hello, Lua!");
    assert_eq!(greeter.add(2, 40), 42, "left to its default body");
}
