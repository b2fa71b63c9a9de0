//! The runtime: registry, loading, reflection. Everything here is left out of a plugin built without the feature `host`.

pub use self::info::{
    ArgumentInfo, ContractInfo, ContractVersion, MethodInfo, ModuleInfo, PluginInfo,
};
pub use self::load::inspect;
pub use self::module::Module;
pub use self::runtime::{Builder, Provider, Runtime};

mod cell;
mod context;
mod copy;
mod diff;
mod info;
mod load;
pub(crate) mod model;
mod module;
mod object_file;
mod reaper;
mod registry;
mod runtime;
pub(crate) mod views;
