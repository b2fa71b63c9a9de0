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
    InterfaceHeader, MethodDescriptor, Object, Receiver, fault_kind, interface_flags, invoke_code,
    type_kind,
};

use crate::contract::{Access, Contract};
use crate::data::{Data, OutOf, ReturnOf, Travel};
use crate::fault::Fault;
use crate::{check, image, panics};

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
    #[expect(dead_code, reason = "kept for its drop")]
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

/// Begins a call.
///
/// # Errors
/// When the plugin is no longer there.
#[inline(always)]
pub fn begin<C: Contract + ?Sized, H: Handle<C>>(handle: &H) -> Result<Session<'_, C, H>, Fault> {
    Ok(Session {
        handle,
        entered: handle.enter()?,
        contract: PhantomData,
    })
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
        Borrowed {
            interface: self.entered.interface,
            state: self.entered.state,
            plugin: self.handle.plugin(),
            lifetime: PhantomData,
            contract: PhantomData,
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
        method: usize,
        call: impl FnOnce(&C::Interface, *mut Receiver, OutOf<R>) -> ReturnOf<R>,
    ) -> Result<R, Fault> {
        let mut receiver = Receiver::new(self.entered.state);
        let mut place = MaybeUninit::<R::Owned>::uninit();
        let out = R::Travel::out(&mut place);
        let returned = call(self.interface(), &raw mut receiver, out);
        if !receiver.fault.is_null() {
            // SAFETY: E3: a stored fault comes with one count.
            return Err(self.explain(method, unsafe { Fault::from_raw(receiver.fault) }));
        }
        if const { !any_bits(R::TYPE.kind) } && !self.is_rust() {
            // SAFETY: E3: no fault, so the place is written.
            if let Err(invalid) = unsafe { R::Travel::check(returned, &place) } {
                return Err(self.explain(
                    method,
                    Fault::of_kind(invalid.kind(), &format!("result {invalid}")),
                ));
            }
        }
        // SAFETY: E3: no fault, so the place is written.
        let owned = unsafe { R::Travel::collect(returned, place) };
        // SAFETY: E4: valid by check, or by promise of a Rust callee; received once.
        Ok(unsafe { R::receive(owned) })
    }

    #[inline(always)]
    fn is_rust(&self) -> bool {
        // SAFETY: E1: the interface is alive.
        let flags = unsafe { (*self.entered.interface).flags };
        flags & interface_flags::RUST != 0
    }

    #[cold]
    #[inline(never)]
    fn explain(&self, method: usize, fault: Fault) -> Fault {
        let contract = C::DESCRIPTOR;
        // SAFETY: the descriptor of this image (K1), which has that method.
        let method = unsafe { &**contract.methods.ptr.add(method) };
        // SAFETY: as above: static texts.
        let (id, name) = unsafe { (contract.id.str(), method.name.str()) };
        fault.called(self.handle.plugin(), id, name)
    }
}

/// Whether every bit pattern of the signature is a value of this kind.
const fn any_bits(kind: u32) -> bool {
    matches!(kind, type_kind::UNIT | type_kind::I8..=type_kind::F64)
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
pub unsafe fn enter<S: Access, R: Data>(
    receiver: *mut Receiver,
    out: OutOf<R>,
    body: impl FnOnce(&S::Target) -> R,
) -> ReturnOf<R> {
    // SAFETY: clause 1.
    let state = unsafe { (*receiver).state };
    let outcome = panics::contain(|| {
        // SAFETY: clause 1 and K4.
        let target = unsafe { S::get(state) };
        R::give(body(target))
    });
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
pub unsafe fn invoke<R: Data>(
    receiver: *mut Receiver,
    method: &MethodDescriptor,
    frame: *const c_void,
    out: *mut c_void,
    typed: impl FnOnce(*mut Receiver, OutOf<R>) -> ReturnOf<R>,
) -> i32 {
    // SAFETY: clauses 2 and 3.
    let mut checked = unsafe { check::frame(method, frame.cast()) }
        .map_err(|invalid| (invalid.kind(), invalid.to_string()));
    if checked.is_ok() && R::TYPE.kind != type_kind::UNIT && out.is_null() {
        checked = Err((
            fault_kind::INVALID_VALUE,
            "no place for the result".to_owned(),
        ));
    }
    if let Err((kind, reason)) = checked {
        let fault = Fault::of_kind(kind, &format!("argument {reason}"));
        // SAFETY: clause 1.
        unsafe { (*receiver).fault = fault.into_raw() };
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

/// Somebody else's object, borrowed for a call. Implements the contract.
pub struct Borrowed<'o, C: ?Sized> {
    interface: *const InterfaceHeader,
    state: *mut (),
    plugin: &'o str,
    lifetime: PhantomData<&'o ()>,
    contract: PhantomData<*const C>,
}

// SAFETY: the object behind is a `C`, or a plugin, which is more.
unsafe impl<C: ?Sized + Send> Send for Borrowed<'_, C> {}
// SAFETY: as above.
unsafe impl<C: ?Sized + Sync> Sync for Borrowed<'_, C> {}

impl<C: ?Sized> fmt::Debug for Borrowed<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Borrowed")
    }
}

// SAFETY: E1: made from a session, or from an object whose interface was put into this image's order.
unsafe impl<C: Contract + ?Sized> Handle<C> for Borrowed<'_, C> {
    type Hold = ();

    #[inline(always)]
    fn enter(&self) -> Result<Entered<()>, Fault> {
        Ok(Entered {
            interface: self.interface,
            state: self.state,
            hold: (),
        })
    }

    fn plugin(&self) -> &str {
        self.plugin
    }
}

/// Caller's side of `&dyn C`.
#[inline]
pub fn lend_object<'o, C: Contract + ?Sized + 'o>(object: &'o &'o C) -> Object {
    Object {
        interface: C::BY_REFERENCE,
        state: core::ptr::from_ref(object).cast_mut().cast(),
        retain: None,
        release: None,
    }
}

/// Callee's side of `&dyn C`. Raises a fault when the object's interface lacks a method.
///
/// # Safety
/// 1. `object` points to an object of this contract that lives for `'o`.
#[inline]
#[must_use]
pub unsafe fn take_object<'o, C: Contract + ?Sized>(
    object: *const Object,
) -> Borrowed<'o, C::Object> {
    // SAFETY: clause 1.
    let object = unsafe { &*object };
    // SAFETY: clause 1.
    let order = unsafe { (*object.interface).order };
    let interface = if order == C::DESCRIPTOR.order {
        object.interface
    } else {
        adapted(object.interface, C::DESCRIPTOR)
    };
    Borrowed {
        interface,
        state: object.state,
        plugin: "",
        lifetime: PhantomData,
        contract: PhantomData,
    }
}

#[cold]
fn adapted(
    interface: *const InterfaceHeader,
    wanted: &'static polyplug_abi::ContractDescriptor,
) -> *const InterfaceHeader {
    // SAFETY: the core's function, with a live interface and this image's descriptor.
    let adapted = unsafe { (image::host().adapt)(interface, wanted) };
    if adapted.is_null() {
        // SAFETY: this image's descriptor: static text.
        let id = unsafe { wanted.id.str() };
        Fault::of_kind(
            fault_kind::UNKNOWN_METHOD,
            &format!("an object of `{id}` lacks a method that this side needs"),
        )
        .raise();
    }
    adapted
}
