//! A library that is loaded, used on many kinds of threads, and unmapped. Each test that a mistake would crash runs in a
//! process of its own.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use fixture_harness::fixture;
use libloading::Library;
use polyplug_abi::{
    ABI_VERSION, ENTRY_SYMBOL, Host, InitFunction, List, Registration, Slice, init_code,
    module_flags,
};

use super::*;
use crate::image;

const CHILD: &str = "POLYPLUG_THREADS_CHILD";
/// Another build of the library.
const LIBRARY: &str = "POLYPLUG_THREADS_LIBRARY";

/// Runs a scenario in a process of its own, which must end well.
fn isolated(test: &str, scenario: fn()) -> Option<Output> {
    if env::var_os(CHILD).is_some() {
        scenario();
        return None;
    }
    let this = env::current_exe().expect("the running test");
    let output = Command::new(this)
        .args(["--exact", &format!("host::threads::tests::{test}")])
        .args(["--nocapture", "--test-threads=1"])
        .env(CHILD, "1")
        .output()
        .expect("a child process");
    assert!(
        output.status.success(),
        "{}\n{}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(stdout.contains("1 passed"), "nothing ran: {stdout}");
    Some(output)
}

struct Loaded {
    /// Only closed on purpose.
    library: ManuallyDrop<Library>,
    ledger: Arc<Ledger>,
    path: PathBuf,
}

impl Loaded {
    /// Opens and initialises it.
    fn new() -> Self {
        let mut loaded = Self::open();
        assert_ne!(loaded.init() & module_flags::MAY_UNMAP, 0);
        loaded
    }

    fn open() -> Self {
        let path = env::var_os(LIBRARY).map_or_else(|| fixture("spawner"), PathBuf::from);
        assert!(!is_mapped(&path), "a copy from before");
        // SAFETY: a library of this project; its initialisers do nothing.
        let library = unsafe { Library::new(&path) }.expect("a library");
        Self {
            library: ManuallyDrop::new(library),
            ledger: Ledger::new(),
            path,
        }
    }

    /// Answers its flags.
    fn init(&mut self) -> u32 {
        let mut registration = Registration {
            size: size_of::<Registration>() as u32,
            abi: 0,
            options: 0,
            flags: 0,
            offers: List::EMPTY,
            contracts: List::EMPTY,
            expected_offers: 0,
            name: Slice::text("spawner"),
            image: Ledger::token(&self.ledger),
        };
        // SAFETY: the type that ABI 1 gives the symbol.
        let init =
            unsafe { self.library.get::<InitFunction>(ENTRY_SYMBOL) }.expect("the entry point");
        let host: *const Host = image::host();
        // SAFETY: an immortal host, and a registration of this version.
        let code = unsafe { init(host, &raw mut registration) };
        assert_eq!((code, registration.abi), (init_code::READY, ABI_VERSION));
        registration.flags
    }

    fn call(&self, name: &str) -> u32 {
        // SAFETY: such functions of the fixture.
        unsafe { self.library.get::<extern "C" fn() -> u32>(name) }.expect("a function")()
    }

    fn call_with(&self, name: &str, word: &AtomicU32) -> u32 {
        type Function = unsafe extern "C" fn(*const AtomicU32) -> u32;
        // SAFETY: such functions of the fixture; some answer nothing, and what they answer is not used then.
        unsafe { self.library.get::<Function>(name).expect("a function")(word) }
    }

    fn outlive(&self, word: &AtomicU32, with_local: bool) {
        type Function = unsafe extern "C" fn(*const AtomicU32, bool) -> u32;
        // SAFETY: the type of that function; the word outlives the thread in each test.
        let started = unsafe {
            let start = self.library.get::<Function>("spawner_outlive");
            start.expect("a function")(word, with_local)
        };
        assert_eq!(started, 1);
        wait(|| word.load(Ordering::SeqCst) == 1);
    }

    fn join(&self, count: u32) {
        type Function = extern "C" fn(u32) -> u32;
        // SAFETY: the type of that function.
        let join = unsafe { self.library.get::<Function>("spawner_join") };
        assert_eq!(join.expect("a function")(count), count);
    }

    fn holders(&self) -> Vec<(String, HoldReason)> {
        let holders = self.ledger.holders();
        holders.into_iter().map(|one| (one.name, one.why)).collect()
    }

    /// Calls it on a thread that ends.
    fn elsewhere<T: Send>(&self, call: impl FnOnce(&Self) -> T + Send) -> T {
        thread::scope(|scope| scope.spawn(|| call(self)).join()).expect("the thread ended well")
    }

    /// Closes it, whoever holds it.
    fn close(self) -> PathBuf {
        let library = ManuallyDrop::into_inner(self.library);
        library.close().expect("closed");
        self.path
    }

    /// Waits until nobody holds it, and unmaps it.
    fn unload(self) {
        wait(|| self.ledger.is_clear());
        assert_eq!(self.holders(), []);
        let path = self.close();
        assert!(!is_mapped(&path), "still mapped");
    }
}

fn wait(until: impl Fn() -> bool) {
    let start = Instant::now();
    while !until() {
        assert!(start.elapsed() < Duration::from_secs(30), "waited too long");
        thread::sleep(Duration::from_micros(50));
    }
}

fn is_mapped(path: &Path) -> bool {
    let maps = fs::read_to_string("/proc/self/maps").expect("the mappings of this process");
    let path = fs::canonicalize(path).expect("a file");
    maps.contains(path.to_str().expect("a path in UTF-8"))
}

fn thread_count() -> usize {
    fs::read_dir("/proc/self/task").expect("threads").count()
}

/// How many keys the system still has.
fn keys_left() -> usize {
    let mut keys = Vec::new();
    let mut key = 0;
    // SAFETY: a place for the key; keys that were made.
    unsafe {
        while libc::pthread_key_create(&raw mut key, None) == 0 {
            keys.push(key);
        }
        for &key in &keys {
            assert_eq!(libc::pthread_key_delete(key), 0);
        }
    }
    keys.len()
}

#[test]
fn a01_a_thread_ends_after_the_library_that_it_used_is_unmapped() {
    isolated(
        "a01_a_thread_ends_after_the_library_that_it_used_is_unmapped",
        || {
            struct Late(Box<dyn Fn()>);
            impl Drop for Late {
                fn drop(&mut self) {
                    (self.0)();
                }
            }
            thread_local! {
                static LATE: RefCell<Option<Late>> = const { RefCell::new(None) };
            }
            for _ in 0..50 {
                let loaded = Loaded::new();
                let (past, is_past) = channel();
                let (unmapped, is_unmapped) = channel();
                thread::scope(|scope| {
                    let library = &loaded.library;
                    // SAFETY: such a function of the fixture.
                    let current =
                        unsafe { library.get::<extern "C" fn() -> u32>("spawner_current") };
                    let current = *current.expect("a function");
                    let thread = thread::spawn(move || {
                        // First, so that it is dropped after what the library leaves behind.
                        let late = Late(Box::new(move || {
                            past.send(()).expect("somebody waits");
                            is_unmapped.recv().expect("somebody sends");
                        }));
                        LATE.with_borrow_mut(|place| *place = Some(late));
                        current();
                    });
                    let _ = scope;
                    is_past.recv().expect("the thread ends");
                    loaded.unload();
                    unmapped.send(()).expect("the thread waits");
                    thread.join().expect("the thread ended well");
                });
            }
        },
    );
}

#[test]
fn a01_cycles_of_threads_leave_nothing() {
    isolated("a01_cycles_of_threads_leave_nothing", || {
        let (threads, keys) = (thread_count(), keys_left());
        for _ in 0..1_200 {
            let loaded = Loaded::new();
            loaded.elsewhere(|loaded| loaded.join(2));
            loaded.unload();
        }
        wait(|| thread_count() == threads);
        assert_eq!(keys_left(), keys);
    });
}

#[test]
fn a01_a_thread_that_lives_long_can_let_go() {
    isolated("a01_a_thread_that_lives_long_can_let_go", || {
        let (threads, keys) = (thread_count(), keys_left());
        let dropped = AtomicU32::new(0);
        for cycle in 1..=1_200 {
            let loaded = Loaded::new();
            loaded.join(2);
            loaded.call_with("spawner_nest", &dropped);
            loaded.call("spawner_current");
            let held: Vec<_> = loaded.holders().into_iter().map(|one| one.1).collect();
            assert_eq!(held, [HoldReason::ThreadLocals], "only this thread");
            // SAFETY: the library is called no more, and calls nobody.
            assert!(unsafe { loaded.ledger.end_thread_locals_here() });
            assert!(loaded.ledger.is_clear());
            assert_eq!(dropped.load(Ordering::SeqCst), cycle);
            loaded.unload();
        }
        wait(|| thread_count() == threads);
        assert_eq!(keys_left(), keys);
    });
}

#[test]
fn a01_who_waits_for_a_library_is_woken() {
    static WOKEN: AtomicU32 = AtomicU32::new(0);
    isolated("a01_who_waits_for_a_library_is_woken", || {
        set_on_clear(|| {
            WOKEN.fetch_add(1, Ordering::SeqCst);
        });
        let loaded = Loaded::new();
        loaded.elsewhere(|loaded| loaded.call("spawner_current"));
        wait(|| WOKEN.load(Ordering::SeqCst) == 1);
        loaded.unload();
    });
}

#[test]
fn a01_cycles_on_ending_host_threads_leave_nothing() {
    isolated("a01_cycles_on_ending_host_threads_leave_nothing", || {
        let keys = keys_left();
        for _ in 0..300 {
            let loaded = Loaded::new();
            thread::scope(|scope| {
                for _ in 0..2 {
                    scope.spawn(|| loaded.call("spawner_current"));
                }
            });
            loaded.unload();
        }
        assert_eq!(keys_left(), keys);
    });
}

#[test]
fn a01_a_thread_that_nobody_joins_is_waited_for() {
    isolated("a01_a_thread_that_nobody_joins_is_waited_for", || {
        for _ in 0..200 {
            let loaded = Loaded::new();
            loaded.elsewhere(|loaded| loaded.call("spawner_detach"));
            loaded.unload();
        }
    });
}

#[test]
fn a01_a_thread_that_outlives_is_named() {
    isolated("a01_a_thread_that_outlives_is_named", || {
        for with_local in [false, true] {
            let loaded = Loaded::new();
            let word = AtomicU32::new(0);
            loaded.elsewhere(|loaded| loaded.outlive(&word, with_local));
            wait(|| loaded.ledger.holders().len() == 1);
            assert!(!loaded.ledger.is_clear());
            let holders = loaded.ledger.holders();
            assert_eq!(
                loaded.holders(),
                [("worker".to_owned(), HoldReason::Started)]
            );
            assert_eq!(
                holders[0].to_string(),
                format!(
                    "thread {} `worker`, which the library started",
                    holders[0].id
                )
            );
            word.store(2, Ordering::SeqCst);
            loaded.unload();
        }
    });
}

#[test]
fn a01_a_thread_local_runs_once_and_before_the_unmapping() {
    isolated(
        "a01_a_thread_local_runs_once_and_before_the_unmapping",
        || {
            for function in ["spawner_keep", "spawner_nest"] {
                let loaded = Loaded::new();
                let dropped = AtomicU32::new(0);
                let (go, went) = channel::<()>();
                thread::scope(|scope| {
                    let (kept, is_kept) = channel();
                    let (loaded, dropped) = (&loaded, &dropped);
                    let named = thread::Builder::new().name("keeper".to_owned());
                    named
                        .spawn_scoped(scope, move || {
                            loaded.call_with(function, dropped);
                            kept.send(()).expect("somebody waits");
                            went.recv().expect("somebody sends");
                        })
                        .expect("a thread");
                    is_kept.recv().expect("the thread runs");
                    assert_eq!(
                        loaded.holders(),
                        [("keeper".to_owned(), HoldReason::ThreadLocals)]
                    );
                    let holder = loaded.ledger.holders().remove(0);
                    assert_eq!(
                        holder.to_string(),
                        format!(
                            "thread {} `keeper`, with thread-locals of the library",
                            holder.id
                        )
                    );
                    assert_eq!(dropped.load(Ordering::SeqCst), 0);
                    go.send(()).expect("the thread waits");
                });
                wait(|| loaded.ledger.is_clear());
                assert_eq!(dropped.load(Ordering::SeqCst), 1);
                loaded.unload();
                assert_eq!(dropped.load(Ordering::SeqCst), 1);
            }
        },
    );
}

#[test]
fn a01_what_a_thread_leaves_after_its_record_is_gone_is_the_systems() {
    isolated(
        "a01_what_a_thread_leaves_after_its_record_is_gone_is_the_systems",
        || {
            /// Calls the library when the record of the core is gone.
            struct Late(Arc<Loaded>, Arc<[AtomicU32; 2]>);
            impl Drop for Late {
                fn drop(&mut self) {
                    assert!(self.0.ledger.is_clear());
                    self.0.call_with("spawner_keep", &self.1[0]);
                    assert_eq!(self.0.call_with("spawner_key", &self.1[1]), 1);
                    assert!(self.0.ledger.is_clear());
                }
            }
            thread_local! {
                static LATE: RefCell<Option<Late>> = const { RefCell::new(None) };
            }
            let loaded = Arc::new(Loaded::new());
            let words = Arc::new([const { AtomicU32::new(0) }; 2]);
            let late = Late(loaded.clone(), words.clone());
            thread::spawn(move || {
                let library = late.0.clone();
                LATE.with_borrow_mut(|place| *place = Some(late));
                library.call("spawner_current");
                assert!(!library.ledger.is_clear());
            })
            .join()
            .expect("the thread ended well");
            let [dropped, called] = &*words;
            assert_eq!(dropped.load(Ordering::SeqCst), 1);
            assert_eq!(called.load(Ordering::SeqCst), 3);
            Arc::into_inner(loaded).expect("nobody else").unload();
        },
    );
}

#[test]
fn a01_keys_run_like_those_of_the_system() {
    isolated("a01_keys_run_like_those_of_the_system", || {
        let loaded = Loaded::new();
        let (real, count) = (
            keys_left(),
            loaded.elsewhere(|loaded| loaded.call("spawner_keys")),
        );
        assert_eq!(count, 128);
        assert_eq!(keys_left(), real);
        let called = AtomicU32::new(0);
        thread::scope(|scope| {
            scope.spawn(|| assert_eq!(loaded.call_with("spawner_key", &called), 1));
        });
        wait(|| loaded.ledger.is_clear());
        assert_eq!(called.load(Ordering::SeqCst), 3);
        loaded.unload();
    });
}

#[test]
fn a04_a_library_that_was_busy_before_it_was_initialised_stays() {
    isolated(
        "a04_a_library_that_was_busy_before_it_was_initialised_stays",
        || {
            type Use = fn(&Loaded, &AtomicU32);
            let word = AtomicU32::new(0);
            // The program's own, with what a sanitizer runs beside it.
            let threads = thread_count();
            let uses: [(Use, bool); 4] = [
                // A thread, and a key with a destructor: the system would not wait for them.
                (|loaded, word| loaded.outlive(word, false), false),
                (|loaded, _| _ = loaded.call("spawner_current"), false),
                // A thread-local is the system's, which keeps the library mapped.
                (
                    |loaded, word| _ = loaded.call_with("spawner_keep", word),
                    true,
                ),
                (|_, _| (), true),
            ];
            // SAFETY: names that end with a zero.
            let sanitized = [c"__asan_init", c"__tsan_init"]
                .into_iter()
                .any(|name| unsafe { !libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()).is_null() });
            // A sanitizer does not see the start of a thread of a library that nobody initialised, and minds its end.
            let skipped = usize::from(sanitized);
            for (use_it, may_unmap) in uses.into_iter().skip(skipped) {
                let mut loaded = Loaded::open();
                loaded.elsewhere(|loaded| use_it(loaded, &word));
                let flags = loaded.init();
                assert_eq!(flags & module_flags::MAY_UNMAP != 0, may_unmap);
                word.store(2, Ordering::SeqCst);
                if may_unmap {
                    loaded.unload();
                } else {
                    // Another copy is needed next.
                    wait(|| thread_count() <= threads);
                    loaded.elsewhere(|loaded| loaded.call("spawner_current"));
                    loaded.close();
                }
            }
        },
    );
}

#[test]
fn a01_a_thread_that_could_not_be_started_holds_nothing() {
    isolated(
        "a01_a_thread_that_could_not_be_started_holds_nothing",
        || {
            let loaded = Loaded::new();
            assert_eq!(loaded.elsewhere(|loaded| loaded.call("spawner_too_big")), 0);
            loaded.unload();
        },
    );
}

#[test]
fn a01_a_thread_that_leaves_its_body_lets_go() {
    isolated("a01_a_thread_that_leaves_its_body_lets_go", || {
        let loaded = Loaded::new();
        assert_eq!(loaded.call("spawner_exit"), 7);
        assert!(loaded.ledger.is_clear());
        loaded.unload();
    });
}

#[test]
fn a02_a_contained_panic_holds_nothing() {
    isolated("a02_a_contained_panic_holds_nothing", || {
        let loaded = Loaded::new();
        assert_eq!(loaded.call("spawner_contain"), 1);
        assert!(loaded.ledger.is_clear(), "{:?}", loaded.ledger.holders());
        loaded.unload();
    });
}

#[test]
fn d02_a_panic_on_a_followed_thread_is_reported() {
    let output = isolated("d02_a_panic_on_a_followed_thread_is_reported", || {
        let loaded = Loaded::new();
        assert_eq!(loaded.elsewhere(|loaded| loaded.call("spawner_panic")), 1);
        loaded.unload();
    });
    if let Some(output) = output {
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(
            stderr.contains("a thread of `spawner` panicked: on a thread of its own"),
            "{stderr}"
        );
    }
}

#[test]
fn a09_a_child_forgets_the_threads_of_its_parent() {
    isolated("a09_a_child_forgets_the_threads_of_its_parent", || {
        let loaded = Loaded::new();
        let (word, dropped) = (AtomicU32::new(0), AtomicU32::new(0));
        loaded.elsewhere(|loaded| loaded.outlive(&word, true));
        wait(|| loaded.ledger.holders().len() == 1);
        thread::scope(|scope| {
            scope.spawn(|| {
                loaded.call_with("spawner_keep", &dropped);
                let name = |holders: &[ThreadHolder]| holders.len();
                assert_eq!(name(&loaded.ledger.holders()), 2);
                before_fork();
                // SAFETY: the child uses only memory and ends itself.
                let child = unsafe { libc::fork() };
                if child == 0 {
                    forget_other_threads();
                    let holders = loaded.ledger.holders();
                    let only_this = holders.len() == 1
                        && holders[0].id == u64::from(std::process::id())
                        && holders[0].why == HoldReason::ThreadLocals;
                    // SAFETY: ends the child, without what the parent wants to do at its end.
                    unsafe { libc::_exit(if only_this { 0 } else { 1 }) };
                }
                after_fork();
                let mut status = -1;
                // SAFETY: a child of this process, and a place for its status.
                unsafe { libc::waitpid(child, &raw mut status, 0) };
                assert_eq!(status, 0);
                assert_eq!(name(&loaded.ledger.holders()), 2);
            });
        });
        word.store(2, Ordering::SeqCst);
        loaded.unload();
    });
}

/// The file of a symbol that is found from here.
fn file_of(symbol: *mut c_void) -> PathBuf {
    // SAFETY: an all-zero value is one of that type.
    let mut info: libc::Dl_info = unsafe { core::mem::zeroed() };
    // SAFETY: any address may be asked for; the name lives while the object is mapped.
    let name = unsafe {
        assert_ne!(libc::dladdr(symbol, &raw mut info), 0);
        core::ffi::CStr::from_ptr(info.dli_fname)
    };
    fs::canonicalize(name.to_str().expect("a path in UTF-8")).expect("a file")
}

#[test]
fn a01_nobody_else_sees_the_symbols() {
    let library = env::var_os(LIBRARY).map_or_else(|| fixture("spawner"), PathBuf::from);
    // SAFETY: a library of this project, which is never initialised and forwards.
    let loaded = unsafe { Library::new(&library) }.expect("a library");
    let files = [
        env::current_exe().expect("the running test"),
        fs::canonicalize(library).expect("a file"),
    ];
    for name in [
        c"pthread_create",
        c"pthread_key_create",
        c"pthread_key_delete",
        c"pthread_getspecific",
        c"pthread_setspecific",
        c"__cxa_thread_atexit_impl",
    ] {
        // SAFETY: a name that ends with a zero.
        let seen = unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) };
        assert!(!files.contains(&file_of(seen)), "{name:?}");
        // SAFETY: only the address is used.
        let seen = unsafe { loaded.get::<*mut c_void>(name) }.expect("a function of the system");
        // SAFETY: as above.
        let seen = unsafe { seen.into_raw() }.as_raw_ptr();
        assert!(!files.contains(&file_of(seen)), "{name:?}");
    }
    core::mem::forget(loaded);
}

#[test]
fn a01_a_program_that_links_polyplug_keeps_its_threads() {
    isolated(
        "a01_a_program_that_links_polyplug_keeps_its_threads",
        || {
            static DROPPED: AtomicU32 = AtomicU32::new(0);
            struct Local;
            impl Drop for Local {
                fn drop(&mut self) {
                    DROPPED.fetch_add(1, Ordering::SeqCst);
                }
            }
            thread_local! {
                static LOCAL: RefCell<Option<Local>> = const { RefCell::new(None) };
            }
            for _ in 0..10 {
                thread::spawn(|| {
                    LOCAL.with_borrow_mut(|local| *local = Some(Local));
                    assert!(RECORD.get().is_null() && STARTED_BY.get().is_null());
                })
                .join()
                .expect("the thread ended well");
            }
            assert_eq!(DROPPED.load(Ordering::SeqCst), 10);
        },
    );
}
