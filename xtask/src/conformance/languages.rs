//! The languages of the conformance kit: a row for each.

use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::Result;

use crate::cargo::Workspace;
use crate::lua;
use crate::native::{self, Native};
use crate::python;

/// What all the pairs have in common.
#[derive(Debug)]
pub(crate) struct Common {
    /// The module that describes the contracts.
    pub(crate) contracts: PathBuf,
    /// The plugin that guests call.
    pub(crate) peer: PathBuf,
    /// The cases.
    pub(crate) cases: PathBuf,
}

/// A guest that can be loaded.
#[derive(Debug)]
pub(crate) struct GuestFiles {
    /// The module.
    pub(crate) file: PathBuf,
    /// The library that opens it, for what is no library itself.
    pub(crate) loader: Option<PathBuf>,
}

/// How a runner is started: the program, its first arguments, and variables of its environment.
#[derive(Debug)]
pub(crate) struct Program {
    /// The program.
    pub(crate) program: PathBuf,
    /// What stands before the arguments that every runner has.
    pub(crate) arguments: Vec<OsString>,
    /// The variables.
    pub(crate) variables: Vec<(&'static str, PathBuf)>,
}

/// A language. What it has no guest or no host for is `None`.
///
/// Both fail with `Missing` when the machine lacks the language.
pub(crate) struct Language {
    /// As in the list of what cannot be done, and on the command line.
    pub(crate) name: &'static str,
    /// For people.
    pub(crate) shown: &'static str,
    /// Builds its guest.
    pub(crate) guest: Option<fn(&Workspace, &Common) -> Result<GuestFiles>>,
    /// Builds its runner.
    pub(crate) host: Option<fn(&Workspace) -> Result<Program>>,
    /// Another way of its runner, which must come to the same.
    pub(crate) other: Option<Other>,
}

/// Another way to run a host.
#[derive(Clone, Copy)]
pub(crate) struct Other {
    /// What is different.
    pub(crate) note: &'static str,
    /// Builds the runner.
    pub(crate) host: fn(&Workspace) -> Result<Program>,
}

/// In the order of the tables.
pub(crate) const LANGUAGES: &[Language] = &[
    Language {
        name: "rust",
        shown: "Rust",
        guest: Some(rust_guest),
        host: Some(rust_host),
        other: None,
    },
    Language {
        name: "c",
        shown: "C",
        guest: Some(|workspace, common| native_guest(workspace, common, Native::C)),
        host: Some(|workspace| native_host(workspace, Native::C)),
        other: None,
    },
    Language {
        name: "cpp",
        shown: "C++",
        guest: Some(|workspace, common| native_guest(workspace, common, Native::Cpp)),
        host: Some(|workspace| native_host(workspace, Native::Cpp)),
        other: None,
    },
    Language {
        name: "lua",
        shown: "Lua",
        guest: Some(lua_guest),
        host: Some(lua_host),
        other: None,
    },
    Language {
        name: "python",
        shown: "Python",
        guest: Some(python_guest),
        host: Some(python_host),
        other: Some(Other {
            note: "compiled calls",
            host: compiled_python_host,
        }),
    },
];

/// What a language is called for people.
pub(crate) fn shown(name: &str) -> &str {
    LANGUAGES
        .iter()
        .find(|language| language.name == name)
        .map_or(name, |language| language.shown)
}

fn rust_guest(workspace: &Workspace, _: &Common) -> Result<GuestFiles> {
    let file = workspace.build_cdylib("conformance-guest", |build| build.args(["--quiet"]))?;
    Ok(GuestFiles { file, loader: None })
}

fn rust_host(workspace: &Workspace) -> Result<Program> {
    Ok(Program {
        program: workspace.build_program("conformance-host")?,
        arguments: Vec::new(),
        variables: Vec::new(),
    })
}

fn native_guest(workspace: &Workspace, common: &Common, native: Native) -> Result<GuestFiles> {
    let file = native::guest(workspace, &common.contracts, native)?;
    Ok(GuestFiles { file, loader: None })
}

fn native_host(workspace: &Workspace, native: Native) -> Result<Program> {
    Ok(Program {
        program: native::runner(workspace, native)?,
        arguments: Vec::new(),
        variables: Vec::new(),
    })
}

fn lua_guest(workspace: &Workspace, _: &Common) -> Result<GuestFiles> {
    script(
        workspace,
        "polyplug-lua",
        "plugins/lua/conformance/conformance.lua",
    )
}

fn python_guest(workspace: &Workspace, _: &Common) -> Result<GuestFiles> {
    python::interpreter()?;
    script(
        workspace,
        "polyplug-python",
        "plugins/python/conformance/conformance.py",
    )
}

/// A guest of one file, with the loader that opens it.
fn script(workspace: &Workspace, loader: &str, file: &str) -> Result<GuestFiles> {
    let loader = workspace.build_cdylib(loader, |build| build.args(["--quiet"]))?;
    Ok(GuestFiles {
        file: workspace.root.join(file),
        loader: Some(loader),
    })
}

fn lua_host(workspace: &Workspace) -> Result<Program> {
    Ok(Program {
        program: lua::interpreter()?.into(),
        arguments: vec![workspace.root.join("hosts/lua/conformance/run.lua").into()],
        variables: vec![
            ("POLYPLUG_LIBRARY", library(workspace)?),
            (lua::BACKTRACES, "0".into()),
        ],
    })
}

fn python_host(workspace: &Workspace) -> Result<Program> {
    let python = python::installed(workspace)?;
    python_runner(workspace, python, "ctypes")
}

fn compiled_python_host(workspace: &Workspace) -> Result<Program> {
    let python = python::installed(workspace)?;
    python::compile(&python)?;
    python_runner(workspace, python, "compiled")
}

fn python_runner(workspace: &Workspace, program: PathBuf, calls: &str) -> Result<Program> {
    Ok(Program {
        program,
        arguments: vec![workspace.root.join("hosts/python/conformance").into()],
        variables: vec![
            ("POLYPLUG_LIBRARY", library(workspace)?),
            ("PYTHONDONTWRITEBYTECODE", "1".into()),
            (python::CALLS, calls.into()),
        ],
    })
}

/// libpolyplug, for hosts that are not written in Rust.
fn library(workspace: &Workspace) -> Result<PathBuf> {
    workspace.build_cdylib(python::LIBRARY, |build| build.args(["--quiet"]))
}
