//! `cargo xtask soak`: many lives of one module, and what is left of them.

use std::env::consts::DLL_EXTENSION;
use std::fs;
use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use crate::cargo::Workspace;

/// Where the test reads how many, and of which library.
const CYCLES_VARIABLE: &str = "POLYPLUG_SOAK_CYCLES";
const LIBRARY_VARIABLE: &str = "POLYPLUG_SOAK_LIBRARY";

/// What the stress reads: how often a module is exchanged, and reloaded with its state.
const EXCHANGES: (&str, &str) = ("POLYPLUG_STRESS_EXCHANGES", "10000");
const RELOADS: (&str, &str) = ("POLYPLUG_STRESS_RELOADS", "1000");

/// The plugin that it loads.
const PLUGIN: &str = "hostile";

/// Load, call, unload and drop a plugin again and again, and fail when memory, mapped libraries, threads, open files or
/// thread keys grow.
///
/// The same cycles, 200 of them, are among the usual tests, with a plugin that has the log: that leaves some 110 bytes of each
/// load behind, which `tracing-core` keeps for ever.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// How many lives
    #[arg(long, default_value_t = 100_000)]
    cycles: u64,

    /// Instead: call a module from four threads that never pause while it is reloaded and unloaded 10,000 times, by both
    /// kinds of barrier, and add to its state while it is reloaded 1,000 times; a step of `cargo xtask test`
    #[arg(long, conflicts_with = "cycles")]
    stress: bool,
}

/// Runs the command.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<ExitCode> {
    if options.stress {
        stress(workspace)?;
        return Ok(ExitCode::SUCCESS);
    }
    // Built alone, it has the features that it asks for itself.
    let library = workspace.build_cdylib(PLUGIN, |build| build)?;
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
    let soak = workspace
        .cargo(test)
        .variable(CYCLES_VARIABLE, options.cycles.to_string())
        .variable(LIBRARY_VARIABLE, kept(&library)?);
    if !io::stderr().is_terminal() {
        soak.run()?;
        return Ok(ExitCode::SUCCESS);
    }
    let bar = ProgressBar::new(options.cycles);
    let style = "{bar:40} {pos} of {len} lives, {elapsed}, {eta} to go {msg}";
    bar.set_style(ProgressStyle::with_template(style)?);
    let done = soak.run_by_line(|line| match Said::of(line) {
        Said::Progress(cycles) => bar.set_position(cycles),
        Said::Figures(cycles) => {
            bar.set_position(cycles);
            bar.suspend(|| println!("{line}"));
        }
        Said::Other => {
            bar.suspend(|| println!("{line}"));
            if bar.position() == 0 {
                // What cargo built before does not count.
                bar.reset();
            }
        }
    });
    bar.finish_and_clear();
    done?;
    Ok(ExitCode::SUCCESS)
}

/// The long form of the tests in which threads call while versions come and go; a step of the tests.
///
/// # Errors
/// When one of them fails.
pub(crate) fn stress(workspace: &Workspace) -> Result<()> {
    let tests = [
        "b02_a_call_belongs_to_one_version_and_versions_never_go_backwards",
        "b05_the_same_holds_where_readers_must_make_a_fence",
        "a_reload_loses_no_update",
    ];
    workspace
        .cargo(["test", "--release", "--package", "polyplug"])
        .args(["--test", "under_fire", "--", "--nocapture", "--exact"])
        .args(["--test-threads", "1"])
        .args(tests)
        .variable(EXCHANGES.0, EXCHANGES.1)
        .variable(RELOADS.0, RELOADS.1)
        .run()
}

/// A copy that the build of the test does not replace.
fn kept(library: &Path) -> Result<PathBuf> {
    let copy = library.with_file_name("soak").with_extension(DLL_EXTENSION);
    fs::copy(library, &copy).with_context(|| format!("cannot copy `{}`", library.display()))?;
    Ok(copy)
}

/// A line of the test's.
#[derive(Debug, PartialEq, Eq)]
enum Said {
    /// How many lives there were: `<number> of <all>, ..`.
    Progress(u64),
    /// What is left after so many: `after <number> cycles: ..`.
    Figures(u64),
    /// Anything else.
    Other,
}

impl Said {
    fn of(line: &str) -> Self {
        let words: Vec<_> = line.split_whitespace().take(3).collect();
        let number = |word: &str| word.parse().ok();
        let said = match words[..] {
            [count, "of", _] => number(count).map(Self::Progress),
            ["after", count, "cycles:"] => number(count).map(Self::Figures),
            _ => None,
        };
        said.unwrap_or(Self::Other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_of_the_test_are_understood() {
        let said = Said::of("        500 of 10000, 83 each second");
        assert_eq!(said, Said::Progress(500));
        let said = Said::of("after   5250 cycles:    812 KiB allocated");
        assert_eq!(said, Said::Figures(5250));
        assert_eq!(
            Said::of("test many_lives_leave_nothing ... ok"),
            Said::Other
        );
        assert_eq!(Said::of("one of 3, .."), Said::Other);
    }
}
