//! What this image finds instead of the system's functions, once it has a core: threads and the ends of threads.
//!
//! What is held: nothing but the core's table and the image's token. Who may touch it: whatever in this image refers to
//! one of the [`symbols`](super::symbols), which is above all its copy of the standard library.
//!
//! What is always true:
//!
//! * **W1** The table is null, or one of a core, which is immortal; then `IMAGE` is the token that came with it, which lives
//!   as long as this image is mapped. Both are set once, `IMAGE` first.
//! * **W2** Each function here has the type of the system's function of that name, and its caller keeps the system's rules.
//! * **W3** Nothing here panics, allocates, locks, or registers a destructor that the caller did not ask for.
//! * **W4** What this image did before it had a core, and what can outlive it unseen, is marked: who does it marks it before
//!   looking at the table for the last time (S3), [`become_module`] writes the table before anybody reads the mark, all
//!   `SeqCst`. So it is marked, or it goes to the core.

use core::ffi::{c_int, c_void};
use core::ptr;
use core::sync::atomic::{AtomicPtr, AtomicU32, Ordering};

use polyplug_abi::{ThreadDestructor, ThreadStart, ThreadTable, exit_order};

unsafe extern "C" {
    #[link_name = "polyplug_threads_table"]
    static TABLE: AtomicPtr<ThreadTable>;
    #[link_name = "polyplug_threads_early"]
    static EARLY: AtomicU32;

    /// The system's own `pthread_create`.
    fn polyplug_system_pthread_create(
        thread: *mut c_void,
        attributes: *const c_void,
        start: ThreadStart,
        argument: *mut c_void,
    ) -> c_int;

    /// The system's own `__cxa_thread_atexit_impl`.
    #[link_name = "polyplug_system___cxa_thread_atexit_impl"]
    pub(super) fn system_at_thread_exit(
        destructor: ThreadDestructor,
        object: *mut c_void,
        image: *mut c_void,
    ) -> c_int;
}

static IMAGE: AtomicPtr<()> = AtomicPtr::new(ptr::null_mut());

/// The core that follows the threads of this image.
#[derive(Clone, Copy)]
pub(super) struct Core {
    table: &'static ThreadTable,
    image: *const (),
}

impl Core {
    /// Nothing in an image that was not loaded as a module.
    #[inline]
    pub(super) fn get() -> Option<Self> {
        // SAFETY: an atomic in the memory of this image.
        let table = unsafe { TABLE.load(Ordering::Acquire) };
        // SAFETY: W1.
        let table = unsafe { table.as_ref() }?;
        Some(Self {
            table,
            image: IMAGE.load(Ordering::Relaxed),
        })
    }

    /// Runs a destructor when this thread ends. Says whether it will.
    ///
    /// # Safety
    /// 1. The destructor, a function of this image, may be called with the object when this thread ends.
    pub(super) unsafe fn at_exit(
        self,
        order: u32,
        destructor: ThreadDestructor,
        object: *mut c_void,
    ) -> bool {
        // SAFETY: W1, clause 1.
        let refused = unsafe { (self.table.at_exit)(self.image, order, destructor, object) };
        refused == 0
    }
}

/// See [`super::become_module`].
pub(super) fn become_module(table: *const ThreadTable, image: *const ()) {
    let table = if image.is_null() { ptr::null() } else { table };
    IMAGE.store(image.cast_mut(), Ordering::Relaxed);
    // SAFETY: an atomic in the memory of this image. That it is named makes the linker take the file with all the symbols,
    // wherever it looks first for one of them.
    unsafe { TABLE.store(table.cast_mut(), Ordering::SeqCst) };
}

/// See [`super::may_unmap`].
pub(super) fn may_unmap() -> bool {
    // SAFETY: an atomic in the memory of this image.
    let early = unsafe { EARLY.load(Ordering::SeqCst) };
    Core::get().is_some() && early == 0
}

/// See [`super::started_here`].
pub(super) fn started_here() -> bool {
    // SAFETY: W1.
    Core::get().is_some_and(|core| unsafe { (core.table.started_by)() } == core.image)
}

/// `pthread_create`.
///
/// # Safety
/// 1. W2.
pub(super) unsafe extern "C" fn create(
    thread: *mut c_void,
    attributes: *const c_void,
    start: ThreadStart,
    argument: *mut c_void,
) -> c_int {
    match Core::get() {
        // SAFETY: W1, clause 1.
        Some(core) => unsafe {
            (core.table.spawn)(core.image, thread, attributes, start, argument)
        },
        // SAFETY: S1, clause 1.
        None => unsafe { polyplug_system_pthread_create(thread, attributes, start, argument) },
    }
}

/// `__cxa_thread_atexit_impl`.
///
/// # Safety
/// 1. W2.
pub(super) unsafe extern "C" fn at_thread_exit(
    destructor: ThreadDestructor,
    object: *mut c_void,
    image: *mut c_void,
) -> c_int {
    if let Some(core) = Core::get()
        // SAFETY: clause 1.
        && unsafe { core.at_exit(exit_order::THREAD_LOCAL, destructor, object) }
    {
        return 0;
    }
    // SAFETY: S1, clause 1: a thread past its record, which the system still ends.
    unsafe { system_at_thread_exit(destructor, object, image) }
}
