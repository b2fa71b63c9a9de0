//! Plugins in C and C++: the headers of their contracts, and the compiler.

use std::env::{self, consts};
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::cargo::{Invocation, Workspace};
use crate::steps::Missing;

/// The command that writes headers.
const HEADERS: &str = "cargo-polyplug";

/// Where the headers lie that every plugin includes.
const INCLUDED: [&str; 2] = ["plugins/c/include", "plugins/cpp/include"];

/// A language whose plugins are compiled to a library like those in Rust.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Native {
    C,
    Cpp,
}

impl fmt::Display for Native {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::C => "C",
            Self::Cpp => "C++",
        })
    }
}

impl Native {
    /// The compiler that this machine has, or what to do for one. The variables CC and CXX name another.
    ///
    /// # Errors
    /// [`Missing`].
    pub(crate) fn compiler(self) -> Result<String> {
        let (variable, usual, package) = match self {
            Self::C => ("CC", "cc", "gcc"),
            Self::Cpp => ("CXX", "c++", "g++"),
        };
        let compiler = env::var(variable).unwrap_or_else(|_| usual.to_owned());
        if Invocation::program(&compiler)
            .args(["--version"])
            .succeeds()
        {
            return Ok(compiler);
        }
        Err(Missing {
            what: format!("`{compiler}`, a compiler for {self}"),
            install: format!("apt-get install {package}"),
        }
        .into())
    }

    /// Compiles a plugin of one file to a library in `folder`, with every warning an error. `headers` are those of its contracts.
    ///
    /// # Errors
    /// [`Missing`] without a compiler, and what the compiler says.
    pub(crate) fn plugin(
        self,
        workspace: &Workspace,
        source: &Path,
        headers: &Path,
        folder: &Path,
    ) -> Result<PathBuf> {
        let compiler = self.compiler()?;
        let standard = match self {
            Self::C => "-std=c11",
            Self::Cpp => "-std=c++17",
        };
        let unique = self == Self::Cpp && cfg!(target_os = "linux");
        let name = source
            .file_stem()
            .context("a source without a name")?
            .to_string_lossy();
        let (prefix, suffix) = (consts::DLL_PREFIX, consts::DLL_SUFFIX);
        let library = folder.join(format!("{prefix}{name}{suffix}"));
        let mut compile = Invocation::program(compiler)
            .args([standard, "-O2", "-Wall", "-Wextra", "-Wpedantic", "-Werror"])
            .args(["-fPIC", "-shared", "-fvisibility=hidden"])
            .args(unique.then_some("-fno-gnu-unique"))
            .args(["-I"])
            .args([headers]);
        for included in INCLUDED {
            compile = compile.args(["-I"]).args([workspace.root.join(included)]);
        }
        compile.args(["-o"]).args([&library]).args([source]).run()?;
        Ok(library)
    }
}

/// Writes the headers of the contracts in these packages to `folder`.
pub(crate) fn headers(workspace: &Workspace, packages: &[&str], folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("cannot create `{}`", folder.display()))?;
    for package in packages {
        let library = workspace.build_cdylib(package, |build| build.args(["--quiet"]))?;
        workspace
            .cargo(["run", "--quiet", "--package", HEADERS, "--", "polyplug"])
            .args(["headers", "--language", "cpp", "--out"])
            .args([folder])
            .args([library])
            .output()?;
    }
    Ok(())
}
