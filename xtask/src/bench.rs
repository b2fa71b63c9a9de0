//! `cargo xtask bench`: runs the benches and the checks, and prints what they found as one table.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Args;
use serde::Deserialize;

use crate::cargo::Workspace;
use crate::checks::{self, Figure};
use crate::machine::Machine;
use crate::table::Table;

/// The package of the benches.
const BENCHES: &str = "benches";

/// The packages whose libraries the benches load.
const LIBRARIES: [&str; 2] = ["bench-plugin", "bench-raw"];

/// Where the benches look for the libraries, and where they write what they measured.
const LIBRARIES_VARIABLE: &str = "POLYPLUG_BENCH_LIBRARIES";
const REPORT_VARIABLE: &str = "POLYPLUG_BENCH_REPORT";
/// What stands in the page from here on stays.
const BY_HAND: &str = "\n## Plugins in Lua";
const QUICK_VARIABLE: &str = "POLYPLUG_BENCH_QUICK";

/// Measure the calls, the sizes and the build, and print one table with the targets.
///
/// What the benches say while they run goes to stderr; the table goes to stdout.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Fewer and shorter measurements: good for a look, not for a claim
    #[arg(long)]
    quick: bool,

    /// Print Markdown
    #[arg(long)]
    markdown: bool,

    /// Also write the Markdown to `benches/RESULTS.md`
    #[arg(long)]
    save: bool,

    /// Exit with 1 when a target that is due is not met
    #[arg(long)]
    check: bool,
}

/// What the benches write.
#[derive(Debug, Deserialize)]
struct Report {
    processes: u32,
    rounds: u32,
    block_microseconds: u64,
    shapes: Vec<Shape>,
}

#[derive(Debug, Deserialize)]
struct Shape {
    name: String,
    arms: Vec<Arm>,
}

#[derive(Debug, Deserialize)]
struct Arm {
    name: String,
    nanoseconds: f64,
    ratio: Ratio,
    target: Option<Target>,
}

#[derive(Debug, Deserialize)]
struct Ratio {
    lower: f64,
    median: f64,
    upper: f64,
}

#[derive(Debug, Deserialize)]
struct Target {
    at_most: f64,
    due: bool,
}

/// Runs the command.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<ExitCode> {
    workspace.require(LIBRARIES.into_iter().chain([BENCHES]))?;
    let report = calls(workspace, options.quick)?;
    // A figure that cannot be had does not take the others with it.
    let figures: Vec<_> = checks::QUICK
        .iter()
        .chain(&checks::SLOW)
        .map(|check| (check.to_string(), check.measure(workspace)))
        .collect();
    for (name, figure) in &figures {
        if let Err(error) = figure {
            eprintln!("{name}: {error:#}");
        }
    }

    let machine = Machine::this();
    if options.markdown {
        print!("{}", page(&report, &figures, &machine, Form::Markdown));
    } else {
        print!("{}", page(&report, &figures, &machine, Form::Text));
    }
    if options.save {
        let path = workspace.root.join("benches").join("RESULTS.md");
        let before = fs::read_to_string(&path).unwrap_or_default();
        let by_hand = before.find(BY_HAND).map_or("", |at| &before[at..]);
        let text = format!(
            "# What a call costs\n\nWritten by `cargo xtask bench --save`; README.md beside this says how to read it.\n\n\
             {}\n## Where we lose\n\n{}{by_hand}",
            page(&report, &figures, &machine, Form::Markdown),
            losses(&report),
        );
        fs::write(&path, text).with_context(|| format!("cannot write `{}`", path.display()))?;
    }

    let missed = missed(&report, &figures);
    if missed > 0 {
        eprintln!("{missed} of the targets that are due are not met");
    }
    Ok(if options.check && missed > 0 {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

/// Builds the libraries, runs the call bench and reads what it wrote.
fn calls(workspace: &Workspace, quick: bool) -> Result<Report> {
    let folder = workspace.target.join("bench");
    fs::create_dir_all(&folder).with_context(|| format!("cannot create `{}`", folder.display()))?;
    for package in LIBRARIES {
        let library = workspace.build_cdylib(package, |build| build)?;
        let name = library
            .file_name()
            .context("a library without a file name")?;
        // Never written over: the file may be mapped by a run of the benches that is still going.
        let copy = folder.join(name);
        match fs::remove_file(&copy) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(error).with_context(|| format!("cannot replace `{}`", copy.display()));
            }
            _ => fs::copy(&library, &copy)
                .with_context(|| format!("cannot copy `{}`", library.display()))?,
        };
    }

    let path = folder.join("call.json");
    let mut bench = workspace
        .cargo(["bench", "--package", BENCHES, "--bench", "call"])
        .hidden_variable(LIBRARIES_VARIABLE, &folder)
        .hidden_variable(REPORT_VARIABLE, &path)
        .printing_to_stderr();
    if quick {
        bench = bench.variable(QUICK_VARIABLE, "1");
    }
    bench.run()?;
    read(&path)
}

fn read(path: &Path) -> Result<Report> {
    let text =
        fs::read(path).with_context(|| format!("the benches wrote no `{}`", path.display()))?;
    serde_json::from_slice(&text).with_context(|| format!("cannot read `{}`", path.display()))
}

/// How the page is written.
#[derive(Clone, Copy)]
enum Form {
    Text,
    Markdown,
}

fn page(
    report: &Report,
    figures: &[(String, Result<Figure>)],
    machine: &Machine,
    form: Form,
) -> String {
    let mut table = Table::new([
        "arm",
        "median",
        "ratio to raw",
        "quartiles",
        "target",
        "met",
    ]);
    for shape in &report.shapes {
        for arm in &shape.arms {
            let target = arm.target.as_ref();
            table.row([
                format!("{} / {}", shape.name, arm.name),
                format!("{:.2} ns", arm.nanoseconds),
                format!("{:.2}x", arm.ratio.median),
                format!("{:.2} - {:.2}", arm.ratio.lower, arm.ratio.upper),
                target.map_or_else(String::new, |target| format!("{:.2}x", target.at_most)),
                target
                    .map_or("", |target| target.verdict(arm.ratio.median))
                    .to_owned(),
            ]);
        }
    }
    for (name, figure) in figures {
        let (value, limit, met) = match figure {
            Ok(figure) => (
                figure.value(),
                figure.limit(),
                if figure.met() { "yes" } else { "NO" },
            ),
            Err(_) => (String::new(), String::new(), "not measured"),
        };
        table.row([
            name.clone(),
            value,
            String::new(),
            String::new(),
            limit,
            met.to_owned(),
        ]);
    }

    let mut page = String::new();
    let rendered = match form {
        Form::Text => table.text(),
        Form::Markdown => table.markdown(),
    };
    // Writing to a String cannot fail.
    let _ = write!(
        page,
        "{rendered}\n{machine}. Calls: medians of {} rounds in {} processes; each round runs every arm for {} us, and \
         the ratio is to the raw arm of the same round.\n",
        report.rounds, report.processes, report.block_microseconds,
    );
    page
}

impl Target {
    fn verdict(&self, ratio: f64) -> &'static str {
        match (ratio <= self.at_most, self.due) {
            (true, _) => "yes",
            (false, true) => "NO",
            (false, false) => "no, due later",
        }
    }
}

/// The arms that do not meet their target, due or not, as a list.
fn losses(report: &Report) -> String {
    let mut list = String::new();
    for shape in &report.shapes {
        for arm in &shape.arms {
            let Some(target) = arm
                .target
                .as_ref()
                .filter(|target| arm.ratio.median > target.at_most)
            else {
                continue;
            };
            // Writing to a String cannot fail.
            let _ = writeln!(
                list,
                "- {} / {}: {:.2}x, where at most {:.2}x is wanted",
                shape.name, arm.name, arm.ratio.median, target.at_most
            );
        }
    }
    if list.is_empty() {
        list.push_str("Every target is met on this machine.\n");
    }
    list
}

/// How many targets that are due are not met.
fn missed(report: &Report, figures: &[(String, Result<Figure>)]) -> usize {
    let arms = report
        .shapes
        .iter()
        .flat_map(|shape| &shape.arms)
        .filter(|arm| {
            arm.target
                .as_ref()
                .is_some_and(|target| target.due && arm.ratio.median > target.at_most)
        });
    arms.count()
        + figures
            .iter()
            .filter(|(_, figure)| !figure.as_ref().is_ok_and(Figure::met))
            .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPORT: &str = r#"{ "processes": 1, "rounds": 3, "block_microseconds": 75, "shapes": [{ "name": "scalar", "arms": [
        { "name": "raw", "nanoseconds": 2.0, "ratio": { "lower": 1, "median": 1, "upper": 1 }, "target": null },
        { "name": "Pinned", "nanoseconds": 2.4, "ratio": { "lower": 1.1, "median": 1.2, "upper": 1.3 },
          "target": { "at_most": 1.15, "due": true } },
        { "name": "Caller", "nanoseconds": 3.0, "ratio": { "lower": 1.4, "median": 1.5, "upper": 1.6 },
          "target": { "at_most": 1.4, "due": false } }
    ] }] }"#;

    #[test]
    fn only_what_is_due_counts_as_missed() -> Result<()> {
        let report: Report = serde_json::from_str(REPORT)?;
        assert_eq!(missed(&report, &[]), 1);
        assert_eq!(losses(&report).lines().count(), 2);
        let page = page(&report, &[], &Machine::this(), Form::Text);
        assert!(
            page.contains("NO\n") && page.contains("no, due later\n"),
            "{page}"
        );
        Ok(())
    }
}
