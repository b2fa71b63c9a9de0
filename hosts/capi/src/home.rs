//! Values and listeners of hosts whose language runs on one thread only: the thread is looked at before the language is entered.
//!
//! What is always true:
//!
//! * **T1** The functions of a home are called on the thread that made it, while the home is not released, and while its host says
//!   that it may be called: as long as `entered` is not 0.
//! * **T2** What cannot be told then waits, and is told or answered by `polyplug_home_settle`.

use core::ffi::c_void;
use core::ptr;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};

use polyplug::{DynamicAnswer, DynamicProvider, Fault};
use polyplug_abi::{
    FaultRecord as PolyplugFaultRecord, Object as PolyplugObject, fault_kind, log_level,
};

use crate::contract::{PolyplugContract, dynamic};
use crate::error::{Failure, PolyplugError};
use crate::events::{PolyplugEvent, PolyplugSubscriptionValue, Told};
use crate::fault::fault_of_kind;
use crate::handle::{
    POLYPLUG_FAILED, POLYPLUG_OK, PolyplugHome, PolyplugModule, PolyplugRuntime,
    PolyplugSubscription, contained, give, held, put, some_text,
};
use crate::log::{PolyplugLogLine, polyplug_log_subscribe};
use crate::provide::answer;

/// Answers a call as `PolyplugInvoke` does, on the thread of the home; `key` says which value is called.
pub type PolyplugHomeInvoke = Option<
    unsafe extern "C" fn(
        key: u32,
        method: u32,
        frame: *const c_void,
        out: *mut c_void,
        fault: *mut *mut PolyplugFaultRecord,
    ) -> i32,
>;

/// Is told of an event, on the thread of the home; `key` says which subscription it is for.
pub type PolyplugHomeListener = Option<unsafe extern "C" fn(key: u32, event: *const PolyplugEvent)>;

/// What a host and the library tell each other without a call. It lives as long as the home.
#[repr(C)]
#[derive(Debug)]
pub struct PolyplugHomeState {
    /// Written by the host: not 0 while it may be called. It starts with 0.
    pub entered: u32,
    /// Written by the library: how much waits for `polyplug_home_settle`.
    pub waiting: u32,
}

/// The thread that functions of a host stay on; the last use of it.
#[derive(Debug)]
pub struct PolyplugHomeValue(Arc<Home>);

impl Drop for PolyplugHomeValue {
    fn drop(&mut self) {
        self.0.is_open.store(false, Ordering::SeqCst);
    }
}

struct Home {
    thread: ThreadId,
    invoke: unsafe extern "C" fn(
        key: u32,
        method: u32,
        frame: *const c_void,
        out: *mut c_void,
        fault: *mut *mut PolyplugFaultRecord,
    ) -> i32,
    listener: unsafe extern "C" fn(key: u32, event: *const PolyplugEvent),
    state: State,
    is_open: AtomicBool,
    left: Mutex<Left>,
}

/// How many lines of the log wait at most.
const WAITING_LINES: usize = 4096;

/// As `PolyplugHomeState`.
#[repr(C)]
struct State {
    entered: AtomicU32,
    waiting: AtomicU32,
}

const _: () = assert!(size_of::<State>() == size_of::<PolyplugHomeState>());

/// What waits (T2).
#[derive(Default)]
struct Left {
    gone: Vec<u32>,
    events: Vec<(u32, Told)>,
}

impl core::fmt::Debug for Home {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Home")
    }
}

impl Home {
    /// Why the host may not be called now.
    fn refusal(&self) -> Option<&'static str> {
        if !self.is_open.load(Ordering::SeqCst) {
            return Some("the host that answers this has ended");
        }
        if thread::current().id() != self.thread {
            return Some(
                "this is answered on the thread only that handed it over, and the call comes from another thread",
            );
        }
        if self.state.entered.load(Ordering::SeqCst) == 0 {
            return Some("the host that answers this cannot be called during what it does now");
        }
        None
    }

    fn left(&self) -> MutexGuard<'_, Left> {
        self.left.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, add: impl FnOnce(&mut Left)) {
        let mut left = self.left();
        add(&mut left);
        self.state.waiting.fetch_add(1, Ordering::SeqCst);
    }

    fn tell(&self, key: u32, told: &Told) {
        told.lend(|event| {
            // SAFETY: the crate's fourth; T1.
            unsafe { (self.listener)(key, event) };
        });
    }
}

/// A value or a listener of a home.
struct Resident {
    home: Arc<Home>,
    key: u32,
    /// Whether it was taken; what was not is not told to be gone.
    is_taken: Arc<AtomicBool>,
}

impl Resident {
    fn new(home: &PolyplugHomeValue, key: u32) -> (Self, Arc<AtomicBool>) {
        let is_taken = Arc::new(AtomicBool::new(false));
        let resident = Self {
            home: Arc::clone(&home.0),
            key,
            is_taken: Arc::clone(&is_taken),
        };
        (resident, is_taken)
    }

    /// # Safety
    /// 1. The texts of the line live.
    unsafe fn hear_line(&self, line: &PolyplugLogLine) {
        // SAFETY: clause 1.
        let (module, text) = unsafe { (line.plugin.str(), line.message.str()) };
        let word = match line.level {
            log_level::ERROR => "error",
            log_level::WARN => "warn",
            log_level::INFO => "info",
            log_level::DEBUG => "debug",
            _ => "trace",
        };
        if self.home.refusal().is_none() || self.home.left().events.len() < WAITING_LINES {
            self.hear(Told::new(word, module, text));
        }
    }

    fn hear(&self, told: Told) {
        if self.home.refusal().is_none() {
            self.home.tell(self.key, &told);
        } else {
            self.home.add(|left| left.events.push((self.key, told)));
        }
    }
}

impl Drop for Resident {
    fn drop(&mut self) {
        if self.is_taken.load(Ordering::SeqCst) {
            self.home.add(|left| left.gone.push(self.key));
        }
    }
}

// SAFETY: what the type of its function asks of it; what drops it is no code of the host's.
unsafe impl DynamicProvider for Resident {
    unsafe fn call(
        &self,
        method: u32,
        frame: *const c_void,
        out: *mut c_void,
    ) -> Result<DynamicAnswer, Fault> {
        if let Some(reason) = self.home.refusal() {
            return Err(fault_of_kind(fault_kind::THREW, reason));
        }
        let mut fault = ptr::null_mut();
        // SAFETY: the crate's fourth, T1; frame and place are those of the call.
        let code = unsafe { (self.home.invoke)(self.key, method, frame, out, &raw mut fault) };
        // SAFETY: one count of a fault is handed over with it.
        unsafe { answer(code, fault) }
    }
}

/// Makes the calling thread the home of functions: what is handed over with it is called on this thread only, and answers calls
/// from other threads with a fault. After its release, which must happen on this thread, they are not called any more.
///
/// # Safety
/// The crate's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyplug_home_new(
    invoke: PolyplugHomeInvoke,
    listener: PolyplugHomeListener,
    error: *mut *mut PolyplugError,
) -> *mut PolyplugHome {
    // SAFETY: the crate's.
    unsafe {
        contained(error, ptr::null_mut(), || {
            let (Some(invoke), Some(listener)) = (invoke, listener) else {
                let message = "the function that answers calls or the listener is null";
                return Err(Failure::new("no-function", message.to_owned()));
            };
            Ok(give(PolyplugHomeValue(Arc::new(Home {
                thread: thread::current().id(),
                invoke,
                listener,
                state: State {
                    entered: AtomicU32::new(0),
                    waiting: AtomicU32::new(0),
                },
                is_open: AtomicBool::new(true),
                left: Mutex::default(),
            }))))
        })
    }
}

/// What the host and the library tell each other without a call; null for what is no home.
///
/// # Safety
/// The crate's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyplug_home_state(
    home: *const PolyplugHome,
    error: *mut *mut PolyplugError,
) -> *mut PolyplugHomeState {
    // SAFETY: the crate's.
    unsafe {
        contained(error, ptr::null_mut(), || {
            let state = &raw const held(home)?.0.state;
            Ok(state.cast_mut().cast())
        })
    }
}

/// Provides a contract as `polyplug_runtime_provide` does, by what `key` stands for at a home.
///
/// # Safety
/// The crate's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyplug_home_provide(
    home: *const PolyplugHome,
    runtime: *const PolyplugRuntime,
    contract: *const PolyplugContract,
    name: *const u8,
    name_length: usize,
    key: u32,
    error: *mut *mut PolyplugError,
) -> *mut PolyplugModule {
    // SAFETY: the crate's.
    unsafe {
        contained(error, ptr::null_mut(), || {
            let (value, is_taken) = Resident::new(held(home)?, key);
            let runtime = held(runtime)?;
            let name = if name.is_null() {
                "host"
            } else {
                some_text(name, name_length, "the name")?
            };
            let module = runtime.dynamic_provide(dynamic(contract)?, name, Box::new(value))?;
            is_taken.store(true, Ordering::SeqCst);
            Ok(give(module))
        })
    }
}

/// Makes an object or a closure as `polyplug_runtime_object` does, of what `key` stands for at a home.
///
/// # Safety
/// The crate's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyplug_home_object(
    home: *const PolyplugHome,
    runtime: *const PolyplugRuntime,
    contract: *const PolyplugContract,
    key: u32,
    object: *mut PolyplugObject,
    error: *mut *mut PolyplugError,
) -> i32 {
    // SAFETY: the crate's.
    unsafe {
        contained(error, POLYPLUG_FAILED, || {
            let (value, is_taken) = Resident::new(held(home)?, key);
            if object.is_null() {
                let message = "the place for the object is null";
                return Err(Failure::new("no-place", message.to_owned()));
            }
            let runtime = held(runtime)?;
            let made = runtime.dynamic_object(dynamic(contract)?.info(), Box::new(value))?;
            is_taken.store(true, Ordering::SeqCst);
            put(object, made);
            Ok(POLYPLUG_OK)
        })
    }
}

/// Tells the listener of a home of every load, reload and unload, with this key, until the subscription is released. What cannot
/// be told when it happens waits for `polyplug_home_settle`.
///
/// # Safety
/// The crate's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyplug_home_subscribe(
    home: *const PolyplugHome,
    runtime: *const PolyplugRuntime,
    key: u32,
    error: *mut *mut PolyplugError,
) -> *mut PolyplugSubscription {
    // SAFETY: the crate's.
    unsafe {
        contained(error, ptr::null_mut(), || {
            let (listener, is_taken) = Resident::new(held(home)?, key);
            let runtime = held(runtime)?;
            let subscription = runtime.subscribe(move |event| listener.hear(Told::of(event)));
            is_taken.store(true, Ordering::SeqCst);
            Ok(give(PolyplugSubscriptionValue::of(Box::new(subscription))))
        })
    }
}

/// Tells the listener of a home of everything that is logged up to that level, as `polyplug_log_subscribe` does: as events whose
/// `code` is `error`, `warn`, `info`, `debug` or `trace`, `module` the plugin, and `text` the message. What cannot be told when it
/// happens waits for `polyplug_home_settle`; of what is logged too much for that the rest is left out.
///
/// # Safety
/// The crate's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyplug_home_log(
    home: *const PolyplugHome,
    level: u32,
    key: u32,
    error: *mut *mut PolyplugError,
) -> *mut PolyplugSubscription {
    /// # Safety
    /// 1. `user` is a resident, and the line lives for the call.
    unsafe extern "C-unwind" fn logged(user: *mut c_void, line: *const PolyplugLogLine) {
        // SAFETY: clause 1.
        unsafe { (*user.cast::<Resident>()).hear_line(&*line) };
    }
    /// # Safety
    /// 1. `user` is a resident that nobody uses afterwards.
    unsafe extern "C-unwind" fn ended(user: *mut c_void) {
        // SAFETY: clause 1.
        drop(unsafe { Box::from_raw(user.cast::<Resident>()) });
    }
    // SAFETY: the crate's; the resident is dropped once, here or when the subscription ends.
    unsafe {
        let made = contained(error, None, || {
            let (resident, is_taken) = Resident::new(held(home)?, key);
            Ok(Some((Box::into_raw(Box::new(resident)).cast(), is_taken)))
        });
        let Some((user, is_taken)) = made else {
            return ptr::null_mut();
        };
        let subscription = polyplug_log_subscribe(level, Some(logged), user, Some(ended), error);
        if subscription.is_null() {
            ended(user);
        } else {
            is_taken.store(true, Ordering::SeqCst);
        }
        subscription
    }
}

/// Tells what waits of events, and writes the keys of values and subscriptions that nobody calls any more, at most `capacity` of
/// them; answers how many. Each key is written once, and may be used again. On another thread than the home's it does nothing.
///
/// # Safety
/// The crate's. There is room for so many keys.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyplug_home_settle(
    home: *const PolyplugHome,
    keys: *mut u32,
    capacity: usize,
) -> usize {
    // SAFETY: the crate's.
    unsafe {
        contained(ptr::null_mut(), 0, || {
            let home = &held(home)?.0;
            if home.refusal().is_some() {
                return Ok(0);
            }
            let events = core::mem::take(&mut home.left().events);
            settled(home, events.len());
            for (key, told) in &events {
                home.tell(*key, told);
            }
            let mut left = home.left();
            let capacity = if keys.is_null() { 0 } else { capacity };
            let kept = left.gone.len() - left.gone.len().min(capacity);
            let gone = left.gone.split_off(kept);
            keys.copy_from_nonoverlapping(gone.as_ptr(), gone.len());
            settled(home, gone.len());
            Ok(gone.len())
        })
    }
}

fn settled(home: &Home, count: usize) {
    home.state.waiting.fetch_sub(count as u32, Ordering::SeqCst);
}
