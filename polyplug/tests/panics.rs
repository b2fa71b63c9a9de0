//! Panics, in every place and direction: each is a fault with the words and the place of whoever panicked, and everybody
//! lives on.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use faulty_api::{Back, Faulty, Listener, Refusal};
use fixture_harness::fixture;
use polyplug::{Caller, Fault, FaultKind, Runtime, catch};
use support::in_child;

mod support;

/// Answers, calls the plugin again, or panics, by depth.
#[derive(Default)]
struct Host {
    plugin: Arc<Mutex<Option<Caller<dyn Faulty>>>>,
}

impl Back for Host {
    fn back(&self, depth: u32) -> u32 {
        match depth {
            0 => panic!("in the host contract"),
            1 => 100,
            _ => {
                let plugin = self.plugin.lock().expect("never poisoned").clone();
                plugin.expect("the plugin").host(depth - 2)
            }
        }
    }
}

struct Panicking;

impl Listener for Panicking {
    fn hear(&self) -> u32 {
        panic!("in the object of the host")
    }
}

/// A runtime with the plugin, in which the host can call the plugin back.
struct Loaded {
    runtime: Runtime,
    plugin: Arc<Mutex<Option<Caller<dyn Faulty>>>>,
}

impl Drop for Loaded {
    fn drop(&mut self) {
        // A caller in the host's own value keeps the runtime alive, and the runtime keeps the value.
        *self.plugin.lock().expect("never poisoned") = None;
    }
}

fn loaded() -> (Loaded, Caller<dyn Faulty>) {
    let runtime = Runtime::new();
    let plugin = Arc::new(Mutex::new(None));
    runtime
        .provide::<dyn Back>(Host {
            plugin: Arc::clone(&plugin),
        })
        .expect("provided");
    runtime.load(fixture("faulty")).expect("loaded");
    let caller = runtime.get::<dyn Faulty>().expect("a caller");
    *plugin.lock().expect("never poisoned") = Some(caller.clone());
    (Loaded { runtime, plugin }, caller)
}

fn fault<T: std::fmt::Debug>(call: impl FnOnce() -> T) -> Fault {
    catch(call).expect_err("a fault")
}

#[test]
fn a_message_arrives_with_file_and_line() {
    let (_loaded, faulty) = loaded();
    let fault = fault(|| faulty.text("this"));
    assert_eq!(fault.kind(), FaultKind::Panicked);
    assert_eq!(fault.message(), "the message is this");
    let location = fault.location().expect("a place");
    assert!(location.file().ends_with("src/lib.rs"));
    let shown = fault.to_string();
    assert!(
        shown.starts_with("faulty, fixture.faulty.text: the message is this ("),
        "{shown}"
    );
    assert!(
        shown.ends_with(&format!("src/lib.rs:{})", location.line())),
        "{shown}"
    );
    assert_eq!(self::fault(|| faulty.literal()).message(), "a literal");
}

#[test]
fn c02_payloads_of_every_kind_are_contained() {
    let (_loaded, faulty) = loaded();
    assert_eq!(
        fault(|| faulty.number()).message(),
        "panicked with a payload that is no text"
    );
    assert_eq!(
        fault(|| faulty.dropping()).message(),
        "panicked with a payload that is no text"
    );
    let huge = fault(|| faulty.huge(1 << 20));
    assert_eq!(huge.message().len(), 1 << 20);
    assert_eq!(fault(|| faulty.raise()).message(), "raised on purpose");
    assert_eq!(faulty.host(1), 100);
}

#[test]
fn a_default_body_can_panic() {
    let (_loaded, faulty) = loaded();
    let fault = fault(|| faulty.defaulted());
    assert_eq!(
        (fault.message(), fault.plugin()),
        ("in the default body", "faulty")
    );
}

#[test]
fn c02_a_destructor_that_panics_is_no_panic_of_the_host() {
    let (loaded, _faulty) = loaded();
    let runtime = &loaded.runtime;
    let instance = runtime.create::<dyn Faulty>().expect("an instance");
    assert_eq!(instance.host(1), 100);
    drop(instance);
    assert_eq!(
        runtime.get::<dyn Faulty>().expect("still there").host(1),
        100
    );
}

#[test]
fn the_fault_of_a_host_contract_names_the_host() {
    let (_loaded, faulty) = loaded();
    let direct = fault(|| faulty.host(0));
    assert_eq!(
        (direct.plugin(), direct.contract(), direct.method()),
        ("host", "fixture.faulty.host", "back")
    );
    assert_eq!(direct.message(), "in the host contract");
    // host -> plugin -> host -> plugin -> host, which panics.
    let nested = fault(|| faulty.host(2));
    assert_eq!(
        (nested.plugin(), nested.message()),
        ("host", "in the host contract")
    );
    // The plugin can take it as a value, and the host answers as if nothing had been.
    assert_eq!(
        faulty.caught(),
        "host, fixture.faulty.host.back: in the host contract"
    );
    assert_eq!(faulty.host(3), 100);
}

#[test]
fn the_fault_of_an_object_names_the_host() {
    let (_loaded, faulty) = loaded();
    let direct = fault(|| faulty.object(&Panicking));
    assert_eq!(
        (direct.plugin(), direct.contract()),
        ("host", "fixture.faulty.listener")
    );
    assert_eq!(direct.message(), "in the object of the host");
    assert_eq!(
        faulty.object_into(&Panicking),
        "caught host, fixture.faulty.listener.hear: in the object of the host"
    );
}

#[test]
fn another_call_of_the_same_thread_is_in_flight() {
    let (_loaded, faulty) = loaded();
    // The inner plugin call panics (depth 2 - 2 = 0 in the host), the outer one goes on after catching it.
    struct Twice(Caller<dyn Faulty>);
    impl Listener for Twice {
        fn hear(&self) -> u32 {
            let inner = catch(|| self.0.literal()).expect_err("the inner call");
            assert_eq!(inner.message(), "a literal");
            6
        }
    }
    assert_eq!(faulty.object(&Twice(faulty.clone())), 7);
}

#[test]
fn eight_threads_panic_at_once() {
    let (_loaded, faulty) = loaded();
    let seen = AtomicU32::new(0);
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let (faulty, seen) = (&faulty, &seen);
            scope.spawn(move || {
                for round in 0..200 {
                    let message = format!("{thread}.{round}");
                    let fault = fault(|| faulty.text(&message));
                    assert_eq!(fault.message(), format!("the message is {message}"));
                    assert!(fault.location().is_some());
                    seen.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    assert_eq!(seen.into_inner(), 1600);
}

#[test]
fn linked_and_provided_values_are_contained_too() {
    struct Broken;
    impl Listener for Broken {
        fn hear(&self) -> u32 {
            panic!("in this program")
        }
    }
    let runtime = Runtime::new();
    runtime
        .provide_as::<dyn Listener>("broken", Broken)
        .expect("provided");
    let listener = runtime.get::<dyn Listener>().expect("a caller");
    let fault = fault(|| listener.hear());
    assert_eq!(
        (fault.plugin(), fault.method(), fault.message()),
        ("broken", "hear", "in this program")
    );
}

#[test]
fn a_fault_that_nobody_takes_is_a_panic_with_the_fault_as_payload() {
    let (_loaded, faulty) = loaded();
    let joined = std::thread::spawn(move || faulty.literal()).join();
    let payload = joined.expect_err("a panic");
    assert_eq!(
        payload.downcast_ref::<Fault>().expect("a fault").message(),
        "a literal"
    );
}

/// Resident memory of this process, in bytes.
fn resident() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").expect("the kernel's count");
    statm
        .split_whitespace()
        .nth(1)
        .and_then(|pages| pages.parse::<usize>().ok())
        .expect("a number")
        * 4096
}

/// A million results of a kind leave memory as it was: 4 bytes each would be seen.
fn stays_flat(what: &str, mut call: impl FnMut()) {
    if !cfg!(target_os = "linux") {
        eprintln!("skipped: {what}: resident memory is only read on Linux");
        return;
    }
    if std::env::var_os("ASAN_OPTIONS").is_some() {
        eprintln!(
            "skipped: {what}: the address sanitizer keeps freed memory resident; it looks for leaks itself"
        );
        return;
    }
    let rounds = 1_000_000;
    for _ in 0..20_000 {
        call();
    }
    let before = resident();
    for _ in 0..rounds {
        call();
    }
    let grown = resident().saturating_sub(before);
    assert!(
        grown < rounds * 4,
        "{what}: {grown} bytes more after {rounds} calls"
    );
}

#[test]
fn strings_errors_and_faults_leave_memory_flat() {
    // One test, so that no other allocates beside it: run in a process of its own.
    if in_child("strings_errors_and_faults_leave_memory_flat", &[]).is_some() {
        return;
    }
    let (loaded, faulty) = loaded();
    let runtime = &loaded.runtime;
    runtime.load(fixture("kinds")).expect("loaded");
    let kinds = runtime.get::<dyn kinds_api::Kinds>().expect("a caller");
    stays_flat("strings", || {
        assert_eq!(kinds_api::Kinds::greet(&kinds, "you").len(), 11)
    });
    stays_flat("errors", || {
        assert_eq!(
            faulty.error("no"),
            Err(Refusal::Because("nononono".to_owned()))
        )
    });
    let mut left = 20_000;
    stays_flat("faults", || {
        left -= 1;
        if left > 0 {
            drop(fault(|| faulty.literal()));
        }
    });
}

#[test]
fn the_hook_of_a_plugin_is_silent_unless_asked() {
    let Some(stderr) = in_child("the_hook_of_a_plugin_is_silent_unless_asked", &[]) else {
        let (_loaded, faulty) = loaded();
        // Taken as a value: nothing. Not taken: one line, once.
        drop(fault(|| faulty.literal()));
        for _ in 0..3 {
            let faulty = faulty.clone();
            assert!(std::thread::spawn(move || faulty.literal()).join().is_err());
        }
        return;
    };
    let lines: Vec<_> = stderr
        .lines()
        .filter(|line| line.contains("a literal"))
        .collect();
    assert_eq!(lines.len(), 1, "{stderr}");
    assert!(
        lines[0].starts_with("polyplug: faulty, fixture.faulty.literal: a literal ("),
        "{stderr}"
    );
    assert!(!stderr.contains("panicked at"), "{stderr}");
}

#[test]
fn the_hook_of_a_plugin_prints_when_asked() {
    let Some(stderr) = in_child("the_hook_of_a_plugin_prints_when_asked", &[]) else {
        let runtime = Runtime::builder().plugin_panic_output(true).build();
        runtime
            .provide::<dyn Back>(Host::default())
            .expect("provided");
        runtime.load(fixture("faulty")).expect("loaded");
        drop(fault(|| {
            runtime.get::<dyn Faulty>().expect("a caller").literal()
        }));
        return;
    };
    assert!(
        stderr.contains("panicked at") && stderr.contains("a literal"),
        "{stderr}"
    );
}

#[test]
fn d02_the_hook_of_the_host_stays_the_hosts() {
    let Some(stderr) = in_child("d02_the_hook_of_the_host_stays_the_hosts", &[]) else {
        std::panic::set_hook(Box::new(|info| eprintln!("the host's own hook: {info}")));
        let (_loaded, faulty) = loaded();
        drop(fault(|| faulty.literal()));
        assert!(std::thread::spawn(|| panic!("of the host")).join().is_err());
        return;
    };
    assert!(
        stderr.contains("the host's own hook") && stderr.contains("of the host"),
        "{stderr}"
    );
    assert!(!stderr.contains("a literal"), "{stderr}");
}

#[test]
fn d02_a_panic_on_a_thread_of_the_plugin_is_reported_to_the_host() {
    let Some(stderr) = in_child(
        "d02_a_panic_on_a_thread_of_the_plugin_is_reported_to_the_host",
        &[],
    ) else {
        let (_loaded, faulty) = loaded();
        assert!(faulty.thread());
        // Contained ones stay values, on any thread of the host.
        drop(fault(|| faulty.literal()));
        let other = faulty.clone();
        let taken = std::thread::spawn(move || fault(|| other.literal())).join();
        assert_eq!(taken.expect("no panic of the host").message(), "a literal");
        return;
    };
    if cfg!(not(unix)) {
        eprintln!("skipped: whose thread it is cannot be known here");
        return;
    }
    if std::env::var_os("ASAN_OPTIONS").is_some() {
        eprintln!("skipped: the address sanitizer starts every thread itself, in the program");
        return;
    }
    let lines: Vec<_> = stderr
        .lines()
        .filter(|line| line.contains("on a thread of its own"))
        .collect();
    assert_eq!(lines.len(), 1, "{stderr}");
    assert!(
        lines[0]
            .starts_with("polyplug: a thread of `libfaulty` panicked: on a thread of its own ("),
        "{stderr}"
    );
    assert!(lines[0].contains("lib.rs:"), "{stderr}");
    assert!(!stderr.contains("a literal"), "{stderr}");
}

#[test]
fn a05_states_are_dropped_when_the_last_handle_is_gone() {
    struct Noticed(Arc<AtomicU32>);
    impl Drop for Noticed {
        fn drop(&mut self) {
            self.0.store(
                std::thread::current()
                    .name()
                    .map_or(0, |name| u32::from(name == "polyplug-reaper") + 1),
                Ordering::SeqCst,
            );
        }
    }
    impl Listener for Noticed {
        fn hear(&self) -> u32 {
            1
        }
    }
    let dropped = Arc::new(AtomicU32::new(0));
    let runtime = Runtime::new();
    runtime
        .provide::<dyn Listener>(Noticed(Arc::clone(&dropped)))
        .expect("provided");
    let listener = runtime.get::<dyn Listener>().expect("a caller");
    drop(runtime);
    assert_eq!(listener.hear(), 1, "the handle keeps its runtime alive");
    assert_eq!(dropped.load(Ordering::SeqCst), 0);
    drop(listener);
    let deadline = Instant::now() + Duration::from_secs(20);
    while dropped.load(Ordering::SeqCst) == 0 && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(dropped.load(Ordering::SeqCst), 2, "dropped on the reaper");
}
