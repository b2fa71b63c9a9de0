//! Plugins of an older and of a newer minor of a contract under one host, and what is refused.

use fixture_harness::fixture;
use growth_api::Growth;
use polyplug::{Caller, Instance, Runtime};

fn host_with(plugin: &str) -> Runtime {
    let runtime = Runtime::new();
    runtime.load(fixture(plugin)).expect(plugin);
    runtime
}

/// The same through every handle.
fn through_every_handle(runtime: &Runtime, check: impl Fn(&dyn Growth)) {
    let caller = runtime.get::<dyn Growth>().expect("a caller");
    check(&caller);
    check(&Caller::pin(&caller).expect("pinned"));
    let instance: Instance<dyn Growth> = runtime.create().expect("an instance");
    check(&instance);
}

#[test]
fn c12_methods_are_matched_by_name() {
    let runtime = host_with("growth-old");
    through_every_handle(&runtime, |growth| {
        assert_eq!(growth.first(), "old");
        assert_eq!(growth.a(), 5);
        assert_eq!(growth.last(21), 42);
    });
}

#[test]
fn c13_a_default_body_sees_the_plugins_own_methods() {
    let runtime = host_with("growth-old");
    through_every_handle(&runtime, |growth| {
        // The plugin knows neither `b` nor `text`: the host's bodies run, over the plugin's `a`.
        assert_eq!(growth.b(), 15);
        assert_eq!(growth.text(" and "), "5 and 15");
    });
}

#[test]
fn c13_a_default_body_in_the_plugin_sees_the_plugins_own_methods() {
    let runtime = host_with("growth-new");
    through_every_handle(&runtime, |growth| {
        assert_eq!(growth.a(), 1);
        assert_eq!(growth.b(), 77);
        assert_eq!(growth.text("/"), "1/77");
    });
}

#[test]
fn c12_methods_that_the_host_does_not_know_refuse_nothing() {
    let runtime = host_with("growth-new");
    through_every_handle(&runtime, |growth| {
        assert_eq!(growth.first(), "new");
        assert_eq!(growth.last(4), 8);
    });
    let plugins = runtime.plugins();
    let contract = &plugins[0].contracts()[0];
    assert_eq!(contract.to_string(), "fixture.growth 1.3");
    let names: Vec<_> = contract
        .methods()
        .iter()
        .map(|method| method.name().to_owned())
        .collect();
    assert_eq!(names, ["zeroth", "first", "a", "b", "text", "c", "last"]);
}

#[test]
fn old_and_new_plugins_serve_one_host() {
    let runtime = host_with("growth-old");
    runtime.load(fixture("growth-new")).expect("growth-new");
    let providers = runtime.providers::<dyn Growth>();
    let answers: Vec<_> = providers
        .iter()
        .map(|provider| {
            let growth = provider.get().expect("a caller");
            (growth.first(), growth.b(), growth.last(2))
        })
        .collect();
    assert_eq!(
        answers,
        [("old".to_owned(), 15, 4), ("new".to_owned(), 77, 4)]
    );
}

#[test]
fn providers_name_the_methods_that_were_left_out() {
    let runtime = host_with("growth-old");
    runtime.load(fixture("growth-new")).expect("growth-new");
    let providers = runtime.providers::<dyn Growth>();
    // What a plugin left out of the contract that it knows, as far as this program knows it too.
    assert_eq!(providers[1].defaulted(), ["a", "text"]);
    // What it could not know is left out as well: the host's bodies run.
    assert_eq!(providers[0].defaulted(), ["b", "text"]);
}
