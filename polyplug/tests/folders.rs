//! Loading folders: what is loaded, in which order, what is skipped, and what fails with whom.

#[path = "support/mod.rs"]
mod support;

use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};

use fixture_harness::{Folder, fixture};
use polyplug::{LoadOptions, LoadReport, Mismatch, Runtime};
use tally_api::Reader;

/// Puts a copy of a fixture into a folder, under a name that decides over the order.
fn put(folder: &Folder, fixture_name: &str, name: &str) {
    let bytes = fs::read(fixture(fixture_name)).expect("the library");
    let _ = folder.file(name, &bytes);
}

fn names<'p>(paths: impl Iterator<Item = &'p Path>) -> Vec<String> {
    paths
        .map(|path| {
            let name = path.file_name().unwrap_or_default();
            name.to_string_lossy().into_owned()
        })
        .collect()
}

fn loaded(report: &LoadReport) -> Vec<String> {
    names(report.loaded().iter().filter_map(|module| module.path()))
}

fn failed(report: &LoadReport) -> Vec<String> {
    names(report.failed().iter().map(|(path, _)| path.as_path()))
}

fn skipped(report: &LoadReport) -> Vec<String> {
    names(report.skipped().iter().map(|(path, _)| path.as_path()))
}

#[test]
fn providers_are_loaded_first_and_the_rest_is_reported() {
    let folder = Folder::new("load-dir");
    put(&folder, "peer-reader", "a.so");
    put(&folder, "counter", "b.so");
    put(&folder, "moody", "c.so");
    put(&folder, "duo", "d.so");
    let _ = folder.file(
        "e.so",
        &fs::read(fixture("counter")).expect("a library")[..900],
    );
    let _ = folder.file("notes.txt", b"nothing to load");
    let _ = folder.file(".hidden.so", b"");
    fs::create_dir(folder.path().join("more")).expect("a folder");
    let runtime = Runtime::new();
    let report = runtime.load_dir(folder.path()).expect("a folder");
    assert_eq!(loaded(&report), ["b.so", "d.so", "a.so"], "{report}");
    assert_eq!(failed(&report), ["c.so", "e.so"], "{report}");
    assert_eq!(report.failed()[0].1.code(), "missing-host-contract");
    assert_eq!(report.failed()[1].1.code(), "not-a-library");
    assert_eq!(skipped(&report), ["more", "notes.txt"]);
    assert!(report.skipped()[1].1.contains("a text file"));
    let text = report.to_string();
    assert!(text.contains("3 loaded, 2 failed, 2 skipped"), "{text}");
    assert!(text.contains("with duo, north"), "{text}");
    let whole = folder.path().canonicalize().expect("a folder");
    let places = [(whole.as_path(), "[FOLDER]"), (folder.path(), "[FOLDER]")];
    support::pinned("load_report", &text, &places);
    let total = runtime.get_from::<dyn Reader>("peer-reader").expect("it");
    assert_eq!(total.total(), 0);
    // Again: what is loaded is skipped, what failed fails again, and nothing is left behind by it.
    let again = runtime.load_dir(folder.path()).expect("a folder");
    assert_eq!(loaded(&again), [""; 0]);
    assert_eq!(failed(&again), ["c.so", "e.so"]);
    assert_eq!(
        skipped(&again),
        ["a.so", "b.so", "d.so", "more", "notes.txt"]
    );
    assert_eq!(
        again.into_result().unwrap_err().code(),
        "missing-host-contract"
    );
}

#[test]
fn a_library_without_plugins_is_skipped() {
    let folder = Folder::new("load-dir-foreign");
    let system = [
        "/lib/x86_64-linux-gnu/libm.so.6",
        "/lib64/libm.so.6",
        "/lib/aarch64-linux-gnu/libm.so.6",
    ];
    let Some(system) = system.iter().find(|path| Path::new(path).is_file()) else {
        return;
    };
    let _ = folder.file("libm.so", &fs::read(system).expect("a library"));
    let report = Runtime::new().load_dir(folder.path()).expect("a folder");
    assert_eq!(skipped(&report), ["libm.so"], "{report}");
    assert!(report.skipped()[0].1.contains("polyplug_init"));
}

#[test]
fn cycles_and_those_that_need_them_fail_and_nobody_else() {
    let folder = Folder::new("load-dir-cycle");
    put(&folder, "counter", "a.so");
    put(&folder, "peer-reader", "b.so");
    put(&folder, "peer-tally", "c.so");
    let runtime = Runtime::new();
    let heard: Arc<Mutex<Vec<String>>> = Arc::default();
    let hear = Arc::clone(&heard);
    let _subscription = runtime.subscribe(move |event| {
        hear.lock().expect("no panic").push(event.to_string());
    });
    let report = runtime.load_dir(folder.path()).expect("a folder");
    assert_eq!(loaded(&report), ["a.so"], "{report}");
    assert_eq!(failed(&report), ["b.so", "c.so"]);
    for (_, error) in report.failed() {
        assert_eq!(error.code(), "requirement-cycle");
    }
    let text = report.failed()[0].1.to_string();
    assert!(
        text.contains(
            "`peer-reader` requires `fixture.tally 1.0` of `peer-tally`, `peer-tally` requires `fixture.reader 2.1` of `peer-reader`"
        ),
        "{text}"
    );
    assert_eq!(heard.lock().expect("no panic").len(), 3);
    assert_eq!(runtime.plugins().len(), 1);
    // A provider outside of it opens the cycle.
    put(&folder, "duo", "d.so");
    let report = runtime.load_dir(folder.path()).expect("a folder");
    assert_eq!(loaded(&report), ["d.so", "b.so", "c.so"], "{report}");
}

#[test]
fn who_needs_what_failed_says_why() {
    let folder = Folder::new("load-dir-broken");
    put(&folder, "peer-reader", "a.so");
    put(&folder, "moody", "b.so");
    let runtime = Runtime::new();
    let report = runtime.load_dir(folder.path()).expect("a folder");
    assert_eq!(failed(&report), ["a.so", "b.so"], "{report}");
    let error = &report.failed()[0].1;
    assert_eq!(error.code(), "peer-not-loaded");
    let text = error.to_string();
    assert!(text.contains("of `calm`, `moody`, which could not be loaded; repair that first: plugin `calm` needs the host contract"), "{text}");
    assert!(runtime.modules().is_empty());
}

#[test]
fn who_needs_a_contract_that_was_left_out_is_told_so() {
    // This program knows the contract in its own shape.
    let _ = <dyn shape_api::Shape as polyplug::Contract>::DESCRIPTOR;
    let folder = Folder::new("load-dir-left-out");
    put(&folder, "shape-user", "a.so");
    put(&folder, "half-shape", "b.so");
    put(&folder, "counter", "c.so");
    let runtime = Runtime::builder().mismatch(Mismatch::SkipContract).build();
    let report = runtime.load_dir(folder.path()).expect("a folder");
    assert_eq!(loaded(&report), ["b.so", "c.so"], "{report}");
    assert_eq!(failed(&report), ["a.so"], "{report}");
    let error = &report.failed()[0].1;
    assert_eq!(error.code(), "peer-skipped");
    let text = error.to_string();
    assert!(
        text.starts_with("plugin `shape-user` needs the contract `fixture.shape 1.3` of plugin `half-shape`, which was left out because of its shape (`Mismatch::SkipContract`): plugin `half-shape` in `"),
        "{text}"
    );
    assert_eq!(text.lines().count(), 1);
    let all = format!("{error:#}");
    assert!(all.contains("\n  method `width`"), "{all}");

    // The same for one that is loaded by itself; and without any of it nobody is there.
    let skip = LoadOptions::new().mismatch(Mismatch::SkipContract);
    let user = fixture("shape-user");
    let error = runtime.load_with(&user, skip).expect_err("left out");
    assert_eq!(error.code(), "peer-skipped");
    let error = Runtime::new().load(&user).expect_err("nobody");
    assert_eq!(error.code(), "missing-peer");

    // Nothing left of the other: that is a failure, and the reason.
    let folder = Folder::new("load-dir-nothing-left");
    put(&folder, "shape-user", "a.so");
    put(&folder, "shape-other", "b.so");
    let runtime = Runtime::builder().mismatch(Mismatch::SkipContract).build();
    let report = runtime.load_dir(folder.path()).expect("a folder");
    let codes: Vec<_> = report
        .failed()
        .iter()
        .map(|(_, error)| error.code())
        .collect();
    assert_eq!(codes, ["peer-not-loaded", "contract-mismatch"], "{report}");
}

#[test]
fn a_folder_that_is_not_there_is_an_error() {
    let error = Runtime::new().load_dir("no/such/folder").expect_err("none");
    assert_eq!(error.code(), "unreadable-folder");
    assert!(error.to_string().contains("`no/such/folder`"));
}
