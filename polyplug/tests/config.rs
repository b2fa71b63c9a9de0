//! Configuration: what the host says, before or after a load, and what a plugin reads.
#![cfg(feature = "config")]

use std::collections::{BTreeMap, HashMap};

use fixture_harness::fixture;
use polyplug::{Error, Runtime};
use tally_api::Tally;

fn settings(start: u64) -> HashMap<&'static str, u64> {
    HashMap::from([("start", start)])
}

/// The innermost error.
fn cause(error: &Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

#[test]
fn a_plugin_reads_what_the_host_configured() {
    let runtime = Runtime::new();
    runtime
        .configure("tuned", &settings(40))
        .expect("plain data");
    let module = runtime.load(fixture("tuned")).expect("loaded");
    let tally = runtime.get::<dyn Tally>().expect("a caller");
    assert_eq!(tally.add(2), 42);
    // After the load: whoever asks again hears of it; a reload asks again.
    runtime
        .configure("tuned", &settings(50))
        .expect("plain data");
    assert_eq!(tally.add(2), 42);
    module.reload().expect("reloaded");
    assert_eq!(tally.add(2), 52);
    let words = BTreeMap::from([("words", BTreeMap::from([("before", "some ")]))]);
    runtime.configure("tuned", &words).expect("plain data");
    assert_eq!(tally.words("pears"), "some pears");
    // Other runtimes, and other plugins, have their own.
    let other = Runtime::new();
    other.configure("duo", &settings(9)).expect("plain data");
    other
        .load(fixture("tuned"))
        .expect("everything has a default");
    assert_eq!(other.get::<dyn Tally>().expect("a caller").add(2), 2);
}

#[test]
fn what_does_not_fit_names_plugin_and_key() {
    let runtime = Runtime::new();
    let refused = |text: &str| {
        let error = runtime.load(fixture("tuned")).expect_err(text);
        assert_eq!(error.code(), "constructor-failed");
        assert!(runtime.modules().is_empty());
        assert_eq!(cause(&error), text);
    };
    runtime
        .configure("tuned", &HashMap::from([("start", "many")]))
        .expect("plain data");
    refused(
        "plugin `tuned` cannot use its configuration at `start`: invalid type: string \"many\", expected u64; change what the host gives to `runtime.configure(\"tuned\", ..)`",
    );
    let words = BTreeMap::from([("words", BTreeMap::from([("before", 3)]))]);
    runtime.configure("tuned", &words).expect("plain data");
    refused(
        "plugin `tuned` cannot use its configuration at `words.before`: invalid type: integer `3`, expected a string; change what the host gives to `runtime.configure(\"tuned\", ..)`",
    );
    runtime
        .configure("tuned", &HashMap::from([("strat", 1)]))
        .expect("plain data");
    refused(
        "plugin `tuned` cannot use its configuration at `strat`: unknown field `strat`, expected `start` or `words`; change what the host gives to `runtime.configure(\"tuned\", ..)`",
    );
}

#[test]
fn what_cannot_be_written_changes_nothing() {
    let runtime = Runtime::new();
    runtime
        .configure("tuned", &settings(7))
        .expect("plain data");
    let keys = HashMap::from([(vec![1], 2)]);
    let error = runtime
        .configure("tuned", &keys)
        .expect_err("no texts for keys");
    assert_eq!(error.code(), "config-unwritable");
    assert!(error.to_string().contains("`tuned`"), "{error}");
    assert!(
        format!("{error:#}").contains("key must be a string"),
        "{error:#}"
    );
    runtime.load(fixture("tuned")).expect("loaded");
    assert_eq!(runtime.get::<dyn Tally>().expect("a caller").add(0), 7);
}
