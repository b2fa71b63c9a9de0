//! What a guest calls: host contracts, peers, and objects and closures that it was given.
//!
//! What is always true:
//!
//! * **E1** The object behind an owned [`Remote`] has one owner, which is given up once: by its last clone, or by whoever it
//!   was handed over to.
//! * **E2** What was lent is called only while the call that lent it is not over: its [`Scope`] waits for those inside.
//! * **E3** An object whose type is not `Send` is called and dropped on the thread that it came on, one that is not `Sync`
//!   by one thread at a time; an exclusive one is called by one caller at a time.

use core::ffi::c_void;
use core::fmt;
use std::cell::{Cell, OnceCell};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};

use polyplug_abi::{
    ContractDescriptor, InterfaceHeader, MethodDescriptor, Object, Receiver, contract_flags,
    fault_kind, interface_flags, invoke_code, passing, type_flags,
};

use super::language::Language;
use super::read;
use super::views::{Contract, ContractView};
use super::write::{self, Writer};
use crate::call::{Entered, Handle};
use crate::check::{self, Form};
use crate::contract::{ContractParts, Shared};
use crate::fault::Fault;
use crate::handles::Caller;
use crate::{describe, discard, image};

/// Any contract: what is behind says which.
#[derive(Debug)]
pub(crate) enum Anything {}

unsafe extern "C" fn no_bridge() -> *const InterfaceHeader {
    core::ptr::null()
}

// SAFETY: K1: the head of an interface, without functions.
unsafe impl ContractParts for Anything {
    type Interface = InterfaceHeader;
    const DESCRIPTOR: &'static ContractDescriptor =
        &describe::contract(0, 0, 0, "", "", "", &[], &[], no_bridge, None);
    type Use = Shared;
}

/// How long things that were lent may be called: until the end of a call.
pub(super) struct Scope {
    calls: OnceCell<Arc<Calls>>,
    /// Whether an owned object among the arguments has a reader.
    taken: Cell<bool>,
}

struct Calls {
    state: Mutex<(bool, usize)>,
    left: Condvar,
}

impl Calls {
    fn lock(&self) -> MutexGuard<'_, (bool, usize)> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Refuses what comes from here on, and waits for what is inside.
    #[cold]
    fn end(self: Arc<Self>) {
        let mut state = self.lock();
        state.0 = true;
        while state.1 != 0 {
            state = self
                .left
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Scope {
    pub(super) fn new() -> Self {
        Self {
            calls: OnceCell::new(),
            taken: Cell::new(false),
        }
    }

    /// An object was read.
    pub(super) fn takes(&self, object: &Object) {
        if object.release.is_some() {
            self.taken.set(true);
        }
    }

    /// Whether owned objects were read.
    pub(super) fn has_taken(&self) -> bool {
        self.taken.get()
    }

    fn calls(&self) -> Arc<Calls> {
        let calls = self.calls.get_or_init(|| {
            Arc::new(Calls {
                state: Mutex::new((false, 0)),
                left: Condvar::new(),
            })
        });
        Arc::clone(calls)
    }
}

impl Drop for Scope {
    /// Nothing that was lent is called from here on.
    #[inline]
    fn drop(&mut self) {
        if let Some(calls) = self.calls.take() {
            calls.end();
        }
    }
}

enum Target {
    /// A host contract or a peer, and the contract that it was asked for with: that one has bridges, which a provider in another
    /// language has not.
    Link(Caller<Anything>, Contract),
    Object(TargetObject),
}

struct TargetObject {
    object: Object,
    /// What keeps the image of its maker mapped; null for what was lent.
    image: *const (),
    lent: Option<Arc<Calls>>,
    flags: u32,
    thread: ThreadId,
    /// Whether it was handed over, and how many are inside.
    inside: Mutex<(bool, usize)>,
}

// SAFETY: E3.
unsafe impl Send for TargetObject {}
// SAFETY: E3.
unsafe impl Sync for TargetObject {}

impl TargetObject {
    fn lock(&self) -> MutexGuard<'_, (bool, usize)> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A count of the image goes with an owner that is handed over (O5 of objects): this one may be the last that keeps it.
    fn send_image(&self) {
        if let (Some(release), false) = (self.object.release, self.image.is_null()) {
            // SAFETY: the core's function takes any address.
            unsafe { (image::host().send_image)(release as *const (), self.object.state) };
        }
    }

    fn is_foreign_thread(&self) -> bool {
        self.flags & type_flags::SEND == 0 && thread::current().id() != self.thread
    }
}

impl Drop for TargetObject {
    fn drop(&mut self) {
        let gone = self.lock().0;
        if gone || self.lent.is_some() {
            return;
        }
        if self.is_foreign_thread() {
            let text = "polyplug: an object that must stay on its thread was let go of on another; it is left where it is";
            // SAFETY: the core's function, with text that lives for the call.
            unsafe { (image::host().report)(text.as_ptr(), text.len()) };
            return;
        }
        if let Some(release) = self.object.release {
            // SAFETY: E1.
            unsafe { release(self.object.state) };
        }
        // SAFETY: what the core kept for this object.
        unsafe { (image::host().release_image)(self.image) };
    }
}

/// Something on the other side that a guest calls by names of methods: a host contract, a peer, an object, a closure (its one
/// method is `call`). Clones are the same one.
#[derive(Clone)]
pub struct Remote(Arc<Target>);

impl Remote {
    pub(crate) fn link(caller: Caller<Anything>, asked: Contract) -> Self {
        Self(Arc::new(Target::Link(caller, asked)))
    }

    /// # Safety
    /// 1. A live object of a type with these flags: owned by who reads it if it has a `release`, otherwise lent for the
    ///    call of the scope.
    pub(super) unsafe fn of(object: Object, flags: u32, scope: &Scope) -> Self {
        let (image, lent) = match object.release {
            // SAFETY: the core's function takes any address.
            Some(release) => (
                unsafe { (image::host().keep_image)(release as *const (), object.state) },
                None,
            ),
            None => (core::ptr::null(), Some(scope.calls())),
        };
        Self(Arc::new(Target::Object(TargetObject {
            object,
            image,
            lent,
            flags,
            thread: thread::current().id(),
            inside: Mutex::new((false, 0)),
        })))
    }

    /// An owner of it for somebody else: the only one, or one more of a shared object.
    pub(super) fn hand_over(&self, is_shared: bool) -> Result<Object, String> {
        let Target::Object(target) = &*self.0 else {
            return Err("a host contract or a peer cannot be given away".to_owned());
        };
        if target.lent.is_some() {
            return Err("what was lent for a call cannot be given away".to_owned());
        }
        let mut state = target.lock();
        if state.0 {
            return Err("it was given away already".to_owned());
        }
        match target.object.retain {
            Some(retain) if is_shared => {
                // SAFETY: E1: alive.
                unsafe { retain(target.object.state) };
                target.send_image();
                Ok(target.object)
            }
            _ if is_shared => {
                Err("an object with one owner where a shared one is expected".to_owned())
            }
            _ if state.1 != 0 => Err("it is being called".to_owned()),
            _ => {
                state.0 = true;
                target.send_image();
                // SAFETY: what the core kept for this object.
                unsafe { (image::host().release_image)(target.image) };
                Ok(target.object)
            }
        }
    }

    /// It, for the length of a call.
    pub(super) fn lend(&self) -> Result<Object, String> {
        let Target::Object(target) = &*self.0 else {
            return Err("a host contract or a peer cannot be passed as an object".to_owned());
        };
        if target.lock().0 {
            return Err("it was given away already".to_owned());
        }
        Ok(Object {
            retain: None,
            release: None,
            ..target.object
        })
    }

    /// The name of the plugin that answers; nothing for an object.
    #[must_use]
    pub fn plugin(&self) -> &str {
        match &*self.0 {
            Target::Link(caller, _) => caller.plugin(),
            Target::Object(_) => "",
        }
    }

    /// Does something with what answers, which stays there meanwhile.
    fn with<T>(
        &self,
        work: impl FnOnce(*const InterfaceHeader, *mut ()) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        match &*self.0 {
            Target::Link(caller, _) => {
                let Entered {
                    interface,
                    state,
                    hold: _hold,
                } = caller.enter()?;
                work(interface, state)
            }
            Target::Object(target) => {
                let _inside = Inside::begin(target)?;
                work(target.object.interface, target.object.state)
            }
        }
    }

    /// Looks at its contract.
    ///
    /// # Errors
    /// When it is gone.
    pub fn describe<T>(&self, look: impl FnOnce(ContractView<'_>) -> T) -> Result<T, Fault> {
        self.with(|interface, _| {
            // SAFETY: a live interface, whose contract was checked.
            Ok(look(unsafe { ContractView::of((*interface).contract) }))
        })
    }

    /// Calls a method by its name. Returns the result, then what became of the arguments that are changed in place, in
    /// order.
    ///
    /// # Errors
    /// Fault of kind `UnknownMethod` without such a method; `InvalidValue` when an argument is no value of its type, which
    /// names it; what the callee raised.
    pub fn call<L: Language>(
        &self,
        language: &mut L,
        method: &str,
        arguments: &[L::Value],
    ) -> Result<(L::Value, Vec<L::Value>), Fault> {
        match &*self.0 {
            Target::Link(caller, _) => {
                // Waits while what answers is being reloaded.
                let Entered {
                    interface,
                    state,
                    hold: _hold,
                } = language.outside(|| caller.enter())?;
                self.call_inside(language, (interface, state), method, arguments)
            }
            Target::Object(target) => {
                let _inside = Inside::begin(target)?;
                let inside = (target.object.interface, target.object.state);
                self.call_inside(language, inside, method, arguments)
            }
        }
    }

    /// As [`Remote::call`], with an interface and a state that stay for the call.
    fn call_inside<L: Language>(
        &self,
        language: &mut L,
        (interface, state): (*const InterfaceHeader, *mut ()),
        method: &str,
        arguments: &[L::Value],
    ) -> Result<(L::Value, Vec<L::Value>), Fault> {
        // SAFETY: a live interface, whose contract was checked.
        let contract = unsafe { &*(*interface).contract };
        // SAFETY: as above.
        let methods = unsafe { contract.methods.pointers() };
        // SAFETY: as above.
        let named = |&&found: &&*const MethodDescriptor| unsafe { (*found).name.str() } == method;
        // SAFETY: as above.
        let id = unsafe { contract.id.str() };
        let Some(index) = methods.iter().position(|found| named(&found)) else {
            let message = format!("contract `{id}` has no method `{method}`");
            return Err(Fault::of_kind(fault_kind::UNKNOWN_METHOD, &message));
        };
        // Of a provider in C there are no bridges for objects that it is given: those of what was asked for serve.
        let described = match &*self.0 {
            Target::Link(_, asked) if contract.bridge.is_none() => {
                // SAFETY: V1 of the views.
                let asked = unsafe { (*asked.descriptor()).methods.pointers() };
                asked
                    .iter()
                    .find(|found| named(found))
                    .unwrap_or(&methods[index])
            }
            _ => &methods[index],
        };
        // SAFETY: as above; interface and state belong together, and stay for the call. What was asked for has the types of
        // what was found (K1).
        let called = unsafe {
            exchange(
                language,
                (interface, state),
                index as u32,
                &**described,
                arguments,
            )
        };
        called.map_err(|fault| fault.called(self.plugin(), id, method))
    }
}

/// A call inside an object.
struct Inside<'t>(&'t TargetObject);

impl<'t> Inside<'t> {
    fn begin(target: &'t TargetObject) -> Result<Self, Fault> {
        let refuse = |message| Err(Fault::of_kind(fault_kind::RAISED, message));
        if target.is_foreign_thread() {
            return refuse("an object that must stay on its thread was called on another");
        }
        // SAFETY: a live interface, whose contract was checked.
        let contract = unsafe { (*(*target.object.interface).contract).flags };
        if let Some(calls) = &target.lent {
            let mut state = calls.lock();
            if state.0 {
                return refuse("it was lent for a call that is over");
            }
            state.1 += 1;
        }
        let mut state = target.lock();
        let alone = contract & contract_flags::EXCLUSIVE != 0
            || (target.flags & type_flags::SYNC == 0 && target.flags & type_flags::SEND != 0);
        let refused = if state.0 {
            Some("it was given away")
        } else if alone && state.1 != 0 {
            Some("it is being called already, and takes one call at a time")
        } else {
            None
        };
        if let Some(reason) = refused {
            drop(state);
            leave(target);
            return refuse(reason);
        }
        state.1 += 1;
        drop(state);
        Ok(Self(target))
    }
}

fn leave(target: &TargetObject) {
    if let Some(calls) = &target.lent {
        calls.lock().1 -= 1;
        calls.left.notify_all();
    }
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        self.0.lock().1 -= 1;
        leave(self.0);
    }
}

/// Makes a call through the erased face.
///
/// # Safety
/// 1. Interface and state belong together and live for the call; `method` is method number `index` of the interface's own
///    contract.
unsafe fn exchange<L: Language>(
    language: &mut L,
    (interface, state): (*const InterfaceHeader, *mut ()),
    index: u32,
    method: &MethodDescriptor,
    arguments: &[L::Value],
) -> Result<(L::Value, Vec<L::Value>), Fault> {
    // SAFETY: clause 1.
    unsafe {
        let expected = method.arguments.pointers();
        if expected.len() != arguments.len() {
            let message = format!(
                "it takes {} arguments, and was given {}",
                expected.len(),
                arguments.len()
            );
            return Err(Fault::of_kind(fault_kind::INVALID_VALUE, &message));
        }
        let mut writer = Writer::new(Form::Lent);
        let frame = writer.room(method.frame_size);
        for (position, (&argument, value)) in expected.iter().zip(arguments).enumerate() {
            writer
                .argument(language, &*argument, value, frame)
                .map_err(|misfit| misfit.into_fault(&named(&(*argument).name, position)))?;
        }
        let ty = &*(method.result)();
        let out = writer.room(ty.owned_size.max(size_of::<u64>()));
        let mut receiver = Receiver::new(state);
        let (packed, place) = (frame.cast::<c_void>(), out.cast::<c_void>());
        let word = interface.add(1).cast::<usize>().add(index as usize);
        let is_left_out = word.read() == 0;
        let code = language.outside(|| {
            let receiver = &raw mut receiver;
            if is_left_out {
                let wanted = (*interface).contract;
                let run = image::host().default_body;
                run(receiver, interface, wanted, index, packed, place)
            } else {
                ((*interface).invoke)(receiver, index, packed, place)
            }
        });
        writer.surrender();
        if !receiver.fault.is_null() {
            check::record(receiver.fault)
                .map_err(|invalid| Fault::of_kind(invalid.kind(), &format!("fault {invalid}")))?;
            return Err(Fault::from_raw(receiver.fault));
        }
        if code != invoke_code::VALUE {
            return Err(Fault::new(format!(
                "it answered {code}, and stored no fault"
            )));
        }
        // A default body is code of Rust's.
        let is_rust = is_left_out || (*interface).flags & interface_flags::RUST != 0;
        let scalar = ty.flags & type_flags::BY_VALUE != 0;
        if !is_rust {
            let checked = if scalar {
                check::scalar(ty, write::bits(ty, out))
            } else {
                check::owned(ty, out)
            };
            checked
                .map_err(|invalid| Fault::of_kind(invalid.kind(), &format!("result {invalid}")))?;
        }
        let scope = Scope::new();
        // What came is read or let go of, all of it, whatever becomes of the rest.
        let result = if scalar {
            read::scalar(language, ty, out)
        } else {
            let value = read::value(language, ty, out, Form::Owned, &scope);
            // What is borrowed in it is let go of by nobody.
            discard::value(ty, out, Form::Owned);
            value
        };
        let mut changed = Vec::new();
        for &argument in expected {
            let argument = &*argument;
            let place = frame.add(argument.frame_offset);
            match argument.passing {
                passing::SINK => {
                    let ty = &*(argument.ty)();
                    let sink = place.cast::<*mut polyplug_abi::Sink>().read();
                    if !is_rust {
                        let output = (&raw const (*sink).output).cast();
                        check::owned(ty, output).map_err(|invalid| {
                            let invalid_kind = invalid.kind();
                            let message = invalid.in_changed(argument.name.str());
                            Fault::of_kind(invalid_kind, &message)
                        })?;
                    }
                    changed.push(read::sink(language, ty, sink, &scope));
                }
                passing::SLICE_MUT => {
                    changed.push(read::argument(language, argument, frame, &scope));
                }
                _ => {}
            }
        }
        Ok((result?, changed.into_iter().collect::<Result<_, _>>()?))
    }
}

/// What an argument is called in messages.
pub(super) fn named(name: &polyplug_abi::Slice, position: usize) -> String {
    // SAFETY: text of a descriptor that was checked.
    match unsafe { name.str() } {
        "" => format!("argument {position}"),
        name => format!("argument `{name}`"),
    }
}

impl fmt::Debug for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            Target::Link(caller, _) => write!(f, "Remote({})", caller.plugin()),
            Target::Object(_) => f.write_str("Remote(object)"),
        }
    }
}
