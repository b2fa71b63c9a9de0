//! Plugins that are linked into the program are found through the same slice.

// The one line that a program needs for each: a crate that nothing names is not linked.
use duo as _;

use fixture_harness::fixture;
use polyplug::Runtime;
use tally_api::{Reader, Tally};

#[test]
fn linked_plugins_are_loaded_and_called() {
    let runtime = Runtime::new();
    let module = runtime.load_linked().expect("linked plugins");
    assert_eq!(module.path(), None);
    assert_eq!(module.plugins().len(), 2);
    let tally = runtime.get_from::<dyn Tally>("north").expect("a caller");
    assert_eq!(tally.add(5), 1005);
    assert_eq!(module.get::<dyn Reader>().expect("a caller").total(), 1005);
    let fault = tally.fail().expect_err("it panics");
    assert_eq!(fault.plugin(), "north");
    let own = runtime.create_from::<dyn Tally>("north").expect("own");
    assert_eq!(own.add(1), 1001);
}

#[test]
fn d05_loading_what_is_linked_twice_is_already_loaded() {
    let runtime = Runtime::new();
    runtime.load_linked().expect("the first time");
    let error = runtime.load_linked().expect_err("the second time");
    assert_eq!(error.code(), "already-loaded");
    let text = error.to_string();
    assert!(
        text.starts_with("`this program` is loaded already"),
        "{text}"
    );
    assert_eq!(runtime.modules().len(), 1);
}

#[test]
fn two_runtimes_each_have_their_own_states() {
    let (one, two) = (Runtime::new(), Runtime::new());
    one.load_linked().expect("linked plugins");
    two.load_linked().expect("linked plugins");
    let (one, two) = (
        one.get_from::<dyn Tally>("north").expect("a caller"),
        two.get_from::<dyn Tally>("north").expect("a caller"),
    );
    assert_eq!((one.add(1), two.add(2)), (1001, 1002));
}

#[test]
fn the_library_of_a_linked_plugin_has_the_same_names() {
    let runtime = Runtime::new();
    runtime.load_linked().expect("linked plugins");
    let error = runtime.load(fixture("duo")).expect_err("the same names");
    assert_eq!(error.code(), "duplicate-name");
    assert!(error.to_string().contains("from this program"), "{error}");
    // A library that was built with the same crates keeps its own slice.
    runtime.load(fixture("twins")).expect_err("twins");
    runtime.load(fixture("growth-old")).expect("others");
    assert_eq!(runtime.modules().len(), 2);
}
