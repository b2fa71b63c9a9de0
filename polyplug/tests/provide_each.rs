//! What the host provides to each plugin with a value of its own: when it is made, for whom, and how long it lives.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use counter_api::{Counter, Source};
use fixture_harness::{Folder, fixture};
use lifecycle_api::{Hostile, Orders, Version, Word};
use polyplug::{Caller, FaultKind, Runtime, UnloadOutcome};
use tally_api::{Mood, Reader, Tally};

const LONG: Duration = Duration::from_secs(20);

/// What happened, in order: who was made, who was dropped, who was called.
#[derive(Clone, Default)]
struct Book(Arc<Mutex<Vec<String>>>);

impl Book {
    fn note(&self, line: String) {
        self.0.lock().unwrap().push(line);
    }

    fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    fn count(&self, line: &str) -> usize {
        self.lines().iter().filter(|noted| *noted == line).count()
    }

    /// Waits for what the reaper does.
    #[track_caller]
    fn until(&self, line: &str) {
        let end = Instant::now() + LONG;
        while self.count(line) == 0 {
            assert!(Instant::now() < end, "no `{line}` in {:?}", self.lines());
            thread::sleep(Duration::from_millis(1));
        }
    }
}

/// A value of one plugin.
struct Own {
    plugin: String,
    book: Book,
    next: AtomicU64,
    mood: u32,
}

impl Own {
    fn new(book: &Book, plugin: &str) -> Self {
        book.note(format!("made {plugin}"));
        Self {
            plugin: plugin.to_owned(),
            book: book.clone(),
            next: AtomicU64::new(100 * plugin.len() as u64),
            mood: 0,
        }
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        let thread = thread::current();
        assert_eq!(thread.name(), Some("polyplug-reaper"));
        self.book.note(format!("dropped {}", self.plugin));
    }
}

impl Source for Own {
    fn next(&self) -> u64 {
        self.next.fetch_add(1, Ordering::SeqCst)
    }
}

impl Mood for Own {
    fn today(&self) -> u32 {
        self.mood
    }
    fn lives(&self, change: i32) {
        self.book.note(format!("{} {change}", self.plugin));
    }
}

impl Orders for Own {
    fn now(&self) -> u64 {
        self.next.load(Ordering::SeqCst)
    }
    fn mode(&self) -> String {
        String::new()
    }
    fn act(&self, what: &str) -> String {
        format!("{what} for {}", self.plugin)
    }
    fn keep(&self, _: Box<dyn Word>) {}
}

#[test]
fn each_plugin_has_its_own_and_it_is_made_before_who_requires_it() {
    let (runtime, book) = (Runtime::new(), Book::default());
    let notes = book.clone();
    let provided = runtime
        .provide_each::<dyn Mood>(move |plugin| Own::new(&notes, plugin))
        .unwrap();
    assert!(book.lines().is_empty());
    let module = runtime.load(fixture("moody")).unwrap();
    assert_eq!(book.lines(), ["made calm", "made moody", "calm 1"]);
    // Who needs it is named, and keeps it.
    assert_eq!(
        provided.dependents()[0].plugins().len(),
        module.plugins().len()
    );
    let report = provided.unload();
    assert_eq!(report.outcome(), UnloadOutcome::Refused);
    assert_eq!(
        report.to_string(),
        "what the host provides as `host` to each plugin is not unloaded, because `calm`, `moody` depend on it; unload those first, or use `unload_cascade`"
    );
    // The state of a plugin may use its value to the end; only then it goes.
    let report = module.unload_within(LONG);
    assert_eq!(report.outcome(), UnloadOutcome::Unmapped, "{report}");
    book.until("dropped calm");
    book.until("dropped moody");
    let lines = book.lines();
    assert_eq!(lines[3], "calm -1");
    assert_eq!(lines.len(), 6, "{lines:?}");
    assert_eq!(
        provided.unload_within(LONG).outcome(),
        UnloadOutcome::StaysMapped
    );
}

#[test]
fn who_only_asks_has_it_made_once_and_withdrawn_it_is_a_fault() {
    let (runtime, book) = (Runtime::new(), Book::default());
    let notes = book.clone();
    let provided = runtime
        .provide_each::<dyn Source>(move |plugin| Own::new(&notes, plugin))
        .unwrap();
    let module = runtime.load(fixture("counter")).unwrap();
    let counter = runtime.get::<dyn Counter>().unwrap();
    assert!(book.lines().is_empty(), "nobody asked yet");
    let mut numbers: Vec<u64> = thread::scope(|scope| {
        let asking: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| counter.ask().unwrap()))
            .collect();
        asking
            .into_iter()
            .map(|asked| asked.join().unwrap())
            .collect()
    });
    numbers.sort_unstable();
    assert_eq!(numbers, (700..708).collect::<Vec<_>>());
    assert_eq!(book.lines(), ["made counter"]);

    // The host has none.
    let error = runtime.get::<dyn Source>().unwrap_err();
    assert_eq!(
        error.to_string(),
        "nobody offers the contract `fixture.source 1.0`; there is `fixture.source 1.0 (a value for each plugin)`, `fixture.counter 1.2`; load a plugin that offers it"
    );
    assert_eq!(
        provided.get::<dyn Source>().unwrap_err().code(),
        "no-provider"
    );
    assert!(runtime.providers::<dyn Source>().is_empty());
    let twice = runtime.provide_each::<dyn Source>(|plugin| Own::new(&Book::default(), plugin));
    assert_eq!(twice.unwrap_err().code(), "duplicate-name");

    // What was made for a version stays for the next.
    module.reload().unwrap();
    assert_eq!(counter.ask().unwrap(), 708);
    assert_eq!(book.lines(), ["made counter"]);

    let report = provided.unload_within(LONG);
    assert_eq!(report.outcome(), UnloadOutcome::StaysMapped, "{report}");
    assert_eq!(book.lines(), ["made counter", "dropped counter"]);
    let fault = counter.ask().unwrap_err();
    assert!(
        fault.message().starts_with(
            "plugin `counter` needs the host contract `fixture.source 1.0`: nobody offers"
        ),
        "{fault}"
    );
    // The name is free again, for a value or for many.
    let provided = runtime
        .provide::<dyn Source>(Own::new(&Book::default(), "host"))
        .unwrap();
    assert_eq!(counter.ask().unwrap(), 400);
    let report = provided.unload_within(LONG);
    assert_eq!(report.outcome(), UnloadOutcome::StaysMapped, "{report}");
}

#[test]
fn an_unload_drops_the_values_of_that_module_only_and_a_withdrawal_all() {
    let (runtime, book) = (Runtime::new(), Book::default());
    let notes = book.clone();
    let provided = runtime
        .provide_each::<dyn Orders>(move |plugin| Own::new(&notes, plugin))
        .unwrap();
    let folder = Folder::new("each");
    let bytes = std::fs::read(fixture("versioned-one")).unwrap();
    let versioned = runtime
        .load(folder.file("libversioned.so", &bytes))
        .unwrap();
    let hostile = runtime.load(fixture("hostile")).unwrap();
    assert_eq!(book.lines(), ["made versioned", "made hostile"]);
    let caller = runtime.get::<dyn Hostile>().unwrap();
    let version = runtime.get::<dyn Version>().unwrap();
    assert_eq!(caller.act("work"), "work for hostile");
    assert_eq!(version.version(), (900, 1));
    versioned.reload().unwrap();
    assert_eq!(book.lines().len(), 2, "it stays with the name");

    // A plugin that is held after its unload keeps its value; the others have nothing to do with it.
    let pinned = Caller::pin(&version).unwrap();
    assert_eq!(versioned.unload().outcome(), UnloadOutcome::Held);
    thread::sleep(Duration::from_millis(30));
    assert_eq!(book.count("dropped versioned"), 0);
    drop(pinned);
    book.until("dropped versioned");
    assert_eq!(caller.act("work"), "work for hostile");
    // Loaded again, it is another plugin.
    let versioned = runtime.load(fixture("versioned-one")).unwrap();
    assert_eq!(book.count("made versioned"), 2);

    let report = provided.unload_cascade();
    assert_eq!(report.cascaded().len(), 2, "{report}");
    for module in [hostile, versioned, provided] {
        module.unload_within(LONG);
    }
    book.until("dropped hostile");
    let end = Instant::now() + LONG;
    while book.count("dropped versioned") < 2 && Instant::now() < end {
        thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(book.lines().len(), 6, "{:?}", book.lines());
}

#[test]
fn a_closure_that_panics_leaves_everything_as_it_was() {
    let (runtime, book) = (Runtime::new(), Book::default());
    let notes = book.clone();
    let bad = Arc::new(AtomicU64::new(1));
    let day = Arc::clone(&bad);
    runtime
        .provide_each::<dyn Mood>(move |plugin| {
            assert!(
                plugin == "calm" || day.load(Ordering::SeqCst) == 0,
                "no mood for {plugin}"
            );
            Own::new(&notes, plugin)
        })
        .unwrap();
    let day = Arc::clone(&bad);
    runtime
        .provide_each::<dyn Source>(move |plugin| {
            assert_eq!(day.load(Ordering::SeqCst), 0, "no source for {plugin}");
            Own::new(&Book::default(), plugin)
        })
        .unwrap();

    // Required: the load fails, and what was made for its neighbour goes.
    let error = runtime.load(fixture("moody")).unwrap_err();
    assert_eq!(error.code(), "provide-panicked");
    assert_eq!(
        format!("{error:#}"),
        "the host panicked when it made the value of the host contract `fixture.mood 1.0` for plugin `moody`, which therefore has none; repair the closure that `provide_each` was given\ncaused by: host: no mood for moody"
    );
    book.until("dropped calm");
    assert_eq!(book.lines(), ["made calm", "dropped calm"]);
    assert_eq!(runtime.modules().len(), 2);
    assert!(runtime.get::<dyn Reader>().is_err());

    // Asked for: an error in the plugin, and the next time it is tried again.
    runtime.load(fixture("counter")).unwrap();
    let counter = runtime.get::<dyn Counter>().unwrap();
    let fault = counter.ask().unwrap_err();
    assert!(
        fault.message().starts_with("the host panicked when it made the value of the host contract `fixture.source 1.0` for plugin `counter`"),
        "{fault}"
    );
    bad.store(0, Ordering::SeqCst);
    assert_eq!(counter.ask().unwrap(), 700);
    runtime.load(fixture("moody")).unwrap();
    assert_eq!(runtime.get::<dyn Tally>().unwrap().add(3), 3);
}

#[test]
fn a_load_that_fails_drops_what_was_made_for_it() {
    let (runtime, book) = (Runtime::new(), Book::default());
    let notes = book.clone();
    runtime
        .provide_each::<dyn Mood>(move |plugin| {
            let mut own = Own::new(&notes, plugin);
            own.mood = 1;
            own
        })
        .unwrap();
    let error = runtime.load(fixture("moody")).unwrap_err();
    assert_eq!(error.code(), "constructor-failed");
    book.until("dropped calm");
    book.until("dropped moody");
    assert_eq!(
        book.lines()[..4],
        ["made calm", "made moody", "calm 1", "calm -1"]
    );
}

#[test]
fn a_closure_may_use_the_runtime_but_cannot_wait_for_itself() {
    let runtime = Runtime::new();
    let asked: Arc<OnceLock<Caller<dyn Counter>>> = Arc::default();
    let (inner, own_caller) = (runtime.clone(), Arc::clone(&asked));
    let book = Book::default();
    let notes = book.clone();
    runtime
        .provide_each::<dyn Source>(move |plugin| {
            assert_eq!(inner.modules().len(), 2);
            let fault = own_caller.get().unwrap().ask().unwrap_err();
            notes.note(fault.message().to_owned());
            Own::new(&Book::default(), plugin)
        })
        .unwrap();
    runtime.load(fixture("counter")).unwrap();
    let counter = runtime.get::<dyn Counter>().unwrap();
    assert!(asked.set(counter.clone()).is_ok());
    assert_eq!(counter.ask().unwrap(), 700);
    assert!(
        book.lines()[0].contains("asked, through that plugin, for this very value"),
        "{:?}",
        book.lines()
    );
}

#[test]
fn what_is_withdrawn_while_it_is_made_goes_to_the_reaper() {
    let (runtime, book) = (Runtime::new(), Book::default());
    let notes = book.clone();
    let (begun, wait_begun) = mpsc::channel();
    let (go, wait_go) = mpsc::channel::<()>();
    let wait_go = Mutex::new(wait_go);
    let provided = runtime
        .provide_each::<dyn Source>(move |plugin| {
            begun.send(()).unwrap();
            wait_go.lock().unwrap().recv().unwrap();
            Own::new(&notes, plugin)
        })
        .unwrap();
    let module = runtime.load(fixture("counter")).unwrap();
    let counter = runtime.get::<dyn Counter>().unwrap();
    thread::scope(|scope| {
        let asking = scope.spawn(|| counter.ask());
        wait_begun.recv().unwrap();
        assert_eq!(provided.unload().dependents().len(), 0);
        go.send(()).unwrap();
        let fault = asking.join().unwrap().unwrap_err();
        assert!(
            fault
                .message()
                .contains("what the host provided as `fixture.source 1.0` was withdrawn"),
            "{fault}"
        );
    });
    book.until("dropped counter");
    assert_eq!(
        module.unload_within(LONG).outcome(),
        UnloadOutcome::Unmapped
    );
}

/// Orders that can be stuck in.
struct Stuck {
    inside: Mutex<mpsc::Sender<()>>,
    go: Mutex<mpsc::Receiver<()>>,
}

impl Orders for Stuck {
    fn now(&self) -> u64 {
        0
    }
    fn mode(&self) -> String {
        String::new()
    }
    fn act(&self, _: &str) -> String {
        self.inside.lock().unwrap().send(()).unwrap();
        self.go.lock().unwrap().recv().unwrap();
        "done".to_owned()
    }
    fn keep(&self, _: Box<dyn Word>) {}
}

#[test]
fn a_withdrawal_waits_for_calls_inside_the_values_and_names_them() {
    let runtime = Runtime::new();
    let (inside, wait_inside) = mpsc::channel();
    let (go, wait_go) = mpsc::channel();
    let ends = Mutex::new(Some((inside, wait_go)));
    let provided = runtime
        .provide_each::<dyn Orders>(move |_| {
            let (inside, go) = ends.lock().unwrap().take().expect("one plugin");
            Stuck {
                inside: Mutex::new(inside),
                go: Mutex::new(go),
            }
        })
        .unwrap();
    runtime.load(fixture("hostile")).unwrap();
    let pinned = Caller::pin(&runtime.get::<dyn Hostile>().unwrap()).unwrap();
    thread::scope(|scope| {
        let calling = thread::Builder::new()
            .name("calling".to_owned())
            .spawn_scoped(scope, || pinned.act("stay"))
            .unwrap();
        wait_inside.recv().unwrap();
        provided.unload_cascade();
        let report = provided.unload_within(Duration::from_millis(50));
        assert_eq!(report.outcome(), UnloadOutcome::Retiring, "{report}");
        assert_eq!(report.holders().calls().len(), 1, "{report}");
        assert_eq!(report.holders().calls()[0].name(), "calling");
        go.send(()).unwrap();
        assert_eq!(calling.join().unwrap(), "done", "it ends undisturbed");
    });
    let report = provided.unload_within(LONG);
    assert_eq!(report.outcome(), UnloadOutcome::StaysMapped, "{report}");
    let fault = polyplug::catch(|| pinned.act("more")).unwrap_err();
    assert_eq!(fault.kind(), FaultKind::Unloaded);
    assert_eq!(fault.plugin(), "host");
}
