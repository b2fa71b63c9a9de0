//! Reflection: what is loaded, as values that outlive it.

use core::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use polyplug_abi::method_flags;

use super::bundle::Bundle;
use super::model::{ArgumentModel, Catalog, ContractModel, MethodModel};
use super::types::TypeInfo;
use crate::kinds::{Memory, Passing};

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
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) index: usize,
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

    /// A number that is equal for equal contracts of one module's description; see [`TypeInfo::number`].
    #[must_use]
    pub fn number(&self) -> usize {
        self.index
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

    /// Whether some methods take `&mut self`, so that each caller has an instance of its own.
    #[must_use]
    pub fn is_exclusive(&self) -> bool {
        self.model().exclusive
    }

    /// Whether results may borrow from the plugin, so that callers hold it still.
    #[must_use]
    pub fn is_pinned(&self) -> bool {
        self.model().pinned
    }

    /// A number made of the names of the methods, in order: equal numbers, equal names in equal order.
    #[must_use]
    pub fn order(&self) -> u64 {
        self.model().order
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

    /// Whether it takes `&mut self`.
    #[must_use]
    pub fn is_exclusive(&self) -> bool {
        self.model().exclusive
    }

    /// Whether its result borrows from its arguments: it is lent, and belongs to nobody.
    #[must_use]
    pub fn borrows_from_arguments(&self) -> bool {
        self.model().borrows & method_flags::BORROWS != 0
    }

    /// Whether its result borrows from the plugin: it is lent, and lives while the plugin is held still.
    #[must_use]
    pub fn borrows_from_plugin(&self) -> bool {
        self.model().borrows & method_flags::BORROWS_OBJECT != 0
    }

    /// The arguments, without the receiver.
    #[must_use]
    pub fn arguments(&self) -> Vec<ArgumentInfo> {
        (0..self.model().arguments.len())
            .map(|argument| ArgumentInfo {
                method: self.clone(),
                argument,
            })
            .collect()
    }

    /// Size and alignment, in bytes, of the frame that `invoke` takes for this method.
    #[must_use]
    pub fn frame(&self) -> Memory {
        Memory::of(self.model().frame)
    }

    /// The type of the result.
    #[must_use]
    pub fn result_type(&self) -> TypeInfo {
        TypeInfo::new(&self.contract.catalog, self.model().result)
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
#[derive(Clone)]
pub struct ArgumentInfo {
    method: MethodInfo,
    argument: usize,
}

impl ArgumentInfo {
    fn model(&self) -> &ArgumentModel {
        &self.method.model().arguments[self.argument]
    }

    /// The name; nothing when the contract has a pattern there.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.model().name
    }

    /// The type, as in Rust.
    #[must_use]
    pub fn ty(&self) -> String {
        self.method.contract.catalog.argument_type(self.model())
    }

    /// The type of what crosses: for a slice, that of its elements; for a reference, that of what it points to.
    #[must_use]
    pub fn type_info(&self) -> TypeInfo {
        TypeInfo::new(&self.method.contract.catalog, self.model().ty)
    }

    /// How it stands in the C signature and in the frame.
    #[must_use]
    pub fn passing(&self) -> Passing {
        Passing::of(self.model().passing)
    }

    /// Where it lies in the frame, in bytes.
    #[must_use]
    pub fn offset(&self) -> usize {
        self.model().offset
    }
}

impl fmt::Display for ArgumentInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self.name() {
            "" => "_",
            name => name,
        };
        write!(f, "{name}: {}", self.ty())
    }
}

impl fmt::Debug for ArgumentInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ArgumentInfo({self})")
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
