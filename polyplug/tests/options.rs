//! How libraries are loaded: who is asked, what is mapped, what becomes of contracts that do not fit.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use counter_api::Counter;
use fixture_harness::{Folder, fixture};
use polyplug::{LoadOptions, Mismatch, Runtime, UnloadOutcome};
use tally_api::Tally;

const LONG: Duration = Duration::from_secs(10);

/// Whether a file of that name is mapped.
fn mapped(name: &str) -> bool {
    let maps = fs::read_to_string("/proc/self/maps").unwrap_or_default();
    maps.lines().any(|line| line.ends_with(name))
}

#[test]
fn nothing_is_opened_before_the_hook_said_yes() {
    let folder = Folder::new("verify");
    let bytes = fs::read(fixture("counter")).expect("the library");
    let path = folder.file("verified.so", &bytes);
    let (asked, good) = (
        Arc::new(AtomicUsize::new(0)),
        Arc::new(AtomicBool::new(false)),
    );
    let runtime = {
        let (asked, good, bytes) = (Arc::clone(&asked), Arc::clone(&good), bytes.clone());
        Runtime::builder()
            .verify(move |candidate| {
                asked.fetch_add(1, Ordering::SeqCst);
                assert!(candidate.path().ends_with("verified.so"));
                assert_eq!(candidate.bytes(), bytes);
                if good.load(Ordering::SeqCst) {
                    Ok(())
                } else {
                    Err("not on the list")
                }
            })
            .build()
    };
    let error = runtime.load(&path).expect_err("refused");
    assert_eq!(error.code(), "refused");
    assert!(
        format!("{error:#}").ends_with("caused by: not on the list"),
        "{error:#}"
    );
    assert!(runtime.modules().is_empty());
    assert!(!mapped("-verified.so"));
    good.store(true, Ordering::SeqCst);
    let module = runtime.load(&path).expect("on the list");
    assert_eq!(asked.load(Ordering::SeqCst), 2);
    // A reload asks again; what was loaded serves on.
    good.store(false, Ordering::SeqCst);
    assert_eq!(module.reload().expect_err("refused").code(), "refused");
    assert_eq!(runtime.get::<dyn Counter>().expect("a caller").add(1), 1);
    module.unload_within(LONG);
    // One load asks another, or nobody.
    let options = LoadOptions::new().verify(|_| Ok::<(), String>(()));
    let module = runtime.load_with(&path, options).expect("loaded");
    assert_eq!(module.reload().expect("the same for reloads").number(), 2);
    assert_eq!(asked.load(Ordering::SeqCst), 3);
}

#[test]
fn a_hook_that_panics_leaves_nothing_behind() {
    let runtime = Runtime::builder()
        .verify(|candidate| -> Result<(), String> { panic!("{} bytes", candidate.bytes().len()) })
        .build();
    let load = std::panic::AssertUnwindSafe(|| runtime.load(fixture("counter")));
    assert!(std::panic::catch_unwind(load).is_err());
    let options = LoadOptions::new().verify(|_| Ok::<(), String>(()));
    runtime
        .load_with(fixture("counter"), options)
        .expect("its path is free");
}

#[cfg(target_os = "linux")]
#[test]
fn in_place_maps_the_file_itself() {
    let folder = Folder::new("in-place");
    let path = folder.file(
        "placed.so",
        &fs::read(fixture("counter")).expect("the library"),
    );
    let runtime = Runtime::builder().in_place(true).build();
    let module = runtime.load(&path).expect("loaded");
    assert!(mapped(
        &path.canonicalize().expect("a path").display().to_string()
    ));
    assert_eq!(runtime.get::<dyn Counter>().expect("a caller").add(1), 1);
    assert_eq!(
        module.reload().expect_err("in place").code(),
        "not-reloadable"
    );
    // One image of one file.
    let other = Runtime::new();
    let in_place = LoadOptions::new().in_place(true);
    let error = other
        .load_with(&path, in_place.clone())
        .expect_err("mapped");
    assert_eq!(error.code(), "mapped-already");
    other.load(&path).expect("a copy is another image");
    let report = module.unload_within(LONG);
    assert_eq!(report.outcome(), UnloadOutcome::Unmapped, "{report}");
    assert!(path.is_file(), "the original is not ours to remove");
    Runtime::new()
        .load_with(&path, in_place)
        .expect("free again");
}

#[test]
fn contracts_that_do_not_fit_can_be_left_out() {
    // This program knows the contract in its own shape.
    let _ = <dyn shape_api::Shape as polyplug::Contract>::DESCRIPTOR;
    let runtime = Runtime::new();
    let error = runtime
        .load(fixture("half-shape"))
        .expect_err("does not fit");
    assert_eq!(error.code(), "contract-mismatch");
    let skip = LoadOptions::new().mismatch(Mismatch::SkipContract);
    let module = runtime
        .load_with(fixture("half-shape"), skip.clone())
        .expect("the rest fits");
    let plugins = module.plugins();
    assert_eq!(plugins.len(), 1, "{plugins:?}");
    assert_eq!(plugins[0].name(), "half-shape");
    assert_eq!(plugins[0].contracts().len(), 1);
    assert_eq!(runtime.get::<dyn Tally>().expect("a caller").add(3), 3);
    assert!(runtime.get::<dyn shape_api::Shape>().is_err());
    let skipped = module.skipped();
    let plugins: Vec<_> = skipped.iter().map(|skipped| skipped.plugin()).collect();
    assert_eq!(plugins, ["half-shape", "shape-other"]);
    assert_eq!(skipped[0].contract(), "fixture.shape 1.3");
    assert!(
        skipped[0].to_string().contains("another shape of contract"),
        "{}",
        skipped[0]
    );
    module.reload().expect("reloaded");
    assert_eq!(module.skipped().len(), 2);
    // Nothing left: refused.
    let error = runtime
        .load_with(fixture("shape-other"), skip)
        .expect_err("nothing fits");
    assert_eq!(error.code(), "contract-mismatch");
}
