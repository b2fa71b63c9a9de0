//! Loading, finding, reloading, and the calls that plugins make: beside what the system itself takes for the same.

use std::fmt;
use std::fs;
use std::hint::black_box;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Barrier, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use bench_contract::{Calls, Inside, Source};
use bench_work as work;
use libloading::Library;
use polyplug::{Caller, Module, Pinned, Runtime, UnloadOutcome};

use crate::arms::Group;
use crate::interleave::{Arm, COPIES, spend};
use crate::report::Target;

/// What the arms need.
pub struct World {
    path: PathBuf,
    folder: PathBuf,
    /// Reloaded again and again.
    module: Module,
    inside: Pinned<dyn Inside>,
    /// With 10, 1,000 and 100,000 providers of one contract.
    crowds: [(&'static str, Runtime); 3],
    /// For callers on several threads.
    shared: Runtime,
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("World").finish_non_exhaustive()
    }
}

struct Here;

impl Source for Here {
    fn next(&self, x: u64) -> u64 {
        work::scalar(x)
    }
}

/// The name of one provider of many.
fn provider(number: usize) -> String {
    format!("provider-{number}")
}

fn crowd(providers: usize) -> polyplug::Result<Runtime> {
    let runtime = Runtime::new();
    for number in 0..providers {
        runtime.provide_as::<dyn Source>(&provider(number), Here)?;
    }
    Ok(runtime)
}

impl World {
    /// What the arms need, of the library of the benches' plugin.
    ///
    /// # Errors
    ///
    /// What the runtime says about the plugin.
    ///
    /// # Panics
    ///
    /// When no folder for copies can be made.
    pub fn open(path: PathBuf) -> polyplug::Result<Self> {
        let folder = std::env::temp_dir().join(format!("polyplug-benches-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder for copies");
        let shared = Runtime::new();
        shared.provide::<dyn Source>(Here)?;
        shared.load(&path)?;
        let runtime = Runtime::new();
        let module = runtime.load(&path)?;
        Ok(Self {
            inside: Caller::pin(&shared.get::<dyn Inside>()?)?,
            crowds: [
                ("10 providers", crowd(10)?),
                ("1,000 providers", crowd(1_000)?),
                ("100,000 providers", crowd(100_000)?),
            ],
            path,
            folder,
            module,
            shared,
        })
    }

    /// All arms.
    pub fn groups(&self) -> Vec<Group<'_>> {
        let target = |at_most| Some(Target { at_most, due: true });
        vec![
            Group {
                name: "load to first call",
                base: OPENING,
                arms: vec![
                    arm(OPENING, None, |count| {
                        self.by_system(count, Part::Beginning)
                    }),
                    arm("load, get, call", target(1.5), |count| {
                        self.by_runtime(count, Part::Beginning)
                    }),
                ],
            },
            Group {
                name: "load, first call, unload",
                base: SYSTEM,
                arms: vec![
                    arm(SYSTEM, None, |count| self.by_system(count, Part::Whole)),
                    arm(LIFE, None, |count| self.by_runtime(count, Part::Whole)),
                ],
            },
            Group {
                name: "get + call after a load",
                base: "the second",
                arms: vec![
                    arm("the second", None, |count| self.after_a_load(count, false)),
                    arm("the first, cold", None, |count| {
                        self.after_a_load(count, true)
                    }),
                ],
            },
            Group {
                name: "reload",
                base: "load, get, call",
                arms: vec![
                    arm("load, get, call", None, |count| {
                        self.by_runtime(count, Part::Beginning)
                    }),
                    arm("reload", target(1.5), |count| {
                        for _ in 0..count {
                            self.module.reload().expect("the same file again");
                        }
                        count * ONE
                    }),
                ],
            },
            Group {
                name: "get + call among many",
                base: self.crowds[0].0,
                arms: self
                    .crowds
                    .iter()
                    .map(|(name, runtime)| {
                        arm(name, None, move |count| {
                            (0..count).fold(1, |x, _| {
                                let first = runtime.get::<dyn Source>();
                                first.expect("many are there").next(x)
                            })
                        })
                    })
                    .collect(),
            },
            Group {
                name: "get_from + call among many",
                base: self.crowds[0].0,
                arms: self
                    .crowds
                    .iter()
                    .map(|(name, runtime)| {
                        arm(name, None, move |count| {
                            (0..count).fold(1, |x, _| {
                                let found = runtime.get_from::<dyn Source>("provider-7");
                                found.expect("it is there").next(x)
                            })
                        })
                    })
                    .collect(),
            },
            Group {
                name: "get + call on threads",
                base: "1 thread",
                arms: vec![
                    arm("1 thread", None, |count| self.on_threads(1, count)),
                    arm("2 threads, each", None, |count| self.on_threads(2, count)),
                ],
            },
            Group {
                name: "calls that a plugin makes",
                base: "a function pointer",
                arms: vec![
                    arm("a function pointer", None, |count| self.inside.own(count)),
                    arm("host contract", None, |count| self.inside.host(count)),
                    arm("peer", None, |count| self.inside.peer(count)),
                ],
            },
        ]
    }

    /// Copies the file, opens it, looks a symbol up, closes it.
    fn by_system(&self, count: u64, part: Part) -> u64 {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        for _ in 0..count {
            let start = Instant::now();
            let number = NUMBER.fetch_add(1, Ordering::Relaxed);
            let copy = self.folder.join(format!("{number}.so"));
            fs::copy(&self.path, &copy).expect("a copy");
            // SAFETY: a plugin of this project, whose initialisers only count.
            let library = unsafe { Library::new(&copy) }.expect("a library");
            // SAFETY: looked up, and never called.
            let symbol = unsafe { library.get::<unsafe extern "C" fn()>(b"polyplug_init") };
            symbol.expect("the entry point");
            part.begun(start);
            library.close().expect("closed");
            fs::remove_file(&copy).expect("removed");
        }
        count * ONE
    }

    /// Loads, finds, calls, unloads.
    fn by_runtime(&self, count: u64, part: Part) -> u64 {
        let mut sum = 0;
        for _ in 0..count {
            let start = Instant::now();
            let runtime = Runtime::new();
            let module = runtime.load(&self.path).expect("loaded");
            let calls = runtime.get::<dyn Calls>().expect("offered");
            sum += u64::from(calls.scalar(1) == work::scalar(1)) * ONE;
            part.begun(start);
            let report = module.unload_within(Duration::from_secs(10));
            assert_eq!(report.outcome(), UnloadOutcome::Unmapped, "{report}");
        }
        sum
    }

    /// Measures nothing but the first call after a load, or the second: each found anew.
    fn after_a_load(&self, count: u64, first: bool) -> u64 {
        let mut sum = 0;
        for _ in 0..count {
            let runtime = Runtime::new();
            let module = runtime.load(&self.path).expect("loaded");
            let call = || {
                let start = Instant::now();
                let calls = runtime.get::<dyn Calls>().expect("offered");
                let right = black_box(calls.scalar(1)) == work::scalar(1);
                (start.elapsed(), u64::from(right) * ONE)
            };
            let ((cold, _), (warm, right)) = (call(), call());
            spend(if first { cold } else { warm });
            sum += right;
            let report = module.unload_within(Duration::from_secs(10));
            assert_eq!(report.outcome(), UnloadOutcome::Unmapped, "{report}");
        }
        sum
    }

    /// So many calls on each of the threads, each found anew. The threads begin together; starting them is not measured
    /// apart, so the blocks are long.
    fn on_threads(&self, threads: usize, count: u64) -> u64 {
        let begin = Barrier::new(threads);
        let answer = Mutex::new(0);
        thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    begin.wait();
                    let last = (0..count).fold(1, |x, _| {
                        let calls = self.shared.get::<dyn Calls>();
                        calls.expect("it is loaded").scalar(x)
                    });
                    *answer.lock().unwrap_or_else(PoisonError::into_inner) = last;
                });
            }
        });
        answer.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

const OPENING: &str = "copy, dlopen, dlsym";
const SYSTEM: &str = "copy, dlopen, dlsym, dlclose";
const LIFE: &str = "load, get, call, unload_within";

/// What of a library's life is measured.
#[derive(Clone, Copy)]
enum Part {
    Whole,
    /// All before the end.
    Beginning,
}

impl Part {
    /// Called when a library that was begun then is ready.
    fn begun(self, start: Instant) {
        if matches!(self, Self::Beginning) {
            spend(start.elapsed());
        }
    }
}

/// What one turn of a slow arm yields, so that arms can be compared.
const ONE: u64 = 3;

fn arm<'a>(name: &'static str, target: Option<Target>, run: impl Fn(u64) -> u64 + 'a) -> Arm<'a> {
    let run = Arc::new(run);
    Arm {
        name,
        target,
        run: Box::new(move |count| {
            (0..COPIES).fold(0, |sum: u64, _| sum.rotate_left(8) ^ run(count))
        }),
    }
}
