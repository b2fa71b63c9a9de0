//! The bridge of a contract: an interface whose functions pack their arguments into a frame and hand it to a guest, an
//! implementation that is called by descriptor. `#[contract]` generates one function a method; each calls into here.
//!
//! What is held: nothing. Who may touch it: the functions that `#[contract]` generates, and closures.
//!
//! What is always true:
//!
//! * **R1** The state of a bridged interface starts with a [`Guest`], whose function takes what its type says; it has taken and
//!   written nothing when it answers [`invoke_code::LEFT_OUT`].

use core::ffi::c_void;
use core::marker::PhantomData;

use polyplug_abi::{
    ContractDescriptor, Guest, Implementor, InterfaceHeader, Receiver, Slice, fault_kind,
    invoke_code, method_flags,
};

use crate::call;
use crate::contract::Access;
use crate::data::{Data, OutOf, ReturnOf, Travel};
use crate::fault::Fault;
use crate::object::Borrowed;

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

/// The state of an interface's functions is the address of an object that another image implements: how default bodies are run
/// on what lacks them.
#[derive(Debug)]
pub struct Implemented<C: ?Sized>(PhantomData<C>);

// SAFETY: K4: the state is the address of a `Borrowed`, which `on_implementor` put there.
unsafe impl<C: ?Sized + 'static> Access for Implemented<C> {
    type Target = Borrowed<'static, C>;

    unsafe fn get<'a>(state: *mut ()) -> &'a Self::Target {
        // SAFETY: clause 1, kept by the caller.
        unsafe { &*state.cast::<Self::Target>() }
    }
    unsafe fn get_mut<'a>(state: *mut ()) -> Result<&'a mut Self::Target, Fault> {
        // SAFETY: clauses 1 and 2, kept by the caller.
        Ok(unsafe { &mut *state.cast::<Self::Target>() })
    }
}

/// Runs a default body.
///
/// # Safety
/// 1. The state of `receiver` is the address of an [`Implementor`] of the contract `C`, whose interface is in the order of this
///    image, and which lives for the call, as does what it points to.
pub unsafe fn on_implementor<C: ?Sized>(
    receiver: *mut Receiver,
    run: impl FnOnce(*mut Receiver) -> i32,
) -> i32 {
    // SAFETY: clause 1.
    unsafe {
        let implementor = (*receiver).state.cast::<Implementor>();
        let (interface, object) = ((*implementor).interface, (*implementor).state);
        let mut whole = Borrowed::<C>::within(interface, object, (*implementor).plugin.str());
        (*receiver).state = (&raw mut whole).cast();
        let code = run(receiver);
        (*receiver).state = implementor.cast();
        code
    }
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
        // SAFETY: clauses 1 and 2, R1.
        return unsafe { unanswered(receiver, contract, method, frame, place, code) };
    }
    code
}

/// A guest that leaves the method to its default body, or says that it failed, and not how.
///
/// # Safety
/// 1. and 2. As for [`pass_on`].
#[cold]
#[inline(never)]
unsafe fn unanswered(
    receiver: *mut Receiver,
    contract: &'static ContractDescriptor,
    method: u32,
    frame: *const c_void,
    place: *mut c_void,
    code: i32,
) -> i32 {
    // SAFETY: this image's own descriptor, which has that method.
    let described = unsafe { &*contract.methods.pointers()[method as usize] };
    let has_default = described.flags & method_flags::DEFAULT != 0;
    if code == invoke_code::LEFT_OUT
        && has_default
        && let (Some(bridge), Some(defaults)) = (contract.bridge, contract.defaults)
    {
        // The bridge without that method: what its body calls is answered by the guest.
        // SAFETY: this image's own bridge: a whole interface, whose size its head says.
        let mut words: Box<[usize]> = unsafe {
            let interface = bridge();
            let count = (*interface).size as usize / size_of::<usize>();
            core::slice::from_raw_parts(interface.cast::<usize>(), count).into()
        };
        words[size_of::<InterfaceHeader>() / size_of::<usize>() + method as usize] = 0;
        // SAFETY: clauses 1 and 2, R1: the implementor lives for the call, as the state does.
        return unsafe {
            let state = (*receiver).state;
            let implementor = Implementor {
                interface: words.as_ptr().cast(),
                state,
                plugin: Slice::EMPTY,
            };
            (*receiver).state = (&raw const implementor).cast_mut().cast();
            let code = defaults(receiver, method, frame, place);
            (*receiver).state = state;
            code
        };
    }
    let reason = if code == invoke_code::LEFT_OUT {
        "it leaves out a method that has no default body".to_owned()
    } else {
        format!("its loader answered {code} to a call, and stored no fault")
    };
    let fault = Fault::of_kind(fault_kind::INVALID_VALUE, &reason);
    // SAFETY: clause 1.
    unsafe { (*receiver).fault = fault.into_raw() };
    invoke_code::FAULT
}
