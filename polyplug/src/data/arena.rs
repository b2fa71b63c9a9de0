//! Memory for what has to be built for a call: wire forms on the caller's side, such as an array of slices for a list of
//! texts, and copies that are lent on, on the callee's.
//!
//! What is always true:
//!
//! * **N1** `first` is null or the first of a chain of blocks, each allocated here with the layout it names.
//! * **N2** A block's `drop`, if any, drops the `count` values behind its head, once, when the arena is dropped.
//! * **N3** Values that are handed out by reference lie in blocks, which do not move while the arena lives.

use core::alloc::Layout;
use core::any::Any;
use core::cell::Cell;
use core::panic::AssertUnwindSafe;
use core::{fmt, mem, ptr, slice};
use std::{alloc, panic};

use polyplug_abi::Slice;

use crate::fault::Fault;

/// Runs of values that live until the call is over.
///
/// One word, so that a call that puts nothing into it does not pay for it: the compiler sees it stay null.
pub struct Arena {
    first: Cell<*mut Block>,
}

/// The head of a block; the values follow.
struct Block {
    next: *mut Block,
    layout: Layout,
    offset: usize,
    count: usize,
    drop: Option<unsafe fn(*mut u8, usize)>,
    /// The value is a [`Failure`].
    failure: bool,
}

/// What code of the author's raised inside a conversion.
type Failure = Option<Box<dyn Any + Send>>;

impl Default for Arena {
    fn default() -> Self {
        Self::new()
    }
}

impl Arena {
    /// An empty arena; allocates nothing.
    #[inline(always)]
    #[must_use]
    pub const fn new() -> Self {
        Self {
            first: Cell::new(ptr::null_mut()),
        }
    }

    /// Keeps these wire values, in order and side by side, until the arena is dropped. They are not dropped themselves.
    pub fn keep<T>(&self, values: impl ExactSizeIterator<Item = T>) -> Slice {
        const {
            assert!(
                !mem::needs_drop::<T>(),
                "wire forms own nothing while they are lent"
            )
        };
        let (start, len) = self.fill(values, false);
        Slice {
            ptr: start.cast(),
            len,
        }
    }

    /// Holds a value until the arena is dropped.
    #[expect(
        clippy::mut_from_ref,
        reason = "every call makes a value of its own (N3)"
    )]
    pub fn hold<T>(&self, value: T) -> &mut T {
        let (start, _) = self.fill(core::iter::once(value), false);
        // SAFETY: N3: just written, and known to nobody else.
        unsafe { &mut *start }
    }

    /// Holds these values, side by side, until the arena is dropped.
    pub fn hold_all<T>(&self, values: impl ExactSizeIterator<Item = T>) -> &[T] {
        let (start, len) = self.fill(values, false);
        // SAFETY: N3: `len` values were just written.
        unsafe { slice::from_raw_parts(start, len) }
    }

    /// Runs code of the author's inside a conversion, which must not unwind (D6): what it raises is raised by
    /// [`Arena::settle`], once everything has changed hands, and meanwhile `otherwise` stands for its value.
    pub fn attempt<T>(&self, code: impl FnOnce() -> T, otherwise: impl FnOnce() -> T) -> T {
        match panic::catch_unwind(AssertUnwindSafe(code)) {
            Ok(value) => value,
            Err(payload) => {
                let failure: Failure = Some(payload);
                self.fill(core::iter::once(failure), true);
                otherwise()
            }
        }
    }

    /// What [`Arena::settle`] shall raise: something that came cannot be what it says.
    pub(crate) fn fail(&self, fault: Fault) {
        let failure: Failure = Some(Box::new(fault));
        self.fill(core::iter::once(failure), true);
    }

    /// Raises what code of the author's raised inside a conversion.
    #[inline(always)]
    pub fn settle(&self) {
        if !self.first.get().is_null() {
            self.raise();
        }
    }

    #[cold]
    #[inline(never)]
    fn raise(&self) {
        let mut block = self.first.get();
        while !block.is_null() {
            // SAFETY: N1.
            let head = unsafe { &*block };
            if head.failure {
                // SAFETY: such a block holds one failure; nobody has a reference to it.
                let failure = unsafe { &mut *block.byte_add(head.offset).cast::<Failure>() };
                if let Some(payload) = failure.take() {
                    panic::resume_unwind(payload);
                }
            }
            block = head.next;
        }
    }

    fn fill<T>(&self, values: impl ExactSizeIterator<Item = T>, failure: bool) -> (*mut T, usize) {
        let most = values.len();
        if most == 0 {
            return (ptr::without_provenance_mut(align_of::<T>()), 0);
        }
        let array = Layout::array::<T>(most).expect("no longer than the values they are made of");
        let (layout, offset) = Layout::new::<Block>().extend(array).expect("a head more");
        // SAFETY: a block is never empty.
        let block = unsafe { alloc::alloc(layout) }.cast::<Block>();
        if block.is_null() {
            alloc::handle_alloc_error(layout);
        }
        // SAFETY: the values lie behind the head, as the layout says.
        let start = unsafe { block.byte_add(offset) }.cast::<T>();
        let mut head = Block {
            next: ptr::null_mut(),
            layout,
            offset,
            count: 0,
            drop: if mem::needs_drop::<T>() {
                Some(drop_values::<T>)
            } else {
                None
            },
            failure,
        };
        for value in values.take(most) {
            // SAFETY: there is room for `most` values, and this is at most the last.
            unsafe { start.add(head.count).write(value) };
            head.count += 1;
        }
        // Only now: the values may have put blocks into the arena themselves.
        head.next = self.first.get();
        let len = head.count;
        // SAFETY: the head lies at the start of what was just allocated for it.
        unsafe { block.write(head) };
        self.first.set(block);
        (start, len)
    }
}

/// # Safety
/// 1. `count` values of `T` lie at `start`, and are not used again.
unsafe fn drop_values<T>(start: *mut u8, count: usize) {
    // SAFETY: clause 1.
    unsafe { ptr::slice_from_raw_parts_mut(start.cast::<T>(), count).drop_in_place() }
}

/// # Safety
/// 1. N1, and nobody uses the blocks again.
#[cold]
#[inline(never)]
unsafe fn free(mut block: *mut Block) {
    while !block.is_null() {
        // SAFETY: clause 1.
        let Block {
            next,
            layout,
            offset,
            count,
            drop,
            failure: _,
        } = unsafe { block.read() };
        if let Some(drop) = drop {
            // SAFETY: N2.
            unsafe { drop(block.byte_add(offset).cast(), count) };
        }
        // SAFETY: clause 1.
        unsafe { alloc::dealloc(block.cast(), layout) };
        block = next;
    }
}

impl Drop for Arena {
    #[inline(always)]
    fn drop(&mut self) {
        let first = self.first.get();
        if !first.is_null() {
            // SAFETY: N1; the arena is at its end.
            unsafe { free(first) }
        }
    }
}

impl fmt::Debug for Arena {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Arena({})",
            if self.first.get().is_null() {
                "empty"
            } else {
                "in use"
            }
        )
    }
}
