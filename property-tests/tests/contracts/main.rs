//! Random contracts: two hundred of them in one crate, with a plugin for each and a host that calls every method once,
//! directly and through the loaded library. `POLYPLUG_SEED=7` writes others.

mod draw;
mod types;
mod write;

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use fixture_harness::fixture;

/// How many contracts.
const CONTRACTS: usize = 200;
/// What they follow from, unless it is given.
const SEED: u64 = 20;
/// Where another seed is given.
const SEED_VARIABLE: &str = "POLYPLUG_SEED";
/// The crate that is written.
const NAME: &str = "random-contracts";

/// The host: it loads the library that lies beside it.
const MAIN: &str = r#"//! Written by a test.

fn main() {
    let path = std::env::args_os().nth(1).expect("the library");
    let runtime = polyplug::Runtime::new();
    runtime.load(path).expect("loaded");
    let wrong = random_contracts::run(&runtime);
    for line in &wrong {
        println!("{line}");
    }
    std::process::exit(i32::from(!wrong.is_empty()));
}
"#;

#[test]
fn every_method_of_random_contracts_answers_the_same() {
    let seed = env::var(SEED_VARIABLE).map_or(SEED, |seed| seed.parse().expect("a number"));
    let source = write::source(seed, CONTRACTS);
    let methods = source.methods;
    let folder = folder();
    written(&folder, &source.text);
    let again = format!(
        "again with {SEED_VARIABLE}={seed}; the crate is `{}`",
        folder.display()
    );
    let target = built(&folder, &again);
    let library = format!(
        "{}random_contracts{}",
        env::consts::DLL_PREFIX,
        env::consts::DLL_SUFFIX
    );
    let output = Command::new(target.join(format!("{NAME}{}", env::consts::EXE_SUFFIX)))
        .arg(target.join(library))
        .output()
        .expect("the host runs");
    assert!(
        output.status.success(),
        "{}{}\n{} with {CONTRACTS} contracts of {methods} methods; {again}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
        output.status,
    );
}

/// Below the folder that this very test was built into, but not in it: the cargo that runs the test may hold the lock.
fn folder() -> PathBuf {
    let library = fixture("values");
    let folder = library.ancestors().nth(2).expect("the folder of a profile");
    folder.join(NAME)
}

/// Writes the crate; what is as it was stays untouched, so that a second run builds nothing.
fn written(folder: &Path, library: &str) {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the workspace");
    let here = |name: &str| workspace.join(name).display().to_string();
    let manifest = format!(
        "[workspace]\n\n[package]\nname = \"{NAME}\"\nversion = \"0.0.0\"\nedition = \"2024\"\npublish = false\n\n\
         [lib]\ncrate-type = [\"rlib\", \"cdylib\"]\n\n[dependencies]\npolyplug = {{ path = {:?} }}\n\
         property-tests = {{ path = {:?} }}\n\n[profile.dev]\ndebug = 0\nincremental = false\n",
        here("polyplug"),
        here("property-tests"),
    );
    let lock = fs::read_to_string(workspace.join("Cargo.lock")).expect("the workspace's versions");
    let files = [
        ("Cargo.toml", manifest.as_str()),
        ("src/lib.rs", library),
        ("src/main.rs", MAIN),
        ("workspace.lock", &lock),
    ];
    fs::create_dir_all(folder.join("src")).expect("a folder for the crate");
    for (name, text) in files {
        let path = folder.join(name);
        if fs::read_to_string(&path).ok().as_deref() == Some(text) {
            continue;
        }
        fs::write(&path, text).expect("a file of the crate");
        if name == "workspace.lock" {
            // Cargo takes from it what it needs.
            fs::write(folder.join("Cargo.lock"), text).expect("a file of the crate");
        }
    }
}

/// Builds it; answers where library and host are.
fn built(folder: &Path, again: &str) -> PathBuf {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command
        .args(["build", "--quiet", "--offline", "--manifest-path"])
        .arg(folder.join("Cargo.toml"));
    command.arg("--target-dir").arg(folder.join("target"));
    // The variables of the outer build are not for this one.
    for (variable, _) in env::vars_os() {
        let name = variable.to_string_lossy();
        let outer = ["CARGO_PROFILE_", "CARGO_BUILD_", "CARGO_ENCODED_"];
        if outer.iter().any(|prefix| name.starts_with(prefix)) || name == "RUSTFLAGS" {
            command.env_remove(&variable);
        }
    }
    let output = command.output().expect("cargo runs");
    assert!(
        output.status.success(),
        "{}\nnot built; {again}",
        String::from_utf8_lossy(&output.stderr)
    );
    folder.join("target").join("debug")
}
