//! Memory for wire forms that have to be built before a call, such as an array of slices for a list of texts.

use core::cell::RefCell;
use core::fmt;
use core::mem;

use polyplug_abi::Slice;

/// Runs of wire values that live until the call is over. Costs nothing when nothing is put into it.
#[derive(Default)]
pub struct Arena {
    blocks: RefCell<Vec<Block>>,
}

struct Block {
    ptr: *mut u8,
    len: usize,
    free: unsafe fn(*mut u8, usize),
}

impl Arena {
    /// An empty arena; allocates nothing.
    #[inline(always)]
    #[must_use]
    pub const fn new() -> Self {
        Self {
            blocks: RefCell::new(Vec::new()),
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
        let values: Box<[T]> = values.collect();
        let len = values.len();
        let ptr = Box::into_raw(values).cast::<u8>();
        self.blocks.borrow_mut().push(Block {
            ptr,
            len,
            free: free::<T>,
        });
        Slice { ptr, len }
    }
}

/// # Safety
/// 1. `ptr` and `len` came from a `Box<[T]>` that was given up.
unsafe fn free<T>(ptr: *mut u8, len: usize) {
    let slice = core::ptr::slice_from_raw_parts_mut(ptr.cast::<T>(), len);
    // SAFETY: clause 1, kept by the caller.
    drop(unsafe { Box::from_raw(slice) });
}

impl Drop for Arena {
    #[inline(always)]
    fn drop(&mut self) {
        for block in self.blocks.get_mut().drain(..) {
            // SAFETY: `keep` stored the parts of a box together with the function for its type.
            unsafe { (block.free)(block.ptr, block.len) }
        }
    }
}

impl fmt::Debug for Arena {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Arena({} blocks)", self.blocks.borrow().len())
    }
}
