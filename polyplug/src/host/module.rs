//! What a load returns.

use core::fmt;
use std::path::Path;
use std::sync::Arc;

use super::cell::ModuleCell;
use super::info::PluginInfo;
use super::registry::Found;
use super::runtime::Runtime;
use crate::contract::{Contract, SharedContract};
use crate::error::Result;
use crate::handles::{Caller, Instance};

/// The unit that is loaded: a shared library, the plugins linked into the program, or a value that the host provides.
///
/// A handle: dropping it unloads nothing.
#[derive(Clone)]
pub struct Module {
    pub(crate) runtime: Runtime,
    pub(crate) cell: Arc<ModuleCell>,
}

impl Module {
    /// The file it was loaded from; nothing for linked plugins and provided values.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        self.cell.path.as_deref()
    }

    /// Its plugins, in the order of their names.
    #[must_use]
    pub fn plugins(&self) -> Vec<PluginInfo> {
        self.cell
            .plugins
            .iter()
            .map(|plugin| plugin.info.clone())
            .collect()
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

    fn find<C: ?Sized + Contract>(&self) -> Result<Found> {
        let all = self.runtime.find_all::<C>();
        let found = all
            .into_iter()
            .find(|found| Arc::ptr_eq(&found.module, &self.cell));
        found.ok_or_else(|| {
            let offered = self
                .cell
                .plugins
                .iter()
                .flat_map(|plugin| &plugin.info.contracts);
            super::runtime::no_provider::<C>(offered.map(ToString::to_string).collect())
        })
    }
}

impl fmt::Debug for Module {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Module({})", self.cell.source)
    }
}
