//! Unload and reload, as a host sees them: what its handles do, what the receipts say, what is left.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use counter_api::Counter;
use fixture_harness::fixture;
use polyplug::{Caller, FaultKind, Instance, Module, Runtime, UnloadOutcome};

const LONG: Duration = Duration::from_secs(10);

/// The private copies of a library that are mapped now.
fn mapped(name: &str) -> Vec<String> {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap_or_default();
    let mut paths: Vec<_> = maps
        .lines()
        .filter_map(|line| line.split_whitespace().nth(5))
        .filter(|path| path.contains("polyplug-") && path.contains(name))
        .map(str::to_owned)
        .collect();
    paths.dedup();
    paths
}

#[test]
fn a_module_that_nobody_holds_is_unmapped() {
    let runtime = Runtime::new();
    let module = runtime.load(fixture("counter")).unwrap();
    let counter = runtime.get::<dyn Counter>().unwrap();
    assert_eq!(counter.add(2), 2);
    let report = module.unload_within(LONG);
    assert_eq!(report.outcome(), UnloadOutcome::Unmapped, "{report}");
    let fault = polyplug::catch(|| counter.add(1)).unwrap_err();
    assert_eq!(fault.kind(), FaultKind::Unloaded);
    assert_eq!(
        runtime.get::<dyn Counter>().unwrap_err().code(),
        "no-provider"
    );
    // Name and file are free.
    let module = runtime.load(fixture("counter")).unwrap();
    assert_eq!(runtime.get::<dyn Counter>().unwrap().add(1), 1);
    assert!(
        polyplug::catch(|| counter.add(1)).is_err(),
        "old callers do not revive"
    );
    assert_eq!(
        module.unload_within(LONG).outcome(),
        UnloadOutcome::Unmapped
    );
}

#[test]
fn handles_that_hold_a_module_keep_working_and_are_named() {
    let runtime = Runtime::new();
    let module = runtime.load(fixture("counter")).unwrap();
    let counter = runtime.get::<dyn Counter>().unwrap();
    let pinned = Caller::pin(&counter).unwrap();
    let instance = runtime.create::<dyn Counter>().unwrap();
    let report = module.unload();
    assert_eq!(report.outcome(), UnloadOutcome::Held);
    assert!(
        report
            .to_string()
            .contains("1 pinned handle, 1 instance of `"),
        "{report}"
    );
    assert!(polyplug::catch(|| counter.add(1)).is_err());
    assert_eq!((pinned.add(1), instance.add(5)), (1, 5));
    assert!(!Instance::is_current(&instance));
    drop(pinned);
    let report = module.unload_within(LONG);
    assert_eq!(report.outcome(), UnloadOutcome::Held);
    assert_eq!(report.holders().instances()[0].1, 1);
    assert_eq!(instance.add(5), 10);
    drop(instance);
    let report = module.unload_within(LONG);
    assert_eq!(report.outcome(), UnloadOutcome::Unmapped, "{report}");
}

#[test]
fn many_cycles_leave_nothing_mapped() {
    let before = mapped("counter");
    for _ in 0..60 {
        let runtime = Runtime::new();
        let module = runtime.load(fixture("counter")).unwrap();
        assert_eq!(runtime.get::<dyn Counter>().unwrap().add(2), 2);
        let report = module.unload_within(LONG);
        assert_eq!(report.outcome(), UnloadOutcome::Unmapped, "{report}");
    }
    // Other tests of this process have theirs.
    assert!(mapped("counter").len() <= before.len() + 8);
}

#[test]
fn calls_and_reloads_race() {
    let runtime = Runtime::new();
    let module = runtime.load(fixture("counter")).unwrap();
    let stop = AtomicBool::new(false);
    let calls = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            let counter = runtime.get::<dyn Counter>().unwrap();
            let (stop, calls) = (&stop, &calls);
            scope.spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    assert!(counter.add(1) > 0);
                    calls.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        for number in 2..60 {
            let report = module.reload().unwrap();
            assert_eq!(report.number(), number);
        }
        stop.store(true, Ordering::Relaxed);
    });
    eprintln!("{} calls", calls.load(Ordering::Relaxed));
    let report = module.unload_within(LONG);
    assert_eq!(report.outcome(), UnloadOutcome::Unmapped, "{report}");
}

/// A value of the host that calls itself through its own caller.
#[polyplug::host_contract(id = "lifecycle.dive", version = "1.0")]
trait Dive {
    /// So many calls inside each other; how many threads are inside at the bottom, and whether the value is alive there.
    fn dive(&self, depth: u32) -> u32;
}

struct Diver {
    own: Arc<OnceLock<(Caller<dyn Dive>, Module)>>,
    dropped: Arc<AtomicBool>,
}

impl Dive for Diver {
    fn dive(&self, depth: u32) -> u32 {
        let (own, module) = self.own.get().expect("it is provided");
        if depth > 0 {
            return own.dive(depth - 1) + 1;
        }
        // At the bottom: it is unloaded from inside, and nothing of it may end before all have returned.
        let report = module.unload_within(LONG);
        assert_eq!(report.outcome(), UnloadOutcome::Retiring, "{report}");
        assert_eq!(report.holders().calls().len(), 1, "one thread, {report}");
        assert!(polyplug::catch(|| own.dive(0)).is_err());
        std::thread::sleep(Duration::from_millis(50));
        assert!(!self.dropped.load(Ordering::SeqCst));
        0
    }
}

impl Drop for Diver {
    fn drop(&mut self) {
        self.dropped.store(true, Ordering::SeqCst);
    }
}

#[test]
fn b04_calls_deep_inside_calls_hold_their_generation() {
    for depth in [0, 1, 6, 7, 8, 9, 30] {
        let runtime = Runtime::new();
        let (own, dropped) = (Arc::default(), Arc::new(AtomicBool::new(false)));
        let diver = Diver {
            own: Arc::clone(&own),
            dropped: Arc::clone(&dropped),
        };
        let module = runtime.provide::<dyn Dive>(diver).unwrap();
        let caller = runtime.get::<dyn Dive>().unwrap();
        assert!(own.set((caller.clone(), module.clone())).is_ok());
        assert_eq!(caller.dive(depth), depth);
        let report = module.unload_within(LONG);
        assert_eq!(report.outcome(), UnloadOutcome::StaysMapped, "{report}");
        assert!(dropped.load(Ordering::SeqCst));
    }
}
