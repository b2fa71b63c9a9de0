//! Keys for thread-local values, without the system's: `pthread_key_create` and its three sisters.
//!
//! The system has few keys, never gives back those of an image that is gone, and calls their destructors when a thread ends,
//! whether or not the image is still there. So a module's keys are rows of a table in the image, their values lie in a
//! thread-local of the image, and the core calls [`run`] when the thread ends.
//!
//! What is held: the rows, and each thread's values. Who may touch it: the redirected functions.
//!
//! What is always true:
//!
//! * **K1** Numbers of our keys have the bit [`OURS`], which no key of the system has: it counts from zero to some thousand.
//! * **K2** A row's number is 0 (free), [`TAKEN`] (being filled in), or the number of the key that lives in it, which no
//!   other key has had before, until the count of 2^24 keys wraps around. Its destructor is written before its number.
//! * **K3** A value belongs to the key whose number stands beside it, and was given with it.
//! * **K4** When a thread has a value under a key with a destructor, [`run`] is registered for that thread.
//! * **K5** A key that was made before the image became a module is one of the system, and stays it.

use core::cell::Cell;
use core::ffi::{c_int, c_uint, c_void};
use core::ptr;
use core::sync::atomic::{AtomicPtr, AtomicU32, Ordering};

use polyplug_abi::{ThreadDestructor, exit_order};

use super::redirect::{Core, system_at_thread_exit};

unsafe extern "C" {
    #[link_name = "polyplug_system_pthread_key_create"]
    fn system_create(key: *mut c_uint, destructor: Option<ThreadDestructor>) -> c_int;
    #[link_name = "polyplug_system_pthread_key_delete"]
    fn system_delete(key: c_uint) -> c_int;
    #[link_name = "polyplug_system_pthread_getspecific"]
    fn system_get(key: c_uint) -> *mut c_void;
    #[link_name = "polyplug_system_pthread_setspecific"]
    fn system_set(key: c_uint, value: *const c_void) -> c_int;
}

/// How many keys a module can have at a time: POSIX asks for 128. The standard library uses one or two.
const ROWS: usize = 128;
const OURS: u32 = 1 << 31;
const TAKEN: u32 = 1;
/// `PTHREAD_DESTRUCTOR_ITERATIONS`.
const ROUNDS: u32 = 4;

const EAGAIN: c_int = 11;
const ENOMEM: c_int = 12;
const EINVAL: c_int = 22;

struct Row {
    number: AtomicU32,
    destructor: AtomicPtr<c_void>,
}

static TABLE: [Row; ROWS] = [const {
    Row {
        number: AtomicU32::new(0),
        destructor: AtomicPtr::new(ptr::null_mut()),
    }
}; ROWS];
/// How many keys there have been.
static COUNT: AtomicU32 = AtomicU32::new(0);

#[derive(Clone, Copy)]
struct Value {
    key: u32,
    value: *mut c_void,
}

// Constant and without a destructor: to touch them is a memory access and nothing else.
thread_local! {
    static VALUES: [Cell<Value>; ROWS] = const {
        [const { Cell::new(Value { key: 0, value: ptr::null_mut() }) }; ROWS]
    };
    static REGISTERED: Cell<bool> = const { Cell::new(false) };
}

/// The place of a number in the table, if that key lives.
#[inline]
fn place_of(key: u32) -> Option<usize> {
    let place = key as usize % ROWS;
    (TABLE[place].number.load(Ordering::Acquire) == key).then_some(place)
}

/// The destructor of a living key that has one.
fn destructor_of(key: u32) -> Option<ThreadDestructor> {
    let place = place_of(key)?;
    let destructor = TABLE[place].destructor.load(Ordering::Acquire);
    // K2: if the key still lives, that was its own.
    place_of(key)?;
    // SAFETY: K2: null, or a pointer that was such a function.
    unsafe { core::mem::transmute::<*mut c_void, Option<ThreadDestructor>>(destructor) }
}

fn value_at(place: usize) -> Value {
    VALUES.with(|values| values[place].get())
}

fn set_value_at(place: usize, value: Value) {
    VALUES.with(|values| values[place].set(value));
}

/// `pthread_key_create`.
///
/// # Safety
/// 1. As for the system's function.
pub(super) unsafe extern "C" fn create(
    key: *mut c_uint,
    destructor: Option<ThreadDestructor>,
) -> c_int {
    if Core::get().is_none() {
        // SAFETY: S1, clause 1.
        return unsafe { system_create(key, destructor) };
    }
    for (place, row) in TABLE.iter().enumerate() {
        let free = row
            .number
            .compare_exchange(0, TAKEN, Ordering::AcqRel, Ordering::Relaxed);
        if free.is_err() {
            continue;
        }
        let destructor = destructor.map_or(ptr::null_mut(), |function| function as *mut c_void);
        row.destructor.store(destructor, Ordering::Release);
        let count = COUNT.fetch_add(1, Ordering::Relaxed) % (OURS / ROWS as u32);
        let number = OURS | (count * ROWS as u32) | place as u32;
        row.number.store(number, Ordering::Release);
        // SAFETY: clause 1: a place for the key.
        unsafe { key.write(number) };
        return 0;
    }
    EAGAIN
}

/// `pthread_key_delete`.
///
/// # Safety
/// 1. As for the system's function.
pub(super) unsafe extern "C" fn delete(key: c_uint) -> c_int {
    if key & OURS == 0 {
        // SAFETY: K5, S1, clause 1.
        return unsafe { system_delete(key) };
    }
    let row = &TABLE[key as usize % ROWS];
    let deleted = row
        .number
        .compare_exchange(key, 0, Ordering::AcqRel, Ordering::Relaxed);
    if deleted.is_ok() { 0 } else { EINVAL }
}

/// `pthread_getspecific`.
///
/// # Safety
/// 1. As for the system's function.
pub(super) unsafe extern "C" fn get(key: c_uint) -> *mut c_void {
    if key & OURS == 0 {
        // SAFETY: K5, S1, clause 1.
        return unsafe { system_get(key) };
    }
    let found = value_at(key as usize % ROWS);
    // K3.
    if found.key == key {
        found.value
    } else {
        ptr::null_mut()
    }
}

/// `pthread_setspecific`.
///
/// # Safety
/// 1. As for the system's function.
pub(super) unsafe extern "C" fn set(key: c_uint, value: *const c_void) -> c_int {
    if key & OURS == 0 {
        // SAFETY: K5, S1, clause 1.
        return unsafe { system_set(key, value) };
    }
    let Some(place) = place_of(key) else {
        return EINVAL;
    };
    let wants_run = !value.is_null() && destructor_of(key).is_some();
    // K4.
    if wants_run && !REGISTERED.get() && !register() {
        return ENOMEM;
    }
    let value = value.cast_mut();
    set_value_at(place, Value { key, value });
    0
}

/// Has [`run`] called when this thread ends. Says whether it will be.
#[cold]
fn register() -> bool {
    // SAFETY: `run` may be called on any thread of this image, whatever it is given.
    let kept = Core::get()
        .is_some_and(|core| unsafe { core.at_exit(exit_order::KEYS, run, ptr::null_mut()) });
    // SAFETY: as above, and the table lies in this image.
    let registered = kept
        || unsafe {
            system_at_thread_exit(run, ptr::null_mut(), (&raw const TABLE).cast_mut().cast())
        } == 0;
    REGISTERED.set(registered);
    registered
}

/// Calls the destructors of this thread's values, again when they leave values behind, but not for ever.
///
/// # Safety
/// 1. This thread ends.
unsafe extern "C" fn run(_: *mut c_void) {
    for _ in 0..ROUNDS {
        let mut left = false;
        for place in 0..ROWS {
            let Value { key, value } = value_at(place);
            if value.is_null() {
                continue;
            }
            set_value_at(
                place,
                Value {
                    key: 0,
                    value: ptr::null_mut(),
                },
            );
            if let Some(destructor) = destructor_of(key) {
                left = true;
                // SAFETY: K3: the destructor and a value of the same key, once.
                unsafe { destructor(value) };
            }
        }
        if !left {
            break;
        }
    }
    // A destructor of another image may still call this one.
    REGISTERED.set(false);
}
