//! C and C++: `cargo xtask native`, and what the conformance kit needs of them. Compilers are called directly; no build system is needed.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::cargo::{Invocation, Workspace};
use crate::library;
use crate::steps::Missing;

/// Build what hosts and plugins in C and C++ need, and measure them, or look for what they leak.
///
/// The variables CC and CXX name compilers to use in the place of `cc` and `c++`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Compare calls of hosts in C and C++ with function pointers; fails when a limit is not met
    #[arg(long)]
    bench: bool,

    /// Make a million calls of each kind, and look at the memory
    #[arg(long)]
    leaks: bool,
}

/// Runs the command.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<ExitCode> {
    if !options.bench && !options.leaks {
        bail!("say what to do: --bench or --leaks");
    }
    if options.bench {
        bench(workspace)?;
    }
    if options.leaks {
        leaks(workspace, &[])?;
    }
    Ok(ExitCode::SUCCESS)
}

/// One of the two languages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Native {
    /// C11.
    C,
    /// C++17.
    Cpp,
}

/// What a source is compiled to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Product {
    /// A shared library that needs nothing.
    Plugin,
    /// A program that uses libpolyplug.
    Host,
}

/// A folder with libpolyplug, the headers of the contracts of one module, and what is compiled with them.
pub(crate) struct Bench<'w> {
    workspace: &'w Workspace,
    /// Headers of contracts, and what was written for one program.
    pub(crate) include: PathBuf,
    /// What is compiled.
    pub(crate) out: PathBuf,
}

impl<'w> Bench<'w> {
    /// Writes the headers of the contracts of a module.
    ///
    /// # Errors
    /// When they cannot be written.
    pub(crate) fn new(workspace: &'w Workspace, name: &str, contracts: &Path) -> Result<Self> {
        let folder = workspace.target.join("native").join(name);
        let include = folder.join("include");
        fs::create_dir_all(&include)
            .with_context(|| format!("cannot create `{}`", include.display()))?;
        workspace
            .cargo([
                "run",
                "--quiet",
                "--package",
                "cargo-polyplug",
                "--",
                "polyplug",
                "headers",
            ])
            .args([contracts])
            .args(["--language", "cpp", "--out"])
            .args([&include])
            .output()?;
        Ok(Self {
            workspace,
            include,
            out: folder,
        })
    }

    /// Compiles, with every warning an error.
    ///
    /// # Errors
    /// [`Missing`] when the machine has no compiler.
    pub(crate) fn compile(
        &self,
        native: Native,
        product: Product,
        source: &str,
        name: &str,
        more: &[&str],
    ) -> Result<PathBuf> {
        let (variable, usual, standard) = match native {
            Native::C => ("CC", "cc", "-std=c11"),
            Native::Cpp => ("CXX", "c++", "-std=c++17"),
        };
        let compiler = env::var(variable).unwrap_or_else(|_| usual.to_owned());
        if !Invocation::program(&compiler)
            .args(["--version"])
            .succeeds()
        {
            return Err(Missing {
                what: format!("`{compiler}`, a compiler"),
                install: "apt-get install build-essential".to_owned(),
            }
            .into());
        }
        let root = &self.workspace.root;
        let place = self.out.join(match product {
            Product::Plugin => format!(
                "{}{name}{}",
                env::consts::DLL_PREFIX,
                env::consts::DLL_SUFFIX
            ),
            Product::Host => format!("{name}{}", env::consts::EXE_SUFFIX),
        });
        let mut arguments: Vec<OsString> = [
            standard,
            "-O2",
            "-Wall",
            "-Wextra",
            "-Wpedantic",
            "-Werror",
            "-pthread",
        ]
        .map(Into::into)
        .to_vec();
        let mut includes = vec![self.include.clone()];
        let folders: &[&str] = match product {
            Product::Plugin => &["plugins/c/include", "plugins/cpp/include"],
            Product::Host => &[
                "plugins/c/include",
                "plugins/cpp/include",
                "hosts/capi/include",
                "hosts/cpp/include",
            ],
        };
        includes.extend(folders.iter().map(|folder| root.join(folder)));
        for include in includes {
            arguments.extend(["-I".into(), include.into()]);
        }
        arguments.push(root.join(source).into());
        arguments.extend(["-o".into(), place.clone().into()]);
        match product {
            Product::Plugin => {
                arguments.extend(["-shared", "-fPIC", "-fvisibility=hidden"].map(Into::into));
                if native == Native::Cpp && cfg!(target_os = "linux") {
                    arguments.push("-fno-gnu-unique".into());
                }
                arguments.push("-lm".into());
            }
            Product::Host => {
                let folder = library::built(self.workspace)?.join("lib");
                let mut path = OsString::from("-Wl,-rpath,");
                path.push(&folder);
                arguments.extend([
                    "-L".into(),
                    folder.into(),
                    "-lpolyplug".into(),
                    path,
                    "-ldl".into(),
                    "-lm".into(),
                ]);
            }
        }
        arguments.extend(more.iter().map(Into::into));
        Invocation::program(&compiler)
            .args(arguments)
            .run()
            .with_context(|| format!("cannot compile `{source}`"))?;
        Ok(place)
    }
}

/// Compares calls with function pointers.
fn bench(workspace: &Workspace) -> Result<()> {
    let contracts = workspace.build_cdylib("greeter-api", |build| build.args(["--quiet"]))?;
    let rust = workspace.build_cdylib("hello", |build| build.args(["--quiet"]))?;
    let bench = Bench::new(workspace, "bench", &contracts)?;
    let floor = bench.compile(
        Native::C,
        Product::Plugin,
        "benches/native/floor.c",
        "floor",
        &["-fvisibility=default"],
    )?;
    let guest = bench.compile(
        Native::C,
        Product::Plugin,
        "benches/native/guest.c",
        "guest",
        &[],
    )?;
    let mut met = true;
    for (native, source, name) in [
        (Native::C, "benches/native/bench.c", "bench-c"),
        (Native::Cpp, "benches/native/bench.cpp", "bench-cpp"),
    ] {
        let program = bench.compile(native, Product::Host, source, name, &[])?;
        let status = Invocation::program(program)
            .args([&guest, &rust, &floor])
            .status()?;
        met &= status.success();
    }
    if !met {
        bail!("a limit is not met");
    }
    Ok(())
}

/// The step of the tests: the short form of the look at the memory.
///
/// # Errors
/// [`Missing`] when the machine has no compiler; memory that grew.
pub(crate) fn test(workspace: &Workspace) -> Result<()> {
    leaks(workspace, &["short"])
}

/// Looks at the memory over a million calls, or fewer when `length` says so.
fn leaks(workspace: &Workspace, length: &[&str]) -> Result<()> {
    let contracts = workspace.build_cdylib("conformance-api", |build| build.args(["--quiet"]))?;
    let rust = workspace.build_cdylib("conformance-guest", |build| build.args(["--quiet"]))?;
    let peer = workspace.build_cdylib("conformance-peer", |build| build.args(["--quiet"]))?;
    let bench = Bench::new(workspace, "conformance", &contracts)?;
    let guests = [
        rust,
        bench.compile(
            Native::C,
            Product::Plugin,
            "plugins/c/conformance/guest.c",
            "conformance_c",
            &[],
        )?,
        bench.compile(
            Native::Cpp,
            Product::Plugin,
            "plugins/cpp/conformance/guest.cpp",
            "conformance_cpp",
            &[],
        )?,
    ];
    for (native, source, name) in [
        (Native::C, "hosts/c/conformance/leaks.c", "leaks-c"),
        (Native::Cpp, "hosts/cpp/conformance/leaks.cpp", "leaks-cpp"),
    ] {
        let program = bench.compile(native, Product::Host, source, name, &[])?;
        for guest in &guests {
            Invocation::program(&program)
                .args([&contracts, &peer, guest])
                .args(length)
                .run()?;
        }
    }
    Ok(())
}

/// The conformance guest in one of the two.
///
/// # Errors
/// [`Missing`] when the machine has no compiler.
pub(crate) fn guest(workspace: &Workspace, contracts: &Path, native: Native) -> Result<PathBuf> {
    let bench = Bench::new(workspace, "conformance", contracts)?;
    match native {
        Native::C => bench.compile(
            native,
            Product::Plugin,
            "plugins/c/conformance/guest.c",
            "conformance_c",
            &[],
        ),
        Native::Cpp => bench.compile(
            native,
            Product::Plugin,
            "plugins/cpp/conformance/guest.cpp",
            "conformance_cpp",
            &[],
        ),
    }
}

/// The conformance runner in one of the two, with its cases written anew.
///
/// # Errors
/// [`Missing`] when the machine has no compiler.
pub(crate) fn runner(workspace: &Workspace, native: Native) -> Result<PathBuf> {
    let contracts = workspace.build_cdylib("conformance-api", |build| build.args(["--quiet"]))?;
    let (language, source, name, include) = match native {
        Native::C => (
            "c",
            "hosts/c/conformance/main.c",
            "runner-c",
            "hosts/c/conformance",
        ),
        Native::Cpp => (
            "cpp",
            "hosts/cpp/conformance/main.cpp",
            "runner-cpp",
            "hosts/cpp/conformance",
        ),
    };
    let bench = Bench::new(workspace, &format!("runner-{language}"), &contracts)?;
    let cases = workspace
        .cargo(["run", "--quiet", "--package", "conformance-cases", "--"])
        .args([
            &contracts,
            &workspace
                .root
                .join("plugins/fixtures/conformance/cases.json"),
        ])
        .args([language])
        .output()?;
    let place = bench.include.join("cases.inc");
    fs::write(&place, cases).with_context(|| format!("cannot write `{}`", place.display()))?;
    let include = format!("-I{}", workspace.root.join(include).display());
    // Many cases, of which none is fast: nothing is gained by optimising them.
    bench.compile(native, Product::Host, source, name, &[&include, "-O0"])
}
