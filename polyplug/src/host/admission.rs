//! From what a module registered to a generation that can be published: compared, required, constructed. Whatever fails
//! on the way ends on the reaper, states and image included, and leaves nothing behind.

use core::mem;
use core::ptr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use polyplug_abi::{ContractDescriptor, PluginDescriptor};

use super::bundle::{Bundle, Chosen};
use super::cell::{CellCore, immortal};
use super::context::ContextCore;
use super::diff::{self, Side};
use super::each::{self, Asker};
use super::generation::{GenerationCore, Parts, PluginCell};
use super::info::{ContractInfo, PluginInfo};
use super::load::{self, Opened, RegisteredPlugin};
use super::mapped::Mapped;
use super::model::{Catalog, Copier};
use super::module::{ModuleCore, ModuleState, Need};
use super::options::{Mismatch, Settings, SkippedContract};
use super::order::{Node, Want, Wanted};
use super::reaper;
use super::registry::{Registry, similar};
use super::runtime::RuntimeInner;
use super::state::{self, Destroy};
use crate::context::not_provided;
use crate::entry;
use crate::error::{Error, Result};

/// A module that is not published yet.
pub(crate) struct Candidate {
    pub(crate) cell: &'static CellCore,
    pub(crate) stamp: u64,
    /// Whether the cell is a published module's already: this is another version of it.
    of_module: bool,
    pub(crate) source: String,
    pub(crate) catalog: Arc<Catalog>,
    described: Vec<usize>,
    origins: Vec<*const ContractDescriptor>,
    registered: Vec<Option<RegisteredPlugin>>,
    info: Vec<PluginInfo>,
    built: Vec<Option<PluginCell>>,
    mapped: Option<Arc<Mapped>>,
    loader: Option<Arc<ModuleCore>>,
    /// A panic in it ends the process.
    aborts: bool,
    settings: Settings,
    skipped: Vec<SkippedContract>,
    /// The bundle that it is in.
    bundle: Option<Arc<Bundle>>,
    #[cfg(feature = "watch")]
    print: super::print::Print,
}

impl Candidate {
    /// The first version of a module.
    pub(crate) fn new(opened: Opened, source: String, settings: Settings) -> Self {
        let (cell, stamp) = CellCore::take();
        Self::of(opened, source, (cell, stamp), false, settings)
    }

    /// Another version of a module.
    pub(crate) fn version(
        opened: Opened,
        source: String,
        cell: &'static CellCore,
        stamp: u64,
        settings: Settings,
    ) -> Self {
        Self::of(opened, source, (cell, stamp), true, settings)
    }

    fn of(
        opened: Opened,
        source: String,
        (cell, stamp): (&'static CellCore, u64),
        of_module: bool,
        settings: Settings,
    ) -> Self {
        let Opened {
            registered,
            mapped,
            loader,
        } = opened;
        let info = registered.plugins.iter().map(|plugin| plugin.info.clone());
        Self {
            aborts: load::aborts(&registered),
            settings,
            skipped: Vec::new(),
            bundle: None,
            #[cfg(feature = "watch")]
            print: super::print::Print::default(),
            cell,
            stamp,
            of_module,
            source,
            info: info.collect(),
            built: registered.plugins.iter().map(|_| None).collect(),
            catalog: registered.catalog,
            described: registered.contracts,
            origins: registered.origins,
            loader,
            registered: registered.plugins.into_iter().map(Some).collect(),
            mapped,
        }
    }

    fn place(&self) -> PathBuf {
        PathBuf::from(self.source.trim_matches('`'))
    }

    /// Itself, as what was chosen; unless the manifest of its bundle says otherwise about it than the library does.
    pub(crate) fn chosen(mut self, chosen: Chosen) -> Result<Self> {
        if let Some(bundle) = &chosen.bundle {
            bundle.agree(&self.info)?;
        }
        self.bundle = chosen.bundle;
        #[cfg(feature = "watch")]
        {
            self.print = chosen.print;
        }
        Ok(self)
    }

    /// The bundle that it is in.
    pub(crate) fn bundle(&self) -> Option<&Arc<Bundle>> {
        self.bundle.as_ref()
    }

    /// Itself, unless a panic in it would end the process and that is not allowed.
    pub(crate) fn may_abort(self) -> Result<Self> {
        if self.aborts && !self.settings.allow_panic_abort {
            return Err(Error::PanicAbort { path: self.place() });
        }
        Ok(self)
    }

    /// Takes out the contracts whose shapes are not those that this program knows, and plugins of which nothing is left, if
    /// that is asked for. Before names are reserved: those of plugins that are left out stay free.
    pub(crate) fn leave_out(&mut self) -> Result<()> {
        if self.settings.mismatch != Mismatch::SkipContract {
            return Ok(());
        }
        let place = self.place();
        let mut first = None;
        let all: Vec<_> = self.registered.drain(..).flatten().collect();
        self.info.clear();
        self.built.clear();
        for mut plugin in all {
            let had_some = !plugin.offers.is_empty();
            let name = plugin.info.name.clone();
            plugin.offers.retain(|offer| {
                let provides = Direction::PluginProvides;
                let shape = check_shape(&self.catalog, offer.contract, &name, &place, provides);
                let Err(error) = shape else {
                    return true;
                };
                self.skipped.push(SkippedContract {
                    plugin: name.clone(),
                    contract: ContractInfo::new(&self.catalog, offer.contract).to_string(),
                    reason: format!("{error:#}"),
                });
                first.get_or_insert(error);
                false
            });
            if had_some && plugin.offers.is_empty() {
                continue;
            }
            let offers = plugin.offers.iter();
            plugin.info.contracts = offers
                .map(|offer| ContractInfo::new(&self.catalog, offer.contract))
                .collect();
            self.info.push(plugin.info.clone());
            self.built.push(None);
            self.registered.push(Some(plugin));
        }
        match first {
            Some(error) if self.registered.is_empty() => Err(error),
            _ => Ok(()),
        }
    }

    /// What it offers and needs of plugins in other modules.
    pub(crate) fn node(&self) -> Node {
        let mut node = Node {
            name: match self.info.as_slice() {
                [] => self.source.clone(),
                plugins => {
                    let names: Vec<_> = plugins
                        .iter()
                        .map(|info| format!("`{}`", info.name))
                        .collect();
                    names.join(", ")
                }
            },
            plugins: self.names(),
            offers: Vec::new(),
            requires: Vec::new(),
            wants: Vec::new(),
        };
        if let Some(bundle) = &self.bundle {
            node.requires.extend(bundle.wants());
        }
        for plugin in self.registered.iter().flatten() {
            for offer in &plugin.offers {
                let model = &self.catalog.contracts[offer.contract];
                node.offers.push((model.id.clone(), model.major));
            }
        }
        let want = |plugin: &RegisteredPlugin, contract: usize| {
            let model = &self.catalog.contracts[contract];
            let want = Want {
                plugin: plugin.info.name.clone(),
                what: Wanted::Contract {
                    id: model.id.clone(),
                    major: model.major,
                    minor: model.minor,
                },
                of_bundle: false,
            };
            (!model.host).then_some(want)
        };
        for plugin in self.registered.iter().flatten() {
            for &contract in &plugin.requires {
                // Another plugin of the module may be the one that is meant.
                let own = self.info.iter().any(|info| {
                    info.name != plugin.info.name && offers(info, &self.catalog, contract)
                });
                node.requires
                    .extend(want(plugin, contract).filter(|_| !own));
            }
            node.wants.extend(
                plugin
                    .wants
                    .iter()
                    .filter_map(|&contract| want(plugin, contract)),
            );
        }
        node
    }

    /// The names of its plugins.
    pub(crate) fn names(&self) -> Vec<String> {
        self.info.iter().map(|info| info.name.clone()).collect()
    }

    pub(crate) fn info(&self) -> &[PluginInfo] {
        &self.info
    }

    /// What was registered of a plugin that is not constructed yet.
    pub(crate) fn descriptor(&self, plugin: usize) -> Option<*const PluginDescriptor> {
        self.registered[plugin]
            .as_ref()
            .map(|plugin| plugin.descriptor)
    }

    /// What a module with it looks like to the registry.
    pub(crate) fn state(&self) -> ModuleState {
        let mut offered = Vec::new();
        for info in &self.info {
            for contract in info.contracts() {
                let version = contract.version();
                offered.push((
                    contract.id().to_owned(),
                    version.major,
                    immortal(&info.name),
                ));
            }
        }
        ModuleState {
            loaded: true,
            info: self.info.clone(),
            described: self
                .described
                .iter()
                .map(|&contract| ContractInfo::new(&self.catalog, contract))
                .collect(),
            offered,
            settings: self.settings.clone(),
            skipped: self.skipped.clone(),
            bundle: self.bundle.clone(),
            #[cfg(feature = "watch")]
            print: self.print.clone(),
            ..ModuleState::default()
        }
    }

    /// Whether its contracts have the shapes that this program knows, and what its plugins need is there.
    pub(crate) fn check(&self, runtime: &RuntimeInner) -> Result<Vec<Need>> {
        let place = self.place();
        if self.registered.is_empty() && self.described.is_empty() {
            return Err(Error::NothingOffered { path: place });
        }
        let mut needs = match &self.bundle {
            Some(bundle) => bundle.check(&runtime.read(), Some(self.stamp))?,
            None => Vec::new(),
        };
        for plugin in self.registered.iter().flatten() {
            let name = &plugin.info.name;
            needs.extend(self.loader.iter().map(|loader| Need {
                plugin: name.clone(),
                provider: Arc::clone(loader),
            }));
            let provides = Direction::PluginProvides;
            for offer in &plugin.offers {
                check_shape(&self.catalog, offer.contract, name, &place, provides)?;
            }
            for &required in &plugin.requires {
                if self.catalog.contracts[required].host {
                    let provides = Direction::HostProvides;
                    check_shape(&self.catalog, required, name, &place, provides)?;
                }
                needs.extend(self.need(&runtime.read(), required, name)?);
            }
        }
        Ok(needs)
    }

    /// Has the host make what it provides to each plugin, for those that cannot do without. After everything was checked.
    pub(crate) fn provide_each(&self, runtime: &RuntimeInner) -> Result<()> {
        for plugin in self.registered.iter().flatten() {
            for &required in &plugin.requires {
                let contract = &self.catalog.contracts[required];
                if !contract.host {
                    continue;
                }
                let found = runtime.read().provided(&contract.id, contract.major);
                let Some(each) = found.and_then(|found| found.module.each()) else {
                    continue;
                };
                let asker = Asker {
                    plugin: &plugin.info.name,
                    cell: self.cell,
                    stamp: self.stamp,
                };
                each.value(asker).map_err(|fault| {
                    let contract = ContractInfo::new(&self.catalog, required).to_string();
                    not_provided(asker.plugin, contract, fault)
                })?;
            }
        }
        Ok(())
    }

    /// Who provides what a plugin needs; nothing when another plugin of this very module does.
    fn need(&self, registry: &Registry, required: usize, plugin: &str) -> Result<Option<Need>> {
        let contract = &self.catalog.contracts[required];
        let found = if contract.host {
            registry.provided(&contract.id, contract.major)
        } else {
            let own = self.info.iter().any(|info| {
                info.name != plugin
                    && info.contracts.iter().any(|offered| {
                        offered.id() == contract.id && offered.version().major == contract.major
                    })
            });
            if own {
                return Ok(None);
            }
            let mut offers = registry.offers(&contract.id, contract.major);
            let found = offers.find(|found| !found.provided && found.module.stamp != self.stamp);
            found.cloned()
        };
        if let Some(found) = found {
            return Ok(Some(Need {
                plugin: plugin.to_owned(),
                provider: found.module,
            }));
        }
        let name = ContractInfo::new(&self.catalog, required).to_string();
        if !contract.host
            && let Some(skipped) = self.left_out(registry, &contract.id, contract.major)
        {
            return Err(Error::PeerSkipped {
                plugin: plugin.to_owned(),
                contract: name,
                peer: skipped.plugin,
                reason: skipped.reason,
            });
        }
        let near = similar(&name, &registry.offered()).filter(|near| *near != name);
        let reason = |nobody: &str| match near {
            Some(near) => format!("{nobody} (there is `{near}`)"),
            None => nobody.to_owned(),
        };
        let plugin = plugin.to_owned();
        Err(if contract.host {
            Error::MissingHostContract {
                plugin,
                contract: name,
                reason: reason("nobody provides it"),
            }
        } else {
            Error::MissingPeer {
                plugin,
                contract: name,
                reason: reason("no plugin that is loaded offers it"),
            }
        })
    }

    /// A contract that would be there, had it the shape that this program knows.
    fn left_out(&self, registry: &Registry, id: &str, major: u32) -> Option<SkippedContract> {
        let begins = format!("{id} {major}.");
        let find = |skipped: &[SkippedContract]| {
            let mut skipped = skipped.iter();
            skipped
                .find(|skipped| skipped.contract.starts_with(&begins))
                .cloned()
        };
        let mut modules = registry.modules();
        find(&self.skipped).or_else(|| modules.find_map(|module| find(&module.state().skipped)))
    }

    /// The order in which its plugins are constructed: those that others of the module need come first.
    pub(crate) fn order(&self) -> Vec<usize> {
        let mut order = Vec::new();
        let mut visited = vec![false; self.info.len()];
        for plugin in 0..self.info.len() {
            self.visit(plugin, &mut visited, &mut order);
        }
        order
    }

    fn visit(&self, plugin: usize, visited: &mut [bool], order: &mut Vec<usize>) {
        if mem::replace(&mut visited[plugin], true) {
            return;
        }
        for required in self.info[plugin].requires() {
            let offers = |info: &PluginInfo| {
                let mut contracts = info.contracts.iter();
                contracts.any(|offered| {
                    offered.id() == required.id()
                        && offered.version().major == required.version().major
                })
            };
            let provider = self.info.iter().position(offers);
            if let Some(provider) = provider {
                self.visit(provider, visited, order);
            }
        }
        order.push(plugin);
    }

    /// Makes the state of a plugin: from what its version before saved, or anew.
    pub(crate) fn construct(
        &mut self,
        runtime: &Arc<RuntimeInner>,
        plugin: usize,
        previous_version: &str,
        saved: Option<&[u8]>,
    ) -> Result<()> {
        let Some(registered) = self.registered[plugin].take() else {
            return Ok(());
        };
        let RegisteredPlugin {
            info,
            descriptor,
            offers,
            ..
        } = registered;
        let module = (self.cell, self.stamp);
        let bundle = self.bundle.as_ref();
        let config = bundle.and_then(|bundle| bundle.config(&info.name));
        let context = ContextCore::new(runtime, &info.name, previous_version, module, config);
        // Nobody shares a plugin whose contracts are all exclusive: each caller creates its own.
        let is_shared = offers.is_empty()
            || offers
                .iter()
                .any(|offer| !self.catalog.contracts[offer.contract].exclusive);
        let state = if is_shared {
            let restored = match saved {
                // SAFETY: the descriptor was read from a module whose image is mapped while this lives.
                Some(saved) => unsafe { state::restore(descriptor, &context, saved, &info.name) }?,
                None => None,
            };
            match restored {
                Some(state) => state,
                // SAFETY: as above.
                None => unsafe { state::construct(descriptor, &context, &info.name) }?,
            }
        } else {
            ptr::null_mut()
        };
        let name = immortal(&info.name);
        let destroy = Destroy::Plugin(descriptor);
        let cell = PluginCell::new(info, name, state, destroy, Some(context), offers);
        self.built[plugin] = Some(cell);
        Ok(())
    }

    /// What can be published. All plugins are constructed.
    pub(crate) fn into_generation(mut self, number: u64) -> Arc<GenerationCore> {
        let generation = self.take(number);
        // Nothing is left to be undone.
        self.of_module = true;
        generation
    }

    fn take(&mut self, number: u64) -> Arc<GenerationCore> {
        let parts = Parts {
            source: self.source.clone(),
            catalog: Arc::clone(&self.catalog),
            described: mem::take(&mut self.described),
            origins: mem::take(&mut self.origins),
            plugins: mem::take(&mut self.built).into_iter().flatten().collect(),
            mapped: self.mapped.take(),
        };
        GenerationCore::new(self.cell, self.stamp, number, parts)
    }
}

impl Drop for Candidate {
    fn drop(&mut self) {
        let states = self
            .built
            .iter()
            .flatten()
            .any(|cell| !cell.state().is_null());
        if self.mapped.is_none() && !states {
            if !self.of_module {
                self.cell.vacate();
                each::module_ended(self.stamp);
            }
            return;
        }
        // A5: on the reaper, because a load may be called from anywhere.
        let generation = self.take(0);
        if !self.of_module {
            generation.is_last();
        }
        reaper::retire(generation);
    }
}

fn offers(info: &PluginInfo, catalog: &Catalog, contract: usize) -> bool {
    let model = &catalog.contracts[contract];
    let mut contracts = info.contracts.iter();
    contracts.any(|offered| offered.id() == model.id && offered.version().major == model.major)
}

/// Who provides a contract.
#[derive(Clone, Copy)]
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
