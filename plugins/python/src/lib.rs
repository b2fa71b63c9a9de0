//! The Python loader: opens `.py` files, each with a namespace of its own in the one interpreter of the process, and answers
//! for the plugins in them.
//!
//! Link it into the host (`use polyplug_python as _;` and `Runtime::load_linked`) or load it as a library; then load plugins in
//! Python like any others. The page "Plugins in Python" of the book says how they are written.
//!
//! Python is found when the first file is loaded. Nothing of it is linked, so neither a build nor a host without plugins in
//! Python needs one.

use std::path::Path;

use polyplug::{Loader, Opened, Source};

#[expect(unsafe_code, reason = "the C interface of Python")]
mod api;
mod classes;
#[expect(unsafe_code, reason = "calls through the C interface of Python")]
mod convert;
mod file;
mod guest;
#[expect(unsafe_code, reason = "calls through the C interface of Python")]
mod hot;
#[expect(unsafe_code, reason = "calls through the C interface of Python")]
mod interpreter;
#[expect(unsafe_code, reason = "opens the library of Python")]
mod library;
#[expect(unsafe_code, reason = "is called through the C interface of Python")]
mod natives;
mod object;
#[expect(unsafe_code, reason = "calls through the C interface of Python")]
mod python;
mod values;

/// The page of the book, whose blocks are run.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/src/python-plugins.md")]
mod page {}

// The interpreter has functions of this library, and threads that were inside it run something of it at their end.
polyplug::never_unmap!();

#[derive(Default)]
struct Python;

#[polyplug::plugin]
impl Loader for Python {
    fn extensions(&self) -> Vec<String> {
        vec!["py".to_owned()]
    }

    fn open(&self, source: &Source) -> Result<Opened, String> {
        Opened::new(guest::PythonGuest::open(source)?)
    }
}

/// What a file is called in messages.
fn short_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or(path.as_os_str());
    name.to_string_lossy().into_owned()
}
