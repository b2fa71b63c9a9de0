//! The two ends of a call: *leave* in the caller's image, *enter* in the callee's. Every generated shim is a few lines
//! that call into here.
//!
//! What is held: nothing beyond the call. Who may touch it: the shims that `#[contract]` generates.
//!
//! What is always true:
//!
//! * **E1** A handle's `enter` returns an interface of its contract (K1, in this image's order) and the state that
//!   belongs to it; both live while the returned hold does.
//! * **E2** No function of an interface unwinds: `enter` contains every panic.
//! * **E3** A callee that stored a fault wrote nothing to `out`; one that stored none did write it.
//! * **E4** The results of an interface that is not marked Rust are checked before they become Rust values.

use core::ffi::c_void;
use core::fmt;
use core::marker::PhantomData;
use core::mem::MaybeUninit;

use polyplug_abi::{
    FaultRecord, InterfaceHeader, MethodDescriptor, Receiver, Slice, fault_kind, interface_flags,
    invoke_code, type_kind,
};

use crate::contract::{Access, Contract};
use crate::data::{Arena, Borrows, Data, OutOf, Region, ReturnOf, Travel};
use crate::fault::Fault;
use crate::object::Borrowed;
use crate::{check, panics};

/// Something through which the methods of `C` can be called.
///
/// # Safety
/// E1.
pub unsafe trait Handle<C: Contract + ?Sized> {
    /// What keeps the callee there during a call.
    type Hold;

    /// Begins a call.
    ///
    /// # Errors
    /// When the plugin is no longer there.
    fn enter(&self) -> Result<Entered<Self::Hold>, Fault>;

    /// The plugin that answers; nothing for an object, whose maker names itself.
    fn plugin(&self) -> &str;
}

/// What a handle yields for one call.
#[derive(Debug)]
pub struct Entered<H> {
    pub(crate) interface: *const InterfaceHeader,
    pub(crate) state: *mut (),
    #[cfg_attr(
        not(any(feature = "host", feature = "loader")),
        expect(dead_code, reason = "kept for its drop")
    )]
    pub(crate) hold: H,
}

/// A call that has begun: the callee is held until this is dropped.
pub struct Session<'h, C: Contract + ?Sized, H: Handle<C>> {
    handle: &'h H,
    entered: Entered<H::Hold>,
    contract: PhantomData<fn(&C)>,
}

impl<C: Contract + ?Sized, H: Handle<C>> fmt::Debug for Session<'_, C, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Session({})", self.handle.plugin())
    }
}

/// Begins a call of method number `method`.
///
/// # Errors
/// When the plugin is no longer there.
#[inline(always)]
pub fn begin<C: Contract + ?Sized, H: Handle<C>>(
    handle: &H,
    method: u32,
) -> Result<Session<'_, C, H>, Fault> {
    match handle.enter() {
        Ok(entered) => Ok(Session {
            handle,
            entered,
            contract: PhantomData,
        }),
        Err(fault) => Err(explain::<C, H>(handle, method, fault)),
    }
}

impl<C: Contract + ?Sized, H: Handle<C>> Session<'_, C, H> {
    /// The functions.
    #[inline(always)]
    pub fn interface(&self) -> &C::Interface {
        // SAFETY: E1 and K1: the interface of this contract, alive while the hold is.
        unsafe { &*self.entered.interface.cast::<C::Interface>() }
    }

    /// The same object for the length of this call, for a default body: whatever it calls is the same generation.
    pub fn still(&self) -> Borrowed<'_, C> {
        // SAFETY: E1, while the hold lives.
        unsafe {
            Borrowed::within(
                self.entered.interface,
                self.entered.state,
                self.handle.plugin(),
            )
        }
    }

    /// Makes the call, and turns what comes back into a value.
    ///
    /// # Safety
    /// 1. `call` calls method number `method` of [`Session::interface`] with the receiver and the place it is given.
    ///
    /// # Errors
    /// What the callee stored, or a result that is no value.
    #[inline(always)]
    pub unsafe fn finish<R: Data>(
        self,
        method: u32,
        arena: &Arena,
        call: impl FnOnce(&C::Interface, *mut Receiver, OutOf<R>) -> ReturnOf<R>,
    ) -> Result<R, Fault> {
        // SAFETY: clause 1.
        let owned = unsafe { self.wire::<R>(method, call) }?;
        // Still inside: what is received is copied out of the callee's memory, and given back by the callee's functions.
        // SAFETY: E4: valid by check, or by promise of a Rust callee; received once.
        let value = unsafe { R::receive(owned, arena) };
        arena.settle();
        Ok(value)
    }

    /// Makes the call, and believes what comes back only when it lies in one of the origins.
    ///
    /// # Safety
    /// 1. As for [`Session::finish`].
    /// 2. The origins live for `'a`; without any, so does the object, as long as the handle is borrowed.
    ///
    /// # Errors
    /// As for [`Session::finish`], and when the result lies elsewhere.
    #[inline(always)]
    pub unsafe fn finish_borrowed<'a, R: Borrows<'a>>(
        self,
        method: u32,
        arena: &Arena,
        origins: Option<&[Region]>,
        call: impl FnOnce(&C::Interface, *mut Receiver, OutOf<R>) -> ReturnOf<R>,
    ) -> Result<R, Fault> {
        let handle = self.handle;
        // SAFETY: clause 1.
        let owned = unsafe { self.wire::<R>(method, call) }?;
        // Still inside, as in `finish`.
        // SAFETY: E4, clause 2.
        let value = unsafe { R::back(owned, origins, arena) };
        arena.settle();
        value.ok_or_else(|| escaped::<C, H>(handle, method))
    }

    /// Makes the call; what comes back is a value of the type, on the wire.
    ///
    /// # Safety
    /// 1. As for [`Session::finish`].
    #[inline(always)]
    unsafe fn wire<R: Data>(
        &self,
        method: u32,
        call: impl FnOnce(&C::Interface, *mut Receiver, OutOf<R>) -> ReturnOf<R>,
    ) -> Result<R::Owned, Fault> {
        let Entered {
            interface, state, ..
        } = self.entered;
        // SAFETY: E1 and K1: the interface of this contract, alive while the hold is.
        let functions = unsafe { &*interface.cast::<C::Interface>() };
        // SAFETY: clause 1.
        unsafe {
            exchange::<R>(interface, state, |receiver, out| {
                call(functions, receiver, out)
            })
        }
        .map_err(|fault| explain::<C, H>(self.handle, method, fault))
    }

    /// Whether what the callee writes needs no check.
    #[inline(always)]
    pub fn is_rust(&self) -> bool {
        // SAFETY: E1: the interface is alive.
        unsafe { is_rust(self.entered.interface) }
    }
}

/// Who was called, filled in. Takes the handle alone, so that a session need not be kept in memory for it.
#[cold]
#[inline(never)]
pub fn explain<C: Contract + ?Sized, H: Handle<C>>(handle: &H, method: u32, fault: Fault) -> Fault {
    let contract = C::DESCRIPTOR;
    // SAFETY: the descriptor of this image (K1), which has that method.
    let method = unsafe { &**contract.methods.ptr.add(method as usize) };
    // SAFETY: as above: static texts.
    let (id, name) = unsafe { (contract.id.str(), method.name.str()) };
    fault.called(handle.plugin(), id, name)
}

/// A borrowed result that came from nowhere it could have come from.
#[cold]
#[inline(never)]
fn escaped<C: Contract + ?Sized, H: Handle<C>>(handle: &H, method: u32) -> Fault {
    let fault = Fault::of_kind(
        fault_kind::ESCAPED_BORROW,
        "a borrowed result lies in no argument that crossed uncopied; return an owned value, or borrow from `&str`, `&[T]` or `&T` of numbers",
    );
    explain::<C, H>(handle, method, fault)
}

/// Makes a call; what comes back is a value of the type, on the wire.
///
/// # Safety
/// 1. `interface` lives, and `state` belongs to it.
/// 2. `call` calls one of its functions with the receiver and the place it is given.
///
/// # Errors
/// What the callee stored, or a result that is no value.
#[inline(always)]
pub(crate) unsafe fn exchange<R: Data>(
    interface: *const InterfaceHeader,
    state: *mut (),
    call: impl FnOnce(*mut Receiver, OutOf<R>) -> ReturnOf<R>,
) -> Result<R::Owned, Fault> {
    let mut receiver = Receiver::new(state);
    let mut place = MaybeUninit::<R::Owned>::uninit();
    // SAFETY: clause 1.
    if const { size_of::<OutOf<R>>() != 0 } && !unsafe { is_rust(interface) } {
        // Such a callee may forget the place: what it finds there is no value of most types, and points nowhere.
        // SAFETY: the bytes of the place.
        unsafe {
            place
                .as_mut_ptr()
                .cast::<u8>()
                .write_bytes(0xFF, size_of::<R::Owned>())
        };
    }
    let out = R::Travel::out(&mut place);
    let returned = call(&raw mut receiver, out);
    if !receiver.fault.is_null() {
        // SAFETY: E3: a stored fault comes with one count.
        return Err(unsafe { stored(receiver.fault) });
    }
    // SAFETY: clause 1.
    if const { !any_bits(R::TYPE.kind) } && !unsafe { is_rust(interface) } {
        // SAFETY: E3: no fault, so the place is written.
        unsafe { inspect::<R>(returned, &place) }?;
    }
    // SAFETY: E3: no fault, so the place is written.
    Ok(unsafe { R::Travel::collect(returned, &place) })
}

/// The fault that a callee stored; when it is none, that is the fault. Checked whoever the callee is: to ask would keep the
/// interface in a register over every call.
///
/// # Safety
/// 1. `fault` is a record that comes with one count, whatever it says.
#[cold]
#[inline(never)]
pub(crate) unsafe fn stored(fault: *mut FaultRecord) -> Fault {
    // SAFETY: clause 1.
    if let Err(invalid) = unsafe { check::record(fault) } {
        return Fault::of_kind(invalid.kind(), &format!("fault {invalid}"));
    }
    // SAFETY: clause 1.
    unsafe { Fault::from_raw(fault) }
}

/// # Safety
/// 1. `interface` lives.
#[inline(always)]
pub(crate) unsafe fn is_rust(interface: *const InterfaceHeader) -> bool {
    // SAFETY: clause 1.
    let flags = unsafe { (*interface).flags };
    flags & interface_flags::RUST != 0
}

/// Whether a result of a callee that is not Rust is a value. Never inlined: the shims of the others stay small enough to
/// be inlined themselves.
///
/// What a refused result holds is left alone: nothing in it can be trusted, its release functions neither.
///
/// # Safety
/// 1. As for [`Travel::collect`].
#[cold]
#[inline(never)]
unsafe fn inspect<R: Data>(
    returned: ReturnOf<R>,
    place: &MaybeUninit<R::Owned>,
) -> Result<(), Fault> {
    // SAFETY: clause 1.
    unsafe { R::Travel::check(returned, place) }
        .map_err(|invalid| Fault::of_kind(invalid.kind(), &format!("result {invalid}")))
}

/// Whether every bit pattern of the signature is a value of this kind.
const fn any_bits(kind: u32) -> bool {
    matches!(
        kind,
        type_kind::UNIT | type_kind::I8
            ..=type_kind::F64 | type_kind::U128 | type_kind::I128 | type_kind::FLAGS
    )
}

/// Callee's side of `&str`.
///
/// # Safety
/// 1. `len` bytes of UTF-8 lie at `ptr` as long as the arena lives.
#[inline(always)]
#[must_use]
pub unsafe fn text(ptr: *const u8, len: usize, _: &Arena) -> &str {
    // SAFETY: clause 1.
    unsafe { Slice { ptr, len }.str() }
}

/// The same object, for a default body whose result may borrow from it, as a `Cow<'_, str>` says that it may.
///
/// # Safety
/// 1. The proxy lives until the body has returned.
/// 2. What the body returns borrows from the object behind, not from this proxy of it: the body knows nothing of the
///    proxy but that it implements the contract, so all it can borrow is what the object's own methods lend. (In a contract
///    that is not pinned they lend nothing.) No result that crosses can hold the proxy itself.
#[must_use]
pub unsafe fn unbound<'any, C: ?Sized>(still: &Borrowed<'_, C>) -> &'any Borrowed<'any, C> {
    // SAFETY: clauses 1 and 2.
    unsafe { &*core::ptr::from_ref(still).cast() }
}

/// As [`unbound`], for a default body that takes `&mut self`.
///
/// # Safety
/// 1. and 2. As there.
#[must_use]
pub unsafe fn unbound_mut<'any, C: ?Sized>(
    still: &mut Borrowed<'_, C>,
) -> &'any mut Borrowed<'any, C> {
    // SAFETY: clauses 1 and 2.
    unsafe { &mut *core::ptr::from_mut(still).cast() }
}

/// The value, or what becomes of a fault.
#[inline(always)]
pub fn settle<R>(result: Result<R, Fault>, raise: impl FnOnce(Fault) -> R) -> R {
    match result {
        Ok(value) => value,
        Err(fault) => raise(fault),
    }
}

/// What becomes of a fault in a method that returns `R`: an `Err` when `R` is a `Result` whose error comes from a
/// fault, otherwise it is raised. Chosen by autoref: `(&&Raise::<R>::NEW).raise(fault)`.
pub struct Raise<R>(PhantomData<fn() -> R>);

impl<R> Raise<R> {
    /// The only value.
    pub const NEW: Self = Self(PhantomData);
}

impl<R> fmt::Debug for Raise<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Raise")
    }
}

/// A fault becomes an `Err`.
pub trait RaiseAsError<R> {
    /// Makes the value.
    fn raise(&self, fault: Fault) -> R;
}

impl<T, E: From<Fault>> RaiseAsError<Result<T, E>> for &Raise<Result<T, E>> {
    #[cold]
    fn raise(&self, fault: Fault) -> Result<T, E> {
        Err(E::from(fault))
    }
}

/// A fault unwinds.
pub trait RaiseByUnwinding<R> {
    /// Does not return.
    fn raise(&self, fault: Fault) -> R;
}

impl<R> RaiseByUnwinding<R> for Raise<R> {
    #[cold]
    fn raise(&self, fault: Fault) -> R {
        fault.raise()
    }
}

/// The callee's end of the typed face: finds the object, runs the body, contains its panics, writes the result last.
///
/// # Safety
/// 1. `receiver` is a fresh receiver whose state belongs to an interface of `S`.
/// 2. `out` is a place for the result, as the typed face says.
#[inline(always)]
pub(crate) unsafe fn enter<S: Access, R: Data>(
    receiver: *mut Receiver,
    out: OutOf<R>,
    body: impl FnOnce(&S::Target) -> R::Owned,
) -> ReturnOf<R> {
    // SAFETY: clause 1.
    let state = unsafe { (*receiver).state };
    // SAFETY: clause 1 and K4.
    let outcome = panics::contain(|| body(unsafe { S::get(state) }));
    // SAFETY: clauses 1 and 2.
    unsafe { leave::<R>(receiver, out, outcome) }
}

/// [`enter`] for a method that takes `&mut self`.
///
/// # Safety
/// 1. and 2. As for [`enter`].
/// 3. Nobody else is inside the object.
#[inline(always)]
pub(crate) unsafe fn enter_exclusive<S: Access, R: Data>(
    receiver: *mut Receiver,
    out: OutOf<R>,
    body: impl FnOnce(&mut S::Target) -> R::Owned,
) -> ReturnOf<R> {
    // SAFETY: clause 1.
    let state = unsafe { (*receiver).state };
    // SAFETY: clauses 1 and 3, and K4.
    let outcome = panics::contain(|| match unsafe { S::get_mut(state) } {
        Ok(target) => body(target),
        Err(fault) => fault.raise(),
    });
    // SAFETY: clauses 1 and 2.
    unsafe { leave::<R>(receiver, out, outcome) }
}

/// Writes the result, or stores the fault.
///
/// # Safety
/// 1. and 2. As for [`enter`].
#[inline(always)]
pub(crate) unsafe fn leave<R: Data>(
    receiver: *mut Receiver,
    out: OutOf<R>,
    outcome: Result<R::Owned, Fault>,
) -> ReturnOf<R> {
    match outcome {
        // SAFETY: clause 2.
        Ok(owned) => unsafe { R::Travel::finish(owned, out) },
        Err(fault) => {
            // SAFETY: clause 1.
            unsafe { (*receiver).fault = fault.into_raw() };
            R::Travel::nothing()
        }
    }
}

/// The callee's end of the erased face: checks every argument, then calls the typed face.
///
/// # Safety
/// 1. `receiver` is a fresh receiver whose state belongs to the interface.
/// 2. `method` is this image's descriptor of the method that `typed` calls.
/// 3. `frame` is null or points to the flattened arguments, `out` to a place for the result, and what the frame
///    points to is readable.
pub(crate) unsafe fn invoke<R: Data>(
    receiver: *mut Receiver,
    method: &MethodDescriptor,
    frame: *const c_void,
    out: *mut c_void,
    typed: impl FnOnce(*mut Receiver, OutOf<R>) -> ReturnOf<R>,
) -> i32 {
    let has_place = R::TYPE.kind == type_kind::UNIT
        || (!out.is_null()
            && out.addr().is_multiple_of(align_of::<R::Owned>())
            && out.addr().is_multiple_of(align_of::<ReturnOf<R>>()));
    // SAFETY: clauses 1, 2 and 3.
    if !unsafe { admit(receiver, method, frame, has_place) } {
        return invoke_code::FAULT;
    }
    let returned = typed(receiver, R::Travel::out_at(out));
    // SAFETY: clause 1.
    if !unsafe { (*receiver).fault }.is_null() {
        return invoke_code::FAULT;
    }
    // SAFETY: clause 3.
    unsafe { R::Travel::store(returned, out) };
    invoke_code::VALUE
}

/// Whether the arguments of a call are what they should be; otherwise a fault is stored, and the objects in them are
/// released. Not generic: it is the same for every method.
///
/// # Safety
/// 1., 2. and 3. As for [`invoke`].
#[inline(never)]
pub(crate) unsafe fn admit(
    receiver: *mut Receiver,
    method: &MethodDescriptor,
    frame: *const c_void,
    has_place: bool,
) -> bool {
    // SAFETY: clauses 2 and 3.
    let (kind, reason) = match unsafe { check::frame(method, frame.cast()) } {
        Ok(()) if has_place => return true,
        Ok(()) => (
            fault_kind::INVALID_VALUE,
            "the place for the result is null or not aligned".to_owned(),
        ),
        Err(invalid) => (invalid.kind(), invalid.in_a_call()),
    };
    // SAFETY: clauses 2 and 3.
    unsafe { check::abandon(method, frame.cast()) };
    let fault = Fault::of_kind(kind, &reason);
    // SAFETY: clause 1.
    unsafe { (*receiver).fault = fault.into_raw() };
    false
}

/// The erased face, asked for a method that there is none of.
///
/// # Safety
/// 1. `receiver` is a fresh receiver.
#[cold]
pub unsafe fn unknown_method(receiver: *mut Receiver, contract: &'static str, method: u32) -> i32 {
    let fault = Fault::of_kind(
        fault_kind::UNKNOWN_METHOD,
        &format!("contract `{contract}` has no method number {method}"),
    );
    // SAFETY: clause 1.
    unsafe { (*receiver).fault = fault.into_raw() };
    invoke_code::FAULT
}
