//! The host's face: loading, looking up, providing.
//!
//! What is always true:
//!
//! * **T1** The registry's lock is never held while code of a plugin runs.
//! * **T2** A load that fails anywhere leaves the registry as it was.

use core::fmt;
use core::marker::PhantomData;
use core::sync::atomic::{AtomicBool, Ordering};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use polyplug_abi::{ContractDescriptor, InterfaceHeader, Link, asked};

use super::admission::Candidate;
use super::bundle::{self, Chosen};
use super::cell::{CellCore, Shape, immortal};
use super::each::{Asker, Each, ProvidedParts};
use super::events::{Event, Listeners, Subscription};
use super::fast::FastMap;
use super::generation::GenerationCore;
use super::holds;
use super::info::{ContractInfo, PluginInfo};
use super::keeper::{Keeper, Kept, keep};
use super::load;
use super::module::{Module, ModuleCore, ModuleState};
use super::options::{LoadCandidate, LoadOptions, Mismatch, Settings, Verifier};
use super::registry::{Found, Registry, Reserved, similar};
use super::state::Destroy;
use super::{domain, lifecycle, reaper};
use crate::context::name_of;
use crate::contract::{Contract, ProviderForEach, ProviderOf, SharedContract};
use crate::error::{Error, Result};
use crate::fault::Fault;
use crate::handles::{Caller, Instance};
use crate::plugin::BoxError;

/// The name under which the host's own values are provided.
pub(crate) const HOST: &str = "host";

/// Where plugins are loaded and found. Cloning is cheap, and every clone is the same runtime.
///
/// Several runtimes can live in one process; they share nothing, not even the statics of a plugin that both have loaded.
/// When the last clone and the last handle are gone, everything is unloaded, and plugins are dropped on a thread of their
/// own: nothing waits for that, neither the drop of the last handle nor a `main` that returns. What must be saved at the
/// end, save in a method that the host calls, or unload with [`Module::unload_within`].
#[derive(Clone)]
pub struct Runtime {
    shell: Arc<Shell>,
}

/// What all clones of a runtime share, but its handles do not.
struct Shell {
    inner: Arc<RuntimeInner>,
}

/// A runtime that others keep alive.
#[cfg(feature = "watch")]
pub(crate) struct WeakRuntime(std::sync::Weak<Shell>);

#[cfg(feature = "watch")]
impl WeakRuntime {
    /// The runtime, unless it is gone.
    pub(crate) fn upgrade(&self) -> Option<Runtime> {
        self.0.upgrade().map(|shell| Runtime { shell })
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        self.inner.keeper.orphan();
        if self.inner.keeper.is_empty() {
            self.inner.close();
        } else {
            reaper::adopt(Arc::clone(&self.inner));
        }
    }
}

/// How a [`Runtime`] shall behave; made by [`Runtime::builder`].
#[derive(Clone, Debug, Default)]
pub struct Builder {
    settings: Settings,
}

impl Builder {
    /// Whether plugins built with `panic = "abort"` may be loaded. A panic in one of them ends the process.
    /// Default: no.
    #[must_use]
    pub fn allow_panic_abort(mut self, allow: bool) -> Self {
        self.settings.allow_panic_abort = allow;
        self
    }

    /// Whether a panic in a plugin also prints its usual message on standard error, although it arrives as a fault.
    /// Default: no.
    #[must_use]
    pub fn plugin_panic_output(mut self, output: bool) -> Self {
        self.settings.plugin_panic_output = output;
        self
    }

    /// Whether libraries are mapped where they lie, instead of a private copy: for systems on which nothing may be run from
    /// the temporary folder, and for files that only root can change. Default: no.
    ///
    /// Such a file must not be written to while it is mapped: the code changes under the process. Delete it and put another
    /// in its place, after the unload. Nor can it be reloaded, or be loaded by two runtimes of one process at a time:
    /// the system has one image of one file.
    #[must_use]
    pub fn in_place(mut self, in_place: bool) -> Self {
        self.settings.in_place = in_place;
        self
    }

    /// What to do with a contract whose shape is not the one that this program knows. Default:
    /// [`Mismatch::RefuseModule`].
    #[must_use]
    pub fn mismatch(mut self, mismatch: Mismatch) -> Self {
        self.settings.mismatch = mismatch;
        self
    }

    /// Who is asked before a library is opened, at loads and reloads: to check a signature, or a list of hashes. It sees
    /// the very bytes that will be mapped. Until it says yes nothing of the library is mapped, and none of its code has
    /// run. It runs with no lock held, and may use a runtime.
    ///
    /// ```
    /// let runtime = polyplug::Runtime::builder()
    ///     .verify(|candidate| match candidate.bytes().len() {
    ///         0..10_000_000 => Ok(()),
    ///         size => Err(format!("{size} bytes are too many")),
    ///     })
    ///     .build();
    /// ```
    #[must_use]
    pub fn verify<E: Into<BoxError>>(
        mut self,
        verify: impl Fn(&LoadCandidate<'_>) -> Result<(), E> + Send + Sync + 'static,
    ) -> Self {
        self.settings.verify = Some(Verifier::new(verify));
        self
    }

    /// What a plugin does not find, its test can give.
    #[cfg(feature = "testing")]
    pub(crate) fn for_tests(mut self) -> Self {
        self.settings.for_tests = true;
        self
    }

    /// Makes the runtime.
    ///
    /// # Panics
    /// Inside a plugin that was loaded from a file: there is one domain of reclamation in a process, the host's (B1). A
    /// plugin reaches the host's runtime through its context.
    #[must_use]
    pub fn build(self) -> Runtime {
        assert!(
            !crate::image::is_module(),
            "a plugin that was loaded from a file has no runtime of its own; ask the host for what it needs, with a host contract"
        );
        domain::watch_forks();
        Runtime {
            shell: Arc::new(Shell {
                inner: Arc::new(RuntimeInner {
                    settings: self.settings,
                    registry: RwLock::default(),
                    fast: FastMap::default(),
                    keeper: Keeper::new(),
                    listeners: Arc::default(),
                    closed: AtomicBool::new(false),
                    config: Mutex::default(),
                }),
            }),
        }
    }
}

pub(crate) struct RuntimeInner {
    pub(crate) settings: Settings,
    registry: RwLock<Registry>,
    pub(crate) fast: FastMap,
    pub(crate) keeper: Keeper,
    pub(crate) listeners: Arc<Listeners>,
    closed: AtomicBool,
    /// What plugins are configured with, by name: JSON text.
    config: Mutex<HashMap<String, String>>,
}

impl RuntimeInner {
    /// What the host configured a plugin with, as JSON text.
    pub(crate) fn config(&self, plugin: &str) -> Option<String> {
        let config = self.config.lock().unwrap_or_else(PoisonError::into_inner);
        config.get(plugin).cloned()
    }

    pub(crate) fn read(&self) -> RwLockReadGuard<'_, Registry> {
        self.registry.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn write(&self) -> RwLockWriteGuard<'_, Registry> {
        self.registry
            .write()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether everything in it was unloaded, because nobody has it any more.
    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::SeqCst)
    }

    /// Unloads everything, the last loaded first. Waits for nothing.
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
        let modules: Vec<_> = self.read().modules().rev().cloned().collect();
        for module in modules {
            lifecycle::withdraw(self, &module);
        }
    }

    /// A link for a plugin, which does not keep the runtime alive: to a provider of the host's, or of another plugin's.
    ///
    /// # Safety
    /// 1. `wanted` is a descriptor of an image that is mapped.
    pub(crate) unsafe fn link_for(
        &self,
        asker: Asker<'_>,
        who: u32,
        wanted: *const ContractDescriptor,
        number: usize,
    ) -> Result<Link, Fault> {
        // SAFETY: clause 1.
        let shape = unsafe { Shape::of(wanted) }.map_err(Fault::new)?;
        let found = {
            let registry = self.read();
            if who == asked::HOST {
                let all = registry.all_provided(shape.id(), shape.major());
                all.into_iter().nth(number)
            } else {
                let mut offers = registry
                    .offers(shape.id(), shape.major())
                    .filter(|found| !found.provided && found.plugin != asker.plugin);
                offers.nth(number).cloned()
            }
        };
        let found = found.ok_or_else(|| {
            if self.settings.for_tests {
                let with = if who == asked::HOST { "host" } else { "peer" };
                return Fault::new(format!(
                    "this test gives none; add `.with_{with}::<dyn ..>(..)` to its `Context::for_tests()`"
                ));
            }
            let error = Error::NoProvider {
                contract: ContractInfo::new(&shape.catalog, shape.contract).to_string(),
                available: self.read().offered(),
                similar: None,
            };
            Fault::new(error.to_string())
        })?;
        if let Some(each) = found.module.each() {
            return each.link(asker, &shape);
        }
        let link = found
            .module
            .cell
            .link(found.module.stamp, found.plugin, &shape);
        match link {
            Some(Ok(link)) => Ok(link),
            Some(Err(error)) => Err(Fault::new(format!("{error:#}"))),
            None => Err(Fault::new("it was unloaded just now")),
        }
    }
}

impl Default for Runtime {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runtime")
            .field(
                "modules",
                &self.inner().read().modules().collect::<Vec<_>>(),
            )
            .finish()
    }
}

impl Runtime {
    /// A runtime with nothing in it.
    #[must_use]
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// A runtime that behaves otherwise.
    #[must_use]
    pub fn builder() -> Builder {
        Builder::default()
    }

    pub(crate) fn inner(&self) -> &Arc<RuntimeInner> {
        &self.shell.inner
    }

    #[cfg(feature = "watch")]
    pub(crate) fn downgrade(&self) -> WeakRuntime {
        WeakRuntime(Arc::downgrade(&self.shell))
    }

    pub(crate) fn tell(&self, event: &Event) {
        self.inner().listeners.tell(event);
    }

    /// Tells the listener of every load, reload and unload from now on, until the subscription is dropped. It is called on the
    /// thread that made the change, after the change, with no lock held; it may use the runtime.
    pub fn subscribe(&self, listener: impl Fn(&Event) + Send + Sync + 'static) -> Subscription {
        self.inner().listeners.add(Arc::new(listener))
    }

    /// Loads a shared library with all its plugins. A path without extension tries the platform's, so
    /// `plugins/hello` finds `plugins/libhello.so`.
    ///
    /// What is mapped is a private copy: the file may be overwritten or replaced meanwhile.
    ///
    /// With the feature `bundle` the path may be a folder with a `polyplug.toml` in it: that says which of its libraries is
    /// meant, and is loaded with it as one module.
    ///
    /// # Errors
    /// One variant of [`Error`] for each thing that can be wrong with a file or a plugin. A load that fails
    /// leaves nothing behind.
    pub fn load(&self, path: impl AsRef<Path>) -> Result<Module> {
        self.load_with(path, LoadOptions::new())
    }

    /// As [`Runtime::load`], but for what the options say.
    ///
    /// # Errors
    /// As for [`Runtime::load`].
    pub fn load_with(&self, path: impl AsRef<Path>, options: LoadOptions) -> Result<Module> {
        let path = load::find(path.as_ref())?;
        let source = format!("`{}`", path.display());
        let settings = options.over(&self.inner().settings);
        let loaded = self.load_found(&path, &source, settings);
        self.told(&source, loaded)
    }

    fn load_found(&self, path: &Path, source: &str, settings: Settings) -> Result<Module> {
        let mut reservation = Reservation::new(self);
        reservation.file(path)?;
        let chosen = bundle::chosen(path)?;
        if let Some(bundle) = &chosen.bundle {
            // Before anything of it is opened; asked again when it is admitted.
            bundle.check(&self.inner().read(), None)?;
        }
        let candidate = self.open_candidate(chosen, source, settings)?;
        self.admit(candidate, Some(path.to_owned()), reservation)
    }

    /// Opens a library whose path, or that of the bundle that it is in, is reserved.
    pub(crate) fn open_candidate(
        &self,
        chosen: Chosen,
        source: &str,
        settings: Settings,
    ) -> Result<Candidate> {
        let opened = self.open_module(&chosen.library, settings.init_options(), &settings)?;
        let candidate = Candidate::new(opened, source.to_owned(), settings);
        candidate.chosen(chosen)?.may_abort()
    }

    /// Loads the plugins that are linked into this program.
    ///
    /// # Errors
    /// [`Error::NothingLinked`] when there are none, [`Error::AlreadyLoaded`] the second time, and what
    /// [`Runtime::load`] says of plugins that cannot be constructed.
    pub fn load_linked(&self) -> Result<Module> {
        let source = PathBuf::from("this program");
        let load = || {
            let mut reservation = Reservation::new(self);
            reservation.file(&source)?;
            let candidate = Candidate::new(
                load::linked(&source)?,
                "this program".to_owned(),
                self.inner().settings.clone(),
            );
            self.admit(candidate, None, reservation)
        };
        let loaded = load();
        self.told("this program", loaded)
    }

    /// Says how a load went.
    pub(crate) fn told(&self, source: &str, loaded: Result<Module>) -> Result<Module> {
        match &loaded {
            Ok(module) => self.tell(&Event::Loaded {
                module: source.to_owned(),
                plugins: module
                    .core
                    .info()
                    .iter()
                    .map(|info| info.name.clone())
                    .collect(),
            }),
            Err(error) => self.tell(&Event::Failed {
                module: source.to_owned(),
                error: format!("{error:#}"),
                code: error.code(),
            }),
        }
        loaded
    }

    /// Checks, constructs and publishes what a module registered.
    pub(crate) fn admit(
        &self,
        mut candidate: Candidate,
        path: Option<PathBuf>,
        mut reservation: Reservation<'_>,
    ) -> Result<Module> {
        candidate.leave_out()?;
        let names = candidate.names();
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        reservation.names(&names, &candidate.source)?;
        let needs = candidate.check(self.inner())?;
        candidate.provide_each(self.inner())?;
        for plugin in candidate.order() {
            candidate.construct(self.inner(), plugin, "", None)?;
        }
        let (cell, stamp) = (candidate.cell, candidate.stamp);
        let source = candidate.source.clone();
        let state = ModuleState {
            needs,
            ..candidate.state()
        };
        let generation = candidate.into_generation(1);
        let module = ModuleCore::new(cell, stamp, path, source, state);
        reservation.publish(&module, generation);
        Ok(Module {
            runtime: self.clone(),
            core: module,
        })
    }

    /// Configures a plugin, by its name, in the place of what it was configured with before. It reads that with
    /// [`Context::config`](crate::Context::config): usually in its constructor, so configure it before it is loaded, or
    /// reload it after. Nothing is told to a plugin that does not ask.
    ///
    /// The value crosses as JSON text; a plugin in another language reads it as such. It takes the place of the whole of what
    /// the manifest of a bundle configures the plugin with.
    ///
    /// # Errors
    /// [`Error::ConfigUnwritable`] when the value cannot be written as JSON, as a map whose keys are no texts.
    #[cfg(feature = "config")]
    pub fn configure(&self, plugin: &str, config: &impl serde::Serialize) -> Result<()> {
        // Code of the host's runs here, so the lock is taken after it.
        let text = serde_json::to_string(config).map_err(|source| Error::ConfigUnwritable {
            plugin: plugin.to_owned(),
            source: Box::new(source),
        })?;
        let mut config = self
            .inner()
            .config
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        config.insert(plugin.to_owned(), text);
        Ok(())
    }

    /// Provides a contract with a value of the host, under the name `host`.
    ///
    /// # Errors
    /// [`Error::DuplicateName`] when this contract is provided already; see [`Runtime::provide_as`].
    pub fn provide<C: ?Sized + SharedContract>(&self, value: impl ProviderOf<C>) -> Result<Module> {
        self.provide_as::<C>(HOST, value)
    }

    /// Provides a contract with a value of the host, under a name of its own.
    ///
    /// # Errors
    /// [`Error::DuplicateName`] when that name provides this contract already, or is a plugin's.
    pub fn provide_as<C: ?Sized + SharedContract>(
        &self,
        name: &str,
        value: impl ProviderOf<C>,
    ) -> Result<Module> {
        self.provide_value::<C, _>(name, value)
    }

    fn provide_value<C: ?Sized + SharedContract, T: ProviderOf<C>>(
        &self,
        name: &str,
        value: T,
    ) -> Result<Module> {
        let (reservation, parts) = self.provided::<C>(name, source_of(name))?;
        self.publish_value::<C, _>(reservation, &parts, value)
    }

    fn publish_value<C: ?Sized + SharedContract, T: ProviderOf<C>>(
        &self,
        reservation: Reservation<'_>,
        parts: &ProvidedParts,
        value: T,
    ) -> Result<Module> {
        let state = Box::into_raw(Box::new(value)).cast();
        let place = CellCore::take();
        let generation =
            parts.generation(place, Some(T::interface()), state, Destroy::Host(free::<T>));
        let module = provided_module(place, parts, true);
        reservation.publish(&module, generation);
        self.provided_as(module, &parts.source)
    }

    /// Provides a contract with whatever `interface` works on.
    ///
    /// # Safety
    /// 1. `interface` is one of the shape's contract, in its order of methods, and lives as long as the state; the state, which
    ///    is made when nothing can fail any more, belongs to it; any thread may use it, and `destroy` ends it.
    pub(crate) unsafe fn provide_raw(
        &self,
        name: &str,
        shape: &Shape,
        interface: *const InterfaceHeader,
        state: impl FnOnce() -> *mut (),
        destroy: Destroy,
    ) -> Result<Module> {
        let source = source_of(name);
        let contract = ContractInfo::new(&shape.catalog, shape.contract).to_string();
        let mut reservation = Reservation::new(self);
        // One name may provide many contracts, each once: `host` is one provider to everybody.
        reservation.provided(name, &contract, &source)?;
        let parts = parts_of(name, source, Arc::new(shape.clone()));
        let place = CellCore::take();
        let generation = parts.generation(place, Some(interface), state(), destroy);
        let module = provided_module(place, &parts, true);
        reservation.publish(&module, generation);
        self.provided_as(module, &parts.source)
    }

    /// Provides a contract to each plugin with a value of its own, under the name `host`. What makes the values gets the name of
    /// the plugin that asks, and is called once for each: before a plugin that requires the contract is constructed,
    /// otherwise when [`Context::host`](crate::Context::host) is asked for it the first time. A plugin's calls then go
    /// straight to its value. It runs with no lock held, and may use the runtime; who asks for the same value from another
    /// thread waits for it.
    ///
    /// A value stays with its plugin's name while the plugin's module is loaded, over reloads too. It is dropped after
    /// the module was unloaded and its state is gone, or after the module that this returns was unloaded, which withdraws
    /// them all. Only plugins find them: the host itself has no value, and [`Runtime::get`] finds none.
    ///
    /// When the closure panics, a plugin that requires the contract is not loaded
    /// ([`Error::ProvidePanicked`]), and one that asks gets that error. It is called again the next time.
    ///
    /// ```
    /// #[polyplug::host_contract(id = "demo.log", version = "1.0")]
    /// pub trait Log {
    ///     fn line(&self, text: &str);
    /// }
    ///
    /// struct Lines {
    ///     plugin: String,
    /// }
    ///
    /// impl Log for Lines {
    ///     fn line(&self, text: &str) {
    ///         println!("{}: {text}", self.plugin);
    ///     }
    /// }
    ///
    /// # fn main() -> polyplug::Result<()> {
    /// let runtime = polyplug::Runtime::new();
    /// runtime.provide_each::<dyn Log>(|plugin| Lines { plugin: plugin.to_owned() })?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::DuplicateName`] when this contract is provided under the name `host` already.
    pub fn provide_each<C: ?Sized + SharedContract>(
        &self,
        make: impl ProviderForEach<C>,
    ) -> Result<Module> {
        self.provide_made::<C, _>(make)
    }

    fn provide_made<C: ?Sized + SharedContract, F: ProviderForEach<C>>(
        &self,
        make: F,
    ) -> Result<Module> {
        let source = format!("what the host provides as `{HOST}` to each plugin");
        let (reservation, parts) = self.provided::<C>(HOST, source)?;
        let value = ProvidedParts {
            source: format!("the value that the host provides as `{HOST}` to one plugin"),
            info: parts.info.clone(),
            shape: Arc::clone(&parts.shape),
            ..parts
        };
        let make = move |plugin: &str| Box::into_raw(Box::new(make(plugin))).cast();
        let each = Each::new(
            value,
            Box::new(make),
            <F::Value as ProviderOf<C>>::interface,
            free::<F::Value>,
        );
        let place = CellCore::take();
        let module = provided_module(place, &parts, false);
        module.state().each = Some(Arc::downgrade(&each));
        // The closure is dropped as other states are.
        let state = Box::into_raw(Box::new(each)).cast();
        let generation = parts.generation(place, None, state, Destroy::Host(free::<Arc<Each>>));
        reservation.publish_each(&module, generation, &parts.shape);
        self.provided_as(module, &parts.source)
    }

    /// What is common to what the host provides. One name may provide many contracts, each once: `host` is one provider to
    /// everybody.
    fn provided<C: ?Sized + SharedContract>(
        &self,
        name: &str,
        source: String,
    ) -> Result<(Reservation<'_>, ProvidedParts)> {
        let mut reservation = Reservation::new(self);
        reservation.provided(name, &name_of::<C>(), &source)?;
        Ok((reservation, provided_parts::<C>(name, source)?))
    }

    fn provided_as(&self, core: Arc<ModuleCore>, source: &str) -> Result<Module> {
        let module = Module {
            runtime: self.clone(),
            core,
        };
        self.told(source, Ok(module))
    }

    /// A value of a test, as a plugin of that name.
    #[cfg(feature = "testing")]
    pub(crate) fn provide_peer<C: ?Sized + SharedContract>(
        &self,
        name: &str,
        value: impl ProviderOf<C>,
    ) -> Result<Module> {
        let source = format!("the plugin `{name}` that this test plays");
        let mut reservation = Reservation::new(self);
        reservation.names(&[name], &source)?;
        let parts = provided_parts::<C>(name, source)?;
        self.publish_value::<C, _>(reservation, &parts, value)
    }

    /// What one plugin was configured with is another's.
    #[cfg(feature = "testing")]
    pub(crate) fn rename_config(&self, plugin: &str, name: &str) {
        let mut config = self
            .inner()
            .config
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(text) = config.remove(plugin) {
            config.insert(name.to_owned(), text);
        }
    }

    /// A caller of the first loaded provider of the contract. It never moves to another provider by itself.
    ///
    /// # Errors
    /// [`Error::NoProvider`], with what there is.
    pub fn get<C: ?Sized + SharedContract>(&self) -> Result<Caller<C>> {
        self.followed(None)
    }

    /// A caller of the contract, as that plugin offers it.
    ///
    /// # Errors
    /// [`Error::NoPlugin`], with who offers it.
    pub fn get_from<C: ?Sized + SharedContract>(&self, plugin: &str) -> Result<Caller<C>> {
        self.followed(Some(plugin))
    }

    /// Everyone who offers the contract, in load order.
    #[must_use]
    pub fn providers<C: ?Sized + Contract>(&self) -> Vec<Provider<C>> {
        let found = self.find_all::<C>();
        found
            .into_iter()
            .filter_map(|found| {
                let generation = found.module.current()?;
                Some(Provider {
                    runtime: self.clone(),
                    version: generation.plugin(found.plugin)?.info.version.clone(),
                    defaulted: defaulted::<C>(&generation, &found),
                    found,
                    contract: PhantomData,
                })
            })
            .collect()
    }

    /// A new instance, made for the caller by the first plugin that offers the contract.
    ///
    /// # Errors
    /// [`Error::NoProvider`], or what its constructor says.
    pub fn create<C: ?Sized + Contract>(&self) -> Result<Instance<C>> {
        let found = self.find_first::<C>(&self.inner().read())?;
        self.instance(&found)
    }

    /// A new instance, made for the caller by that plugin.
    ///
    /// # Errors
    /// [`Error::NoPlugin`], or what its constructor says.
    pub fn create_from<C: ?Sized + Contract>(&self, plugin: &str) -> Result<Instance<C>> {
        let found = self.find_named::<C>(&self.inner().read(), plugin)?;
        self.instance(&found)
    }

    /// The modules, in load order.
    #[must_use]
    pub fn modules(&self) -> Vec<Module> {
        let modules: Vec<_> = self.inner().read().modules().cloned().collect();
        modules
            .into_iter()
            .map(|core| Module {
                runtime: self.clone(),
                core,
            })
            .collect()
    }

    /// The plugins, in load order, and the values that the host provides.
    #[must_use]
    pub fn plugins(&self) -> Vec<PluginInfo> {
        self.modules().iter().flat_map(Module::plugins).collect()
    }

    /// The contracts that the loaded modules describe, offered or not, in load order, each once.
    #[must_use]
    pub fn contracts(&self) -> Vec<ContractInfo> {
        let mut contracts: Vec<ContractInfo> = Vec::new();
        for module in self.modules() {
            let described = module.core.state().described.clone();
            for contract in described {
                let same = |known: &ContractInfo| {
                    (known.id(), known.version()) == (contract.id(), contract.version())
                };
                if !contracts.iter().any(same) {
                    contracts.push(contract);
                }
            }
        }
        contracts
    }

    /// A context as a plugin of that name would get it.
    #[cfg(test)]
    pub(crate) fn context_for_tests(&self, name: &str) -> Arc<super::context::ContextCore> {
        let place = CellCore::take();
        // Nobody will be in it.
        place.0.vacate();
        super::context::ContextCore::new(self.inner(), name, "", place, None)
    }

    pub(crate) fn find_all<C: ?Sized + Contract>(&self) -> Vec<Found> {
        let registry = self.inner().read();
        let (id, major) = asked_for::<C>();
        registry.offers(id, major).cloned().collect()
    }

    fn find_first<C: ?Sized + Contract>(&self, registry: &Registry) -> Result<Found> {
        let (id, major) = asked_for::<C>();
        let first = registry.offers(id, major).next().cloned();
        first.ok_or_else(|| no_provider::<C>(registry.offered()))
    }

    fn find_named<C: ?Sized + Contract>(&self, registry: &Registry, plugin: &str) -> Result<Found> {
        let (id, major) = asked_for::<C>();
        if let Some(found) = registry.named(id, major, plugin) {
            return Ok(found.clone());
        }
        let available: Vec<_> = registry
            .offers(id, major)
            .map(|found| found.plugin.to_owned())
            .collect();
        if available.is_empty() {
            return Err(no_provider::<C>(registry.offered()));
        }
        let similar = similar(plugin, &available);
        Err(Error::NoPlugin {
            name: plugin.to_owned(),
            contract: name_of::<C>(),
            available,
            similar,
        })
    }

    /// A caller of what is found: at once, when it was found before.
    #[inline]
    fn followed<C: ?Sized + SharedContract>(&self, plugin: Option<&str>) -> Result<Caller<C>> {
        let inner = self.inner();
        // The compiler may put one descriptor at several addresses, so the one that was asked with is passed on.
        let descriptor = core::ptr::from_ref(C::DESCRIPTOR).addr();
        let kept = |link: &Link| self.kept(link);
        match inner
            .fast
            .find(descriptor, plugin.unwrap_or_default(), kept)
        {
            Some(caller) => Ok(caller),
            None => self.followed_long(descriptor, plugin),
        }
    }

    #[cold]
    fn followed_long<C: ?Sized + SharedContract>(
        &self,
        descriptor: usize,
        plugin: Option<&str>,
    ) -> Result<Caller<C>> {
        let inner = self.inner();
        let found = {
            let registry = inner.read();
            match plugin {
                Some(plugin) => self.find_named::<C>(&registry, plugin),
                None => self.find_first::<C>(&registry),
            }
        }?;
        let link = self.link::<C>(&found)?;
        let registry = inner.read();
        // Only what can be found now is kept: an unload takes its module out of the registry first, then forgets it.
        let (id, major) = asked_for::<C>();
        let still = registry.named(id, major, found.plugin);
        if still.is_some_and(|still| Arc::ptr_eq(&still.module, &found.module)) {
            inner
                .fast
                .insert(descriptor, plugin.unwrap_or_default(), link);
        }
        drop(registry);
        Ok(self.kept(&link))
    }

    /// A caller that keeps this runtime alive, by a link of [`Runtime::link`].
    #[inline(always)]
    fn kept<C: ?Sized + SharedContract>(&self, link: &Link) -> Caller<C> {
        // SAFETY: this runtime has the keeper.
        unsafe { keep(link.keeper) };
        // SAFETY: H1: made for this image's descriptor, and counted a line above.
        unsafe { Caller::from_link(*link) }
    }

    fn link<C: ?Sized + Contract>(&self, found: &Found) -> Result<Link> {
        let shape = own_shape::<C>().map_err(|reason| Error::MalformedModule {
            path: PathBuf::from("this program"),
            reason,
        })?;
        let link = found
            .module
            .cell
            .link(found.module.stamp, found.plugin, &shape);
        let link = link.unwrap_or_else(|| Err(no_provider::<C>(self.inner().read().offered())))?;
        // Put in here, not when it is handed out: a caller is then copied as it lies, which is most of what finding one costs.
        Ok(Link {
            keeper: self.inner().keeper.as_ptr(),
            ..link
        })
    }

    pub(crate) fn caller<C: ?Sized + SharedContract>(&self, found: &Found) -> Result<Caller<C>> {
        Ok(self.kept(&self.link::<C>(found)?))
    }

    pub(crate) fn instance<C: ?Sized + Contract>(&self, found: &Found) -> Result<Instance<C>> {
        let shape = own_shape::<C>().map_err(|reason| Error::MalformedModule {
            path: PathBuf::from("this program"),
            reason,
        })?;
        let Some(generation) = found.module.current() else {
            return Err(no_provider::<C>(self.inner().read().offered()));
        };
        // SAFETY: this runtime has the keeper.
        let kept = unsafe { Kept::new(self.inner().keeper.as_ptr()) };
        let hold = holds::create(&generation, found.plugin, &shape, kept)?;
        // SAFETY: H1: made for this image's descriptor; one count is handed over.
        Ok(unsafe { Instance::from_hold(hold) })
    }
}

/// # Safety
/// 1. `state` is a `Box<T>` that was given up.
unsafe fn free<T>(state: *mut ()) {
    // SAFETY: clause 1.
    drop(unsafe { Box::from_raw(state.cast::<T>()) });
}

/// What a value of the host looks like.
fn provided_parts<C: ?Sized + SharedContract>(name: &str, source: String) -> Result<ProvidedParts> {
    let shape = own_shape::<C>().map_err(|reason| Error::MalformedModule {
        path: PathBuf::from(&source),
        reason,
    })?;
    Ok(parts_of(name, source, shape))
}

fn parts_of(name: &str, source: String, shape: Arc<Shape>) -> ProvidedParts {
    let info = PluginInfo {
        name: name.to_owned(),
        version: String::new(),
        description: String::new(),
        authors: String::new(),
        license: String::new(),
        repository: String::new(),
        contracts: vec![ContractInfo::new(&shape.catalog, shape.contract)],
        requires: Vec::new(),
    };
    ProvidedParts {
        name: immortal(name),
        info,
        source,
        shape,
    }
}

/// The module of what the host provides, offered to everybody or not.
fn provided_module(
    (cell, stamp): (&'static CellCore, u64),
    parts: &ProvidedParts,
    offered: bool,
) -> Arc<ModuleCore> {
    let offer = (parts.shape.id().to_owned(), parts.shape.major(), parts.name);
    let state = ModuleState {
        loaded: true,
        info: vec![parts.info.clone()],
        described: parts.info.contracts.clone(),
        offered: offered.then_some(offer).into_iter().collect(),
        ..ModuleState::default()
    };
    ModuleCore::new(cell, stamp, None, parts.source.clone(), state)
}

/// What a value of the host is called in messages.
fn source_of(name: &str) -> String {
    format!("the value that the host provides as `{name}`")
}

/// Id and major of a contract of this image.
fn asked_for<C: ?Sized + Contract>() -> (&'static str, u32) {
    // SAFETY: this image's descriptor: static text.
    (unsafe { C::DESCRIPTOR.id.str() }, C::DESCRIPTOR.major)
}

/// The shape of a contract of this image, copied once.
fn own_shape<C: ?Sized + Contract>() -> Result<Arc<Shape>, String> {
    static SHAPES: Mutex<Option<HashMap<usize, Arc<Shape>>>> = Mutex::new(None);
    let mut shapes = SHAPES.lock().unwrap_or_else(PoisonError::into_inner);
    let shapes = shapes.get_or_insert_default();
    let key = core::ptr::from_ref(C::DESCRIPTOR).addr();
    if let Some(shape) = shapes.get(&key) {
        return Ok(Arc::clone(shape));
    }
    // SAFETY: this image's own descriptor.
    let shape = Arc::new(unsafe { Shape::of(C::DESCRIPTOR) }?);
    shapes.insert(key, Arc::clone(&shape));
    Ok(shape)
}

pub(crate) fn no_provider<C: ?Sized + Contract>(available: Vec<String>) -> Error {
    let contract = name_of::<C>();
    // What is there for plugins only was not misspelt.
    let only = format!("{contract} (");
    let is_there = available.iter().any(|name| name.starts_with(&only));
    let similar = similar(&contract, &available).filter(|_| !is_there);
    Error::NoProvider {
        contract,
        available,
        similar,
    }
}

/// The methods of this program's contract that a provider does not have, or left to their default bodies.
fn defaulted<C: ?Sized + Contract>(generation: &GenerationCore, found: &Found) -> Vec<String> {
    let (id, major) = asked_for::<C>();
    let Some((plugin, offer)) = generation.offer(found.plugin, id, major) else {
        return Vec::new();
    };
    let offer = &generation.plugins[plugin].offers[offer];
    let theirs = &generation.catalog.contracts[offer.contract].methods;
    let Ok(ours) = own_shape::<C>() else {
        return offer.defaulted.clone();
    };
    let methods = ours.catalog.contracts[ours.contract].methods.iter();
    methods
        .map(|method| &method.name)
        .filter(|&name| {
            offer.defaulted.contains(name) || !theirs.iter().any(|their| their.name == *name)
        })
        .cloned()
        .collect()
}

/// One plugin's offer of the contract `C`.
pub struct Provider<C: ?Sized> {
    runtime: Runtime,
    found: Found,
    version: String,
    defaulted: Vec<String>,
    contract: PhantomData<fn(&C)>,
}

impl<C: ?Sized> Provider<C> {
    /// The name of the plugin.
    #[must_use]
    pub fn plugin(&self) -> &str {
        self.found.plugin
    }

    /// The version of the plugin.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The methods that the plugin left to their default bodies, because its author did, or because they are newer
    /// than the plugin. In the order of this program's contract.
    #[must_use]
    pub fn defaulted(&self) -> &[String] {
        &self.defaulted
    }
}

impl<C: ?Sized + Contract> Provider<C> {
    /// A caller of this plugin.
    ///
    /// # Errors
    /// [`Error::ContractMismatch`] when the plugin's shape of the contract is another one.
    pub fn get(&self) -> Result<Caller<C>>
    where
        C: SharedContract,
    {
        self.runtime.caller(&self.found)
    }

    /// A new instance, made by this plugin.
    ///
    /// # Errors
    /// What its constructor says.
    pub fn create(&self) -> Result<Instance<C>> {
        self.runtime.instance(&self.found)
    }
}

impl<C: ?Sized> fmt::Debug for Provider<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Provider({} {})", self.plugin(), self.version())
    }
}

/// What a load has reserved in the registry; given back when it fails (T2).
pub(crate) struct Reservation<'r> {
    runtime: &'r Runtime,
    reserved: Reserved,
}

impl<'r> Reservation<'r> {
    pub(crate) fn new(runtime: &'r Runtime) -> Self {
        Self {
            runtime,
            reserved: Reserved::default(),
        }
    }

    pub(crate) fn file(&mut self, path: &Path) -> Result<()> {
        self.runtime.inner().write().reserve_file(path)?;
        self.reserved.file = Some(path.to_owned());
        Ok(())
    }

    fn names(&mut self, names: &[&str], source: &str) -> Result<()> {
        let mut registry = self.runtime.inner().write();
        registry.reserve_names(names, &[], source)?;
        self.reserved.names = names.iter().map(|name| (*name).to_owned()).collect();
        Ok(())
    }

    fn provided(&mut self, name: &str, contract: &str, source: &str) -> Result<()> {
        let mut registry = self.runtime.inner().write();
        registry.reserve_provided(name, contract, source)?;
        self.reserved.provided = Some((name.to_owned(), contract.to_owned()));
        Ok(())
    }

    /// All of it at once: whoever looks finds nothing of the module, or everything.
    fn publish(self, module: &Arc<ModuleCore>, generation: Arc<GenerationCore>) {
        self.publish_with(module, generation, |_| ());
    }

    /// The same, for what is provided to each plugin.
    fn publish_each(
        self,
        module: &Arc<ModuleCore>,
        generation: Arc<GenerationCore>,
        shape: &Shape,
    ) {
        self.publish_with(module, generation, |registry| {
            registry.add_each(module, (shape.id(), shape.major()));
        });
    }

    fn publish_with(
        mut self,
        module: &Arc<ModuleCore>,
        generation: Arc<GenerationCore>,
        also: impl FnOnce(&mut Registry),
    ) {
        let reserved = core::mem::take(&mut self.reserved);
        let offered = {
            let mut state = module.state();
            state.reserved = reserved.clone();
            state.offered.clone()
        };
        let mut registry = self.runtime.inner().write();
        module.cell.swap(Some(generation));
        registry.publish(module, &offered, &reserved);
        also(&mut registry);
    }
}

impl Drop for Reservation<'_> {
    fn drop(&mut self) {
        self.runtime.inner().write().give_back(&self.reserved);
    }
}
