//! What a plugin logs, in the subscriber that the host has on this thread.

use std::sync::{Arc, Mutex};

use fixture_harness::fixture;
use logger_api::Logger;
use polyplug::{Caller, Runtime};
use records::{Records, addresses, mapped};
use tracing::{Level, info, info_span};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::{EnvFilter, Layer as _, Registry};

#[path = "support/records.rs"]
mod records;

fn loaded() -> Caller<dyn Logger> {
    let runtime = Runtime::new();
    runtime.load(fixture("logger")).expect("loaded");
    runtime.get::<dyn Logger>().expect("a caller")
}

/// What the host gets to see while `f` runs.
fn seen(f: impl FnOnce(&Caller<dyn Logger>)) -> Records {
    let records = Records::default();
    let logger = loaded();
    let subscriber = Registry::default().with(records.clone());
    tracing::subscriber::with_default(subscriber, || f(&logger));
    records
}

#[test]
fn an_event_arrives_with_the_name_of_the_plugin() {
    let records = seen(|logger| logger.say("hello"));
    let [event] = &records.events()[..] else {
        panic!("one event")
    };
    assert_eq!(event.fields, ["plugin=str:logger", "message=hello"]);
    let metadata = event.metadata;
    assert_eq!(*metadata.level(), Level::INFO);
    assert_eq!(
        (metadata.target(), metadata.module_path()),
        ("logger", Some("logger"))
    );
    assert!(metadata.is_event() && !metadata.is_span());
    assert!(
        metadata
            .file()
            .is_some_and(|file| file.ends_with("logger/src/lib.rs"))
    );
    assert!(metadata.line().is_some_and(|line| line > 1));
    assert!(metadata.name().starts_with("event "), "{}", metadata.name());
    let names: Vec<_> = metadata.fields().iter().map(|field| field.name()).collect();
    assert_eq!(names, ["plugin", "message"]);
}

#[test]
fn values_keep_their_types() {
    let records = seen(|logger| logger.kinds());
    let [event] = &records.events()[..] else {
        panic!("one event")
    };
    assert_eq!(
        event.fields,
        [
            "plugin=str:logger",
            "message=message with arguments",
            "signed=i64:-3",
            "unsigned=u64:3",
            &format!("wide=i128:{}", i128::MIN),
            &format!("wider=u128:{}", u128::MAX),
            "float=f64:1.5",
            "yes=bool:true",
            "text=str:text",
            "debug=Some(\"debug\")",
            "display=display",
            "error=error:no port < invalid digit found in string",
            &format!("bytes=bytes:{:?}", b"bytes"),
        ]
    );
}

#[test]
fn many_fields_and_long_texts_arrive() {
    let records = seen(|logger| logger.wide());
    let [event] = &records.events()[..] else {
        panic!("one event")
    };
    let long = "long ".repeat(200);
    assert_eq!(event.fields.len(), 15);
    for field in [
        "message=wide".to_owned(),
        format!("e={long}"),
        "k=str:short".to_owned(),
        "l=i64:12".to_owned(),
        format!("m={long}"),
    ] {
        assert!(event.fields.contains(&field), "no {field} in {event:?}");
    }
}

#[test]
fn records_of_log_arrive_too() {
    let records = seen(|logger| {
        logger.log("once");
        logger.log("twice");
        logger.log_to("made.up");
    });
    let events = records.events();
    let levels: Vec<_> = events.iter().map(|event| *event.metadata.level()).collect();
    let five = [
        Level::ERROR,
        Level::WARN,
        Level::INFO,
        Level::DEBUG,
        Level::TRACE,
    ];
    assert_eq!((&levels[..5], &levels[5..10]), (&five[..], &five[..]));
    assert_eq!(events[0].fields, ["plugin=str:logger", "message=once"]);
    assert_eq!(events[0].metadata.target(), "logger");
    assert_eq!(events[4].metadata.target(), "fixture::log");
    assert_eq!(
        events[10].text(),
        " made.up: plugin=str:logger message=for made.up"
    );
    assert!(
        events[0]
            .metadata
            .file()
            .is_some_and(|file| file.ends_with("logger/src/lib.rs"))
    );
    assert!(events[0].metadata.line() < events[1].metadata.line());
    // One site for each place, however often it is passed.
    assert!(std::ptr::eq(events[0].metadata, events[5].metadata));
    assert!(!std::ptr::eq(events[0].metadata, events[1].metadata));
}

#[test]
fn targets_made_at_run_time_do_not_fill_memory_forever() {
    let records = seen(|logger| {
        for number in 0..5000 {
            logger.log_to(&format!("made.up.{number}"));
        }
    });
    let events = records.events();
    assert_eq!(events.len(), 5000);
    assert_eq!(events[0].metadata.target(), "made.up.0");
    assert_eq!(events[4999].metadata.target(), "log");
    assert_eq!(events[4999].message(), "for made.up.4999");
    let distinct: std::collections::HashSet<_> = events
        .iter()
        .map(|event| std::ptr::from_ref(event.metadata).addr())
        .collect();
    assert!(distinct.len() <= 4097, "{}", distinct.len());
}

#[test]
fn spans_nest_from_the_host_into_the_plugin_and_back() {
    let records = seen(|logger| {
        let _host = info_span!("host", id = 1).entered();
        logger.nested(&|| {
            info!("host inside");
            let _again = info_span!("again").entered();
            logger.say("plugin inside");
        });
        info!("host after");
    });
    let host = "host{id=i64:1}";
    let outer = format!("{host}>outer{{plugin=str:logger depth=i64:1}}");
    let inner = format!("{outer}>inner{{plugin=str:logger depth=i64:2}}");
    let events: Vec<_> = records
        .events()
        .iter()
        .map(|event| (event.spans.join(">"), event.message().to_owned()))
        .collect();
    assert_eq!(
        events,
        [
            (inner.clone(), "before".to_owned()),
            (inner.clone(), "host inside".to_owned()),
            (format!("{inner}>again{{}}"), "plugin inside".to_owned()),
            (inner, "after".to_owned()),
            (host.to_owned(), "outside".to_owned()),
            (host.to_owned(), "host after".to_owned()),
        ]
    );
    let happened = records.happened();
    for name in ["outer", "inner"] {
        for what in ["new", "enter", "exit", "close"] {
            let times = happened
                .iter()
                .filter(|&line| *line == format!("{what} {name}"))
                .count();
            assert_eq!(times, 1, "{what} {name}: {happened:?}");
        }
    }
}

#[test]
fn parents_that_are_named_are_kept() {
    let records = seen(|logger| logger.parents());
    let events = records.events();
    let paths: Vec<_> = events
        .iter()
        .map(|event| {
            let names = event
                .spans
                .iter()
                .map(|span| span.split('{').next().expect("a name"));
            (names.collect::<Vec<_>>().join(">"), event.message())
        })
        .collect();
    let expected = [
        ("here", "here"),
        ("there", "there"),
        ("", "nowhere"),
        ("there>inner", "inner"),
        ("root", "root"),
        // A number that the core never gave out.
        ("", "made up"),
    ];
    assert_eq!(
        paths,
        expected.map(|(path, message)| (path.to_owned(), message))
    );
}

#[test]
fn the_current_span_is_the_one_that_this_thread_is_in() {
    let records = seen(|logger| {
        logger.later();
        logger.carried();
        let span = info_span!("host", id = 1);
        span.in_scope(|| logger.carried());
        logger.follows();
    });
    let events = records.events();
    let spans: Vec<_> = events.iter().map(|event| event.spans.join(">")).collect();
    // The thread of the plugin has no subscriber but that of the span, which is asked for its events only by `enter`.
    assert_eq!(
        spans,
        ["later{plugin=str:logger other=i64:1 value=str:from the current span}"]
    );
    let happened = records.happened();
    assert!(
        happened.contains(&"after follows before".to_owned()),
        "{happened:?}"
    );
    let hosts = happened
        .iter()
        .filter(|line| line.ends_with(" host"))
        .count();
    assert_eq!(
        hosts, 6,
        "new, enter, exit, close, and enter and exit elsewhere: {happened:?}"
    );
}

#[test]
fn what_is_filtered_out_is_never_formatted() {
    let logger = loaded();
    let with = |directives: &str| {
        let records = Records::default();
        let filter = EnvFilter::new(directives);
        let subscriber = Registry::default().with(filter).with(records.clone());
        let formatted = tracing::subscriber::with_default(subscriber, || logger.counted());
        (formatted, records)
    };
    assert_eq!(logger.counted(), 0, "nobody listens at all");
    let (formatted, records) = with("info");
    assert_eq!((formatted, records.events().len()), (0, 0));
    let (formatted, records) = with("debug,logger=warn");
    assert_eq!((formatted, records.events().len()), (0, 0));
    let (formatted, records) = with("error,logger=debug");
    assert_eq!((formatted, records.events().len()), (5, 2));
    // A subscriber elsewhere that wants everything, and nobody here.
    let everything = tracing::Dispatch::new(Registry::default().with(Records::default()));
    assert_eq!(logger.counted(), 5);
    drop(everything);
}

#[test]
fn a_filter_by_target_is_the_hosts() {
    let records = Records::default();
    let logger = loaded();
    let filter = EnvFilter::new("off,fixture::levels=info,fixture::log=trace");
    let subscriber = Registry::default().with(filter).with(records.clone());
    tracing::subscriber::with_default(subscriber, || {
        logger.levels();
        logger.say("not wanted");
        logger.log("only at the target");
    });
    assert_eq!(
        records.messages(),
        ["error", "warn", "info", "only at the target"]
    );
}

#[test]
fn filters_of_single_layers_see_the_right_records() {
    let (warnings, all) = (Records::default(), Records::default());
    let logger = loaded();
    let subscriber = Registry::default()
        .with(warnings.clone().with_filter(EnvFilter::new("warn")))
        .with(all.clone().with_filter(EnvFilter::new("info")));
    tracing::subscriber::with_default(subscriber, || {
        logger.within();
        logger.say("not a warning");
    });
    assert_eq!(warnings.messages(), ["while it is formatted"]);
    assert_eq!(
        all.messages(),
        ["while it is formatted", "around", "not a warning"]
    );
}

#[test]
fn a_filter_that_changes_is_felt_at_the_next_record() {
    let records = Records::default();
    let logger = loaded();
    let mut lengths = Vec::new();
    let (filter, handle) = tracing_subscriber::reload::Layer::new(EnvFilter::new("warn"));
    let subscriber = Registry::default().with(filter).with(records.clone());
    tracing::subscriber::with_default(subscriber, || {
        for directives in ["warn", "trace", "off", "fixture::levels=debug", "error"] {
            handle.reload(EnvFilter::new(directives)).expect("reloaded");
            logger.levels();
            lengths.push(records.events().len());
        }
    });
    assert_eq!(lengths, [2, 5, 0, 4, 1]);
}

#[test]
fn questions_are_answered_by_the_host() {
    let logger = loaded();
    assert!(!logger.is_debug());
    let ask = |directives| {
        let subscriber = Registry::default().with(EnvFilter::new(directives));
        tracing::subscriber::with_default(subscriber, || logger.is_debug())
    };
    assert!(ask("logger=debug"));
    assert!(!ask("logger=info"));
    assert!(logger.are_set());
}

#[test]
fn a_panic_while_a_record_is_made_is_a_fault_like_any_other() {
    let records = seen(|logger| {
        let fault = polyplug::catch(|| logger.broken()).expect_err("a fault");
        assert_eq!(fault.message(), "cannot be formatted");
        logger.say("still here");
    });
    assert_eq!(records.messages(), ["still here"]);
}

#[test]
fn a_subscriber_that_panics_harms_no_plugin() {
    struct Panics;
    impl<S: tracing::Subscriber> tracing_subscriber::Layer<S> for Panics {
        fn on_event(
            &self,
            event: &tracing::Event<'_>,
            _: tracing_subscriber::layer::Context<'_, S>,
        ) {
            panic!("at {}", event.metadata().target());
        }
    }
    let logger = loaded();
    tracing::subscriber::with_default(Registry::default().with(Panics), || {
        logger.say("into the void");
        logger.log("into the void");
    });
}

#[test]
fn lines_of_a_usual_subscriber_name_the_plugin() {
    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);
    impl std::io::Write for Written {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0
                .lock()
                .expect("never poisoned")
                .extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let written = Written::default();
    let writer = written.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_writer(move || writer.clone())
        .without_time()
        .with_ansi(false)
        .with_env_filter("logger=info")
        .finish();
    let logger = loaded();
    tracing::subscriber::with_default(subscriber, || {
        let _host = info_span!(target: "logger", "request", id = 7).entered();
        logger.nested(&|| ());
        logger.levels();
    });
    let written = written.0.lock().expect("never poisoned").clone();
    let inner = "request{id=7}:outer{plugin=\"logger\" depth=1}:inner{plugin=\"logger\" depth=2}";
    assert_eq!(
        String::from_utf8(written).expect("text"),
        format!(
            " INFO {inner}: logger: plugin=\"logger\" before\n \
             INFO {inner}: logger: plugin=\"logger\" after\n \
             INFO request{{id=7}}: logger: plugin=\"logger\" outside\n"
        )
    );
}

#[test]
fn a08_no_static_of_a_plugin_reaches_the_subscriber() {
    if cfg!(not(target_os = "linux")) {
        eprintln!("skipped: what is mapped is only read on Linux");
        return;
    }
    let mut plugin = Vec::new();
    let records = seen(|logger| {
        logger.nested(&|| logger.kinds());
        logger.wide();
        logger.log("text");
        logger.parents();
        // While it is there: it is unmapped when its runtime is gone.
        plugin = mapped("logger");
    });
    assert!(!plugin.is_empty(), "the plugin is mapped");
    let all = records.metadata();
    assert!(all.len() > 10);
    for metadata in all {
        for address in addresses(metadata) {
            assert!(
                !plugin.iter().any(|range| range.contains(&address)),
                "{address:#x} of {metadata:?} lies in the plugin"
            );
        }
    }
}

#[test]
fn two_loads_share_what_the_host_keeps() {
    let first = seen(|logger| logger.say("first")).events();
    let second = seen(|logger| logger.say("second")).events();
    assert!(std::ptr::eq(first[0].metadata, second[0].metadata));
}
