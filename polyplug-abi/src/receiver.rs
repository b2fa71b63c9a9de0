//! What every interface function takes first.

use core::ptr;

use crate::FaultRecord;

/// The call context, built by the caller on its stack for one call.
///
/// | offset (bytes) | field | meaning |
/// |---:|---|---|
/// | 0 | `state` | the object of the plugin; never changed by the callee |
/// | 8 | `fault` | null on entry; the callee stores what went wrong, then returns zero |
/// | 16 | `call` | may be null; reserved for deadline, cancellation and span |
#[repr(C)]
#[derive(Debug)]
pub struct Receiver {
    /// The object the method works on.
    pub state: *mut (),
    /// Null, or what went wrong. Owner: the caller, once set.
    pub fault: *mut FaultRecord,
    /// Reserved; null in this version.
    pub call: *const Call,
}

frozen_layout!(Receiver { size: 24, state @ 0, fault @ 8, call @ 16 });

impl Receiver {
    /// A fresh context for a call on `state`.
    #[must_use]
    #[inline]
    pub const fn new(state: *mut ()) -> Self {
        Self {
            state,
            fault: ptr::null_mut(),
            call: ptr::null(),
        }
    }
}

/// What a call carries along besides its arguments. Nothing yet; size-prefixed, so that it can.
#[repr(C)]
#[derive(Debug)]
pub struct Call {
    /// Size of this struct in bytes, as its writer knows it.
    pub size: u32,
    /// Zero.
    pub flags: u32,
}

frozen_layout!(Call { size: 8, size @ 0, flags @ 4 });
