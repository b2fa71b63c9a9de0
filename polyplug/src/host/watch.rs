//! Watching a folder: modules are loaded again when their files change.
//!
//! What the system tells about files only wakes the thread here. What it then goes by is what the files look like: as they
//! were when the module was loaded, as they were when a reload was tried last, and as they are. So it does not matter in which way
//! a file is replaced, how many notices there are of it, or that some are lost.

use core::fmt;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use notify::event::{AccessKind, AccessMode};
use notify::{EventKind, RecursiveMode, Watcher as _};

use super::events::Event;
use super::module::Module;
use super::print::Print;
use super::runtime::{Runtime, WeakRuntime};
use crate::error::{Error, Result};

/// How a folder is watched; see [`Runtime::watch_with`].
#[derive(Clone, Debug)]
pub struct WatchOptions {
    quiet: Duration,
}

impl Default for WatchOptions {
    fn default() -> Self {
        Self {
            quiet: Duration::from_millis(200),
        }
    }
}

impl WatchOptions {
    /// As [`Runtime::watch`] does it.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How long the files of a module must not have changed before it is loaded again. Default: 200 ms. A linker, or a copy
    /// over a network, may pause for longer.
    #[must_use]
    pub fn quiet(mut self, quiet: Duration) -> Self {
        self.quiet = quiet;
        self
    }
}

/// A folder that is watched; dropping it ends that. It does not keep the runtime alive.
#[must_use = "dropping it ends the watching at once"]
pub struct Watcher {
    folder: PathBuf,
    /// Dropped first: then nothing wakes the thread any more.
    system: Option<notify::RecommendedWatcher>,
    stop: Sender<Wake>,
    thread: Option<JoinHandle<()>>,
}

impl Watcher {
    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

impl fmt::Debug for Watcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Watcher({})", self.folder.display())
    }
}

impl Drop for Watcher {
    /// Waits for a reload that is under way, unless it is that reload which drops it.
    fn drop(&mut self) {
        drop(self.system.take());
        let _ = self.stop.send(Wake::Stop);
        if let Some(thread) = self.thread.take()
            && thread.thread().id() != thread::current().id()
        {
            let _ = thread.join();
        }
    }
}

/// Why the thread wakes.
enum Wake {
    Changed,
    Stop,
}

impl Runtime {
    /// Loads a module again whenever the file that it was loaded from changes, or a file of its bundle, as long as the watcher
    /// lives. Modules count whose file lies in the folder or in one below it, also those that are loaded later.
    ///
    /// A file may be overwritten, or another renamed over it. The reload begins when it has not changed for 200 ms, so that one
    /// that is being written is left alone; see [`Runtime::watch_with`]. New files are *not* loaded, and a module whose file is
    /// removed is *not* unloaded: it serves on, and is reloaded when the file is there again.
    ///
    /// What happens is told to those who [subscribe](Runtime::subscribe), as with [`Module::reload`], on the watcher's own
    /// thread. A reload that fails leaves the old version serving, and is tried again at the next change.
    ///
    /// # Errors
    /// [`Error::Unwatchable`] when the folder is not there, or the system refuses to watch it.
    pub fn watch(&self, dir: impl AsRef<Path>) -> Result<Watcher> {
        self.watch_with(dir, WatchOptions::new())
    }

    /// As [`Runtime::watch`], but for what the options say.
    ///
    /// # Errors
    /// As for [`Runtime::watch`].
    pub fn watch_with(&self, dir: impl AsRef<Path>, options: WatchOptions) -> Result<Watcher> {
        let dir = dir.as_ref();
        let unwatchable = |source: Box<dyn std::error::Error + Send + Sync>| Error::Unwatchable {
            path: dir.to_owned(),
            source,
        };
        let folder = std::fs::canonicalize(dir).map_err(|source| unwatchable(source.into()))?;
        let (stop, wakes) = mpsc::channel();
        let changed = stop.clone();
        let tell = move |event: notify::Result<notify::Event>| {
            // An error, as a queue that ran over, is a reason to look as well. Being read is not.
            let matters = event.map_or(true, |event| match event.kind {
                EventKind::Access(AccessKind::Close(AccessMode::Write)) => true,
                kind => !kind.is_access(),
            });
            if matters {
                // Whoever listened may be gone already.
                let _ = changed.send(Wake::Changed);
            }
        };
        let system = notify::recommended_watcher(tell).and_then(|mut system| {
            system.watch(&folder, RecursiveMode::Recursive)?;
            Ok(system)
        });
        let system = system.map_err(|source| unwatchable(source.into()))?;
        let mut watch = Watch {
            runtime: self.downgrade(),
            folder: folder.clone(),
            quiet: options.quiet,
            tried: HashMap::new(),
            pending: HashMap::new(),
        };
        let thread = thread::Builder::new()
            .name("polyplug-watch".to_owned())
            .spawn(move || watch.run(&wakes))
            .map_err(|source| unwatchable(source.into()))?;
        Ok(Watcher {
            folder,
            system: Some(system),
            stop,
            thread: Some(thread),
        })
    }
}

/// What the thread knows. Modules are told apart by their stamps.
struct Watch {
    runtime: WeakRuntime,
    folder: PathBuf,
    quiet: Duration,
    /// The files as they were when a reload of them failed.
    tried: HashMap<u64, Print>,
    /// The files that have changed, and since when they are as they are.
    pending: HashMap<u64, (Print, Instant)>,
}

impl Watch {
    fn run(&mut self, wakes: &Receiver<Wake>) {
        loop {
            // The first look is for what changed before the watch began.
            if !self.look() {
                return;
            }
            let earliest = self.pending.values().map(|(_, since)| *since).min();
            let wake = match earliest {
                Some(since) => {
                    let left = self.quiet.saturating_sub(since.elapsed());
                    wakes.recv_timeout(left.max(Duration::from_millis(1)))
                }
                None => wakes.recv().map_err(RecvTimeoutError::from),
            };
            match wake {
                Ok(Wake::Stop) | Err(RecvTimeoutError::Disconnected) => return,
                Ok(Wake::Changed) | Err(RecvTimeoutError::Timeout) => {}
            }
            // One look is enough for all notices that are there.
            while let Ok(wake) = wakes.try_recv() {
                if matches!(wake, Wake::Stop) {
                    return;
                }
            }
        }
    }

    /// Compares, and reloads what has been quiet for long enough. False when the runtime is gone.
    fn look(&mut self) -> bool {
        let Some(runtime) = self.runtime.upgrade() else {
            return false;
        };
        let modules = runtime.modules();
        let there = |stamp: &u64| modules.iter().any(|module| module.core.stamp == *stamp);
        self.tried.retain(|stamp, _| there(stamp));
        self.pending.retain(|stamp, _| there(stamp));
        for module in &modules {
            let Some(path) = module.path() else {
                continue;
            };
            if path.starts_with(&self.folder) {
                self.look_at(module, path);
            }
        }
        true
    }

    fn look_at(&mut self, module: &Module, path: &Path) {
        let stamp = module.core.stamp;
        let known = module.core.state().print.clone();
        let now = Print::of(path);
        let is_new = now.is_there() && now != known && self.tried.get(&stamp) != Some(&now);
        if !is_new {
            self.pending.remove(&stamp);
            return;
        }
        let since = match self.pending.get(&stamp) {
            Some((print, since)) if *print == now => *since,
            _ => {
                self.pending.insert(stamp, (now, Instant::now()));
                return;
            }
        };
        if since.elapsed() < self.quiet {
            return;
        }
        // Code of the host's may run in it, as a hook that looks at the library; a panic there ends nothing here.
        let reloaded = crate::panics::contain(|| module.reload());
        let told = matches!(&reloaded, Ok(Err(error)) if !is_silent(error));
        match reloaded.map_err(Error::from).and_then(|reloaded| reloaded) {
            Ok(_) => {
                self.tried.remove(&stamp);
                self.pending.remove(&stamp);
            }
            Err(Error::NotLoaded { .. }) => {
                self.pending.remove(&stamp);
            }
            // Somebody else is at it: ask again when that may be done.
            Err(Error::Busy { .. }) => {
                self.pending.insert(stamp, (now, Instant::now()));
            }
            Err(error) => {
                self.tried.insert(stamp, now);
                self.pending.remove(&stamp);
                if !told {
                    module.runtime.tell(&Event::Failed {
                        module: module.core.source.clone(),
                        error: format!("{error:#}"),
                        code: error.code(),
                    });
                }
            }
        }
    }
}

/// Whether a reload says nothing of such an error, because it did not begin.
fn is_silent(error: &Error) -> bool {
    matches!(error, Error::NotReloadable { .. } | Error::Reentrant { .. })
}
