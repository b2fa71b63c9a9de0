//! What the tests share: a runtime with the loader in it, plugins of a folder, and plugins that are written on the spot.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "every test that includes this uses a part of it"
)]

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::{env, fs, process};

use polyplug::{Module, Result, Runtime};
use polyplug_python as _;

/// A runtime with the loader; nothing, and a word to people, where there is no Python.
pub fn runtime() -> Option<Runtime> {
    let runtime = Runtime::new();
    runtime.load_linked().expect("the loader");
    is_there(&runtime).then_some(runtime)
}

/// Whether a runtime with the loader finds a Python.
pub fn is_there(runtime: &Runtime) -> bool {
    let folder = Folder::new();
    let Err(error) = runtime.load(folder.write("nothing.py", "")) else {
        panic!("a file without plugins was loaded")
    };
    let text = error.to_string();
    if text.contains("there is no plugin in it") {
        return true;
    }
    // Past what the test harness holds back.
    let _ = writeln!(io::stderr(), "MISSING: this test needs Python: {text}");
    false
}

/// A plugin beside this file.
pub fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/plugins")
        .join(name)
}

/// A folder that is gone when this is dropped.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::SeqCst);
        let folder = env::temp_dir().join(format!("polyplug-python-{}-{number}", process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        Self(folder)
    }

    /// Writes a file in it.
    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, text).expect("written");
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Loads a text as `plugin.py`.
pub fn load(runtime: &Runtime, text: impl AsRef<[u8]>) -> Result<Module> {
    let folder = Folder::new();
    runtime.load(folder.write("plugin.py", text))
}

/// A plugin `written` that implements a contract with this body of a class.
pub fn plugin(implements: &str, body: &str) -> String {
    let body = body.replace('\n', "\n    ");
    format!(
        "import polyplug\n@polyplug.plugin(implements=\"{implements}\", name=\"written\", version=\"1.0.0\")\nclass Written:\n    {body}\n"
    )
}
