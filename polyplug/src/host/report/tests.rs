//! What the receipts print, for every outcome, as it is pinned in `tests/snapshots/reports.txt`. With `BLESS=1` in the environment
//! that file is written instead.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::{env, fs};

use super::super::model::{Catalog, ContractModel};
use super::super::threads::HoldReason;
use super::*;

fn contract() -> ContractInfo {
    let model = ContractModel {
        id: "demo.lines".to_owned(),
        name: "Lines".to_owned(),
        docs: String::new(),
        major: 1,
        minor: 2,
        host: false,
        exclusive: true,
        pinned: false,
        order: 0,
        methods: Vec::new(),
    };
    let catalog = Catalog::of(Vec::new(), vec![model]);
    ContractInfo::new(&Arc::new(catalog), 0)
}

fn call(thread: u64, name: &str) -> CallHolder {
    CallHolder {
        thread,
        name: name.to_owned(),
    }
}

fn thread(id: u64, name: &str, why: HoldReason) -> ThreadHolder {
    ThreadHolder {
        id,
        name: name.to_owned(),
        why,
    }
}

/// One of everything that can hold a module, and several.
fn all_holders() -> Holders {
    Holders {
        calls: vec![call(7, "main"), call(8, "")],
        pins: 2,
        instances: vec![(contract(), 1)],
        objects: 3,
        threads: vec![
            thread(0, "", HoldReason::Started),
            thread(9, "worker", HoldReason::Started),
            thread(10, "", HoldReason::ThreadLocals),
        ],
    }
}

fn unloaded(outcome: UnloadOutcome) -> UnloadReport {
    UnloadReport {
        module: "`libhello.so`".to_owned(),
        outcome,
        holders: Holders::default(),
        dependents: Vec::new(),
        reason: None,
        waited: Duration::ZERO,
        cascaded: Vec::new(),
    }
}

fn reloaded(restored: &[&str], lost: &[&str]) -> ReloadReport {
    let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    ReloadReport {
        module: "`libhello.so`".to_owned(),
        number: 2,
        restored: owned(restored),
        lost: owned(lost),
        took: Duration::from_micros(1520),
        waited: Duration::ZERO,
    }
}

#[test]
fn every_outcome_reads_as_it_is_pinned() {
    let one = Holders {
        pins: 1,
        ..Holders::default()
    };
    let depend = |names: &[&str]| UnloadReport {
        dependents: names.iter().map(|name| (*name).to_owned()).collect(),
        ..unloaded(UnloadOutcome::Refused)
    };
    let held = UnloadReport {
        module: "`libreader.so`".to_owned(),
        holders: one.clone(),
        ..unloaded(UnloadOutcome::Held)
    };
    let unloads = [
        ("unmapped", unloaded(UnloadOutcome::Unmapped)),
        ("retiring", unloaded(UnloadOutcome::Retiring)),
        (
            "retiring, with calls inside",
            UnloadReport {
                holders: Holders {
                    calls: vec![call(7, "main")],
                    ..Holders::default()
                },
                ..unloaded(UnloadOutcome::Retiring)
            },
        ),
        (
            "held by one",
            UnloadReport {
                holders: one,
                ..unloaded(UnloadOutcome::Held)
            },
        ),
        (
            "held by all",
            UnloadReport {
                holders: all_holders(),
                ..unloaded(UnloadOutcome::Held)
            },
        ),
        (
            "stays mapped",
            UnloadReport {
                reason: Some("it is part of this program".to_owned()),
                ..unloaded(UnloadOutcome::StaysMapped)
            },
        ),
        (
            "stays mapped, nobody knows why",
            unloaded(UnloadOutcome::StaysMapped),
        ),
        ("refused for one", depend(&["reader"])),
        ("refused for several", depend(&["reader", "writer"])),
        ("busy", unloaded(UnloadOutcome::Busy)),
        (
            "cascaded",
            UnloadReport {
                cascaded: vec![held],
                ..unloaded(UnloadOutcome::Retiring)
            },
        ),
    ];
    let reloads = [
        ("reloaded", reloaded(&[], &[])),
        ("reloaded with states", reloaded(&["hello", "other"], &[])),
        (
            "reloaded without a contract",
            reloaded(
                &["hello"],
                &["`demo.lines 1.2` of `hello` (no such plugin)"],
            ),
        ),
    ];
    let mut text = String::new();
    let unloads = unloads
        .iter()
        .map(|(name, report)| (name, report.to_string()));
    let reloads = reloads
        .iter()
        .map(|(name, report)| (name, report.to_string()));
    for (name, report) in unloads.chain(reloads) {
        writeln!(text, "# {name}\n{report}\n").expect("a text");
    }
    writeln!(text, "# nobody\n{}", Holders::default()).expect("a text");
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots/reports.txt");
    if env::var_os("BLESS").is_some_and(|bless| bless == "1") {
        fs::write(&file, text).expect("the snapshot is written");
        return;
    }
    let pinned = fs::read_to_string(&file).unwrap_or_default();
    let pinned = pinned.replace("\r\n", "\n");
    assert!(
        text == pinned,
        "the reports are not those of `{}`; if they are better, run the test again with BLESS=1\n--- pinned\n{pinned}--- now\n{text}",
        file.display()
    );
}
