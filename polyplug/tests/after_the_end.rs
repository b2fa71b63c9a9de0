//! What is used after its module, its peer or its runtime is gone, and versions that do not fit: each with what must be seen.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use contract::{Desk, Plan, TheDesk};
use counter_api::Source;
use fixture_harness::{Folder, fixture};
use lifecycle_api::{Hostile, Orders, Word};
use polyplug::{Caller, Context, Error, Fault, FaultKind, Pinned, Runtime, UnloadOutcome};
use tally_api::{Reader, Tally};

#[allow(unreachable_pub, dead_code, reason = "it is a plugin's as well")]
#[path = "../../plugins/fixtures/matrix-1-1/src/contract.rs"]
mod contract;

const LONG: Duration = Duration::from_secs(20);

/// A host that can be sent on an errand, and says when it is dropped.
#[derive(Default)]
struct Host {
    errand: Mutex<Option<Box<dyn FnOnce() + Send>>>,
    dropped: Arc<AtomicBool>,
}

/// What is provided of it.
struct Provided(Arc<Host>);

impl Orders for Provided {
    fn now(&self) -> u64 {
        7
    }
    fn mode(&self) -> String {
        String::new()
    }
    fn act(&self, _: &str) -> String {
        let errand = self.0.errand.lock().unwrap().take();
        errand.map_or_else(String::new, |errand| {
            errand();
            "done".to_owned()
        })
    }
    fn keep(&self, _: Box<dyn Word>) {}
}

impl Drop for Host {
    fn drop(&mut self) {
        self.dropped.store(true, Ordering::SeqCst);
    }
}

#[track_caller]
fn until(what: &str, mut done: impl FnMut() -> bool) {
    let end = Instant::now() + LONG;
    while !done() {
        assert!(Instant::now() < end, "waited in vain: {what}");
        thread::sleep(Duration::from_millis(1));
    }
}

/// What a call came to, in a word.
fn said<T: ToString>(call: impl FnOnce() -> T) -> String {
    match polyplug::catch(call) {
        Ok(value) => value.to_string(),
        Err(fault) => fault.to_string(),
    }
}

#[test]
fn after_an_unload_each_handle_does_what_its_kind_says() {
    let runtime = Runtime::new();
    runtime
        .provide::<dyn Orders>(Provided(Arc::default()))
        .unwrap();
    let module = runtime.load(fixture("hostile")).unwrap();
    let caller = runtime.get::<dyn Hostile>().unwrap();
    let clone = caller.clone();
    let pinned = Caller::pin(&caller).unwrap();
    let instance = runtime.create::<dyn Hostile>().unwrap();
    let word = caller.word();
    let provider = runtime.providers::<dyn Hostile>().remove(0);
    assert_eq!(module.unload().outcome(), UnloadOutcome::Held);

    let gone = "hostile, fixture.hostile.add: the plugin is no longer loaded";
    let rows: [(&str, String, &str); 12] = [
        ("a caller", said(|| caller.add(1)), gone),
        ("its clone", said(|| clone.add(1)), gone),
        (
            "a method that returns a fault",
            caller.ask().unwrap_err().code().to_owned(),
            "unloaded",
        ),
        (
            "a new pin",
            Caller::pin(&caller).unwrap_err().code().to_owned(),
            "unloaded",
        ),
        ("a pin", said(|| pinned.add(2)), "2"),
        ("a clone of a pin", said(|| pinned.clone().add(3)), "5"),
        ("an instance", said(|| instance.add(4)), "4"),
        ("an object", said(|| word.word()), "from a call"),
        (
            "what a pin asks the host",
            said(|| pinned.ask().unwrap()),
            "7",
        ),
        (
            "a provider",
            provider.get().unwrap_err().code().to_owned(),
            "no-provider",
        ),
        (
            "an instance from a provider",
            provider.create().unwrap_err().code().to_owned(),
            "no-provider",
        ),
        (
            "the module",
            module.get::<dyn Hostile>().unwrap_err().code().to_owned(),
            "no-provider",
        ),
    ];
    for (handle, found, expected) in rows {
        assert_eq!(found, expected, "{handle}");
    }
    assert_eq!(module.reload().unwrap_err().code(), "not-loaded");
    assert_eq!(Pinned::plugin(&pinned), "hostile");
    drop((pinned, instance, word));
    let report = module.unload_within(LONG);
    assert_eq!(report.outcome(), UnloadOutcome::Unmapped, "{report}");
    assert_eq!(said(|| caller.add(1)), gone, "also when it is unmapped");
}

#[test]
fn a_peer_that_was_unloaded_is_a_fault_in_who_calls_it() {
    let runtime = Runtime::new();
    runtime
        .provide::<dyn tally_api::Mood>(Even)
        .expect("provided");
    let peer = runtime.load(fixture("moody")).unwrap();
    let reader = runtime.load(fixture("peer-reader")).unwrap();
    let total = runtime.get_from::<dyn Reader>("peer-reader").unwrap();
    let pinned = Caller::pin(&total).unwrap();
    assert_eq!(pinned.total(), 0);
    // It is needed; with those that need it, it goes.
    let report = peer.unload();
    assert_eq!(report.outcome(), UnloadOutcome::Refused);
    assert_eq!(report.dependents(), ["peer-reader"]);
    let report = peer.unload_cascade();
    assert_eq!(report.cascaded().len(), 1, "{report}");
    assert_eq!(report.cascaded()[0].outcome(), UnloadOutcome::Held);
    let report = peer.unload_within(LONG);
    assert_eq!(report.outcome(), UnloadOutcome::Unmapped, "{report}");
    // What is held of the other has a caller of code that is unmapped by now.
    for _ in 0..3 {
        let fault = polyplug::catch(|| pinned.total()).unwrap_err();
        assert_eq!(fault.kind(), FaultKind::Unloaded);
        assert_eq!(
            fault.to_string(),
            "moody, fixture.tally.add: the plugin is no longer loaded"
        );
    }
    drop(pinned);
    let report = reader.unload_within(LONG);
    assert_eq!(report.outcome(), UnloadOutcome::Unmapped, "{report}");
}

struct Even;

impl tally_api::Mood for Even {
    fn today(&self) -> u32 {
        0
    }
    fn lives(&self, _: i32) {}
}

/// What a plugin of this program keeps of its context.
static KEPT: Mutex<Option<Keeper>> = Mutex::new(None);

struct Keeper {
    context: Context,
    host: Caller<dyn Orders>,
    peer: Caller<dyn Reader>,
}

struct Leaky(Context);

impl Leaky {
    fn new(context: &Context) -> Self {
        Self(context.clone())
    }
}

#[polyplug::plugin(name = "leaky", new = Leaky::new, wants(dyn Reader))]
impl Tally for Leaky {
    fn add(&self, amount: u64) -> u64 {
        *KEPT.lock().unwrap() = Some(Keeper {
            context: self.0.clone(),
            host: self.0.host().unwrap(),
            peer: self.0.peer().unwrap(),
        });
        amount
    }
    fn fail(&self) -> Result<u64, Fault> {
        Ok(0)
    }
}

struct Three;

#[polyplug::plugin(name = "three")]
impl Reader for Three {
    fn total(&self) -> u64 {
        3
    }
}

impl Default for Three {
    fn default() -> Self {
        Self
    }
}

#[test]
fn a07_a_context_that_is_used_after_its_runtime_answers_with_errors_from_any_thread() {
    let host = Host::default();
    let dropped = Arc::clone(&host.dropped);
    let runtime = Runtime::new();
    runtime
        .provide::<dyn Orders>(Provided(Arc::new(host)))
        .unwrap();
    runtime.load_linked().unwrap();
    let tally = runtime.get_from::<dyn Tally>("leaky").unwrap();
    assert_eq!(tally.add(1), 1);
    let kept = KEPT.lock().unwrap().take().unwrap();
    assert_eq!((kept.host.now(), kept.peer.total()), (7, 3));
    drop((runtime, tally));
    until("the host's value is dropped", || {
        dropped.load(Ordering::SeqCst)
    });

    let ask = || {
        let missing = |error: Error| {
            assert!(error.to_string().contains("its runtime is gone"), "{error}");
            error.code()
        };
        let context = kept.context.clone();
        let found = [
            missing(context.host::<dyn Orders>().unwrap_err()),
            missing(context.host::<dyn Source>().unwrap_err()),
            missing(context.peer::<dyn Reader>().unwrap_err()),
        ];
        assert_eq!(
            found,
            [
                "missing-host-contract",
                "missing-host-contract",
                "missing-peer"
            ]
        );
        assert!(context.peers::<dyn Reader>().is_empty());
        #[cfg(feature = "config")]
        assert_eq!(
            context.config::<Option<u32>>().unwrap_err().code(),
            "unloaded"
        );
        assert_eq!(
            (context.plugin(), context.previous_version()),
            ("leaky", None)
        );
        for fault in [
            polyplug::catch(|| kept.host.now()).unwrap_err(),
            polyplug::catch(|| kept.peer.total()).unwrap_err(),
        ] {
            assert_eq!(fault.kind(), FaultKind::Unloaded, "{fault}");
        }
        assert_eq!(Caller::pin(&kept.peer).unwrap_err().code(), "unloaded");
    };
    ask();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(ask);
        }
    });
}

#[test]
fn a_thread_of_a_plugin_that_outlives_its_runtime_ends_with_a_fault() {
    let host = Host::default();
    let dropped = Arc::clone(&host.dropped);
    let runtime = Runtime::new();
    runtime
        .provide::<dyn Orders>(Provided(Arc::new(host)))
        .unwrap();
    let module = runtime.load(fixture("hostile")).unwrap();
    let caller = runtime.get::<dyn Hostile>().unwrap();
    // Its thread asks the host without end.
    caller.outlive();
    until("it runs", || called("outlives") == 1);
    drop((runtime, module, caller));
    until("the host's value is dropped", || {
        dropped.load(Ordering::SeqCst)
    });
    until("its thread has ended", || called("outlives") == 0);
}

/// Threads of that name.
fn called(name: &str) -> usize {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    let names = tasks
        .flatten()
        .filter_map(|task| std::fs::read_to_string(task.path().join("comm")).ok());
    names.filter(|comm| comm.trim() == name).count()
}

#[test]
fn everything_but_the_caller_may_go_inside_its_call() {
    let host = Arc::new(Host::default());
    let dropped = Arc::clone(&host.dropped);
    let runtime = Runtime::new();
    runtime
        .provide::<dyn Orders>(Provided(Arc::clone(&host)))
        .unwrap();
    let module = runtime.load(fixture("hostile")).unwrap();
    let caller = runtime.get::<dyn Hostile>().unwrap();
    let pinned = Caller::pin(&caller).unwrap();
    let last = (runtime, module, caller.clone());
    *host.errand.lock().unwrap() = Some(Box::new(move || drop(last)));
    drop(host);
    assert_eq!(caller.act("drop the runtime"), "done");
    assert_eq!(caller.ask().unwrap(), 7, "a handle keeps its runtime");
    drop(caller);
    assert_eq!(pinned.ask().unwrap(), 7);
    assert!(!dropped.load(Ordering::SeqCst));
    drop(pinned);
    until("everything ends", || dropped.load(Ordering::SeqCst));
}

#[test]
fn a_version_of_another_shape_is_refused_with_a_diff_and_the_old_one_serves_on() {
    let folder = Folder::new("another-shape");
    let read = |name: &str| std::fs::read(fixture(name)).unwrap();
    let path = folder.file("libplayed.so", &read("matrix-1-1"));
    let runtime = Runtime::new();
    runtime.provide::<dyn Desk>(TheDesk).unwrap();
    let module = runtime.load(&path).unwrap();
    let plan = runtime.get::<dyn Plan>().unwrap();
    let instance = runtime.create::<dyn Plan>().unwrap();
    let before = contract::plan_lines(&plan);

    let bad = folder.file("bad", &read("matrix-bad"));
    std::fs::rename(bad, &path).unwrap();
    let error = module.reload().unwrap_err();
    assert_eq!(error.code(), "contract-mismatch");
    let text = format!("{error:#}");
    assert!(
        text.starts_with("plugin `matrix-bad` in `")
            && text.contains("(5 differences)")
            && text.contains("field `width`: the plugin has `u16`, the host has `u8`"),
        "{text}"
    );
    assert_eq!(contract::plan_lines(&plan), before);
    assert!(polyplug::Instance::is_current(&instance));
    assert_eq!(module.plugins()[0].name(), "matrix-1-1");
    assert!(module.is_loaded());

    // What fits is taken, under the number that was not used up; the name of what was refused is free.
    let good = folder.file("good", &read("matrix-1-2"));
    std::fs::rename(good, &path).unwrap();
    assert_eq!(module.reload().unwrap().number(), 2);
    assert_eq!(module.plugins()[0].name(), "matrix-1-2");
    drop(instance);
    let report = module.unload_within(LONG);
    assert_eq!(report.outcome(), UnloadOutcome::Unmapped, "{report}");
}
