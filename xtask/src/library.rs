//! `cargo xtask library`: libpolyplug under its own name, with its headers, as hosts in other languages want it.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Args;

use crate::cargo::Workspace;

/// The package of the library.
const PACKAGE: &str = "polyplug-capi";

/// The headers that a host in C or C++ includes.
const HEADERS: [&str; 16] = [
    "plugins/c/include/polyplug.h",
    "plugins/c/include/polyplug_check.h",
    "plugins/c/include/polyplug_log.h",
    "plugins/c/include/polyplug_plugin.h",
    "plugins/c/include/polyplug_values.h",
    "hosts/capi/include/polyplug_host.h",
    "hosts/cpp/include/polyplug.hpp",
    "hosts/cpp/include/polyplug_typed.hpp",
    "plugins/cpp/include/polyplug_borrows.hpp",
    "plugins/cpp/include/polyplug_calls.hpp",
    "plugins/cpp/include/polyplug_data.hpp",
    "plugins/cpp/include/polyplug_fault.hpp",
    "plugins/cpp/include/polyplug_objects.hpp",
    "plugins/cpp/include/polyplug_shapes.hpp",
    "plugins/cpp/include/polyplug_types.hpp",
    "plugins/cpp/include/polyplug_values.hpp",
];

/// Build libpolyplug, the runtime behind a C API, and put it and its headers into one folder.
///
/// The folder is `<target>/libpolyplug`, with `lib` and `include` in it; it is printed.
#[derive(Debug, Args)]
pub(crate) struct Options {}

/// Runs the command.
pub(crate) fn run(workspace: &Workspace, _: &Options) -> Result<ExitCode> {
    println!("{}", built(workspace)?.display());
    Ok(ExitCode::SUCCESS)
}

/// The folder with the library and its headers.
///
/// # Errors
/// When it cannot be built, or put there.
pub(crate) fn built(workspace: &Workspace) -> Result<PathBuf> {
    workspace.require([PACKAGE])?;
    let folder = workspace.target.join("libpolyplug");
    let built = workspace.build_cdylib(PACKAGE, |build| build.args(["--quiet"]))?;
    // Cargo cannot name it so: the library of the package `polyplug` has that name.
    let name = format!(
        "{}polyplug{}",
        env::consts::DLL_PREFIX,
        env::consts::DLL_SUFFIX
    );
    put(&built, &folder.join("lib").join(name))?;
    for header in HEADERS {
        let header = workspace.root.join(header);
        let name = header.file_name().context("a header without a file name")?;
        put(&header, &folder.join("include").join(name))?;
    }
    Ok(folder)
}

/// Copies a file, and makes the folder for it.
fn put(file: &Path, place: &Path) -> Result<()> {
    let folder = place.parent().context("a place without a folder")?;
    fs::create_dir_all(folder).with_context(|| format!("cannot create `{}`", folder.display()))?;
    // A library that is in use must not be written over: its code would change under a running program.
    if place.exists() {
        fs::remove_file(place).with_context(|| format!("cannot replace `{}`", place.display()))?;
    }
    fs::copy(file, place).with_context(|| format!("cannot copy `{}`", file.display()))?;
    Ok(())
}
