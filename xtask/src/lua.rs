//! `cargo xtask lua`: the tests of the host in Lua, and what a call from it costs.

use std::env;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Args;

use crate::cargo::{Invocation, Workspace};
use crate::steps::Missing;

/// The package of libpolyplug.
const LIBRARY: &str = "polyplug-capi";

/// The plugins that the tests load.
const PLUGINS: [&str; 5] = ["hello", "every", "counter", "kinds", "tuned"];

/// Where Rust makes backtraces, the host in Lua compiles nothing.
pub(crate) const BACKTRACES: &str = "RUST_BACKTRACE";

/// Build what the host in Lua needs, and run its tests.
///
/// The variable LUAJIT names the interpreter to use in the place of `luajit`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Run `hosts/lua/bench.lua` in the place of the tests
    #[arg(long)]
    bench: bool,

    /// The files of tests to run, without `.lua`; all of them when none is named
    #[arg(conflicts_with = "bench")]
    files: Vec<String>,
}

/// Runs the command.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<ExitCode> {
    if options.bench {
        bench(workspace)?;
    } else {
        test(workspace, &options.files)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Runs the tests in these files, or in all.
///
/// # Errors
/// [`Missing`] when the machine has no LuaJIT.
pub(crate) fn test(workspace: &Workspace, files: &[String]) -> Result<()> {
    let luajit = interpreter()?;
    let library = built(workspace, LIBRARY)?;
    let mut folder = None;
    for plugin in PLUGINS {
        folder = built(workspace, plugin)?.parent().map(Path::to_owned);
    }
    let folder = folder.context("a library without a folder")?;
    Invocation::program(&luajit)
        .args(["hosts/lua/tests/run.lua"])
        .args(files)
        .hidden_variable("POLYPLUG_LIBRARY", library)
        .hidden_variable("POLYPLUG_TEST_PLUGINS", folder)
        .hidden_variable(BACKTRACES, "0")
        .directory(&workspace.root)
        .run()
}

/// Measures what a call costs.
fn bench(workspace: &Workspace) -> Result<()> {
    let luajit = interpreter()?;
    let library = built(workspace, LIBRARY)?;
    let plugin = built(workspace, "hello")?;
    Invocation::program(&luajit)
        .args(["hosts/lua/bench.lua"])
        .args([plugin])
        .hidden_variable("POLYPLUG_LIBRARY", library)
        .hidden_variable(BACKTRACES, "0")
        .directory(&workspace.root)
        .run()
}

fn built(workspace: &Workspace, package: &str) -> Result<PathBuf> {
    workspace.build_cdylib(package, |build| build.args(["--quiet"]))
}

/// The interpreter: LuaJIT of version 2.1, with its compiler and the ffi.
///
/// # Errors
/// [`Missing`] when the machine has none.
pub(crate) fn interpreter() -> Result<String> {
    let luajit = env::var("LUAJIT").unwrap_or_else(|_| "luajit".to_owned());
    let fits = "os.exit(jit and jit.version_num >= 20100 and pcall(require, 'ffi') and 0 or 1)";
    if !Invocation::program(&luajit).args(["-e", fits]).succeeds() {
        return Err(Missing {
            what: format!("`{luajit}`, of version 2.1 at least"),
            install: "apt-get install luajit".to_owned(),
        }
        .into());
    }
    Ok(luajit)
}
