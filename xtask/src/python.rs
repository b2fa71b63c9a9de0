//! `cargo xtask python`: the tests of the host in Python, in a virtual environment under the target folder, in both ways of calling.

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

/// Chooses how the package calls.
pub(crate) const CALLS: &str = "POLYPLUG_CALLS";

/// Says of a Python whether C can be compiled for it: its headers are there, and the compiler that it names.
pub(crate) const COMPILES: &str = "
import os, shlex, shutil, sysconfig
assert os.path.exists(os.path.join(sysconfig.get_paths()['include'], 'Python.h'))
assert shutil.which(shlex.split(os.environ.get('CC') or sysconfig.get_config_var('CC') or 'cl')[0])
";

/// Build what the host in Python needs, install it into `<target>/venv`, and run its tests there: with calls through ctypes, and
/// with those that are compiled.
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

/// Runs the tests, in both ways.
///
/// # Errors
/// [`Missing`] when the machine has no Python, or none that can install what the tests need; or, after the tests with ctypes, when
/// it cannot compile for it.
pub(crate) fn test(workspace: &Workspace) -> Result<()> {
    let python = installed(workspace)?;
    let library = workspace.build_cdylib(LIBRARY, |build| build.args(["--quiet"]))?;
    let mut folder = None;
    for plugin in PLUGINS {
        let file = workspace.build_cdylib(plugin, |build| build.args(["--quiet"]))?;
        folder = file.parent().map(Path::to_owned);
    }
    let folder = folder.context("a library without a folder")?;
    let tests = |calls: &str| {
        println!("{CALLS}={calls}");
        Invocation::program(&python)
            .args(["-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider"])
            .args(["hosts/python/tests"])
            .hidden_variable(CALLS, calls)
            .hidden_variable("POLYPLUG_LIBRARY", &library)
            .hidden_variable("POLYPLUG_TEST_PLUGINS", &folder)
            .hidden_variable("PYTHONDONTWRITEBYTECODE", "1")
            .directory(&workspace.root)
    };
    let compiled = compile(&python);
    tests("ctypes").run()?;
    compiled?;
    tests("compiled").run()
}

/// Compiles what makes calls faster, into the package of a virtual environment.
///
/// # Errors
/// [`Missing`] when the machine cannot compile for this Python.
pub(crate) fn compile(python: &Path) -> Result<()> {
    if !Invocation::program(python)
        .args(["-c", COMPILES])
        .succeeds()
    {
        return Err(Missing {
            what:
                "a compiler for C, or the headers of Python: calls through ctypes only were tried"
                    .to_owned(),
            install: "apt-get install gcc python3-dev".to_owned(),
        }
        .into());
    }
    // The package that is installed, not the one in the current directory.
    Invocation::program(python)
        .args(["-I", "-m", "polyplug", "build"])
        .output()
        .map(drop)
}

/// Measures what a call costs.
fn bench(workspace: &Workspace) -> Result<()> {
    let python = installed(workspace)?;
    let library = workspace.build_cdylib(LIBRARY, |build| build.args(["--quiet"]))?;
    let plugin = workspace.build_cdylib("hello", |build| build.args(["--quiet"]))?;
    // What cannot be had is named beside the figures.
    for error in [compile(&python), require(&python, &["cffi"])]
        .into_iter()
        .filter_map(Result::err)
    {
        println!("{error:#}");
    }
    Invocation::program(&python)
        .args(["-I", "hosts/python/bench.py"])
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
    require(&python, &REQUIRED)?;
    // As anybody installs it, but from what is here already.
    pip(&python)
        .args(["install", "--quiet", "--no-deps", "--no-build-isolation"])
        .args(["--force-reinstall", "./hosts/python"])
        .directory(&workspace.root)
        .run()?;
    Ok(python)
}

fn pip(python: &Path) -> Invocation {
    Invocation::program(python).args(["-m", "pip"])
}

/// Installs modules into a virtual environment that lacks one of them.
///
/// # Errors
/// [`Missing`] when that fails.
fn require(python: &Path, modules: &[&str]) -> Result<()> {
    let import = format!("import {}", modules.join(", "));
    if Invocation::program(python).args(["-c", &import]).succeeds() {
        return Ok(());
    }
    let installs = pip(python).args(["install", "--quiet"]).args(modules);
    let install = installs.to_string();
    if installs.run().is_err() {
        return Err(Missing {
            what: modules.join(" or "),
            install,
        }
        .into());
    }
    Ok(())
}
