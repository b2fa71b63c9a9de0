//! What a plugin logs, in the subscriber of the whole program: over reloads, after it is gone, from threads of its own.

use std::time::Duration;

use fixture_harness::fixture;
use logger_api::Logger;
use polyplug::{Caller, Runtime, UnloadOutcome};
use records::{Records, addresses, mapped};
use support::in_child;
use tracing::{Level, info, info_span};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::{EnvFilter, Registry, reload};

#[path = "support/records.rs"]
mod records;
mod support;

/// A subscriber for the whole process.
fn subscribed<L>(layer: L) -> Records
where
    L: tracing_subscriber::Layer<Registry> + Send + Sync,
{
    let records = Records::default();
    let subscriber = Registry::default().with(layer).with(records.clone());
    tracing::subscriber::set_global_default(subscriber).expect("the only one");
    records
}

fn loaded() -> (Runtime, Caller<dyn Logger>) {
    let runtime = Runtime::new();
    runtime.load(fixture("logger")).expect("loaded");
    let logger = runtime.get::<dyn Logger>().expect("a caller");
    (runtime, logger)
}

/// Unloads the plugin. Whether it is gone.
fn unmap(runtime: Runtime, logger: Caller<dyn Logger>) -> bool {
    drop(logger);
    let report = runtime.modules()[0].unload_within(Duration::from_secs(10));
    assert_eq!(report.outcome(), UnloadOutcome::Unmapped, "{report}");
    mapped("logger").is_empty()
}

#[test]
fn a08_spans_and_filters_outlive_the_plugin() {
    let test = "a08_spans_and_filters_outlive_the_plugin";
    if cfg!(not(target_os = "linux")) {
        eprintln!("skipped: what is mapped is only read on Linux");
        return;
    }
    if in_child(test, &[]).is_some() {
        return;
    }
    let (filter, handle) = reload::Layer::new(EnvFilter::new("trace"));
    let records = subscribed(filter);
    let mut first = Vec::new();
    for load in 0..5 {
        let (runtime, logger) = loaded();
        logger.say("hello");
        logger.kinds();
        logger.log("text");
        logger.nested(&|| info!("host inside"));
        // Never left by this thread, and never closed by the plugin.
        logger.keep(true);
        logger.later();
        logger.in_kept();
        let plugin = mapped("logger");
        assert!(!plugin.is_empty());
        for metadata in records.metadata() {
            for address in addresses(metadata) {
                assert!(!plugin.iter().any(|range| range.contains(&address)));
            }
        }
        // Nothing of the log holds the library: no destructor of a thread-local above all (A2).
        assert!(unmap(runtime, logger), "something still holds the library");
        tracing::callsite::rebuild_interest_cache();
        for directives in ["off", "logger=info", "trace"] {
            handle.reload(EnvFilter::new(directives)).expect("reloaded");
        }
        // The stored spans, and all metadata, are formatted.
        drop(records.events());
        info!("after it is gone");
        let events = records.events();
        assert_eq!(
            events[0].spans.len(),
            load + 1,
            "those that were never left"
        );
        assert_eq!(
            events[0].spans[load],
            "kept{plugin=str:logger here=bool:true}"
        );
        let all = records.metadata();
        assert!(format!("{all:?}").contains("logger/src/lib.rs"));
        let distinct: std::collections::BTreeSet<usize> = all
            .iter()
            .map(|&metadata| std::ptr::from_ref(metadata).addr())
            .collect();
        // Whatever is loaded again is nothing new.
        match load {
            0 => first.extend(distinct),
            _ => assert!(distinct.iter().eq(first.iter()), "grew at load {load}"),
        }
    }
}

#[test]
fn a_reloaded_plugin_logs_on() {
    if in_child("a_reloaded_plugin_logs_on", &[]).is_some() {
        return;
    }
    let records = subscribed(LevelFilter::INFO);
    let (runtime, logger) = loaded();
    let mut first = Vec::new();
    for load in 0..4 {
        logger.say("hello");
        logger.log("text");
        logger.keep(false);
        logger.in_kept();
        let messages = records.messages();
        assert_eq!(messages, ["hello", "text", "text", "text", "kept"]);
        let all = records.metadata().into_iter();
        let distinct: std::collections::BTreeSet<usize> = all
            .map(|metadata| std::ptr::from_ref(metadata).addr())
            .collect();
        // Whatever is loaded again is nothing new.
        match load {
            0 => first.extend(distinct),
            _ => assert!(distinct.iter().eq(first.iter()), "grew at load {load}"),
        }
        runtime.modules()[0].reload().expect("reloaded");
    }
    // A span that the plugin kept is closed with the plugin, which is dropped when the reaper comes to it.
    let deadline = std::time::Instant::now() + Duration::from_secs(20);
    let mut closed = 0;
    while closed < 4 && std::time::Instant::now() < deadline {
        let happened = records.happened();
        closed += happened.iter().filter(|&line| line == "close kept").count();
        std::thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(closed, 4);
}

#[test]
fn a_span_of_a_plugin_that_is_gone_can_be_left() {
    let test = "a_span_of_a_plugin_that_is_gone_can_be_left";
    if cfg!(not(target_os = "linux")) || in_child(test, &[]).is_some() {
        return;
    }
    let records = subscribed(LevelFilter::TRACE);
    let (runtime, logger) = loaded();
    let host = info_span!("host").entered();
    logger.keep(true);
    assert!(unmap(runtime, logger));
    info!("in both");
    drop(host);
    info!("in what was never left");
    let (_runtime, logger) = loaded();
    logger.later();
    let spans: Vec<_> = records
        .events()
        .iter()
        .map(|event| event.spans.len())
        .collect();
    assert_eq!(spans, [2, 2, 3], "a span that is inside another keeps it");
}

#[test]
fn threads_of_a_plugin_log_too() {
    if in_child("threads_of_a_plugin_log_too", &[]).is_some() {
        return;
    }
    let records = subscribed(LevelFilter::TRACE);
    let (_runtime, logger) = loaded();
    info_span!("host", id = 1).in_scope(|| logger.carried());
    logger.carried();
    let spans: Vec<_> = records
        .events()
        .iter()
        .map(|event| event.spans.join(">"))
        .collect();
    assert_eq!(spans, ["host{id=i64:1}", ""]);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..200 {
                    logger.nested(&|| logger.later());
                }
            });
        }
    });
    let events = records.events();
    assert_eq!(events.len(), 4 * 200 * 4);
    for event in &events {
        let depth = match event.message() {
            "before" | "after" => 2,
            "with the value" => 3,
            _ => 0,
        };
        assert_eq!(event.spans.len(), depth, "{event:?}");
    }
    let happened = records.happened();
    let count = |what: &str| {
        happened
            .iter()
            .filter(|line| line.starts_with(what))
            .count()
    };
    assert_eq!(count("new "), count("close "), "every span was closed");
}

#[test]
fn d02_a_panic_on_a_thread_of_the_plugin_is_in_the_log_of_the_host() {
    let test = "d02_a_panic_on_a_thread_of_the_plugin_is_in_the_log_of_the_host";
    if cfg!(not(unix)) || std::env::var_os("ASAN_OPTIONS").is_some() {
        eprintln!("skipped: whose thread it is cannot be known here");
        return;
    }
    let Some(stderr) = in_child(test, &[]) else {
        let (filter, handle) = reload::Layer::new(EnvFilter::new("error"));
        let records = subscribed(filter);
        let (_runtime, logger) = loaded();
        logger.panic_on_thread();
        let events = records.events();
        assert_eq!(events.len(), 1);
        let text = events[0].text();
        assert!(
            text.starts_with(
                " polyplug: message=a thread of `liblogger` panicked: on a thread of its own ("
            ),
            "{text}"
        );
        assert_eq!(*events[0].metadata.level(), Level::ERROR);
        // Not wanted by the subscriber: on standard error, as without one.
        handle.reload(EnvFilter::new("off")).expect("reloaded");
        logger.panic_on_thread();
        assert!(records.events().is_empty());
        return;
    };
    let lines = stderr
        .lines()
        .filter(|line| line.contains("on a thread of its own"));
    assert_eq!(lines.count(), 1, "{stderr}");
}

#[test]
fn without_a_subscriber_nothing_happens() {
    let Some(stderr) = in_child("without_a_subscriber_nothing_happens", &[]) else {
        let (_runtime, logger) = loaded();
        logger.levels();
        logger.kinds();
        logger.log("text");
        logger.keep(false);
        logger.later();
        logger.nested(&|| ());
        assert_eq!(logger.counted(), 0);
        assert!(!logger.is_debug());
        // It is the plugin's first subscriber all the same.
        let records = subscribed(LevelFilter::INFO);
        logger.levels();
        logger.in_kept();
        assert_eq!(records.messages(), ["error", "warn", "info", "kept"]);
        return;
    };
    assert!(
        !stderr.contains("error") && !stderr.contains("text"),
        "{stderr}"
    );
}
