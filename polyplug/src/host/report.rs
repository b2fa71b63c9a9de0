//! What lifecycle calls answer, as values that read well.

use core::fmt;
use std::time::Duration;

use super::info::ContractInfo;
use super::threads::ThreadHolder;

/// What became of a module that was unloaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum UnloadOutcome {
    /// Its states are dropped, its library is closed, and the system says that it is gone. Only said by
    /// [`Module::unload_within`](crate::Module::unload_within), or when it was asked again.
    Unmapped,
    /// Callers fault; calls inside, or the end of its states, are still waited for.
    Retiring,
    /// Callers fault; somebody still holds it, and is named.
    Held,
    /// Callers fault and its states are dropped; its code stays mapped for the reason that is given.
    StaysMapped,
    /// Nothing was done: others depend on it, and are named.
    Refused,
    /// Nothing was done: another thread is loading, reloading or unloading it.
    Busy,
}

impl UnloadOutcome {
    /// A stable word, for logs and tests.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Unmapped => "unmapped",
            Self::Retiring => "retiring",
            Self::Held => "held",
            Self::StaysMapped => "stays-mapped",
            Self::Refused => "refused",
            Self::Busy => "busy",
        }
    }
}

/// A call that is inside a module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallHolder {
    pub(crate) thread: u64,
    pub(crate) name: String,
}

impl CallHolder {
    /// The number of the thread, as the system calls it; 0 when it is not known.
    #[must_use]
    pub fn thread(&self) -> u64 {
        self.thread
    }

    /// The name of the thread, or nothing.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for CallHolder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.thread, self.name.as_str()) {
            (thread, "") => write!(f, "a call on thread {thread}"),
            (thread, name) => write!(f, "a call on thread {thread} `{name}`"),
        }
    }
}

/// Who holds a version of a module.
#[derive(Clone, Debug, Default)]
pub struct Holders {
    pub(crate) calls: Vec<CallHolder>,
    pub(crate) pins: usize,
    pub(crate) instances: Vec<(ContractInfo, usize)>,
    pub(crate) objects: usize,
    pub(crate) threads: Vec<ThreadHolder>,
}

impl Holders {
    /// Calls of callers that are inside.
    #[must_use]
    pub fn calls(&self) -> &[CallHolder] {
        &self.calls
    }

    /// How many [`Pinned`](crate::Pinned) handles there are; clones of one count once.
    #[must_use]
    pub fn pins(&self) -> usize {
        self.pins
    }

    /// How many instances of each contract live.
    #[must_use]
    pub fn instances(&self) -> &[(ContractInfo, usize)] {
        &self.instances
    }

    /// How many objects live that the module gave away: streams, closures, shared contracts.
    #[must_use]
    pub fn objects(&self) -> usize {
        self.objects
    }

    /// Threads that the library started, and threads that still have destructors of its thread-locals to run.
    #[must_use]
    pub fn threads(&self) -> &[ThreadHolder] {
        &self.threads
    }

    /// Those of two. A thread that is inside both counts once.
    pub(crate) fn and(mut self, other: Self) -> Self {
        for call in other.calls {
            if !self.calls.contains(&call) {
                self.calls.push(call);
            }
        }
        self.pins += other.pins;
        self.instances.extend(other.instances);
        self.objects += other.objects;
        self.threads.extend(other.threads);
        self
    }

    /// Whether nobody holds it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.calls.is_empty()
            && self.pins == 0
            && self.instances.is_empty()
            && self.objects == 0
            && self.threads.is_empty()
    }
}

impl fmt::Display for Holders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts: Vec<String> = self.calls.iter().map(ToString::to_string).collect();
        let many = |count: usize, what: &str| {
            let plural = if count == 1 { "" } else { "s" };
            format!("{count} {what}{plural}")
        };
        if self.pins > 0 {
            parts.push(many(self.pins, "pinned handle"));
        }
        for (contract, count) in &self.instances {
            parts.push(format!("{} of `{contract}`", many(*count, "instance")));
        }
        if self.objects > 0 {
            parts.push(many(self.objects, "object"));
        }
        parts.extend(self.threads.iter().map(ToString::to_string));
        if parts.is_empty() {
            return f.write_str("nobody");
        }
        f.write_str(&parts.join(", "))
    }
}

/// What an unload did: the receipt.
#[derive(Clone, Debug)]
pub struct UnloadReport {
    pub(crate) module: String,
    pub(crate) outcome: UnloadOutcome,
    pub(crate) holders: Holders,
    pub(crate) dependents: Vec<String>,
    pub(crate) reason: Option<String>,
    pub(crate) waited: Duration,
    pub(crate) cascaded: Vec<UnloadReport>,
}

impl UnloadReport {
    /// The file of the module, or what it is otherwise.
    #[must_use]
    pub fn module(&self) -> &str {
        &self.module
    }

    /// What became of it.
    #[must_use]
    pub fn outcome(&self) -> UnloadOutcome {
        self.outcome
    }

    /// Who holds it still.
    #[must_use]
    pub fn holders(&self) -> &Holders {
        &self.holders
    }

    /// The plugins that depend on it, by name, when that is why nothing was done.
    #[must_use]
    pub fn dependents(&self) -> &[String] {
        &self.dependents
    }

    /// Why its code stays mapped, if it does.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }

    /// How long the call waited.
    #[must_use]
    pub fn waited(&self) -> Duration {
        self.waited
    }

    /// The reports of the modules that were unloaded before it because they depend on it, in that order.
    #[must_use]
    pub fn cascaded(&self) -> &[UnloadReport] {
        &self.cascaded
    }
}

impl fmt::Display for UnloadReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for report in &self.cascaded {
            writeln!(f, "{report}")?;
        }
        let module = &self.module;
        match self.outcome {
            UnloadOutcome::Unmapped => write!(f, "{module} is unloaded and unmapped"),
            UnloadOutcome::Retiring if self.holders.is_empty() => {
                write!(f, "{module} is unloaded; its end is under way")
            }
            UnloadOutcome::Retiring | UnloadOutcome::Held => {
                write!(
                    f,
                    "{module} is unloaded, and still held by {}",
                    self.holders
                )
            }
            UnloadOutcome::StaysMapped => write!(
                f,
                "{module} is unloaded, and its code stays mapped: {}",
                self.reason.as_deref().unwrap_or("no reason is known"),
            ),
            UnloadOutcome::Refused => {
                let names: Vec<_> = self
                    .dependents
                    .iter()
                    .map(|name| format!("`{name}`"))
                    .collect();
                write!(
                    f,
                    "{module} is not unloaded, because {} {} on it; unload {} first, or use `unload_cascade`",
                    names.join(", "),
                    if names.len() == 1 {
                        "depends"
                    } else {
                        "depend"
                    },
                    if names.len() == 1 { "that" } else { "those" },
                )
            }
            UnloadOutcome::Busy => write!(
                f,
                "{module} is not unloaded, because another thread is reloading or unloading it"
            ),
        }
    }
}

/// What a reload did.
#[derive(Clone, Debug)]
pub struct ReloadReport {
    pub(crate) module: String,
    pub(crate) number: u64,
    pub(crate) restored: Vec<String>,
    pub(crate) lost: Vec<String>,
    pub(crate) took: Duration,
    pub(crate) waited: Duration,
}

impl ReloadReport {
    /// The file of the module.
    #[must_use]
    pub fn module(&self) -> &str {
        &self.module
    }

    /// Which version of the module this is in its runtime: 2 after the first reload.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.number
    }

    /// The plugins whose state was saved and restored, by name.
    #[must_use]
    pub fn restored(&self) -> &[String] {
        &self.restored
    }

    /// What callers had and the new version does not offer, or not in a shape that fits. Their calls are faults now.
    #[must_use]
    pub fn lost(&self) -> &[String] {
        &self.lost
    }

    /// How long the whole took.
    #[must_use]
    pub fn took(&self) -> Duration {
        self.took
    }

    /// How long it waited for calls and pins: none without a state to be saved.
    #[must_use]
    pub fn waited(&self) -> Duration {
        self.waited
    }
}

impl fmt::Display for ReloadReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (module, number) = (&self.module, self.number);
        write!(
            f,
            "{module} is reloaded as number {number} in {:.1?}",
            self.took
        )?;
        if !self.restored.is_empty() {
            let names: Vec<_> = self
                .restored
                .iter()
                .map(|name| format!("`{name}`"))
                .collect();
            write!(f, ", with the state of {}", names.join(", "))?;
        }
        for lost in &self.lost {
            write!(f, "\n  no longer offered: {lost}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
