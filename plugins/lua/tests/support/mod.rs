//! What the tests share: a runtime with the loader in it, plugins of a folder, and plugins that are written on the spot.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "every test that includes this uses a part of it"
)]

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::{env, fs, process};

use polyplug::{Module, Result, Runtime};
use polyplug_lua as _;

/// A runtime with the loader.
pub fn runtime() -> Runtime {
    let runtime = Runtime::new();
    runtime.load_linked().expect("the loader");
    runtime
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
        let folder = env::temp_dir().join(format!("polyplug-lua-{}-{number}", process::id()));
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

/// Loads a text as `plugin.lua`.
pub fn load(runtime: &Runtime, text: impl AsRef<[u8]>) -> Result<Module> {
    let folder = Folder::new();
    runtime.load(folder.write("plugin.lua", text))
}

/// A plugin `written` that implements a contract with these lines.
pub fn plugin(implements: &str, body: &str) -> String {
    format!(
        "local plugin = polyplug.plugin {{ name = \"written\", version = \"1.0.0\", implements = {{ \"{implements}\" }} }}\n{body}\nreturn plugin\n"
    )
}
