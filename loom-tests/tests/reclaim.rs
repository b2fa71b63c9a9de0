//! The reclamation protocol under a model checker: every order in which a reader and a reclaimer can run, on the shipped file.
//!
//! Built only with `RUSTFLAGS="--cfg loom"`; `cargo xtask test` does that. The readers make a fence, because `loom` knows
//! no barrier that one thread makes others pass; `reclaim.rs` argues why that stands for both.
#![cfg(loom)]

#[path = "../../polyplug/src/reclaim.rs"]
#[allow(
    dead_code,
    unreachable_pub,
    unexpected_cfgs,
    reason = "the model uses a part of it, and this crate has other features"
)]
mod reclaim;

use loom::sync::Arc;
use loom::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering, fence};
use loom::thread;

/// A version: aligned, so that its address is none of the words that entries hold otherwise.
#[repr(align(8))]
struct Version {
    ended: AtomicBool,
    /// What calls in it did.
    calls: AtomicUsize,
}

impl Version {
    fn new() -> Self {
        Self {
            ended: AtomicBool::new(false),
            calls: AtomicUsize::new(0),
        }
    }
}

struct World {
    versions: Vec<Version>,
    current: AtomicPtr<Version>,
    records: Vec<Vec<AtomicPtr<()>>>,
}

impl World {
    fn new(versions: usize, readers: usize, entries: usize) -> Arc<Self> {
        let versions: Vec<_> = (0..versions).map(|_| Version::new()).collect();
        let first = core::ptr::from_ref(&versions[0]).cast_mut();
        let record = || {
            let null = || AtomicPtr::new(core::ptr::null_mut());
            (0..entries).map(|_| null()).collect()
        };
        Arc::new(Self {
            current: AtomicPtr::new(first),
            versions,
            records: (0..readers).map(|_| record()).collect(),
        })
    }

    fn version(&self, address: *mut Version) -> Option<&Version> {
        let mut versions = self.versions.iter();
        versions.find(|version| core::ptr::eq(*version, address))
    }

    /// A call, by way of the code that handles run.
    fn call(&self, reader: usize, inside: impl FnOnce()) {
        let entry = reclaim::free(&self.records[reader]).expect("not so deep");
        let found = reclaim::occupy(entry, true, &self.current);
        if let Some(version) = self.version(found) {
            assert!(
                !version.ended.load(Ordering::Relaxed),
                "entered what has ended"
            );
            version.calls.fetch_add(1, Ordering::Relaxed);
            inside();
            assert!(!version.ended.load(Ordering::Relaxed), "ended under a call");
        }
        reclaim::leave(entry);
    }

    /// An exchange, by way of the code that the reaper runs.
    fn exchange(&self, old: usize, new: Option<usize>) {
        let pointer = new.map_or(core::ptr::null_mut(), |new| {
            core::ptr::from_ref(&self.versions[new]).cast_mut()
        });
        self.current.store(pointer, Ordering::SeqCst);
        fence(Ordering::SeqCst);
        let old = &self.versions[old];
        while self
            .records
            .iter()
            .any(|record| reclaim::holds(record, old, thread::yield_now))
        {
            thread::yield_now();
        }
        // What calls did is seen, whatever order they did it in.
        let calls = old.calls.load(Ordering::Relaxed);
        old.ended.store(true, Ordering::Relaxed);
        assert_eq!(calls, old.calls.load(Ordering::Relaxed));
    }
}

fn explore(model: impl Fn() + Sync + Send + 'static) {
    let mut explored = loom::model::Builder::new();
    explored.preemption_bound = Some(3);
    explored.check(model);
}

#[test]
fn q02_a_version_is_not_ended_under_a_call() {
    explore(|| {
        let world = World::new(2, 1, 2);
        let reading = Arc::clone(&world);
        let reader = thread::spawn(move || {
            reading.call(0, || ());
            reading.call(0, || ());
        });
        world.exchange(0, Some(1));
        reader.join().unwrap();
    });
}

#[test]
fn q02_nor_under_those_of_two_threads_when_it_is_unloaded() {
    explore(|| {
        let world = World::new(1, 2, 1);
        let readers: Vec<_> = (0..2)
            .map(|number| {
                let world = Arc::clone(&world);
                thread::spawn(move || world.call(number, || ()))
            })
            .collect();
        world.exchange(0, None);
        for reader in readers {
            reader.join().unwrap();
        }
    });
}

#[test]
fn q02_nor_under_a_call_inside_a_call() {
    explore(|| {
        let world = World::new(2, 1, 2);
        let reading = Arc::clone(&world);
        let reader = thread::spawn(move || {
            let inner = Arc::clone(&reading);
            reading.call(0, move || inner.call(0, || ()));
        });
        world.exchange(0, Some(1));
        reader.join().unwrap();
    });
}

/// The model finds what it is there to find: without the readers' fence a version ends under a call.
#[test]
#[should_panic(expected = "ended")]
fn b06_without_the_fence_the_model_fails() {
    explore(|| {
        let world = World::new(1, 1, 1);
        let reading = Arc::clone(&world);
        let reader = thread::spawn(move || {
            let entry = &reading.records[0][0];
            let found = reclaim::occupy(entry, false, &reading.current);
            if let Some(version) = reading.version(found) {
                assert!(
                    !version.ended.load(Ordering::Relaxed),
                    "entered what has ended"
                );
                thread::yield_now();
                assert!(!version.ended.load(Ordering::Relaxed), "ended under a call");
            }
            reclaim::leave(entry);
        });
        world.exchange(0, None);
        reader.join().unwrap();
    });
}
