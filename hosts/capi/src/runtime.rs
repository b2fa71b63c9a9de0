//! The runtime: loading, looking up, configuring.

use core::ptr;
use std::sync::RwLock;

use crate::call::Called;
use crate::contract::{PolyplugContract, described, dynamic};
use crate::error::{Failure, PolyplugError};
use crate::handle::{
    POLYPLUG_FAILED, POLYPLUG_OK, PolyplugCaller, PolyplugInstance, PolyplugModule,
    PolyplugRuntime, contained, give, held, some_text, text,
};
use crate::module::{PolyplugList, PolyplugModules, PolyplugPlugins, PolyplugReport};

/// Makes a runtime with nothing in it. Releasing it unloads everything, once no caller of it is left either.
#[unsafe(no_mangle)]
pub extern "C" fn polyplug_runtime_new() -> *mut PolyplugRuntime {
    // SAFETY: no place for an error.
    unsafe {
        contained(ptr::null_mut(), ptr::null_mut(), || {
            Ok(give(polyplug::Runtime::new()))
        })
    }
}

/// Loads a shared library with all its plugins.
///
/// # Safety
/// The crate's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyplug_runtime_load(
    runtime: *const PolyplugRuntime,
    path: *const u8,
    path_length: usize,
    error: *mut *mut PolyplugError,
) -> *mut PolyplugModule {
    // SAFETY: the crate's.
    unsafe {
        contained(error, ptr::null_mut(), || {
            let path = some_text(path, path_length, "the path")?;
            Ok(give(held(runtime)?.load(path)?))
        })
    }
}

/// Loads every library in a folder. The report's code is `loaded`, or `failed` when one could not be loaded, which its text says.
///
/// # Safety
/// The crate's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyplug_runtime_load_dir(
    runtime: *const PolyplugRuntime,
    path: *const u8,
    path_length: usize,
    error: *mut *mut PolyplugError,
) -> *mut PolyplugReport {
    // SAFETY: the crate's.
    unsafe {
        contained(error, ptr::null_mut(), || {
            let path = some_text(path, path_length, "the path")?;
            let report = held(runtime)?.load_dir(path)?;
            let code = if report.failed().is_empty() {
                "loaded"
            } else {
                "failed"
            };
            Ok(PolyplugReport::give(code, &report.to_string()))
        })
    }
}

/// The modules, in load order. Each of them is to be released, and the list.
///
/// # Safety
/// The crate's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyplug_runtime_modules(
    runtime: *const PolyplugRuntime,
    error: *mut *mut PolyplugError,
) -> *mut PolyplugModules {
    // SAFETY: the crate's.
    unsafe {
        contained(error, ptr::null_mut(), || {
            Ok(PolyplugModules::give(held(runtime)?.modules()))
        })
    }
}

/// The plugins, in load order, and the values that the host provides.
///
/// # Safety
/// The crate's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyplug_runtime_plugins(
    runtime: *const PolyplugRuntime,
    error: *mut *mut PolyplugError,
) -> *mut PolyplugPlugins {
    // SAFETY: the crate's.
    unsafe {
        contained(error, ptr::null_mut(), || {
            Ok(PolyplugPlugins::give(&held(runtime)?.plugins()))
        })
    }
}

/// The contracts that the loaded modules describe, offered or not: `id major.minor`.
///
/// # Safety
/// The crate's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyplug_runtime_contracts(
    runtime: *const PolyplugRuntime,
    error: *mut *mut PolyplugError,
) -> *mut PolyplugList {
    // SAFETY: the crate's.
    unsafe {
        contained(error, ptr::null_mut(), || {
            let contracts = held(runtime)?.contracts();
            let names: Vec<_> = contracts.iter().map(ToString::to_string).collect();
            Ok(PolyplugList::give(&names))
        })
    }
}

/// What a contract that is described looks like. It outlives the module.
///
/// # Safety
/// The crate's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyplug_runtime_contract(
    runtime: *const PolyplugRuntime,
    id: *const u8,
    id_length: usize,
    major: u32,
    error: *mut *mut PolyplugError,
) -> *mut PolyplugContract {
    // SAFETY: the crate's.
    unsafe {
        contained(error, ptr::null_mut(), || {
            let id = some_text(id, id_length, "the id of the contract")?;
            Ok(described(&held(runtime)?.contract(id, major)?))
        })
    }
}

/// The names of the plugins that offer a contract, in load order.
///
/// # Safety
/// The crate's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyplug_runtime_providers(
    runtime: *const PolyplugRuntime,
    contract: *const PolyplugContract,
    error: *mut *mut PolyplugError,
) -> *mut PolyplugList {
    // SAFETY: the crate's.
    unsafe {
        contained(error, ptr::null_mut(), || {
            let contract = dynamic(contract)?;
            Ok(PolyplugList::give(
                &held(runtime)?.dynamic_providers(contract.info()),
            ))
        })
    }
}

/// A caller of the contract as that plugin offers it; when `plugin` is null, of the first plugin that does.
///
/// # Safety
/// The crate's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyplug_runtime_get(
    runtime: *const PolyplugRuntime,
    contract: *const PolyplugContract,
    plugin: *const u8,
    plugin_length: usize,
    error: *mut *mut PolyplugError,
) -> *mut PolyplugCaller {
    // SAFETY: the crate's.
    unsafe {
        contained(error, ptr::null_mut(), || {
            let runtime = held(runtime)?;
            let plugin = text(plugin, plugin_length, "the name of the plugin")?;
            let caller = runtime.dynamic_get(dynamic(contract)?, plugin)?;
            Ok(give(Called::new(caller.plugin().to_owned(), caller)))
        })
    }
}

/// A new instance, made by that plugin; when `plugin` is null, by the first plugin that offers the contract.
///
/// # Safety
/// The crate's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyplug_runtime_create(
    runtime: *const PolyplugRuntime,
    contract: *const PolyplugContract,
    plugin: *const u8,
    plugin_length: usize,
    error: *mut *mut PolyplugError,
) -> *mut PolyplugInstance {
    // SAFETY: the crate's.
    unsafe {
        contained(error, ptr::null_mut(), || {
            let runtime = held(runtime)?;
            let plugin = text(plugin, plugin_length, "the name of the plugin")?;
            let instance = runtime.dynamic_create(dynamic(contract)?, plugin)?;
            let name = instance.plugin().to_owned();
            Ok(give(Called::new(name, RwLock::new(instance))))
        })
    }
}

/// Configures a plugin, before it is loaded or reloaded, with JSON text.
///
/// # Safety
/// The crate's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyplug_runtime_configure(
    runtime: *const PolyplugRuntime,
    plugin: *const u8,
    plugin_length: usize,
    json: *const u8,
    json_length: usize,
    error: *mut *mut PolyplugError,
) -> i32 {
    // SAFETY: the crate's.
    unsafe {
        contained(error, POLYPLUG_FAILED, || {
            let runtime = held(runtime)?;
            let plugin = some_text(plugin, plugin_length, "the name of the plugin")?;
            let json = some_text(json, json_length, "the configuration")?;
            let value: serde_json::Value = serde_json::from_str(json).map_err(|error| {
                Failure::new("not-json", format!("the configuration is no JSON: {error}"))
            })?;
            runtime.configure(plugin, &value)?;
            Ok(POLYPLUG_OK)
        })
    }
}
