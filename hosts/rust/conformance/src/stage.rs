//! A runtime with all that a guest of the kit needs: the desk, the peer, the loader, its configuration.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock};

use anyhow::{Context as _, Result};
use conformance_api::{Desk, Everything, Life, Listener};
use polyplug::{Caller, Module, Runtime};
use serde_json::json;

use crate::ears::Ears;

/// What the command line says.
pub(crate) struct Files {
    pub(crate) peer: PathBuf,
    pub(crate) loader: Option<PathBuf>,
    pub(crate) guest: PathBuf,
}

/// The host's own implementation of the desk.
pub(crate) struct Counter {
    pub(crate) lines: Mutex<Vec<String>>,
    kept: Mutex<Vec<Arc<dyn Listener + Send + Sync>>>,
    guest: OnceLock<Caller<dyn Life>>,
}

/// The desk is shared with the runtime.
struct Shared(Arc<Counter>);

impl Desk for Shared {
    fn write(&self, line: &str) -> u32 {
        let mut lines = self.0.lines.lock().expect("nobody panics with it");
        lines.push(line.to_owned());
        lines.len() as u32
    }
    fn lookup(&self, key: &str) -> Option<String> {
        (!key.is_empty()).then(|| format!("{key}?"))
    }
    fn settle(&self, number: i64) -> Result<i64, String> {
        if number < 0 {
            return Err(format!("too small: {number}"));
        }
        Ok(number * 2)
    }
    fn fail(&self, message: &str) {
        std::panic::resume_unwind(Box::new(message.to_owned())) // no hook prints it
    }
    fn everything(&self, value: Everything) -> Everything {
        value
    }
    fn apply(&self, work: &dyn Fn(u32) -> u32, value: u32) -> u32 {
        work(value)
    }
    fn listener(&self, name: &str) -> Box<dyn Listener + Send + Sync> {
        Box::new(Ears::new(name))
    }
    fn keep(&self, listener: Arc<dyn Listener + Send + Sync>) -> u32 {
        let answer = listener.hear("desk");
        self.0
            .kept
            .lock()
            .expect("nobody panics with it")
            .push(listener);
        answer
    }
    fn again(&self, depth: u32) -> u32 {
        let guest = self.0.guest.get();
        guest.expect("the guest is loaded").enter(depth)
    }
}

/// A runtime, and a guest in it.
pub(crate) struct Stage {
    pub(crate) runtime: Runtime,
    pub(crate) module: Module,
    pub(crate) desk: Arc<Counter>,
}

impl Stage {
    /// Loads it all.
    pub(crate) fn new(files: &Files) -> Result<Self> {
        let runtime = Self::without_desk(files)?;
        let desk = Arc::new(Counter {
            lines: Mutex::default(),
            kept: Mutex::default(),
            guest: OnceLock::new(),
        });
        runtime.provide::<dyn Desk>(Shared(Arc::clone(&desk)))?;
        let module = runtime
            .load(&files.guest)
            .context("cannot load the guest")?;
        if let Ok(life) = runtime.get::<dyn Life>() {
            desk.guest.set(life).ok();
        }
        Ok(Self {
            runtime,
            module,
            desk,
        })
    }

    /// Everything but the desk, and so without the guest.
    pub(crate) fn without_desk(files: &Files) -> Result<Runtime> {
        let runtime = Runtime::new();
        let settings = json!({ "greeting": "größer 🎈", "big": u64::MAX });
        runtime.configure("conformance-guest", &settings)?;
        runtime.load(&files.peer).context("cannot load the peer")?;
        if let Some(loader) = &files.loader {
            runtime.load(loader).context("cannot load the loader")?;
        }
        Ok(runtime)
    }

    /// A caller of what the guest offers.
    pub(crate) fn get<C: ?Sized + polyplug::Contract + polyplug::SharedContract>(
        &self,
    ) -> Result<Caller<C>> {
        Ok(self.module.get::<C>()?)
    }
}
