//! `cargo xtask soak`: many lives of one module, and what is left of them.

use std::process::ExitCode;

use anyhow::Result;
use clap::Args;

use crate::cargo::Workspace;

/// Where the test reads how many.
const CYCLES_VARIABLE: &str = "POLYPLUG_SOAK_CYCLES";

/// Load, call, unload and drop a plugin again and again, and fail when memory, mapped libraries, threads, open files or
/// thread keys grow.
///
/// The same cycles, 200 of them, are among the usual tests.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// How many lives
    #[arg(long, default_value_t = 100_000)]
    cycles: u64,
}

/// Runs the command.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<ExitCode> {
    let test = [
        "test",
        "--release",
        "--package",
        "polyplug",
        "--test",
        "soak",
        "--",
        "--nocapture",
    ];
    workspace
        .cargo(test)
        .variable(CYCLES_VARIABLE, options.cycles.to_string())
        .run()?;
    Ok(ExitCode::SUCCESS)
}
