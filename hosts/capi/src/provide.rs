//! Values of the host that plugins call: contracts and objects whose methods are one C function.

use core::ffi::c_void;
use core::mem;
use core::ptr::{self, NonNull};
use std::thread;
use std::time::Duration;

use polyplug::{DynamicAnswer, DynamicContract, DynamicProvider, Fault};
use polyplug_abi::{
    FaultRecord as PolyplugFaultRecord, InterfaceHeader as PolyplugInterfaceHeader,
    Object as PolyplugObject,
};

use crate::contract::{PolyplugContract, described, dynamic};
use crate::error::{Failure, PolyplugError};
use crate::handle::{
    POLYPLUG_FAILED, POLYPLUG_LEFT_OUT, POLYPLUG_OK, PolyplugModule, PolyplugRuntime, contained,
    give, held, polyplug_release, put, some_text,
};

/// Answers a call: reads the arguments from `frame`, writes the result to `out` in the owned form (or, when it travels by value,
/// as the typed face returns it), and answers `POLYPLUG_OK`. Or stores a fault of `polyplug_fault_new` in `fault` and answers
/// `POLYPLUG_FAILED`; or, before it takes anything of the arguments, `POLYPLUG_LEFT_OUT` for a method that it leaves to its default
/// body. Called on any thread, and by several at once. Must not unwind.
pub type PolyplugInvoke = Option<
    unsafe extern "C-unwind" fn(
        user: *mut c_void,
        contract: *const PolyplugContract,
        method: u32,
        frame: *const c_void,
        out: *mut c_void,
        fault: *mut *mut PolyplugFaultRecord,
    ) -> i32,
>;

/// Called once, on any thread, when nobody calls a value any more.
pub type PolyplugDestroy = Option<unsafe extern "C-unwind" fn(user: *mut c_void)>;

/// Calls a function of the host's. Nothing may unwind through this library, so a thread that is ended inside by unwinding stays there for
/// ever: Python, before 3.14, does that to threads that want to enter an interpreter which is at its end.
pub(crate) fn staying<T>(call: impl FnOnce() -> T) -> T {
    struct Stay;
    impl Drop for Stay {
        #[cold]
        fn drop(&mut self) {
            loop {
                thread::sleep(Duration::from_secs(3600));
            }
        }
    }
    let stay = Stay;
    let result = call();
    mem::forget(stay);
    result
}

/// A value in C.
struct Foreign {
    user: *mut c_void,
    invoke: unsafe extern "C-unwind" fn(
        user: *mut c_void,
        contract: *const PolyplugContract,
        method: u32,
        frame: *const c_void,
        out: *mut c_void,
        fault: *mut *mut PolyplugFaultRecord,
    ) -> i32,
    destroy: PolyplugDestroy,
    /// Of its own, so that it lives as long.
    contract: *mut PolyplugContract,
}

// SAFETY: the crate's fourth; the contract is read-only.
unsafe impl Send for Foreign {}
// SAFETY: as above.
unsafe impl Sync for Foreign {}

impl Drop for Foreign {
    fn drop(&mut self) {
        if let Some(destroy) = self.destroy {
            // SAFETY: the crate's fourth.
            staying(|| unsafe { destroy(self.user) });
        }
        // SAFETY: made for this value.
        unsafe { polyplug_release(self.contract.cast()) };
    }
}

// SAFETY: what the type of its function asks of it.
unsafe impl DynamicProvider for Foreign {
    unsafe fn call(
        &self,
        method: u32,
        frame: *const c_void,
        out: *mut c_void,
    ) -> Result<DynamicAnswer, Fault> {
        let mut fault = ptr::null_mut();
        // SAFETY: the crate's fourth; frame and place are those of the call.
        let code = staying(|| unsafe {
            (self.invoke)(self.user, self.contract, method, frame, out, &raw mut fault)
        });
        // SAFETY: one count of a fault is handed over with it.
        unsafe { answer(code, fault) }
    }
}

/// What became of a call of a host's function.
///
/// # Safety
/// 1. `fault` is null, or a fault with one count, which is taken over.
pub(crate) unsafe fn answer(
    code: i32,
    fault: *mut PolyplugFaultRecord,
) -> Result<DynamicAnswer, Fault> {
    match NonNull::new(fault) {
        // SAFETY: clause 1.
        Some(fault) => Err(unsafe { Fault::from_record(fault) }),
        None if code == POLYPLUG_OK => Ok(DynamicAnswer::Value),
        None if code == POLYPLUG_LEFT_OUT => Ok(DynamicAnswer::LeftOut),
        None => Err(crate::fault::fault_of(&Failure::new(
            "no-fault",
            format!("the host's function answered {code}, and stored no fault"),
        ))),
    }
}

/// A value, of which `destroy` is called whatever becomes of it.
///
/// # Safety
/// 1. The crate's fourth.
unsafe fn foreign(
    contract: *const PolyplugContract,
    invoke: PolyplugInvoke,
    user: *mut c_void,
    destroy: PolyplugDestroy,
) -> Result<Foreign, Failure> {
    let invoke = invoke.ok_or_else(|| {
        Failure::new(
            "no-function",
            "the function that answers calls is null".to_owned(),
        )
    })?;
    // SAFETY: clause 1.
    let contract = described(unsafe { dynamic(contract) }?.info());
    Ok(Foreign {
        user,
        invoke,
        destroy,
        contract,
    })
}

/// Provides a contract, under a name of the host's (`host`, when `name` is null). `destroy` may be null; it is called when the
/// value is unloaded and nobody calls it any more, but not when this fails.
///
/// # Safety
/// The crate's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyplug_runtime_provide(
    runtime: *const PolyplugRuntime,
    contract: *const PolyplugContract,
    name: *const u8,
    name_length: usize,
    invoke: PolyplugInvoke,
    user: *mut c_void,
    destroy: PolyplugDestroy,
    error: *mut *mut PolyplugError,
) -> *mut PolyplugModule {
    // SAFETY: the crate's.
    unsafe {
        contained(error, ptr::null_mut(), || {
            let runtime = held(runtime)?;
            let name = if name.is_null() {
                "host"
            } else {
                some_text(name, name_length, "the name")?
            };
            let (value, armed) = Armed::new(foreign(contract, invoke, user, destroy)?);
            let module = runtime.dynamic_provide(dynamic(contract)?, name, Box::new(value))?;
            armed.arm();
            Ok(give(module))
        })
    }
}

/// Provides a contract with functions of the program's own: a table that the header of the contract makes of them
/// (`DEMO_PROGRESS_INTERFACE`), and what they find as the state of their receiver. No module need describe the contract. `name` and
/// `destroy` as for `polyplug_runtime_provide`.
///
/// # Safety
/// The crate's. The interface is one of the contract, and lives as long as the state.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyplug_runtime_provide_interface(
    runtime: *const PolyplugRuntime,
    interface: *const PolyplugInterfaceHeader,
    name: *const u8,
    name_length: usize,
    state: *mut c_void,
    destroy: PolyplugDestroy,
    error: *mut *mut PolyplugError,
) -> *mut PolyplugModule {
    // SAFETY: the crate's.
    unsafe {
        contained(error, ptr::null_mut(), || {
            let runtime = held(runtime)?;
            let name = if name.is_null() {
                "host"
            } else {
                some_text(name, name_length, "the name")?
            };
            if interface.is_null() || !interface.is_aligned() {
                let message = "an interface was expected, and this is null or not aligned";
                return Err(Failure::new("wrong-handle", message.to_owned()));
            }
            let contract = DynamicContract::described((*interface).contract).map_err(|reason| {
                let message = format!("the description of a contract is none: {reason}");
                Failure::new("malformed-description", message)
            })?;
            // The two types differ in what becomes of a function that unwinds, which a table of C's does not.
            let destroy = destroy.map(|destroy| {
                mem::transmute::<
                    unsafe extern "C-unwind" fn(*mut c_void),
                    unsafe extern "C" fn(*mut c_void),
                >(destroy)
            });
            let provided =
                runtime.dynamic_provide_interface(&contract, name, interface, state, destroy);
            Ok(give(provided?))
        })
    }
}

/// A value whose `destroy` is not called before it was taken.
struct Armed(std::sync::Arc<std::sync::atomic::AtomicBool>);

struct Guarded {
    value: Foreign,
    armed: std::sync::Arc<std::sync::atomic::AtomicBool>,
}

impl Armed {
    fn new(value: Foreign) -> (Guarded, Self) {
        let armed = std::sync::Arc::default();
        let guarded = Guarded {
            value,
            armed: std::sync::Arc::clone(&armed),
        };
        (guarded, Self(armed))
    }

    fn arm(&self) {
        self.0.store(true, std::sync::atomic::Ordering::SeqCst);
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        if !self.armed.load(std::sync::atomic::Ordering::SeqCst) {
            self.value.destroy = None;
        }
    }
}

// SAFETY: the value's.
unsafe impl DynamicProvider for Guarded {
    unsafe fn call(
        &self,
        method: u32,
        frame: *const c_void,
        out: *mut c_void,
    ) -> Result<DynamicAnswer, Fault> {
        // SAFETY: the caller's.
        unsafe { self.value.call(method, frame, out) }
    }
}

/// Makes an object of a contract, or a closure, that a C function answers; with one owner. To lend it for a call, pass a copy whose
/// `retain` and `release` are null, and release it with `polyplug_object_release` afterwards.
///
/// # Safety
/// The crate's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyplug_runtime_object(
    runtime: *const PolyplugRuntime,
    contract: *const PolyplugContract,
    invoke: PolyplugInvoke,
    user: *mut c_void,
    destroy: PolyplugDestroy,
    object: *mut PolyplugObject,
    error: *mut *mut PolyplugError,
) -> i32 {
    // SAFETY: the crate's.
    unsafe {
        contained(error, POLYPLUG_FAILED, || {
            if object.is_null() {
                return Err(Failure::new(
                    "no-place",
                    "the place for the object is null".to_owned(),
                ));
            }
            let runtime = held(runtime)?;
            let (value, armed) = Armed::new(foreign(contract, invoke, user, destroy)?);
            let made = runtime.dynamic_object(dynamic(contract)?.info(), Box::new(value))?;
            armed.arm();
            put(object, made);
            Ok(POLYPLUG_OK)
        })
    }
}

/// Gives up one owner of an object.
///
/// # Safety
/// The crate's. The object came from a call or from `polyplug_runtime_object`, and this owner does not use it afterwards.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyplug_object_release(object: *const PolyplugObject) -> i32 {
    // SAFETY: the crate's.
    unsafe {
        contained(ptr::null_mut(), POLYPLUG_FAILED, || match object.as_ref() {
            Some(object) if object.release.is_some() => {
                DynamicContract::release_object(object);
                Ok(POLYPLUG_OK)
            }
            _ => Ok(POLYPLUG_FAILED),
        })
    }
}

/// Adds an owner to an object that many may own (`Arc`), to be released as well, or given away. Its `retain` must not be called
/// directly: what keeps the code of the object's maker in place would not be counted. Answers `POLYPLUG_FAILED` for an object that has one owner or none.
///
/// # Safety
/// The crate's. The caller has an owner of the object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyplug_object_retain(object: *const PolyplugObject) -> i32 {
    // SAFETY: the crate's.
    unsafe {
        contained(ptr::null_mut(), POLYPLUG_FAILED, || match object.as_ref() {
            Some(object) if DynamicContract::retain_object(object) => Ok(POLYPLUG_OK),
            _ => Ok(POLYPLUG_FAILED),
        })
    }
}
