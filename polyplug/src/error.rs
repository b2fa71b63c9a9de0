//! Everything that can go wrong at the face of polyplug, but for faults of single calls.

use core::fmt;
use std::error::Error as StdError;
use std::path::PathBuf;

use crate::fault::Fault;

/// A result of polyplug's own functions.
pub type Result<T, E = Error> = core::result::Result<T, E>;

/// Everything that can go wrong when plugins are loaded and looked up.
///
/// `{}` prints one level: what happened, what was expected, what to do. `{:#}` and `{:?}` print the whole chain, with
/// the differences between two shapes of a contract, so that `fn main() -> polyplug::Result<()>` reads well.
#[non_exhaustive]
#[expect(
    missing_docs,
    reason = "the fields are named in the message of their variant"
)]
pub enum Error {
    /// There is no such file.
    FileMissing {
        path: PathBuf,
        tried: Vec<PathBuf>,
        advice: String,
    },
    /// The file could not be read, or its private copy not written.
    Unreadable {
        path: PathBuf,
        source: std::io::Error,
    },
    /// The folder could not be listed.
    UnreadableFolder {
        path: PathBuf,
        source: std::io::Error,
    },
    /// The folder cannot be watched.
    Unwatchable {
        path: PathBuf,
        source: Box<dyn StdError + Send + Sync>,
    },
    /// The hook that the host set with `verify` said no.
    Refused {
        path: PathBuf,
        source: Box<dyn StdError + Send + Sync>,
    },
    /// The file is mapped where it lies already.
    MappedAlready { path: PathBuf },
    /// The file is no shared library.
    NotALibrary { path: PathBuf, found: String },
    /// The file is a source in a language that no loaded plugin opens.
    NoLoader {
        path: PathBuf,
        extension: String,
        known: Vec<String>,
    },
    /// The loader of the file says that it cannot be loaded.
    SourceRefused {
        path: PathBuf,
        loader: String,
        reason: String,
    },
    /// The loader of the file failed.
    LoaderFailed {
        path: PathBuf,
        loader: String,
        source: Fault,
    },
    /// The shared library is for another kind of machine.
    WrongArchitecture {
        path: PathBuf,
        found: String,
        expected: String,
    },
    /// The system's loader refused the shared library.
    OpenFailed { path: PathBuf, reason: String },
    /// The shared library needs a symbol that nothing here has.
    UnresolvedSymbol { path: PathBuf, symbol: String },
    /// The system shares a symbol of the library between all its versions.
    SharedSymbol { path: PathBuf, symbol: String },
    /// A shared library, but no plugin.
    NotAPlugin { path: PathBuf, dependency: bool },
    /// A module without plugins and contracts.
    NothingOffered { path: PathBuf },
    /// The plugin speaks another binary interface.
    AbiVersion {
        path: PathBuf,
        found: u32,
        expected: u32,
    },
    /// The entry point of the plugin failed.
    InitFailed { path: PathBuf, reason: String },
    /// The linker dropped plugins that were compiled in.
    LostRegistrations {
        path: PathBuf,
        found: usize,
        expected: usize,
    },
    /// The module describes itself in a way that cannot be true.
    MalformedModule { path: PathBuf, reason: String },
    /// The plugin was built against another shape of a contract.
    ContractMismatch {
        plugin: String,
        path: PathBuf,
        contract: String,
        differences: Vec<String>,
    },
    /// The manifest of a bundle has a mistake in it.
    BundleInvalid {
        path: PathBuf,
        line: usize,
        reason: String,
    },
    /// A path in the manifest of a bundle leads out of its folder.
    BundlePath {
        path: PathBuf,
        what: String,
        file: PathBuf,
        /// Where it leads through symbolic links; nothing when it says so itself.
        leads_to: Option<PathBuf>,
    },
    /// The bundle has no library for this platform.
    BundlePlatform {
        path: PathBuf,
        platform: String,
        available: Vec<String>,
    },
    /// The manifest of the bundle and its library do not agree.
    BundleMismatch {
        path: PathBuf,
        library: PathBuf,
        reason: String,
    },
    /// The manifest of the bundle requires what is not loaded.
    BundleRequires {
        bundle: String,
        path: PathBuf,
        wanted: String,
        reason: String,
    },
    /// The plugin needs a host contract that nobody provides.
    MissingHostContract {
        plugin: String,
        contract: String,
        reason: String,
    },
    /// The host makes a value of the contract for each plugin, and panicked over this one's.
    ProvidePanicked {
        plugin: String,
        contract: String,
        source: Fault,
    },
    /// The plugin needs a contract that no other plugin offers.
    MissingPeer {
        plugin: String,
        contract: String,
        reason: String,
    },
    /// The plugin needs another one that could not be loaded.
    PeerNotLoaded {
        plugin: String,
        contract: String,
        peer: String,
        reason: String,
    },
    /// The plugin needs a contract of another one that is loaded without it, because it has another shape there.
    PeerSkipped {
        plugin: String,
        contract: String,
        peer: String,
        reason: String,
    },
    /// A plugin that requires itself, through others.
    RequirementCycle { path: PathBuf, cycle: String },
    /// Another thread is loading, reloading or unloading the module.
    Busy { module: String },
    /// The module is not loaded any more.
    NotLoaded { module: String },
    /// The module has no file that could be loaded again.
    NotReloadable { module: String },
    /// A reload from inside the very module.
    Reentrant { module: String },
    /// Somebody did not leave the module in time for its state to be saved.
    ReloadTimeout {
        module: String,
        limit: std::time::Duration,
        holders: String,
    },
    /// The plugin panicked while it saved its state.
    SaveFailed { plugin: String, source: Fault },
    /// The new version of the plugin could not use what the old one saved.
    RestoreFailed {
        plugin: String,
        source: Box<dyn StdError + Send + Sync>,
    },
    /// The constructor of the plugin returned an error.
    ConstructorFailed {
        plugin: String,
        source: Box<dyn StdError + Send + Sync>,
    },
    /// What the host configures a plugin with cannot be written as JSON.
    #[cfg(feature = "config")]
    ConfigUnwritable {
        plugin: String,
        source: Box<dyn StdError + Send + Sync>,
    },
    /// A plugin cannot use what it is configured with.
    #[cfg(feature = "config")]
    ConfigInvalid {
        plugin: String,
        /// Where in the configuration, as `servers[2].port`; nothing when it is the whole.
        key: String,
        /// Whether there is a configuration at all.
        given: bool,
        reason: String,
    },
    /// The constructor of the plugin panicked.
    ConstructorPanicked { plugin: String, source: Fault },
    /// Two plugins with one name.
    DuplicateName {
        name: String,
        loaded: String,
        refused: String,
    },
    /// This file is loaded already.
    AlreadyLoaded { path: PathBuf, plugins: Vec<String> },
    /// No plugin is linked into this program.
    NothingLinked,
    /// Nobody offers the contract.
    NoProvider {
        contract: String,
        available: Vec<String>,
        similar: Option<String>,
    },
    /// No plugin of that name offers the contract.
    NoPlugin {
        name: String,
        contract: String,
        available: Vec<String>,
        similar: Option<String>,
    },
    /// A contract that no loaded module describes in this shape, asked for by a binding to another language.
    NotDescribed { contract: String },
    /// An exclusive contract has no shared callers.
    OnlyInstances { contract: String },
    /// The contract is provided by the host, which makes no instances.
    NotConstructible { plugin: String, contract: String },
    /// A panic in the plugin would end the process.
    PanicAbort { path: PathBuf },
    /// A call was answered by a fault.
    Fault(Fault),
}

impl Error {
    /// A stable word for the kind of error, for logs and tests.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::FileMissing { .. } => "file-missing",
            Self::Unreadable { .. } => "unreadable",
            Self::UnreadableFolder { .. } => "unreadable-folder",
            Self::Unwatchable { .. } => "unwatchable",
            Self::Refused { .. } => "refused",
            Self::MappedAlready { .. } => "mapped-already",
            Self::NotALibrary { .. } => "not-a-library",
            Self::NoLoader { .. } => "no-loader",
            Self::SourceRefused { .. } => "source-refused",
            Self::LoaderFailed { .. } => "loader-failed",
            Self::WrongArchitecture { .. } => "wrong-architecture",
            Self::OpenFailed { .. } => "open-failed",
            Self::UnresolvedSymbol { .. } => "unresolved-symbol",
            Self::SharedSymbol { .. } => "shared-symbol",
            Self::NotAPlugin { .. } => "not-a-plugin",
            Self::NothingOffered { .. } => "nothing-offered",
            Self::AbiVersion { .. } => "abi-version",
            Self::InitFailed { .. } => "init-failed",
            Self::LostRegistrations { .. } => "lost-registrations",
            Self::MalformedModule { .. } => "malformed-module",
            Self::ContractMismatch { .. } => "contract-mismatch",
            Self::BundleInvalid { .. } => "bundle-invalid",
            Self::BundlePath { .. } => "bundle-path",
            Self::BundlePlatform { .. } => "bundle-platform",
            Self::BundleMismatch { .. } => "bundle-mismatch",
            Self::BundleRequires { .. } => "bundle-requires",
            Self::MissingHostContract { .. } => "missing-host-contract",
            Self::ProvidePanicked { .. } => "provide-panicked",
            Self::MissingPeer { .. } => "missing-peer",
            Self::PeerNotLoaded { .. } => "peer-not-loaded",
            Self::PeerSkipped { .. } => "peer-skipped",
            Self::RequirementCycle { .. } => "requirement-cycle",
            Self::Busy { .. } => "busy",
            Self::NotLoaded { .. } => "not-loaded",
            Self::NotReloadable { .. } => "not-reloadable",
            Self::Reentrant { .. } => "reentrant",
            Self::ReloadTimeout { .. } => "reload-timeout",
            Self::SaveFailed { .. } => "save-failed",
            Self::RestoreFailed { .. } => "restore-failed",
            Self::ConstructorFailed { .. } => "constructor-failed",
            #[cfg(feature = "config")]
            Self::ConfigUnwritable { .. } => "config-unwritable",
            #[cfg(feature = "config")]
            Self::ConfigInvalid { .. } => "config-invalid",
            Self::ConstructorPanicked { .. } => "constructor-panicked",
            Self::DuplicateName { .. } => "duplicate-name",
            Self::AlreadyLoaded { .. } => "already-loaded",
            Self::NothingLinked => "nothing-linked",
            Self::NoProvider { .. } => "no-provider",
            Self::NoPlugin { .. } => "no-plugin",
            Self::NotDescribed { .. } => "not-described",
            Self::OnlyInstances { .. } => "only-instances",
            Self::NotConstructible { .. } => "not-constructible",
            Self::PanicAbort { .. } => "panic-abort",
            Self::Fault(fault) => fault.code(),
        }
    }

    fn level(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FileMissing { path, tried, advice } => {
                write!(f, "there is no file `{}`", path.display())?;
                if !tried.is_empty() {
                    let also: Vec<_> = tried.iter().map(|path| format!("`{}`", path.display())).collect();
                    write!(f, ", nor {}", also.join(", "))?;
                }
                write!(f, "; {advice}")
            }
            Self::Unreadable { path, .. } => {
                write!(f, "cannot copy `{}` to a private place; check that it can be read and that there is room", path.display())
            }
            Self::UnreadableFolder { path, .. } => write!(
                f,
                "cannot list the folder `{}`; check that it exists, is a folder, and can be read",
                path.display()
            ),
            Self::Unwatchable { path, .. } => write!(
                f,
                "cannot watch the folder `{}`; check that it exists, and on Linux that `fs.inotify.max_user_watches` and `fs.inotify.max_user_instances` leave room",
                path.display()
            ),
            Self::Refused { path, .. } => write!(
                f,
                "the host's `verify` refused `{}`; nothing of it was opened: see the cause for what it expects",
                path.display()
            ),
            Self::MappedAlready { path } => write!(
                f,
                "`{}` is mapped in place already, by this or another runtime of this process; a file that is loaded with `in_place` can be loaded once at a time: load it without, or unload it first",
                path.display()
            ),
            Self::NotALibrary { path, found } => write!(
                f,
                "`{}` is no shared library but {found}; build the plugin with `cargo rustc --crate-type cdylib` and load the file that it writes",
                path.display()
            ),
            Self::WrongArchitecture { path, found, expected } => write!(
                f,
                "`{}` is built for {found}, this program for {expected}; build the plugin for the target of the host",
                path.display()
            ),
            Self::OpenFailed { path, reason } => {
                write!(f, "the system cannot open `{}`: {reason}", path.display())
            }
            Self::UnresolvedSymbol { path, symbol } => write!(
                f,
                "`{}` needs the symbol `{symbol}`, which nothing it is linked to has; link the library that defines it into the plugin",
                path.display()
            ),
            Self::SharedSymbol { path, symbol } => write!(
                f,
                "`{}` has the symbol `{symbol}`, which the system shares with every other version of the library (it is `gnu_unique`), and for which it never unmaps one; compile it with `-fno-gnu-unique -fvisibility=hidden`, or declare `NEVER_UNMAP` in its registration when that is meant",
                path.display()
            ),
            Self::NotAPlugin { path, dependency } => {
                write!(f, "`{}` is a shared library, but no plugin: it exports no `polyplug_init`", path.display())?;
                if *dependency {
                    f.write_str(" (a library that it links to does; load that one)")
                } else {
                    f.write_str("; the crate must depend on `polyplug`, and have a `#[polyplug::plugin]` or a `#[polyplug::contract]` in it")
                }
            }
            Self::NothingOffered { path } => write!(
                f,
                "`{}` is a module without plugins and contracts; put `#[polyplug::plugin]` on an impl in it, and if that stands in another crate, write `use that_crate as _;`, because a crate that nothing names is not linked at all",
                path.display()
            ),
            Self::AbiVersion { path, found, expected } => write!(
                f,
                "`{}` speaks version {found} of the binary interface, this host version {expected}; build the plugin with a polyplug that speaks version {expected}",
                path.display()
            ),
            Self::InitFailed { path, reason } => {
                write!(f, "the entry point of `{}` failed: {reason}", path.display())
            }
            Self::LostRegistrations { path, found, expected } => write!(
                f,
                "`{}` was compiled with {expected} plugin impls, but the linker left only {found} in it; check the linker flags for section garbage collection (`-z nostart-stop-gc` keeps them)",
                path.display()
            ),
            Self::MalformedModule { path, reason } => write!(
                f,
                "`{}` describes itself in a way that cannot be true: {reason}; it was built by something that does not follow the binary interface",
                path.display()
            ),
            Self::ContractMismatch { plugin, path, contract, differences } => write!(
                f,
                "plugin `{plugin}` in `{}` was built against another shape of contract `{contract}` than this host ({} difference{}); build both against the same contract crate, or give the changed contract a new major version",
                path.display(),
                differences.len(),
                if differences.len() == 1 { "" } else { "s" },
            ),
            Self::BundleInvalid { path, line, reason } => {
                write!(f, "`{}`, line {line}: {reason}", path.display())
            }
            Self::BundlePath { path, what, file, leads_to } => {
                write!(f, "{what} in `{}`, `{}`, leads out of the folder", path.display(), file.display())?;
                if let Some(leads_to) = leads_to {
                    write!(f, ", to `{}`", leads_to.display())?;
                }
                f.write_str("; a bundle is whole in itself: put the file into it, and name it from there, with `/` between folders")
            }
            Self::BundlePlatform { path, platform, available } => {
                write!(f, "`{}` has no library for `{platform}`; it has one for ", path.display())?;
                list(f, available, "no platform")?;
                write!(f, ": build one for this, and name it below `[files]`, as `{platform} = \"..\"`")
            }
            Self::BundleMismatch { path, library, reason } => write!(
                f,
                "`{}` does not describe `{}`: {reason}; correct the manifest, or build the library again",
                path.display(),
                library.display()
            ),
            Self::BundleRequires { bundle, path, wanted, reason } => write!(
                f,
                "the bundle `{bundle}` requires `{wanted}`: {reason}; load that first, or both with `load_dir` (`{}`)",
                path.display()
            ),
            Self::MissingHostContract { plugin, contract, reason } => write!(
                f,
                "plugin `{plugin}` needs the host contract `{contract}`: {reason}; call `runtime.provide` with an implementation before loading it"
            ),
            Self::ProvidePanicked { plugin, contract, .. } => write!(
                f,
                "the host panicked when it made the value of the host contract `{contract}` for plugin `{plugin}`, which therefore has none; repair the closure that `provide_each` was given"
            ),
            Self::MissingPeer { plugin, contract, reason } => write!(
                f,
                "plugin `{plugin}` needs the contract `{contract}` of another plugin: {reason}; load a plugin that offers it first, or load both with `load_dir`"
            ),
            Self::PeerNotLoaded { plugin, contract, peer, reason } => write!(
                f,
                "plugin `{plugin}` needs the contract `{contract}` of {peer}, which could not be loaded; repair that first: {reason}"
            ),
            Self::PeerSkipped { plugin, contract, peer, reason } => write!(
                f,
                "plugin `{plugin}` needs the contract `{contract}` of plugin `{peer}`, which was left out because of its shape (`Mismatch::SkipContract`): {}",
                reason.lines().next().unwrap_or_default()
            ),
            Self::RequirementCycle { path, cycle } => write!(
                f,
                "no plugin of `{}` can be the first to be loaded: {cycle}; take one of these requirements away, or look the peer up when it is needed, with `Context::peer`",
                path.display()
            ),
            Self::NoLoader { path, extension, known } => {
                write!(f, "no loader for `.{extension}`: `{}` is no shared library; load a plugin that implements `polyplug.loader` for `.{extension}` first", path.display())?;
                if !known.is_empty() {
                    let known: Vec<_> = known.iter().map(|known| format!("`.{known}`")).collect();
                    write!(f, " (those that are loaded open {})", known.join(", "))?;
                }
                Ok(())
            }
            Self::SourceRefused { path, loader, reason } => {
                write!(f, "the loader `{loader}` refused `{}`: {reason}", path.display())
            }
            Self::LoaderFailed { path, loader, .. } => write!(
                f,
                "the loader `{loader}` failed to open `{}`; the cause says where, and that is a defect of the loader",
                path.display()
            ),
            Self::Busy { module } => write!(
                f,
                "{module} is being reloaded or unloaded by another thread; try again when that is done"
            ),
            Self::NotLoaded { module } => write!(f, "{module} is not loaded any more; load it again"),
            Self::NotReloadable { module } => write!(
                f,
                "{module} cannot be loaded again: it has no file of its own, or is mapped in place; unload it, then load or provide another"
            ),
            Self::Reentrant { module } => write!(
                f,
                "{module} cannot be reloaded from inside one of its own calls, which would wait for itself; reload it from another thread, or after the call"
            ),
            Self::ReloadTimeout { module, limit, holders } => write!(
                f,
                "{module} was not left within {limit:?}, so its state could not be saved, and the version that was loaded serves on; held by {holders}"
            ),
            Self::SaveFailed { plugin, .. } => write!(
                f,
                "plugin `{plugin}` panicked while it saved its state; the version that was loaded serves on"
            ),
            Self::RestoreFailed { plugin, .. } => write!(
                f,
                "the new version of plugin `{plugin}` could not restore the state of the old one, which serves on"
            ),
            Self::ConstructorFailed { plugin, .. } => {
                write!(f, "the constructor of plugin `{plugin}` returned an error")
            }
            #[cfg(feature = "config")]
            Self::ConfigUnwritable { plugin, .. } => write!(
                f,
                "what `runtime.configure` was given for plugin `{plugin}` cannot be written as JSON, so its configuration is what it was; maps need keys that are texts, and numbers must be finite"
            ),
            #[cfg(feature = "config")]
            Self::ConfigInvalid { plugin, given: false, reason, .. } => write!(
                f,
                "plugin `{plugin}` is not configured, and cannot do without: {reason}; call `runtime.configure(\"{plugin}\", ..)` before loading it"
            ),
            #[cfg(feature = "config")]
            Self::ConfigInvalid { plugin, key, reason, .. } => {
                write!(f, "plugin `{plugin}` cannot use its configuration")?;
                if !key.is_empty() {
                    write!(f, " at `{key}`")?;
                }
                write!(f, ": {reason}; change what the host gives to `runtime.configure(\"{plugin}\", ..)`")
            }
            Self::ConstructorPanicked { plugin, .. } => write!(f, "the constructor of plugin `{plugin}` panicked"),
            Self::DuplicateName { name, loaded, refused } => {
                if loaded == refused {
                    write!(f, "{loaded} has two plugins with the name `{name}`; ")?;
                } else {
                    write!(f, "there is a plugin `{name}` already, from {loaded}; {refused} has another one: ")?;
                }
                f.write_str("give one of them its own name with `#[polyplug::plugin(name = \"..\")]`, or provide it with `provide_as`")
            }
            Self::AlreadyLoaded { path, plugins } => {
                write!(f, "`{}` is loaded already, with ", path.display())?;
                list(f, plugins, "no plugins")?;
                f.write_str("; use the module that the first load returned")
            }
            Self::NothingLinked => f.write_str(
                "no plugin is linked into this program; a crate that nothing names is not linked at all: write `use hello as _;` for each plugin crate",
            ),
            Self::NoProvider { contract, available, similar } => {
                write!(f, "nobody offers the contract `{contract}`; ")?;
                if available.is_empty() {
                    return f.write_str("nothing is loaded: load a plugin that offers it first");
                }
                suggest(f, similar.as_deref())?;
                f.write_str("there is ")?;
                list(f, available, "nothing")?;
                match similar {
                    Some(_) => Ok(()),
                    None => f.write_str("; load a plugin that offers it"),
                }
            }
            Self::NoPlugin { name, contract, available, similar } => {
                write!(f, "no plugin `{name}` offers the contract `{contract}`; ")?;
                suggest(f, similar.as_deref())?;
                f.write_str("it is offered by ")?;
                list(f, available, "nobody")
            }
            Self::NotDescribed { contract } => write!(
                f,
                "no module that is loaded describes `{contract}` in this shape, so nothing here can turn its calls into calls by descriptor; load a plugin or a contract module that has it first, and take the contract from that"
            ),
            Self::OnlyInstances { contract } => write!(
                f,
                "`{contract}` is exclusive: its `&mut self` methods are for one caller alone; make an instance instead"
            ),
            Self::NotConstructible { plugin, contract } => write!(
                f,
                "`{contract}` is provided by `{plugin}` as one value, of which there are no instances; use `get` instead of `create`"
            ),
            Self::PanicAbort { path } => write!(
                f,
                "`{}` is built with `panic = \"abort\"`: a panic in it would end this program; build it with `panic = \"unwind\"`, or allow it with `Runtime::builder().allow_panic_abort(true)`",
                path.display()
            ),
            Self::Fault(fault) => fmt::Display::fmt(fault, f),
        }
    }
}

fn list(f: &mut fmt::Formatter<'_>, names: &[String], none: &str) -> fmt::Result {
    if names.is_empty() {
        return f.write_str(none);
    }
    let names: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    f.write_str(&names.join(", "))
}

fn suggest(f: &mut fmt::Formatter<'_>, similar: Option<&str>) -> fmt::Result {
    match similar {
        Some(similar) => write!(f, "did you mean `{similar}`? "),
        None => Ok(()),
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.level(f)?;
        if !f.alternate() {
            return Ok(());
        }
        if let Self::ContractMismatch { differences, .. } = self {
            for difference in differences {
                write!(f, "\n  {difference}")?;
            }
        }
        if let Self::PeerSkipped { reason, .. } = self {
            for difference in reason.lines().skip(1) {
                write!(f, "\n{difference}")?;
            }
        }
        let mut cause = self.source();
        while let Some(error) = cause {
            write!(f, "\ncaused by: {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:#}")
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Unreadable { source, .. } | Self::UnreadableFolder { source, .. } => Some(source),
            Self::Refused { source, .. }
            | Self::Unwatchable { source, .. }
            | Self::ConstructorFailed { source, .. }
            | Self::RestoreFailed { source, .. } => Some(source.as_ref()),
            #[cfg(feature = "config")]
            Self::ConfigUnwritable { source, .. } => Some(source.as_ref()),
            Self::ConstructorPanicked { source, .. }
            | Self::ProvidePanicked { source, .. }
            | Self::SaveFailed { source, .. }
            | Self::LoaderFailed { source, .. } => Some(source),
            _ => None,
        }
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}
