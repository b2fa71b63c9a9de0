//! Many lives of one module: nothing may be left of any of them. `cargo xtask soak` runs the long form.
#![cfg(target_os = "linux")]

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use fixture_harness::fixture;
use lifecycle_api::{Hostile, Orders, Word};
use polyplug::{Caller, Runtime, UnloadOutcome};

/// How many lives, when this variable does not say it.
const CYCLES_VARIABLE: &str = "POLYPLUG_SOAK_CYCLES";
const CYCLES: u64 = 200;

/// A build of the plugin without the log, by `cargo xtask soak`. The one among the usual tests has it, because other plugins
/// that are built along with it do.
const LIBRARY_VARIABLE: &str = "POLYPLUG_SOAK_LIBRARY";

struct Host;

impl Orders for Host {
    fn now(&self) -> u64 {
        7
    }
    fn mode(&self) -> String {
        String::new()
    }
    fn act(&self, what: &str) -> String {
        what.to_owned()
    }
    fn keep(&self, _: Box<dyn Word>) {}
}

/// One life.
fn cycle(library: &Path, number: u64) {
    let runtime = Runtime::new();
    runtime.provide::<dyn Orders>(Host).unwrap();
    let module = runtime.load(library).unwrap();
    let caller = runtime.get::<dyn Hostile>().unwrap();
    assert_eq!(caller.add(2), 2);
    assert_eq!(caller.act("something"), "something");
    assert!(caller.current());
    assert_eq!(caller.join(1), 1);
    caller.detach();
    let instance = runtime.create::<dyn Hostile>().unwrap();
    assert_eq!(instance.ask().unwrap(), 7);
    let pinned = Caller::pin(&caller).unwrap();
    assert_eq!(pinned.word().word(), "from a call");
    drop(pinned);
    if number.is_multiple_of(16) {
        drop(instance);
        assert_eq!(module.reload().unwrap().number(), 2);
        assert_eq!(caller.add(1), 3);
    }
    let report = module.unload_within(Duration::from_secs(30));
    if !number.is_multiple_of(16) {
        assert_eq!(report.outcome(), UnloadOutcome::Held, "{report}");
        return; // everything goes by itself
    }
    assert_eq!(report.outcome(), UnloadOutcome::Unmapped, "{report}");
}

/// What a process has of what it could lose.
#[derive(Clone, Copy)]
struct Figures {
    cycles: u64,
    /// What is allocated and not freed, in all arenas.
    used: u64,
    resident: u64,
    mapped: usize,
    threads: usize,
    files: usize,
    keys: usize,
}

impl Figures {
    fn now(cycles: u64) -> Self {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let resident = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .and_then(|line| line.split_whitespace().next()?.parse().ok());
        let entries = |folder: &str| std::fs::read_dir(folder).unwrap().count();
        Self {
            cycles,
            used: allocated(),
            resident: resident.unwrap_or_default(),
            mapped: mapped(),
            threads: entries("/proc/self/task"),
            files: entries("/proc/self/fd"),
            keys: free_keys(),
        }
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "after {:>6} cycles: {:>6} KiB allocated, {:>6} KiB resident, {} libraries mapped, {} threads, {} files, {} thread keys free",
            self.cycles,
            self.used / 1024,
            self.resident,
            self.mapped,
            self.threads,
            self.files,
            self.keys
        )
    }
}

/// Private copies of libraries that are mapped.
fn mapped() -> usize {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let paths = maps
        .lines()
        .filter_map(|line| line.split_whitespace().nth(5));
    let copies: BTreeSet<_> = paths.filter(|path| path.contains("polyplug-")).collect();
    copies.len()
}

/// Bytes that are allocated and not freed. What is resident says less: an allocator keeps freed memory for each thread that
/// ever was, and a file that was read for a load is large.
#[expect(unsafe_code, reason = "the system's function")]
fn allocated() -> u64 {
    #[repr(C)]
    struct Allocations {
        arena: usize,
        free_chunks: usize,
        small_chunks: usize,
        mapped_chunks: usize,
        mapped: usize,
        unused: usize,
        small_free: usize,
        used: usize,
        free: usize,
        top: usize,
    }
    unsafe extern "C" {
        fn mallinfo2() -> Allocations;
    }
    // SAFETY: takes nothing, and returns numbers.
    let allocations = unsafe { mallinfo2() };
    (allocations.used + allocations.mapped) as u64
}

/// How many keys for thread-locals the system still has.
#[expect(unsafe_code, reason = "the system's functions")]
fn free_keys() -> usize {
    unsafe extern "C" {
        fn pthread_key_create(
            key: *mut u32,
            destructor: Option<unsafe extern "C" fn(*mut ())>,
        ) -> i32;
        fn pthread_key_delete(key: u32) -> i32;
    }
    let mut keys = Vec::new();
    let mut key = 0;
    // SAFETY: a place for a key.
    while unsafe { pthread_key_create(&raw mut key, None) } == 0 {
        keys.push(key);
    }
    for &key in &keys {
        // SAFETY: made above, and used by nobody.
        unsafe { pthread_key_delete(key) };
    }
    keys.len()
}

/// Waits until the reaper has done what it was given.
fn settle() {
    let end = Instant::now() + Duration::from_secs(30);
    while mapped() != 0 && Instant::now() < end {
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn many_lives_leave_nothing() {
    let cycles =
        std::env::var(CYCLES_VARIABLE).map_or(CYCLES, |text| text.parse().expect("a number"));
    let warm = (cycles / 10).clamp(1, 500);
    let middle = (warm + cycles) / 2;
    let start = Instant::now();
    let mut seen = Vec::new();
    let without_log = std::env::var_os(LIBRARY_VARIABLE).map(PathBuf::from);
    let library = without_log.clone().unwrap_or_else(|| fixture("hostile"));
    let step = (cycles / 20).max(1);
    for number in 1..=cycles {
        // On a thread of its own, whose end is that of the thread-locals that it got from the plugin.
        std::thread::scope(|scope| scope.spawn(|| cycle(&library, number)).join().unwrap());
        if [warm, middle, cycles].contains(&number) {
            settle();
            let figures = Figures::now(number);
            println!("{figures}");
            seen.push(figures);
        } else if number.is_multiple_of(step) {
            let rate = number as f64 / start.elapsed().as_secs_f64();
            println!("      {number:>6} of {cycles}, {rate:.0} each second");
        }
    }
    let [first, middle, last] = seen[..] else {
        panic!("too few cycles");
    };
    let still = |figures: Figures| (figures.mapped, figures.threads, figures.files, figures.keys);
    assert_eq!(still(first), still(middle));
    assert_eq!(still(first), still(last));
    assert_eq!(last.mapped, 0);
    // 112 bytes of each life belong to `tracing-core` in the plugin, which keeps its list of subscribers for ever; the rest is what
    // comes and goes, such as the garbage of `crossbeam-epoch`, 2 KiB a bag.
    let each = if without_log.is_some() { 0 } else { 160 };
    let allowed = 48 * 1024 + (last.cycles - middle.cycles) * each;
    assert!(
        last.used <= middle.used + allowed,
        "it grows: {middle}; {last}"
    );
    if without_log.is_some() {
        // An allocator keeps some for each thread that ever ran beside others.
        const KEPT_KIB: u64 = 4 * 1024;
        assert!(
            last.resident <= first.resident + KEPT_KIB,
            "it grows: {first}; {last}"
        );
    }
}
