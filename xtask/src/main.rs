//! The command line of `cargo xtask`: which commands exist and what they exit with. What a command takes stands in
//! its own file.
//!
//! Exit codes: 0 = done, 1 = something failed, 2 = the command line was wrong; `demo` passes on the code of the
//! program it runs.

mod bench;
mod cargo;
mod checks;
mod conformance;
mod demo;
mod install;
mod library;
mod lua;
mod machine;
mod native;
mod python;
mod soak;
mod steps;
mod table;
mod test;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::cargo::Workspace;

/// The project's own commands.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Demo(demo::Options),
    Test(test::Options),
    Bench(bench::Options),
    Soak(soak::Options),
    Library(library::Options),
    Native(native::Options),
    Python(python::Options),
    Lua(lua::Options),
    Conformance(conformance::Options),
}

fn main() -> ExitCode {
    let cli = Cli::parse(); // a usage error exits with 2, right here
    let outcome = Workspace::find().and_then(|workspace| match cli.command {
        Command::Demo(options) => demo::run(&workspace, &options),
        Command::Test(options) => test::run(&workspace, &options),
        Command::Bench(options) => bench::run(&workspace, &options),
        Command::Soak(options) => soak::run(&workspace, &options),
        Command::Library(options) => library::run(&workspace, &options),
        Command::Native(options) => native::run(&workspace, &options),
        Command::Python(options) => python::run(&workspace, &options),
        Command::Lua(options) => lua::run(&workspace, &options),
        Command::Conformance(options) => conformance::run(&workspace, &options),
    });
    outcome.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}
