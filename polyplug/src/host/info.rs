//! Reflection: what is loaded, as values that outlive it.

use core::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::bundle::Bundle;
use super::model::{ArgumentModel, Catalog, ContractModel, MethodModel};

/// The version of a contract: majors are different contracts, minors grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContractVersion {
    /// Different majors live side by side.
    pub major: u32,
    /// Grows with every method that is added.
    pub minor: u32,
}

impl fmt::Display for ContractVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// A contract.
#[derive(Clone)]
pub struct ContractInfo {
    catalog: Arc<Catalog>,
    index: usize,
}

impl ContractInfo {
    pub(crate) fn new(catalog: &Arc<Catalog>, index: usize) -> Self {
        Self {
            catalog: Arc::clone(catalog),
            index,
        }
    }

    fn model(&self) -> &ContractModel {
        &self.catalog.contracts[self.index]
    }

    /// The dotted id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.model().id
    }

    /// The name of the trait.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.model().name
    }

    /// The version.
    #[must_use]
    pub fn version(&self) -> ContractVersion {
        ContractVersion {
            major: self.model().major,
            minor: self.model().minor,
        }
    }

    /// The documentation of the trait, or nothing.
    #[must_use]
    pub fn docs(&self) -> &str {
        &self.model().docs
    }

    /// Whether only the host provides it.
    #[must_use]
    pub fn is_host_contract(&self) -> bool {
        self.model().host
    }

    /// The methods, in order.
    #[must_use]
    pub fn methods(&self) -> Vec<MethodInfo> {
        (0..self.model().methods.len())
            .map(|method| MethodInfo {
                contract: self.clone(),
                method,
            })
            .collect()
    }
}

impl fmt::Display for ContractInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.id(), self.version())
    }
}

impl fmt::Debug for ContractInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ContractInfo({self})")
    }
}

/// A method of a contract.
#[derive(Clone)]
pub struct MethodInfo {
    contract: ContractInfo,
    method: usize,
}

impl MethodInfo {
    fn model(&self) -> &MethodModel {
        &self.contract.model().methods[self.method]
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.model().name
    }

    /// The documentation, or nothing.
    #[must_use]
    pub fn docs(&self) -> &str {
        &self.model().docs
    }

    /// Whether it has a default body.
    #[must_use]
    pub fn has_default(&self) -> bool {
        self.model().has_default
    }

    /// The arguments, without the receiver.
    #[must_use]
    pub fn arguments(&self) -> Vec<ArgumentInfo> {
        self.model()
            .arguments
            .iter()
            .map(|argument| self.argument(argument))
            .collect()
    }

    fn argument(&self, argument: &ArgumentModel) -> ArgumentInfo {
        ArgumentInfo {
            name: argument.name.clone(),
            ty: self.contract.catalog.argument_type(argument),
        }
    }

    /// The type of the result, as in Rust.
    #[must_use]
    pub fn result(&self) -> String {
        self.contract.catalog.type_name(self.model().result)
    }

    /// Name, arguments and result, as in Rust: `greet(name: &str) -> String`.
    #[must_use]
    pub fn signature(&self) -> String {
        self.contract.catalog.signature(self.model())
    }
}

impl fmt::Display for MethodInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.signature())
    }
}

impl fmt::Debug for MethodInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MethodInfo({self})")
    }
}

/// An argument of a method.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArgumentInfo {
    name: String,
    ty: String,
}

impl ArgumentInfo {
    /// The name; nothing when the contract has a pattern there.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The type, as in Rust.
    #[must_use]
    pub fn ty(&self) -> &str {
        &self.ty
    }
}

/// A plugin.
#[derive(Clone, Debug)]
pub struct PluginInfo {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) description: String,
    pub(crate) authors: String,
    pub(crate) license: String,
    pub(crate) repository: String,
    pub(crate) contracts: Vec<ContractInfo>,
    pub(crate) requires: Vec<ContractInfo>,
}

impl PluginInfo {
    /// The name, unique in a runtime.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The semantic version.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// One line about it, or nothing.
    #[must_use]
    pub fn description(&self) -> &str {
        &self.description
    }

    /// Its authors.
    #[must_use]
    pub fn authors(&self) -> Vec<&str> {
        self.authors
            .split(':')
            .filter(|author| !author.is_empty())
            .collect()
    }

    /// Its licence, as an SPDX expression, or nothing.
    #[must_use]
    pub fn license(&self) -> &str {
        &self.license
    }

    /// The address of its source, or nothing.
    #[must_use]
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// What it offers.
    #[must_use]
    pub fn contracts(&self) -> &[ContractInfo] {
        &self.contracts
    }

    /// What it needs.
    #[must_use]
    pub fn requires(&self) -> &[ContractInfo] {
        &self.requires
    }
}

/// What a module offers, read without constructing anything.
#[derive(Clone, Debug)]
pub struct ModuleInfo {
    pub(crate) path: PathBuf,
    pub(crate) bundle: Option<Bundle>,
    pub(crate) plugins: Vec<PluginInfo>,
    pub(crate) contracts: Vec<ContractInfo>,
}

impl ModuleInfo {
    /// The file that was read.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The bundle that the file is in, if it was asked for as one.
    #[must_use]
    pub fn bundle(&self) -> Option<&Bundle> {
        self.bundle.as_ref()
    }

    /// The plugins in it.
    #[must_use]
    pub fn plugins(&self) -> &[PluginInfo] {
        &self.plugins
    }

    /// The contracts that it describes, offered or not.
    #[must_use]
    pub fn contracts(&self) -> &[ContractInfo] {
        &self.contracts
    }
}
