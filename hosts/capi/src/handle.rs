//! What all handles have in common: the word they start with, which says what they are; texts; and the one place where
//! panics end.
//!
//! What is always true:
//!
//! * **L1** Whatever this library hands out as a handle starts with a tag that no other kind has; a released one has none.

use core::any::Any;
use core::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};

use polyplug_abi::Slice as PolyplugSlice;

use crate::error::{Failure, PolyplugError};

/// In the place of the length of a text: it ends with a zero.
pub const POLYPLUG_TERMINATED: usize = usize::MAX;

/// The answer of a function that did what it was asked for.
pub const POLYPLUG_OK: i32 = 0;
/// The answer of a function that failed: its error or fault says why.
pub const POLYPLUG_FAILED: i32 = 1;
/// The answer of a host's function that leaves a method to its default body.
pub const POLYPLUG_LEFT_OUT: i32 = 2;

const TAG: u64 = 0x706C_7567 << 32;

/// A kind of handle.
///
/// # Safety
/// 1. `TAG` is of this kind alone, and `Value` is what its handles hold (L1).
pub(crate) unsafe trait Kind {
    /// What it holds.
    type Value: 'static;
    /// What it starts with.
    const TAG: u64;
    /// What it is called in messages.
    const NAME: &'static str;
}

/// What lies behind a handle.
#[repr(C)]
pub(crate) struct Held<V> {
    tag: u64,
    pub(crate) value: V,
}

/// Handles that C does not see into, and structs that it does: all kinds, each with a number.
macro_rules! kinds {
    (
        opaque { $($opaque:ident($value:ty) = $number:literal, $name:literal;)* }
        open { $($open:ident = $open_number:literal, $open_name:literal;)* }
    ) => {
        $(
            // SAFETY: the number is used once.
            unsafe impl Kind for $opaque {
                type Value = $value;
                const TAG: u64 = TAG | $number;
                const NAME: &'static str = $name;
            }
        )*
        $(
            // SAFETY: the number is used once.
            unsafe impl Kind for $open {
                type Value = ();
                const TAG: u64 = TAG | $open_number;
                const NAME: &'static str = $open_name;
            }
        )*

        fn name_of(tag: u64) -> &'static str {
            match tag & !TAG {
                _ if tag & TAG != TAG || tag >> 32 != TAG >> 32 => "no handle of this library, or a released one",
                $($number => $name,)*
                $($open_number => $open_name,)*
                _ => "an unknown handle",
            }
        }

        /// # Safety
        /// 1. A handle of this library with this tag, which nobody uses afterwards.
        unsafe fn drop_any(handle: *mut c_void, tag: u64) -> bool {
            match tag & !TAG {
                // SAFETY: L1: made as that.
                $($number => drop(unsafe { Box::from_raw(handle.cast::<Held<$value>>()) }),)*
                // SAFETY: L1: made as that.
                $($open_number => drop(unsafe { Box::from_raw(handle.cast::<Open<$open>>()) }),)*
                _ => return false,
            }
            true
        }
    };
}

/// Where plugins are loaded and found.
#[derive(Debug)]
pub struct PolyplugRuntime {
    _private: [u8; 0],
}

/// What a load returns. Releasing it unloads nothing.
#[derive(Debug)]
pub struct PolyplugModule {
    _private: [u8; 0],
}

/// Follows a plugin over its reloads.
#[derive(Debug)]
pub struct PolyplugCaller {
    _private: [u8; 0],
}

/// Holds a plugin still.
#[derive(Debug)]
pub struct PolyplugPinned {
    _private: [u8; 0],
}

/// An object of one's own.
#[derive(Debug)]
pub struct PolyplugInstance {
    _private: [u8; 0],
}

/// Events, or what is logged, are told until it is released.
#[derive(Debug)]
pub struct PolyplugSubscription {
    _private: [u8; 0],
}

/// The thread that functions of a host stay on.
#[derive(Debug)]
pub struct PolyplugHome {
    _private: [u8; 0],
}

use crate::contract::PolyplugContract;
use crate::events::PolyplugSubscriptionValue;
use crate::module::{PolyplugList, PolyplugModules, PolyplugPlugins, PolyplugReport};

kinds! {
    opaque {
        PolyplugRuntime(polyplug::Runtime) = 1, "a runtime";
        PolyplugModule(polyplug::Module) = 2, "a module";
        PolyplugCaller(crate::call::Called<polyplug::DynamicCaller>) = 3, "a caller";
        PolyplugPinned(crate::call::Called<polyplug::DynamicPinned>) = 4, "a pinned handle";
        PolyplugInstance(crate::call::Called<std::sync::RwLock<polyplug::DynamicInstance>>) = 5, "an instance";
        PolyplugSubscription(PolyplugSubscriptionValue) = 6, "a subscription";
        PolyplugHome(crate::home::PolyplugHomeValue) = 7, "a home";
    }
    open {
        PolyplugError = 32, "an error";
        PolyplugContract = 33, "a contract";
        PolyplugReport = 34, "a report";
        PolyplugList = 35, "a list";
        PolyplugPlugins = 36, "a list of plugins";
        PolyplugModules = 37, "a list of modules";
    }
}

/// A struct that C sees into, and what it points to.
#[repr(C)]
pub(crate) struct Open<P> {
    pub(crate) public: P,
    _kept: Box<dyn Any + Send + Sync>,
}

/// Hands a handle out.
pub(crate) fn give<K: Kind>(value: K::Value) -> *mut K {
    Box::into_raw(Box::new(Held { tag: K::TAG, value })).cast()
}

/// Hands a struct out, with what it points to.
pub(crate) fn give_open<P: Kind>(public: P, kept: impl Any + Send + Sync) -> *mut P {
    Box::into_raw(Box::new(Open {
        public,
        _kept: Box::new(kept),
    }))
    .cast()
}

/// The tag of a handle.
///
/// # Safety
/// 1. The crate's first.
unsafe fn tag_of(handle: *const c_void) -> Option<u64> {
    if handle.is_null() || !handle.cast::<u64>().is_aligned() {
        return None;
    }
    // SAFETY: clause 1: every handle starts with a word.
    Some(unsafe { handle.cast::<u64>().read() })
}

/// Whether a handle is of that kind.
///
/// # Safety
/// 1. The crate's first.
pub(crate) unsafe fn is<K: Kind>(handle: *const c_void) -> bool {
    // SAFETY: clause 1.
    unsafe { tag_of(handle) == Some(K::TAG) }
}

/// What is wrong with a handle that was expected to be `wanted`.
///
/// # Safety
/// 1. The crate's first.
#[cold]
pub(crate) unsafe fn wrong(handle: *const c_void, wanted: &str) -> Failure {
    // SAFETY: clause 1.
    let found = match unsafe { tag_of(handle) } {
        None if handle.is_null() => "null",
        None => "an address that is not aligned",
        Some(tag) => name_of(tag),
    };
    Failure::new(
        "wrong-handle",
        format!("{wanted} was expected, and this is {found}"),
    )
}

/// What a handle holds.
///
/// # Safety
/// 1. The crate's first; it is not released while the answer is used.
pub(crate) unsafe fn held<'h, K: Kind>(handle: *const K) -> Result<&'h K::Value, Failure> {
    // SAFETY: clause 1, L1.
    unsafe {
        if is::<K>(handle.cast()) {
            Ok(&(*handle.cast::<Held<K::Value>>()).value)
        } else {
            Err(wrong(handle.cast(), K::NAME))
        }
    }
}

/// A struct of ours that C sees into.
///
/// # Safety
/// 1. As for [`held`].
pub(crate) unsafe fn open<'h, P: Kind>(handle: *const P) -> Result<&'h P, Failure> {
    // SAFETY: clause 1, L1.
    unsafe {
        if is::<P>(handle.cast()) {
            Ok(&*handle)
        } else {
            Err(wrong(handle.cast(), P::NAME))
        }
    }
}

/// A text of the caller's; nothing for null.
///
/// # Safety
/// 1. The crate's second.
pub(crate) unsafe fn text<'t>(
    text: *const u8,
    length: usize,
    what: &str,
) -> Result<Option<&'t str>, Failure> {
    if text.is_null() {
        return Ok(None);
    }
    // SAFETY: clause 1.
    let bytes = unsafe {
        if length == POLYPLUG_TERMINATED {
            core::ffi::CStr::from_ptr(text.cast()).to_bytes()
        } else {
            core::slice::from_raw_parts(text, length)
        }
    };
    match core::str::from_utf8(bytes) {
        Ok(text) => Ok(Some(text)),
        Err(error) => Err(Failure::new(
            "not-utf-8",
            format!("{what} is no UTF-8: {error}"),
        )),
    }
}

/// As [`text()`], of one that must be there.
///
/// # Safety
/// 1. As there.
pub(crate) unsafe fn some_text<'t>(
    text: *const u8,
    length: usize,
    what: &str,
) -> Result<&'t str, Failure> {
    // SAFETY: clause 1.
    let found = unsafe { self::text(text, length, what) }?;
    found.ok_or_else(|| Failure::new("no-text", format!("{what} is null")))
}

/// Runs a function of the API; an error or a panic goes to `error`, and `absent` to the caller.
///
/// # Safety
/// 1. The crate's third.
pub(crate) unsafe fn contained<T>(
    error: *mut *mut PolyplugError,
    absent: T,
    run: impl FnOnce() -> Result<T, Failure>,
) -> T {
    let failure = match guarded(run) {
        Ok(value) => {
            // SAFETY: clause 1.
            unsafe { put(error, core::ptr::null_mut()) };
            return value;
        }
        Err(failure) => failure,
    };
    if !error.is_null() {
        // SAFETY: clause 1.
        unsafe { put(error, failure.hand_out()) };
    }
    absent
}

/// Runs, and turns a panic into a failure.
#[inline(always)]
pub(crate) fn guarded<T>(run: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    match catch_unwind(AssertUnwindSafe(run)) {
        Ok(answer) => answer,
        Err(payload) => Err(panicked(payload)),
    }
}

/// A panic of ours, or a fault that was raised.
#[cold]
fn panicked(payload: Box<dyn Any + Send>) -> Failure {
    match payload.downcast::<polyplug::Fault>() {
        Ok(fault) => Failure::from(*fault),
        Err(payload) => {
            // Its destructor could panic again.
            core::mem::forget(payload);
            Failure::new("panicked", "libpolyplug panicked".to_owned())
        }
    }
}

/// Writes an answer, if it is wanted.
///
/// # Safety
/// 1. The crate's third.
pub(crate) unsafe fn put<T>(place: *mut T, value: T) {
    if !place.is_null() {
        // SAFETY: clause 1.
        unsafe { place.write(value) };
    }
}

/// Texts that lie still, each with a zero behind it.
#[derive(Debug, Default)]
pub(crate) struct Texts(Vec<Box<[u8]>>);

impl Texts {
    /// Keeps a text.
    pub(crate) fn add(&mut self, text: &str) -> PolyplugSlice {
        let mut bytes = Vec::with_capacity(text.len() + 1);
        bytes.extend_from_slice(text.as_bytes());
        bytes.push(0);
        let bytes = bytes.into_boxed_slice();
        let slice = PolyplugSlice {
            ptr: bytes.as_ptr(),
            len: text.len(),
        };
        self.0.push(bytes);
        slice
    }
}

/// Releases a handle of any kind. Answers `POLYPLUG_FAILED`, and does nothing, for null, for what is no handle, and for one
/// that belongs to another: a contract that a type points to.
///
/// # Safety
/// The crate's. Nobody uses the handle afterwards.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyplug_release(handle: *mut c_void) -> i32 {
    let released = guarded(|| {
        // SAFETY: the crate's first.
        let Some(tag) = (unsafe { tag_of(handle) }) else {
            return Ok(false);
        };
        // SAFETY: the crate's first: it is of this library when its tag is.
        if tag >> 32 != TAG >> 32 || unsafe { crate::contract::belongs_to_another(handle) } {
            return Ok(false);
        }
        // SAFETY: a handle starts with its tag; L1.
        unsafe { handle.cast::<u64>().write(0) };
        // SAFETY: the crate's first; as said above.
        Ok(unsafe { drop_any(handle, tag) })
    });
    match released {
        Ok(true) => POLYPLUG_OK,
        _ => POLYPLUG_FAILED,
    }
}
