//! Unload and reload while being called: by threads that never pause, and by plugins that do what no plugin should.
//!
//! Each library is loaded from a file of the test's own, which is exchanged for another version before a reload.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use fixture_harness::{Folder, fixture};
use lifecycle_api::{Hostile, Orders, OtherVersion, Version, Word};
use polyplug::{Caller, FaultKind, Instance, Module, Pinned, Runtime, UnloadOutcome};

const LONG: Duration = Duration::from_secs(20);
const SHORT: Duration = Duration::from_millis(150);

type Act = dyn Fn(&str) -> String + Send + Sync;

/// What plugins are told, and what they gave.
#[derive(Default)]
struct Host {
    now: AtomicU64,
    mode: Mutex<String>,
    act: Mutex<Option<Arc<Act>>>,
    said: Mutex<Vec<String>>,
    kept: Mutex<Vec<Box<dyn Word>>>,
}

impl Host {
    fn set_mode(&self, mode: &str) {
        *self.mode.lock().unwrap() = mode.to_owned();
    }

    fn on_act(&self, act: impl Fn(&str) -> String + Send + Sync + 'static) {
        *self.act.lock().unwrap() = Some(Arc::new(act));
    }

    fn said(&self) -> Vec<String> {
        self.said.lock().unwrap().clone()
    }
}

struct Provided(Arc<Host>);

impl Orders for Provided {
    fn now(&self) -> u64 {
        self.0.now.load(Ordering::SeqCst)
    }
    fn mode(&self) -> String {
        self.0.mode.lock().unwrap().clone()
    }
    fn act(&self, what: &str) -> String {
        if let Some(said) = what.strip_prefix("say ") {
            self.0.said.lock().unwrap().push(said.to_owned());
            return String::new();
        }
        let act = self.0.act.lock().unwrap().clone();
        act.map_or_else(String::new, |act| act(what))
    }
    fn keep(&self, word: Box<dyn Word>) {
        self.0.kept.lock().unwrap().push(word);
    }
}

fn host() -> (Runtime, Arc<Host>) {
    let host = Arc::new(Host::default());
    let runtime = Runtime::new();
    runtime
        .provide::<dyn Orders>(Provided(Arc::clone(&host)))
        .unwrap();
    (runtime, host)
}

/// A runtime with the hostile plugin in it.
struct Stage {
    runtime: Runtime,
    host: Arc<Host>,
    module: Module,
    caller: Caller<dyn Hostile>,
}

fn stage() -> Stage {
    let (runtime, host) = host();
    let module = runtime.load(fixture("hostile")).unwrap();
    let caller = runtime.get().unwrap();
    Stage {
        runtime,
        host,
        module,
        caller,
    }
}

/// Puts a library where another was, without writing over what may be open.
fn exchange(place: &Path, library: &str) {
    let new = place.with_extension("new");
    let _ = std::fs::remove_file(&new);
    if std::fs::hard_link(fixture(library), &new).is_err() {
        std::fs::copy(fixture(library), &new).unwrap();
    }
    std::fs::rename(&new, place).unwrap();
}

fn place(folder: &Folder, library: &str) -> PathBuf {
    let place = folder
        .path()
        .join(std::env::consts::DLL_PREFIX.to_owned() + "played" + std::env::consts::DLL_SUFFIX);
    exchange(&place, library);
    place
}

#[track_caller]
fn assert_unmapped(module: &Module) {
    let report = module.unload_within(LONG);
    assert_eq!(report.outcome(), UnloadOutcome::Unmapped, "{report}");
}

/// Waits for something that another thread does.
#[track_caller]
fn until(what: &str, mut done: impl FnMut() -> bool) {
    let end = Instant::now() + LONG;
    while !done() {
        assert!(Instant::now() < end, "waited in vain: {what}");
        thread::sleep(Duration::from_millis(1));
    }
}

/// Threads whose names begin like that, in this process.
fn threads_called(name: &str) -> usize {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    tasks
        .flatten()
        .filter_map(|task| std::fs::read_to_string(task.path().join("comm")).ok())
        .filter(|comm| comm.starts_with(name))
        .count()
}

// Threads that never pause.

/// Sets a flag when it goes, also when a check of the test failed.
struct StopAtEnd<'a>(&'a AtomicBool);

impl Drop for StopAtEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// How often, when `cargo xtask soak --stress` asks for the long form.
fn stress(variable: &str) -> Option<u64> {
    std::env::var(variable)
        .ok()
        .map(|text| text.parse().unwrap())
}

#[test]
fn b02_a_call_belongs_to_one_version_and_versions_never_go_backwards() {
    let (runtime, host) = host();
    let folder = Folder::new(&format!(
        "b02-{:?}",
        std::env::var_os("POLYPLUG_BARRIER").is_some()
    ));
    let path = place(&folder, "versioned-one");
    host.now.store(1, Ordering::SeqCst);
    let first = runtime.load(&path).unwrap();
    let module = Mutex::new(first);
    let stop = AtomicBool::new(false);
    let (calls, during, faults) = (AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));
    // Odd while a module is exchanged.
    let exchanges = AtomicU64::new(0);
    // For five seconds, or so many times.
    let many = stress("POLYPLUG_STRESS_EXCHANGES");
    let end = Instant::now() + Duration::from_secs(5);

    let one_round =
        |from: &mut u64, version: &Caller<dyn Version>, other: &Caller<dyn OtherVersion>| {
            let check = |(made, code): (u64, u64)| {
                assert_eq!(
                    made % 2,
                    code % 2,
                    "the code of one version with the state of another"
                );
                made
            };
            let made = check(version.version());
            assert!(*from <= made, "{made} after {from}");
            let again = check(other.other());
            assert!(
                made <= again,
                "two contracts of a module are of one version"
            );
            *from = again;
            let letters = version.letters(300);
            assert!(
                letters.len() == 300
                    && ["1", "2"]
                        .iter()
                        .any(|code| letters.chars().all(|letter| code.starts_with(letter)))
            );
            let pinned = Caller::pin(version)?;
            let held = check(pinned.version());
            assert!(*from <= held);
            assert_eq!(
                held,
                check(pinned.version()),
                "a pinned handle stays where it is"
            );
            *from = held;
            Ok::<(), polyplug::Fault>(())
        };
    thread::scope(|scope| {
        let _stop = StopAtEnd(&stop);
        for _ in 0..4 {
            scope.spawn(|| {
                let _stop = StopAtEnd(&stop);
                let mut from = 0;
                while !stop.load(Ordering::Relaxed) {
                    let (Ok(version), Ok(other)) = (
                        runtime.get::<dyn Version>(),
                        runtime.get::<dyn OtherVersion>(),
                    ) else {
                        continue;
                    };
                    loop {
                        let before = exchanges.load(Ordering::SeqCst);
                        let round = polyplug::catch(|| one_round(&mut from, &version, &other));
                        let after = exchanges.load(Ordering::SeqCst);
                        calls.fetch_add(5, Ordering::Relaxed);
                        if before % 2 == 1 || before != after {
                            during.fetch_add(5, Ordering::Relaxed);
                        }
                        if let Ok(Ok(())) = round {
                            if stop.load(Ordering::Relaxed) {
                                break;
                            }
                            continue;
                        }
                        let fault = round.and_then(|round| round).unwrap_err();
                        assert_eq!(fault.kind(), FaultKind::Unloaded, "{fault}");
                        faults.fetch_add(1, Ordering::Relaxed);
                        break;
                    }
                }
            });
        }
        // Instances are made all the while, and live on over the end of their version.
        scope.spawn(|| {
            let _stop = StopAtEnd(&stop);
            let mut old: Vec<Instance<dyn Version>> = Vec::new();
            while !stop.load(Ordering::Relaxed) {
                if let Ok(instance) = runtime.create::<dyn Version>() {
                    old.push(instance);
                }
                for instance in &old {
                    let (_, code) = instance.version();
                    assert_eq!(instance.letters(3), code.to_string().repeat(3));
                }
                if old.len() > 8 {
                    old.clear();
                }
                thread::yield_now();
            }
        });
        let mut number = 1;
        while many.map_or_else(|| Instant::now() < end, |many| number <= many)
            && !stop.load(Ordering::SeqCst)
        {
            number += 1;
            exchange(
                &path,
                if number % 2 == 1 {
                    "versioned-one"
                } else {
                    "versioned-two"
                },
            );
            let mut module = module.lock().unwrap();
            exchanges.fetch_add(1, Ordering::SeqCst);
            if number % 4 == 0 {
                module.unload();
                host.now.store(number, Ordering::SeqCst);
                *module = runtime.load(&path).unwrap();
            } else {
                host.now.store(number, Ordering::SeqCst);
                module.reload().unwrap();
            }
            exchanges.fetch_add(1, Ordering::SeqCst);
        }
        println!(
            "{} calls, {} of them during an exchange, {} faults, {number} versions",
            calls.load(Ordering::Relaxed),
            during.load(Ordering::Relaxed),
            faults.load(Ordering::Relaxed),
        );
    });
    assert!(during.load(Ordering::Relaxed) >= 1_000);
    assert_unmapped(&module.into_inner().unwrap());
}

#[test]
fn b05_the_same_holds_where_readers_must_make_a_fence() {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["b02_", "--nocapture", "--test-threads", "1"])
        .env("POLYPLUG_BARRIER", "fence")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    println!("{text}");
    assert!(
        output.status.success(),
        "{text}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(text.contains("during an exchange"));
}

#[test]
fn g03_a_result_is_received_while_its_maker_is_there() {
    // The result's memory is given back by a function of the plugin: after the call returned, but inside it.
    let (runtime, host) = host();
    host.now.store(1, Ordering::SeqCst);
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let _stop = StopAtEnd(&stop);
        for _ in 0..3 {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    let Ok(version) = runtime.get::<dyn Version>() else {
                        thread::yield_now();
                        continue;
                    };
                    while let Ok(letters) = polyplug::catch(|| version.letters(200_000)) {
                        assert_eq!(letters.len(), 200_000);
                    }
                }
            });
        }
        for _ in 0..25 {
            let module = runtime.load(fixture("versioned-one")).unwrap();
            thread::sleep(Duration::from_millis(2));
            let report = module.unload_within(LONG);
            assert_eq!(report.outcome(), UnloadOutcome::Unmapped, "{report}");
        }
    });
}

#[test]
fn m01_an_instance_made_during_an_unload_is_whole_or_an_error() {
    let (runtime, host) = host();
    host.now.store(1, Ordering::SeqCst);
    let stop = AtomicBool::new(false);
    let made = AtomicU64::new(0);
    thread::scope(|scope| {
        let _stop = StopAtEnd(&stop);
        for _ in 0..3 {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    if let Ok(instance) = runtime.create::<dyn Version>() {
                        assert_eq!(instance.version(), (1, 1));
                        made.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
        for _ in 0..25 {
            let module = runtime.load(fixture("versioned-one")).unwrap();
            thread::sleep(Duration::from_millis(2));
            until("unmapped", || {
                module.unload_within(LONG).outcome() == UnloadOutcome::Unmapped
            });
        }
    });
    assert!(made.load(Ordering::Relaxed) > 25);
}

#[test]
fn g04_a_pin_made_during_an_unload_holds_or_is_a_fault() {
    let (runtime, host) = host();
    host.now.store(1, Ordering::SeqCst);
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let _stop = StopAtEnd(&stop);
        for _ in 0..3 {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    let Ok(version) = runtime.get::<dyn Version>() else {
                        thread::yield_now();
                        continue;
                    };
                    while let Ok(pinned) = Caller::pin(&version) {
                        assert_eq!(pinned.version(), (1, 1));
                        assert_eq!(pinned.letters(9), "111111111");
                    }
                }
            });
        }
        for _ in 0..25 {
            let module = runtime.load(fixture("versioned-one")).unwrap();
            thread::sleep(Duration::from_millis(2));
            assert_unmapped(&module);
        }
    });
}

// State.

#[test]
fn a_reload_loses_no_update() {
    let Stage {
        host: _,
        module,
        caller,
        runtime: _runtime,
    } = stage();
    let added = AtomicU64::new(0);
    let reloads = stress("POLYPLUG_STRESS_RELOADS").unwrap_or(30);
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let _stop = StopAtEnd(&stop);
        for _ in 0..4 {
            scope.spawn(|| {
                let _stop = StopAtEnd(&stop);
                while !stop.load(Ordering::Relaxed) {
                    caller.add(1);
                    added.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
        for _ in 0..reloads {
            let report = module.reload().unwrap();
            assert_eq!(report.restored(), ["hostile"]);
            assert!(!stop.load(Ordering::SeqCst));
        }
    });
    let added = added.load(Ordering::SeqCst);
    println!("{added} added over {reloads} reloads");
    assert_eq!(caller.add(0), added);
    assert_unmapped(&module);
}

#[test]
fn who_does_not_leave_is_named_and_the_old_version_serves_on() {
    let Stage {
        host,
        module,
        caller,
        runtime: _runtime,
    } = stage();
    caller.add(5);
    let pinned = Caller::pin(&caller).unwrap();
    let error = module.reload_within(SHORT).unwrap_err();
    assert_eq!(error.code(), "reload-timeout");
    assert!(
        format!("{error:#}").contains("1 pinned handle"),
        "{error:#}"
    );
    assert!(Pinned::is_current(&pinned));
    assert_eq!((pinned.add(1), caller.add(1)), (6, 7));
    drop(pinned);
    thread::scope(|scope| {
        let inside = thread::Builder::new()
            .name("lingers".to_owned())
            .spawn_scoped(scope, || caller.linger())
            .unwrap();
        until("it is inside", || {
            let error = module.reload_within(SHORT).map(|_| ()).err();
            error.is_some_and(|error| {
                assert_eq!(error.code(), "reload-timeout");
                format!("{error:#}").contains("`lingers`")
            })
        });
        assert_eq!(caller.add(1), 8);
        host.set_mode("go");
        assert!(inside.join().unwrap() >= 7);
    });
    assert_eq!(module.reload().unwrap().restored(), ["hostile"]);
    assert_eq!(caller.add(1), 9);
    assert_unmapped(&module);
}

#[test]
fn a_reload_that_fails_leaves_the_old_version_as_it_was() {
    let Stage {
        host,
        module,
        caller,
        runtime: _runtime,
    } = stage();
    caller.add(5);
    for (mode, code, text) in [
        ("panic in save", "save-failed", "in save"),
        ("panic in restore", "restore-failed", "in restore"),
        (
            "fail in restore",
            "restore-failed",
            "it does not like that state",
        ),
    ] {
        host.set_mode(mode);
        let error = module.reload().unwrap_err();
        assert_eq!(error.code(), code, "{error:#}");
        assert!(format!("{error:#}").contains(text), "{error:#}");
        host.set_mode("");
        let before = caller.add(0);
        assert_eq!(caller.add(1), before + 1);
    }
    assert_eq!(caller.add(0), 8);
    assert_eq!(module.reload().unwrap().number(), 2);
    assert_eq!(caller.add(0), 8);
    assert_unmapped(&module);
}

#[test]
fn b07_what_is_called_by_a_reload_cannot_wait_for_it() {
    let Stage {
        host,
        module,
        caller,
        runtime: _runtime,
    } = stage();
    caller.add(3);
    let called = caller.clone();
    let said = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&said);
    host.on_act(move |_| {
        let fault = polyplug::catch(|| called.add(100)).map_err(|fault| fault.to_string());
        heard
            .lock()
            .unwrap()
            .push((fault, Caller::pin(&called).is_err()));
        String::new()
    });
    for mode in ["call in save", "call in restore"] {
        host.set_mode(mode);
        module.reload().unwrap();
        let said = core::mem::take(&mut *said.lock().unwrap());
        let [(Err(fault), true)] = &said[..] else {
            panic!("{said:?}");
        };
        assert!(
            fault.contains("is being reloaded by this very thread"),
            "{fault}"
        );
    }
    host.set_mode("");
    assert_eq!(caller.add(0), 3);
    host.on_act(|_| String::new());
    drop(caller);
    assert_unmapped(&module);
}

// Threads and thread-locals.

#[test]
fn a01_a_thread_that_used_the_standard_library_in_a_plugin_ends_after_it_is_unmapped() {
    for _ in 0..3 {
        let Stage {
            module,
            caller,
            runtime: _runtime,
            ..
        } = stage();
        let thread = thread::spawn(move || {
            assert!(caller.current());
            assert_unmapped(&module);
        });
        thread.join().unwrap();
    }
}

#[test]
fn a01_threads_that_a_plugin_waits_for_are_gone_when_it_is_unloaded() {
    for _ in 0..10 {
        let Stage {
            module,
            caller,
            runtime: _runtime,
            ..
        } = stage();
        assert_eq!(caller.join(4), 4);
        assert_unmapped(&module);
    }
}

#[test]
fn a01_a_thread_that_was_only_just_started_holds_the_library() {
    for _ in 0..20 {
        let Stage {
            module,
            caller,
            runtime: _runtime,
            ..
        } = stage();
        caller.detach();
        assert_unmapped(&module);
    }
}

#[test]
fn a03_a_thread_that_outlives_its_module_is_named_and_the_last_holder() {
    let Stage {
        host,
        module,
        caller,
        runtime: _runtime,
    } = stage();
    caller.outlive();
    until("it runs", || threads_called("outlives") == 1);
    let report = module.unload_within(SHORT);
    assert_eq!(report.outcome(), UnloadOutcome::Held, "{report}");
    let text = report.to_string();
    assert!(
        text.contains("is unloaded, and still held by thread "),
        "{text}"
    );
    assert!(
        text.ends_with(" `outlives`, which the library started"),
        "{text}"
    );
    host.set_mode("go");
    assert_unmapped(&module);
    // The library is free when the thread has left it; the system takes a moment more to end it.
    until("it ends", || threads_called("outlives") == 0);
}

#[test]
fn a05_an_object_given_away_by_a_thread_that_ends_holds_the_library() {
    for round in 0..15 {
        let Stage {
            host,
            module,
            caller,
            runtime: _runtime,
        } = stage();
        caller.give_from_thread();
        drop(caller);
        module.unload();
        thread::sleep(Duration::from_micros(100 * round));
        host.set_mode("go");
        until("it is given", || !host.kept.lock().unwrap().is_empty());
        thread::sleep(Duration::from_millis(2));
        let words = core::mem::take(&mut *host.kept.lock().unwrap());
        assert_eq!(words[0].word(), "from a thread");
        let report = module.unload_within(SHORT);
        assert_eq!(report.holders().objects(), 1, "{report}");
        drop(words);
        assert_unmapped(&module);
    }
}

#[test]
fn a01_a_plugins_own_thread_that_unloads_it_keeps_its_thread_locals() {
    let Stage {
        host,
        module,
        caller,
        runtime: _runtime,
    } = stage();
    let own = module.clone();
    host.on_act(move |_| own.unload_within(SHORT).outcome().code().to_owned());
    assert_eq!(caller.act_on_thread("unload"), "started");
    until("it has said what it kept", || !host.said().is_empty());
    assert_eq!(host.said(), ["before held"]);
    host.on_act(|_| String::new());
    assert_unmapped(&module);
}

// Modules that do what no module should.

#[test]
fn hostile_modules_get_the_reports_that_they_deserve() {
    /// What a row does, and what must be seen.
    struct Row {
        name: &'static str,
        run: fn(&Stage) -> String,
        expected: &'static str,
        /// What became of it in the end.
        last: UnloadOutcome,
    }
    let rows = [
        Row {
            name: "unloads itself from inside a call",
            run: |stage| {
                let own = stage.module.clone();
                stage
                    .host
                    .on_act(move |_| own.unload_within(LONG).outcome().code().to_owned());
                let inside = stage.caller.act("unload");
                let after = polyplug::catch(|| stage.caller.add(1)).is_err();
                format!("{inside}, then a fault: {after}")
            },
            expected: "retiring, then a fault: true",
            last: UnloadOutcome::Unmapped,
        },
        Row {
            name: "reloads itself from inside a call",
            run: |stage| {
                let own = stage.module.clone();
                stage
                    .host
                    .on_act(move |_| own.reload().unwrap_err().code().to_owned());
                format!(
                    "{}, then {}",
                    stage.caller.act("reload"),
                    stage.caller.add(1)
                )
            },
            expected: "reentrant, then 1",
            last: UnloadOutcome::Unmapped,
        },
        Row {
            name: "unloads itself deep inside calls",
            run: |stage| {
                let (own, caller) = (stage.module.clone(), stage.caller.clone());
                stage.host.on_act(move |depth| match depth.parse::<u32>() {
                    Ok(0) => {
                        let reload = own.reload().unwrap_err();
                        let report = own.unload_within(LONG);
                        format!(
                            "{}, {}, {} calls",
                            reload.code(),
                            report.outcome().code(),
                            report.holders().calls().len()
                        )
                    }
                    Ok(depth) => caller.act(&(depth - 1).to_string()),
                    Err(_) => String::new(),
                });
                stage.caller.act("40")
            },
            expected: "reentrant, retiring, 1 calls",
            last: UnloadOutcome::Unmapped,
        },
        Row {
            name: "never returns while an unload waits",
            run: |stage| {
                let caller = stage.caller.clone();
                let inside = thread::Builder::new()
                    .name("stuck".to_owned())
                    .spawn(move || caller.linger())
                    .unwrap();
                until("it is inside", || {
                    stage.host.mode.try_lock().is_ok() && threads_called("stuck") == 1
                });
                thread::sleep(Duration::from_millis(20));
                let report = stage.module.unload_within(SHORT).to_string();
                stage.host.set_mode("go");
                let value = inside.join().unwrap();
                let start = report.find("is unloaded").unwrap();
                let digits = |letter: char| letter.is_ascii_digit();
                format!(
                    "{}, then {value}",
                    report[start..]
                        .split(digits)
                        .filter(|part| !part.is_empty())
                        .collect::<Vec<_>>()
                        .join("N")
                )
            },
            expected: "is unloaded, and still held by a call on thread N `stuck`, then 0",
            last: UnloadOutcome::Unmapped,
        },
        Row {
            name: "panics in its destructor",
            run: |stage| {
                stage.host.set_mode("panic in drop");
                stage.module.unload_within(LONG).outcome().code().to_owned()
            },
            expected: "unmapped",
            last: UnloadOutcome::Unmapped,
        },
        Row {
            name: "starts a thread in its destructor",
            run: |stage| {
                stage.host.set_mode("spawn in drop");
                stage.module.unload_within(LONG).outcome().code().to_owned()
            },
            expected: "unmapped",
            last: UnloadOutcome::Unmapped,
        },
        Row {
            name: "unloads itself, and waits, in its destructor",
            run: |stage| {
                let own = stage.module.clone();
                stage.host.on_act(move |_| {
                    own.unload_within(LONG);
                    String::new()
                });
                stage.host.set_mode("unload in drop");
                stage.module.unload_within(LONG).outcome().code().to_owned()
            },
            expected: "unmapped",
            last: UnloadOutcome::Unmapped,
        },
        Row {
            name: "drops the last handles of itself inside a call",
            run: |stage| {
                let instance = stage.runtime.create::<dyn Hostile>().unwrap();
                let word = stage.caller.word();
                let pinned = Caller::pin(&stage.caller).unwrap();
                let handles = Mutex::new(Some((instance, word, pinned)));
                let own = stage.module.clone();
                stage.host.on_act(move |_| {
                    own.unload();
                    drop(handles.lock().unwrap().take());
                    String::new()
                });
                stage.caller.act("drop");
                stage.module.unload_within(LONG).outcome().code().to_owned()
            },
            expected: "unmapped",
            last: UnloadOutcome::Unmapped,
        },
        Row {
            name: "gives away an object that outlives it",
            run: |stage| {
                let word = stage.caller.word();
                let report = stage.module.unload_within(SHORT);
                let said = format!(
                    "{}, {}, {}",
                    report.outcome().code(),
                    report.holders(),
                    word.word()
                );
                drop(word);
                said
            },
            expected: "held, 1 object, from a call",
            last: UnloadOutcome::Unmapped,
        },
    ];
    for row in rows {
        println!("{}", row.name);
        let stage = stage();
        assert_eq!((row.run)(&stage), row.expected, "{}", row.name);
        stage.host.on_act(|_| String::new());
        let report = stage.module.unload_within(LONG);
        assert_eq!(report.outcome(), row.last, "{}: {report}", row.name);
    }
}

#[test]
fn a_constructor_that_panics_leaves_nothing_and_one_that_loads_may() {
    let (runtime, host) = host();
    host.set_mode("panic in new");
    let error = runtime.load(fixture("hostile")).unwrap_err();
    assert_eq!(error.code(), "constructor-panicked");
    assert!(runtime.get::<dyn Hostile>().is_err());
    host.set_mode("load in new");
    let other = runtime.clone();
    let own = Mutex::new(None);
    host.on_act(move |_| {
        // What is being loaded is not there yet, and cannot be loaded twice.
        let twice = other.load(fixture("hostile")).unwrap_err();
        assert_eq!(twice.code(), "already-loaded");
        *own.lock().unwrap() = Some(other.load(fixture("versioned-one")).unwrap());
        String::new()
    });
    let module = runtime.load(fixture("hostile")).unwrap();
    assert_eq!(runtime.get::<dyn Version>().unwrap().version(), (0, 1));
    assert_eq!(runtime.modules().len(), 3);
    host.on_act(|_| String::new());
    host.set_mode("");
    assert_unmapped(&module);
}

#[test]
fn a_version_without_the_contract_makes_its_callers_fault_and_is_reported() {
    let (runtime, host) = host();
    let folder = Folder::new("lost");
    let path = place(&folder, "hostile");
    host.now.store(1, Ordering::SeqCst);
    let module = runtime.load(&path).unwrap();
    let caller = runtime.get::<dyn Hostile>().unwrap();
    let instance = runtime.create::<dyn Hostile>().unwrap();
    exchange(&path, "versioned-one");
    let report = module.reload().unwrap();
    assert_eq!(report.lost().len(), 1, "{report}");
    assert!(
        report
            .to_string()
            .contains("no longer offered: `fixture.hostile 1.0` of `hostile`"),
        "{report}"
    );
    let fault = polyplug::catch(|| caller.add(1)).unwrap_err();
    assert_eq!(fault.kind(), FaultKind::Unloaded);
    assert!(Caller::pin(&caller).is_err());
    assert!(
        Caller::cast::<dyn Version>(&caller).is_err(),
        "it is another plugin"
    );
    assert_eq!(runtime.get::<dyn Version>().unwrap().version(), (1, 1));
    // An instance stays on its code, and cannot move to where its contract is not.
    let mut instance = instance;
    assert!(!Instance::is_current(&instance));
    assert!(Instance::migrate(&mut instance).is_err());
    assert_eq!(instance.add(2), 2);
    // It comes back.
    exchange(&path, "hostile");
    module.reload().unwrap();
    assert_eq!(caller.add(4), 4);
    drop(instance);
    assert_unmapped(&module);
}

#[test]
fn an_instance_migrates_with_its_state_and_is_cast_to_what_its_plugin_offers() {
    let Stage {
        module,
        runtime,
        host,
        ..
    } = stage();
    let mut instance = runtime.create::<dyn Hostile>().unwrap();
    assert_eq!(instance.add(7), 7);
    Instance::migrate(&mut instance).unwrap();
    assert_eq!(instance.add(0), 7, "nothing happens in the current version");
    module.reload().unwrap();
    assert!(!Instance::is_current(&instance));
    host.set_mode("fail in restore");
    assert!(Instance::migrate(&mut instance).is_err());
    assert_eq!(instance.add(1), 8, "it is as it was");
    host.set_mode("");
    Instance::migrate(&mut instance).unwrap();
    assert!(Instance::is_current(&instance));
    assert_eq!(instance.add(0), 8);
    assert!(Instance::cast::<dyn Version>(instance).is_err());
    let versioned = runtime.load(fixture("versioned-one")).unwrap();
    let version = runtime.get::<dyn Version>().unwrap();
    let other = Caller::cast::<dyn OtherVersion>(&version).unwrap();
    assert_eq!(other.other(), version.version());
    let instance = runtime.create::<dyn Version>().unwrap();
    let instance = Instance::cast::<dyn OtherVersion>(instance).unwrap();
    assert_eq!(instance.other(), (0, 1));
    assert_eq!(
        versioned.unload_within(SHORT).holders().instances().len(),
        1
    );
    assert_eq!(instance.other(), (0, 1));
    drop(instance);
    assert_unmapped(&versioned);
    assert_unmapped(&module);
}

#[test]
fn a07_a_context_that_outlives_its_runtime_answers_with_faults() {
    let Stage {
        host,
        module,
        caller,
        runtime,
    } = stage();
    let instance = runtime.create::<dyn Hostile>().unwrap();
    assert_eq!(instance.ask().unwrap(), 0);
    // The instance keeps its runtime; only an object does not.
    let word = caller.word();
    drop((host, module, caller, runtime));
    assert_eq!(instance.ask().unwrap(), 0, "an instance keeps its runtime");
    drop(instance);
    assert_eq!(word.word(), "from a call");
}

// What lifecycle calls need of each other.

#[test]
fn dependents_refuse_an_unload_and_a_cascade_takes_them_along() {
    let (runtime, _host) = host();
    let hostile = runtime.load(fixture("hostile")).unwrap();
    let versioned = runtime.load(fixture("versioned-one")).unwrap();
    let provided = runtime.modules().remove(0);
    assert_eq!(provided.dependents().len(), 2);
    assert_eq!(hostile.dependencies().len(), 1);
    let report = provided.unload();
    assert_eq!(report.outcome(), UnloadOutcome::Refused);
    assert_eq!(report.dependents(), ["hostile", "versioned"]);
    let caller = runtime.get::<dyn Hostile>().unwrap();
    assert_eq!(caller.add(1), 1);
    let report = provided.unload_cascade();
    assert_eq!(report.cascaded().len(), 2);
    assert!(!hostile.is_loaded() && !versioned.is_loaded() && !provided.is_loaded());
    assert!(polyplug::catch(|| caller.add(1)).is_err());
    assert_unmapped(&hostile);
    assert_unmapped(&versioned);
}

#[test]
fn events_come_in_order_and_listeners_may_use_the_runtime() {
    let (runtime, host) = host();
    let events = Arc::new(Mutex::new(Vec::new()));
    let (heard, inner) = (Arc::clone(&events), runtime.clone());
    let listening = runtime.subscribe(move |event| {
        let text = event.to_string();
        let (_, what) = text.split_once("` ").unwrap();
        let words: Vec<_> = what.split([' ', ',', ':']).take(3).collect();
        heard.lock().unwrap().push(words.join(" "));
        // None of these waits for who tells.
        for module in inner.modules() {
            let _ = module.is_loaded();
            if text.contains("is being reloaded") {
                assert_eq!(
                    module.dependents().len(),
                    usize::from(module.path().is_none())
                );
            }
        }
        if text.contains("is being reloaded") {
            let hostile = inner.modules().pop().unwrap();
            assert_eq!(hostile.unload().outcome(), UnloadOutcome::Busy);
            assert_eq!(hostile.reload().unwrap_err().code(), "busy");
        }
        drop(inner.get::<dyn Hostile>());
    });
    let module = runtime.load(fixture("hostile")).unwrap();
    module.reload().unwrap();
    host.set_mode("fail in restore");
    module.reload().unwrap_err();
    host.set_mode("");
    assert_unmapped(&module);
    drop(listening);
    runtime.load(fixture("hostile")).unwrap();
    let events = events.lock().unwrap();
    assert_eq!(
        *events,
        [
            "is loaded ",
            "is being reloaded",
            "is reloaded as",
            "is being reloaded",
            "failed  the",
            "is being unloaded",
            "is unloaded and"
        ]
    );
}

#[test]
fn a_limit_may_be_as_long_as_one_likes() {
    let Stage {
        module,
        runtime: _runtime,
        ..
    } = stage();
    module.reload_within(Duration::MAX).unwrap();
    let report = module.unload_within(Duration::MAX);
    assert_eq!(report.outcome(), UnloadOutcome::Unmapped, "{report}");
}
