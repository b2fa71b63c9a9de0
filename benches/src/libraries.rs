//! Where the two libraries are that the benches load.

use std::env;
use std::path::PathBuf;

use fixture_harness::fixture;

/// A folder that holds them, each built by a cargo command of its own: `cargo xtask bench` sets it.
pub const FOLDER_VARIABLE: &str = "POLYPLUG_BENCH_LIBRARIES";

/// The library of package `bench-<name>`. Without the variable it is the one that cargo built as a dependency and
/// put beside the running program.
///
/// # Panics
///
/// When there is none; the text names the place.
pub fn library(name: &str) -> PathBuf {
    let name = format!("bench_{name}");
    let Some(folder) = env::var_os(FOLDER_VARIABLE) else {
        return fixture(&name);
    };
    let file = format!(
        "{}{name}{}",
        env::consts::DLL_PREFIX,
        env::consts::DLL_SUFFIX
    );
    let path = PathBuf::from(folder).join(file);
    assert!(path.is_file(), "no `{}`", path.display());
    path
}
