//! Where the two libraries are that the benches load.

use std::env;
use std::path::PathBuf;

/// A folder that holds them, each built by a cargo command of its own: `cargo xtask bench` sets it.
pub const FOLDER_VARIABLE: &str = "POLYPLUG_BENCH_LIBRARIES";

/// The library of package `bench-<name>`. Without the variable it is the one that cargo built as a dependency and
/// put beside the running program.
///
/// # Panics
///
/// When there is none; the text names the place.
pub fn library(name: &str) -> PathBuf {
    let folder = env::var_os(FOLDER_VARIABLE).map_or_else(
        || {
            let program = env::current_exe().expect("the path of the running program");
            let mut folders = program.ancestors().skip(1);
            folders
                .find(|folder| folder.ends_with("deps"))
                .expect("benches run from a `deps` folder")
                .to_owned()
        },
        PathBuf::from,
    );
    let file = format!(
        "{}bench_{name}{}",
        env::consts::DLL_PREFIX,
        env::consts::DLL_SUFFIX
    );
    let path = folder.join(file);
    assert!(
        path.is_file(),
        "no `{}`: is it a dependency with crate-type cdylib?",
        path.display()
    );
    path
}
