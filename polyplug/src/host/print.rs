//! What the files of a module look like from outside, to see that they have changed.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::bundle;

/// The files of a module at some time: one, or all in the folder of a bundle. Names that begin with a dot do not count: private
/// copies may lie there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Print {
    files: Vec<(PathBuf, Look)>,
    is_there: bool,
}

/// One file. A file that was renamed over another has another number; one that was overwritten another time.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Look {
    size: u64,
    modified: Option<SystemTime>,
    number: (u64, u64),
    /// When its size, time or name changed last, in nanoseconds, where the system says that.
    changed: i128,
}

impl Print {
    /// As the files are now.
    pub(crate) fn of(path: &Path) -> Self {
        let mut print = Self::default();
        if path.is_dir() {
            print.is_there = bundle::is_bundle(path);
            print.add_folder(path);
            print.files.sort_by(|one, other| one.0.cmp(&other.0));
        } else {
            print.is_there = path.is_file();
            print.add(path);
        }
        print
    }

    /// Whether there is something to be loaded.
    pub(crate) fn is_there(&self) -> bool {
        self.is_there
    }

    fn add_folder(&mut self, folder: &Path) {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            if entry.file_name().to_string_lossy().starts_with('.') {
                continue;
            }
            // Links to folders are not followed: they may lead in a circle.
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => self.add_folder(&entry.path()),
                _ => self.add(&entry.path()),
            }
        }
    }

    fn add(&mut self, path: &Path) {
        let Ok(metadata) = fs::metadata(path) else {
            return;
        };
        #[cfg(unix)]
        let (number, changed) = {
            use std::os::unix::fs::MetadataExt as _;
            let seconds = i128::from(metadata.ctime()) * 1_000_000_000;
            (
                (metadata.dev(), metadata.ino()),
                seconds + i128::from(metadata.ctime_nsec()),
            )
        };
        #[cfg(not(unix))]
        let (number, changed) = ((0, 0), 0);
        let look = Look {
            size: metadata.len(),
            modified: metadata.modified().ok(),
            number,
            changed,
        };
        self.files.push((path.to_owned(), look));
    }
}
