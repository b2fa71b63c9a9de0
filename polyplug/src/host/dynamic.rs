//! What bindings to other languages are made of: handles that are called by descriptor, and values of the host that are
//! provided by descriptor. It knows no language; it is the unsafe floor on which a binding builds.
//!
//! A binding takes a contract from a loaded module ([`Runtime::contract`](crate::Runtime::contract)), walks its
//! [`ContractInfo`] to learn the layout of frames and results, and calls a method by its number in that very `ContractInfo`.
//!
//! What comes back is in the owned form, and lies in memory of the core, whatever becomes of the plugin: it is read, then
//! released once, with [`DynamicContract::release`] or by whoever walks it, through the functions in it.
//!
//! What is always true:
//!
//! * **Z1** A method is called by the provider's own number for its name (C12).
//! * **Z2** What a callee that is not Rust answers is checked before anything reads it (C3); what it lends is believed only
//!   when it lies in an argument (C5).
//! * **Z3** An interface that was made from a bridge is used only while the image of the bridge is counted.

use core::ffi::c_void;
use core::fmt;
use core::ptr::{self, NonNull};
use core::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use polyplug_abi::{
    ContractDescriptor, Guest, Implementor, InterfaceHeader, Link, MethodDescriptor, Object,
    Receiver, Sink, Slice, fault_kind, invoke_code, method_flags, passing, type_flags, type_kind,
};

use self::wire::{Form, Region};
use super::cell::Shape;
use super::describers::{self, Described, ImageCount, is_same};
use super::generation::GenerationCore;
use super::holds;
use super::info::ContractInfo;
use super::keeper::Kept;
use super::model::{Catalog, MethodModel};
use super::module::Module;
use super::registry::{Found, similar};
use super::runtime::{Runtime, RuntimeInner};
use super::state::Destroy;
use super::types::TypeInfo;
use crate::error::{Error, Result};
use crate::fault::Fault;
use crate::handles::{self, HoldCount};
use crate::{call, check, image, panics};

mod owners;
mod typed;
mod wire;

pub use self::typed::{DynamicEntered, services};

/// A contract, ready to be called by descriptor. Cheap to clone.
#[derive(Clone)]
pub struct DynamicContract(Arc<Asked>);

struct Asked {
    info: ContractInfo,
    shape: Shape,
    /// The numbers of our methods at providers with other orders, by the number of the order.
    numbers: RwLock<Vec<(u64, Arc<[u32]>)>>,
}

/// The number of a method that a provider does not have.
const NONE: u32 = u32::MAX;

impl fmt::Debug for DynamicContract {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DynamicContract({})", self.0.info)
    }
}

impl DynamicContract {
    /// Makes ready. Copies nothing of the contract, but compares all of it later: keep it, and ask once.
    #[must_use]
    pub fn new(info: &ContractInfo) -> Self {
        Self(Arc::new(Asked {
            info: info.clone(),
            shape: Shape::copied(Arc::clone(&info.catalog), info.index),
            numbers: RwLock::default(),
        }))
    }

    /// What it looks like.
    #[must_use]
    pub fn info(&self) -> &ContractInfo {
        &self.0.info
    }

    fn methods(&self) -> &[MethodModel] {
        &self.0.info.catalog.contracts[self.0.info.index].methods
    }

    /// Calls a method of an object that a call returned, or that came as an argument.
    ///
    /// # Safety
    /// 1. `object` is an object of this contract that lives, and may be called on this thread, by one at a time when the
    ///    contract is exclusive.
    /// 2. As for [`DynamicCaller::call`].
    ///
    /// # Errors
    /// As for [`DynamicCaller::call`].
    pub unsafe fn call_object(
        &self,
        object: &Object,
        method: u32,
        frame: *const c_void,
        out: *mut c_void,
    ) -> Result<(), Fault> {
        // SAFETY: clauses 1 and 2.
        unsafe { self.exchange("", object.interface, object.state, method, frame, out, true) }
    }

    /// Releases a value that a call returned: the memory, the objects and the faults in it.
    ///
    /// # Safety
    /// 1. `place` points to the owned form of a value of this type, which nobody reads or releases afterwards.
    pub unsafe fn release(ty: &TypeInfo, place: *mut c_void) {
        let (catalog, index) = ty.place();
        // SAFETY: clause 1.
        unsafe { wire::discard(catalog, index, place.cast(), Form::Owned) };
    }

    /// Gives up one owner of an object that came from a call, or that [`Runtime::dynamic_object`] made. Nothing for one that is
    /// only lent. The object's maker may be unmapped afterwards.
    ///
    /// # Safety
    /// 1. Whoever calls this has that owner, and does not use it afterwards.
    pub unsafe fn release_object(object: &Object) {
        // SAFETY: clause 1.
        unsafe { owners::give_up(object) };
    }

    /// Adds an owner to an object. Whether it is one that many may own.
    ///
    /// # Safety
    /// 1. Whoever calls this has an owner of the object.
    pub unsafe fn retain_object(object: &Object) -> bool {
        // SAFETY: clause 1.
        unsafe { owners::add(object) }
    }

    /// The provider's number of a method of ours (Z1).
    ///
    /// # Safety
    /// 1. The descriptor is of an image that is mapped, and was checked when that was loaded.
    unsafe fn number(&self, method: u32, provided: &ContractDescriptor) -> u32 {
        let asked = &self.0;
        if provided.order == asked.shape.wanted.order {
            return method;
        }
        let known = asked.numbers.read().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, numbers)) = known.iter().find(|(order, _)| *order == provided.order) {
            return numbers[method as usize];
        }
        drop(known);
        // SAFETY: clause 1.
        let theirs = unsafe { provided.methods.pointers() };
        let find = |method: &MethodModel| {
            let position = theirs.iter().position(|&their| {
                // SAFETY: clause 1.
                unsafe { (*their).name.str() == method.name }
            });
            position.map_or(NONE, |position| position as u32)
        };
        let numbers: Arc<[u32]> = self.methods().iter().map(find).collect();
        let number = numbers[method as usize];
        let mut known = asked
            .numbers
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        known.push((provided.order, numbers));
        number
    }

    /// Who was called, filled in.
    fn explain(&self, plugin: &str, method: u32, fault: Fault) -> Fault {
        let name = self.methods().get(method as usize);
        fault.called(
            plugin,
            self.0.info.id(),
            name.map_or("", |method| &method.name),
        )
    }

    /// A call that was not made: the objects in its arguments are let go, as the callee would have done (C7).
    ///
    /// # Safety
    /// 1. As for [`DynamicCaller::call`].
    unsafe fn abandon(&self, method: u32, frame: *const c_void) {
        let Some(model) = self.methods().get(method as usize) else {
            return;
        };
        if frame.is_null() || !frame.addr().is_multiple_of(model.frame.1.max(1)) {
            return;
        }
        let catalog = &self.0.info.catalog;
        for argument in &model.arguments {
            let by_value = catalog.types[argument.ty].flags & type_flags::BY_VALUE != 0;
            if argument.passing != passing::VALUE || by_value {
                continue;
            }
            // SAFETY: clause 1: a pointer lies there, to a value in its lent form.
            unsafe {
                let value = frame.byte_add(argument.offset).cast::<*mut u8>().read();
                if !value.is_null() {
                    wire::discard(catalog, argument.ty, value, Form::Lent);
                }
            }
        }
    }

    /// Makes a call, and brings what comes back home.
    ///
    /// # Safety
    /// 1. `interface` is one of this contract, alive, as is `state`, which belongs to it.
    /// 2. As for [`DynamicCaller::call`].
    #[expect(
        clippy::too_many_arguments,
        reason = "what a call is made of, passed on"
    )]
    unsafe fn exchange(
        &self,
        plugin: &str,
        interface: *const InterfaceHeader,
        state: *mut (),
        method: u32,
        frame: *const c_void,
        out: *mut c_void,
        is_held: bool,
    ) -> Result<(), Fault> {
        let fail = |kind: u32, reason: &str| {
            // SAFETY: clause 2.
            unsafe { self.abandon(method, frame) };
            Err(self.explain(plugin, method, Fault::of_kind(kind, reason)))
        };
        let Some(model) = self.methods().get(method as usize) else {
            let reason = format!(
                "contract `{}` has no method number {method}",
                self.0.info.id()
            );
            return fail(fault_kind::UNKNOWN_METHOD, &reason);
        };
        let catalog = &self.0.info.catalog;
        let result = &catalog.types[model.result];
        let (size, align) = result.owned;
        if size != 0 && !is_place(out, align.max(4)) {
            let reason = "the place for the result is null or not aligned";
            return fail(fault_kind::INVALID_VALUE, reason);
        }
        if model.frame.0 != 0 && !is_place(frame, model.frame.1) {
            return fail(
                fault_kind::INVALID_VALUE,
                "the frame is null or not aligned",
            );
        }
        if model.borrows & method_flags::BORROWS_OBJECT != 0 && !is_held {
            let reason = "its result borrows from the plugin, which this caller does not hold still; pin the caller, or make an instance";
            return fail(fault_kind::INVALID_VALUE, reason);
        }
        // SAFETY: clause 1.
        let header = unsafe { &*interface };
        // SAFETY: clause 1: checked at load.
        let provided = unsafe { &*header.contract };
        // SAFETY: as above.
        let number = unsafe { self.number(method, provided) };
        // The functions lie in our order when they were arranged for us, otherwise in their contract's.
        let at = if header.order == self.0.shape.wanted.order {
            method
        } else {
            number
        };
        // SAFETY: clause 1: the head, then one word for each method.
        let word = || unsafe { interface.add(1).cast::<usize>().add(at as usize).read() };
        let is_left_out = number == NONE || word() == 0;
        if is_left_out && !model.has_default {
            return fail(fault_kind::UNKNOWN_METHOD, "the plugin has no such method");
        }
        // A default body is code of Rust's.
        // SAFETY: clause 1.
        let is_rust = is_left_out || unsafe { call::is_rust(interface) };
        if !is_rust && size != 0 {
            // It may forget the place: what it finds there is no value of most types, and points nowhere.
            // SAFETY: clause 2: the bytes of the place.
            unsafe { out.cast::<u8>().write_bytes(0xFF, size) };
        }
        let mut receiver = Receiver::new(state);
        // SAFETY: clause 2.
        unsafe { given(catalog, model, frame, owners::passes_on) };
        let code = if is_left_out {
            let implementor = Implementor {
                interface,
                state,
                plugin: Slice::text(plugin),
            };
            // SAFETY: clauses 1 and 2.
            let code = unsafe {
                describers::default_body(
                    &self.0.info,
                    implementor,
                    &mut receiver,
                    method,
                    frame,
                    out,
                )
            };
            let Some(code) = code else {
                // SAFETY: clause 2: nobody took them.
                unsafe { given(catalog, model, frame, owners::came) };
                return fail(fault_kind::UNKNOWN_METHOD, describers::MISSING);
            };
            code
        } else {
            // SAFETY: clauses 1 and 2.
            unsafe { (header.invoke)(&raw mut receiver, number, frame, out) }
        };
        if !receiver.fault.is_null() {
            // SAFETY: a fault that is stored comes with one count.
            let fault = unsafe { call::stored(receiver.fault) };
            return Err(self.explain(plugin, method, fault));
        }
        if code != invoke_code::VALUE {
            let reason = format!("it answered {code} to a call, and stored no fault");
            let fault = Fault::of_kind(fault_kind::INVALID_VALUE, &reason);
            return Err(self.explain(plugin, method, fault));
        }
        if !is_rust {
            // SAFETY: clause 1: checked at load; the number is one of its methods.
            let described = unsafe { provided.methods.pointers()[number as usize] };
            // SAFETY: as above; the place was written.
            unsafe { inspect(&*described, out).and_then(|()| inspect_changed(&*described, frame)) }
                .map_err(|fault| self.explain(plugin, method, fault))?;
        }
        // SAFETY: clause 2: the frame was read by the callee; what came back was promised or checked above.
        unsafe { self.keep_changed(model, frame) };
        if size == 0 {
            return Ok(());
        }
        let place = out.cast::<u8>();
        if model.borrows & method_flags::BORROWS != 0 {
            // SAFETY: clause 2: the frame was read by the callee.
            let regions = unsafe { self.regions(model, frame) };
            // SAFETY: a valid value, by promise or by check.
            if !unsafe { wire::borrows_from(catalog, model.result, place, &regions) } {
                // SAFETY: as above, and nobody reads it. Let go of as what came (W1).
                unsafe {
                    wire::rehome(catalog, model.result, place);
                    wire::discard(catalog, model.result, place, Form::Owned);
                }
                let reason = "a borrowed result lies in no argument that crossed uncopied";
                let fault = Fault::of_kind(fault_kind::ESCAPED_BORROW, reason);
                return Err(self.explain(plugin, method, fault));
            }
        }
        // SAFETY: as above.
        unsafe { wire::rehome(catalog, model.result, place) };
        Ok(())
    }

    /// Moves what came back of arguments that are changed (`&mut String`, `&mut Vec<T>`) into memory of this core, so that it
    /// outlives the plugin, as results do.
    ///
    /// # Safety
    /// 1. `frame` is the frame of that method, after a call without a fault; what came back is valid.
    unsafe fn keep_changed(&self, model: &MethodModel, frame: *const c_void) {
        for argument in &model.arguments {
            if argument.passing != passing::SINK {
                continue;
            }
            // SAFETY: clause 1: a pointer to a sink.
            unsafe {
                let sink = frame.byte_add(argument.offset).cast::<*mut Sink>().read();
                let output = (&raw mut (*sink).output).cast::<u8>();
                wire::rehome(&self.0.info.catalog, argument.ty, output);
            }
        }
    }

    /// The arguments of a call that cross uncopied.
    ///
    /// # Safety
    /// 1. `frame` is the frame of that method.
    unsafe fn regions(&self, model: &MethodModel, frame: *const c_void) -> Vec<Region> {
        let mut regions = Vec::new();
        for argument in &model.arguments {
            let ty = &self.0.info.catalog.types[argument.ty];
            // SAFETY: clause 1.
            let place = unsafe { frame.byte_add(argument.offset) };
            match argument.passing {
                passing::TEXT | passing::SLICE => {
                    // SAFETY: clause 1: a pointer, then a length.
                    let Slice { ptr, len } = unsafe { place.cast::<Slice>().read() };
                    let size = if argument.passing == passing::TEXT {
                        1
                    } else if ty.flags & type_flags::PLAIN != 0 {
                        ty.lent.0
                    } else {
                        0
                    };
                    regions.push((ptr.addr(), len * size));
                }
                passing::REFERENCE if ty.flags & type_flags::PLAIN != 0 => {
                    // SAFETY: clause 1: a pointer.
                    regions.push((unsafe { place.cast::<usize>().read() }, ty.lent.0));
                }
                _ => {}
            }
        }
        regions
    }
}

/// Whether what came back of arguments that are changed are values.
///
/// # Safety
/// 1. `method` was checked at load; `frame` is its frame, after a call without a fault.
unsafe fn inspect_changed(method: &MethodDescriptor, frame: *const c_void) -> Result<(), Fault> {
    // SAFETY: clause 1.
    unsafe {
        for &argument in method.arguments.pointers() {
            if (*argument).passing != passing::SINK {
                continue;
            }
            let place = frame.byte_add((*argument).frame_offset);
            let sink = place.cast::<*const Sink>().read();
            crate::check::owned(&*((*argument).ty)(), (&raw const (*sink).output).cast()).map_err(
                |invalid| {
                    let kind = invalid.kind();
                    Fault::of_kind(kind, &invalid.in_changed((*argument).name.str()))
                },
            )?;
        }
    }
    Ok(())
}

/// Whether something can lie there. The alignment is a power of two, so that no division is needed, which costs more than the call.
fn is_place(place: *const c_void, align: usize) -> bool {
    !place.is_null() && place.addr() & align.wrapping_sub(1) == 0
}

/// Whether what a callee wrote is a value (Z2). What is refused is left alone: nothing in it can be trusted.
///
/// # Safety
/// 1. A descriptor that was checked, of an image that is mapped; the place for its result was initialised.
unsafe fn inspect(method: &MethodDescriptor, out: *mut c_void) -> Result<(), Fault> {
    // SAFETY: clause 1.
    let ty = unsafe { &*(method.result)() };
    let checked = if ty.owned_size == 0 {
        Ok(())
    } else if ty.flags & type_flags::BY_VALUE != 0
        && matches!(ty.kind, type_kind::BOOL | type_kind::CHAR | type_kind::ENUM)
    {
        // SAFETY: clause 1: these travel as 32 bits.
        check::scalar(ty, u64::from(unsafe { out.cast::<u32>().read() }))
    } else {
        // SAFETY: clause 1.
        unsafe { check::owned(ty, out.cast()) }
    };
    checked.map_err(|invalid| Fault::of_kind(invalid.kind(), &format!("result {invalid}")))
}

/// Follows the plugin, as a [`Caller`](crate::Caller) does, and is called by descriptor.
#[derive(Clone)]
pub struct DynamicCaller {
    contract: DynamicContract,
    link: Link,
    _kept: Kept,
}

// SAFETY: as for `Caller`.
unsafe impl Send for DynamicCaller {}
// SAFETY: as above.
unsafe impl Sync for DynamicCaller {}

impl DynamicCaller {
    /// Calls a method.
    ///
    /// The objects in the arguments are the callee's from here on, also when the call is not made. What is written to `out` is
    /// the caller's to release; nothing is written when there is a fault.
    ///
    /// # Safety
    /// 1. `frame` points to the `repr(C)` struct of the flattened arguments of that method, as the [`ContractInfo`] of this
    ///    handle describes it, all of it initialised; what it points to is readable for the call, and what is lent to be
    ///    changed is writable. It may be null when the method has no arguments.
    /// 2. `out` is null, or a place for the result with room for its owned form, and for 8 bytes at least, aligned to 8.
    /// 3. Objects in the arguments may be used as their types say.
    ///
    /// # Errors
    /// What the callee stored; that it is gone; a frame or a result that is not what the descriptor says.
    pub unsafe fn call(
        &self,
        method: u32,
        frame: *const c_void,
        out: *mut c_void,
    ) -> Result<(), Fault> {
        let entered = match handles::enter(&self.link) {
            Ok(entered) => entered,
            Err(fault) => {
                // SAFETY: clause 1.
                unsafe { self.contract.abandon(method, frame) };
                return Err(self.contract.explain(self.plugin(), method, fault));
            }
        };
        // SAFETY: H1 and H2: in the shape of our contract, and held until `entered` drops; clauses 1 to 3.
        unsafe {
            let (interface, state) = (entered.interface, entered.state);
            let plugin = self.plugin();
            self.contract
                .exchange(plugin, interface, state, method, frame, out, false)
        }
    }

    /// Holds the plugin still.
    ///
    /// # Errors
    /// A fault of kind `Unloaded` when the plugin is gone already.
    pub fn pin(&self) -> Result<DynamicPinned, Fault> {
        let mut fault = ptr::null_mut();
        // SAFETY: the core's function, with a link of this core and a place for a fault.
        let hold = unsafe { (image::host().pin)(&raw const self.link, &raw mut fault) };
        // SAFETY: what is returned comes with one count.
        let hold = unsafe { HoldCount::from_answer(hold, fault) }?;
        Ok(DynamicPinned {
            contract: self.contract.clone(),
            hold,
        })
    }

    /// The name of the plugin.
    #[must_use]
    pub fn plugin(&self) -> &str {
        // SAFETY: the name of a plugin is immortal.
        unsafe { self.link.plugin.str() }
    }

    /// The contract.
    #[must_use]
    pub fn contract(&self) -> &DynamicContract {
        &self.contract
    }
}

impl fmt::Debug for DynamicCaller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "DynamicCaller<{}>({})",
            self.contract.info(),
            self.plugin()
        )
    }
}

/// Holds the plugin still, as a [`Pinned`](crate::Pinned) does, and is called by descriptor.
#[derive(Clone)]
pub struct DynamicPinned {
    contract: DynamicContract,
    hold: HoldCount,
}

// SAFETY: as for `Pinned`.
unsafe impl Send for DynamicPinned {}
// SAFETY: as above.
unsafe impl Sync for DynamicPinned {}

impl DynamicPinned {
    /// Calls a method. What the result borrows from the plugin lives as long as this handle.
    ///
    /// # Safety
    /// As for [`DynamicCaller::call`].
    ///
    /// # Errors
    /// As for [`DynamicCaller::call`].
    pub unsafe fn call(
        &self,
        method: u32,
        frame: *const c_void,
        out: *mut c_void,
    ) -> Result<(), Fault> {
        let entered = self.hold.entered();
        let plugin = self.hold.plugin();
        let (interface, state) = (entered.interface, entered.state);
        // SAFETY: H1, H2; the clauses are the caller's.
        unsafe {
            self.contract
                .exchange(plugin, interface, state, method, frame, out, true)
        }
    }

    /// The typed face, for who can call a C signature: the functions, in the order of the contract, and what they take as
    /// the state of their receiver. Both live as long as this handle. A function is null when the plugin lacks a method that
    /// has a default body.
    #[must_use]
    pub fn typed_face(&self) -> (*const InterfaceHeader, *mut ()) {
        let entered = self.hold.entered();
        (entered.interface, entered.state)
    }

    /// Whether callers reach the same version of the plugin.
    #[must_use]
    pub fn is_current(&self) -> bool {
        handles::is_current(&self.hold)
    }

    /// The name of the plugin.
    #[must_use]
    pub fn plugin(&self) -> &str {
        self.hold.plugin()
    }

    /// The contract.
    #[must_use]
    pub fn contract(&self) -> &DynamicContract {
        &self.contract
    }
}

impl fmt::Debug for DynamicPinned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "DynamicPinned<{}>({})",
            self.contract.info(),
            self.plugin()
        )
    }
}

/// An object of one's own, as an [`Instance`](crate::Instance), called by descriptor. When the contract is exclusive, a call
/// while another is inside is a fault.
pub struct DynamicInstance {
    contract: DynamicContract,
    hold: HoldCount,
    busy: AtomicBool,
}

// SAFETY: plugin types are `Send`.
unsafe impl Send for DynamicInstance {}
// SAFETY: plugin types of shared contracts are `Sync`; of exclusive ones one call at a time is made (`busy`).
unsafe impl Sync for DynamicInstance {}

/// Keeps an exclusive object for one call.
struct Busy<'i>(Option<&'i AtomicBool>);

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        if let Some(busy) = self.0 {
            busy.store(false, Ordering::Release);
        }
    }
}

impl DynamicInstance {
    fn begin(&self) -> Result<Busy<'_>, Fault> {
        if !self.contract.info().is_exclusive() {
            return Ok(Busy(None));
        }
        if self.busy.swap(true, Ordering::Acquire) {
            return Err(Fault::of_kind(
                fault_kind::INVALID_VALUE,
                "another call is inside this exclusive object, which is called by one at a time",
            ));
        }
        Ok(Busy(Some(&self.busy)))
    }

    /// Calls a method. What the result borrows from the object lives as long as this handle.
    ///
    /// # Safety
    /// As for [`DynamicCaller::call`].
    ///
    /// # Errors
    /// As for [`DynamicCaller::call`], and when another call is inside an exclusive object.
    pub unsafe fn call(
        &self,
        method: u32,
        frame: *const c_void,
        out: *mut c_void,
    ) -> Result<(), Fault> {
        let plugin = self.hold.plugin();
        let busy = match self.begin() {
            Ok(busy) => busy,
            Err(fault) => {
                // SAFETY: the caller's clauses.
                unsafe { self.contract.abandon(method, frame) };
                return Err(self.contract.explain(plugin, method, fault));
            }
        };
        let entered = self.hold.entered();
        let (interface, state) = (entered.interface, entered.state);
        // SAFETY: H1, H2; the clauses are the caller's.
        let answer = unsafe {
            self.contract
                .exchange(plugin, interface, state, method, frame, out, true)
        };
        drop(busy);
        answer
    }

    /// Moves the object to the current version of its plugin; see [`Instance::migrate`](crate::Instance::migrate).
    ///
    /// # Errors
    /// As there; the object is as it was then.
    pub fn migrate(&mut self) -> Result<(), Fault> {
        // SAFETY: a live hold, of an instance.
        let hold = unsafe { holds::migrate(self.hold.hold(), &self.contract.0.shape) }?;
        // SAFETY: what is returned comes with one count.
        self.hold = unsafe { HoldCount::of(NonNull::new_unchecked(hold.cast_mut())) };
        Ok(())
    }

    /// Whether it is of the version of the plugin that a new instance would be of.
    #[must_use]
    pub fn is_current(&self) -> bool {
        handles::is_current(&self.hold)
    }

    /// The name of the plugin.
    #[must_use]
    pub fn plugin(&self) -> &str {
        self.hold.plugin()
    }

    /// The contract.
    #[must_use]
    pub fn contract(&self) -> &DynamicContract {
        &self.contract
    }
}

impl fmt::Debug for DynamicInstance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "DynamicInstance<{}>({})",
            self.contract.info(),
            self.plugin()
        )
    }
}

/// Visits the objects in the arguments of a call that are the callee's.
///
/// # Safety
/// 1. `frame` is that of the method, and its values are valid.
unsafe fn given(
    catalog: &Arc<Catalog>,
    model: &MethodModel,
    frame: *const c_void,
    visit: fn(&Object),
) {
    for argument in &model.arguments {
        if argument.passing != passing::VALUE || !catalog.carries_objects(argument.ty) {
            continue;
        }
        // SAFETY: clause 1: a pointer lies there, to a value in its lent form.
        unsafe {
            let value = frame.byte_add(argument.offset).cast::<*mut u8>().read();
            wire::objects(catalog, argument.ty, value, Form::Lent, visit);
        }
    }
}

/// What became of a call of a [`DynamicProvider`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DynamicAnswer {
    /// The result was written.
    Value,
    /// The method is left to its default body: nothing of the arguments was taken, and nothing was written.
    LeftOut,
}

/// A value of the host that answers calls by descriptor.
///
/// # Safety
/// 1. `call` writes a result to `out` exactly when it answers [`DynamicAnswer::Value`]: for one that travels by value what the typed face would
///    return, otherwise a value in the owned form, whose release functions work on any thread.
/// 2. Any thread may call and drop it; what the arguments point to is not used after the call.
pub unsafe trait DynamicProvider: Send + Sync + 'static {
    /// Answers method number `method` of the contract that was provided. The arguments are valid; `frame` and `out` lie as the
    /// contract describes. The objects in the arguments are the callee's.
    ///
    /// # Safety
    /// 1. `frame` and `out` are those of that method.
    ///
    /// # Errors
    /// What goes to the caller in the place of a result. A panic does as well.
    unsafe fn call(
        &self,
        method: u32,
        frame: *const c_void,
        out: *mut c_void,
    ) -> Result<DynamicAnswer, Fault>;
}

/// The state of a bridged interface: starts with what the bridge asks for.
#[repr(C)]
struct Provided {
    guest: Guest,
    contract: ContractInfo,
    value: Box<dyn DynamicProvider>,
    // After the value, though that is no code of the image's: Z3.
    _image: Option<ImageCount>,
}

/// The guest function of every provided value.
///
/// # Safety
/// 1. What [`GuestFunction`](polyplug_abi::GuestFunction) says, of a state that is a [`Provided`].
unsafe extern "C" fn answer(
    receiver: *mut Receiver,
    _: *const ContractDescriptor,
    method: u32,
    frame: *const c_void,
    out: *mut c_void,
) -> i32 {
    // SAFETY: clause 1.
    let provided = unsafe { &*(*receiver).state.cast::<Provided>() };
    let catalog = &provided.contract.catalog;
    let model = &catalog.contracts[provided.contract.index].methods[method as usize];
    let answer = panics::contain(|| {
        // SAFETY: clause 1.
        unsafe { given(catalog, model, frame, owners::came) };
        // SAFETY: clause 1.
        let answer = unsafe { provided.value.call(method, frame, out) };
        if matches!(answer, Ok(DynamicAnswer::LeftOut)) {
            // SAFETY: clause 1: the arguments are as they came.
            unsafe { given(catalog, model, frame, owners::passes_on) };
        }
        if matches!(answer, Ok(DynamicAnswer::Value)) && catalog.carries_objects(model.result) {
            // SAFETY: clause 1: the value was written.
            unsafe {
                wire::objects(
                    catalog,
                    model.result,
                    out.cast(),
                    Form::Owned,
                    owners::passes_on,
                );
            }
        }
        answer
    });
    match answer.and_then(|answer| answer) {
        Ok(DynamicAnswer::Value) => invoke_code::VALUE,
        Ok(DynamicAnswer::LeftOut) => invoke_code::LEFT_OUT,
        Err(fault) => {
            // SAFETY: clause 1.
            unsafe { (*receiver).fault = fault.into_raw() };
            invoke_code::FAULT
        }
    }
}

/// A bridge that was found, with its image counted.
struct Bridge {
    interface: *const InterfaceHeader,
    image: Option<ImageCount>,
}

impl Bridge {
    /// Looks for a module that describes the contract, in this order of methods, and has a bridge for it: first the one that
    /// the contract was learned from.
    fn find(runtime: &RuntimeInner, contract: &ContractInfo) -> Result<Self> {
        let modules: Vec<_> = runtime.read().modules().cloned().collect();
        let generations: Vec<_> = modules
            .iter()
            .filter_map(|module| module.current())
            .collect();
        let own =
            |generation: &&Arc<GenerationCore>| Arc::ptr_eq(&generation.catalog, &contract.catalog);
        for generation in generations.iter().filter(own) {
            if let Some(bridge) = Self::at(generation, contract.index) {
                return Ok(bridge);
            }
        }
        for generation in &generations {
            for index in 0..generation.origins.len() {
                if is_same(contract, generation, index)
                    && let Some(bridge) = Self::at(generation, index)
                {
                    return Ok(bridge);
                }
            }
        }
        Err(Error::NotDescribed {
            contract: contract.to_string(),
        })
    }

    fn at(generation: &Arc<GenerationCore>, index: usize) -> Option<Self> {
        let Described { contract, image } = Described::at(generation, index)?;
        // SAFETY: Z3: read at load from an image that is counted, or is this program.
        let bridge = unsafe { (*contract).bridge }?;
        // SAFETY: as above.
        let interface = unsafe { bridge() };
        (!interface.is_null()).then_some(Self { interface, image })
    }
}

fn provided(
    contract: &ContractInfo,
    value: Box<dyn DynamicProvider>,
    image: Option<ImageCount>,
) -> Provided {
    Provided {
        guest: Guest {
            size: size_of::<Guest>() as u32,
            flags: 0,
            invoke: answer,
        },
        contract: contract.clone(),
        value,
        _image: image,
    }
}

/// # Safety
/// 1. `state` is that of an `Arc<Provided>` that was given up.
unsafe fn free(state: *mut ()) {
    // SAFETY: clause 1.
    drop(unsafe { Arc::from_raw(state.cast::<Provided>()) });
}

/// # Safety
/// 1. A live object made by [`Runtime::dynamic_object`].
unsafe extern "C" fn retain_object(state: *mut ()) {
    // SAFETY: clause 1.
    unsafe { Arc::increment_strong_count(state.cast::<Provided>()) };
}

/// # Safety
/// 1. A live object made by [`Runtime::dynamic_object`], one count of which is given up.
unsafe extern "C" fn release_object(state: *mut ()) {
    // SAFETY: clause 1.
    if let Err(fault) = panics::contain(|| unsafe { free(state) }) {
        panics::report_drop(&fault);
    }
}

impl Runtime {
    /// A contract that a loaded module describes, offered or not; the first in load order.
    ///
    /// # Errors
    /// [`Error::NoProvider`], with what is described.
    pub fn contract(&self, id: &str, major: u32) -> Result<ContractInfo> {
        let contracts = self.contracts();
        let wanted = |known: &&ContractInfo| known.id() == id && known.version().major == major;
        if let Some(found) = contracts.iter().find(wanted) {
            return Ok(found.clone());
        }
        let available: Vec<_> = contracts.iter().map(ToString::to_string).collect();
        let contract = format!("{id} {major}");
        let similar = similar(&contract, &available);
        Err(Error::NoProvider {
            contract,
            available,
            similar,
        })
    }

    /// A caller by descriptor: of that plugin, or of the first that offers the contract.
    ///
    /// # Errors
    /// [`Error::NoProvider`], [`Error::NoPlugin`], [`Error::ContractMismatch`], and [`Error::OnlyInstances`] when the
    /// contract is exclusive.
    pub fn dynamic_get(
        &self,
        contract: &DynamicContract,
        plugin: Option<&str>,
    ) -> Result<DynamicCaller> {
        if contract.info().is_exclusive() {
            return Err(Error::OnlyInstances {
                contract: contract.info().to_string(),
            });
        }
        let found = self.find_dynamic(contract.info(), plugin)?;
        let cell = found.module.cell;
        let link = cell.link(found.module.stamp, found.plugin, &contract.0.shape);
        let link = link.unwrap_or_else(|| Err(self.nobody(contract.info())))?;
        // SAFETY: this runtime has the keeper.
        let kept = unsafe { Kept::new(self.inner().keeper.as_ptr()) };
        Ok(DynamicCaller {
            contract: contract.clone(),
            // The link itself counts nothing of its own: `kept` does, for as long.
            link: Link {
                keeper: self.inner().keeper.as_ptr(),
                ..link
            },
            _kept: kept,
        })
    }

    /// An instance by descriptor, made by that plugin, or by the first that offers the contract.
    ///
    /// # Errors
    /// [`Error::NoProvider`], [`Error::NoPlugin`], [`Error::ContractMismatch`], or what the constructor says.
    pub fn dynamic_create(
        &self,
        contract: &DynamicContract,
        plugin: Option<&str>,
    ) -> Result<DynamicInstance> {
        let found = self.find_dynamic(contract.info(), plugin)?;
        let Some(generation) = found.module.current() else {
            return Err(self.nobody(contract.info()));
        };
        // SAFETY: this runtime has the keeper.
        let kept = unsafe { Kept::new(self.inner().keeper.as_ptr()) };
        let hold = holds::create(&generation, found.plugin, &contract.0.shape, kept)?;
        Ok(DynamicInstance {
            contract: contract.clone(),
            // SAFETY: one count is handed over, of a hold that is not null.
            hold: unsafe { HoldCount::of(NonNull::new_unchecked(hold.cast_mut())) },
            busy: AtomicBool::new(false),
        })
    }

    /// The names of those who offer the contract, in load order.
    #[must_use]
    pub fn dynamic_providers(&self, contract: &ContractInfo) -> Vec<String> {
        let registry = self.inner().read();
        let offers = registry.offers(contract.id(), contract.version().major);
        offers.map(|found| found.plugin.to_owned()).collect()
    }

    /// Provides a contract with a value that answers by descriptor.
    ///
    /// The module that the contract was learned from stays mapped as long as the value is provided: its bridge is what turns
    /// the calls of plugins into calls by descriptor.
    ///
    /// # Errors
    /// [`Error::NotDescribed`] when no loaded module has a bridge for the contract; [`Error::OnlyInstances`] when it is
    /// exclusive; [`Error::DuplicateName`] as [`Runtime::provide_as`].
    pub fn dynamic_provide(
        &self,
        contract: &DynamicContract,
        name: &str,
        value: Box<dyn DynamicProvider>,
    ) -> Result<Module> {
        if contract.info().is_exclusive() {
            return Err(Error::OnlyInstances {
                contract: contract.info().to_string(),
            });
        }
        let Bridge { interface, image } = Bridge::find(self.inner(), contract.info())?;
        let state = || {
            Arc::into_raw(Arc::new(provided(contract.info(), value, image)))
                .cast_mut()
                .cast()
        };
        // SAFETY: Z3: the state keeps the interface's image; a bridged interface works on a `Guest`, with which it starts;
        // any thread may use it, as `DynamicProvider` says.
        unsafe {
            self.provide_raw(
                name,
                &contract.0.shape,
                interface,
                state,
                Destroy::Host(free),
            )
        }
    }

    /// An object of the contract that answers by descriptor, with one owner: to be passed where a contract's object or a
    /// closure is expected. For an argument that is lent, pass it with null functions in the place of `retain` and
    /// `release`, and release it after the call.
    ///
    /// # Errors
    /// [`Error::NotDescribed`] when no loaded module has a bridge for the contract.
    pub fn dynamic_object(
        &self,
        contract: &ContractInfo,
        value: Box<dyn DynamicProvider>,
    ) -> Result<Object> {
        let Bridge { interface, image } = Bridge::find(self.inner(), contract)?;
        Ok(Object {
            interface,
            state: Arc::into_raw(Arc::new(provided(contract, value, image)))
                .cast_mut()
                .cast(),
            retain: Some(retain_object),
            release: Some(release_object),
        })
    }

    fn nobody(&self, contract: &ContractInfo) -> Error {
        let available = self.inner().read().offered();
        let contract = contract.to_string();
        let similar = similar(&contract, &available).filter(|similar| *similar != contract);
        Error::NoProvider {
            contract,
            available,
            similar,
        }
    }

    fn find_dynamic(&self, contract: &ContractInfo, plugin: Option<&str>) -> Result<Found> {
        let (id, major) = (contract.id(), contract.version().major);
        let registry = self.inner().read();
        let found = match plugin {
            Some(plugin) => registry.named(id, major, plugin).cloned(),
            None => registry.offers(id, major).next().cloned(),
        };
        if let Some(found) = found {
            return Ok(found);
        }
        let available: Vec<_> = registry
            .offers(id, major)
            .map(|found| found.plugin.to_owned())
            .collect();
        drop(registry);
        match plugin {
            Some(plugin) if !available.is_empty() => Err(Error::NoPlugin {
                name: plugin.to_owned(),
                contract: contract.to_string(),
                similar: similar(plugin, &available),
                available,
            }),
            _ => Err(self.nobody(contract)),
        }
    }
}

const _: () = assert!(core::mem::offset_of!(Provided, guest) == 0);
