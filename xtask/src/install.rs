//! `cargo xtask test --install`: what the tests need beside Rust, as packages of the system.

use std::fmt;

use anyhow::{Context, Result, bail};

use crate::cargo::Invocation;
use crate::python;

/// Says of a Python whether programs can load it as a library, its own file or one of that name, and whether it is new enough
/// for plugins.
pub(crate) const SHARED_PYTHON: &str = "
import ctypes, os, sys, sysconfig
assert sys.version_info >= (3, 11)
name = sysconfig.get_config_var('INSTSONAME')
file = os.path.join(sysconfig.get_config_var('LIBDIR'), name)
ctypes.CDLL(file if os.path.exists(file) else name)
";

/// Something that a test needs.
struct Need {
    what: &'static str,
    /// A program and its arguments: it succeeds when the thing is there.
    probe: &'static [&'static str],
    /// The package of Debian that brings it.
    package: &'static str,
}

const NEEDS: [Need; 6] = [
    Need {
        what: "a compiler for C",
        probe: &["cc", "--version"],
        package: "gcc",
    },
    Need {
        what: "a compiler for C++",
        probe: &["c++", "--version"],
        package: "g++",
    },
    Need {
        what: "LuaJIT, for hosts in Lua",
        probe: &["luajit", "-v"],
        package: "luajit",
    },
    Need {
        what: "a Python that makes virtual environments",
        probe: &["python3", "-m", "venv", "--help"],
        package: "python3-venv",
    },
    Need {
        what: "a Python that is a library, for plugins in Python",
        probe: &["python3", "-c", SHARED_PYTHON],
        package: "libpython3-dev",
    },
    Need {
        what: "the headers of Python, for faster calls of hosts in Python",
        probe: &["python3", "-c", python::COMPILES],
        package: "python3-dev",
    },
];

impl Need {
    fn is_met(&self) -> bool {
        let (program, arguments) = self.probe.split_first().expect("a program");
        Invocation::program(program)
            .args(arguments.iter().copied())
            .succeeds()
    }
}

impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (package `{}`)", self.what, self.package)
    }
}

/// Installs what is not there.
///
/// # Errors
/// When the machine has no `apt-get`, or that fails, or something still is not there: what, and in which package it is.
pub(crate) fn all() -> Result<()> {
    let lacking = |needs: &[&'static Need]| -> Vec<&'static Need> {
        needs
            .iter()
            .copied()
            .filter(|need| !need.is_met())
            .collect()
    };
    let missing = lacking(&NEEDS.each_ref());
    if missing.is_empty() {
        return Ok(());
    }
    let names = |needs: &[&Need]| {
        let names: Vec<_> = needs.iter().map(|need| need.to_string()).collect();
        names.join(", ")
    };
    println!("installing {}", names(&missing));
    if !Invocation::program("apt-get")
        .args(["--version"])
        .succeeds()
    {
        bail!(
            "this machine has no `apt-get`; install with what it has: {}",
            names(&missing)
        );
    }
    let packages = missing.iter().map(|need| need.package);
    apt(["update"].into_iter())?;
    apt(["install", "--yes", "--no-install-recommends"]
        .into_iter()
        .chain(packages))?;
    let still = lacking(&missing);
    if still.is_empty() {
        Ok(())
    } else {
        bail!("still missing after the installation: {}", names(&still))
    }
}

/// Runs `apt-get`, as root.
fn apt<'a>(arguments: impl Iterator<Item = &'a str>) -> Result<()> {
    let is_root = Invocation::program("id")
        .args(["-u"])
        .output()
        .is_ok_and(|id| id.trim_ascii() == b"0");
    let command = if is_root {
        Invocation::program("apt-get")
    } else {
        Invocation::program("sudo").args(["apt-get"])
    };
    command
        .args(["--quiet"])
        .args(arguments)
        .variable("DEBIAN_FRONTEND", "noninteractive")
        .run()
        .context("cannot install packages on this machine")
}
