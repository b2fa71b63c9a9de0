//! Who needs the image of a module mapped: threads that it started, and threads that will still run its destructors.
//!
//! What is held: one row for each such thread and image. Who may touch it: images, through [`ThreadTable`]; threads of
//! the process, when they end; the core, which asks before it unmaps.
//!
//! A thread that an image starts is counted before it exists and until its end, when its body has returned into this file and
//! all destructors of thread-locals have run: no frame of the image is on its stack any more. Another thread that registers
//! destructors of thread-locals is counted from the first of an image until the last has returned.
//!
//! What is always true:
//!
//! * **T1** A token is `Arc::as_ptr` of a [`Ledger`] that the core keeps as long as the image is mapped; who brings it is code
//!   of that image, which is therefore mapped.
//! * **T2** A function that an image gave is called only while a row of that image stands for the calling thread, and the
//!   row goes only after the call returned.
//! * **T3** `RECORD` is null or this thread's own record, which lives until the destructor of `END` has freed it, and it is null
//!   from then on. Nothing foreign is called while it is borrowed.
//! * **T4** No lock is held while anything foreign is called.
//! * **T5** Between [`before_fork`] and what follows it the lock is held by the forking thread, which is the only one that
//!   lives on in the child.

use core::cell::{Cell, RefCell};
use core::ffi::c_void;
use core::fmt;
use core::mem::ManuallyDrop;
use core::ptr;
use core::sync::atomic::{AtomicU64, Ordering};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use polyplug_abi::{ThreadDestructor, ThreadStart, ThreadTable, exit_order};

/// What images are given as [`Host::threads`](polyplug_abi::Host::threads); null where none is ever unmapped.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub(crate) const THREADS: *const ThreadTable = &raw const TABLE;
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub(crate) const THREADS: *const ThreadTable = ptr::null();

#[cfg(all(target_os = "linux", target_env = "gnu"))]
static TABLE: ThreadTable = ThreadTable {
    size: size_of::<ThreadTable>() as u32,
    flags: 0,
    spawn,
    at_exit,
    started_by,
};

/// Who holds one image.
#[derive(Debug)]
pub(crate) struct Ledger {
    /// No other has had it.
    number: u64,
}

/// A thread that holds an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThreadHolder {
    /// What the system calls it; 0 while it is being started.
    pub(crate) id: u64,
    /// `main`, or the name it has in the system; empty when it has none.
    pub(crate) name: String,
    /// Why it holds the image.
    pub(crate) why: HoldReason,
}

/// Why a thread holds an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HoldReason {
    /// The image started it, and it has not ended.
    Started,
    /// Destructors of thread-locals of the image will run when it ends.
    ThreadLocals,
}

impl ThreadHolder {
    /// The number of the thread, as the system calls it; 0 while it is being started.
    #[must_use]
    pub fn thread(&self) -> u64 {
        self.id
    }

    /// The name of the thread, or nothing.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Why it holds the library.
    #[must_use]
    pub fn reason(&self) -> HoldReason {
        self.why
    }
}

impl fmt::Display for ThreadHolder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.id == 0 {
            return f.write_str("a thread that the library is starting");
        }
        write!(f, "thread {}", self.id)?;
        if !self.name.is_empty() {
            write!(f, " `{}`", self.name)?;
        }
        f.write_str(match self.why {
            HoldReason::Started => ", which the library started",
            HoldReason::ThreadLocals => ", with thread-locals of the library",
        })
    }
}

/// One thread, for one image.
#[derive(Debug)]
struct Row {
    number: u64,
    thread: u64,
    why: HoldReason,
}

/// The rows of each image that has any, by the number of its ledger.
static ROWS: Mutex<BTreeMap<u64, Vec<Row>>> = Mutex::new(BTreeMap::new());
static NUMBERS: AtomicU64 = AtomicU64::new(1);
static ON_CLEAR: OnceLock<fn()> = OnceLock::new();

fn rows() -> MutexGuard<'static, BTreeMap<u64, Vec<Row>>> {
    ROWS.lock().unwrap_or_else(PoisonError::into_inner)
}

fn next_number() -> u64 {
    NUMBERS.fetch_add(1, Ordering::Relaxed)
}

/// Has `woken` called whenever the last thread lets go of an image: on that thread, which ends, with no lock held. The first
/// function stays.
pub(crate) fn set_on_clear(woken: fn()) {
    let _ = ON_CLEAR.set(woken);
}

impl Ledger {
    /// For an image that is about to be initialised.
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            number: next_number(),
        })
    }

    /// What goes into [`Registration::image`](polyplug_abi::Registration::image). The ledger must live as long as the image is
    /// mapped (T1).
    pub(crate) fn token(this: &Arc<Self>) -> *const () {
        Arc::as_ptr(this).cast()
    }

    /// Whether no thread holds the image. What a thread that held it did before happened before this.
    pub(crate) fn is_clear(&self) -> bool {
        !rows().contains_key(&self.number)
    }

    /// The threads that hold the image, each once.
    pub(crate) fn holders(&self) -> Vec<ThreadHolder> {
        let mut holders: Vec<ThreadHolder> = Vec::new();
        if let Some(rows) = rows().get(&self.number) {
            for row in rows {
                let known = holders
                    .iter_mut()
                    .find(|holder| row.thread != 0 && holder.id == row.thread);
                match known {
                    Some(known) if row.why == HoldReason::Started => known.why = row.why,
                    Some(_) => {}
                    None => holders.push(ThreadHolder {
                        id: row.thread,
                        name: String::new(),
                        why: row.why,
                    }),
                }
            }
        }
        for holder in &mut holders {
            holder.name = name_of(holder.id);
        }
        holders
    }

    /// Runs now what the calling thread would run at its end for this image, and lets the image go. A thread that lives long
    /// can so unload what it has used. Says whether there was anything.
    ///
    /// # Safety
    /// 1. No frame of the image is on this thread's stack, but that of a destructor that this file called, or of a thread that
    ///    the image started: then nothing is done.
    /// 2. From now on this thread calls nothing in the image, not even the destructor of an object or a state: its
    ///    thread-locals there are gone.
    pub(crate) unsafe fn end_thread_locals_here(&self) -> bool {
        let mut any = false;
        let Some(_running) = Running::begin() else {
            return any; // one of them is on this stack
        };
        if with_record(|record| record.was_started_by(self.number)).unwrap_or(true) {
            return any; // so is the body of the thread
        }
        loop {
            let step = with_record(|record| record.step_of(self.number));
            match step {
                // SAFETY: T2, clause 1.
                Some(Step::Run(exit)) => unsafe { (exit.destructor)(exit.object) },
                Some(Step::LetGo(hold)) => drop(hold),
                Some(Step::Done) | None => return any,
            }
            any = true;
        }
    }

    /// # Safety
    /// 1. T1.
    unsafe fn of(token: *const ()) -> Arc<Self> {
        let ledger = token.cast::<Self>();
        // SAFETY: T1: a live `Arc`; the count taken here is the one that the value made next gives up.
        unsafe {
            Arc::increment_strong_count(ledger);
            Arc::from_raw(ledger)
        }
    }

    /// Holds the image for a thread.
    fn hold(self: Arc<Self>, thread: u64, why: HoldReason) -> Hold {
        let number = next_number();
        rows().entry(self.number).or_default().push(Row {
            number,
            thread,
            why,
        });
        Hold {
            ledger: self,
            number,
        }
    }
}

/// A row. While it lives, the image is mapped.
#[derive(Debug)]
struct Hold {
    ledger: Arc<Ledger>,
    number: u64,
}

impl Hold {
    /// The thread that was being started, runs.
    fn runs_on(&self, thread: u64) {
        if let Some(rows) = rows().get_mut(&self.ledger.number)
            && let Some(row) = rows.iter_mut().find(|row| row.number == self.number)
        {
            row.thread = thread;
        }
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        let cleared = {
            let mut rows = rows();
            let Some(of_image) = rows.get_mut(&self.ledger.number) else {
                return; // forgotten in a child
            };
            of_image.retain(|row| row.number != self.number);
            of_image.is_empty() && rows.remove(&self.ledger.number).is_some()
        };
        if cleared && let Some(woken) = ON_CLEAR.get() {
            woken();
        }
    }
}

// Each thread's own record.

#[derive(Debug, Default)]
struct Record {
    /// What this thread holds because an image started it.
    body: Option<Hold>,
    /// What its thread-locals hold.
    images: Vec<Locals>,
}

/// The destructors of one image that run when this thread ends.
#[derive(Debug)]
struct Locals {
    hold: Hold,
    thread_locals: Vec<Exit>,
    keys: Vec<Exit>,
}

#[derive(Clone, Copy, Debug)]
struct Exit {
    destructor: ThreadDestructor,
    object: *mut c_void,
}

/// Its destructor is the end of the thread.
struct End;

thread_local! {
    static RECORD: Cell<*const RefCell<Record>> = const { Cell::new(ptr::null()) };
    static STARTED_BY: Cell<*const ()> = const { Cell::new(ptr::null()) };
    static END: End = const { End };
}

/// This thread's record; nothing when the thread is past its end.
fn with_record<T>(f: impl FnOnce(&mut Record) -> T) -> Option<T> {
    if RECORD.get().is_null() {
        // Registers the destructor.
        END.try_with(|_| ()).ok()?;
        RECORD.set(Box::into_raw(Box::default()));
    }
    // SAFETY: T3.
    let record = unsafe { &*RECORD.get() };
    Some(f(&mut record.borrow_mut()))
}

impl Drop for End {
    fn drop(&mut self) {
        if RECORD.get().is_null() {
            return;
        }
        let _running = Running::begin();
        while let Some(step) = with_record(Record::step) {
            match step {
                // SAFETY: T2: the row of its image is still in the record.
                Step::Run(exit) => unsafe { (exit.destructor)(exit.object) },
                Step::LetGo(hold) => drop(hold),
                Step::Done => break,
            }
        }
        let record = RECORD.replace(ptr::null()).cast_mut();
        // SAFETY: T3: made by `with_record`, and freed once.
        drop(unsafe { Box::from_raw(record) });
    }
}

thread_local! {
    static RUNNING: Cell<bool> = const { Cell::new(false) };
}

/// Destructors of thread-locals are run on this thread: a frame of their image may be on its stack.
struct Running;

impl Running {
    fn begin() -> Option<Self> {
        (!RUNNING.replace(true)).then(|| Self)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        RUNNING.set(false);
    }
}

enum Step {
    Run(Exit),
    LetGo(Hold),
    Done,
}

impl Record {
    /// Whether the body of this thread is that image's.
    fn was_started_by(&self, ledger: u64) -> bool {
        let body = self.body.as_ref();
        body.is_some_and(|hold| hold.ledger.number == ledger)
    }

    /// What comes next when the thread ends. What runs may register more, also for other images.
    fn step(&mut self) -> Step {
        match self.images.last() {
            Some(last) => self.step_of(last.hold.ledger.number),
            // Last: whoever waits for an image waits for its threads, and would take one that only runs its destructors for a
            // thread of the host's, which may go on for ever.
            None => self.body.take().map_or(Step::Done, Step::LetGo),
        }
    }

    /// As [`step`](Self::step), for one image only.
    fn step_of(&mut self, ledger: u64) -> Step {
        let of_image = |locals: &Locals| locals.hold.ledger.number == ledger;
        let Some(place) = self.images.iter().position(of_image) else {
            return Step::Done;
        };
        let locals = &mut self.images[place];
        match locals.thread_locals.pop().or_else(|| locals.keys.pop()) {
            Some(exit) => Step::Run(exit),
            None => Step::LetGo(self.images.remove(place).hold),
        }
    }

    fn register(&mut self, ledger: Arc<Ledger>, order: u32, exit: Exit) {
        let known = self
            .images
            .iter()
            .position(|locals| Arc::ptr_eq(&locals.hold.ledger, &ledger));
        let place = known.unwrap_or_else(|| {
            self.images.push(Locals {
                hold: ledger.hold(current_thread(), HoldReason::ThreadLocals),
                thread_locals: Vec::new(),
                keys: Vec::new(),
            });
            self.images.len() - 1
        });
        let locals = &mut self.images[place];
        if order == exit_order::KEYS {
            locals.keys.push(exit);
        } else {
            locals.thread_locals.push(exit);
        }
    }
}

/// See [`ThreadTable::at_exit`].
///
/// # Safety
/// 1. T1; the destructor may be called with the object when this thread ends.
unsafe extern "C" fn at_exit(
    image: *const (),
    order: u32,
    destructor: ThreadDestructor,
    object: *mut c_void,
) -> i32 {
    // SAFETY: clause 1.
    let ledger = unsafe { Ledger::of(image) };
    let exit = Exit { destructor, object };
    match with_record(|record| record.register(ledger, order, exit)) {
        Some(()) => 0,
        None => 1,
    }
}

/// See [`ThreadTable::started_by`].
unsafe extern "C" fn started_by() -> *const () {
    STARTED_BY.get()
}

/// What a new thread is given.
struct Start {
    hold: Hold,
    start: ThreadStart,
    argument: *mut c_void,
}

/// A thread may leave its body by `pthread_exit`, which unwinds through what lies below it.
type Body = unsafe extern "C-unwind" fn(argument: *mut c_void) -> *mut c_void;

#[cfg(all(target_os = "linux", target_env = "gnu"))]
unsafe extern "C" {
    fn pthread_create(
        thread: *mut c_void,
        attributes: *const c_void,
        start: Body,
        argument: *mut c_void,
    ) -> i32;
}

/// See [`ThreadTable::spawn`].
///
/// # Safety
/// 1. T1; otherwise as for `pthread_create`.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
unsafe extern "C" fn spawn(
    image: *const (),
    thread: *mut c_void,
    attributes: *const c_void,
    start: ThreadStart,
    argument: *mut c_void,
) -> i32 {
    // SAFETY: clause 1.
    let ledger = unsafe { Ledger::of(image) };
    let start = Box::into_raw(Box::new(Start {
        hold: ledger.hold(0, HoldReason::Started),
        start,
        argument,
    }));
    // SAFETY: clause 1; `body` takes what it is given here.
    let code = unsafe { pthread_create(thread, attributes, body, start.cast()) };
    if code != 0 {
        // SAFETY: no thread was started that would take it.
        drop(unsafe { Box::from_raw(start) });
    }
    code
}

/// The first function of a thread that an image started.
///
/// # Safety
/// 1. `start` is a `Start` that is handed over.
unsafe extern "C-unwind" fn body(start: *mut c_void) -> *mut c_void {
    // SAFETY: clause 1.
    let (body, argument) = unsafe { begin(start.cast()) };
    // SAFETY: T2: the record has the row. Nothing in this frame has a destructor: the call may not return.
    unsafe { body(argument) }
}

/// # Safety
/// 1. `start` is a `Start` that is handed over.
unsafe fn begin(start: *mut Start) -> (Body, *mut c_void) {
    // SAFETY: clause 1.
    let Start {
        hold,
        start,
        argument,
    } = *unsafe { Box::from_raw(start) };
    hold.runs_on(current_thread());
    STARTED_BY.set(Ledger::token(&hold.ledger));
    with_record(|record| record.body = Some(hold));
    // SAFETY: the same call; the type only says that it may be left by unwinding.
    let body = unsafe { core::mem::transmute::<ThreadStart, Body>(start) };
    (body, argument)
}

// What the system knows of threads.

#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn current_thread() -> u64 {
    // SAFETY: it takes nothing and cannot fail.
    unsafe { libc::syscall(libc::SYS_gettid) as u64 }
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn current_thread() -> u64 {
    0
}

fn name_of(thread: u64) -> String {
    if thread == u64::from(std::process::id()) {
        return "main".to_owned();
    }
    std::fs::read_to_string(format!("/proc/self/task/{thread}/comm"))
        .map_or_else(|_| String::new(), |name| name.trim_end().to_owned())
}

// Forks: what `pthread_atfork` is to be given.

type Locked = MutexGuard<'static, BTreeMap<u64, Vec<Row>>>;

thread_local! {
    static FORKING: Cell<Option<(u64, ManuallyDrop<Locked>)>> = const { Cell::new(None) };
}

/// Before a fork: the rows stand still until [`after_fork`] or [`forget_other_threads`].
pub(crate) fn before_fork() {
    FORKING.set(Some((current_thread(), ManuallyDrop::new(rows()))));
}

/// After a fork, in the parent.
pub(crate) fn after_fork() {
    if let Some((_, rows)) = FORKING.take() {
        // T5.
        drop(ManuallyDrop::into_inner(rows));
    }
}

/// After a fork, in the child: the other threads do not exist, and hold nothing.
pub(crate) fn forget_other_threads() {
    if let Some((forking, rows)) = FORKING.take() {
        // T5.
        let mut rows = ManuallyDrop::into_inner(rows);
        let this = current_thread();
        for of_image in rows.values_mut() {
            of_image.retain(|row| row.thread == forking);
            for row in of_image {
                row.thread = this;
            }
        }
        rows.retain(|_, of_image| !of_image.is_empty());
    }
}

#[cfg(all(test, target_os = "linux", target_env = "gnu"))]
mod tests;
