//! The bridge of a contract: an interface whose functions pack their arguments into a frame and hand it to a guest, an
//! implementation that is called by descriptor. `#[contract]` generates one function a method; each calls into here.
//!
//! What is held: nothing. Who may touch it: the functions that `#[contract]` generates, and closures.
//!
//! What is always true:
//!
//! * **R1** The state of a bridged interface starts with a [`Guest`], whose function takes what its type says.

use core::ffi::c_void;

use polyplug_abi::{ContractDescriptor, Guest, Receiver, fault_kind, invoke_code};

use crate::call;
use crate::data::{Data, OutOf, ReturnOf, Travel};
use crate::fault::Fault;

/// The typed face: passes a packed call on.
///
/// # Safety
/// 1. `receiver` is a fresh receiver whose state belongs to a bridged interface (R1).
/// 2. `method` is the number of a method of `contract` that returns `R`; `frame` points to its flattened arguments, which are
///    valid for the call; `out` is a place for the result, as the typed face says.
#[inline]
pub(crate) unsafe fn pass_on<R: Data>(
    receiver: *mut Receiver,
    contract: &'static ContractDescriptor,
    method: u32,
    frame: *const c_void,
    out: OutOf<R>,
) -> ReturnOf<R> {
    let mut returned = R::Travel::nothing();
    let place = R::Travel::place(out, &mut returned);
    // SAFETY: clauses 1 and 2.
    unsafe { ask(receiver, contract, method, frame, place) };
    returned
}

/// The erased face: checks the arguments, and passes the call on.
///
/// # Safety
/// 1. `receiver` is a fresh receiver whose state belongs to a bridged interface (R1) of `contract`.
/// 2. `frame` is null or points to the flattened arguments, `out` to a place for the result, and what the frame points to is
///    readable.
pub unsafe fn bridge_invoke(
    receiver: *mut Receiver,
    contract: &'static ContractDescriptor,
    method: u32,
    frame: *const c_void,
    out: *mut c_void,
) -> i32 {
    // SAFETY: this image's own descriptor.
    let methods = unsafe { contract.methods.pointers() };
    let Some(&described) = methods.get(method as usize) else {
        // SAFETY: clause 1; static text.
        return unsafe { call::unknown_method(receiver, contract.id.str(), method) };
    };
    // SAFETY: this image's own descriptor.
    let described = unsafe { &*described };
    // SAFETY: as above.
    let result = unsafe { &*(described.result)() };
    // A scalar is written as the typed face returns it: in no more than eight bytes, and in four at least.
    let align = result.owned_align.max(size_of::<u32>());
    let has_place = result.owned_size == 0 || (!out.is_null() && out.addr().is_multiple_of(align));
    // SAFETY: clauses 1 and 2.
    if !unsafe { call::admit(receiver, described, frame, has_place) } {
        return invoke_code::FAULT;
    }
    // SAFETY: clauses 1 and 2; checked above.
    unsafe { ask(receiver, contract, method, frame, out) }
}

/// # Safety
/// 1. and 2. As for [`pass_on`].
#[inline]
unsafe fn ask(
    receiver: *mut Receiver,
    contract: &'static ContractDescriptor,
    method: u32,
    frame: *const c_void,
    place: *mut c_void,
) -> i32 {
    // SAFETY: clause 1, R1.
    let guest = unsafe { &*(*receiver).state.cast::<Guest>() };
    // SAFETY: clauses 1 and 2, R1.
    let code = unsafe { (guest.invoke)(receiver, contract, method, frame, place) };
    // SAFETY: clause 1.
    if code != invoke_code::VALUE && unsafe { (*receiver).fault }.is_null() {
        // SAFETY: clause 1.
        unsafe { no_reason(receiver, code) };
    }
    code
}

/// A guest that says that it failed, and not how.
///
/// # Safety
/// 1. `receiver` is the receiver of the call.
#[cold]
#[inline(never)]
unsafe fn no_reason(receiver: *mut Receiver, code: i32) {
    let fault = Fault::of_kind(
        fault_kind::INVALID_VALUE,
        &format!("its loader answered {code} to a call, and stored no fault"),
    );
    // SAFETY: clause 1.
    unsafe { (*receiver).fault = fault.into_raw() };
}
