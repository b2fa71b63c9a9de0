//! What a loader puts behind a bridged interface: an implementation in a language of its own, called by descriptor.

use core::ffi::c_void;

use crate::{ContractDescriptor, InterfaceHeader, Receiver, Registration};

/// Calls method number `method` of `contract` on the guest that `receiver.state` points to.
///
/// `contract` is the descriptor that the bridge belongs to: one that the loader was given when it opened the guest, or that
/// such a descriptor points to. `frame` is the `repr(C)` struct of the flattened arguments, `out` the place for the result:
/// for a scalar, what the typed face would return; otherwise its owned form. The arguments are valid.
///
/// Returns one of [`invoke_code`](crate::invoke_code): a value was written to `out`, or a fault was stored in the receiver.
pub type GuestFunction = unsafe extern "C" fn(
    receiver: *mut Receiver,
    contract: *const ContractDescriptor,
    method: u32,
    frame: *const c_void,
    out: *mut c_void,
) -> i32;

/// The bridged interface of a contract: typed functions that pack their arguments into a frame and call the
/// [`GuestFunction`] of their state.
pub type BridgeFunction = unsafe extern "C" fn() -> *const InterfaceHeader;

/// What the state of a bridged interface starts with. The rest is the loader's own.
#[repr(C)]
#[derive(Debug)]
pub struct Guest {
    /// Size of this struct in bytes.
    pub size: u32,
    /// None is defined; 0.
    pub flags: u32,
    /// Calls a method.
    pub invoke: GuestFunction,
}

frozen_layout!(Guest { size: 16, size @ 0, flags @ 4, invoke @ 8 });

/// A source that a loader opened: the registration of its plugins, and how it is closed.
#[repr(C)]
#[derive(Debug)]
pub struct GuestModule {
    /// Size of this struct in bytes.
    pub size: u32,
    /// None is defined; 0.
    pub flags: u32,
    /// As [`polyplug_init`](crate::ENTRY_SYMBOL) would have filled it in. It lives as long as the module.
    pub registration: *const Registration,
    /// Closes it: nobody uses the registration, nor a state that was made through it.
    pub release: unsafe extern "C" fn(module: *mut GuestModule),
}

frozen_layout!(GuestModule { size: 24, size @ 0, flags @ 4, registration @ 8, release @ 16 });
