//! `cargo xtask demo`: the example plugins in a folder, and the example host that loads it.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Args;

use crate::cargo::Workspace;

/// The packages whose libraries the host loads.
const PLUGINS: [&str; 4] = [
    "stage-markdown",
    "stage-gzip",
    "stage-words",
    "stage-redact",
];

/// The package of the host.
const HOST: &str = "demo-host";

/// Build the example plugins, put them into one folder and run the example host on them.
///
/// The folder is `<target>/demo/plugins`. The exit code is the host's.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Passed on to the host; without `--plugins` and `--input` among them, the folder and README.md are passed too
    #[arg(last = true, value_name = "ARGS")]
    args: Vec<OsString>,
}

/// Runs the command.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<ExitCode> {
    workspace.require(PLUGINS.into_iter().chain([HOST]))?;

    let folder = workspace.target.join("demo").join("plugins");
    if folder.exists() {
        fs::remove_dir_all(&folder)
            .with_context(|| format!("cannot empty `{}`", folder.display()))?;
    }
    fs::create_dir_all(&folder).with_context(|| format!("cannot create `{}`", folder.display()))?;
    for package in PLUGINS {
        let library = workspace.build_cdylib(package, |build| build.args(["--quiet"]))?;
        let name = library
            .file_name()
            .context("a library without a file name")?;
        fs::copy(&library, folder.join(name))
            .with_context(|| format!("cannot copy `{}`", library.display()))?;
    }

    // The host runs where the command was called, so that paths in ARGS mean what they say.
    let here = env::current_dir().context("cannot tell the current directory")?;
    let mut host = workspace
        .cargo(["run", "--quiet", "--release", "--package", HOST, "--"])
        .directory(&here);
    if !gives(&options.args, "--plugins") {
        host = host.args(["--plugins".into(), folder]);
    }
    if !gives(&options.args, "--input") {
        host = host.args(["--input".into(), workspace.root.join("README.md")]);
    }
    let status = host.args(&options.args).status()?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
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
