//! What the core is told of the threads of an image, so that it knows who still needs the image mapped.

use core::ffi::c_void;

/// The body of a thread.
pub type ThreadStart = unsafe extern "C" fn(argument: *mut c_void) -> *mut c_void;

/// A destructor of a thread-local.
pub type ThreadDestructor = unsafe extern "C" fn(object: *mut c_void);

/// When a destructor runs.
pub mod exit_order {
    /// With the other thread-locals, the last registered first.
    pub const THREAD_LOCAL: u32 = 0;
    /// After all thread-locals of the image on that thread: what pthread keys want.
    pub const KEYS: u32 = 1;
}

/// What an image tells of its threads. `image` is [`Registration::image`](crate::Registration::image).
#[repr(C)]
#[derive(Debug)]
pub struct ThreadTable {
    /// Size of this struct in bytes, as the core knows it.
    pub size: u32,
    /// Zero.
    pub flags: u32,
    /// `pthread_create`: the thread holds the image from now on until its body has returned.
    pub spawn: unsafe extern "C" fn(
        image: *const (),
        thread: *mut c_void,
        attributes: *const c_void,
        start: ThreadStart,
        argument: *mut c_void,
    ) -> i32,
    /// Runs a destructor of the image when the calling thread ends, and holds the image until then. Answers 0; anything
    /// else means that this thread is past that, and nothing was registered.
    pub at_exit: unsafe extern "C" fn(
        image: *const (),
        order: u32,
        destructor: ThreadDestructor,
        object: *mut c_void,
    ) -> i32,
    /// The image that started the calling thread through `spawn`; null when none did.
    pub started_by: unsafe extern "C" fn() -> *const (),
}

frozen_layout!(ThreadTable { size: 32, size @ 0, flags @ 4, spawn @ 8, at_exit @ 16, started_by @ 24 });
