//! Where providers are found: by contract, by plugin, in load order.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::cell::ModuleCell;
use super::info::ContractInfo;
use crate::error::{Error, Result};

/// One plugin's offer of one contract, in a module that is there.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) module: Arc<ModuleCell>,
    pub(crate) plugin: usize,
    pub(crate) offer: usize,
}

/// What is loaded, and what is being loaded.
#[derive(Debug, Default)]
pub(crate) struct Registry {
    pub(crate) modules: Vec<Arc<ModuleCell>>,
    /// By contract id, then by major.
    offers: HashMap<String, BTreeMap<u32, Vec<Found>>>,
    /// Names of plugins, with the source of each.
    names: HashMap<String, String>,
    /// Files, with the plugins in each.
    files: HashMap<PathBuf, Vec<String>>,
}

/// What a module that is being loaded has reserved; given back unless it is published.
#[derive(Debug, Default)]
pub(crate) struct Reserved {
    pub(crate) names: Vec<String>,
    pub(crate) file: Option<PathBuf>,
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

    /// Keeps names from being given twice. All or none.
    pub(crate) fn reserve_names(&mut self, names: &[&str], source: &str) -> Result<()> {
        for (index, name) in names.iter().enumerate() {
            let loaded = if names[..index].contains(name) {
                Some(source)
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

    /// Keeps the host's own values from taking the name of a plugin.
    pub(crate) fn check_provided_name(&self, name: &str, source: &str) -> Result<()> {
        match self.names.get(name) {
            Some(loaded) => Err(Error::DuplicateName {
                name: name.to_owned(),
                loaded: loaded.clone(),
                refused: source.to_owned(),
            }),
            None => Ok(()),
        }
    }

    /// The source of a value that the host provides under this name.
    fn source_of_provided(&self, name: &str) -> Option<&str> {
        let provided = self.names.iter().find(|(key, _)| {
            key.split_once('\0')
                .is_some_and(|(provided, _)| provided == name)
        });
        provided.map(|(_, source)| source.as_str())
    }

    /// Gives back what a failed load had reserved.
    pub(crate) fn give_back(&mut self, reserved: &Reserved) {
        for name in &reserved.names {
            self.names.remove(name);
        }
        if let Some(file) = &reserved.file {
            self.files.remove(file);
        }
    }

    /// Makes a module visible, all of it at once.
    pub(crate) fn publish(&mut self, module: &Arc<ModuleCell>, file: Option<&Path>) {
        if let Some(file) = file {
            let names = module
                .plugins
                .iter()
                .map(|plugin| plugin.info.name.clone())
                .collect();
            self.files.insert(file.to_owned(), names);
        }
        for (plugin, cell) in module.plugins.iter().enumerate() {
            for (offer, offered) in cell.offers.iter().enumerate() {
                let contract = &module.catalog.contracts[offered.contract];
                let found = Found {
                    module: Arc::clone(module),
                    plugin,
                    offer,
                };
                let majors = self.offers.entry(contract.id.clone()).or_default();
                majors.entry(contract.major).or_default().push(found);
            }
        }
        self.modules.push(Arc::clone(module));
    }

    /// The offers of a contract, in load order.
    pub(crate) fn offers(&self, id: &str, major: u32) -> &[Found] {
        let majors = self.offers.get(id);
        majors
            .and_then(|majors| majors.get(&major))
            .map_or(&[], Vec::as_slice)
    }

    /// The first value of the host for a contract.
    pub(crate) fn provided(&self, id: &str, major: u32) -> Option<&Found> {
        self.offers(id, major)
            .iter()
            .find(|found| found.module.plugins[found.plugin].context.is_none())
    }

    /// Every contract that is offered, as `id major.minor`, in load order, each once.
    pub(crate) fn offered(&self) -> Vec<String> {
        let mut names = Vec::new();
        for module in &self.modules {
            for plugin in &module.plugins {
                for offer in &plugin.offers {
                    let name = ContractInfo::new(&module.catalog, offer.contract).to_string();
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
