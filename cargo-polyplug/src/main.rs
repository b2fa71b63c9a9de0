//! `cargo polyplug`: looks into modules, and writes what plugins in C and C++ need of their contracts.

mod cpp;
mod cpp_types;
mod descriptors;
mod forms;
mod header;
mod inspect;
mod stubs;

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};
use polyplug::ContractInfo;

/// The doors of the command. Cargo runs `cargo-polyplug polyplug ..`.
#[derive(Debug, Parser)]
#[command(name = "cargo", bin_name = "cargo")]
enum Cargo {
    Polyplug(Polyplug),
}

/// Looks into polyplug modules, and writes what plugins in C and C++ need.
#[derive(Debug, Args)]
#[command(version)]
struct Polyplug {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Prints what a module offers: plugins, contracts, methods. Nothing in it is constructed.
    Inspect {
        /// A plugin, or a contract crate built as a library (`cargo rustc --crate-type cdylib`).
        module: PathBuf,
        /// As JSON, for programs.
        #[arg(long)]
        json: bool,
    },
    /// Writes a C header for every contract that a module describes. It is C11 and C++17.
    Headers {
        /// A plugin, or a contract crate built as a library (`cargo rustc --crate-type cdylib`).
        module: PathBuf,
        /// The folder to write to; it is made when it is not there.
        #[arg(long, default_value = ".")]
        out: PathBuf,
        /// For `cpp` also a `.hpp` a contract: its types, a class to derive from, and one that calls it.
        #[arg(long, value_enum, default_value = "c")]
        language: Language,
    },
    /// Writes the skeleton of a plugin in C that implements a contract. It compiles as it is, beside the contract's header.
    Stubs {
        /// A plugin, or a contract crate built as a library (`cargo rustc --crate-type cdylib`).
        module: PathBuf,
        /// The id of the contract, when the module describes several.
        #[arg(long)]
        contract: Option<String>,
        /// The name of the plugin.
        #[arg(long, default_value = "my-plugin")]
        name: String,
        /// The file to write. One that is there is not overwritten.
        #[arg(long, default_value = "plugin.c")]
        out: PathBuf,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Language {
    C,
    Cpp,
}

fn main() -> ExitCode {
    let Cargo::Polyplug(arguments) = Cargo::parse();
    match run(arguments.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<(), Box<dyn Error>> {
    match command {
        Command::Inspect { module, json } => {
            let module = polyplug::inspect(&module).map_err(whole)?;
            if json {
                println!("{:#}", inspect::json(&module));
            } else {
                print!("{}", inspect::text(&module));
            }
        }
        Command::Headers {
            module,
            out,
            language,
        } => {
            let contracts = described(&module)?;
            // All of them, before the first is written.
            let mut files = Vec::new();
            for contract in &contracts {
                files.push(header::header(contract)?);
                if language == Language::Cpp {
                    files.push(cpp::header(contract)?);
                }
            }
            fs::create_dir_all(&out).map_err(|error| unwritten(&out, &error))?;
            for (name, text) in files {
                let file = out.join(name);
                fs::write(&file, text).map_err(|error| unwritten(&file, &error))?;
                println!("{}", file.display());
            }
        }
        Command::Stubs {
            module,
            contract,
            name,
            out,
        } => {
            let contract = chosen(described(&module)?, contract.as_deref())?;
            let text = stubs::stubs(&contract, &name)?;
            if out.exists() {
                return Err(format!(
                    "`{}` is there already: name another file with --out",
                    out.display()
                )
                .into());
            }
            fs::write(&out, text).map_err(|error| unwritten(&out, &error))?;
            println!("{}", out.display());
        }
    }
    Ok(())
}

/// An error of the runtime with everything it knows.
fn whole(error: polyplug::Error) -> String {
    format!("{error:#}")
}

fn unwritten(path: &Path, error: &std::io::Error) -> String {
    format!("cannot write `{}`: {error}", path.display())
}

/// The contracts that a module describes, and those of the objects in their signatures.
fn described(path: &Path) -> Result<Vec<ContractInfo>, String> {
    let module = polyplug::inspect(path).map_err(whole)?;
    let mut contracts = module.contracts().to_vec();
    for plugin in module.plugins() {
        contracts.extend_from_slice(plugin.contracts());
        contracts.extend_from_slice(plugin.requires());
    }
    let mut found: Vec<ContractInfo> = Vec::new();
    while let Some(contract) = contracts.pop() {
        let known = |other: &ContractInfo| {
            other.id() == contract.id() && other.version().major == contract.version().major
        };
        if !found.iter().any(known) {
            contracts.extend(forms::mentioned(&contract));
            found.push(contract);
        }
    }
    found.sort_by(|a, b| (a.id(), a.version()).cmp(&(b.id(), b.version())));
    if found.is_empty() {
        return Err(format!("`{}` describes no contract", path.display()));
    }
    Ok(found)
}

/// The contract with an id; without one, the only one that there is.
fn chosen(contracts: Vec<ContractInfo>, id: Option<&str>) -> Result<ContractInfo, String> {
    let ids: Vec<_> = contracts
        .iter()
        .map(|contract| contract.id().to_owned())
        .collect();
    let ids = ids.join("`, `");
    let mut contracts = contracts
        .into_iter()
        .filter(|contract| id.is_none_or(|id| contract.id() == id));
    match (contracts.next(), contracts.next(), id) {
        (Some(contract), None, _) => Ok(contract),
        (Some(_), Some(_), None) => Err(format!(
            "the module describes several contracts: choose one with --contract, of `{ids}`"
        )),
        (Some(_), Some(_), Some(id)) => {
            Err(format!("the module describes several majors of `{id}`"))
        }
        (None, _, _) => Err(format!(
            "the module describes no contract `{}`: it describes `{ids}`",
            id.unwrap_or_default()
        )),
    }
}
