//! Loading a folder: everything is opened first, then ordered by what needs what, then admitted one by one.

use core::fmt;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::admission::Candidate;
use super::bundle;
use super::events::Event;
use super::module::Module;
use super::object_file::{self, Unfit};
use super::order::{Node, Step, Want, Wanted, steps};
use super::runtime::{Reservation, Runtime};
use super::sources::without_loader;
use crate::error::{Error, Result};

/// What became of the files of a folder.
#[derive(Debug, Default)]
#[must_use = "libraries that could not be loaded are only reported here"]
pub struct LoadReport {
    folder: PathBuf,
    loaded: Vec<Module>,
    failed: Vec<(PathBuf, Error)>,
    skipped: Vec<(PathBuf, String)>,
}

impl LoadReport {
    /// The modules that were loaded, in the order in which that was done.
    #[must_use]
    pub fn loaded(&self) -> &[Module] {
        &self.loaded
    }

    /// What is a library with plugins, or says that it is, and could not be loaded; in the order of the names.
    #[must_use]
    pub fn failed(&self) -> &[(PathBuf, Error)] {
        &self.failed
    }

    /// What is not to be loaded, and why; in the order of the names.
    #[must_use]
    pub fn skipped(&self) -> &[(PathBuf, String)] {
        &self.skipped
    }

    /// The modules, or the first failure.
    ///
    /// # Errors
    /// The first of [`LoadReport::failed`]. What was loaded stays loaded.
    pub fn into_result(self) -> Result<Vec<Module>> {
        match self.failed.into_iter().next() {
            Some((_, error)) => Err(error),
            None => Ok(self.loaded),
        }
    }
}

impl fmt::Display for LoadReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}`: {} loaded, {} failed, {} skipped",
            self.folder.display(),
            self.loaded.len(),
            self.failed.len(),
            self.skipped.len()
        )?;
        for module in &self.loaded {
            let plugins = module.plugins();
            let plugins: Vec<_> = plugins.iter().map(|plugin| plugin.name()).collect();
            write!(
                f,
                "\n  loaded {} with {}",
                module.core.source,
                plugins.join(", ")
            )?;
        }
        for (path, error) in &self.failed {
            write!(f, "\n  failed `{}`: {error}", path.display())?;
        }
        for (path, why) in &self.skipped {
            write!(f, "\n  skipped `{}`: {why}", path.display())?;
        }
        Ok(())
    }
}

/// A library that is open, and not admitted yet.
struct Opened<'r> {
    path: PathBuf,
    file: PathBuf,
    source: String,
    candidate: Candidate,
    reservation: Reservation<'r>,
}

impl Runtime {
    /// Loads every library in a folder, in the order of their names, but for this: a plugin that another one requires or
    /// wants is loaded before it. With the feature `bundle`, folders in it with a `polyplug.toml` are loaded as well; all
    /// others are skipped.
    ///
    /// One that fails keeps only those from loading that require it, and those fail with that reason. What is no library,
    /// or a library without plugins, is skipped, as is what is loaded already: loading a folder again loads what is new in
    /// it. The report has all of it. Names that begin with a dot are passed over.
    ///
    /// # Errors
    /// [`Error::UnreadableFolder`] when the folder cannot be listed. What is wrong with single files is in the report.
    pub fn load_dir(&self, dir: impl AsRef<Path>) -> Result<LoadReport> {
        let dir = dir.as_ref();
        let unreadable = |source| Error::UnreadableFolder {
            path: dir.to_owned(),
            source,
        };
        let mut names = Vec::new();
        for entry in fs::read_dir(dir).map_err(unreadable)? {
            names.push(entry.map_err(unreadable)?.file_name());
        }
        names.sort();
        let mut report = LoadReport {
            folder: dir.to_owned(),
            ..LoadReport::default()
        };
        let mut paths = names
            .iter()
            .filter(|name| !name.to_string_lossy().starts_with('.'))
            .map(|name| dir.join(name))
            .collect::<Vec<_>>();
        // Libraries first: a loader among them opens what comes after.
        paths.sort_by_key(|path| passed_over(path).is_some());
        let mut opened = Vec::new();
        for path in paths {
            if passed_over(&path).is_some() {
                self.admit_loaders(&mut opened, &mut report);
            }
            match self.opened(&path) {
                Ok(Ok(open)) => opened.push(Some(open)),
                Ok(Err(why)) => report.skipped.push((path, why)),
                Err(error) => {
                    self.tell_failed(&format!("`{}`", path.display()), &error);
                    report.failed.push((path, error));
                }
            }
        }
        self.admit_all(opened, &mut report);
        report.failed.sort_by(|one, other| one.0.cmp(&other.0));
        Ok(report)
    }

    /// Opens what is to be loaded, or says why it is not.
    fn opened(&self, path: &Path) -> Result<Result<Opened<'_>, String>> {
        if let Some(why) = passed_over(path)
            && self.loader_of(path).is_none()
        {
            return Ok(Err(why));
        }
        let file = fs::canonicalize(path).map_err(|source| Error::Unreadable {
            path: path.to_owned(),
            source,
        })?;
        let source = format!("`{}`", file.display());
        let mut reservation = Reservation::new(self);
        match reservation.file(&file) {
            Err(Error::AlreadyLoaded { .. }) => return Ok(Err("it is loaded already".to_owned())),
            other => other?,
        }
        let chosen = bundle::chosen(&file)?;
        let is_bundle = chosen.bundle.is_some();
        let settings = self.inner().settings.clone();
        match self.open_candidate(chosen, &source, settings) {
            Ok(candidate) => Ok(Ok(Opened {
                path: path.to_owned(),
                file,
                source,
                candidate,
                reservation,
            })),
            Err(error @ (Error::NotAPlugin { .. } | Error::NothingOffered { .. }))
                if !is_bundle =>
            {
                Ok(Err(error.to_string()))
            }
            Err(error) => Err(error),
        }
    }

    /// Admits the loaders among what is open, which then can open other files of the folder.
    fn admit_loaders<'r>(&'r self, opened: &mut Vec<Option<Opened<'r>>>, report: &mut LoadReport) {
        let is_loader = |open: &Opened<'_>| open.candidate.node().offers_loader();
        let loaders: Vec<_> = opened
            .iter_mut()
            .filter_map(|open| open.take_if(|open| is_loader(open)))
            .map(Some)
            .collect();
        if !loaders.is_empty() {
            opened.retain(Option::is_some);
            self.admit_all(loaders, report);
        }
    }

    fn admit_all(&self, mut opened: Vec<Option<Opened<'_>>>, report: &mut LoadReport) {
        let nodes: Vec<Node> = opened
            .iter()
            .flatten()
            .map(|open| open.candidate.node())
            .collect();
        let there = |want: &Want| self.has_peer(want);
        let mut failed: Vec<(usize, String)> = Vec::new();
        let fail = |report: &mut LoadReport, open: Opened<'_>, error: Error| {
            let Opened {
                path,
                source,
                candidate,
                reservation,
                ..
            } = open;
            drop((candidate, reservation));
            self.tell_failed(&source, &error);
            report.failed.push((path, error));
        };
        let mut order = steps(&nodes);
        while let Some(step) = order.next(there) {
            let (index, cycle) = match step {
                Step::Admit(index) => (index, None),
                Step::Cycle(index, cycle) => (index, Some(cycle)),
            };
            let Some(open) = opened[index].take() else {
                continue;
            };
            let path = open.path.clone();
            if let Some(cycle) = cycle {
                failed.push((index, "it requires itself through others".to_owned()));
                fail(report, open, Error::RequirementCycle { path, cycle });
                continue;
            }
            // Somebody that it needs was here, and failed: that is the reason, not that nobody was loaded.
            let broken = nodes[index].requires.iter().find_map(|want| {
                let (culprit, why) = failed
                    .iter()
                    .find(|(other, _)| nodes[*other].offers(want))?;
                (!there(want)).then(|| (want, nodes[*culprit].name.clone(), why.clone()))
            });
            if let Some((want, culprit, why)) = broken {
                let error = match open.candidate.bundle() {
                    Some(bundle) if want.of_bundle => bundle.lacks(
                        want.name(),
                        format!("it is there with {culprit}, which could not be loaded: {why}"),
                    ),
                    _ => Error::PeerNotLoaded {
                        plugin: want.plugin.clone(),
                        contract: want.name(),
                        peer: culprit,
                        reason: why,
                    },
                };
                failed.push((index, error.to_string()));
                fail(report, open, error);
                continue;
            }
            let Opened {
                path,
                file,
                source,
                candidate,
                reservation,
            } = open;
            let admitted = self.admit(candidate, Some(file), reservation);
            match self.told(&source, admitted) {
                Ok(module) => report.loaded.push(module),
                Err(error) => {
                    failed.push((index, error.to_string()));
                    report.failed.push((path, error));
                }
            }
        }
    }

    /// Whether a plugin that is loaded offers what is wanted, or is it. A bundle is content with a value of the host, too.
    fn has_peer(&self, want: &Want) -> bool {
        let registry = self.inner().read();
        match &want.what {
            Wanted::Contract { id, major, .. } => {
                let mut offers = registry.offers(id, *major);
                offers.any(|found| !found.provided || want.of_bundle)
            }
            Wanted::Plugin { name } => registry
                .modules()
                .any(|module| module.info().iter().any(|plugin| plugin.name == *name)),
        }
    }

    fn tell_failed(&self, source: &str, error: &Error) {
        self.tell(&Event::Failed {
            module: source.to_owned(),
            error: format!("{error:#}"),
            code: error.code(),
        });
    }
}

/// Why a file is not to be loaded, as far as its head tells.
fn passed_over(path: &Path) -> Option<String> {
    if bundle::is_bundle(path) {
        return (!cfg!(feature = "bundle")).then(|| bundle::LEFT_OUT.to_owned());
    }
    if path.is_dir() {
        return Some("it is a folder".to_owned());
    }
    if !path.is_file() {
        let why = if path.is_symlink() {
            "it is a symbolic link to a file that does not exist"
        } else {
            "it is no file"
        };
        return Some(why.to_owned());
    }
    let mut head = Vec::new();
    // One that cannot be read is a failure, of the load.
    fs::File::open(path)
        .and_then(|file| file.take(1024).read_to_end(&mut head))
        .ok()?;
    match object_file::check(&head) {
        Err(Unfit::NotALibrary(found)) if found != object_file::CUT_OFF => {
            Some(without_loader(path, &found))
        }
        _ => None,
    }
}
