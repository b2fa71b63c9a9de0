//! What a load returns, and what can be done with it.

use core::fmt;
use core::sync::atomic::{AtomicU64, Ordering};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use super::bundle::Bundle;
use super::cell::CellCore;
use super::each::Each;
use super::generation::{Alone, GenerationCore};
use super::info::{ContractInfo, PluginInfo};
use super::lifecycle;
use super::options::{Settings, SkippedContract};
use super::registry::{Found, Offered, Reserved};
use super::report::{ReloadReport, UnloadReport};
use super::runtime::{Runtime, no_provider};
use crate::contract::{Contract, SharedContract};
use crate::error::Result;
use crate::handles::{Caller, Instance};

/// A module of a runtime, over all its versions.
pub(crate) struct ModuleCore {
    pub(crate) cell: &'static CellCore,
    pub(crate) stamp: u64,
    pub(crate) path: Option<PathBuf>,
    /// For messages: the file, or `this program`.
    pub(crate) source: String,
    /// Where it stands in load order.
    place: AtomicU64,
    pub(crate) alone: Alone,
    state: Mutex<ModuleState>,
}

/// What changes with reloads and unloads.
#[derive(Debug, Default)]
pub(crate) struct ModuleState {
    pub(crate) loaded: bool,
    pub(crate) info: Vec<PluginInfo>,
    pub(crate) described: Vec<ContractInfo>,
    pub(crate) offered: Offered,
    pub(crate) reserved: Reserved,
    /// What its plugins need, and who provides it.
    pub(crate) needs: Vec<Need>,
    pub(crate) settings: Settings,
    /// Contracts that were left out.
    pub(crate) skipped: Vec<SkippedContract>,
    /// The bundle that it was loaded from.
    pub(crate) bundle: Option<Arc<Bundle>>,
    /// What its files looked like when they were read.
    #[cfg(feature = "watch")]
    pub(crate) print: super::print::Print,
    /// After the unload: the version that callers reached last.
    pub(crate) last: Option<Arc<GenerationCore>>,
    /// What makes the values, when the host provides one to each plugin.
    pub(crate) each: Option<Weak<Each>>,
    /// After the unload: the values that plugins had.
    pub(crate) values: Vec<Arc<GenerationCore>>,
}

/// A contract that a plugin cannot do without.
#[derive(Clone, Debug)]
pub(crate) struct Need {
    pub(crate) plugin: String,
    pub(crate) provider: Arc<ModuleCore>,
}

impl ModuleCore {
    pub(crate) fn new(
        cell: &'static CellCore,
        stamp: u64,
        path: Option<PathBuf>,
        source: String,
        state: ModuleState,
    ) -> Arc<Self> {
        Arc::new(Self {
            cell,
            stamp,
            path,
            source,
            place: AtomicU64::new(0),
            alone: Alone::default(),
            state: Mutex::new(state),
        })
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, ModuleState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn info(&self) -> Vec<PluginInfo> {
        self.state().info.clone()
    }

    /// What makes the values, when the host provides one to each plugin.
    pub(crate) fn each(&self) -> Option<Arc<Each>> {
        self.state().each.as_ref()?.upgrade()
    }

    pub(crate) fn is_each(&self) -> bool {
        self.state().each.is_some()
    }

    pub(crate) fn place(&self) -> u64 {
        self.place.load(Ordering::Relaxed)
    }

    pub(crate) fn set_place(&self, place: u64) {
        self.place.store(place, Ordering::Relaxed);
    }

    pub(crate) fn current(&self) -> Option<Arc<GenerationCore>> {
        self.cell.current(self.stamp)
    }
}

impl fmt::Debug for ModuleCore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Module({})", self.source)
    }
}

/// The unit that is loaded, reloaded and unloaded: a shared library, the plugins linked into the program, or a value
/// that the host provides.
///
/// A handle: dropping it unloads nothing. It stays usable after the module was unloaded, to ask what became of it.
#[derive(Clone)]
pub struct Module {
    pub(crate) runtime: Runtime,
    pub(crate) core: Arc<ModuleCore>,
}

impl Module {
    /// The file it was loaded from, or the folder of its bundle; nothing for linked plugins and provided values.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        self.core.path.as_deref()
    }

    /// The bundle it was loaded from, as the manifest was at the last load or reload; nothing for a plain library.
    #[must_use]
    pub fn bundle(&self) -> Option<Bundle> {
        self.core.state().bundle.as_deref().cloned()
    }

    /// Its plugins, in the order of their names; those of the last version after an unload.
    #[must_use]
    pub fn plugins(&self) -> Vec<PluginInfo> {
        self.core.info()
    }

    /// The contracts that were left out, because their shape is not the one that this program knows; only with
    /// [`Mismatch::SkipContract`](crate::Mismatch::SkipContract).
    #[must_use]
    pub fn skipped(&self) -> Vec<SkippedContract> {
        self.core.state().skipped.clone()
    }

    /// Whether callers reach it.
    #[must_use]
    pub fn is_loaded(&self) -> bool {
        self.core.state().loaded
    }

    /// A caller of the first plugin of this module that offers the contract.
    ///
    /// # Errors
    /// [`Error::NoProvider`](crate::Error::NoProvider), with what the module offers.
    pub fn get<C: ?Sized + SharedContract>(&self) -> Result<Caller<C>> {
        self.runtime.caller(&self.find::<C>()?)
    }

    /// A new instance of the first plugin of this module that offers the contract.
    ///
    /// # Errors
    /// [`Error::NoProvider`](crate::Error::NoProvider), or what its constructor says.
    pub fn create<C: ?Sized + Contract>(&self) -> Result<Instance<C>> {
        self.runtime.instance(&self.find::<C>()?)
    }

    /// Puts the file as it is now in the place of what is loaded; callers reach it from their next call on. Waits at most
    /// 5 seconds; see [`Module::reload_within`].
    ///
    /// # Errors
    /// As for [`Module::reload_within`].
    pub fn reload(&self) -> Result<ReloadReport> {
        self.reload_within(Duration::from_secs(5))
    }

    /// Puts the file as it is now in the place of what is loaded.
    ///
    /// When a plugin has `save` and `restore`, no update is lost: new calls from threads that are not inside already wait,
    /// calls inside and pinned handles are waited for, at most as long as `limit`, then the state is saved and restored,
    /// and everybody goes on in the new version. Without them nothing waits, and a pinned handle keeps the old version.
    /// Instances stay on their version until [`Instance::migrate`]. Of a bundle the manifest is read anew, and may name
    /// another file.
    ///
    /// # Errors
    /// What [`Runtime::load`] says of the new file;
    /// [`Error::ReloadTimeout`](crate::Error::ReloadTimeout) with the names of who did not leave in time;
    /// [`Error::SaveFailed`](crate::Error::SaveFailed), [`Error::RestoreFailed`](crate::Error::RestoreFailed);
    /// [`Error::Reentrant`](crate::Error::Reentrant) from inside the module,
    /// [`Error::Busy`](crate::Error::Busy) when another thread is at it. After any of them what was loaded serves on.
    pub fn reload_within(&self, limit: Duration) -> Result<ReloadReport> {
        lifecycle::reload(self, limit)
    }

    /// Takes the module away: from now on calls of its callers are faults of kind `Unloaded`, and its name and file are
    /// free. Waits for nothing. Handles that hold it keep working; what is left of it ends by itself when they are gone.
    ///
    /// Refused when a plugin of another module needs it.
    pub fn unload(&self) -> UnloadReport {
        lifecycle::unload(self, None)
    }

    /// As [`Module::unload`], then waits for calls inside and pinned handles, and for the end of its states, at most as
    /// long as `limit`. Only this can say that the library is unmapped. Never waits for instances and objects, nor for
    /// the calling thread itself.
    pub fn unload_within(&self, limit: Duration) -> UnloadReport {
        lifecycle::unload(self, Some(limit))
    }

    /// As [`Module::unload`], after all modules that depend on it, and those that depend on them.
    pub fn unload_cascade(&self) -> UnloadReport {
        lifecycle::unload_cascade(self)
    }

    /// The modules that plugins of this one need.
    #[must_use]
    pub fn dependencies(&self) -> Vec<Self> {
        let mut found: Vec<Self> = Vec::new();
        for need in &self.core.state().needs {
            if !found
                .iter()
                .any(|known| Arc::ptr_eq(&known.core, &need.provider))
            {
                found.push(Self {
                    runtime: self.runtime.clone(),
                    core: Arc::clone(&need.provider),
                });
            }
        }
        found
    }

    /// The modules with plugins that need this one, in load order.
    #[must_use]
    pub fn dependents(&self) -> Vec<Self> {
        let modules = self.runtime.modules().into_iter();
        modules
            .filter(|module| {
                let state = module.core.state();
                let mut needs = state.needs.iter();
                !Arc::ptr_eq(&module.core, &self.core)
                    && needs.any(|need| Arc::ptr_eq(&need.provider, &self.core))
            })
            .collect()
    }

    fn find<C: ?Sized + Contract>(&self) -> Result<Found> {
        let all = self.runtime.find_all::<C>();
        let found = all
            .into_iter()
            .find(|found| Arc::ptr_eq(&found.module, &self.core));
        found.ok_or_else(|| {
            let info = self.core.info();
            let offered = info.iter().flat_map(PluginInfo::contracts);
            no_provider::<C>(offered.map(ToString::to_string).collect())
        })
    }
}

impl fmt::Debug for Module {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Module({})", self.core.source)
    }
}
