//! The interpreter of the process: how it starts, and who may use it when.
//!
//! What is always true:
//!
//! * **I1** The state of a thread that is kept in [`OWN`] was made here, for this thread, and ends with it.
//! * **I2** The interpreter is never finalised by us. When somebody else does, nothing enters it any more.

use core::cell::Cell;
use core::ffi::c_int;
use core::marker::PhantomData;
use core::ptr;
use std::ffi::CString;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use std::{env, fs, thread};

use polyplug::Fault;

use crate::api::{self, Api, ThreadState, api};
use crate::library;

/// What became of the search for an interpreter.
enum Start {
    Not,
    Ready {
        /// Whether it was started here.
        ours: bool,
    },
}

static START: Mutex<Start> = Mutex::new(Start::Not);

thread_local! {
    /// I1. Without a destructor: to touch it is a memory access.
    static OWN: Cell<*mut ThreadState> = const { Cell::new(ptr::null_mut()) };
    static END: End = const { End };
}

/// Gives up the state of a thread at its end.
struct End;

impl Drop for End {
    fn drop(&mut self) {
        let own = OWN.replace(ptr::null_mut());
        if own.is_null() || is_over(api()) {
            return;
        }
        // SAFETY: I1: this thread's, and counted once by `PyGILState_Ensure`; 1 is `PyGILState_UNLOCKED`.
        unsafe {
            api().PyEval_RestoreThread(own);
            api().PyGILState_Release(1);
        }
    }
}

/// Whether the interpreter has ended, or is about to.
pub(crate) fn is_over(api: &Api) -> bool {
    // SAFETY: both may be asked at any time.
    unsafe { api.is_finalizing() != 0 || api.Py_IsInitialized() == 0 }
}

/// Sees to it that there is an interpreter. Whether it was started here: nobody but plugins uses it then.
///
/// # Errors
/// Why there is none.
pub(crate) fn start() -> Result<bool, String> {
    let mut start = START.lock().unwrap_or_else(PoisonError::into_inner);
    if let Start::Ready { ours } = *start {
        return Ok(ours);
    }
    let found = library::find()?;
    let mut api = found.api;
    // Two copies of this library may start at once: what both can lock is the program's own file.
    let program = env::current_exe().and_then(fs::File::open);
    let lock = program.and_then(|file| file.lock().map(|()| file));
    // SAFETY: may be asked at any time.
    let ours = unsafe { api.Py_IsInitialized() } == 0;
    if ours {
        if let (Some(set), Some(program)) = (api.set_program_name, &found.program)
            && let Ok(program) = CString::new(program.as_encoded_bytes())
        {
            // SAFETY: before it is initialised; a text that is never freed.
            unsafe { set((api.decode_text)(program.as_ptr(), ptr::null_mut())) };
        }
        // SAFETY: nobody else initialises it meanwhile. Without handlers of signals, which are the host's.
        let own = unsafe {
            api.Py_InitializeEx(0);
            api.complete();
            api.PyEval_SaveThread()
        };
        // Made for this thread, and never ends: nobody finalises (I1, I2).
        OWN.set(own);
    } else {
        // SAFETY: it is initialised.
        unsafe { api.complete() };
    }
    drop(lock);
    api::publish(api);
    *start = Start::Ready { ours };
    Ok(ours)
}

/// What is done when an interpreter is left.
enum Leave {
    /// It was entered before.
    Nothing,
    Save,
    /// The thread keeps no state: it is about to end.
    Release(c_int),
}

/// The interpreter, entered by this thread: it holds the lock.
pub(crate) struct Entered {
    leave: Leave,
    thread: PhantomData<*const ()>,
}

impl Drop for Entered {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: this thread entered, and everything since then was left again.
        unsafe {
            match self.leave {
                Leave::Nothing => {}
                Leave::Save => _ = api().PyEval_SaveThread(),
                Leave::Release(before) => api().PyGILState_Release(before),
            }
        }
    }
}

/// Waits for the lock of the interpreter, unless this thread has it.
///
/// # Errors
/// When the interpreter has ended.
#[inline]
pub(crate) fn enter() -> Result<Entered, Fault> {
    let api = api();
    let own = OWN.get();
    if own.is_null() {
        return enter_first(api);
    }
    enter_with(api, own)
}

#[inline]
fn enter_with(api: &Api, own: *mut ThreadState) -> Result<Entered, Fault> {
    // SAFETY: may be asked at any time; only this thread makes it its own.
    let leave = if unsafe { api.current_thread_state() } == own {
        Leave::Nothing
    } else {
        if is_over(api) {
            return Err(ended());
        }
        // SAFETY: this thread's state, which does not have the lock.
        unsafe { api.PyEval_RestoreThread(own) };
        Leave::Save
    };
    Ok(Entered {
        leave,
        thread: PhantomData,
    })
}

/// On a thread that has no state of ours: with that of somebody else, who may end it, or with a new one.
#[cold]
fn enter_first(api: &Api) -> Result<Entered, Fault> {
    if is_over(api) {
        return Err(ended());
    }
    // SAFETY: may be asked at any time.
    let theirs = unsafe { api.PyGILState_GetThisThreadState() };
    if !theirs.is_null() {
        return enter_with(api, theirs);
    }
    // SAFETY: a thread without a state gets one, with the lock.
    let before = unsafe { api.PyGILState_Ensure() };
    let leave = if END.try_with(|_| ()).is_ok() {
        // SAFETY: as above.
        OWN.set(unsafe { api.PyGILState_GetThisThreadState() });
        Leave::Save
    } else {
        Leave::Release(before)
    };
    Ok(Entered {
        leave,
        thread: PhantomData,
    })
}

fn ended() -> Fault {
    Fault::new("the Python interpreter of this process has ended, and its plugins with it")
}

/// Does something in the interpreter.
///
/// # Errors
/// As for [`enter`].
pub(crate) fn with<T>(work: impl FnOnce(&Entered) -> T) -> Result<T, Fault> {
    let entered = enter()?;
    Ok(work(&entered))
}

/// Lets go of the lock while something else is done, which may wait for others.
pub(crate) fn outside<T>(_: &Entered, work: impl FnOnce() -> T) -> T {
    struct Back(*mut ThreadState);
    impl Drop for Back {
        fn drop(&mut self) {
            if is_over(api()) {
                // There is nothing to go back to, and frames of the interpreter cannot be unwound (I2).
                loop {
                    thread::sleep(Duration::from_secs(3600));
                }
            }
            // SAFETY: what `outside` saved.
            unsafe { api().PyEval_RestoreThread(self.0) };
        }
    }
    if is_over(api()) {
        // The thread that ends the interpreter lets go of what is left in it: there is nobody else.
        return work();
    }
    // SAFETY: this thread has entered.
    let back = Back(unsafe { api().PyEval_SaveThread() });
    let result = work();
    drop(back);
    result
}

impl Entered {
    /// The interpreter, of a function that it calls.
    ///
    /// # Safety
    /// 1. This thread has entered it, until the value is gone.
    pub(crate) unsafe fn already() -> Self {
        Self {
            leave: Leave::Nothing,
            thread: PhantomData,
        }
    }
}
