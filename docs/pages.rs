//! The pages of the book, so that every block of code in them is compiled and run by `cargo test --doc`.

#[doc = include_str!("src/contracts.md")]
pub mod contracts {}

#[doc = include_str!("src/types.md")]
pub mod types {}

#[doc = include_str!("src/growing.md")]
pub mod growing {}

#[doc = include_str!("src/handles.md")]
pub mod handles {}

#[doc = include_str!("src/faults.md")]
pub mod faults {}

#[doc = include_str!("src/logging.md")]
pub mod logging {}

#[doc = include_str!("src/unloading.md")]
pub mod unloading {}

#[doc = include_str!("src/folders.md")]
pub mod folders {}

#[doc = include_str!("src/configuration.md")]
pub mod configuration {}

#[doc = include_str!("src/reloading.md")]
pub mod reloading {}

#[doc = include_str!("src/testing.md")]
pub mod testing {}

#[doc = include_str!("src/threads.md")]
pub mod threads {}

#[doc = include_str!("src/hosts.md")]
pub mod hosts {}

#[doc = include_str!("src/python.md")]
pub mod python {}

#[doc = include_str!("src/lua-hosts.md")]
pub mod lua_hosts {}

#[doc = include_str!("src/async.md")]
pub mod asynchronous {}

#[doc = include_str!("src/loaders.md")]
pub mod loaders {}

#[doc = include_str!("src/c-and-cpp.md")]
pub mod c_and_cpp {}

/// The library of an example plugin, for the blocks that load one. Cargo tells the blocks where it built it.
///
/// # Panics
/// When it is not there: it must be a dependency with crate-type cdylib.
#[must_use]
pub fn library(name: &str) -> std::path::PathBuf {
    use std::env::{self, consts};
    let variable = if cfg!(windows) {
        "PATH"
    } else if cfg!(target_os = "macos") {
        "DYLD_FALLBACK_LIBRARY_PATH"
    } else {
        "LD_LIBRARY_PATH"
    };
    let file = format!("{}{name}{}", consts::DLL_PREFIX, consts::DLL_SUFFIX);
    let folders = env::var_os(variable).unwrap_or_default();
    let found = env::split_paths(&folders)
        .map(|folder| folder.join(&file))
        .find(|path| path.is_file());
    found.unwrap_or_else(|| panic!("no `{file}` in the folders of {variable}"))
}
