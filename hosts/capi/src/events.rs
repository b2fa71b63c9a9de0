//! Who is told of loads, reloads and unloads.

use core::any::Any;
use core::ffi::c_void;
use core::ptr;

use polyplug::Event;
use polyplug_abi::Slice as PolyplugSlice;

use crate::error::{Failure, PolyplugError};
use crate::handle::{PolyplugRuntime, PolyplugSubscription, Texts, contained, give, held};
use crate::provide::{PolyplugDestroy, staying};

/// Something happened to a module. Lives for the call only.
#[repr(C)]
#[derive(Debug)]
pub struct PolyplugEvent {
    /// A stable word: `loaded`, `reloading`, `reloaded`, `failed`, `unloading`, `unloaded`.
    pub code: PolyplugSlice,
    /// The file of the module, or what it is otherwise.
    pub module: PolyplugSlice,
    /// In words.
    pub text: PolyplugSlice,
}

/// Is told of an event, on the thread that made the change; it may use the runtime. Must not unwind.
pub type PolyplugListener =
    Option<unsafe extern "C-unwind" fn(user: *mut c_void, event: *const PolyplugEvent)>;

/// Something is told until it is dropped.
#[derive(Debug)]
pub struct PolyplugSubscriptionValue {
    _told: Box<dyn Any + Send + Sync>,
}

impl PolyplugSubscriptionValue {
    pub(crate) fn of(told: Box<dyn Any + Send + Sync>) -> Self {
        Self { _told: told }
    }
}

/// An event in words.
pub(crate) struct Told {
    code: &'static str,
    module: String,
    text: String,
}

impl Told {
    pub(crate) fn new(code: &'static str, module: &str, text: &str) -> Self {
        Self {
            code,
            module: module.to_owned(),
            text: text.to_owned(),
        }
    }

    pub(crate) fn of(event: &Event) -> Self {
        let (code, module) = match event {
            Event::Loaded { module, .. } => ("loaded", module.as_str()),
            Event::Reloading { module, .. } => ("reloading", module.as_str()),
            Event::Reloaded { module, .. } => ("reloaded", module.as_str()),
            Event::Failed { module, .. } => ("failed", module.as_str()),
            Event::Unloading { module, .. } => ("unloading", module.as_str()),
            Event::Unloaded { module, .. } => ("unloaded", module.as_str()),
            _ => ("other", ""),
        };
        Self::new(code, module, &event.to_string())
    }

    /// Lends it as C reads it.
    pub(crate) fn lend(&self, tell: impl FnOnce(*const PolyplugEvent)) {
        let mut texts = Texts::default();
        let event = PolyplugEvent {
            code: texts.add(self.code),
            module: texts.add(&self.module),
            text: texts.add(&self.text),
        };
        tell(&raw const event);
    }
}

struct Listener {
    user: *mut c_void,
    listener: unsafe extern "C-unwind" fn(user: *mut c_void, event: *const PolyplugEvent),
    destroy: PolyplugDestroy,
}

// SAFETY: the crate's fourth.
unsafe impl Send for Listener {}
// SAFETY: as above.
unsafe impl Sync for Listener {}

impl Drop for Listener {
    fn drop(&mut self) {
        if let Some(destroy) = self.destroy {
            // SAFETY: the crate's fourth.
            staying(|| unsafe { destroy(self.user) });
        }
    }
}

impl Listener {
    fn tell(&self, event: &Event) {
        Told::of(event).lend(|event| {
            // SAFETY: the crate's fourth.
            staying(|| unsafe { (self.listener)(self.user, event) });
        });
    }
}

/// Tells `listener` of every load, reload and unload, until the subscription is released; then `destroy`, which may be null, is
/// called with `user`, once nobody is inside the listener. It is not called when this fails.
///
/// # Safety
/// The crate's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyplug_runtime_subscribe(
    runtime: *const PolyplugRuntime,
    listener: PolyplugListener,
    user: *mut c_void,
    destroy: PolyplugDestroy,
    error: *mut *mut PolyplugError,
) -> *mut PolyplugSubscription {
    // SAFETY: the crate's.
    unsafe {
        contained(error, ptr::null_mut(), || {
            let runtime = held(runtime)?;
            let listener = listener
                .ok_or_else(|| Failure::new("no-function", "the listener is null".to_owned()))?;
            let listener = Listener {
                user,
                listener,
                destroy,
            };
            let told = runtime.subscribe(move |event| listener.tell(event));
            Ok(give(PolyplugSubscriptionValue::of(Box::new(told))))
        })
    }
}
