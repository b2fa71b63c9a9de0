//! Who is inside a machine: one thread at a time, which may enter again.
//!
//! What is held: a machine. Who may touch it: the thread that is inside.
//!
//! Entering costs one compare-exchange and leaving a store, as long as nobody waits: what locks usually do to leave, another
//! exchange, would be a quarter of a call. So a thread that goes to sleep may miss that the one inside has just left; it
//! looks again by itself after [`SHORT`].
//!
//! What is always true:
//!
//! * **G1** `owner` is the number of the thread inside, 0 when none is. A thread replaces 0 by its own number when it enters,
//!   and puts 0 back when it has left as often as it entered: nobody else changes it meanwhile.
//! * **G2** `depth` and the value are touched by the thread inside only.

use std::cell::{Cell, UnsafeCell};
use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use polyplug::Fault;

pub(crate) struct Gate<T> {
    door: Arc<Door>,
    /// How often the thread inside has entered and not left.
    depth: Cell<u32>,
    value: UnsafeCell<T>,
}

// SAFETY: G2; who enters sees what those before did (G1 changes with `Acquire` and `Release`).
unsafe impl<T: Send> Sync for Gate<T> {}

/// What those see who are not inside.
#[derive(Default)]
struct Door {
    owner: AtomicU64,
    /// How many have waited so long that nobody may go in before them.
    starved: AtomicU32,
    /// Whether somebody sleeps until the one inside leaves.
    asleep: AtomicBool,
    line: Mutex<()>,
    left: Condvar,
}

/// How long a thread sleeps the first time; by then, whoever leaves sees that it sleeps.
const SHORT: Duration = Duration::from_millis(1);

/// How long it sleeps before it looks again whether it waits in a circle.
const PATIENCE: Duration = Duration::from_millis(20);

/// Who waits at which door.
static WAITING: Mutex<BTreeMap<u64, Arc<Door>>> = Mutex::new(BTreeMap::new());

/// The number of this thread.
fn this_thread() -> u64 {
    static LAST: AtomicU64 = AtomicU64::new(0);
    thread_local! {
        static NUMBER: Cell<u64> = const { Cell::new(0) };
    }
    NUMBER.with(|number| {
        if number.get() == 0 {
            number.set(LAST.fetch_add(1, Ordering::Relaxed) + 1);
        }
        number.get()
    })
}

/// Whether the thread that is inside waits, through others perhaps, for something that this thread is inside of.
fn is_circle(mut door: Arc<Door>, this: u64, waiting: &BTreeMap<u64, Arc<Door>>) -> bool {
    for _ in 0..=waiting.len() {
        let thread = door.owner.load(Ordering::Acquire);
        if thread == this {
            return true;
        }
        match waiting.get(&thread) {
            Some(next) => door = Arc::clone(next),
            None => return false,
        }
    }
    false
}

impl Door {
    #[inline]
    fn take(&self, this: u64) -> bool {
        let taken = self
            .owner
            .compare_exchange(0, this, Ordering::Acquire, Ordering::Relaxed);
        taken.is_ok()
    }

    /// Waits until it has taken the place inside.
    fn wait(self: &Arc<Self>, this: u64) -> Result<(), Fault> {
        let waiting = || WAITING.lock().unwrap_or_else(PoisonError::into_inner);
        let since = Instant::now();
        let mut patience = SHORT;
        let mut is_starved = false;
        let outcome = loop {
            {
                let mut waiting = waiting();
                if is_circle(Arc::clone(self), this, &waiting) {
                    break Err(Fault::new(
                        "two plugins in Lua call one another from two threads, and would wait for each other for ever",
                    ));
                }
                waiting.insert(this, Arc::clone(self));
            }
            let line = self.line.lock().unwrap_or_else(PoisonError::into_inner);
            self.asleep.store(true, Ordering::SeqCst);
            let may_enter = is_starved || self.starved.load(Ordering::Relaxed) == 0;
            if may_enter && self.take(this) {
                break Ok(());
            }
            drop(self.left.wait_timeout(line, patience));
            patience = PATIENCE;
            if !is_starved && since.elapsed() > SHORT {
                is_starved = true;
                self.starved.fetch_add(1, Ordering::Relaxed);
            }
        };
        if is_starved {
            self.starved.fetch_sub(1, Ordering::Relaxed);
        }
        waiting().remove(&this);
        outcome
    }

    /// Wakes those who sleep; each looks for itself whether it may go in.
    #[cold]
    fn wake(&self) {
        let line = self.line.lock().unwrap_or_else(PoisonError::into_inner);
        self.asleep.store(false, Ordering::Relaxed);
        drop(line);
        self.left.notify_all();
    }
}

impl<T> Gate<T> {
    pub(crate) fn new(value: T) -> Self {
        Self {
            door: Arc::default(),
            depth: Cell::new(0),
            value: UnsafeCell::new(value),
        }
    }

    /// Of a thread that is inside already, or has to wait.
    #[cold]
    #[inline(never)]
    fn enter_again(&self, this: u64) -> Result<(), Fault> {
        // Only this thread writes its own number there (G1).
        if self.door.owner.load(Ordering::Relaxed) == this {
            return Ok(());
        }
        self.door.wait(this)
    }

    /// Waits until no other thread is inside.
    ///
    /// # Errors
    /// When that would be for ever, because the thread inside waits for this one.
    #[inline]
    pub(crate) fn enter(&self) -> Result<Entered<'_, T>, Fault> {
        let this = this_thread();
        let door = &self.door;
        if door.starved.load(Ordering::Relaxed) != 0 || !door.take(this) {
            self.enter_again(this)?;
        }
        self.depth.set(self.depth.get() + 1);
        Ok(Entered {
            gate: self,
            of_this_thread: PhantomData,
        })
    }
}

/// This thread is inside.
pub(crate) struct Entered<'g, T> {
    gate: &'g Gate<T>,
    of_this_thread: PhantomData<*const ()>,
}

impl<T> Entered<'_, T> {
    /// Whether nothing of this machine runs below.
    #[inline]
    pub(crate) fn is_outermost(&self) -> bool {
        self.gate.depth.get() == 1
    }
}

impl<T> Deref for Entered<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: G2: this thread is inside, and nobody ever has it mutably.
        unsafe { &*self.gate.value.get() }
    }
}

impl<T> Drop for Entered<'_, T> {
    #[inline]
    fn drop(&mut self) {
        let depth = self.gate.depth.get() - 1;
        self.gate.depth.set(depth);
        if depth == 0 {
            let door = &*self.gate.door;
            door.owner.store(0, Ordering::Release);
            if door.asleep.load(Ordering::Relaxed) {
                door.wake();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn one_thread_is_inside_at_a_time_and_may_enter_again() {
        let gate = Gate::new(Cell::new(0_u64));
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for turn in 0..20_000 {
                        let outer = gate.enter().expect("no circle");
                        assert!(outer.is_outermost());
                        let before = outer.get();
                        if turn % 16 == 0 {
                            let inner = gate.enter().expect("no circle");
                            assert!(!inner.is_outermost() && !outer.is_outermost());
                            thread::yield_now();
                        }
                        assert!(outer.is_outermost());
                        outer.set(before + 1);
                    }
                });
            }
        });
        assert_eq!(gate.enter().expect("no circle").get(), 80_000);
    }

    #[test]
    fn who_has_waited_long_goes_first() {
        let gate = Gate::new(Cell::new(false));
        thread::scope(|scope| {
            let inside = gate.enter().expect("no circle");
            scope.spawn(|| gate.enter().expect("no circle").set(true));
            let start = Instant::now();
            while gate.door.starved.load(Ordering::SeqCst) == 0 {
                assert!(start.elapsed() < Duration::from_secs(60));
                thread::yield_now();
            }
            // Who is inside may enter again all the same.
            drop(gate.enter().expect("no circle"));
            drop(inside);
            assert!(gate.enter().expect("no circle").get());
        });
    }
}
