//! Runs of values in memory: lent (`Slice`, `List`), handed over (`Buffer`), and objects (`Object`).

use core::fmt;
use core::ptr;

use crate::InterfaceHeader;

/// Values lent for one call, or for as long as the module that holds them is mapped.
///
/// | offset (bytes) | field | meaning |
/// |---:|---|---|
/// | 0 | `ptr` | first element; may be null when `len` is 0 |
/// | 8 | `len` | elements, not bytes; the whole is at most `isize::MAX` bytes |
///
/// Owner: the side that wrote it. Text is UTF-8.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Slice {
    /// First element; may be null when `len` is 0.
    pub ptr: *const u8,
    /// Number of elements.
    pub len: usize,
}

frozen_layout!(Slice { size: 16, ptr @ 0, len @ 8 });

impl Slice {
    /// No elements at all.
    pub const EMPTY: Self = Self {
        ptr: ptr::null(),
        len: 0,
    };

    /// Lends text.
    #[must_use]
    pub const fn text(text: &str) -> Self {
        Self {
            ptr: text.as_ptr(),
            len: text.len(),
        }
    }

    /// Lends a run of values as they lie in memory.
    #[must_use]
    pub const fn of<T>(values: &[T]) -> Self {
        Self {
            ptr: values.as_ptr().cast(),
            len: values.len(),
        }
    }

    /// The bytes lent.
    ///
    /// # Safety
    /// 1. `ptr` points to `len` bytes that stay unchanged for `'a`, or `len` is 0.
    #[must_use]
    #[inline]
    pub const unsafe fn bytes<'a>(self) -> &'a [u8] {
        if self.len == 0 {
            return &[];
        }
        // SAFETY: clause 1, kept by the caller; the empty case is handled above.
        unsafe { core::slice::from_raw_parts(self.ptr, self.len) }
    }

    /// The text lent.
    ///
    /// # Safety
    /// 1. As for [`Slice::bytes`].
    /// 2. The bytes are UTF-8.
    #[must_use]
    #[inline]
    pub const unsafe fn str<'a>(self) -> &'a str {
        // SAFETY: clause 1, kept by the caller.
        let bytes = unsafe { self.bytes() };
        // SAFETY: clause 2, kept by the caller.
        unsafe { core::str::from_utf8_unchecked(bytes) }
    }
}

impl fmt::Debug for Slice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Slice({} at {:p})", self.len, self.ptr)
    }
}

/// A run of pointers to size-prefixed entries.
///
/// | offset (bytes) | field | meaning |
/// |---:|---|---|
/// | 0 | `ptr` | first pointer; may be null when `len` is 0 |
/// | 8 | `len` | number of pointers |
#[repr(C)]
pub struct List<T> {
    /// First pointer; may be null when `len` is 0.
    pub ptr: *const *const T,
    /// Number of pointers.
    pub len: usize,
}

impl<T> List<T> {
    /// No entries.
    pub const EMPTY: Self = Self {
        ptr: ptr::null(),
        len: 0,
    };

    /// Lists entries that live as long as the image.
    #[must_use]
    pub const fn of(entries: &'static [&'static T]) -> Self {
        // A `&T` and a `*const T` have one layout.
        Self {
            ptr: entries.as_ptr().cast(),
            len: entries.len(),
        }
    }

    /// The pointers listed.
    ///
    /// # Safety
    /// 1. `ptr` points to `len` pointers that stay unchanged for `'a`, or `len` is 0.
    #[must_use]
    pub const unsafe fn pointers<'a>(&self) -> &'a [*const T] {
        if self.len == 0 {
            return &[];
        }
        // SAFETY: clause 1, kept by the caller; the empty case is handled above.
        unsafe { core::slice::from_raw_parts(self.ptr, self.len) }
    }
}

impl<T> Clone for List<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for List<T> {}

impl<T> fmt::Debug for List<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "List({} at {:p})", self.len, self.ptr)
    }
}

/// Gives the memory of a [`Buffer`] back: its pointer, then its capacity in elements.
pub type ReleaseFunction = unsafe extern "C" fn(ptr: *mut u8, capacity: usize);

/// Values handed over with a result. The receiver copies them into its own memory, then calls `release` once.
///
/// | offset (bytes) | field | meaning |
/// |---:|---|---|
/// | 0 | `ptr` | first element; may be null when `len` is 0 |
/// | 8 | `len` | elements, not bytes; the whole is at most `isize::MAX` bytes |
/// | 16 | `capacity` | passed back to `release`, otherwise without meaning |
/// | 24 | `release` | frees the memory of this run, not what its elements own; null: nothing to free |
///
/// Owner: the receiver, from the moment the call returns without a fault.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Buffer {
    /// First element; may be null when `len` is 0.
    pub ptr: *mut u8,
    /// Number of elements.
    pub len: usize,
    /// Passed back to `release`.
    pub capacity: usize,
    /// Frees the memory of this run.
    pub release: Option<ReleaseFunction>,
}

frozen_layout!(Buffer { size: 32, ptr @ 0, len @ 8, capacity @ 16, release @ 24 });

impl Buffer {
    /// No elements, nothing to free.
    pub const EMPTY: Self = Self {
        ptr: ptr::null_mut(),
        len: 0,
        capacity: 0,
        release: None,
    };

    /// The same run, read as lent.
    #[must_use]
    #[inline]
    pub const fn slice(&self) -> Slice {
        Slice {
            ptr: self.ptr,
            len: self.len,
        }
    }

    /// Gives the memory back to the side that made it.
    ///
    /// # Safety
    /// 1. The buffer came from a call that returned it, and was not released before.
    #[inline]
    pub unsafe fn release(self) {
        if let Some(release) = self.release {
            // SAFETY: clause 1, kept by the caller; the function belongs to this very buffer.
            unsafe { release(self.ptr, self.capacity) }
        }
    }
}

impl fmt::Debug for Buffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Buffer({} at {:p})", self.len, self.ptr)
    }
}

/// Something that implements a contract, passed as a value.
///
/// | offset (bytes) | field | meaning |
/// |---:|---|---|
/// | 0 | `interface` | its functions |
/// | 8 | `state` | what they take as [`Receiver::state`](crate::Receiver) |
/// | 16 | `retain` | one more owner of `state`; null for an object borrowed for the call |
/// | 24 | `release` | one owner of `state` less; null for an object borrowed for the call |
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Object {
    /// The functions of the object.
    pub interface: *const InterfaceHeader,
    /// What the functions work on.
    pub state: *mut (),
    /// One more owner; null when borrowed for the call.
    pub retain: Option<unsafe extern "C" fn(state: *mut ())>,
    /// One owner less; null when borrowed for the call.
    pub release: Option<unsafe extern "C" fn(state: *mut ())>,
}

frozen_layout!(Object { size: 32, interface @ 0, state @ 8, retain @ 16, release @ 24 });

/// A value that the callee may change: `&mut String`, `&mut Vec<T>`.
///
/// | offset (bytes) | field | meaning |
/// |---:|---|---|
/// | 0 | `input` | the value before the call, lent |
/// | 16 | `output` | the value after the call, handed over; empty on entry, and ignored when the call faults |
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Sink {
    /// The value before the call.
    pub input: Slice,
    /// The value after the call. Owner: the caller, once the call returned without a fault.
    pub output: Buffer,
}

frozen_layout!(Sink { size: 48, input @ 0, output @ 16 });
