//! The reclaimer's half of the protocol in `reclaim.rs`: the records of all threads, the barrier, the scan. One domain per
//! process.
//!
//! What is held: one record for each thread that ever entered a generation; used again for a later thread once its own has
//! ended. Who may touch it: each thread its own entries; the reclaimer reads them.
//!
//! What is always true:
//!
//! * **D1** A record is never freed, and belongs to one thread at a time: it is handed on only when the system no longer
//!   knows its thread. What the thread says at its end is a hint, because code may still run on it then.
//! * **D2** The barrier's kind is decided before the first record is made.

use core::cell::Cell;
use core::ptr;
use core::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, Ordering};
use std::collections::VecDeque;
use std::sync::{Mutex, OnceLock, PoisonError};

use polyplug_abi::{HAZARDS, ThreadRecord, barrier};

use super::threads;
use crate::reclaim;

/// A record, and what only the core knows of it. The shared part comes first.
#[repr(C)]
pub(crate) struct Record {
    shared: ThreadRecord,
    /// A small number, unique among records.
    pub(crate) index: usize,
    /// The thread that owns it, as the system calls it.
    thread: AtomicU64,
    /// More entries, for calls deep inside calls.
    more: AtomicPtr<More>,
    next: AtomicPtr<Record>,
}

/// More entries of a record. Never freed, and stays with its record.
struct More {
    entries: [AtomicPtr<()>; HAZARDS],
    more: AtomicPtr<More>,
}

/// All records, the newest first.
static RECORDS: AtomicPtr<Record> = AtomicPtr::new(ptr::null_mut());

/// Records whose threads said that they end.
static ENDED: Mutex<Ended> = Mutex::new(Ended {
    records: VecDeque::new(),
    made: 0,
});

struct Ended {
    records: VecDeque<&'static Record>,
    made: usize,
}

/// Set in a forked child: the threads of the records are another process's.
static FORKED: AtomicBool = AtomicBool::new(false);

impl Record {
    /// What handles see of it.
    pub(crate) fn shared(&self) -> &ThreadRecord {
        &self.shared
    }

    /// An entry that is free. Only for the thread that owns the record.
    pub(crate) fn free_entry(&'static self) -> &'static AtomicPtr<()> {
        if let Some(free) = reclaim::free(&self.shared.entries) {
            return free;
        }
        let mut place = &self.more;
        // SAFETY: D1.
        while let Some(more) = unsafe { place.load(Ordering::SeqCst).as_ref() } {
            if let Some(free) = reclaim::free(&more.entries) {
                return free;
            }
            place = &more.more;
        }
        let more: &'static More = Box::leak(Box::new(More {
            entries: [const { AtomicPtr::new(ptr::null_mut()) }; HAZARDS],
            more: AtomicPtr::new(ptr::null_mut()),
        }));
        // Sequentially consistent, as for a new record: a scan that misses it began before this thread's next load.
        place.store(ptr::from_ref(more).cast_mut(), Ordering::SeqCst);
        &more.entries[0]
    }

    /// All entries, a few at a time, those of outer calls first.
    fn entries(&'static self) -> impl Iterator<Item = &'static [AtomicPtr<()>]> {
        let mut next = self.more.load(Ordering::SeqCst);
        let more = core::iter::from_fn(move || {
            // SAFETY: D1.
            let more: &'static More = unsafe { next.as_ref() }?;
            next = more.more.load(Ordering::SeqCst);
            Some(&more.entries[..])
        });
        core::iter::once(&self.shared.entries[..]).chain(more)
    }

    /// Whether no call is inside anything by it.
    fn is_unused(&'static self) -> bool {
        let mut entries = self.entries().flatten();
        entries.all(|entry| {
            let found = entry.load(Ordering::SeqCst);
            found.is_null() || found == reclaim::CLOSED
        })
    }
}

thread_local! {
    /// This thread's record, in the core's own image.
    static OWN: Cell<Option<&'static Record>> = const { Cell::new(None) };
    static END: End = const { End };
}

/// Says that the thread ends.
struct End;

impl Drop for End {
    fn drop(&mut self) {
        if let Some(record) = OWN.get() {
            lock().records.push_back(record);
        }
    }
}

fn lock() -> std::sync::MutexGuard<'static, Ended> {
    ENDED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The record of the calling thread.
#[inline]
pub(crate) fn own() -> &'static Record {
    OWN.get().unwrap_or_else(register)
}

#[cold]
fn register() -> &'static Record {
    let thread = system::current();
    let mut ended = lock();
    // A few at most: a number that the system gave to another thread meanwhile keeps a record from being used.
    let mut free = None;
    for _ in 0..ended.records.len().min(4) {
        let Some(record) = ended.records.pop_front() else {
            break;
        };
        if system::has_ended(record.thread.load(Ordering::SeqCst)) && record.is_unused() {
            free = Some(record);
            break;
        }
        ended.records.push_back(record);
    }
    let record = free.unwrap_or_else(|| {
        let index = ended.made;
        ended.made += 1;
        let entries = [const { AtomicPtr::new(ptr::null_mut()) }; HAZARDS];
        if mode() == barrier::FENCE {
            entries[0].store(reclaim::CLOSED, Ordering::Relaxed);
        }
        Box::leak(Box::new(Record {
            shared: ThreadRecord {
                entries,
                barrier: mode(),
                reserved: 0,
            },
            index,
            thread: AtomicU64::new(0),
            more: AtomicPtr::new(ptr::null_mut()),
            next: AtomicPtr::new(ptr::null_mut()),
        }))
    });
    record.thread.store(thread, Ordering::SeqCst);
    drop(ended);
    if free.is_none() {
        let mut first = RECORDS.load(Ordering::SeqCst);
        loop {
            record.next.store(first, Ordering::SeqCst);
            // Sequentially consistent: a scan that misses the record began before its thread's first load.
            match RECORDS.compare_exchange(
                first,
                ptr::from_ref(record).cast_mut(),
                Ordering::SeqCst,
                Ordering::SeqCst,
            ) {
                Ok(_) => break,
                Err(found) => first = found,
            }
        }
    }
    OWN.set(Some(record));
    if END.try_with(|_| ()).is_err() {
        // The thread is past its thread-locals: it says so now, and D1 waits for it to be gone.
        lock().records.push_back(record);
    }
    record
}

/// See [`Host::thread`](polyplug_abi::Host::thread).
pub(crate) unsafe extern "C" fn thread() -> *const ThreadRecord {
    &raw const own().shared
}

/// What readers must do.
fn mode() -> u32 {
    static MODE: OnceLock<u32> = OnceLock::new();
    *MODE.get_or_init(|| {
        let forced = std::env::var_os("POLYPLUG_BARRIER").is_some_and(|value| value == "fence");
        if !forced && system::prepare() {
            barrier::ASYMMETRIC
        } else {
            barrier::FENCE
        }
    })
}

/// Makes every reader that does not see a pointer swapped before this show itself to the next scan.
pub(crate) fn pass_barrier() {
    if mode() == barrier::ASYMMETRIC {
        system::all_threads_pass();
    }
    // Pairs with the readers' fence in the other mode.
    core::sync::atomic::fence(Ordering::SeqCst);
}

fn records() -> impl Iterator<Item = &'static Record> {
    let mut next = RECORDS.load(Ordering::SeqCst);
    core::iter::from_fn(move || {
        // SAFETY: D1.
        let record = unsafe { next.as_ref() }?;
        next = record.next.load(Ordering::SeqCst);
        Some(record)
    })
}

/// The threads that are inside a generation, as the system calls them. Only after [`pass_barrier`].
pub(crate) fn inside<G>(generation: *const G) -> Vec<u64> {
    records()
        .filter(|record| {
            let mut entries = record.entries();
            entries.any(|some| reclaim::holds(some, generation, std::thread::yield_now))
        })
        .map(|record| record.thread.load(Ordering::SeqCst))
        .collect()
}

/// Whether this thread is inside a generation.
pub(crate) fn is_inside<G>(generation: *const G) -> bool {
    OWN.get().is_some_and(|record| {
        let entries = record.entries().flatten();
        let mut found = entries.map(|entry| entry.load(Ordering::Relaxed));
        found.any(|found| ptr::eq(found.cast_const().cast(), generation))
    })
}

/// The number of the calling thread, as the system calls it.
pub(crate) fn current_thread() -> u64 {
    own().thread.load(Ordering::SeqCst)
}

/// The name of a thread, or nothing.
pub(crate) fn name_of(thread: u64) -> String {
    system::name_of(thread)
}

/// Whether this process was forked from one that used plugins: nothing is unmapped here any more.
pub(crate) fn was_forked() -> bool {
    FORKED.load(Ordering::SeqCst)
}

#[cfg(unix)]
extern "C" fn before_fork() {
    threads::before_fork();
}

#[cfg(unix)]
extern "C" fn after_fork() {
    threads::after_fork();
}

/// Called in the child of a fork, in which only this thread is left (A9).
#[cfg(unix)]
extern "C" fn forked() {
    threads::forget_other_threads();
    FORKED.store(true, Ordering::SeqCst);
    let own = OWN.get();
    for record in records() {
        if own.is_none_or(|own| !ptr::eq(own, record)) {
            for entry in record.entries().flatten() {
                if entry.load(Ordering::SeqCst) != reclaim::CLOSED {
                    entry.store(ptr::null_mut(), Ordering::SeqCst);
                }
            }
        }
    }
    if let Some(own) = own {
        own.thread.store(system::current(), Ordering::SeqCst);
    }
}

/// Watches for forks, once.
pub(crate) fn watch_forks() {
    #[cfg(unix)]
    {
        static WATCHED: std::sync::Once = std::sync::Once::new();
        WATCHED.call_once(|| {
            // SAFETY: functions that take no lock in the child, but the one that is held over the fork.
            unsafe { libc::pthread_atfork(Some(before_fork), Some(after_fork), Some(forked)) };
        });
    }
}

#[cfg(target_os = "linux")]
mod system {
    //! `membarrier(2)`, and threads by their numbers.

    const QUERY: libc::c_long = 0;
    const PRIVATE_EXPEDITED: libc::c_long = 1 << 3;
    const REGISTER_PRIVATE_EXPEDITED: libc::c_long = 1 << 4;

    fn membarrier(command: libc::c_long) -> libc::c_long {
        // SAFETY: the call takes three numbers and touches no memory of ours.
        unsafe {
            libc::syscall(
                libc::SYS_membarrier,
                command,
                0 as libc::c_long,
                0 as libc::c_long,
            )
        }
    }

    pub(super) fn prepare() -> bool {
        let offered = membarrier(QUERY);
        offered > 0
            && offered & PRIVATE_EXPEDITED != 0
            && membarrier(REGISTER_PRIVATE_EXPEDITED) == 0
    }

    pub(super) fn all_threads_pass() {
        if membarrier(PRIVATE_EXPEDITED) != 0 {
            // It was registered, and cannot fail but in a forked child, which must register again.
            assert!(
                membarrier(REGISTER_PRIVATE_EXPEDITED) == 0 && membarrier(PRIVATE_EXPEDITED) == 0,
                "membarrier was taken away from this process"
            );
        }
    }

    pub(super) fn current() -> u64 {
        // SAFETY: takes nothing.
        unsafe { libc::syscall(libc::SYS_gettid) }.cast_unsigned()
    }

    pub(super) fn has_ended(thread: u64) -> bool {
        // SAFETY: signal 0 is sent to nobody.
        let answer = unsafe {
            libc::syscall(
                libc::SYS_tgkill,
                libc::c_long::from(libc::getpid()),
                thread.cast_signed(),
                0 as libc::c_long,
            )
        };
        answer != 0 && std::io::Error::last_os_error().raw_os_error() == Some(libc::ESRCH)
    }

    pub(super) fn name_of(thread: u64) -> String {
        let name = std::fs::read_to_string(format!("/proc/self/task/{thread}/comm"));
        name.map_or_else(|_| String::new(), |name| name.trim_end().to_owned())
    }
}

#[cfg(windows)]
mod system {
    //! `FlushProcessWriteBuffers`, and threads by numbers of our own: a record is used for one thread only.

    #[link(name = "kernel32")]
    unsafe extern "system" {
        fn FlushProcessWriteBuffers();
        fn GetCurrentThreadId() -> u32;
    }

    pub(super) fn prepare() -> bool {
        true
    }

    pub(super) fn all_threads_pass() {
        // SAFETY: takes nothing.
        unsafe { FlushProcessWriteBuffers() };
    }

    pub(super) fn current() -> u64 {
        // SAFETY: takes nothing.
        u64::from(unsafe { GetCurrentThreadId() })
    }

    pub(super) fn has_ended(_: u64) -> bool {
        false
    }

    pub(super) fn name_of(_: u64) -> String {
        String::new()
    }
}

#[cfg(not(any(target_os = "linux", windows)))]
mod system {
    //! No barrier for all threads; a record is used for one thread only.
    use core::sync::atomic::{AtomicU64, Ordering};

    pub(super) fn prepare() -> bool {
        false
    }

    pub(super) fn all_threads_pass() {}

    pub(super) fn current() -> u64 {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        NEXT.fetch_add(1, Ordering::Relaxed)
    }

    pub(super) fn has_ended(_: u64) -> bool {
        false
    }

    pub(super) fn name_of(_: u64) -> String {
        String::new()
    }
}

const _: () = assert!(core::mem::offset_of!(Record, shared) == 0);
