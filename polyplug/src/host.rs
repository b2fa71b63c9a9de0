//! The runtime: registry, loading, lifecycle, reflection. Everything here is left out of a plugin built without the feature
//! `host`.

pub use self::bundle::Bundle;
pub use self::dynamic::{
    DynamicAnswer, DynamicCaller, DynamicContract, DynamicEntered, DynamicInstance, DynamicPinned,
    DynamicProvider, services,
};
pub use self::events::{Event, Subscription};
pub use self::folder::LoadReport;
pub use self::info::{
    ArgumentInfo, ContractInfo, ContractVersion, MethodInfo, ModuleInfo, PluginInfo,
};
pub use self::load::inspect;
pub use self::module::Module;
pub use self::options::{LoadCandidate, LoadOptions, Mismatch, SkippedContract};
pub use self::report::{CallHolder, Holders, ReloadReport, UnloadOutcome, UnloadReport};
pub use self::runtime::{Builder, Provider, Runtime};
pub use self::threads::{HoldReason, ThreadHolder};
pub use self::types::{FieldInfo, TypeInfo, VariantInfo};
#[cfg(feature = "watch")]
pub use self::watch::{WatchOptions, Watcher};

mod admission;
mod bundle;
mod cell;
mod context;
mod copy;
pub(crate) mod describers;
mod diff;
pub(crate) mod domain;
mod dynamic;
mod each;
mod events;
mod fast;
mod folder;
#[cfg(feature = "testing")]
pub(crate) mod for_tests;
mod generation;
pub(crate) mod holds;
mod info;
pub(crate) mod keeper;
mod lifecycle;
mod load;
#[cfg(feature = "tracing")]
pub(crate) mod log;
pub(crate) mod mapped;
pub(crate) mod model;
mod module;
mod object_file;
mod options;
mod order;
#[cfg(feature = "watch")]
mod print;
mod reaper;
mod registry;
mod report;
mod runtime;
mod sources;
mod state;
pub(crate) mod threads;
mod types;
pub(crate) mod views;
#[cfg(feature = "watch")]
mod watch;
