//! The reclamation protocol: how a call holds the generation that it runs in, and how a retired generation learns that
//! nobody is inside any more. The one file in which the two sides meet.
//!
//! # The story
//!
//! A module has one pointer to its current *generation* (a loaded version: functions and state). A **reader**, any thread
//! that makes a call through a `Caller`, must use the generation it found until the call returns. The **reclaimer**, the
//! runtime's side of unload and reload, swaps the pointer, and may end the old generation once no reader is in it.
//! Readers are many and must pay nothing; the reclaimer is rare and may pay a lot.
//!
//! Each thread owns a *record* with a few *entries*, in memory that is never freed. To **enter**, a reader takes its first
//! free entry and
//!
//! 1. stores `BUSY` in it ("I am about to look"),
//! 2. loads the module's pointer,
//! 3. stores what it found in the entry ("I am in this one").
//!
//! To **leave** it stores null. The reclaimer
//!
//! 1. swaps the module's pointer,
//! 2. makes every thread of the process pass a full barrier,
//! 3. reads all entries of all records: the old generation means *held*, `BUSY` means *look again*.
//!
//! # Why that suffices
//!
//! Take one reader and the barrier that the reclaimer makes it pass. Either the reader's `BUSY` stands before the barrier:
//! then it, or whatever the reader stored over it, is visible to the reclaimer's scan. While it reads `BUSY` it looks again; when
//! it reads the old generation it waits. Or `BUSY` comes after the barrier: then so does the load in step 2, which
//! therefore finds the new pointer, and the old generation is not entered. There is no third case, because a reader cannot load before it
//! stored: a compiler fence keeps the compiler from swapping the two, and the processor's own swap (the store waits
//! in its buffer while the load runs) is what the barrier undoes.
//!
//! Where the system has no way to make all threads pass a barrier (see `Barrier` in the host's half), readers put a
//! sequentially consistent fence between steps 1 and 2 themselves, and so does the reclaimer between its own: then one of the
//! two fences comes first in their total order, which is the same two cases.
//!
//! A generation's address may come back: a new generation in the memory of an old one that was freed. It was freed
//! because no entry held it, and whoever enters now finds the new one in the module's pointer; an entry that says
//! this address means the one that is there.
//!
//! A record is handed to another thread only after its thread has ended, so an entry has one writer at any time.
//! New records are published before their first use, with a sequentially consistent store: a scan that misses one
//! began before, and its barrier comes before that thread's first load.
//!
//! # Orderings
//!
//! * `BUSY` is stored relaxed: the barrier, or the fence, orders it.
//! * The pointer is loaded with acquire: pairs with the reclaimer's swap, so that what the generation is made of is visible.
//! * The entry is stored with release, and null as well: pairs with the scan's acquire, so that everything a call did
//!   happens before the end of its generation.
//!
//! # What a model checker sees
//!
//! `loom` knows no barrier that one thread makes others pass. It compiles this file with the fences, as on a system without such a
//! barrier; that the other mode gives the same two cases is argued above.
//!
//! What is held: nothing but entries. Who may touch it: handles enter and leave, the host's half scans.
//!
//! What is always true:
//!
//! * **Q1** An entry is written only by the thread that owns its record.
//! * **Q2** While an entry holds a generation that was found in its module's pointer, that generation is not ended.

#[cfg(not(loom))]
use core::sync::atomic::{AtomicPtr, Ordering, compiler_fence, fence};
#[cfg(loom)]
use loom::sync::atomic::{AtomicPtr, Ordering, fence};

#[cfg(loom)]
fn compiler_fence(_: Ordering) {}

/// "I am about to look." No generation lies at this address: they are aligned.
const BUSY: *mut () = core::ptr::without_provenance_mut(1);

/// "Not this one": what the first entry holds for ever where readers must make a fence, so that the short way, which makes none,
/// never finds it free. No generation lies at this address either.
#[cfg_attr(
    not(any(feature = "host", loom)),
    expect(dead_code, reason = "the host's side")
)]
pub(crate) const CLOSED: *mut () = core::ptr::without_provenance_mut(2);

/// Enters without a fence of the processor's, by the first entry. Nothing when that is taken: by a call that this one is
/// inside of, or for ever.
///
/// Only the thread that owns the entries may call this (Q1).
#[inline(always)]
pub(crate) fn enter_first<'r, G>(
    entries: &'r [AtomicPtr<()>],
    current: &AtomicPtr<G>,
) -> Option<(&'r AtomicPtr<()>, *mut G)> {
    let first = entries.first()?;
    if !first.load(Ordering::Relaxed).is_null() {
        return None;
    }
    Some((first, occupy(first, false, current)))
}

/// A free entry; nothing when all are taken.
///
/// Only the thread that owns the entries may take it (Q1).
pub(crate) fn free(entries: &[AtomicPtr<()>]) -> Option<&AtomicPtr<()>> {
    let mut entries = entries.iter();
    entries.find(|entry| entry.load(Ordering::Relaxed).is_null())
}

/// Enters, by an entry that is free, and says which generation the entry holds now: null when the module has none, and
/// then the entry is free again.
#[inline(always)]
pub(crate) fn occupy<G>(entry: &AtomicPtr<()>, fenced: bool, current: &AtomicPtr<G>) -> *mut G {
    entry.store(BUSY, Ordering::Relaxed);
    if fenced {
        fence(Ordering::SeqCst);
    } else {
        compiler_fence(Ordering::SeqCst);
    }
    let generation = current.load(Ordering::Acquire);
    entry.store(generation.cast(), Ordering::Release);
    generation
}

/// Gives an entry up. Whatever the call did happens before the end of its generation.
#[inline(always)]
pub(crate) fn leave(entry: &AtomicPtr<()>) {
    entry.store(core::ptr::null_mut(), Ordering::Release);
}

/// Whether one of the entries holds the generation. Only after the pointer was swapped and the barrier was passed.
/// `look_again` is called while a reader is about to say what it found.
#[cfg_attr(
    not(any(feature = "host", loom)),
    expect(dead_code, reason = "the host's side")
)]
pub(crate) fn holds<G>(
    entries: &[AtomicPtr<()>],
    generation: *const G,
    mut look_again: impl FnMut(),
) -> bool {
    entries.iter().any(|entry| {
        loop {
            let found = entry.load(Ordering::Acquire);
            if found != BUSY {
                break core::ptr::eq(found.cast_const().cast(), generation);
            }
            look_again();
        }
    })
}
