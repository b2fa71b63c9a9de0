//! Was this thread started by this image? Asked while a panic is on its way, so that a plugin's own thread does not end
//! unheard, and calls pay nothing for the answer.
//!
//! What is held: nothing. Who may touch it: the panic hook.
//!
//! A core that follows the threads of this image knows, and is believed. Elsewhere the answer is read off the stack. Below everything else
//! lies the system's own start of the thread, which lies in the library that `pthread_join` lies in (`pthread_create` may
//! be this image's own: [`threads`](crate::threads)); the frame above it belongs to whoever started the thread. That is the standard
//! library, and each image has its own copy of it. No thread-local is registered, and nothing is allocated.
//!
//! What is always true:
//!
//! * **Y1** The unwinder calls `visit` with a live context, on this thread, before `_Unwind_Backtrace` returns.

/// Whether this image started the current thread; no where that cannot be known.
#[cfg(unix)]
pub(crate) fn is_of_this_image() -> bool {
    use core::ffi::{c_char, c_int, c_void};
    use core::ptr;

    /// What `dladdr` answers.
    #[repr(C)]
    struct ObjectInfo {
        name: *const c_char,
        base: *const c_void,
        symbol: *const c_char,
        address: *const c_void,
    }

    type Visit = unsafe extern "C" fn(context: *mut c_void, found: *mut c_void) -> c_int;

    unsafe extern "C" {
        fn dladdr(address: *const c_void, info: *mut ObjectInfo) -> c_int;
        fn pthread_join();
        fn _Unwind_Backtrace(visit: Visit, found: *mut c_void) -> c_int;
        fn _Unwind_GetIP(context: *mut c_void) -> usize;
    }

    /// The start of the object that an address lies in; null when it lies in none.
    fn object_of(address: *const c_void) -> *const c_void {
        let mut info = ObjectInfo {
            name: ptr::null(),
            base: ptr::null(),
            symbol: ptr::null(),
            address: ptr::null(),
        };
        // SAFETY: any address may be asked for, and there is a place for the answer.
        let known = unsafe { dladdr(address, &raw mut info) };
        if known == 0 { ptr::null() } else { info.base }
    }

    struct Found {
        system: *const c_void,
        /// The object of the last frame that is not the system's.
        outermost: *const c_void,
    }

    /// # Safety
    /// 1. Y1, and `found` is a `Found`.
    unsafe extern "C" fn visit(context: *mut c_void, found: *mut c_void) -> c_int {
        // SAFETY: clause 1.
        let address = unsafe { _Unwind_GetIP(context) };
        // SAFETY: clause 1.
        let found = unsafe { &mut *found.cast::<Found>() };
        let object = object_of(ptr::without_provenance(address));
        if !object.is_null() && object != found.system {
            found.outermost = object;
        }
        0
    }

    if crate::threads::started_here() {
        return true;
    }
    // The core is told of all threads of this image: it knows that this is none. The stack is left alone then, which code that a
    // host compiled while it ran can have made unreadable: the system's function ends the process there.
    if crate::threads::may_unmap() {
        return false;
    }
    let mut found = Found {
        system: object_of(pthread_join as *const c_void),
        outermost: ptr::null(),
    };
    // SAFETY: Y1: the function and what it is given fit each other.
    unsafe { _Unwind_Backtrace(visit, (&raw mut found).cast()) };
    let this = object_of(is_of_this_image as *const c_void);
    !this.is_null() && found.outermost == this
}

/// Whether this image started the current thread; no where that cannot be known.
#[cfg(not(unix))]
pub(crate) fn is_of_this_image() -> bool {
    false
}
