//! `cargo xtask test`: everything that the project tests, or the same tests under the sanitizers.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};

use crate::cargo::{Invocation, TARGET_VARIABLE, Workspace};
use crate::checks;
use crate::conformance;
use crate::demo;
use crate::install;
use crate::lua;
use crate::native;
use crate::python;
use crate::soak;
use crate::steps::{self, Rules, Step};

/// The packages whose tests also run under the sanitizers.
const SANITIZED: [&str; 2] = ["polyplug-abi", "polyplug"];

/// Sanitizers need the target named, so that build scripts and macros are built without them.
const SANITIZED_TARGET: &str = "x86_64-unknown-linux-gnu";

/// What watches the program while it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Sanitizer {
    /// Wrong addresses, and memory that is lost
    Address,
    /// Data that two threads use at once
    Thread,
}

impl Sanitizer {
    /// The flags of the compiler. The sanitizer's runtime lies in the test program; the libraries that the test loads find it
    /// only when it is exported.
    fn flags(self) -> &'static str {
        match self {
            Self::Address => "-Zsanitizer=address -Clink-arg=-Wl,--export-dynamic-symbol=__asan_*",
            Self::Thread => "-Zsanitizer=thread -Clink-arg=-Wl,--export-dynamic-symbol=__tsan_*",
        }
    }

    /// The folder below the target folder.
    fn folder(self) -> &'static str {
        match self {
            Self::Address => "sanitize",
            Self::Thread => "sanitize-thread",
        }
    }
}

/// Run everything that the project tests, step by step, and list what failed.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Print the steps without running them
    #[arg(long)]
    list: bool,

    /// Stop at the first step that fails
    #[arg(long)]
    fail_fast: bool,

    /// Install what the machine lacks for the tests, as packages of the system; then nothing may be missing
    #[arg(long, conflicts_with = "sanitize")]
    install: bool,

    /// Instead of the usual steps, run the runtime's tests under a sanitizer: the one for addresses and leaks, when none is
    /// named (needs nightly; the one for threads needs its `rust-src` as well)
    #[arg(long, value_name = "SANITIZER", num_args = 0..=1, default_missing_value = "address")]
    sanitize: Option<Sanitizer>,
}

/// Runs the command.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<ExitCode> {
    let steps = match options.sanitize {
        Some(sanitizer) => sanitized(workspace, sanitizer),
        None => usual(workspace),
    };
    if options.list {
        steps::list(&steps);
        return Ok(ExitCode::SUCCESS);
    }
    if let Some(sanitizer) = options.sanitize {
        require_nightly(sanitizer)?;
    }
    if options.install {
        install::all()?;
    }
    println!("{} steps:", steps.len());
    steps::list(&steps);
    let rules = Rules {
        fail_fast: options.fail_fast,
        nothing_missing: options.install,
    };
    let passed = steps::run(steps, rules);
    Ok(if passed {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Tests, documentation, sizes.
fn usual(workspace: &Workspace) -> Vec<Step<'_>> {
    let cargo = |args: &[&'static str]| workspace.cargo(args.iter().copied());
    let mut steps = vec![
        Step::command(
            "tests",
            cargo(&["test", "--workspace", "--all-targets", "--no-fail-fast"]),
        ),
        Step::command(
            "doctests",
            cargo(&["test", "--workspace", "--doc", "--no-fail-fast"]),
        ),
        Step::command(
            "model",
            cargo(&["test", "--release", "--package", "loom-tests", "--tests"])
                .variable("RUSTFLAGS", "--cfg loom")
                .hidden_variable(TARGET_VARIABLE, workspace.target.join("loom")),
        ),
        Step::check(
            "stress",
            "10,000 reloads and unloads of a module that threads call all the while",
            || soak::stress(workspace),
        ),
        Step::command(
            "docs",
            cargo(&["doc", "--workspace", "--no-deps"]).variable("RUSTDOCFLAGS", "-D warnings"),
        ),
        Step::check(
            "demo",
            "the example host with stages in every language",
            || demo::check(workspace),
        ),
        Step::check(
            "python",
            "the tests of hosts/python, in <target>/venv",
            || python::test(workspace),
        ),
        Step::check("lua", "the tests of hosts/lua", || {
            lua::test(workspace, &[])
        }),
        Step::check(
            "native",
            "the memory over many calls of hosts in C and C++",
            || native::test(workspace),
        ),
        Step::check(
            "conformance",
            "every host with every guest of the conformance kit, and docs/src/conformance.md",
            || conformance::test(workspace),
        ),
    ];
    steps.extend(checks::QUICK.iter().map(|check| {
        Step::check(check.name, check.to_string(), || {
            let figure = check.measure(workspace)?;
            println!("{figure}");
            if !figure.met() {
                bail!("over the limit");
            }
            Ok(())
        })
    }));
    steps
}

/// The tests of the packages that hold the `unsafe` code, each in a step of its own.
fn sanitized(workspace: &Workspace, sanitizer: Sanitizer) -> Vec<Step<'_>> {
    let leaks = workspace.root.join("xtask").join("leaks.supp");
    let races = workspace.root.join("xtask").join("races.supp");
    SANITIZED
        .into_iter()
        .map(|package| {
            let tests = [
                "run",
                "nightly",
                "cargo",
                "test",
                "--tests",
                "--no-fail-fast",
                "--target",
                SANITIZED_TARGET,
            ];
            let command = Invocation::program("rustup")
                .args(tests)
                .args(["--package", package])
                // The standard library's own locks and channels must be seen, or it takes what they protect for races.
                .args((sanitizer == Sanitizer::Thread).then_some("-Zbuild-std"))
                .variable("RUSTFLAGS", sanitizer.flags())
                .variable("ASAN_OPTIONS", "detect_leaks=1")
                .variable("LSAN_OPTIONS", format!("suppressions={}", leaks.display()))
                .variable("TSAN_OPTIONS", format!("suppressions={}", races.display()))
                .hidden_variable(TARGET_VARIABLE, workspace.target.join(sanitizer.folder()))
                .directory(&workspace.root);
            Step::command(package, command)
        })
        .collect()
}

/// Fails, saying how to install it, when there is no nightly toolchain, or not all of it that is needed.
fn require_nightly(sanitizer: Sanitizer) -> Result<()> {
    if !cfg!(all(
        target_arch = "x86_64",
        target_os = "linux",
        target_env = "gnu"
    )) {
        bail!("the sanitizers run on {SANITIZED_TARGET} only");
    }
    if !Invocation::program("rustup")
        .args(["run", "nightly", "cargo", "--version"])
        .succeeds()
    {
        bail!(
            "the sanitizers need a nightly toolchain: rustup toolchain install nightly --profile minimal"
        );
    }
    if sanitizer == Sanitizer::Thread {
        let sources = Invocation::program("rustup")
            .args(["run", "nightly", "rustc", "--print", "sysroot"])
            .output()
            .map(|root| {
                Path::new(String::from_utf8_lossy(&root).trim())
                    .join("lib/rustlib/src/rust/library")
            })?;
        if !sources.exists() {
            bail!(
                "the sanitizer for threads needs the sources of the standard library: rustup component add rust-src --toolchain nightly"
            );
        }
    }
    Ok(())
}
