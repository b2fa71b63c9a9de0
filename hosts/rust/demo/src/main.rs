//! Runs a text file through a pipeline of plugins, and tells what each of them offers and did.
//!
//! What lives here: the order of things. [`args`] reads the command line, [`plugins`] loads a folder, [`pipeline`] runs
//! the stages, [`progress`] is what the host gives to its plugins, and [`tables`] prints.

mod args;
mod failure;
mod pipeline;
mod plugins;
mod progress;
mod tables;

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use clap::Parser;
use console::style;
use indicatif::HumanBytes;
use polyplug::Runtime;
use stage_api::{Options, Progress};

use crate::args::Args;
use crate::failure::Failure;
use crate::progress::Screen;
use crate::tables::say;

fn main() -> ExitCode {
    let args = Args::parse();
    match run(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{} {failure}", style("error:").for_stderr().red().bold());
            failure.exit_code()
        }
    }
}

fn run(args: &Args) -> Result<(), Failure> {
    // What was asked for is looked at before anything is loaded.
    let input = args.read_input()?;

    let screen = Screen::default();
    let runtime = Runtime::new();
    runtime.provide::<dyn Progress>(screen.clone())?;

    let mut absent = plugins::load(&runtime, &args.plugins)?;
    absent.missing.extend(args.missing());
    let offers = tables::offers(&runtime, &args.plugins, &absent);
    let stages = plugins::stages(&runtime)?;
    if stages.is_empty() {
        say(&offers);
        return Err(Failure::Usage(format!(
            "no plugin in `{}` is a stage of this pipeline",
            args.plugins.display()
        )));
    }
    let stages = plugins::only(stages, &args.only)?;
    say(&offers);

    let options = Options {
        title: args.title(),
        sabotage: args.sabotage,
    };
    say(&tables::plan(&options.title, &input, &stages));
    let report = pipeline::run(&stages, input, &options, &screen);
    say(&tables::closing(&report));
    if args.sabotage {
        say(&tables::survived(&report));
    }
    keep(&report.into_result()?, args.output.as_deref())
}

/// Writes the result to `path`, if there is one, and says so.
fn keep(result: &[u8], path: Option<&Path>) -> Result<(), Failure> {
    let size = HumanBytes(result.len() as u64);
    let Some(path) = path else {
        say(&format!(
            "The result, {size}, is not kept; `--output FILE` keeps it.\n"
        ));
        return Ok(());
    };
    fs::write(path, result).map_err(|error| {
        let path = path.display();
        Failure::Run(format!("cannot write `{path}`: {error}"))
    })?;
    say(&format!("Wrote {size} to `{}`.\n", path.display()));
    Ok(())
}
