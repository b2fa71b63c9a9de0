//! The host's face: loading, looking up, providing.
//!
//! What is always true:
//!
//! * **T1** The registry's lock is never held while code of a plugin runs.
//! * **T2** A load that fails anywhere leaves the registry as it was.

use core::fmt;
use core::marker::PhantomData;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use polyplug_abi::{ContractDescriptor, init_options};

use super::cell::{self, Destroy, ModuleCell, OfferCell, PluginCell};
use super::context::ContextCore;
use super::diff::{self, Side};
use super::info::{ContractInfo, PluginInfo};
use super::load::{self, Registered};
use super::model::{Catalog, Copier};
use super::module::Module;
use super::registry::{Found, Registry, Reserved, similar};
use crate::context::name_of;
use crate::contract::{Contract, ProviderOf, SharedContract};
use crate::entry;
use crate::error::{Error, Result};
use crate::handles::{Caller, Instance, LinkCount};

/// The name under which the host's own values are provided.
const HOST: &str = "host";

/// Where plugins are loaded and found. Cloning is cheap, and every clone is the same runtime.
///
/// Several runtimes can live in one process; they share nothing, not even the statics of a plugin that both have loaded.
/// When the last clone and the last handle are gone, every plugin is dropped, on a thread of its own: nothing waits for that,
/// neither the drop of the last handle nor a `main` that returns. What must be saved at the end, save in a method that the
/// host calls.
#[derive(Clone)]
pub struct Runtime {
    inner: Arc<RuntimeInner>,
}

/// How a [`Runtime`] shall behave; made by [`Runtime::builder`].
#[derive(Clone, Debug, Default)]
pub struct Builder {
    allow_panic_abort: bool,
    plugin_panic_output: bool,
}

impl Builder {
    /// Whether plugins built with `panic = "abort"` may be loaded. A panic in one of them ends the process.
    /// Default: no.
    #[must_use]
    pub fn allow_panic_abort(mut self, allow: bool) -> Self {
        self.allow_panic_abort = allow;
        self
    }

    /// Whether a panic in a plugin also prints its usual message on standard error, although it arrives as a fault.
    /// Default: no.
    #[must_use]
    pub fn plugin_panic_output(mut self, output: bool) -> Self {
        self.plugin_panic_output = output;
        self
    }

    /// Makes the runtime.
    #[must_use]
    pub fn build(self) -> Runtime {
        Runtime {
            inner: Arc::new(RuntimeInner {
                options: self,
                registry: RwLock::default(),
            }),
        }
    }
}

pub(crate) struct RuntimeInner {
    options: Builder,
    registry: RwLock<Registry>,
}

impl RuntimeInner {
    fn read(&self) -> RwLockReadGuard<'_, Registry> {
        self.registry.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Registry> {
        self.registry
            .write()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// A link to the first provider of a host contract, which does not keep the runtime alive.
    ///
    /// # Safety
    /// 1. `wanted` is a well-formed descriptor of an image that stays mapped.
    pub(crate) unsafe fn host_link(
        &self,
        wanted: &'static ContractDescriptor,
    ) -> Result<LinkCount> {
        // SAFETY: clause 1.
        let id = unsafe { wanted.id.str() };
        let found = self.read().provided(id, wanted.major).cloned();
        let found = found.ok_or_else(|| Error::NoProvider {
            contract: format!("{id} {}.{}", wanted.major, wanted.minor),
            available: self.read().offered(),
            similar: None,
        })?;
        // SAFETY: clause 1.
        unsafe { found.module.link(found.plugin, found.offer, wanted, None) }
    }
}

impl Drop for RuntimeInner {
    fn drop(&mut self) {
        let registry = self
            .registry
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        for module in core::mem::take(&mut registry.modules).iter().rev() {
            module.close();
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
            .field("modules", &self.inner.read().modules)
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

    /// Loads a shared library with all its plugins. A path without extension tries the platform's, so
    /// `plugins/hello` finds `plugins/libhello.so`.
    ///
    /// What is mapped is a private copy: the file may be overwritten or replaced meanwhile.
    ///
    /// # Errors
    /// One variant of [`Error`] for each thing that can be wrong with a file or a plugin. A load that fails
    /// leaves nothing behind.
    pub fn load(&self, path: impl AsRef<Path>) -> Result<Module> {
        let path = load::find(path.as_ref())?;
        let mut reserved = Reservation::new(self);
        reserved.file(&path)?;
        let output = self.inner.options.plugin_panic_output;
        let registered = load::open(
            &path,
            if output {
                init_options::PANIC_OUTPUT
            } else {
                0
            },
        )?;
        if load::aborts(&registered) && !self.inner.options.allow_panic_abort {
            return Err(Error::PanicAbort { path });
        }
        let source = format!("`{}`", path.display());
        self.admit(registered, Some(path), source, reserved)
    }

    /// Loads the plugins that are linked into this program.
    ///
    /// # Errors
    /// [`Error::NothingLinked`] when there are none, [`Error::AlreadyLoaded`] the second time, and what
    /// [`Runtime::load`] says of plugins that cannot be constructed.
    pub fn load_linked(&self) -> Result<Module> {
        let source = PathBuf::from("this program");
        let mut reserved = Reservation::new(self);
        reserved.file(&source)?;
        let registered = load::linked(&source)?;
        self.admit(registered, None, "this program".to_owned(), reserved)
    }

    /// Checks, constructs and publishes what a module registered.
    fn admit(
        &self,
        registered: Registered,
        path: Option<PathBuf>,
        source: String,
        mut reserved: Reservation<'_>,
    ) -> Result<Module> {
        let Registered {
            catalog,
            plugins,
            contracts,
            ..
        } = registered;
        let place = path.clone().unwrap_or_else(|| PathBuf::from(&source));
        if plugins.is_empty() && contracts.is_empty() {
            return Err(Error::NothingOffered { path: place });
        }
        let names: Vec<_> = plugins
            .iter()
            .map(|plugin| plugin.info.name.as_str())
            .collect();
        reserved.names(&names, &source)?;
        for plugin in &plugins {
            let name = &plugin.info.name;
            for offer in &plugin.offers {
                check_shape(
                    &catalog,
                    offer.contract,
                    name,
                    &place,
                    Direction::PluginProvides,
                )?;
            }
            for &required in &plugin.requires {
                check_shape(&catalog, required, name, &place, Direction::HostProvides)?;
                self.check_provided(&catalog, required, name)?;
            }
        }
        let mut cells = Unpublished { cells: Vec::new() };
        for plugin in plugins {
            let context = ContextCore::new(&self.inner, &plugin.info.name);
            let is_shared = plugin.offers.is_empty()
                || plugin
                    .offers
                    .iter()
                    .any(|offer| !catalog.contracts[offer.contract].exclusive);
            // Nobody shares a plugin whose contracts are all exclusive: each caller creates its own.
            let state = if is_shared {
                // SAFETY: the descriptor was read from a module whose image stays mapped.
                unsafe { cell::construct(plugin.descriptor, &context, &plugin.info.name) }?
            } else {
                core::ptr::null_mut()
            };
            let destroy = Destroy::ByPlugin(plugin.descriptor);
            cells.cells.push(PluginCell::new(
                plugin.info,
                state,
                destroy,
                Some(context),
                plugin.offers,
            ));
        }
        let module = ModuleCell::new(path, source, catalog, contracts, cells.publish());
        reserved.publish(&module);
        Ok(Module {
            runtime: self.clone(),
            cell: module,
        })
    }

    fn check_provided(&self, catalog: &Arc<Catalog>, required: usize, plugin: &str) -> Result<()> {
        let contract = &catalog.contracts[required];
        let registry = self.inner.read();
        if registry.provided(&contract.id, contract.major).is_some() {
            return Ok(());
        }
        let contract = ContractInfo::new(catalog, required).to_string();
        let reason = match similar(&contract, &registry.offered()) {
            Some(similar) => format!("nobody provides it (there is `{similar}`)"),
            None => "nobody provides it".to_owned(),
        };
        Err(Error::MissingHostContract {
            plugin: plugin.to_owned(),
            contract,
            reason,
        })
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
        /// # Safety
        /// 1. `state` is a `Box<T>` that was given up.
        unsafe fn free<T>(state: *mut ()) {
            // SAFETY: clause 1.
            drop(unsafe { Box::from_raw(state.cast::<T>()) });
        }
        let source = format!("the value that the host provides as `{name}`");
        let mut reserved = Reservation::new(self);
        // One name may provide many contracts, each once: `host` is one provider to everybody.
        let key = format!("{name}\0{}", name_of::<C>());
        reserved.provided_name(name, &source)?;
        reserved
            .names(&[&key], &source)
            .map_err(|error| match error {
                Error::DuplicateName { loaded, .. } => Error::DuplicateName {
                    name: name.to_owned(),
                    loaded,
                    refused: format!("a second value for `{}`", name_of::<C>()),
                },
                other => other,
            })?;
        let mut copier = Copier::default();
        // SAFETY: this image's own descriptor.
        let contract =
            unsafe { copier.contract(C::DESCRIPTOR) }.map_err(|reason| Error::MalformedModule {
                path: PathBuf::from(&source),
                reason,
            })?;
        let catalog = Arc::new(copier.finish());
        let info = PluginInfo {
            name: name.to_owned(),
            version: String::new(),
            description: String::new(),
            authors: String::new(),
            license: String::new(),
            repository: String::new(),
            contracts: vec![ContractInfo::new(&catalog, contract)],
            requires: Vec::new(),
        };
        let offer = OfferCell::new(contract, T::interface(), Vec::new());
        let state = Box::into_raw(Box::new(value)).cast();
        let plugin = PluginCell::new(info, state, Destroy::ByHost(free::<T>), None, vec![offer]);
        let module = ModuleCell::new(None, source, catalog, vec![contract], vec![plugin]);
        reserved.publish(&module);
        Ok(Module {
            runtime: self.clone(),
            cell: module,
        })
    }

    /// A caller of the first loaded provider of the contract. It never moves to another provider by itself.
    ///
    /// # Errors
    /// [`Error::NoProvider`], with what there is.
    pub fn get<C: ?Sized + SharedContract>(&self) -> Result<Caller<C>> {
        self.caller(&self.find_first::<C>()?)
    }

    /// A caller of the contract, as that plugin offers it.
    ///
    /// # Errors
    /// [`Error::NoPlugin`], with who offers it.
    pub fn get_from<C: ?Sized + SharedContract>(&self, plugin: &str) -> Result<Caller<C>> {
        self.caller(&self.find_named::<C>(plugin)?)
    }

    /// Everyone who offers the contract, in load order.
    #[must_use]
    pub fn providers<C: ?Sized + Contract>(&self) -> Vec<Provider<C>> {
        let found = self.find_all::<C>();
        found
            .into_iter()
            .map(|found| Provider {
                runtime: self.clone(),
                defaulted: defaulted::<C>(&found),
                found,
                contract: PhantomData,
            })
            .collect()
    }

    /// A new instance, made for the caller by the first plugin that offers the contract.
    ///
    /// # Errors
    /// [`Error::NoProvider`], or what its constructor says.
    pub fn create<C: ?Sized + Contract>(&self) -> Result<Instance<C>> {
        self.instance(&self.find_first::<C>()?)
    }

    /// A new instance, made for the caller by that plugin.
    ///
    /// # Errors
    /// [`Error::NoPlugin`], or what its constructor says.
    pub fn create_from<C: ?Sized + Contract>(&self, plugin: &str) -> Result<Instance<C>> {
        self.instance(&self.find_named::<C>(plugin)?)
    }

    /// The modules, in load order.
    #[must_use]
    pub fn modules(&self) -> Vec<Module> {
        let modules = self.inner.read().modules.clone();
        modules
            .into_iter()
            .map(|cell| Module {
                runtime: self.clone(),
                cell,
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
            for &described in &module.cell.described {
                let contract = ContractInfo::new(&module.cell.catalog, described);
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
    pub(crate) fn context_for_tests(&self, name: &str) -> Arc<ContextCore> {
        ContextCore::new(&self.inner, name)
    }

    pub(crate) fn find_all<C: ?Sized + Contract>(&self) -> Vec<Found> {
        // SAFETY: this image's descriptor: static text.
        let id = unsafe { C::DESCRIPTOR.id.str() };
        self.inner.read().offers(id, C::DESCRIPTOR.major).to_vec()
    }

    fn find_first<C: ?Sized + Contract>(&self) -> Result<Found> {
        // SAFETY: this image's descriptor: static text.
        let id = unsafe { C::DESCRIPTOR.id.str() };
        let first = self
            .inner
            .read()
            .offers(id, C::DESCRIPTOR.major)
            .first()
            .cloned();
        first.ok_or_else(|| no_provider::<C>(self.inner.read().offered()))
    }

    fn find_named<C: ?Sized + Contract>(&self, plugin: &str) -> Result<Found> {
        let all = self.find_all::<C>();
        if all.is_empty() {
            return Err(no_provider::<C>(self.inner.read().offered()));
        }
        let name = |found: &Found| found.module.plugins[found.plugin].info.name.clone();
        if let Some(found) = all.iter().find(|found| name(found) == plugin) {
            return Ok(found.clone());
        }
        let available: Vec<_> = all.iter().map(name).collect();
        let similar = similar(plugin, &available);
        Err(Error::NoPlugin {
            name: plugin.to_owned(),
            contract: name_of::<C>(),
            available,
            similar,
        })
    }

    pub(crate) fn caller<C: ?Sized + SharedContract>(&self, found: &Found) -> Result<Caller<C>> {
        // SAFETY: this image's own descriptor.
        let link = unsafe {
            found
                .module
                .link(found.plugin, found.offer, C::DESCRIPTOR, Some(self.clone()))
        }?;
        // SAFETY: H1: `link` put the interface into the order of this image.
        Ok(unsafe { Caller::from_link(link) })
    }

    pub(crate) fn instance<C: ?Sized + Contract>(&self, found: &Found) -> Result<Instance<C>> {
        // SAFETY: this image's own descriptor.
        let link = unsafe {
            found
                .module
                .create(found.plugin, found.offer, C::DESCRIPTOR, self.clone())
        }?;
        // SAFETY: H1: `create` put the interface into the order of this image, and made a state for the link.
        Ok(unsafe { Instance::from_link(link) })
    }
}

pub(crate) fn no_provider<C: ?Sized + Contract>(available: Vec<String>) -> Error {
    let contract = name_of::<C>();
    let similar = similar(&contract, &available);
    Error::NoProvider {
        contract,
        available,
        similar,
    }
}

/// The methods of this program's contract that a provider does not have, or left to their default bodies.
fn defaulted<C: ?Sized + Contract>(found: &Found) -> Vec<String> {
    let offer = &found.module.plugins[found.plugin].offers[found.offer];
    let theirs = &found.module.catalog.contracts[offer.contract].methods;
    let ours = linked_contracts();
    // SAFETY: this image's descriptor: static text.
    let id = unsafe { C::DESCRIPTOR.id.str() };
    let Some(known) = ours.find(id, C::DESCRIPTOR.major) else {
        return offer.defaulted.clone();
    };
    let methods = ours.contracts[known].methods.iter();
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
    defaulted: Vec<String>,
    contract: PhantomData<fn(&C)>,
}

impl<C: ?Sized> Provider<C> {
    fn cell(&self) -> &PluginCell {
        &self.found.module.plugins[self.found.plugin]
    }

    /// The name of the plugin.
    #[must_use]
    pub fn plugin(&self) -> &str {
        &self.cell().info.name
    }

    /// The version of the plugin.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.cell().info.version
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

/// States of a module that is not published yet; destroyed when it will not be.
struct Unpublished {
    cells: Vec<PluginCell>,
}

impl Unpublished {
    fn publish(mut self) -> Vec<PluginCell> {
        core::mem::take(&mut self.cells)
    }
}

impl Drop for Unpublished {
    fn drop(&mut self) {
        if !self.cells.is_empty() {
            let cells = core::mem::take(&mut self.cells);
            // A5: on the reaper, because a load may be called from anywhere.
            ModuleCell::new(None, String::new(), Arc::default(), Vec::new(), cells).close();
        }
    }
}

/// What a load has reserved in the registry; given back when it fails (T2).
struct Reservation<'r> {
    runtime: &'r Runtime,
    reserved: Reserved,
}

impl<'r> Reservation<'r> {
    fn new(runtime: &'r Runtime) -> Self {
        Self {
            runtime,
            reserved: Reserved::default(),
        }
    }

    fn file(&mut self, path: &Path) -> Result<()> {
        self.runtime.inner.write().reserve_file(path)?;
        self.reserved.file = Some(path.to_owned());
        Ok(())
    }

    fn names(&mut self, names: &[&str], source: &str) -> Result<()> {
        self.runtime.inner.write().reserve_names(names, source)?;
        self.reserved.names = names.iter().map(|name| (*name).to_owned()).collect();
        Ok(())
    }

    fn provided_name(&self, name: &str, source: &str) -> Result<()> {
        self.runtime.inner.read().check_provided_name(name, source)
    }

    fn publish(mut self, module: &Arc<ModuleCell>) {
        let reserved = core::mem::take(&mut self.reserved);
        self.runtime
            .inner
            .write()
            .publish(module, reserved.file.as_deref());
    }
}

impl Drop for Reservation<'_> {
    fn drop(&mut self) {
        self.runtime.inner.write().give_back(&self.reserved);
    }
}

enum Direction {
    PluginProvides,
    HostProvides,
}

/// The contracts that are linked into this program.
fn linked_contracts() -> &'static Arc<Catalog> {
    static LINKED: OnceLock<Arc<Catalog>> = OnceLock::new();
    LINKED.get_or_init(|| {
        let mut copier = Copier::default();
        for contract in entry::CONTRACTS {
            // SAFETY: this image's own descriptors. One that is malformed is not known, and cannot be compared.
            let _ = unsafe { copier.contract(contract.descriptor()) };
        }
        Arc::new(copier.finish())
    })
}

/// Does a module's contract have the shape that this program was built with, if it knows the contract at all?
fn check_shape(
    catalog: &Catalog,
    contract: usize,
    plugin: &str,
    path: &Path,
    direction: Direction,
) -> Result<()> {
    let model = &catalog.contracts[contract];
    let ours = linked_contracts();
    let theirs = Side {
        catalog,
        contract,
        name: "the plugin",
    };
    // A program may know a contract in several versions: one that fits is enough, and whoever asks is compared again.
    let known = ours.all(&model.id, model.major).map(|known| {
        let ours = Side {
            catalog: ours,
            contract: known,
            name: "the host",
        };
        match direction {
            Direction::PluginProvides => diff::differences(theirs, ours),
            Direction::HostProvides => diff::differences(ours, theirs),
        }
    });
    let Some(differences) = known.min_by_key(Vec::len) else {
        return Ok(());
    };
    if differences.is_empty() {
        return Ok(());
    }
    Err(Error::ContractMismatch {
        plugin: plugin.to_owned(),
        path: path.to_owned(),
        contract: format!("{} {}.{}", model.id, model.major, model.minor),
        differences,
    })
}
