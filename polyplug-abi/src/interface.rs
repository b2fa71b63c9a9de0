//! The table of functions of one contract.

use core::ffi::c_void;

use crate::{ContractDescriptor, Receiver, Slice};

/// What the erased entry of an interface answers.
pub mod invoke_code {
    /// The value was written.
    pub const VALUE: i32 = 0;
    /// A fault was stored.
    pub const FAULT: i32 = 1;
    /// Of a [`GuestFunction`](crate::GuestFunction) alone: the method has a default body, and is left to it. Nothing of the
    /// arguments was taken, and nothing was written.
    pub const LEFT_OUT: i32 = 2;
}

/// What is true of an interface.
pub mod interface_flags {
    /// The functions were generated for Rust: their results need no check.
    pub const RUST: u32 = 1;
}

/// Calls method number `method` with the arguments in `frame`, writes the result to `out`: one that travels by value as it
/// travels, in at least 32 bits, any other in its owned form. Every argument is checked. Answers one of [`invoke_code`].
pub type InvokeFunction = unsafe extern "C" fn(
    receiver: *mut Receiver,
    method: u32,
    frame: *const c_void,
    out: *mut c_void,
) -> i32;

/// The head of every interface. The functions of the contract follow, one word each, in declaration order;
/// a word may be null when the method has a default body.
///
/// | offset (bytes) | field | meaning |
/// |---:|---|---|
/// | 0 | `size` | bytes of the whole interface, functions included |
/// | 4 | `method_count` | number of functions |
/// | 8 | `flags` | [`interface_flags`] |
/// | 12 | `reserved` | zero |
/// | 16 | `order` | a number made of the method names in order: equal numbers, equal order |
/// | 24 | `contract` | the descriptor the functions were generated from |
/// | 32 | `invoke` | the erased entry |
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct InterfaceHeader {
    /// Bytes of the whole interface, functions included.
    pub size: u32,
    /// Number of functions that follow.
    pub method_count: u32,
    /// [`interface_flags`].
    pub flags: u32,
    /// Zero.
    pub reserved: u32,
    /// Equal numbers mean equal method names in equal order.
    pub order: u64,
    /// The descriptor the functions were generated from.
    pub contract: *const ContractDescriptor,
    /// The erased entry.
    pub invoke: InvokeFunction,
}

frozen_layout!(InterfaceHeader {
    size: 40, size @ 0, method_count @ 4, flags @ 8, reserved @ 12, order @ 16, contract @ 24, invoke @ 32,
});

// SAFETY: read-only data of an image; its pointers are never written through.
unsafe impl Send for InterfaceHeader {}
// SAFETY: as above.
unsafe impl Sync for InterfaceHeader {}

/// An object for a default body: what [`ContractDescriptor::defaults`] takes as the state of its receiver points to one.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Implementor {
    /// The functions of the object, in the order of the contract; those that are left out are null.
    pub interface: *const InterfaceHeader,
    /// What they take as the state of their receiver.
    pub state: *mut (),
    /// Whose it is, for faults; may be empty.
    pub plugin: Slice,
}

frozen_layout!(Implementor { size: 32, interface @ 0, state @ 8, plugin @ 16 });
