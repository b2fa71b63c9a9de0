//! Modules and what becomes of them; reports and lists as structs with direct pointers.

use core::ptr;
use core::time::Duration;

use polyplug::PluginInfo;
use polyplug_abi::Slice as PolyplugSlice;

use crate::error::{Failure, PolyplugError};
use crate::handle::{
    Kind, POLYPLUG_FAILED, POLYPLUG_OK, PolyplugModule, Texts, contained, give, give_open, held,
    put,
};

/// In the place of a number of milliseconds: nothing is waited for.
pub const POLYPLUG_NO_WAIT: u64 = u64::MAX;

/// What was done. The texts end with a zero, and live until it is released.
#[repr(C)]
#[derive(Debug)]
pub struct PolyplugReport {
    /// What every handle starts with.
    pub tag: u64,
    /// A stable word: of an unload `unmapped`, `retiring`, `held`, `stays-mapped`, `refused`, `busy`; of a reload `reloaded`;
    /// of a folder `loaded`, `failed`.
    pub code: PolyplugSlice,
    /// In words.
    pub text: PolyplugSlice,
}

impl PolyplugReport {
    pub(crate) fn give(code: &str, text: &str) -> *mut Self {
        let mut texts = Texts::default();
        let report = Self {
            tag: Self::TAG,
            code: texts.add(code),
            text: texts.add(text),
        };
        give_open(report, texts)
    }
}

/// Texts. They end with a zero, and live until it is released.
#[repr(C)]
#[derive(Debug)]
pub struct PolyplugList {
    /// What every handle starts with.
    pub tag: u64,
    /// How many.
    pub count: usize,
    /// The texts.
    pub items: *const PolyplugSlice,
}

impl PolyplugList {
    pub(crate) fn give(names: &[String]) -> *mut Self {
        let mut texts = Texts::default();
        let items: Vec<_> = names.iter().map(|name| texts.add(name)).collect();
        let list = Self {
            tag: Self::TAG,
            count: items.len(),
            items: items.as_ptr(),
        };
        give_open(list, (texts, Lent(items)))
    }
}

/// What is pointed to, which lies still.
pub(crate) struct Lent<T>(pub(crate) T);

// SAFETY: read-only once made.
unsafe impl<T> Send for Lent<T> {}
// SAFETY: as above.
unsafe impl<T> Sync for Lent<T> {}

/// A plugin.
#[repr(C)]
#[derive(Debug)]
pub struct PolyplugPlugin {
    /// The name, unique in a runtime.
    pub name: PolyplugSlice,
    /// The semantic version.
    pub version: PolyplugSlice,
    /// One line about it, or nothing.
    pub description: PolyplugSlice,
    /// Its licence, or nothing.
    pub license: PolyplugSlice,
    /// The address of its source, or nothing.
    pub repository: PolyplugSlice,
    /// How many contracts it offers.
    pub contract_count: usize,
    /// The contracts that it offers: `id major.minor`.
    pub contracts: *const PolyplugSlice,
}

/// Plugins. They live until it is released.
#[repr(C)]
#[derive(Debug)]
pub struct PolyplugPlugins {
    /// What every handle starts with.
    pub tag: u64,
    /// How many.
    pub count: usize,
    /// The plugins.
    pub items: *const PolyplugPlugin,
}

impl PolyplugPlugins {
    pub(crate) fn give(plugins: &[PluginInfo]) -> *mut Self {
        let mut texts = Texts::default();
        let mut lists = Vec::new();
        let items: Vec<_> = plugins
            .iter()
            .map(|plugin| {
                let contracts = plugin.contracts().iter();
                let contracts: Vec<_> = contracts
                    .map(|contract| texts.add(&contract.to_string()))
                    .collect();
                let item = PolyplugPlugin {
                    name: texts.add(plugin.name()),
                    version: texts.add(plugin.version()),
                    description: texts.add(plugin.description()),
                    license: texts.add(plugin.license()),
                    repository: texts.add(plugin.repository()),
                    contract_count: contracts.len(),
                    contracts: contracts.as_ptr(),
                };
                lists.push(contracts);
                item
            })
            .collect();
        let list = Self {
            tag: Self::TAG,
            count: items.len(),
            items: items.as_ptr(),
        };
        give_open(list, Lent((texts, items, lists)))
    }
}

/// Modules.
#[repr(C)]
#[derive(Debug)]
pub struct PolyplugModules {
    /// What every handle starts with.
    pub tag: u64,
    /// How many.
    pub count: usize,
    /// The modules; each is to be released.
    pub items: *const *mut PolyplugModule,
}

impl PolyplugModules {
    pub(crate) fn give(modules: Vec<polyplug::Module>) -> *mut Self {
        let items: Vec<*mut PolyplugModule> = modules.into_iter().map(give).collect();
        let list = Self {
            tag: Self::TAG,
            count: items.len(),
            items: items.as_ptr(),
        };
        give_open(list, Lent(items))
    }
}

/// The plugins of a module; those of its last version after an unload.
///
/// # Safety
/// The crate's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyplug_module_plugins(
    module: *const PolyplugModule,
    error: *mut *mut PolyplugError,
) -> *mut PolyplugPlugins {
    // SAFETY: the crate's.
    unsafe {
        contained(error, ptr::null_mut(), || {
            Ok(PolyplugPlugins::give(&held(module)?.plugins()))
        })
    }
}

/// The file that a module was loaded from, as a list of one; an empty list for what has none.
///
/// # Safety
/// The crate's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyplug_module_path(
    module: *const PolyplugModule,
    error: *mut *mut PolyplugError,
) -> *mut PolyplugList {
    // SAFETY: the crate's.
    unsafe {
        contained(error, ptr::null_mut(), || {
            let path = held(module)?.path().map(|path| path.display().to_string());
            Ok(PolyplugList::give(path.as_slice()))
        })
    }
}

/// Whether callers reach a module: 1 or 0 in `loaded`.
///
/// # Safety
/// The crate's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyplug_module_is_loaded(
    module: *const PolyplugModule,
    loaded: *mut i32,
    error: *mut *mut PolyplugError,
) -> i32 {
    // SAFETY: the crate's.
    unsafe {
        contained(error, POLYPLUG_FAILED, || {
            put(loaded, i32::from(held(module)?.is_loaded()));
            Ok(POLYPLUG_OK)
        })
    }
}

/// Puts the file as it is now in the place of what is loaded. Waits for calls inside, when a state is to be kept, at most as
/// many milliseconds; with `POLYPLUG_NO_WAIT`, 5 seconds.
///
/// # Safety
/// The crate's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyplug_module_reload(
    module: *const PolyplugModule,
    milliseconds: u64,
    error: *mut *mut PolyplugError,
) -> *mut PolyplugReport {
    // SAFETY: the crate's.
    unsafe {
        contained(error, ptr::null_mut(), || {
            let module = held(module)?;
            let report = match milliseconds {
                POLYPLUG_NO_WAIT => module.reload()?,
                limit => module.reload_within(Duration::from_millis(limit))?,
            };
            Ok(PolyplugReport::give("reloaded", &report.to_string()))
        })
    }
}

/// Takes a module away, and waits for its end at most as many milliseconds; with `POLYPLUG_NO_WAIT` for nothing.
///
/// # Safety
/// The crate's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyplug_module_unload(
    module: *const PolyplugModule,
    milliseconds: u64,
    error: *mut *mut PolyplugError,
) -> *mut PolyplugReport {
    // SAFETY: the crate's.
    unsafe {
        contained(error, ptr::null_mut(), || {
            let module = held(module)?;
            let report = match milliseconds {
                POLYPLUG_NO_WAIT => module.unload(),
                limit => module.unload_within(Duration::from_millis(limit)),
            };
            unloaded(&report)
        })
    }
}

/// As an unload that waits for nothing, after all modules that depend on it.
///
/// # Safety
/// The crate's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyplug_module_unload_cascade(
    module: *const PolyplugModule,
    error: *mut *mut PolyplugError,
) -> *mut PolyplugReport {
    // SAFETY: the crate's.
    unsafe {
        contained(error, ptr::null_mut(), || {
            unloaded(&held(module)?.unload_cascade())
        })
    }
}

fn unloaded(report: &polyplug::UnloadReport) -> Result<*mut PolyplugReport, Failure> {
    Ok(PolyplugReport::give(
        report.outcome().code(),
        &report.to_string(),
    ))
}
