//! What a guest implements: calls that come by descriptor, and the states behind bridged interfaces.
//!
//! What is always true:
//!
//! * **B1** The state of a bridged interface that this image made is a [`Behind`], whose owners are counted.

use core::cell::Cell;
use core::ffi::c_void;
use core::fmt;
use core::sync::atomic::{AtomicUsize, Ordering, fence};

use polyplug_abi::{
    ContractDescriptor, Guest, MethodDescriptor, Object, Receiver, Sink, Slice, fault_kind,
    invoke_code, method_flags, passing, type_flags, type_kind,
};

use super::language::Language;
use super::read;
use super::remote::{Scope, named};
use super::views::{Contract, ContractView, Method};
use super::write::{self, Writer};
use crate::check::{self, Form};
use crate::fault::Fault;
use crate::kinds::{Passing, TypeKind};
use crate::{Data as _, panics};

/// Something that a guest implements: a plugin of its, or an object or a closure that it hands over.
///
/// It is called from any thread, from several at once unless its contract is exclusive.
pub trait Implementation: Send + Sync + 'static {
    /// Answers a call.
    ///
    /// # Errors
    /// What the guest raised; the caller gets it as the fault that it is.
    fn call(&self, call: &mut Call<'_>) -> Result<(), Fault>;

    /// What shall survive a reload; only asked of a plugin that says that it [keeps a state](super::Plugin::keeps_state).
    ///
    /// # Errors
    /// What the guest raised; the reload is refused, and the old version goes on.
    fn save(&self) -> Result<Vec<u8>, Fault> {
        Ok(Vec::new())
    }
}

/// A call of a guest.
pub struct Call<'c> {
    contract: &'c ContractDescriptor,
    method: &'c MethodDescriptor,
    index: u32,
    frame: *const u8,
    out: *mut u8,
    scope: Scope,
    /// Whether somebody has looked at the arguments: the objects in them are theirs.
    read: Cell<bool>,
    answered: bool,
    left_out: bool,
}

impl<'c> Call<'c> {
    /// The contract of which a method is called.
    #[must_use]
    pub fn contract(&self) -> ContractView<'c> {
        // SAFETY: V1 of the views: the bridge's own descriptor.
        unsafe { ContractView::of(self.contract) }
    }

    /// The method.
    #[must_use]
    pub fn method(&self) -> Method<'c> {
        // SAFETY: as above.
        unsafe { Method::of(self.method) }
    }

    /// The number of the method in its contract.
    #[must_use]
    pub fn index(&self) -> u32 {
        self.index
    }

    /// The arguments, in order. Those of a method that takes owned objects can be read once.
    ///
    /// # Errors
    /// When the language fails to make a value; when owned objects were read already.
    pub fn arguments<L: Language>(&self, language: &mut L) -> Result<Vec<L::Value>, Fault> {
        self.read.set(true);
        if self.scope.has_taken() {
            return Err(Fault::new(
                "the arguments were read already, and the objects in them taken",
            ));
        }
        // SAFETY: V1 of the views.
        let arguments = unsafe { self.method.arguments.pointers() };
        let arguments = arguments.iter();
        arguments
            // SAFETY: a valid frame, for the length of this call.
            .map(|&argument| unsafe {
                read::argument(language, &*argument, self.frame, &self.scope)
            })
            .collect()
    }

    /// Gives the result, and what became of the arguments that are changed in place (`&mut String` and the like), in order.
    ///
    /// # Errors
    /// When one of them is no value of its type; the fault names it. Nothing was answered then. When it was answered already.
    pub fn answer<L: Language>(
        &mut self,
        language: &mut L,
        result: &L::Value,
        changed: &[L::Value],
    ) -> Result<(), Fault> {
        if self.answered {
            return Err(Fault::new("the call was answered already"));
        }
        let answered = self.write(language, result, changed);
        match &answered {
            Ok(()) => self.answered = true,
            // What was written there is gone.
            Err(_) => self.forget_changes(),
        }
        answered
    }

    /// Nothing came back of what is changed as a whole.
    fn forget_changes(&self) {
        // SAFETY: V1 of the views; a valid frame, whose sinks are there to be written to.
        unsafe {
            for &argument in self.method.arguments.pointers() {
                if (*argument).passing == passing::SINK {
                    let place = self.frame.add((*argument).frame_offset);
                    (*place.cast::<*mut Sink>().read()).output = polyplug_abi::Buffer::EMPTY;
                }
            }
        }
    }

    fn write<L: Language>(
        &self,
        language: &mut L,
        result: &L::Value,
        changed: &[L::Value],
    ) -> Result<(), Fault> {
        let mut writer = Writer::new(Form::Owned);
        // SAFETY: V1 of the views; a valid frame, and a place for the result.
        unsafe {
            let ty = &*(self.method.result)();
            if ty.flags & type_flags::BY_VALUE != 0 {
                write::scalar(language, ty, result, self.out)
                    .map_err(|misfit| misfit.into_fault("result"))?;
            } else if self.method.flags & method_flags::BORROWS != 0 && ty.kind == type_kind::TEXT {
                let text = language.to_text(result);
                let text = text.map_err(|unfit| write::Misfit::from(unfit).into_fault("result"))?;
                let part = self.part_of_an_argument(&text)?;
                self.out.cast::<Slice>().write(part);
            } else if ty.owned_size != 0 {
                if self.method.flags & method_flags::BORROWS != 0 {
                    writer.borrow_from(self.texts());
                }
                self.out.write_bytes(0, ty.owned_size);
                writer
                    .value(language, ty, result, self.out)
                    .map_err(|misfit| misfit.into_fault("result"))?;
            }
            let mut changed = changed.iter();
            for (position, &argument) in self.method.arguments.pointers().iter().enumerate() {
                let argument = &*argument;
                if !matches!(argument.passing, passing::SINK | passing::SLICE_MUT) {
                    continue;
                }
                let name = named(&argument.name, position);
                let Some(value) = changed.next() else {
                    return Err(Fault::of_kind(
                        fault_kind::INVALID_VALUE,
                        &format!("{name} is changed in place, and its new value was not returned"),
                    ));
                };
                let ty = &*(argument.ty)();
                let place = self.frame.add(argument.frame_offset);
                if argument.passing == passing::SINK {
                    let sink = place.cast::<*mut Sink>().read();
                    let output = (&raw mut (*sink).output).cast::<u8>();
                    writer
                        .value(language, ty, value, output)
                        .map_err(|misfit| misfit.into_fault(&format!("changed {name}")))?;
                } else {
                    let slice = place.cast::<Slice>().read();
                    writer
                        .in_place(language, ty, value, slice)
                        .map_err(|misfit| misfit.into_fault(&format!("changed {name}")))?;
                }
            }
        }
        writer.settle();
        Ok(())
    }

    /// Leaves the method to its default body, which calls this guest's others. Before the arguments are read; there is no answer then.
    ///
    /// # Errors
    /// When the method has no default body, or the arguments were read.
    pub fn leave_out(&mut self) -> Result<(), Fault> {
        if !self.method().has_default() {
            let (method, contract) = (self.method().name(), self.contract().id());
            let reason = format!(
                "method `{method}` of contract `{contract}` is missing, and has no default body"
            );
            return Err(Fault::of_kind(fault_kind::UNKNOWN_METHOD, &reason));
        }
        if self.read.get() {
            return Err(Fault::new("the arguments were read already"));
        }
        self.left_out = true;
        Ok(())
    }

    /// Whether the call needs no answer: it returns nothing, and changes nothing.
    fn needs_no_answer(&self) -> bool {
        let mut arguments = self.method().arguments();
        let changes = |passing: Passing| passing == Passing::SINK || passing == Passing::SLICE_MUT;
        self.method().result().kind() == TypeKind::UNIT
            && !arguments.any(|argument| changes(argument.passing()))
    }

    /// The texts among the arguments that crossed uncopied.
    fn texts(&self) -> Vec<Slice> {
        // SAFETY: V1 of the views; a valid frame.
        let arguments = unsafe { self.method.arguments.pointers() }.iter();
        arguments
            // SAFETY: as above.
            .map(|&argument| unsafe { &*argument })
            .filter(|argument| argument.passing == passing::TEXT)
            // SAFETY: as above: a text stands there.
            .map(|argument| unsafe { self.frame.add(argument.frame_offset).cast::<Slice>().read() })
            .collect()
    }

    /// Where a text lies in the arguments that crossed uncopied: what a borrowed result may be.
    fn part_of_an_argument(&self, text: &str) -> Result<Slice, Fault> {
        for whole in self.texts() {
            // SAFETY: a text of the frame, which is valid.
            let whole = unsafe { whole.str() };
            if let Some(at) = whole.find(text) {
                return Ok(Slice::text(&whole[at..at + text.len()]));
            }
        }
        Err(Fault::of_kind(
            fault_kind::ESCAPED_BORROW,
            "result: a text that is a part of no argument, where the contract says that it is one",
        ))
    }

    /// The frame of the flattened arguments, for loaders that read it by themselves; owned objects in it are theirs then. (Layout: DESIGN of the binary interface,
    /// and the descriptors.)
    #[must_use]
    pub fn frame(&self) -> *const c_void {
        self.read.set(true);
        self.frame.cast()
    }

    /// The place for the result, for loaders that write it by themselves: a scalar as the typed face returns it, anything
    /// else in its owned form.
    #[must_use]
    pub fn place(&self) -> *mut c_void {
        self.out.cast()
    }

    /// Says that the result was written to [`Call::place`].
    ///
    /// # Safety
    /// 1. It was, and what is changed in place has been.
    pub unsafe fn answered(&mut self) {
        self.answered = true;
    }
}

/// A call whose arguments nobody may have looked at.
struct Abandoned<'a, 'c>(&'a mut Call<'c>);

impl Drop for Abandoned<'_, '_> {
    fn drop(&mut self) {
        if !self.0.read.get() && !self.0.left_out {
            // SAFETY: the bridge's own descriptor, a valid frame, and the objects in it have no reader.
            unsafe { check::abandon(self.0.method, self.0.frame) };
        }
    }
}

impl fmt::Debug for Call<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Call({}.{})", self.contract().id(), self.method().name())
    }
}

/// The state behind a bridged interface (B1).
#[repr(C)]
pub(super) struct Behind {
    guest: Guest,
    owners: AtomicUsize,
    /// Of an object: keeps the image of its bridge.
    contract: Option<Contract>,
    implementation: Box<dyn Implementation>,
}

impl Behind {
    /// One owner.
    pub(super) fn state(
        implementation: Box<dyn Implementation>,
        contract: Option<Contract>,
    ) -> *mut () {
        Box::into_raw(Box::new(Self {
            guest: Guest {
                size: size_of::<Guest>() as u32,
                flags: 0,
                invoke,
            },
            owners: AtomicUsize::new(1),
            contract,
            implementation,
        }))
        .cast()
    }

    /// An object of this contract, with one owner.
    pub(super) fn object(
        implementation: Box<dyn Implementation>,
        contract: ContractView<'_>,
        is_shared: bool,
    ) -> Option<Object> {
        let bridge = contract.raw().bridge?;
        // SAFETY: V1 of the views.
        let interface = unsafe { bridge() };
        Some(Object {
            interface,
            state: Self::state(implementation, Some(contract.keep())),
            retain: is_shared.then_some(retain),
            release: Some(release),
        })
    }

    /// # Safety
    /// 1. `state` is a live one of this image (B1).
    pub(super) unsafe fn of<'s>(state: *mut ()) -> &'s dyn Implementation {
        // SAFETY: clause 1.
        unsafe { &*(*state.cast::<Self>()).implementation }
    }

    /// Gives up the only owner.
    ///
    /// # Safety
    /// 1. As for [`Behind::of`], and nobody uses it any more.
    pub(super) unsafe fn destroy(state: *mut ()) {
        // SAFETY: clause 1.
        let Self {
            implementation,
            contract,
            ..
        } = *unsafe { Box::from_raw(state.cast::<Self>()) };
        drop(implementation);
        drop(contract);
    }
}

unsafe extern "C" fn retain(state: *mut ()) {
    // SAFETY: B1.
    unsafe {
        (*state.cast::<Behind>())
            .owners
            .fetch_add(1, Ordering::Relaxed)
    };
}

unsafe extern "C" fn release(state: *mut ()) {
    // SAFETY: B1.
    if unsafe {
        (*state.cast::<Behind>())
            .owners
            .fetch_sub(1, Ordering::Release)
    } != 1
    {
        return;
    }
    fence(Ordering::Acquire);
    // SAFETY: B1: the last owner.
    if let Err(fault) = panics::contain(|| unsafe { Behind::destroy(state) }) {
        panics::report_drop(&fault);
    }
}

/// # Safety
/// 1. As [`GuestFunction`](polyplug_abi::GuestFunction) says, of a state of this image (B1).
unsafe extern "C" fn invoke(
    receiver: *mut Receiver,
    contract: *const ContractDescriptor,
    method: u32,
    frame: *const c_void,
    out: *mut c_void,
) -> i32 {
    let outcome = panics::contain(|| {
        // SAFETY: clause 1: the bridge's own descriptor, which has that method.
        let mut call = unsafe {
            Call {
                contract: &*contract,
                method: &**(*contract).methods.ptr.add(method as usize),
                index: method,
                frame: frame.cast(),
                out: out.cast(),
                scope: Scope::new(),
                read: Cell::new(false),
                answered: false,
                left_out: false,
            }
        };
        // Whatever becomes of it: what nobody looked at is let go of (C7).
        let call = Abandoned(&mut call);
        let call = &mut *call.0;
        // SAFETY: clause 1.
        unsafe { Behind::of((*receiver).state) }.call(call)?;
        if call.left_out {
            return Ok(invoke_code::LEFT_OUT);
        }
        if !call.answered && !call.needs_no_answer() {
            return Err(Fault::of_kind(
                fault_kind::INVALID_VALUE,
                "its loader gave no result",
            ));
        }
        Ok(invoke_code::VALUE)
    });
    match outcome.and_then(|outcome| outcome) {
        Ok(code) => code,
        Err(fault) => {
            // SAFETY: clause 1.
            unsafe { (*receiver).fault = fault.into_raw() };
            invoke_code::FAULT
        }
    }
}

/// The function of a [`PluginDescriptor`](polyplug_abi::PluginDescriptor) that saves a state.
///
/// # Safety
/// 1. The receiver's state is a live one of this image (B1), and `out` a place for a buffer.
pub(super) unsafe extern "C" fn save(receiver: *mut Receiver, out: *mut polyplug_abi::Buffer) {
    // SAFETY: clause 1.
    let saved = panics::contain(|| unsafe { Behind::of((*receiver).state) }.save());
    // SAFETY: clause 1.
    unsafe {
        match saved.and_then(|saved| saved) {
            Ok(bytes) => out.write(bytes.give()),
            Err(fault) => (*receiver).fault = fault.into_raw(),
        }
    }
}

/// The function of a [`PluginDescriptor`](polyplug_abi::PluginDescriptor) that ends a state.
///
/// # Safety
/// 1. The receiver's state is one of this image (B1), which nobody uses any more.
pub(super) unsafe extern "C" fn destroy(receiver: *mut Receiver) {
    // SAFETY: clause 1.
    let ended = panics::contain(|| unsafe { Behind::destroy((*receiver).state) });
    if let Err(fault) = ended {
        // SAFETY: clause 1.
        unsafe { (*receiver).fault = fault.into_raw() };
    }
}
