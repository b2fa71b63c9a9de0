//! The runner of the conformance kit for hosts in Rust. `plugins/fixtures/conformance/README.md` says what a runner does.

mod behaviours;
mod calls;
mod data;
mod ears;
mod golden;
mod log;
mod stage;

use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use conformance_api::Objects;
use polyplug::Fault;
use serde_json::Value as Json;

use crate::golden::Written;
use crate::stage::{Files, Stage};

/// What the list of what cannot be done calls this host.
const LANGUAGE: &str = "rust";

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Runs the cases. Whether none failed.
fn run() -> Result<bool> {
    let arguments: Vec<_> = env::args_os().skip(1).collect();
    // The contracts are linked, so the module that describes them is not loaded.
    let [_contracts, peer, loader, guest, cases, language] = arguments.as_slice() else {
        bail!(
            "needed: contract module, peer module, loader library or `-`, guest, cases, language"
        );
    };
    let files = Files {
        peer: peer.into(),
        loader: (loader != "-").then(|| PathBuf::from(loader)),
        guest: guest.into(),
    };
    let language = language.to_str().context("the name of the language")?;
    let text = fs::read(cases).with_context(|| format!("cannot read {}", cases.display()))?;
    let file: Json = serde_json::from_slice(&text).context("the cases are no JSON")?;
    let listed = |case: &Json| {
        let rows = file["cannot"].as_array().into_iter().flatten();
        rows.into_iter().any(|row| {
            let (own, other) = if row["role"] == "guest" {
                (language, LANGUAGE)
            } else {
                (LANGUAGE, language)
            };
            let with = row["with"].as_array();
            row["language"] == own
                && with.is_none_or(|with| with.iter().any(|name| name == other))
                && (row["case"] == case["name"] || row["feature"] == case["feature"])
        })
    };

    log::begin();
    let stage = Stage::new(&files)?;
    let mut passed = true;
    for case in file["cases"].as_array().context("no cases")? {
        let outcome = polyplug::catch(|| check(&files, &stage, case))
            .unwrap_or_else(|fault| Err(anyhow::anyhow!("{fault:#}")));
        let (word, detail) = match outcome {
            Ok(()) => ("passed", String::new()),
            Err(error) if listed(case) => ("cannot", format!("{error:#}")),
            Err(error) => ("failed", format!("{error:#}")),
        };
        passed &= word != "failed";
        let name = case["name"].as_str().context("a case without a name")?;
        println!("{name}\t{word}\t{}", detail.replace(['\n', '\t'], " "));
    }
    Ok(passed)
}

/// Runs one case.
fn check(files: &Files, stage: &Stage, case: &Json) -> Result<()> {
    if case["behaviour"] == true {
        let name = case["name"].as_str().unwrap_or_default();
        return behaviours::run(files, stage, name);
    }
    let answer = calls::call(stage, case)?;
    match (answer.result, case.get("fault")) {
        (Ok(result), Some(golden)) if result["err"].get("message").is_some() => {
            same_fault(&result["err"], golden)?;
        }
        (Err(fault), Some(golden)) => same_fault(&fault.write(), golden)?,
        (Err(fault), None) => bail!("a fault: {fault:#}"),
        (Ok(result), Some(_)) => bail!("no fault, but {}", short(&result)),
        (Ok(result), None) => {
            let golden = answer.golden.context("the case has no result")?;
            same("the result", &result, &golden)?;
        }
    }
    for (now, golden) in &answer.after {
        same("what was changed", now, golden)?;
    }
    Ok(())
}

fn same(what: &str, value: &Json, golden: &Json) -> Result<()> {
    if value != golden {
        bail!("{what} is {}, expected {}", short(value), short(golden));
    }
    Ok(())
}

/// Whether a fault is of that kind, and has that message in its own.
fn same_fault(fault: &Json, golden: &Json) -> Result<()> {
    let text = |json: &Json, key: &str| json[key].as_str().unwrap_or_default().to_owned();
    let (kind, message) = (text(golden, "kind"), text(golden, "message"));
    let found = text(fault, "kind");
    if !kind.is_empty() && !kind.split('|').any(|one| one == found) {
        bail!(
            "a fault of the kind {}, expected {kind}: {fault}",
            fault["kind"]
        );
    }
    if !text(fault, "message").contains(&message) {
        bail!("the fault says {}, expected {message}", fault["message"]);
    }
    Ok(())
}

/// A fault that should come, and say that.
fn faulted<T>(call: impl FnOnce() -> T, message: &str) -> Result<Fault> {
    let Err(fault) = polyplug::catch(call) else {
        bail!("no fault")
    };
    if !fault.message().contains(message) {
        bail!("the fault says `{}`, expected `{message}`", fault.message());
    }
    Ok(fault)
}

/// Fails unless the two are equal.
fn equal<T: PartialEq<U> + std::fmt::Debug, U: std::fmt::Debug>(value: T, golden: U) -> Result<()> {
    if value != golden {
        bail!("{value:?}, expected {golden:?}");
    }
    Ok(())
}

/// Fails unless nobody else has it any more, once the guest has collected its garbage.
fn gone<T>(stage: &Stage, of: &Arc<T>) -> Result<()> {
    stage.get::<dyn Objects>()?.alive();
    equal(Arc::strong_count(of), 1)
}

fn short(json: &Json) -> String {
    let text = json.to_string();
    if text.chars().count() <= 200 {
        return text;
    }
    format!("{}..", text.chars().take(198).collect::<String>())
}
