//! Data that may grow: never inline, always behind a pointer that says how to let go of what its reader does not know.

use core::ptr;

/// Lets go of a value behind a [`Grown`]: its pointer, then how many of its bytes the reader knows and took.
///
/// * A struct: what the fields own that start before `known` is the reader's; what the others own is let go.
/// * An enum: with `known` 0 what the payload owns is let go, otherwise it is the reader's.
/// * Handed over, the memory of the value is freed too. Lent, it is not: what is let go are the objects alone.
pub type ReleaseGrownFunction = unsafe extern "C" fn(ptr: *mut u8, known: usize);

/// Data that may grow, lent or handed over.
///
/// | offset (bytes) | field | meaning |
/// |---:|---|---|
/// | 0 | `ptr` | a struct: `{ u32 size; fields.. }`; an enum: a [`GrownVariant`] |
/// | 8 | `release` | see [`ReleaseGrownFunction`]; null: nothing to let go |
///
/// Handed over: the reader calls `release` once, when it has copied what it knows. Lent: the reader calls it once, and only
/// when there is something that it does not know: `size` is larger than its own, or the tag is unknown.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Grown {
    /// The value, as its writer knows it.
    pub ptr: *mut u8,
    /// Lets go of it, on the writer's side.
    pub release: Option<ReleaseGrownFunction>,
}

frozen_layout!(Grown { size: 16, ptr @ 0, release @ 8 });

/// A value of an enum that may grow.
///
/// | offset (bytes) | field | meaning |
/// |---:|---|---|
/// | 0 | `tag` | the position of the variant, or [`OTHER_TAG`](crate::OTHER_TAG) |
/// | 8 | `payload` | the fields of the variant, C layout; may be null when it has none |
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct GrownVariant {
    /// Which variant.
    pub tag: u32,
    /// Its fields.
    pub payload: *const u8,
}

frozen_layout!(GrownVariant { size: 16, tag @ 0, payload @ 8 });

impl GrownVariant {
    /// A variant without fields.
    #[must_use]
    pub const fn bare(tag: u32) -> Self {
        Self {
            tag,
            payload: ptr::null(),
        }
    }
}
