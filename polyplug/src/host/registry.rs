//! Where providers are found: by contract, by plugin, by both, in load order.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::module::ModuleCore;
use super::runtime::HOST;
use crate::error::{Error, Result};

/// One plugin's offer of one contract, in a module that is there.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) module: Arc<ModuleCore>,
    pub(crate) plugin: &'static str,
    /// It is a value of the host.
    pub(crate) provided: bool,
}

/// What a module offers: contract id, major, plugin.
pub(crate) type Offered = Vec<(String, u32, &'static str)>;

/// What is loaded, and what is being loaded.
#[derive(Debug, Default)]
pub(crate) struct Registry {
    modules: BTreeMap<u64, Arc<ModuleCore>>,
    next: u64,
    /// By contract id and major, then by the place in load order.
    offers: HashMap<(String, u32), BTreeMap<(u64, usize), Found>>,
    /// What the host provides to each plugin, by contract and place. Nobody finds it but contexts.
    each: HashMap<(String, u32), BTreeMap<u64, Found>>,
    /// By contract and plugin: where in `offers`.
    by_name: HashMap<(String, u32, &'static str), (u64, usize)>,
    /// Names of plugins, with the source of each.
    names: HashMap<String, String>,
    /// Names under which the host provides values, with the contracts of each.
    provided: HashMap<String, BTreeMap<String, String>>,
    /// Files, with the plugins in each.
    files: HashMap<PathBuf, Vec<String>>,
}

/// What a module that is being loaded has reserved; given back unless it is published.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reserved {
    pub(crate) names: Vec<String>,
    pub(crate) file: Option<PathBuf>,
    /// A value of the host: its name and contract.
    pub(crate) provided: Option<(String, String)>,
}

impl Registry {
    /// Keeps a file from being loaded twice.
    pub(crate) fn reserve_file(&mut self, path: &Path) -> Result<()> {
        if let Some(plugins) = self.files.get(path) {
            return Err(Error::AlreadyLoaded {
                path: path.to_owned(),
                plugins: plugins.clone(),
            });
        }
        self.files.insert(path.to_owned(), Vec::new());
        Ok(())
    }

    /// Keeps names from being given twice. All or none. Those in `own` are the module's already.
    pub(crate) fn reserve_names(
        &mut self,
        names: &[&str],
        own: &[String],
        source: &str,
    ) -> Result<()> {
        for (index, name) in names.iter().enumerate() {
            let loaded = if names[..index].contains(name) {
                Some(source)
            } else if own.iter().any(|own| own == name) {
                None
            } else {
                self.names
                    .get(*name)
                    .map(String::as_str)
                    .or_else(|| self.source_of_provided(name))
            };
            if let Some(loaded) = loaded {
                let (loaded, refused) = (loaded.to_owned(), source.to_owned());
                return Err(Error::DuplicateName {
                    name: (*name).to_owned(),
                    loaded,
                    refused,
                });
            }
        }
        for name in names {
            self.names.insert((*name).to_owned(), source.to_owned());
        }
        Ok(())
    }

    /// Keeps a name of the host's from providing a contract twice, or from being a plugin's.
    pub(crate) fn reserve_provided(
        &mut self,
        name: &str,
        contract: &str,
        source: &str,
    ) -> Result<()> {
        if let Some(loaded) = self.names.get(name) {
            return Err(Error::DuplicateName {
                name: name.to_owned(),
                loaded: loaded.clone(),
                refused: source.to_owned(),
            });
        }
        let contracts = self.provided.entry(name.to_owned()).or_default();
        if let Some(loaded) = contracts.get(contract) {
            return Err(Error::DuplicateName {
                name: name.to_owned(),
                loaded: loaded.clone(),
                refused: format!("a second value for `{contract}`"),
            });
        }
        contracts.insert(contract.to_owned(), source.to_owned());
        Ok(())
    }

    /// The source of a value that the host provides under this name.
    fn source_of_provided(&self, name: &str) -> Option<&str> {
        let contracts = self.provided.get(name)?;
        contracts.values().next().map(String::as_str)
    }

    /// Gives back what was reserved.
    pub(crate) fn give_back(&mut self, reserved: &Reserved) {
        for name in &reserved.names {
            self.names.remove(name);
        }
        if let Some(file) = &reserved.file {
            self.files.remove(file);
        }
        if let Some((name, contract)) = &reserved.provided
            && let Some(contracts) = self.provided.get_mut(name)
        {
            contracts.remove(contract);
            if contracts.is_empty() {
                self.provided.remove(name);
            }
        }
    }

    /// Makes a module visible, all of it at once.
    pub(crate) fn publish(
        &mut self,
        module: &Arc<ModuleCore>,
        offered: &Offered,
        reserved: &Reserved,
    ) {
        if let Some(file) = &reserved.file {
            self.files.insert(file.clone(), reserved.names.clone());
        }
        let place = self.next;
        self.next += 1;
        module.set_place(place);
        self.modules.insert(place, Arc::clone(module));
        self.add_offers(module, place, offered, reserved.provided.is_some());
    }

    fn add_offers(
        &mut self,
        module: &Arc<ModuleCore>,
        place: u64,
        offered: &Offered,
        provided: bool,
    ) {
        for (number, (id, major, plugin)) in offered.iter().enumerate() {
            let found = Found {
                module: Arc::clone(module),
                plugin,
                provided,
            };
            let key = (id.clone(), *major);
            let offers = self.offers.entry(key).or_default();
            offers.insert((place, number), found);
            let name = (id.clone(), *major, *plugin);
            self.by_name.entry(name).or_insert((place, number));
        }
    }

    fn remove_offers(&mut self, place: u64, offered: &Offered) {
        for (number, (id, major, plugin)) in offered.iter().enumerate() {
            let key = (id.clone(), *major);
            if let Some(offers) = self.offers.get_mut(&key) {
                offers.remove(&(place, number));
                if offers.is_empty() {
                    self.offers.remove(&key);
                }
            }
            let name = (id.clone(), *major, *plugin);
            if self.by_name.get(&name) == Some(&(place, number)) {
                self.by_name.remove(&name);
            }
        }
    }

    /// Another version of a module offers other contracts, from the same place.
    pub(crate) fn replace(
        &mut self,
        module: &Arc<ModuleCore>,
        before: &Offered,
        offered: &Offered,
        names: (&[String], &[String]),
        source: &str,
    ) {
        let place = module.place();
        self.remove_offers(place, before);
        self.add_offers(module, place, offered, false);
        for name in names.0 {
            self.names.remove(name);
        }
        for name in names.1 {
            self.names.insert(name.clone(), source.to_owned());
        }
        if let Some(path) = &module.path
            && let Some(file) = self.files.get_mut(path)
        {
            *file = names.1.to_vec();
        }
    }

    /// Takes a module out: from now on nobody finds it, and its names and file are free.
    pub(crate) fn remove(&mut self, module: &ModuleCore, offered: &Offered, reserved: &Reserved) {
        self.remove_offers(module.place(), offered);
        self.modules.remove(&module.place());
        self.each.retain(|_, modules| {
            modules.remove(&module.place());
            !modules.is_empty()
        });
        self.give_back(reserved);
    }

    /// The modules, in load order.
    pub(crate) fn modules(&self) -> impl DoubleEndedIterator<Item = &Arc<ModuleCore>> {
        self.modules.values()
    }

    /// The offers of a contract, in load order.
    pub(crate) fn offers(&self, id: &str, major: u32) -> impl Iterator<Item = &Found> {
        let offers = self.offers.get(&(id.to_owned(), major));
        offers.into_iter().flat_map(BTreeMap::values)
    }

    /// A plugin's offer of a contract.
    pub(crate) fn named(&self, id: &str, major: u32, plugin: &str) -> Option<&Found> {
        // Keys that live for ever can be compared with one that does not.
        let by_name: &HashMap<(String, u32, &str), (u64, usize)> = &self.by_name;
        let place = by_name.get(&(id.to_owned(), major, plugin))?;
        self.offers.get(&(id.to_owned(), major))?.get(place)
    }

    /// What the host provides to each plugin is found from now on.
    pub(crate) fn add_each(&mut self, module: &Arc<ModuleCore>, (id, major): (&str, u32)) {
        let found = Found {
            module: Arc::clone(module),
            plugin: HOST,
            provided: true,
        };
        let each = self.each.entry((id.to_owned(), major)).or_default();
        each.insert(module.place(), found);
    }

    /// The host's providers of a contract, in the order in which they were provided.
    pub(crate) fn all_provided(&self, id: &str, major: u32) -> Vec<Found> {
        let each = self.each.get(&(id.to_owned(), major));
        let each = each.into_iter().flat_map(BTreeMap::values);
        let offers = self.offers(id, major).filter(|found| found.provided);
        let mut all: Vec<_> = each.chain(offers).cloned().collect();
        all.sort_by_key(|found| found.module.place());
        all
    }

    /// The first of the host's providers of a contract.
    pub(crate) fn provided(&self, id: &str, major: u32) -> Option<Found> {
        self.all_provided(id, major).into_iter().next()
    }

    /// Every contract that is offered, as `id major.minor`, in load order, each once.
    pub(crate) fn offered(&self) -> Vec<String> {
        let mut names = Vec::new();
        for module in self.modules.values() {
            for plugin in module.info() {
                for contract in plugin.contracts() {
                    let mut name = contract.to_string();
                    if module.is_each() {
                        name.push_str(" (a value for each plugin)");
                    }
                    if !names.contains(&name) {
                        names.push(name);
                    }
                }
            }
        }
        names
    }
}

/// The name most like `wanted`, when one is near enough to be a slip. Common beginnings count for nothing more than
/// other letters: dotted ids of one family have them all.
pub(crate) fn similar(wanted: &str, names: &[String]) -> Option<String> {
    names
        .iter()
        .map(|name| (strsim::normalized_damerau_levenshtein(wanted, name), name))
        .filter(|(likeness, _)| *likeness > 0.7)
        .max_by(|one, other| one.0.total_cmp(&other.0))
        .map(|(_, name)| name.clone())
}
