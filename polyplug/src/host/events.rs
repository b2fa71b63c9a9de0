//! Who is told of loads, reloads and unloads: after the change, on the thread that made it, with no lock held.

use core::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use super::report::{ReloadReport, UnloadReport};

/// What happened to a module.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event {
    /// It is loaded: callers find it.
    #[non_exhaustive]
    Loaded {
        /// Its file, or what it is otherwise.
        module: String,
        /// The names of its plugins.
        plugins: Vec<String>,
    },
    /// A reload begins.
    #[non_exhaustive]
    Reloading {
        /// Its file.
        module: String,
    },
    /// Callers reach the new version.
    #[non_exhaustive]
    Reloaded {
        /// Its file.
        module: String,
        /// What was done.
        report: ReloadReport,
    },
    /// A load or a reload failed; what was there before still is.
    #[non_exhaustive]
    Failed {
        /// Its file.
        module: String,
        /// The error, with its causes.
        error: String,
        /// Its stable word.
        code: &'static str,
    },
    /// Callers no longer reach it.
    #[non_exhaustive]
    Unloading {
        /// Its file, or what it is otherwise.
        module: String,
    },
    /// The call that unloads it returns, with this report.
    #[non_exhaustive]
    Unloaded {
        /// Its file, or what it is otherwise.
        module: String,
        /// What was done.
        report: UnloadReport,
    },
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Loaded { module, plugins } => {
                write!(f, "{module} is loaded, with {}", plugins.join(", "))
            }
            Self::Reloading { module } => write!(f, "{module} is being reloaded"),
            Self::Reloaded { report, .. } => fmt::Display::fmt(report, f),
            Self::Failed { module, error, .. } => write!(f, "{module} failed: {error}"),
            Self::Unloading { module } => write!(f, "{module} is being unloaded"),
            Self::Unloaded { report, .. } => fmt::Display::fmt(report, f),
        }
    }
}

type Listener = dyn Fn(&Event) + Send + Sync;

/// Those who listen.
#[derive(Default)]
pub(crate) struct Listeners {
    list: Mutex<Vec<(u64, Arc<Listener>)>>,
}

impl Listeners {
    pub(crate) fn add(self: &Arc<Self>, listener: Arc<Listener>) -> Subscription {
        let mut list = self.list.lock().unwrap_or_else(PoisonError::into_inner);
        let number = list.last().map_or(0, |(last, _)| last + 1);
        list.push((number, listener));
        Subscription {
            number,
            listeners: Arc::downgrade(self),
        }
    }

    /// Tells everybody. A listener that panics keeps nobody else from hearing.
    pub(crate) fn tell(&self, event: &Event) {
        let list: Vec<_> = {
            let list = self.list.lock().unwrap_or_else(PoisonError::into_inner);
            list.iter()
                .map(|(_, listener)| Arc::clone(listener))
                .collect()
        };
        for listener in list {
            if let Err(payload) = catch_unwind(AssertUnwindSafe(|| listener(event))) {
                // Its destructor could panic again.
                core::mem::forget(payload);
            }
        }
    }
}

/// Someone who listens; dropping it ends that.
#[must_use = "dropping it ends the subscription at once"]
pub struct Subscription {
    number: u64,
    listeners: Weak<Listeners>,
}

impl Drop for Subscription {
    fn drop(&mut self) {
        let Some(listeners) = self.listeners.upgrade() else {
            return;
        };
        let mut list = listeners
            .list
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let at = list.iter().position(|(number, _)| *number == self.number);
        let gone = at.map(|at| list.remove(at));
        drop(list);
        // Whatever it captured is dropped without the lock.
        drop(gone);
    }
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Subscription({})", self.number)
    }
}
