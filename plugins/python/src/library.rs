//! Where the interpreter comes from: the process's own if there is one, else the library that [`VARIABLE`] names, else that of
//! the `python3` on the path, else one with a well-known name.

use std::env;
use std::ffi::{OsStr, OsString, c_void};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::api::{Api, text_at};

/// Names a library of Python, or an interpreter whose library is meant.
const VARIABLE: &str = "POLYPLUG_PYTHON";

/// The oldest minor version of Python 3 that is used.
const OLDEST: u32 = 11;

/// The newest one whose library is looked for by name.
const NEWEST: u32 = 15;

/// What a machine without one is told.
const INSTALL: &str = "install one (Debian: `apt-get install python3 libpython3.11`; macOS: `brew install python`; pyenv: `PYTHON_CONFIGURE_OPTS=--enable-shared pyenv install 3.11`)";

/// Run by an interpreter: its version, itself, and where its library may be.
const QUESTION: &str = r#"
import os, sys, sysconfig
var = lambda name: sysconfig.get_config_var(name) or ""
print("%d.%d" % sys.version_info[:2])
print(sys.executable or "")
if sys.platform == "win32":
    name = "python%d%d.dll" % sys.version_info[:2]
    for folder in (sys.base_prefix, os.path.dirname(sys.executable)):
        print(os.path.join(folder, name))
for folder in (var("LIBDIR"), var("PYTHONFRAMEWORKPREFIX"), var("LIBPL")):
    for name in (var("INSTSONAME"), var("LDLIBRARY")):
        if folder and name and not name.endswith(".a"):
            print(os.path.join(folder, name))
"#;

/// A table of an interpreter that is not initialised yet, or is somebody else's.
pub(crate) struct Found {
    pub(crate) api: Api,
    /// The program that it shall take itself for, to find its libraries and its virtual environment.
    pub(crate) program: Option<OsString>,
}

/// Finds one.
///
/// # Errors
/// What was tried, and what to install.
pub(crate) fn find() -> Result<Found, String> {
    if let Some(library) = system::already_there() {
        let api = table(&library, "the interpreter of this process")?;
        core::mem::forget(library);
        return Ok(Found { api, program: None });
    }
    let mut tried = Vec::new();
    if let Some(named) = env::var_os(VARIABLE).filter(|named| !named.is_empty()) {
        // What is named is meant: nothing else will do.
        let found = if is_library(Path::new(&named)) {
            open(Path::new(&named)).map(|api| Found { api, program: None })
        } else {
            of_interpreter(&named)
        };
        return found.map_err(|reason| {
            format!(
                "the variable {VARIABLE} names `{}`: {reason}",
                named.display()
            )
        });
    }
    for name in ["python3", "python"] {
        match of_interpreter(OsStr::new(name)) {
            Ok(found) => return Ok(found),
            Err(reason) => tried.push(format!("`{name}`: {reason}")),
        }
    }
    for minor in (OLDEST..=NEWEST).rev() {
        let name = system::name(minor);
        match open(Path::new(&name)) {
            Ok(api) => return Ok(Found { api, program: None }),
            Err(_) => tried.push(format!("`{name}`")),
        }
    }
    Err(format!(
        "no library of Python 3.{OLDEST} or newer was found; {INSTALL}, or set the variable {VARIABLE} to a library or an interpreter. Tried {}",
        tried.join(", ")
    ))
}

/// Whether a file is one by its name.
fn is_library(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    [".so", ".dylib", ".dll"]
        .iter()
        .any(|part| name.contains(part))
}

/// The library of an interpreter.
fn of_interpreter(program: &OsStr) -> Result<Found, String> {
    let asked = Command::new(program).args(["-I", "-c", QUESTION]).output();
    let asked = asked.map_err(|error| format!("it does not run: {error}"))?;
    let answer = String::from_utf8_lossy(&asked.stdout);
    let mut lines = answer.lines();
    let (Some(version), Some(executable)) = (lines.next(), lines.next()) else {
        let said = String::from_utf8_lossy(&asked.stderr);
        let last = said.lines().last().unwrap_or("nothing").to_owned();
        return Err(format!("it said {last}"));
    };
    check(version)?;
    let mut reasons = Vec::new();
    for place in lines.map(PathBuf::from) {
        if !place.exists() {
            continue;
        }
        match open(&place) {
            Ok(api) => {
                let program = (!executable.is_empty()).then(|| executable.into());
                return Ok(Found { api, program });
            }
            Err(reason) => reasons.push(reason),
        }
    }
    if reasons.is_empty() {
        reasons.push(format!("it has no shared library; {INSTALL}"));
    }
    Err(format!("Python {version}: {}", reasons.join(", ")))
}

/// Whether a version, `3.11.2 (main, ..)`, will do.
fn check(version: &str) -> Result<(), String> {
    let mut parts = version.split(|character: char| !character.is_ascii_digit());
    let mut number = || parts.next().and_then(|part| part.parse::<u32>().ok());
    let short = version.split(' ').next().unwrap_or(version);
    match (number(), number()) {
        (Some(3), Some(minor)) if minor >= OLDEST => {}
        _ => {
            return Err(format!(
                "it is Python {short}, and 3.{OLDEST} is the oldest that is used"
            ));
        }
    }
    if version.contains("free-threading") {
        return Err(format!(
            "it is Python {short} without the lock of the interpreter (a free-threaded build), which is not supported; take an ordinary one"
        ));
    }
    Ok(())
}

/// Opens a library so that extension modules see it, for good.
fn open(path: &Path) -> Result<Api, String> {
    let library = system::open_for_all(path)?;
    let api = table(&library, &path.display().to_string())?;
    core::mem::forget(library);
    Ok(api)
}

fn table(library: &system::Library, name: &str) -> Result<Api, String> {
    let find = |symbol: &str| -> Option<*mut c_void> {
        // SAFETY: only its address is taken.
        let found = unsafe { library.get::<*mut c_void>(symbol) };
        found.ok().map(|found| found.as_raw_ptr())
    };
    // SAFETY: what has these symbols is an interpreter; its version is checked before anything else is called; it is not
    // closed by who gets the table.
    let version = find("Py_GetVersion").map(|function| unsafe {
        let version: unsafe extern "C" fn() -> *const core::ffi::c_char =
            core::mem::transmute(function);
        text_at(version())
    });
    check(version.unwrap_or("without a version")).map_err(|reason| format!("{name}: {reason}"))?;
    // SAFETY: as above.
    let table = unsafe { Api::find(&find) };
    table.map_err(|missing| {
        format!("{name}: it has no `{missing}`, and is no Python that is known here")
    })
}

#[cfg(unix)]
mod system {
    //! Libraries of a system with one space of symbols.

    use std::path::Path;

    pub(super) use libloading::os::unix::Library;
    use libloading::os::unix::{RTLD_GLOBAL, RTLD_NOW};

    /// The interpreter that is in the process, if there is one.
    pub(super) fn already_there() -> Option<Library> {
        let this = Library::this();
        // SAFETY: only whether it is there.
        if unsafe { this.get::<*mut core::ffi::c_void>("Py_IsInitialized") }.is_ok() {
            return Some(this);
        }
        // One that somebody opened for themselves.
        open_for_all(Path::new(&mapped()?)).ok()
    }

    /// The file of a library of Python that is mapped.
    #[cfg(target_os = "linux")]
    fn mapped() -> Option<String> {
        let maps = std::fs::read_to_string("/proc/self/maps").ok()?;
        let mut files = maps
            .lines()
            .filter_map(|line| Some(&line[line.find('/')?..]));
        let found = files.find(|file| {
            let name = file.rsplit('/').next().unwrap_or_default();
            name.starts_with("libpython3.") && !file.ends_with("(deleted)")
        });
        found.map(ToOwned::to_owned)
    }

    #[cfg(not(target_os = "linux"))]
    fn mapped() -> Option<String> {
        None
    }

    pub(super) fn open_for_all(path: &Path) -> Result<Library, String> {
        // SAFETY: a library of Python, which does nothing when it is opened.
        let opened = unsafe { Library::open(Some(path), RTLD_NOW | RTLD_GLOBAL) };
        opened.map_err(|error| error.to_string())
    }

    pub(super) fn name(minor: u32) -> String {
        if cfg!(target_os = "macos") {
            format!("libpython3.{minor}.dylib")
        } else {
            format!("libpython3.{minor}.so.1.0")
        }
    }
}

#[cfg(windows)]
mod system {
    //! Libraries of a system where each is asked by name.

    use std::path::Path;

    pub(super) use libloading::os::windows::Library;

    /// The interpreter that is in the process, if there is one.
    pub(super) fn already_there() -> Option<Library> {
        (super::OLDEST..=super::NEWEST)
            .rev()
            .find_map(|minor| Library::open_already_loaded(name(minor)).ok())
    }

    pub(super) fn open_for_all(path: &Path) -> Result<Library, String> {
        // SAFETY: a library of Python, which does nothing when it is opened.
        let opened = unsafe { Library::new(path) };
        opened.map_err(|error| error.to_string())
    }

    pub(super) fn name(minor: u32) -> String {
        format!("python3{minor}.dll")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_judged() {
        for fine in ["3.11", "3.11.2 (main, Apr 28 2025)", "3.15.0a1"] {
            assert_eq!(check(fine), Ok(()), "{fine}");
        }
        for old in ["2.7.18", "3.10.13 (main)", "nothing", "3"] {
            assert!(
                check(old).is_err_and(|reason| reason.contains("3.11 is the oldest")),
                "{old}"
            );
        }
        let free = check("3.13.0 experimental free-threading build (main)");
        assert!(free.is_err_and(|reason| reason.contains("free-threaded")));
    }

    #[test]
    fn libraries_are_told_from_programs() {
        assert!(is_library(Path::new("/usr/lib/libpython3.11.so.1.0")));
        assert!(is_library(Path::new("libpython3.12.dylib")));
        assert!(!is_library(Path::new("/usr/bin/python3")));
    }
}
