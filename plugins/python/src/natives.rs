//! The native functions behind `polyplug`: the log, host contracts and peers, the configuration, and calls of what is on the
//! other side. `face.py` wraps each.

use core::ffi::CStr;
use core::slice;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Weak};

use polyplug::guest::Remote;
use polyplug::{Context, Fault};

use crate::api::{FAST_CALL, MethodDefinition, PyObject};
use crate::file::{File, raised};
use crate::interpreter::{Entered, outside};
use crate::python::{Answer, Held, Kept, Object, Raised};
use crate::values::Values;

/// A file, in Python: it does not keep it open.
pub(crate) struct FileHandle(pub(crate) Weak<Held<File>>);

/// A plugin's context, in Python.
pub(crate) struct ContextHandle {
    pub(crate) context: Context,
    pub(crate) file: Weak<Held<File>>,
}

/// Something on the other side, in Python.
pub(crate) struct RemoteHandle {
    pub(crate) remote: Remote,
    pub(crate) file: Weak<Held<File>>,
}

/// A fault, in Python.
pub(crate) struct FaultHandle(pub(crate) Fault);

macro_rules! kept {
    ($($kept:ident $len:literal $name:literal)*) => {$(
        // SAFETY: a static for this type alone.
        unsafe impl Kept for $kept {
            fn name() -> &'static [u8] {
                static NAME: [u8; $len] = *$name;
                &NAME
            }
        }
    )*};
}

kept! {
    FileHandle 14 b"polyplug.file\0"
    ContextHandle 17 b"polyplug.context\0"
    RemoteHandle 16 b"polyplug.remote\0"
    FaultHandle 15 b"polyplug.fault\0"
}

/// What is wrong with what a native function was given.
fn misuse(py: &Entered, message: &str) -> Raised {
    raised(py, Fault::new(message))
}

fn open(py: &Entered, file: &Weak<Held<File>>) -> Answer<Arc<Held<File>>> {
    file.upgrade()
        .ok_or_else(|| misuse(py, "the module was unloaded"))
}

fn kept<'o, T: Kept>(py: &Entered, given: &'o [Object], place: usize) -> Answer<&'o T> {
    let found = given.get(place).and_then(|object| py.kept::<T>(object));
    found.ok_or_else(|| misuse(py, "a handle is expected that the loader made"))
}

fn text(py: &Entered, given: &[Object], place: usize) -> Answer<String> {
    match given.get(place) {
        Some(object) if object.is_a(crate::api::api().text_type) => match py.to_text(object) {
            Ok(text) => Ok(text.to_owned()),
            Err(_) => Ok(py.escaped(object)),
        },
        Some(object) => Err(misuse(
            py,
            &format!("expected a text, got {}", py.kind(object)),
        )),
        None => Err(misuse(py, "an argument is missing")),
    }
}

/// `log(file, level, text)`
fn log(py: &Entered, given: &[Object]) -> Answer {
    let file = open(py, &kept::<FileHandle>(py, given, 0)?.0)?;
    let name = file.value(py).name();
    let (level, text) = (text(py, given, 1)?, text(py, given, 2)?);
    outside(py, || say(&level, &name, &text));
    Ok(py.none())
}

fn say(level: &str, plugin: &str, text: &str) {
    match level {
        "error" => tracing::error!(target: "python", plugin, "{text}"),
        "warn" => tracing::warn!(target: "python", plugin, "{text}"),
        "debug" => tracing::debug!(target: "python", plugin, "{text}"),
        "trace" => tracing::trace!(target: "python", plugin, "{text}"),
        _ => tracing::info!(target: "python", plugin, "{text}"),
    }
}

/// `types(file, contract)`
fn types(py: &Entered, given: &[Object]) -> Answer {
    let file = open(py, &kept::<FileHandle>(py, given, 0)?.0)?;
    let file = file.value(py);
    let contract = file.contract(&text(py, given, 1)?);
    let contract = contract.map_err(|fault| raised(py, fault))?;
    file.classes.of_contract(py, file, contract.view())
}

/// `host(context, contract)`
fn host(py: &Entered, given: &[Object]) -> Answer {
    looked_up(py, given, |context, contract| context.remote_host(contract))
}

/// `peer(context, contract)`
fn peer(py: &Entered, given: &[Object]) -> Answer {
    looked_up(py, given, |context, contract| context.remote_peer(contract))
}

fn looked_up(
    py: &Entered,
    given: &[Object],
    look: fn(&Context, &polyplug::guest::Contract) -> Result<Remote, Fault>,
) -> Answer {
    let handle = kept::<ContextHandle>(py, given, 0)?;
    let file = open(py, &handle.file)?;
    let file = file.value(py);
    let wanted = text(py, given, 1)?;
    let found = file.contract(&wanted).and_then(|contract| {
        let remote = outside(py, || look(&handle.context, &contract))?;
        file.classes.proxy_of_link(py, file, remote)
    });
    found.map_err(|fault| raised(py, fault))
}

/// `peers(context, contract)`
fn peers(py: &Entered, given: &[Object]) -> Answer {
    let handle = kept::<ContextHandle>(py, given, 0)?;
    let file = open(py, &handle.file)?;
    let file = file.value(py);
    let contract = file.contract(&text(py, given, 1)?);
    let contract = contract.map_err(|fault| raised(py, fault))?;
    let remotes = outside(py, || handle.context.remote_peers(&contract));
    let proxies = remotes.into_iter().map(|remote| {
        let proxy = file.classes.proxy_of_link(py, file, remote);
        proxy.map_err(|fault| raised(py, fault))
    });
    let proxies: Answer<Vec<_>> = proxies.collect();
    py.list(proxies?.into_iter())
}

/// `config(context)`
fn config(py: &Entered, given: &[Object]) -> Answer {
    let handle = kept::<ContextHandle>(py, given, 0)?;
    let text = outside(py, || handle.context.config_text());
    py.text(&text.map_err(|fault| raised(py, fault))?)
}

/// `plugin(remote)`
fn plugin(py: &Entered, given: &[Object]) -> Answer {
    py.text(kept::<RemoteHandle>(py, given, 0)?.remote.plugin())
}

/// `call(remote, method, arguments)`: the result; with what is changed in place behind it, in a list, if anything is.
fn call(py: &Entered, given: &[Object]) -> Answer {
    let handle = kept::<RemoteHandle>(py, given, 0)?;
    let file = open(py, &handle.file)?;
    let Some([name, arguments]) = given.get(1..3) else {
        return Err(misuse(py, "an argument is missing"));
    };
    let name = py.to_text(name)?;
    let arguments = py.items(arguments)?;
    let mut values = Values {
        py,
        file: file.value(py),
    };
    // Whoever called lends the handle, which keeps the remote.
    let called = handle.remote.call(&mut values, name, &arguments);
    let (result, changed) = called.map_err(|fault| raised(py, fault))?;
    if changed.is_empty() {
        return Ok(result);
    }
    let all: Vec<_> = core::iter::once(result).chain(changed).collect();
    py.list(all.into_iter())
}

type Work = fn(&Entered, &[Object]) -> Answer;

/// Runs one of these as Python calls it.
///
/// # Safety
/// 1. As Python calls functions of [`FAST_CALL`].
unsafe fn run(work: Work, given: *const *mut PyObject, count: isize) -> *mut PyObject {
    // SAFETY: clause 1: entered, until this returns.
    let py = unsafe { Entered::already() };
    let answer = catch_unwind(AssertUnwindSafe(|| {
        let given: Vec<Object> = if count == 0 {
            Vec::new()
        } else {
            // SAFETY: clause 1: that many objects.
            let given = unsafe { slice::from_raw_parts(given, count.cast_unsigned()) };
            // SAFETY: as above.
            given
                .iter()
                .map(|&object| unsafe { Object::borrowed(object) })
                .collect()
        };
        work(&py, &given)
    }));
    let answer = answer.unwrap_or_else(|payload| {
        // Its destructor could panic again.
        core::mem::forget(payload);
        Err(misuse(&py, "the loader panicked"))
    });
    match answer {
        Ok(object) => object.into_ptr(),
        Err(error) => {
            py.raise(error);
            core::ptr::null_mut()
        }
    }
}

macro_rules! natives {
    ($($work:ident $name:literal $key:literal)*) => {
        /// Adds the functions to the namespace of `face.py`.
        pub(crate) fn put(py: &Entered, space: &Object) -> Answer<()> {
            $({
                unsafe extern "C" fn entry(
                    _: *mut PyObject,
                    given: *const *mut PyObject,
                    count: isize,
                ) -> *mut PyObject {
                    // SAFETY: Python calls it.
                    unsafe { run($work, given, count) }
                }
                static DEFINITION: MethodDefinition = MethodDefinition {
                    name: CStr::as_ptr($name),
                    function: entry,
                    flags: FAST_CALL,
                    docs: core::ptr::null(),
                };
                py.put(space, $key, &py.function(&DEFINITION)?)?;
            })*
            Ok(())
        }
    };
}

natives! {
    log c"log" "native_log"
    types c"types" "native_types"
    host c"host" "native_host"
    peer c"peer" "native_peer"
    peers c"peers" "native_peers"
    config c"config" "native_config"
    plugin c"plugin" "native_plugin"
    call c"call" "native_call"
}
