//! `cargo xtask python`: the tests of the host in Python, in a virtual environment under the target folder.

use std::env;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Args;

use crate::cargo::{Invocation, Workspace};
use crate::steps::Missing;

/// The package of libpolyplug.
pub(crate) const LIBRARY: &str = "polyplug-capi";

/// The plugins that the tests load.
const PLUGINS: [&str; 6] = [
    "hello",
    "every",
    "counter",
    "kinds",
    "tuned",
    "polyplug-python",
];

/// What the tests import, and what builds the package.
const REQUIRED: [&str; 3] = ["pytest", "setuptools", "wheel"];

/// Build what the host in Python needs, install it into `<target>/venv`, and run its tests there.
///
/// The variable PYTHON names the interpreter to use in the place of `python3`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Run `hosts/python/bench.py` in the place of the tests
    #[arg(long)]
    bench: bool,
}

/// Runs the command.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<ExitCode> {
    if options.bench {
        bench(workspace)?;
    } else {
        test(workspace)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Runs the tests.
///
/// # Errors
/// [`Missing`] when the machine has no Python, or none that can install what the tests need.
pub(crate) fn test(workspace: &Workspace) -> Result<()> {
    let python = installed(workspace)?;
    let library = workspace.build_cdylib(LIBRARY, |build| build.args(["--quiet"]))?;
    let mut folder = None;
    for plugin in PLUGINS {
        let file = workspace.build_cdylib(plugin, |build| build.args(["--quiet"]))?;
        folder = file.parent().map(Path::to_owned);
    }
    let folder = folder.context("a library without a folder")?;
    Invocation::program(&python)
        .args([
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "hosts/python/tests",
        ])
        .hidden_variable("POLYPLUG_LIBRARY", library)
        .hidden_variable("POLYPLUG_TEST_PLUGINS", folder)
        .hidden_variable("PYTHONDONTWRITEBYTECODE", "1")
        .directory(&workspace.root)
        .run()
}

/// Measures what a call costs.
fn bench(workspace: &Workspace) -> Result<()> {
    let python = installed(workspace)?;
    let library = workspace.build_cdylib(LIBRARY, |build| build.args(["--quiet"]))?;
    let plugin = workspace.build_cdylib("hello", |build| build.args(["--quiet"]))?;
    Invocation::program(&python)
        .args(["hosts/python/bench.py"])
        .args([plugin])
        .hidden_variable("POLYPLUG_LIBRARY", library)
        .directory(&workspace.root)
        .run()
}

/// The interpreter of this machine.
///
/// # Errors
/// [`Missing`] when there is none, or an old one.
pub(crate) fn interpreter() -> Result<String> {
    let system = env::var("PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let modern = "import sys; sys.exit(sys.version_info < (3, 9))";
    if !Invocation::program(&system).args(["-c", modern]).succeeds() {
        return Err(Missing {
            what: format!("`{system}`, of version 3.9 at least"),
            install: "apt-get install python3 python3-venv".to_owned(),
        }
        .into());
    }
    Ok(system)
}

/// The interpreter of a virtual environment with the package and what its tests need.
///
/// # Errors
/// [`Missing`] when the machine has no Python, or none that can install that.
pub(crate) fn installed(workspace: &Workspace) -> Result<PathBuf> {
    let system = interpreter()?;
    let folder = workspace.target.join("venv");
    let python = folder.join(if cfg!(windows) {
        "Scripts/python.exe"
    } else {
        "bin/python"
    });
    let pip = |python: &Path| Invocation::program(python).args(["-m", "pip"]);
    if !pip(&python).args(["--version"]).succeeds() {
        let made = Invocation::program(&system)
            .args(["-m", "venv", "--clear"])
            .args([&folder])
            .succeeds();
        if !made {
            return Err(Missing {
                what: "a Python that can make virtual environments".to_owned(),
                install: "apt-get install python3-venv".to_owned(),
            }
            .into());
        }
    }
    let import = format!("import {}", REQUIRED.join(", "));
    if !Invocation::program(&python)
        .args(["-c", &import])
        .succeeds()
    {
        let installs = pip(&python).args(["install", "--quiet"]).args(REQUIRED);
        let install = installs.to_string();
        if installs.run().is_err() {
            return Err(Missing {
                what: REQUIRED.join(" or "),
                install,
            }
            .into());
        }
    }
    // As anybody installs it, but from what is here already.
    pip(&python)
        .args(["install", "--quiet", "--no-deps", "--no-build-isolation"])
        .args(["--force-reinstall", "./hosts/python"])
        .directory(&workspace.root)
        .run()?;
    Ok(python)
}
