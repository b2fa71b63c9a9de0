//! Who is told what plugins, and libpolyplug itself, log.
//!
//! What is always true:
//!
//! * **N1** A listener is called with no lock held, so it may use the library.

use core::any::Any;
use core::ffi::c_void;
use core::fmt::{Debug, Write as _};
use core::ptr;
use core::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use polyplug_abi::{Slice as PolyplugSlice, log_level};
use tracing_core::dispatcher::{self, Dispatch};
use tracing_core::field::{Field, Visit};
use tracing_core::metadata::{Level, LevelFilter, Metadata};
use tracing_core::span::{Attributes, Id, Record};
use tracing_core::subscriber::{Interest, Subscriber};
use tracing_core::{Event, callsite};

use crate::error::{Failure, PolyplugError};
use crate::events::PolyplugSubscriptionValue;
use crate::handle::{PolyplugSubscription, Texts, contained, give};
use crate::provide::{PolyplugDestroy, staying};

/// Something was logged. Lives for the call only.
#[repr(C)]
#[derive(Debug)]
pub struct PolyplugLogLine {
    /// 1 for an error, 2 for a warning, 3 for information, 4 for what helps to find a mistake, 5 for every step.
    pub level: u32,
    /// The plugin that logged, or its file when it has several; empty when it was libpolyplug.
    pub plugin: PolyplugSlice,
    /// The part of the program that it is about.
    pub target: PolyplugSlice,
    /// The message.
    pub message: PolyplugSlice,
    /// The message, and after it the other fields as `name=value`.
    pub text: PolyplugSlice,
}

/// Is told of a line of the log, on the thread that logged; it may use the library. Must not unwind.
pub type PolyplugLogListener =
    Option<unsafe extern "C-unwind" fn(user: *mut c_void, line: *const PolyplugLogLine)>;

struct Listener {
    level: u32,
    user: *mut c_void,
    listener: unsafe extern "C-unwind" fn(user: *mut c_void, line: *const PolyplugLogLine),
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

/// Everybody who is told, by a number.
static LISTENERS: RwLock<Vec<(u64, Arc<Listener>)>> = RwLock::new(Vec::new());

/// One who is told until this is dropped.
struct Told(u64);

impl Drop for Told {
    fn drop(&mut self) {
        let mut listeners = LISTENERS.write().unwrap_or_else(PoisonError::into_inner);
        let position = listeners.iter().position(|(number, _)| *number == self.0);
        let ended = position.map(|position| listeners.remove(position));
        drop(listeners);
        callsite::rebuild_interest_cache();
        // The last one inside the listener, or this, ends it.
        drop(ended);
    }
}

/// Those who want records of that level.
fn listeners(level: Level) -> Vec<Arc<Listener>> {
    let level = number(level);
    let listeners = LISTENERS.read().unwrap_or_else(PoisonError::into_inner);
    let wanting = listeners.iter().filter(|(_, one)| level <= one.level);
    wanting.map(|(_, one)| Arc::clone(one)).collect()
}

fn number(level: Level) -> u32 {
    match level {
        Level::ERROR => log_level::ERROR,
        Level::WARN => log_level::WARN,
        Level::INFO => log_level::INFO,
        Level::DEBUG => log_level::DEBUG,
        _ => log_level::TRACE,
    }
}

/// Hands every record on. Spans are not told.
struct Forward;

impl Subscriber for Forward {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if metadata.is_event() {
            Interest::sometimes()
        } else {
            Interest::never()
        }
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        let level = number(*metadata.level());
        let listeners = LISTENERS.read().unwrap_or_else(PoisonError::into_inner);
        metadata.is_event() && listeners.iter().any(|(_, one)| level <= one.level)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        let listeners = LISTENERS.read().unwrap_or_else(PoisonError::into_inner);
        Some(match listeners.iter().map(|(_, one)| one.level).max() {
            None => LevelFilter::OFF,
            Some(log_level::ERROR) => LevelFilter::ERROR,
            Some(log_level::WARN) => LevelFilter::WARN,
            Some(log_level::INFO) => LevelFilter::INFO,
            Some(log_level::DEBUG) => LevelFilter::DEBUG,
            Some(_) => LevelFilter::TRACE,
        })
    }

    fn event(&self, event: &Event<'_>) {
        let metadata = event.metadata();
        let listeners = listeners(*metadata.level());
        if listeners.is_empty() {
            return;
        }
        let mut parts = Parts::default();
        event.record(&mut parts);
        let mut texts = Texts::default();
        let line = PolyplugLogLine {
            level: number(*metadata.level()),
            plugin: texts.add(&parts.plugin),
            target: texts.add(metadata.target()),
            text: texts.add(&format!("{}{}", parts.message, parts.rest)),
            message: texts.add(&parts.message),
        };
        for one in listeners {
            // SAFETY: the crate's fourth.
            staying(|| unsafe { (one.listener)(one.user, &raw const line) });
        }
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1) // spans are disabled: nobody asks
    }
    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

/// The fields of a record, as texts.
#[derive(Default)]
struct Parts {
    message: String,
    plugin: String,
    rest: String,
}

impl Visit for Parts {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "message" => value.clone_into(&mut self.message),
            "plugin" => value.clone_into(&mut self.plugin),
            _ => self.record_debug(field, &value),
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let name = field.name();
        let written = match name {
            "message" => write!(self.message, "{value:?}"),
            "plugin" => write!(self.plugin, "{value:?}"),
            _ => write!(self.rest, " {name}={value:?}"),
        };
        debug_assert!(written.is_ok(), "a text can always be written to");
    }
}

/// Makes libpolyplug the one that records go to, once.
fn begin() -> Result<(), Failure> {
    static BEGUN: OnceLock<bool> = OnceLock::new();
    let begun =
        BEGUN.get_or_init(|| dispatcher::set_global_default(Dispatch::new(Forward)).is_ok());
    if *begun {
        return Ok(());
    }
    Err(Failure::new(
        "log-taken",
        "the log of this program goes elsewhere: it has a subscriber of its own".to_owned(),
    ))
}

/// Tells `listener` of everything that is logged up to that level (1 only errors, 5 all) by plugins of all runtimes, until the
/// subscription is released; then `destroy`, which may be null, is called with `user`, once nobody is inside the listener. It is
/// not called when this fails.
///
/// # Safety
/// The crate's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyplug_log_subscribe(
    level: u32,
    listener: PolyplugLogListener,
    user: *mut c_void,
    destroy: PolyplugDestroy,
    error: *mut *mut PolyplugError,
) -> *mut PolyplugSubscription {
    static NUMBERS: AtomicU64 = AtomicU64::new(0);
    // SAFETY: the crate's.
    unsafe {
        contained(error, ptr::null_mut(), || {
            let listener = listener
                .ok_or_else(|| Failure::new("no-function", "the listener is null".to_owned()))?;
            begin()?;
            let number = NUMBERS.fetch_add(1, Ordering::Relaxed);
            let told = Arc::new(Listener {
                level,
                user,
                listener,
                destroy,
            });
            let mut listeners = LISTENERS.write().unwrap_or_else(PoisonError::into_inner);
            listeners.push((number, told));
            drop(listeners);
            callsite::rebuild_interest_cache();
            let told: Box<dyn Any + Send + Sync> = Box::new(Told(number));
            Ok(give(PolyplugSubscriptionValue::of(told)))
        })
    }
}
