//! Calls by descriptor, through exported functions with one signature: some foreign-function layers make only those fast.

use core::ffi::c_void;
use core::ptr;
use std::sync::{PoisonError, RwLock};

use polyplug::{
    DynamicCaller, DynamicContract, DynamicEntered, DynamicInstance, DynamicPinned, Fault,
};
use polyplug_abi::{
    Buffer as PolyplugBuffer, FaultRecord as PolyplugFaultRecord,
    InterfaceHeader as PolyplugInterfaceHeader, Object as PolyplugObject,
    Receiver as PolyplugReceiver, Slice as PolyplugSlice,
};

use crate::contract::{PolyplugContract, PolyplugType, dynamic, type_info};
use crate::error::{Failure, PolyplugError};
use crate::fault::fault_of;
use crate::handle::{
    Kind, POLYPLUG_FAILED, POLYPLUG_OK, PolyplugCaller, PolyplugInstance, PolyplugPinned, Texts,
    contained, give, guarded, held, is, put, wrong,
};

/// Something that is called, and the name of its plugin.
pub struct Called<T> {
    name: PolyplugSlice,
    _texts: Texts,
    value: T,
}

// SAFETY: the name is read-only, and lies in the texts.
unsafe impl<T: Send> Send for Called<T> {}
// SAFETY: as above.
unsafe impl<T: Sync> Sync for Called<T> {}

impl<T> core::fmt::Debug for Called<T> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Called")
    }
}

impl<T> Called<T> {
    pub(crate) fn new(name: String, value: T) -> Self {
        let mut texts = Texts::default();
        Self {
            name: texts.add(&name),
            _texts: texts,
            value,
        }
    }
}

const WANTED: &str = "a caller, a pinned handle or an instance";

/// What is called, of the three kinds.
enum Target<'h> {
    Caller(&'h Called<DynamicCaller>),
    Pinned(&'h Called<DynamicPinned>),
    Instance(&'h Called<RwLock<DynamicInstance>>),
}

/// # Safety
/// 1. The crate's first.
#[inline]
unsafe fn target<'h>(handle: *const c_void) -> Result<Target<'h>, Failure> {
    // SAFETY: clause 1.
    unsafe {
        if is::<PolyplugCaller>(handle) {
            held(handle.cast::<PolyplugCaller>()).map(Target::Caller)
        } else if is::<PolyplugPinned>(handle) {
            held(handle.cast::<PolyplugPinned>()).map(Target::Pinned)
        } else if is::<PolyplugInstance>(handle) {
            held(handle.cast::<PolyplugInstance>()).map(Target::Instance)
        } else {
            Err(wrong(handle, WANTED))
        }
    }
}

/// Runs a call; what goes wrong goes to `fault`.
///
/// # Safety
/// 1. The crate's third.
unsafe fn answered(
    fault: *mut *mut PolyplugFaultRecord,
    run: impl FnOnce() -> Result<Result<(), Fault>, Failure>,
) -> i32 {
    let raised = match guarded(run) {
        Ok(Ok(())) => return POLYPLUG_OK,
        Ok(Err(raised)) => raised,
        Err(failure) => fault_of(&failure),
    };
    if !fault.is_null() {
        // SAFETY: clause 1.
        unsafe { put(fault, raised.into_record()) };
    }
    POLYPLUG_FAILED
}

/// Calls a method of what a caller, a pinned handle or an instance leads to.
///
/// `method` is its number in the contract that the handle was made for. `frame` holds the arguments, as the contract
/// describes, and may be null when there are none. The result is written to `out`: what travels by value in at least 32 bits,
/// anything else in the owned form; give it 8 bytes at least. What it owns is the caller's, and outlives the plugin: see
/// `polyplug_value_release`.
///
/// Answers `POLYPLUG_OK`, or `POLYPLUG_FAILED` with a fault in `fault`, which is to be released with `polyplug_fault_release`, and
/// then `out` means nothing. `fault` is left alone otherwise. The objects in the arguments are the callee's in both cases.
///
/// # Safety
/// The crate's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyplug_call(
    handle: *const c_void,
    method: u32,
    frame: *const c_void,
    out: *mut c_void,
    fault: *mut *mut PolyplugFaultRecord,
) -> i32 {
    // SAFETY: the crate's.
    unsafe {
        answered(fault, || {
            Ok(match target(handle)? {
                Target::Caller(called) => called.value.call(method, frame, out),
                Target::Pinned(called) => called.value.call(method, frame, out),
                Target::Instance(called) => {
                    let instance = called.value.read().unwrap_or_else(PoisonError::into_inner);
                    instance.call(method, frame, out)
                }
            })
        })
    }
}

/// Calls a method of an object that a call returned, or that came as an argument. Otherwise as `polyplug_call`.
///
/// # Safety
/// The crate's. The object lives, and may be called on this thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyplug_object_call(
    contract: *const PolyplugContract,
    object: *const PolyplugObject,
    method: u32,
    frame: *const c_void,
    out: *mut c_void,
    fault: *mut *mut PolyplugFaultRecord,
) -> i32 {
    // SAFETY: the crate's.
    unsafe {
        answered(fault, || {
            let contract = dynamic(contract)?;
            let Some(object) = object.as_ref().filter(|object| !object.interface.is_null()) else {
                let message = "an object was expected, and this is null";
                return Err(Failure::new("wrong-handle", message.to_owned()));
            };
            Ok(contract.call_object(object, method, frame, out))
        })
    }
}

/// Releases what a value in the owned form owns: memory, objects, faults. Not for one that travels by value, which owns nothing.
///
/// # Safety
/// The crate's. `value` is of that type, and is not released again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyplug_value_release(
    ty: *const PolyplugType,
    value: *mut c_void,
) -> i32 {
    // SAFETY: the crate's.
    unsafe {
        contained(ptr::null_mut(), POLYPLUG_FAILED, || {
            let ty = type_info(ty)?;
            if value.is_null() {
                return Ok(POLYPLUG_FAILED);
            }
            DynamicContract::release(ty, value);
            Ok(POLYPLUG_OK)
        })
    }
}

/// Releases the memory of one run: of a text, say. What its elements own is not released.
///
/// # Safety
/// The crate's. The buffer came from a call, and is not released again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyplug_buffer_release(buffer: *const PolyplugBuffer) -> i32 {
    // SAFETY: the crate's.
    unsafe {
        contained(ptr::null_mut(), POLYPLUG_FAILED, || {
            let Some(buffer) = buffer.as_ref() else {
                return Ok(POLYPLUG_FAILED);
            };
            (*buffer).release();
            Ok(POLYPLUG_OK)
        })
    }
}

/// Copies `count` elements of `element_size` bytes into a buffer that can be handed over as a result.
///
/// # Safety
/// The crate's. `elements` points to as many; it may be null when there are none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyplug_buffer_new(
    elements: *const c_void,
    count: usize,
    element_size: usize,
    buffer: *mut PolyplugBuffer,
) -> i32 {
    /// # Safety
    /// 1. A run that `polyplug_buffer_new` made, of so many words.
    unsafe extern "C" fn free(first: *mut u8, words: usize) {
        let words = ptr::slice_from_raw_parts_mut(first.cast::<u64>(), words);
        // SAFETY: clause 1.
        drop(unsafe { Box::from_raw(words) });
    }
    // SAFETY: the crate's.
    unsafe {
        contained(ptr::null_mut(), POLYPLUG_FAILED, || {
            let bytes = count.checked_mul(element_size);
            let Some(bytes) = bytes.filter(|&bytes| {
                isize::try_from(bytes).is_ok() && (bytes == 0 || !elements.is_null())
            }) else {
                return Ok(POLYPLUG_FAILED);
            };
            if buffer.is_null() {
                return Ok(POLYPLUG_FAILED);
            }
            if bytes == 0 {
                put(
                    buffer,
                    PolyplugBuffer {
                        len: count,
                        ..PolyplugBuffer::EMPTY
                    },
                );
                return Ok(POLYPLUG_OK);
            }
            // Words: the largest alignment on the wire.
            let words = Box::into_raw(vec![0_u64; bytes.div_ceil(8)].into_boxed_slice());
            let first = words.cast::<u8>();
            first.copy_from_nonoverlapping(elements.cast(), bytes);
            put(
                buffer,
                PolyplugBuffer {
                    ptr: first,
                    len: count,
                    capacity: words.len(),
                    release: Some(free),
                },
            );
            Ok(POLYPLUG_OK)
        })
    }
}

/// Whether bytes are text: 1 for UTF-8, 0 for anything else. A typed function of a plugin takes a text without looking at it.
///
/// # Safety
/// The crate's. There are `count` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyplug_is_text(bytes: *const u8, count: usize) -> i32 {
    if bytes.is_null() {
        return i32::from(count == 0);
    }
    // SAFETY: the crate's.
    let bytes = unsafe { core::slice::from_raw_parts(bytes, count) };
    i32::from(core::str::from_utf8(bytes).is_ok())
}

/// Copies bytes from an address: for languages that cannot read one. `POLYPLUG_FAILED` when one of the two is null.
///
/// # Safety
/// The crate's. There are `count` bytes at both.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyplug_read(
    source: *const c_void,
    destination: *mut c_void,
    count: usize,
) -> i32 {
    if count == 0 {
        return POLYPLUG_OK;
    }
    if source.is_null() || destination.is_null() {
        return POLYPLUG_FAILED;
    }
    // SAFETY: the crate's; they may be one.
    unsafe { destination.cast::<u8>().copy_from(source.cast(), count) };
    POLYPLUG_OK
}

/// Calls the erased face of an interface, for languages that can call only exported functions.
///
/// # Safety
/// The crate's. The interface lives, and its state is the receiver's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyplug_invoke(
    interface: *const PolyplugInterfaceHeader,
    receiver: *mut PolyplugReceiver,
    method: u32,
    frame: *const c_void,
    out: *mut c_void,
) -> i32 {
    if interface.is_null() || receiver.is_null() {
        return POLYPLUG_FAILED;
    }
    // SAFETY: the crate's. No function of an interface unwinds.
    unsafe { ((*interface).invoke)(receiver, method, frame, out) }
}

/// Holds the plugin of a caller still, until the pinned handle is released.
///
/// # Safety
/// The crate's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyplug_caller_pin(
    caller: *const PolyplugCaller,
    error: *mut *mut PolyplugError,
) -> *mut PolyplugPinned {
    // SAFETY: the crate's.
    unsafe {
        contained(error, ptr::null_mut(), || {
            let pinned = held(caller)?.value.pin()?;
            Ok(give(Called::new(pinned.plugin().to_owned(), pinned)))
        })
    }
}

/// The typed face of a pinned plugin: its functions, in the order of the contract, and the state for their receiver. They live
/// as long as the pinned handle, and so must what they return be released before it.
///
/// # Safety
/// The crate's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyplug_pinned_face(
    pinned: *const PolyplugPinned,
    interface: *mut *const PolyplugInterfaceHeader,
    state: *mut *mut c_void,
    error: *mut *mut PolyplugError,
) -> i32 {
    // SAFETY: the crate's.
    unsafe {
        contained(error, POLYPLUG_FAILED, || {
            let (functions, object) = held(pinned)?.value.typed_face();
            put(interface, functions);
            put(state, object.cast());
            Ok(POLYPLUG_OK)
        })
    }
}

/// As `polyplug_pinned_face`, of an instance: until it is released or migrated. When the contract is exclusive, it is called by one at a
/// time.
///
/// # Safety
/// The crate's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyplug_instance_face(
    instance: *const PolyplugInstance,
    interface: *mut *const PolyplugInterfaceHeader,
    state: *mut *mut c_void,
    error: *mut *mut PolyplugError,
) -> i32 {
    // SAFETY: the crate's.
    unsafe {
        contained(error, POLYPLUG_FAILED, || {
            let instance = held(instance)?.value.read();
            let (functions, object) = instance
                .unwrap_or_else(PoisonError::into_inner)
                .typed_face();
            put(interface, functions);
            put(state, object.cast());
            Ok(POLYPLUG_OK)
        })
    }
}

/// A call that is inside a plugin, through its typed face.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct PolyplugEntered {
    /// The functions, in the order of the contract; null for a method that the plugin leaves to its default body.
    pub interface: *const PolyplugInterfaceHeader,
    /// What they take as the state of their receiver.
    pub state: *mut c_void,
    /// What `polyplug_leave` takes.
    pub entry: *const c_void,
}

/// Enters what a caller leads to, for one call through its typed face, and holds it still until `polyplug_leave`: soon, and on this
/// thread. What the call returned must be copied and released before. A reload that keeps the state waits for it.
///
/// Answers `POLYPLUG_OK`, or `POLYPLUG_FAILED` with a fault in `fault`: then nothing is to be left.
///
/// # Safety
/// The crate's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyplug_caller_enter(
    caller: *const PolyplugCaller,
    entered: *mut PolyplugEntered,
    fault: *mut *mut PolyplugFaultRecord,
) -> i32 {
    // SAFETY: the crate's.
    unsafe {
        answered(fault, || {
            let caller = held(caller)?;
            if entered.is_null() {
                let message = "a place for what is entered was expected, and this is null";
                return Err(Failure::new("no-place", message.to_owned()));
            }
            Ok(caller.value.enter().map(|inside| {
                entered.write(PolyplugEntered {
                    interface: inside.interface,
                    state: inside.state.cast(),
                    entry: inside.entry.cast(),
                });
            }))
        })
    }
}

/// Leaves what `polyplug_caller_enter` entered. `POLYPLUG_FAILED` when that is nothing.
///
/// # Safety
/// The crate's. It was entered on this thread, and is left once.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyplug_leave(entered: *const PolyplugEntered) -> i32 {
    // SAFETY: the crate's.
    unsafe {
        match entered.as_ref() {
            Some(entered) if !entered.entry.is_null() => {
                DynamicEntered::leave(entered.entry.cast());
                POLYPLUG_OK
            }
            _ => POLYPLUG_FAILED,
        }
    }
}

/// The name of the plugin that a caller, a pinned handle or an instance leads to. The text lives as long as the handle.
///
/// # Safety
/// The crate's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyplug_plugin(
    handle: *const c_void,
    name: *mut PolyplugSlice,
    error: *mut *mut PolyplugError,
) -> i32 {
    // SAFETY: the crate's.
    unsafe {
        contained(error, POLYPLUG_FAILED, || {
            let found = match target(handle)? {
                Target::Caller(called) => called.name,
                Target::Pinned(called) => called.name,
                Target::Instance(called) => called.name,
            };
            put(name, found);
            Ok(POLYPLUG_OK)
        })
    }
}

/// Whether a pinned handle or an instance is of the version that callers reach now: 1 or 0 in `current`. A caller always is.
///
/// # Safety
/// The crate's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyplug_is_current(
    handle: *const c_void,
    current: *mut i32,
    error: *mut *mut PolyplugError,
) -> i32 {
    // SAFETY: the crate's.
    unsafe {
        contained(error, POLYPLUG_FAILED, || {
            let is_current = match target(handle)? {
                Target::Caller(_) => true,
                Target::Pinned(called) => called.value.is_current(),
                Target::Instance(called) => {
                    let instance = called.value.read().unwrap_or_else(PoisonError::into_inner);
                    instance.is_current()
                }
            };
            put(current, i32::from(is_current));
            Ok(POLYPLUG_OK)
        })
    }
}

/// Moves an instance to the current version of its plugin. Must not be called from inside a call of that instance.
///
/// # Safety
/// The crate's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyplug_instance_migrate(
    instance: *const PolyplugInstance,
    error: *mut *mut PolyplugError,
) -> i32 {
    // SAFETY: the crate's.
    unsafe {
        contained(error, POLYPLUG_FAILED, || {
            let Ok(mut instance) = held(instance)?.value.try_write() else {
                let message = "a call is inside this instance; move it when that is over";
                return Err(Failure::new("busy", message.to_owned()));
            };
            instance.migrate()?;
            Ok(POLYPLUG_OK)
        })
    }
}

const _: () = assert!(PolyplugCaller::TAG != PolyplugPinned::TAG);
