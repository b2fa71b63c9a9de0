//! What this image knows of itself: the core it talks to, its name, whether it was loaded as a module.
//!
//! An image is one linked file: the program, or a shared library. Each has its own copy of these statics.

use core::sync::atomic::{AtomicPtr, Ordering};
use std::sync::{Mutex, PoisonError};

use polyplug_abi::{ABI_VERSION, Host};

use crate::{fault, threads};

/// The core in this image itself: what a program uses, and a plugin that nobody has loaded (in its own tests).
static LOCAL: Host = Host {
    size: size_of::<Host>() as u32,
    abi: ABI_VERSION,
    fault_new: fault::fault_new,
    fault_unhandled: fault::fault_unhandled,
    report: fault::report,
    adapt: core_half::adapt,
    thread: core_half::thread,
    enter: core_half::enter,
    pin: core_half::pin,
    cast: core_half::cast,
    keep_image: core_half::keep_image,
    release_image: core_half::release_image,
    threads: core_half::THREADS,
    log: crate::log::TABLE,
    send_image: core_half::send_image,
    take_image: core_half::take_image,
    default_body: core_half::default_body,
};

static LOADED_BY: AtomicPtr<Host> = AtomicPtr::new(core::ptr::null_mut());

/// A fixed place, because the memory of an image that is unmapped must not be left behind.
static NAME: Mutex<Name> = Mutex::new(Name {
    bytes: [0; Name::ROOM],
    len: 0,
});

struct Name {
    bytes: [u8; Self::ROOM],
    len: usize,
}

impl Name {
    const ROOM: usize = 120;
}

/// The core that this image talks to.
#[inline]
pub(crate) fn host() -> &'static Host {
    let loaded_by = LOADED_BY.load(Ordering::Acquire);
    if loaded_by.is_null() {
        return &LOCAL;
    }
    // SAFETY: `become_module` stored a table of a core, which is immortal.
    unsafe { &*loaded_by }
}

/// Whether this image was loaded as a module.
pub(crate) fn is_module() -> bool {
    !LOADED_BY.load(Ordering::Acquire).is_null()
}

/// Who a fault names when no plugin is known: the module, or `host` for the program.
pub(crate) fn name() -> String {
    let name = NAME.lock().unwrap_or_else(PoisonError::into_inner);
    if name.len == 0 {
        return "host".to_owned();
    }
    String::from_utf8_lossy(&name.bytes[..name.len]).into_owned()
}

/// Called once, by the entry point. `image` is what the core calls this image; null when it does not follow its threads.
pub(crate) fn become_module(core: &'static Host, name: &str, image: *const ()) {
    let bytes = name.as_bytes();
    let len = bytes.len().min(Name::ROOM);
    let mut place = NAME.lock().unwrap_or_else(PoisonError::into_inner);
    place.bytes[..len].copy_from_slice(&bytes[..len]);
    place.len = len;
    drop(place);
    threads::become_module(core.threads, image);
    LOADED_BY.store(core::ptr::from_ref(core).cast_mut(), Ordering::Release);
}

#[cfg(feature = "host")]
mod core_half {
    pub(super) use crate::host::describers::run_default_body as default_body;
    pub(super) use crate::host::domain::thread;
    pub(super) use crate::host::holds::{cast, enter, pin};
    pub(super) use crate::host::mapped::{keep_image, release_image, send_image, take_image};
    pub(super) use crate::host::threads::THREADS;
    pub(super) use crate::host::views::adapt;
}

/// Without a core nothing ever comes from another image, and there are no links and holds: none of these is called, but
/// those that keep images, which know no module.
#[cfg(not(feature = "host"))]
mod core_half {
    use core::ffi::c_void;
    use core::sync::atomic::AtomicPtr;

    use polyplug_abi::{
        ContractDescriptor, FaultRecord, Hold, InterfaceHeader, Link, Receiver, ThreadRecord, Way,
    };

    /// Without a core nobody unmaps this image, or any other.
    pub(super) const THREADS: *const polyplug_abi::ThreadTable = core::ptr::null();

    pub(super) unsafe extern "C" fn adapt(
        _: *const InterfaceHeader,
        _: *const ContractDescriptor,
    ) -> *const InterfaceHeader {
        core::ptr::null()
    }

    pub(super) unsafe extern "C" fn thread() -> *const ThreadRecord {
        std::process::abort()
    }

    pub(super) unsafe extern "C" fn enter(
        _: *const Link,
        _: *const AtomicPtr<()>,
        _: *mut Way,
    ) -> *mut FaultRecord {
        std::process::abort()
    }

    pub(super) unsafe extern "C" fn pin(_: *const Link, _: *mut *mut FaultRecord) -> *const Hold {
        std::process::abort()
    }

    pub(super) unsafe extern "C" fn cast(
        _: *const Link,
        _: *const ContractDescriptor,
        _: *mut Link,
    ) -> *mut FaultRecord {
        std::process::abort()
    }

    pub(super) unsafe extern "C" fn default_body(
        _: *mut Receiver,
        _: *const InterfaceHeader,
        _: *const ContractDescriptor,
        _: u32,
        _: *const c_void,
        _: *mut c_void,
    ) -> i32 {
        std::process::abort()
    }

    pub(super) unsafe extern "C" fn keep_image(_: *const (), _: *const ()) -> *const () {
        core::ptr::null()
    }

    pub(super) unsafe extern "C" fn release_image(_: *const ()) {}

    pub(super) unsafe extern "C" fn send_image(_: *const (), _: *const ()) {}

    pub(super) unsafe extern "C" fn take_image(_: *const (), _: *const ()) -> *const () {
        core::ptr::null()
    }
}
