//! States of plugins: how they are made, saved, restored and destroyed. Every call into a plugin here is contained.

use core::ffi::c_void;
use core::fmt;

use polyplug_abi::{Buffer, PluginDescriptor, Receiver};
use std::sync::Arc;

use super::context::ContextCore;
use crate::data::Arena;
use crate::error::{Error, Result};
use crate::fault::{Fault, report_line};

/// How the state of a plugin goes away.
#[derive(Clone, Copy)]
pub(crate) enum Destroy {
    /// By the plugin's own function.
    Plugin(*const PluginDescriptor),
    /// By the host, which provided the value.
    Host(unsafe fn(*mut ())),
    /// By a function in another language of the host, if it wants to know.
    Foreign(Option<unsafe extern "C" fn(*mut c_void)>),
}

/// Makes a state.
///
/// # Safety
/// 1. `descriptor` was checked, and its image is mapped.
pub(crate) unsafe fn construct(
    descriptor: *const PluginDescriptor,
    context: &Arc<ContextCore>,
    plugin: &str,
) -> Result<*mut ()> {
    // SAFETY: clause 1.
    let mut receiver = Receiver::new(unsafe { (*descriptor).data });
    let mut error = Buffer::EMPTY;
    // SAFETY: clause 1; a fresh receiver, a live context, a place for an error.
    let state =
        unsafe { ((*descriptor).construct)(&raw mut receiver, context.record(), &raw mut error) };
    // SAFETY: as the constructor left them.
    unsafe { made(state, &receiver, error, plugin) }.map_err(|problem| match problem {
        Problem::Panicked(source) => Error::ConstructorPanicked {
            plugin: plugin.to_owned(),
            source,
        },
        Problem::Failed(source) => Error::ConstructorFailed {
            plugin: plugin.to_owned(),
            source,
        },
    })
}

/// What a state wants to keep over a reload; nothing when its plugin keeps nothing.
///
/// # Safety
/// 1. As for [`construct`].
/// 2. `state` is one of that plugin's, and lives.
pub(crate) unsafe fn save(
    descriptor: *const PluginDescriptor,
    state: *mut (),
    plugin: &str,
) -> Result<Option<Vec<u8>>> {
    // SAFETY: clause 1.
    let Some(save) = (unsafe { (*descriptor).save }) else {
        return Ok(None);
    };
    let mut receiver = Receiver::new(state);
    let mut out = Buffer::EMPTY;
    // SAFETY: clauses 1 and 2; a place for the bytes.
    unsafe { save(&raw mut receiver, &raw mut out) };
    if !receiver.fault.is_null() {
        // SAFETY: a fault that is stored comes with one count.
        let source = unsafe { Fault::from_raw(receiver.fault) }.called(plugin, "", "");
        return Err(Error::SaveFailed {
            plugin: plugin.to_owned(),
            source,
        });
    }
    // SAFETY: an owned wire form that `save` wrote, or the empty one.
    let checked =
        unsafe { crate::check::owned(<Vec<u8> as crate::Data>::TYPE, (&raw const out).cast()) };
    match checked {
        // SAFETY: checked a line above, received once.
        Ok(()) => Ok(Some(unsafe {
            <Vec<u8> as crate::Data>::receive(out, &Arena::new())
        })),
        Err(invalid) => Err(Error::SaveFailed {
            plugin: plugin.to_owned(),
            source: Fault::new(format!("what it saved is no list of bytes: {invalid}")),
        }),
    }
}

/// Makes a state from what an earlier version saved, or says that the plugin restores nothing.
///
/// # Safety
/// 1. As for [`construct`].
pub(crate) unsafe fn restore(
    descriptor: *const PluginDescriptor,
    context: &Arc<ContextCore>,
    saved: &[u8],
    plugin: &str,
) -> Result<Option<*mut ()>> {
    // SAFETY: clause 1.
    let Some(restore) = (unsafe { (*descriptor).restore }) else {
        return Ok(None);
    };
    // SAFETY: clause 1.
    let mut receiver = Receiver::new(unsafe { (*descriptor).data });
    let mut error = Buffer::EMPTY;
    // SAFETY: clause 1; a fresh receiver, a live context, lent bytes, a place for an error.
    let state = unsafe {
        restore(
            &raw mut receiver,
            context.record(),
            saved.as_ptr(),
            saved.len(),
            &raw mut error,
        )
    };
    // SAFETY: as `restore` left them.
    unsafe { made(state, &receiver, error, plugin) }
        .map(Some)
        .map_err(|problem| Error::RestoreFailed {
            plugin: plugin.to_owned(),
            source: match problem {
                Problem::Panicked(fault) => Box::new(fault),
                Problem::Failed(source) => source,
            },
        })
}

enum Problem {
    Panicked(Fault),
    Failed(Box<dyn std::error::Error + Send + Sync>),
}

/// # Safety
/// 1. What a function that makes a state left behind.
unsafe fn made(
    state: *mut (),
    receiver: &Receiver,
    error: Buffer,
    plugin: &str,
) -> Result<*mut (), Problem> {
    if !receiver.fault.is_null() {
        // SAFETY: a fault that is stored comes with one count.
        let fault = unsafe { Fault::from_raw(receiver.fault) };
        return Err(Problem::Panicked(fault.called(plugin, "", "")));
    }
    if !state.is_null() {
        return Ok(state);
    }
    // SAFETY: clause 1: an owned wire form, or the empty one.
    let checked = unsafe {
        crate::check::owned(
            <Vec<String> as crate::Data>::TYPE,
            (&raw const error).cast(),
        )
    };
    let chain = match checked {
        // SAFETY: checked a line above, received once.
        Ok(()) => unsafe { <Vec<String> as crate::Data>::receive(error, &Arena::new()) },
        Err(invalid) => vec![invalid.to_string()],
    };
    let source = chain.into_iter().rev().fold(None, |source, message| {
        Some(Box::new(Level { message, source }))
    });
    Err(Problem::Failed(source.unwrap_or_else(|| {
        Box::new(Level {
            message: "no reason was given".to_owned(),
            source: None,
        })
    })))
}

/// One level of an error that crossed.
#[derive(Debug)]
struct Level {
    message: String,
    source: Option<Box<Level>>,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Level {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|level| level as _)
    }
}

/// Ends a state. A panic on the way is reported; the state is gone all the same.
///
/// # Safety
/// 1. `state` belongs to `how`, nobody uses it, and it is not destroyed again.
/// 2. The image of the plugin is mapped.
pub(crate) unsafe fn destroy(how: Destroy, state: *mut (), plugin: &str) {
    match how {
        Destroy::Plugin(descriptor) => {
            let mut receiver = Receiver::new(state);
            // SAFETY: clauses 1 and 2.
            unsafe { ((*descriptor).destroy)(&raw mut receiver) };
            if !receiver.fault.is_null() {
                // SAFETY: a fault that is stored comes with one count.
                let fault = unsafe { Fault::from_raw(receiver.fault) }.called(plugin, "", "");
                report_line(&format!("polyplug: a destructor panicked in {fault}"));
            }
        }
        Destroy::Foreign(function) => {
            if let Some(function) = function {
                // SAFETY: clause 1. It does not unwind.
                unsafe { function(state.cast()) };
            }
        }
        Destroy::Host(function) => {
            // SAFETY: clause 1.
            if let Err(fault) = crate::panics::contain(|| unsafe { function(state) }) {
                report_line(&format!(
                    "polyplug: a destructor panicked in what {plugin} provides: {fault}"
                ));
            }
        }
    }
}
