//! Memory for wire forms that have to be built before a call, such as an array of slices for a list of texts.
//!
//! What is always true:
//!
//! * **N1** `first` is null or the first of a chain of blocks, each allocated by [`Arena::keep`] with the layout it names.

use core::alloc::Layout;
use core::cell::Cell;
use core::{fmt, mem, ptr};
use std::alloc;

use polyplug_abi::Slice;

/// Runs of wire values that live until the call is over.
///
/// One word, so that a call that puts nothing into it does not pay for it: the compiler sees it stay null.
pub struct Arena {
    first: Cell<*mut Block>,
}

/// The head of a block; the values follow.
struct Block {
    next: *mut Block,
    layout: Layout,
}

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

    /// Keeps these values, in order and side by side, until the arena is dropped. They are not dropped themselves.
    pub fn keep<T>(&self, values: impl ExactSizeIterator<Item = T>) -> Slice {
        const {
            assert!(
                !mem::needs_drop::<T>(),
                "wire forms own nothing while they are lent"
            )
        };
        let most = values.len();
        if most == 0 {
            return Slice {
                ptr: ptr::without_provenance(align_of::<T>()),
                len: 0,
            };
        }
        let array = Layout::array::<T>(most).expect("no longer than the values they are made of");
        let (layout, offset) = Layout::new::<Block>().extend(array).expect("a head more");
        // SAFETY: a block is never empty.
        let block = unsafe { alloc::alloc(layout) };
        if block.is_null() {
            alloc::handle_alloc_error(layout);
        }
        // SAFETY: the head lies at the start of what was just allocated for it.
        unsafe {
            block.cast::<Block>().write(Block {
                next: self.first.get(),
                layout,
            })
        };
        self.first.set(block.cast());
        // SAFETY: the values lie behind the head, as the layout says.
        let start = unsafe { block.add(offset) }.cast::<T>();
        let mut len = 0;
        for value in values.take(most) {
            // SAFETY: there is room for `most` values, and this is at most the last.
            unsafe { start.add(len).write(value) };
            len += 1;
        }
        Slice {
            ptr: start.cast(),
            len,
        }
    }
}

/// # Safety
/// 1. N1, and nobody uses the blocks again.
#[cold]
#[inline(never)]
unsafe fn free(mut block: *mut Block) {
    while !block.is_null() {
        // SAFETY: clause 1.
        let Block { next, layout } = unsafe { block.read() };
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
