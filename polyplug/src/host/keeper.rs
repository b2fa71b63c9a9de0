//! What keeps a runtime alive while the host has callers of it: counts that no two threads share.
//!
//! Getting a caller and dropping it again must cost less than one locked instruction, and must not make threads wait for
//! each other. So each thread counts for itself, in a line of memory that only it writes: how many it added, how many it
//! removed. A handle may be added by one thread and removed by another; what counts is the difference of the two sums.
//!
//! The sums are asked for only when the last `Runtime` is gone. All removals are read first, all additions after them: a removal
//! that is seen has its addition seen as well, because a handle reaches the thread that drops it by some synchronisation.
//! So equal sums mean that at the moment of the first read there were as many removals as additions: no handle, and without a
//! `Runtime` or a handle nobody can make one.
//!
//! What is held: counts. Who may touch it: every thread its own shard, the last `Runtime`'s drop and the reaper all.
//!
//! What is always true:
//!
//! * **N1** A shard is written by the thread that owns the record with its number; the last one is shared, with locked
//!   instructions.
//! * **N2** A keeper lives while a handle is counted: storing a removal is the last thing a handle does with it.

use core::ptr;
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::{domain, reaper};

const SHARDS: usize = 64;

#[repr(align(64))]
#[derive(Default)]
struct Shard {
    added: AtomicU64,
    removed: AtomicU64,
}

/// The counts of one runtime.
pub(crate) struct Keeper {
    /// Nobody has the runtime any more; what is left are handles.
    orphaned: AtomicBool,
    shards: Box<[Shard]>,
    shared: Shard,
}

impl Keeper {
    pub(crate) fn new() -> Self {
        Self {
            orphaned: AtomicBool::new(false),
            shards: (0..SHARDS).map(|_| Shard::default()).collect(),
            shared: Shard::default(),
        }
    }

    pub(crate) fn as_ptr(&self) -> *const () {
        ptr::from_ref(self).cast()
    }

    /// From now on whoever removes a handle asks whether it was the last.
    pub(crate) fn orphan(&self) {
        self.orphaned.store(true, Ordering::SeqCst);
    }

    /// Whether there is no handle. Only once it is orphaned: otherwise one may be made meanwhile.
    pub(crate) fn is_empty(&self) -> bool {
        let all = || self.shards.iter().chain([&self.shared]);
        let removed: u64 = all()
            .map(|shard| shard.removed.load(Ordering::SeqCst))
            .fold(0, u64::wrapping_add);
        let added = all()
            .map(|shard| shard.added.load(Ordering::SeqCst))
            .fold(0, u64::wrapping_add);
        added == removed
    }

    #[inline(always)]
    fn count(&self, which: impl Fn(&Shard) -> &AtomicU64) {
        match self.shards.get(domain::own().index) {
            Some(shard) => {
                // N1: no other thread writes it. Release: pairs with the loads of `is_empty`.
                let count = which(shard);
                count.store(
                    count.load(Ordering::Relaxed).wrapping_add(1),
                    Ordering::Release,
                );
            }
            None => {
                which(&self.shared).fetch_add(1, Ordering::SeqCst);
            }
        }
    }
}

/// One more handle.
///
/// # Safety
/// 1. The keeper lives.
#[inline(always)]
pub(crate) unsafe fn keep(keeper: *const ()) {
    // SAFETY: clause 1.
    unsafe { &*keeper.cast::<Keeper>() }.count(|shard| &shard.added);
}

/// One handle less.
///
/// # Safety
/// 1. The handle was counted, and is not used again (N2).
#[inline(always)]
pub(crate) unsafe fn release(keeper: *const ()) {
    // SAFETY: clause 1.
    let keeper = unsafe { &*keeper.cast::<Keeper>() };
    // Before the removal: after it, the keeper may be gone.
    let orphaned = keeper.orphaned.load(Ordering::Relaxed);
    keeper.count(|shard| &shard.removed);
    if orphaned {
        reaper::look_after_orphans();
    }
}

/// One handle's count of a keeper; nothing for what does not keep its runtime.
pub(crate) struct Kept(*const ());

// SAFETY: counts are atomic, and each thread writes its own.
unsafe impl Send for Kept {}
// SAFETY: as above.
unsafe impl Sync for Kept {}

impl Kept {
    /// # Safety
    /// 1. The keeper is null, or lives while this is made.
    pub(crate) unsafe fn new(keeper: *const ()) -> Self {
        if !keeper.is_null() {
            // SAFETY: clause 1.
            unsafe { keep(keeper) };
        }
        Self(keeper)
    }
}

impl Clone for Kept {
    fn clone(&self) -> Self {
        // SAFETY: counted by this value.
        unsafe { Self::new(self.0) }
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        if !self.0.is_null() {
            // SAFETY: gives up the count that this value has.
            unsafe { release(self.0) };
        }
    }
}
