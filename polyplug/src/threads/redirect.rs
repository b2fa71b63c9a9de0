//! The symbols that this image finds instead of the system's: those by which threads and thread-locals outlive a call.
//!
//! What is held: nothing but the core's table and the image's token. Who may touch it: whatever in this image refers to
//! one of the symbols, which is above all its copy of the standard library.
//!
//! The symbols are *hidden*: references inside this image bind to them when it is linked, and no other image sees them. In
//! an image that was not loaded as a module, each hands on to what the reference would have found without them.
//!
//! What is always true:
//!
//! * **W1** `TABLE` is null, or a table of a core, which is immortal; then `IMAGE` is the token that came with it, which
//!   lives as long as this image is mapped. Both are set once, `IMAGE` first.
//! * **W2** Each function here has the type of the system's function of that name, and its caller keeps the system's rules.
//! * **W3** A [`Real`] is null or the system's function of its name, which has the type in its parameter.
//! * **W4** Nothing here panics, allocates, locks, or registers a destructor that the caller did not ask for.
//! * **W5** Whatever this image did before it was told of the core, and that could outlive it, is marked in `EARLY`: it writes
//!   `EARLY` before it looks at `TABLE` again, `become_module` writes `TABLE` before anybody reads `EARLY`, all `SeqCst`.
//!   So it is marked, or it goes to the core.

use core::ffi::{CStr, c_char, c_int, c_void};
use core::marker::PhantomData;
use core::ptr;
use core::sync::atomic::{AtomicBool, AtomicPtr, Ordering};

use polyplug_abi::{ThreadDestructor, ThreadStart, ThreadTable, exit_order};

use super::keys;

/// One symbol: hidden, and a jump to the function that does the work.
macro_rules! hidden {
    ($($symbol:literal => $function:path,)*) => {
        core::arch::global_asm!(
            ".pushsection .text.polyplug_threads, \"ax\", @progbits",
            // What makes sure that all of this is linked: see `become_module`.
            ".globl polyplug_threads",
            ".hidden polyplug_threads",
            ".type polyplug_threads, @function",
            "polyplug_threads:",
            landing!(),
            "ret",
            ".size polyplug_threads, . - polyplug_threads",
            ".popsection",
        );
        $(core::arch::global_asm!(
            ".pushsection .text.polyplug_threads, \"ax\", @progbits",
            ".p2align 4",
            concat!(".globl ", $symbol),
            concat!(".hidden ", $symbol),
            concat!(".type ", $symbol, ", @function"),
            concat!($symbol, ":"),
            landing!(),
            concat!(jump!(), " {function}"),
            concat!(".size ", $symbol, ", . - ", $symbol),
            ".popsection",
            function = sym $function,
        );)*
    };
}

#[cfg(target_arch = "x86_64")]
macro_rules! landing {
    () => {
        "endbr64"
    };
}
#[cfg(target_arch = "aarch64")]
macro_rules! landing {
    () => {
        "hint #34" // bti c
    };
}
#[cfg(target_arch = "x86_64")]
macro_rules! jump {
    () => {
        "jmp"
    };
}
#[cfg(target_arch = "aarch64")]
macro_rules! jump {
    () => {
        "b"
    };
}

hidden! {
    "pthread_create" => create,
    "pthread_key_create" => keys::create,
    "pthread_key_delete" => keys::delete,
    "pthread_getspecific" => keys::get,
    "pthread_setspecific" => keys::set,
    "__cxa_thread_atexit_impl" => at_thread_exit,
}

// A sanitizer that is linked into this very program has its own `pthread_create`, which ours replaces; by this name it can
// still be reached. Null everywhere else.
core::arch::global_asm!(
    ".pushsection .data.rel.ro.polyplug_threads, \"aw\", @progbits",
    ".p2align 3",
    ".weak __interceptor_pthread_create",
    ".hidden __interceptor_pthread_create",
    ".globl polyplug_intercepted",
    ".hidden polyplug_intercepted",
    ".type polyplug_intercepted, @object",
    "polyplug_intercepted:",
    ".quad __interceptor_pthread_create",
    ".size polyplug_intercepted, 8",
    ".popsection",
);

unsafe extern "C" {
    fn polyplug_threads();
    static polyplug_intercepted: *mut c_void;
    fn dlsym(object: *mut c_void, name: *const c_char) -> *mut c_void;
}

pub(super) type Create = unsafe extern "C" fn(
    thread: *mut c_void,
    attributes: *const c_void,
    start: ThreadStart,
    argument: *mut c_void,
) -> c_int;

pub(super) type AtThreadExit = unsafe extern "C" fn(
    destructor: ThreadDestructor,
    object: *mut c_void,
    image: *mut c_void,
) -> c_int;

static REAL_CREATE: Real<Create> = Real::new(c"pthread_create");
static REAL_AT_THREAD_EXIT: Real<AtThreadExit> = Real::new(c"__cxa_thread_atexit_impl");

/// A function of the system.
pub(super) struct Real<F> {
    name: &'static CStr,
    found: AtomicPtr<c_void>,
    function: PhantomData<F>,
}

impl<F: Copy> Real<F> {
    pub(super) const fn new(name: &'static CStr) -> Self {
        assert!(size_of::<F>() == size_of::<*mut c_void>());
        Self {
            name,
            found: AtomicPtr::new(ptr::null_mut()),
            function: PhantomData,
        }
    }

    /// The function; nothing on a system that does not have it.
    #[inline]
    pub(super) fn get(&self) -> Option<F> {
        let mut found = self.found.load(Ordering::Relaxed);
        if found.is_null() {
            found = self.find();
        }
        // SAFETY: W3: `F` is a function pointer, of the size of any other.
        (!found.is_null()).then(|| unsafe { core::mem::transmute_copy(&found) })
    }

    #[cold]
    fn find(&self) -> *mut c_void {
        let default: *mut c_void = ptr::null_mut(); // RTLD_DEFAULT
        // SAFETY: a name that ends with a zero. What is found is what this image would have been bound to: ours is hidden.
        let found = unsafe { dlsym(default, self.name.as_ptr()) };
        self.found.store(found, Ordering::Relaxed);
        found
    }
}

static TABLE: AtomicPtr<ThreadTable> = AtomicPtr::new(ptr::null_mut());
static IMAGE: AtomicPtr<()> = AtomicPtr::new(ptr::null_mut());
static EARLY: AtomicBool = AtomicBool::new(false);

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
        let table = TABLE.load(Ordering::Acquire);
        if table.is_null() {
            return None;
        }
        Some(Self {
            // SAFETY: W1.
            table: unsafe { &*table },
            image: IMAGE.load(Ordering::Relaxed),
        })
    }

    /// As [`get`](Self::get), before something that could outlive this image.
    pub(super) fn get_or_mark() -> Option<Self> {
        Self::get().or_else(|| {
            // W5.
            EARLY.store(true, Ordering::SeqCst);
            if TABLE.load(Ordering::SeqCst).is_null() {
                return None;
            }
            Self::get()
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
    // SAFETY: it does nothing. That it is called makes the linker take the file with all the symbols, wherever it looks
    // first for one of them.
    unsafe { polyplug_threads() };
    if !image.is_null() {
        IMAGE.store(image.cast_mut(), Ordering::Relaxed);
        TABLE.store(table.cast_mut(), Ordering::SeqCst);
    }
}

/// See [`super::may_unmap`].
pub(super) fn may_unmap() -> bool {
    Core::get().is_some() && !EARLY.load(Ordering::SeqCst)
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
unsafe extern "C" fn create(
    thread: *mut c_void,
    attributes: *const c_void,
    start: ThreadStart,
    argument: *mut c_void,
) -> c_int {
    const EAGAIN: c_int = 11;
    if let Some(core) = Core::get_or_mark() {
        // SAFETY: W1, clause 1.
        return unsafe { (core.table.spawn)(core.image, thread, attributes, start, argument) };
    }
    // SAFETY: a static that the linker filled in.
    let intercepted = unsafe { polyplug_intercepted };
    if !intercepted.is_null() {
        // SAFETY: a sanitizer's replacement has the type of what it replaces.
        let intercepted: Create = unsafe { core::mem::transmute(intercepted) };
        // SAFETY: clause 1.
        return unsafe { intercepted(thread, attributes, start, argument) };
    }
    REAL_CREATE.get().map_or(EAGAIN, |create| {
        // SAFETY: W3, clause 1.
        unsafe { create(thread, attributes, start, argument) }
    })
}

/// `__cxa_thread_atexit_impl`. What the system itself keeps, it counts itself: an image is not unmapped before.
///
/// # Safety
/// 1. W2.
unsafe extern "C" fn at_thread_exit(
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
    // SAFETY: clause 1.
    unsafe { system_at_thread_exit(destructor, object, image) }
}

/// The system's own `__cxa_thread_atexit_impl`. Zero when the destructor will run.
///
/// # Safety
/// 1. The destructor may be called with the object when this thread ends, and `image` is an address in this image.
pub(super) unsafe fn system_at_thread_exit(
    destructor: ThreadDestructor,
    object: *mut c_void,
    image: *mut c_void,
) -> c_int {
    // SAFETY: W3, clause 1.
    REAL_AT_THREAD_EXIT
        .get()
        .map_or(-1, |at_exit| unsafe { at_exit(destructor, object, image) })
}
