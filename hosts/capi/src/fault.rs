//! Faults: making, counting, and reading them. A fault is the record of the binary interface, which C reads directly.

use core::ptr::{self, NonNull};

use polyplug::Fault;
use polyplug_abi::{
    FaultParts as PolyplugFaultParts, FaultRecord as PolyplugFaultRecord, Host as PolyplugHost,
    Slice, fault_kind,
};

use crate::error::{Failure, PolyplugError};
use crate::handle::{POLYPLUG_FAILED, POLYPLUG_OK, contained, text};

/// A failure of this library's own, for who expects a fault.
pub(crate) fn fault_of(failure: &Failure) -> Fault {
    fault_of_kind(fault_kind::INVALID_VALUE, failure.message())
}

/// A fault of one of `fault_kind`.
pub(crate) fn fault_of_kind(kind: u32, message: &str) -> Fault {
    let parts = PolyplugFaultParts::new(kind, Slice::text(message));
    // SAFETY: the text lives.
    unsafe { Fault::from_record_parts(&parts) }
}

/// A fault record, or what is wrong with it.
///
/// # Safety
/// 1. Null, a handle of this library, or a record.
unsafe fn record(
    fault: *const PolyplugFaultRecord,
) -> Result<NonNull<PolyplugFaultRecord>, Failure> {
    let size = size_of::<PolyplugFaultRecord>() as u32;
    let found = NonNull::new(fault.cast_mut()).filter(|fault| {
        // SAFETY: clause 1: all of them start with a word, and a handle's tag has the kind of handle, a small number, first.
        fault.is_aligned() && unsafe { fault.cast::<u32>().read() } >= size
    });
    found.ok_or_else(|| {
        Failure::new(
            "wrong-handle",
            "a fault was expected, and this is null or none".to_owned(),
        )
    })
}

/// Makes a fault, to be stored as the answer to a call, or released. Text that is no UTF-8 is repaired. Null when `kind` is 0.
///
/// # Safety
/// The crate's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyplug_fault_new(
    kind: u32,
    message: *const u8,
    message_length: usize,
    trace: *const u8,
    trace_length: usize,
) -> *mut PolyplugFaultRecord {
    // SAFETY: the crate's.
    unsafe {
        contained(ptr::null_mut(), ptr::null_mut(), || {
            if kind == 0 {
                return Ok(ptr::null_mut());
            }
            let message = lossy(message, message_length);
            let trace = lossy(trace, trace_length);
            let parts = PolyplugFaultParts {
                trace: Slice::text(&trace),
                ..PolyplugFaultParts::new(kind, Slice::text(&message))
            };
            Ok(Fault::from_record_parts(&parts).into_record())
        })
    }
}

/// # Safety
/// 1. The crate's second.
unsafe fn lossy<'t>(given: *const u8, length: usize) -> std::borrow::Cow<'t, str> {
    // SAFETY: clause 1.
    match unsafe { text(given, length, "the text") } {
        Ok(text) => text.unwrap_or_default().into(),
        // SAFETY: clause 1.
        Err(_) => unsafe {
            let length = if length == crate::handle::POLYPLUG_TERMINATED {
                core::ffi::CStr::from_ptr(given.cast()).count_bytes()
            } else {
                length
            };
            String::from_utf8_lossy(core::slice::from_raw_parts(given, length))
        },
    }
}

/// Gives up one count of a fault.
///
/// # Safety
/// The crate's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyplug_fault_release(fault: *mut PolyplugFaultRecord) -> i32 {
    // SAFETY: the crate's.
    unsafe {
        contained(ptr::null_mut(), POLYPLUG_FAILED, || {
            drop(Fault::from_record(record(fault)?));
            Ok(POLYPLUG_OK)
        })
    }
}

/// A fault in words: its code is the stable word of its kind, its text all that is known of it, with the traceback. The fault
/// itself stays the caller's.
///
/// # Safety
/// The crate's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyplug_fault_error(
    fault: *const PolyplugFaultRecord,
) -> *mut PolyplugError {
    // SAFETY: the crate's.
    unsafe {
        contained(ptr::null_mut(), ptr::null_mut(), || {
            let fault = core::mem::ManuallyDrop::new(Fault::from_record(record(fault)?));
            Ok(Failure::of_fault(&fault).hand_out())
        })
    }
}

/// The services that the core has for plugins. What the headers of contracts make in a host uses them as it does in a plugin: counts
/// of images, and faults. Lives as long as the process.
#[unsafe(no_mangle)]
pub extern "C" fn polyplug_services() -> *const PolyplugHost {
    polyplug::services()
}
