//! Private copies: what is mapped is never the file itself, so that the original can be overwritten or replaced.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

static FOLDER: OnceLock<PathBuf> = OnceLock::new();
static NEXT: AtomicU64 = AtomicU64::new(0);

const PREFIX: &str = "polyplug-";

/// A private copy of a library.
#[derive(Debug)]
pub(crate) struct PrivateCopy {
    pub(crate) path: PathBuf,
    /// It lies beside the original, where it should not stay.
    beside: bool,
    /// It is the original itself, which is not ours to remove.
    original: bool,
}

/// Originals that are mapped themselves: the system has one image of one file, so each can be mapped once at a time (A6).
static IN_PLACE: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

fn in_place() -> MutexGuard<'static, BTreeSet<PathBuf>> {
    IN_PLACE.lock().unwrap_or_else(PoisonError::into_inner)
}

impl PrivateCopy {
    /// The original itself, unless it is mapped that way already.
    pub(crate) fn in_place(original: &Path) -> Option<Self> {
        let path = original.to_owned();
        in_place().insert(path.clone()).then_some(Self {
            path,
            beside: false,
            original: true,
        })
    }

    /// Writes a copy whose name contains the original's file name. `names` are the names in it that the system's loader
    /// reads.
    pub(crate) fn of(original: &Path, bytes: &[u8], names: &[u8]) -> io::Result<Self> {
        let name = original.file_name().unwrap_or_default().to_string_lossy();
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        if contains(names, b"$ORIGIN")
            && let Some(folder) = original.parent()
        {
            // Such a library finds its neighbours from where it lies.
            let path = folder.join(format!(".{PREFIX}{}-{number}-{name}", std::process::id()));
            if fs::write(&path, bytes).is_ok() {
                return Ok(Self {
                    path,
                    beside: true,
                    original: false,
                });
            }
        }
        let path = folder()?.join(format!("{number}-{name}"));
        fs::write(&path, bytes)?;
        Ok(Self {
            path,
            beside: false,
            original: false,
        })
    }

    /// Called when the copy is mapped, or will not be. The mapping does not need the file; people who look at the
    /// process do, so it stays until a later process sweeps it.
    pub(crate) fn settle(&self, mapped: bool) {
        if (self.beside && cfg!(unix)) || !mapped {
            self.remove();
        }
    }
}

impl PrivateCopy {
    /// Called when the copy is no longer mapped.
    pub(crate) fn remove(&self) {
        if self.original {
            in_place().remove(&self.path);
            return;
        }
        let _ = fs::remove_file(&self.path);
    }
}

#[cfg(unix)]
fn contains(bytes: &[u8], needle: &[u8]) -> bool {
    // The system's search: libraries are large, and this is most of what a load does in a debug build.
    // SAFETY: both are live slices.
    let found = unsafe {
        libc::memmem(
            bytes.as_ptr().cast(),
            bytes.len(),
            needle.as_ptr().cast(),
            needle.len(),
        )
    };
    !found.is_null()
}

#[cfg(not(unix))]
fn contains(bytes: &[u8], needle: &[u8]) -> bool {
    bytes.windows(needle.len()).any(|window| window == needle)
}

/// This process's own folder below the system's temporary one.
fn folder() -> io::Result<&'static Path> {
    if let Some(folder) = FOLDER.get() {
        return Ok(folder);
    }
    let temporary = std::env::temp_dir();
    sweep(&temporary);
    let nonce = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |since| since.subsec_nanos());
    let made = temporary.join(format!("{PREFIX}{}-{nonce:x}", std::process::id()));
    make(&made)?;
    let kept = FOLDER.get_or_init(|| made.clone());
    if *kept != made {
        let _ = fs::remove_dir(&made);
    }
    Ok(kept)
}

/// A folder that only this user can look into; fails when something is there already.
fn make(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        fs::DirBuilder::new().mode(0o700).create(path)
    }
    #[cfg(not(unix))]
    fs::create_dir(path)
}

/// Removes the folders of processes that have ended. What cannot be removed stays, silently: it is in the system's
/// temporary folder.
fn sweep(temporary: &Path) {
    let Ok(entries) = fs::read_dir(temporary) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let process = name
            .to_str()
            .and_then(|name| name.strip_prefix(PREFIX))
            .and_then(|rest| rest.split('-').next());
        if let Some(process) = process.and_then(|process| process.parse::<u32>().ok())
            && process != std::process::id()
            && has_ended(process)
        {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

#[cfg(target_os = "linux")]
fn has_ended(process: u32) -> bool {
    // Without a mounted /proc nothing can be said of anybody.
    Path::new("/proc/self").exists() && !Path::new(&format!("/proc/{process}")).exists()
}

#[cfg(all(unix, not(target_os = "linux")))]
fn has_ended(process: u32) -> bool {
    let Ok(process) = libc::pid_t::try_from(process) else {
        return false;
    };
    // SAFETY: signal 0 is sent to nobody; the call only asks whether the process exists.
    let answer = unsafe { libc::kill(process, 0) };
    answer != 0 && io::Error::last_os_error().raw_os_error() == Some(libc::ESRCH)
}

#[cfg(not(unix))]
fn has_ended(_: u32) -> bool {
    // A library that is in use cannot be removed there: trying is asking.
    true
}

#[cfg(test)]
mod tests {
    use super::contains;

    #[test]
    fn finds_the_word() {
        assert!(contains(b"..$$ORIGIN/..", b"$ORIGIN"));
        assert!(!contains(b"..$ORIGI", b"$ORIGIN"));
        assert!(!contains(b"", b"$ORIGIN"));
    }
}
