//! The Lua loader: opens `.lua` files, each in a virtual machine of its own, and answers for the plugins in them.
//!
//! Link it into the host (`use polyplug_lua as _;` and `Runtime::load_linked`) or load it as a library; then load plugins in
//! Lua like any others. The page "Plugins in Lua" of the book says how they are written.

use std::path::Path;

use polyplug::{Loader, Opened, Source};

#[expect(unsafe_code, reason = "a lock of its own")]
mod gate;
mod guest;
#[expect(unsafe_code, reason = "calls through the C interface of Lua")]
mod hot;
mod natives;
mod object;
mod values;
mod vm;

/// The page of the book, whose blocks are run.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/src/lua.md")]
mod page {}

#[derive(Default)]
struct Lua;

#[polyplug::plugin]
impl Loader for Lua {
    fn extensions(&self) -> Vec<String> {
        vec!["lua".to_owned()]
    }

    fn open(&self, source: &Source) -> Result<Opened, String> {
        Opened::new(guest::LuaGuest::open(source)?)
    }
}

/// What a file is called in messages and tracebacks.
fn short_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or(path.as_os_str());
    name.to_string_lossy().into_owned()
}
