//! What was looked up before, so that it is found again without a lock: a hash map whose readers only pin an epoch.
//!
//! What is held: links of callers, by the descriptor that was asked with and the plugin's name (empty: the first provider).
//! Who may touch it: every thread reads; writers hold a lock, and change one pointer at a time.
//!
//! What is always true:
//!
//! * **L1** A node that a reader can reach is not freed before that reader's epoch has passed.
//! * **L2** A node is in one table only; a table owns its nodes.

use core::sync::atomic::Ordering;
use std::sync::{Mutex, PoisonError};

use crossbeam_epoch::{self as epoch, Atomic, Guard, Owned, Shared};
use polyplug_abi::Link;

/// The map.
pub(crate) struct FastMap {
    table: Atomic<Table>,
    /// How many nodes there are.
    writer: Mutex<usize>,
}

struct Table {
    buckets: Box<[Atomic<Node>]>,
}

struct Node {
    descriptor: usize,
    plugin: Box<str>,
    link: Link,
    next: Atomic<Node>,
}

// SAFETY: a link is addresses of what is never freed.
unsafe impl Send for Node {}
// SAFETY: as above; nodes do not change but for `next`, which is atomic.
unsafe impl Sync for Node {}

impl Drop for Table {
    fn drop(&mut self) {
        for bucket in &mut self.buckets {
            let mut next = core::mem::take(bucket);
            loop {
                // SAFETY: L2: nobody reads this table any more.
                let Some(mut node) = (unsafe { next.try_into_owned() }) else {
                    break;
                };
                next = core::mem::take(&mut node.next);
            }
        }
    }
}

impl Table {
    fn with_room(room: usize) -> Self {
        Self {
            buckets: (0..room).map(|_| Atomic::null()).collect(),
        }
    }

    #[inline]
    fn bucket(&self, descriptor: usize, plugin: &str) -> &Atomic<Node> {
        // Multiplicative hashing: descriptors are aligned, so the high bits are the ones that differ.
        let mut hash = (descriptor as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        for &byte in plugin.as_bytes() {
            hash = (hash.rotate_left(5) ^ u64::from(byte)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        }
        &self.buckets[(hash >> 32) as usize & (self.buckets.len() - 1)]
    }
}

impl Default for FastMap {
    fn default() -> Self {
        Self {
            table: Atomic::new(Table::with_room(16)),
            writer: Mutex::new(0),
        }
    }
}

impl FastMap {
    /// What was found before, given to `then` where it lies: copying it twice costs more than finding it.
    #[inline(always)]
    pub(crate) fn find<T>(
        &self,
        descriptor: usize,
        plugin: &str,
        then: impl FnOnce(&Link) -> T,
    ) -> Option<T> {
        let guard = epoch::pin();
        let table = self.table(&guard);
        let mut next = table
            .bucket(descriptor, plugin)
            .load(Ordering::Acquire, &guard);
        // SAFETY: L1.
        while let Some(node) = unsafe { next.as_ref() } {
            if node.descriptor == descriptor && same(&node.plugin, plugin) {
                return Some(then(&node.link));
            }
            next = node.next.load(Ordering::Acquire, &guard);
        }
        None
    }

    #[inline]
    fn table<'g>(&self, guard: &'g Guard) -> &'g Table {
        // SAFETY: L1; never null.
        unsafe { self.table.load(Ordering::Acquire, guard).deref() }
    }

    /// Keeps what was found.
    pub(crate) fn insert(&self, descriptor: usize, plugin: &str, link: Link) {
        let mut count = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        if self.find(descriptor, plugin, |_| ()).is_some() {
            return;
        }
        let guard = epoch::pin();
        if *count >= self.table(&guard).buckets.len() {
            self.grow(&guard);
        }
        push(self.table(&guard), descriptor, plugin.into(), link, &guard);
        *count += 1;
    }

    /// A table with twice the room and nodes of its own.
    fn grow(&self, guard: &Guard) {
        let old = self.table(guard);
        let new = Table::with_room(old.buckets.len() * 2);
        for bucket in &old.buckets {
            let mut next = bucket.load(Ordering::Acquire, guard);
            // SAFETY: L1.
            while let Some(node) = unsafe { next.as_ref() } {
                push(&new, node.descriptor, node.plugin.clone(), node.link, guard);
                next = node.next.load(Ordering::Acquire, guard);
            }
        }
        let old = self.table.swap(Owned::new(new), Ordering::AcqRel, guard);
        // SAFETY: L1: nobody finds the old table any more.
        unsafe { guard.defer_destroy(old) };
    }

    /// Forgets what leads to one module. Only after nobody can find it in the registry.
    pub(crate) fn forget(&self, stamp: u64) {
        let mut count = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        if *count == 0 {
            return;
        }
        let guard = epoch::pin();
        for bucket in &self.table(&guard).buckets {
            let mut place = bucket;
            loop {
                let here = place.load(Ordering::Acquire, &guard);
                // SAFETY: L1.
                let Some(node) = (unsafe { here.as_ref() }) else {
                    break;
                };
                if node.link.stamp == stamp {
                    place.store(node.next.load(Ordering::Acquire, &guard), Ordering::Release);
                    // SAFETY: L1: unlinked by the only writer.
                    unsafe { guard.defer_destroy(here) };
                    *count -= 1;
                } else {
                    place = &node.next;
                }
            }
        }
    }
}

/// Whether two names are equal. Empty ones are not compared: they lie at no address, which the system's comparison reads all the
/// same, masked, and a processor takes tens of nanoseconds over it.
#[inline(always)]
fn same(one: &str, other: &str) -> bool {
    one.len() == other.len() && (one.is_empty() || one == other)
}

/// Puts a node in front.
fn push(table: &Table, descriptor: usize, plugin: Box<str>, link: Link, guard: &Guard) {
    let bucket = table.bucket(descriptor, &plugin);
    let first: Shared<'_, Node> = bucket.load(Ordering::Acquire, guard);
    let node = Owned::new(Node {
        descriptor,
        plugin,
        link,
        next: Atomic::from(first),
    });
    bucket.store(node, Ordering::Release);
}

impl Drop for FastMap {
    fn drop(&mut self) {
        let table = core::mem::replace(&mut self.table, Atomic::null());
        // SAFETY: nobody else has the map.
        drop(unsafe { table.try_into_owned() });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(stamp: u64) -> Link {
        Link {
            cell: core::ptr::null(),
            stamp,
            index: 0,
            plugin: polyplug_abi::Slice::text(""),
            keeper: core::ptr::null(),
        }
    }

    #[test]
    fn finds_what_was_kept_until_it_is_forgotten() {
        let map = FastMap::default();
        for number in 0..1_000 {
            map.insert(
                number % 7,
                &format!("plugin-{number}"),
                link(number as u64 % 10),
            );
        }
        for number in 0..1_000 {
            let found = map.find(number % 7, &format!("plugin-{number}"), |link| link.stamp);
            assert_eq!(found, Some(number as u64 % 10));
        }
        assert!(map.find(8, "plugin-1", |_| ()).is_none());
        map.forget(3);
        for number in 0..1_000 {
            let found = map.find(number % 7, &format!("plugin-{number}"), |_| ());
            assert_eq!(found.is_some(), number % 10 != 3);
        }
    }
}
