//! `cargo xtask conformance`: every host with every guest of the conformance kit, and the page that is written of it.
//! `plugins/fixtures/conformance/README.md` says what the kit is.

mod cases;
mod cell;
mod languages;
mod page;

use std::fs;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::cargo::Workspace;
use crate::steps::Missing;
use cases::Cases;
use cell::Cell;
use languages::{Common, GuestFiles, LANGUAGES, Language, Program};

/// What the page is called.
const PAGE: &str = "docs/src/conformance.md";

/// The package of the contracts; the cases lie beside it.
const CONTRACTS: &str = "conformance-api";

/// The package of the plugin that guests call.
const PEER: &str = "conformance-peer";

/// Run every host with every guest of the conformance kit, and check the page of the book that says what came of it.
///
/// What the machine lacks is said, with the command that installs it; its language is left out, and the page is not checked.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Only this host; may be given more than once
    #[arg(long, value_name = "LANGUAGE")]
    host: Vec<String>,

    /// Only this guest; may be given more than once
    #[arg(long, value_name = "LANGUAGE")]
    guest: Vec<String>,

    /// Write the page anew
    #[arg(long)]
    bless: bool,
}

/// Runs the command.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<ExitCode> {
    matrix(workspace, options)?;
    Ok(ExitCode::SUCCESS)
}

/// The whole matrix, and the page.
///
/// # Errors
/// When a case failed, was left out, or the page is not what came of it; [`Missing`] when that is all that went wrong.
pub(crate) fn test(workspace: &Workspace) -> Result<()> {
    matrix(
        workspace,
        &Options {
            host: Vec::new(),
            guest: Vec::new(),
            bless: false,
        },
    )
}

fn matrix(workspace: &Workspace, options: &Options) -> Result<()> {
    let known: Vec<_> = LANGUAGES.iter().map(|language| language.name).collect();
    for name in options.host.iter().chain(&options.guest) {
        if !known.contains(&name.as_str()) {
            bail!(
                "there is no language `{name}`; there are {}",
                known.join(", ")
            );
        }
    }
    workspace.require([CONTRACTS, PEER])?;
    let folder = workspace.root.join("plugins/fixtures/conformance");
    let cases = Cases::read(&folder.join("cases.json"), &known)?;
    let common = Common {
        contracts: workspace.build_cdylib(CONTRACTS, |build| build.args(["--quiet"]))?,
        peer: workspace.build_cdylib(PEER, |build| build.args(["--quiet"]))?,
        cases: folder.join("cases.json"),
    };

    let mut missing = Vec::new();
    let guests = made(&options.guest, &mut missing, |language| {
        language.guest.map(|make| make(workspace, &common))
    })?;
    let hosts = made(&options.host, &mut missing, |language| {
        language.host.map(|make| make(workspace))
    })?;

    let mut lacking = Vec::new();
    let others = made(&options.host, &mut lacking, |language| {
        language
            .other
            .map(|other| Ok((other.note, (other.host)(workspace)?)))
    })?;

    let row = |host: &str, program: &Program, note: &str| -> Result<Vec<Cell>> {
        let mut cells = Vec::new();
        for (guest, files) in &guests {
            let GuestFiles { file, loader } = files;
            let start = Instant::now();
            let cell = Cell::run(
                &cases,
                (host, program),
                (guest, loader.as_deref(), file),
                &common,
            )?;
            let took = start.elapsed().as_secs_f64();
            println!(
                "host {host:<7} guest {guest:<7} {took:>5.1} s  {}{note}",
                cell.summary()
            );
            for problem in &cell.problems {
                println!("  {problem}");
            }
            cells.push(cell);
        }
        Ok(cells)
    };
    let mut cells = Vec::new();
    for (host, program) in &hosts {
        cells.append(&mut row(host, program, "")?);
    }
    // Checked as well; the tables have the first way only.
    let mut again = Vec::new();
    for (host, (note, program)) in &others {
        again.append(&mut row(host, program, &format!(", {note}"))?);
    }

    let text = page::write(&cases, &cells);
    println!("\n{}", page::tables(&cases, &cells));
    for missing in missing.iter().chain(&lacking) {
        println!("MISSING: {missing}");
    }
    let all = || cells.iter().chain(&again);
    let broken = all().filter(|cell| !cell.problems.is_empty()).count();
    if broken > 0 {
        bail!(
            "{broken} of {} pairs of host and guest do not conform",
            all().count()
        );
    }
    let place = workspace.root.join(PAGE);
    if !options.host.is_empty() || !options.guest.is_empty() {
        println!("{PAGE} is not checked: not all of the matrix was run");
    } else if let Some(first) = missing.into_iter().next() {
        println!("{PAGE} is not checked: a language is missing");
        return Err(first.into());
    } else if options.bless {
        fs::write(&place, text).with_context(|| format!("cannot write {PAGE}"))?;
        println!("{PAGE} is written");
    } else if fs::read_to_string(&place).ok() != Some(text) {
        bail!("{PAGE} does not say what came of the matrix: cargo xtask conformance --bless");
    }
    match lacking.into_iter().next() {
        Some(first) => Err(first.into()),
        None => Ok(()),
    }
}

/// What can be made of the languages that are wanted; what the machine lacks is told.
fn made<T>(
    wanted: &[String],
    missing: &mut Vec<Missing>,
    make: impl Fn(&Language) -> Option<Result<T>>,
) -> Result<Vec<(&'static str, T)>> {
    let mut all = Vec::new();
    for language in LANGUAGES {
        if !wanted.is_empty() && !wanted.iter().any(|name| name == language.name) {
            continue;
        }
        match make(language) {
            None => {}
            Some(Ok(made)) => all.push((language.name, made)),
            Some(Err(error)) => {
                missing.push(error.downcast::<Missing>().with_context(|| {
                    format!("the {} of the kit cannot be built", language.shown)
                })?)
            }
        }
    }
    Ok(all)
}
