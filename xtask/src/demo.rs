//! `cargo xtask demo`: the example plugins in a folder, and the example host that loads it.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::cargo::{Invocation, Workspace};
use crate::native::{Bench, Native, Product};
use crate::steps::Missing;

/// The packages whose libraries the host loads: stages in Rust, and the loaders of other languages.
const LIBRARIES: [&str; 6] = [
    "stage-markdown",
    "stage-gzip",
    "stage-words",
    "stage-redact",
    "polyplug-lua",
    "polyplug-python",
];

/// The package with the contracts of the stages.
const CONTRACTS: &str = "stage-api";

/// The stages that are compiled by another compiler.
const COMPILED: [(Native, &str, &str); 2] = [
    (Native::C, "trim", "plugins/c/trim/trim.c"),
    (
        Native::Cpp,
        "typography",
        "plugins/cpp/typography/typography.cpp",
    ),
];

/// The stages whose sources are loaded as they are.
const SOURCES: [&str; 2] = [
    "plugins/lua/stages/links.lua",
    "plugins/python/stages/contents.py",
];

/// All stages, in the order of the pipeline.
const STAGES: [&str; 8] = [
    "redact",
    "trim",
    "words",
    "typography",
    "links",
    "contents",
    "markdown",
    "gzip",
];

/// The package of the host.
const HOST: &str = "demo-host";

/// Build the example plugins, put them into one folder and run the example host on them.
///
/// The folder is `<target>/demo/plugins`; the plugins are written in Rust, C, C++, Lua and Python. One that cannot be built here is
/// listed as missing, with the command that installs what it needs. The exit code is the host's.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Passed on to the host; without `--plugins` and `--input` among them, the folder and README.md are passed too
    #[arg(last = true, value_name = "ARGS")]
    args: Vec<OsString>,
}

/// Runs the command.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<ExitCode> {
    let (folder, missing) = prepared(workspace)?;
    let status = host(workspace, &options.args, &folder, &missing)?.status()?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}

/// Runs the host as the command does, and looks whether all stages ran that this machine can have.
pub(crate) fn check(workspace: &Workspace) -> Result<()> {
    let (folder, missing) = prepared(workspace)?;
    let output = host(workspace, &[], &folder, &missing)?.output()?;
    let output = String::from_utf8_lossy(&output);
    let mut left_out = Vec::new();
    for stage in STAGES {
        let has = |word: &str| {
            let row = |line: &str| line.contains(stage) && line.contains(word);
            output.lines().any(row)
        };
        if has(" missing ") {
            left_out.push(stage);
        } else if !has(" done ") {
            bail!("the stage `{stage}` did not run:\n{output}");
        }
    }
    if left_out.is_empty() {
        return Ok(());
    }
    println!("{output}");
    Err(Missing {
        what: format!("what the stages {} need", left_out.join(", ")),
        install: "as their rows in the table above say".to_owned(),
    }
    .into())
}

/// A folder with the plugins, and those that are missing in it.
fn prepared(workspace: &Workspace) -> Result<(PathBuf, Vec<String>)> {
    workspace.require(LIBRARIES.into_iter().chain([CONTRACTS, HOST]))?;
    let folder = workspace.target.join("demo").join("plugins");
    if folder.exists() {
        fs::remove_dir_all(&folder)
            .with_context(|| format!("cannot empty `{}`", folder.display()))?;
    }
    fs::create_dir_all(&folder).with_context(|| format!("cannot create `{}`", folder.display()))?;
    let missing = fill(workspace, &folder)?;
    Ok((folder, missing))
}

/// The host on that folder. It runs where the command was called, so that paths in its arguments mean what they say.
fn host(
    workspace: &Workspace,
    args: &[OsString],
    folder: &Path,
    missing: &[String],
) -> Result<Invocation> {
    let here = env::current_dir().context("cannot tell the current directory")?;
    let mut host = workspace
        .cargo(["run", "--quiet", "--release", "--package", HOST, "--"])
        .directory(&here);
    if !gives(args, "--plugins") {
        host = host.args(["--plugins".as_ref(), folder]);
    }
    if !gives(args, "--input") {
        host = host.args(["--input".into(), workspace.root.join("README.md")]);
    }
    for missing in missing {
        host = host.args(["--missing", missing]);
    }
    Ok(host.args(args))
}

/// Puts the plugins into the folder, and returns those that cannot be made here, as `name=why`.
fn fill(workspace: &Workspace, folder: &Path) -> Result<Vec<String>> {
    for package in LIBRARIES {
        let library = workspace.build_cdylib(package, |build| build.args(["--quiet"]))?;
        put(&library, folder)?;
    }
    let contracts = workspace.build_cdylib(CONTRACTS, |build| build.args(["--quiet"]))?;
    let bench = Bench::new(workspace, "demo", &contracts)?;
    let mut missing = Vec::new();
    for (native, name, source) in COMPILED {
        match bench.compile(native, Product::Plugin, source, name, &[]) {
            Ok(library) => put(&library, folder)?,
            Err(error) => missing.push(format!("{name}={}", error.downcast::<Missing>()?)),
        }
    }
    for source in SOURCES {
        put(&workspace.root.join(source), folder)?;
    }
    Ok(missing)
}

fn put(file: &Path, folder: &Path) -> Result<()> {
    let place = folder.join(file.file_name().context("a file without a name")?);
    fs::copy(file, &place).with_context(|| format!("cannot copy `{}`", file.display()))?;
    Ok(())
}

/// Whether `args` holds the option `name`, as `--name value` or `--name=value`.
fn gives(args: &[OsString], name: &str) -> bool {
    args.iter().any(|arg| {
        arg.to_string_lossy()
            .strip_prefix(name)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_option_is_found_in_both_spellings() {
        let args = [
            "--plugins=here".into(),
            "--input".into(),
            "file".into(),
            "--inputs".into(),
        ];
        assert!(gives(&args, "--plugins") && gives(&args, "--input"));
        assert!(!gives(&args[3..], "--input"));
    }
}
