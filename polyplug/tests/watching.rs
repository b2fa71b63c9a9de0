//! Watching a folder: what is reloaded, how often, and what is left alone. Every wait is for something to be seen, with a
//! limit that only a failure reaches.
#![cfg(all(feature = "watch", target_os = "linux"))]

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use fixture_harness::{Folder, fixture};
use lifecycle_api::{Orders, Version, Word};
use polyplug::{Caller, Event, Runtime, Subscription, WatchOptions};

const LONG: Duration = Duration::from_secs(60);
/// Longer than what the watchers here wait for.
const A_WHILE: Duration = Duration::from_millis(700);

struct Answers;

impl Orders for Answers {
    fn now(&self) -> u64 {
        7
    }
    fn mode(&self) -> String {
        String::new()
    }
    fn act(&self, _: &str) -> String {
        String::new()
    }
    fn keep(&self, _: Box<dyn Word>) {}
}

/// Waits for something to be so.
#[track_caller]
fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < LONG, "never: {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// What was told, in short.
#[derive(Clone, Default)]
struct Heard {
    reloaded: Arc<AtomicUsize>,
    failed: Arc<Mutex<Vec<&'static str>>>,
    threads: Arc<Mutex<Vec<Option<String>>>>,
}

impl Heard {
    fn listen(runtime: &Runtime) -> (Self, Subscription) {
        let heard = Self::default();
        let hear = heard.clone();
        let subscription = runtime.subscribe(move |event| match event {
            Event::Reloaded { .. } => {
                let name = thread::current().name().map(str::to_owned);
                hear.threads.lock().expect("no panic").push(name);
                hear.reloaded.fetch_add(1, Ordering::SeqCst);
            }
            Event::Failed { code, .. } => hear.failed.lock().expect("no panic").push(code),
            _ => {}
        });
        (heard, subscription)
    }

    fn reloads(&self) -> usize {
        self.reloaded.load(Ordering::SeqCst)
    }

    fn failures(&self) -> Vec<&'static str> {
        self.failed.lock().expect("no panic").clone()
    }
}

fn bytes(name: &str) -> Vec<u8> {
    fs::read(fixture(name)).expect("a library")
}

/// A runtime whose plugin can be loaded.
fn runtime() -> Runtime {
    let runtime = Runtime::new();
    runtime.provide::<dyn Orders>(Answers).expect("provided");
    runtime
}

fn number(version: &Caller<dyn Version>) -> u64 {
    version.version().1
}

fn rename_over(folder: &Folder, path: &Path, bytes: &[u8]) {
    let new = folder.file(".new", bytes);
    fs::rename(new, path).expect("renamed");
}

#[test]
fn a_file_that_is_replaced_in_either_way_is_loaded_again() {
    let folder = Folder::new("watch-both-ways");
    let runtime = runtime();
    let watcher = runtime.watch(folder.path()).expect("watched");
    let (heard, _subscription) = Heard::listen(&runtime);
    // What is loaded later counts as well.
    let path = folder.file("plugin.so", &bytes("versioned-one"));
    let module = runtime.load(&path).expect("a library");
    let version = runtime.get::<dyn Version>().expect("a caller");
    assert_eq!(number(&version), 1);

    fs::write(&path, bytes("versioned-two")).expect("overwritten");
    until("the second version", || number(&version) == 2);
    rename_over(&folder, &path, &bytes("versioned-one"));
    until("the first version again", || number(&version) == 1);
    fs::write(&path, bytes("versioned-two")).expect("overwritten");
    until("the second version again", || number(&version) == 2);

    until("the news of it", || heard.reloads() >= 3);
    let threads = heard.threads.lock().expect("no panic").clone();
    assert!(
        threads
            .iter()
            .all(|name| name.as_deref() == Some("polyplug-watch"))
    );
    assert!(module.is_loaded());
    assert!(
        watcher
            .folder()
            .ends_with(folder.path().file_name().expect("a name"))
    );
}

#[test]
fn new_files_are_not_loaded_and_removed_ones_not_unloaded() {
    let folder = Folder::new("watch-only-reload");
    let runtime = runtime();
    let options = WatchOptions::new().quiet(Duration::from_millis(20));
    let path = folder.file("plugin.so", &bytes("versioned-one"));
    let module = runtime.load(&path).expect("a library");
    let _watcher = runtime.watch_with(folder.path(), options).expect("watched");
    let (heard, _subscription) = Heard::listen(&runtime);
    let version = runtime.get::<dyn Version>().expect("a caller");
    let _ = folder.file("other.so", &bytes("counter"));
    fs::remove_file(&path).expect("removed");
    thread::sleep(A_WHILE);
    assert!(module.is_loaded());
    assert_eq!(
        runtime.plugins().len(),
        2,
        "the plugin, and the host's value"
    );
    assert_eq!((heard.reloads(), heard.failures()), (0, vec![]));
    assert_eq!(number(&version), 1);
    let _ = folder.file("plugin.so", &bytes("versioned-two"));
    until("the second version", || number(&version) == 2);
}

#[test]
fn many_writes_are_few_reloads() {
    let folder = Folder::new("watch-burst");
    let runtime = runtime();
    let path = folder.file("plugin.so", &bytes("versioned-one"));
    let module = runtime.load(&path).expect("a library");
    let quiet = WatchOptions::new().quiet(Duration::from_secs(2));
    let _watcher = runtime.watch_with(folder.path(), quiet).expect("watched");
    let (heard, _subscription) = Heard::listen(&runtime);
    let two = bytes("versioned-two");
    for _ in 0..20 {
        // Half a file is there for a moment each time.
        fs::write(&path, &two[..two.len() / 2]).expect("written");
        fs::write(&path, &two).expect("written");
        thread::sleep(Duration::from_millis(5));
    }
    let version = runtime.get::<dyn Version>().expect("a caller");
    until("the second version", || number(&version) == 2);
    thread::sleep(A_WHILE);
    assert!((1..=2).contains(&heard.reloads()), "{}", heard.reloads());
    assert_eq!(heard.failures(), [""; 0]);
    // One that the host has reloaded itself is not reloaded again.
    fs::write(&path, bytes("versioned-one")).expect("written");
    module.reload().expect("reloaded");
    let before = heard.reloads();
    thread::sleep(Duration::from_millis(2500));
    assert_eq!(heard.reloads(), before);
}

#[test]
fn a_broken_file_leaves_the_old_version_and_a_good_one_comes_through() {
    let folder = Folder::new("watch-broken");
    let runtime = runtime();
    let path = folder.file("plugin.so", &bytes("versioned-one"));
    runtime.load(&path).expect("a library");
    let _watcher = runtime.watch(folder.path()).expect("watched");
    let (heard, _subscription) = Heard::listen(&runtime);
    let version = runtime.get::<dyn Version>().expect("a caller");
    fs::write(&path, &bytes("versioned-two")[..5000]).expect("written");
    until("a failure", || heard.failures().contains(&"not-a-library"));
    assert_eq!(number(&version), 1);
    // It is not tried again and again; once more if writing it took its time.
    thread::sleep(A_WHILE);
    assert!(heard.failures().len() <= 2, "{:?}", heard.failures());
    fs::write(&path, bytes("versioned-two")).expect("written");
    until("the second version", || number(&version) == 2);
}

#[test]
fn a_hook_that_panics_ends_nothing() {
    let folder = Folder::new("watch-panic");
    let asked = AtomicUsize::new(0);
    let runtime = Runtime::builder()
        .verify(move |_| match asked.fetch_add(1, Ordering::SeqCst) {
            1 => panic!("the second time"),
            _ => Ok::<_, String>(()),
        })
        .build();
    runtime.provide::<dyn Orders>(Answers).expect("provided");
    let path = folder.file("plugin.so", &bytes("versioned-one"));
    runtime.load(&path).expect("a library");
    let _watcher = runtime.watch(folder.path()).expect("watched");
    let (heard, _subscription) = Heard::listen(&runtime);
    fs::write(&path, bytes("versioned-two")).expect("written");
    until("a failure", || !heard.failures().is_empty());
    let version = runtime.get::<dyn Version>().expect("a caller");
    assert_eq!(number(&version), 1);
    rename_over(&folder, &path, &bytes("versioned-two"));
    until("the second version", || number(&version) == 2);
}

#[test]
fn a_dropped_watcher_has_stopped() {
    let folder = Folder::new("watch-dropped");
    let runtime = runtime();
    let path = folder.file("plugin.so", &bytes("versioned-one"));
    let module = runtime.load(&path).expect("a library");
    let (heard, _subscription) = Heard::listen(&runtime);
    let options = WatchOptions::new().quiet(Duration::from_millis(20));
    let watcher = runtime.watch_with(folder.path(), options).expect("watched");
    drop(watcher);
    fs::write(&path, bytes("versioned-two")).expect("written");
    thread::sleep(A_WHILE);
    assert_eq!(heard.reloads(), 0);
    module.reload().expect("by hand");
    // Also by the one who hears of a reload, on its very thread.
    let watcher = runtime.watch(folder.path()).expect("watched");
    let held = Mutex::new(Some(watcher));
    let gone = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&gone);
    let _drops = runtime.subscribe(move |event| {
        if matches!(event, Event::Reloaded { .. }) {
            drop(held.lock().expect("no panic").take());
            count.fetch_add(1, Ordering::SeqCst);
        }
    });
    fs::write(&path, bytes("versioned-one")).expect("written");
    until("the end of the watcher", || {
        gone.load(Ordering::SeqCst) == 1
    });
}

#[test]
fn a_runtime_can_be_dropped_while_it_is_watched() {
    let folder = Folder::new("watch-orphan");
    let runtime = runtime();
    let path = folder.file("plugin.so", &bytes("versioned-one"));
    let module = runtime.load(&path).expect("a library");
    let watcher = runtime.watch(folder.path()).expect("watched");
    let (heard, subscription) = Heard::listen(&runtime);
    drop(module);
    drop(runtime);
    fs::write(&path, bytes("versioned-two")).expect("written");
    thread::sleep(A_WHILE);
    assert_eq!((heard.reloads(), heard.failures()), (0, vec![]));
    drop(watcher);
    drop(subscription);
}

#[test]
fn a_folder_that_is_not_there_cannot_be_watched() {
    let error = Runtime::new().watch("no/such/folder").expect_err("none");
    assert_eq!(error.code(), "unwatchable");
    assert!(error.to_string().contains("`no/such/folder`"));
}

#[cfg(feature = "bundle")]
#[test]
fn any_file_of_a_bundle_counts() {
    use std::env::consts::{ARCH, OS};

    let folder = Folder::new("watch-bundle");
    let bundle = folder.path().join("versioned");
    fs::create_dir(&bundle).expect("a folder");
    fs::write(bundle.join("one.so"), bytes("versioned-one")).expect("written");
    let describe = |file: &str| {
        let text = format!(
            "name = \"versioned\"\nversion = \"0.1.0\"\n[files]\n{OS}-{ARCH} = \"{file}\"\n"
        );
        fs::write(bundle.join("polyplug.toml"), text).expect("written");
    };
    describe("one.so");
    let runtime = runtime();
    let module = runtime.load(&bundle).expect("a bundle");
    let _watcher = runtime.watch(folder.path()).expect("watched");
    let (heard, _subscription) = Heard::listen(&runtime);
    let version = runtime.get::<dyn Version>().expect("a caller");
    describe("two.so");
    until("a failure", || heard.failures().contains(&"file-missing"));
    // What was missing comes: a file that the old version did not use.
    fs::write(bundle.join("two.so"), bytes("versioned-two")).expect("written");
    until("the second version", || number(&version) == 2);
    assert!(module.bundle().expect("one").library().ends_with("two.so"));
    fs::write(bundle.join("two.so"), bytes("versioned-one")).expect("written");
    until("the first version", || number(&version) == 1);
}
