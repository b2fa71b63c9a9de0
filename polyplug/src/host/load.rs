//! From a file to a module: copy, open, entry point, descriptors. Nothing here constructs or publishes.
//!
//! What is held: an open library. Who may touch it: the runtime, and `inspect`.
//!
//! What is always true:
//!
//! * **O1** What is opened is a private copy; the original is never mapped, unless the host asks for that (`in_place`).
//! * **O2** The entry point lies in the opened file itself, and is called once for it.
//! * **O3** A library that was opened stays mapped while what was read from it is used: who opened it keeps its
//!   [`Mapped`], or hands it to the reaper. One that does not tell of its threads is never unmapped (A4).
//! * **O4** Plugins of a module are in the order of their names, contracts in that of their ids: the order in which the
//!   linker left them changes with the profile, and what `Runtime::get` finds first must not.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use libloading::Library;
use polyplug_abi::{
    ABI_VERSION, ContractDescriptor, ENTRY_SYMBOL, Host, InitFunction, InterfaceHeader, List,
    Offer, PluginDescriptor, Registration, Slice, init_code, init_options, interface_flags,
    module_flags,
};

use super::bundle;
use super::copy::PrivateCopy;
use super::generation::OfferCell;
use super::info::{ContractInfo, ModuleInfo, PluginInfo};
use super::mapped::Mapped;
use super::model::{self, Catalog, Copier, Malformed};
use super::module::ModuleCore;
use super::object_file::{self, DynamicTables, Unfit};
use super::options::{LoadCandidate, Settings};
use super::reaper;
use super::threads::Ledger;
use crate::entry;
use crate::error::{Error, Result};
use crate::image;

/// What a module registered, copied out of it.
#[derive(Debug)]
pub(crate) struct Registered {
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) plugins: Vec<RegisteredPlugin>,
    pub(crate) flags: u32,
    /// Contracts that it describes, in the catalog.
    pub(crate) contracts: Vec<usize>,
    /// Where the contracts of the catalog lie in its image.
    pub(crate) origins: Vec<*const ContractDescriptor>,
}

/// What was registered, and the image that it was read from; none for this program itself.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) registered: Registered,
    pub(crate) mapped: Option<Arc<Mapped>>,
    /// Who opened it, unless it is a library.
    pub(crate) loader: Option<Arc<ModuleCore>>,
}

/// A plugin that a module registered.
pub(crate) struct RegisteredPlugin {
    pub(crate) info: PluginInfo,
    pub(crate) descriptor: *const PluginDescriptor,
    pub(crate) offers: Vec<OfferCell>,
    /// Contracts that it needs, in the catalog.
    pub(crate) requires: Vec<usize>,
    /// Contracts whose providers shall be loaded first if they are there, in the catalog.
    pub(crate) wants: Vec<usize>,
}

impl core::fmt::Debug for RegisteredPlugin {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "RegisteredPlugin({})", self.info.name)
    }
}

/// Reads what a module offers. Constructs nothing, checks nothing against a runtime.
///
/// # Errors
/// What [`Runtime::load`](crate::Runtime::load) says of a file that cannot be loaded.
pub fn inspect(path: impl AsRef<Path>) -> Result<ModuleInfo> {
    let chosen = bundle::chosen(&find(path.as_ref())?)?;
    let (path, bundle) = (chosen.library, chosen.bundle);
    let Opened {
        registered, mapped, ..
    } = open(&path, init_options::INSPECT, &Settings::allow_all())?;
    if let Some(mapped) = mapped {
        // What was read is copied, and nothing was constructed.
        reaper::discard(mapped);
    }
    let contracts = registered
        .contracts
        .iter()
        .map(|&index| ContractInfo::new(&registered.catalog, index))
        .collect();
    let plugins: Vec<_> = registered
        .plugins
        .into_iter()
        .map(|plugin| plugin.info)
        .collect();
    if let Some(bundle) = &bundle {
        bundle.agree(&plugins)?;
    }
    Ok(ModuleInfo {
        path,
        bundle: bundle.as_deref().cloned(),
        plugins,
        contracts,
    })
}

/// The file or the bundle that is meant; without an extension the platform's is tried too.
pub(crate) fn find(path: &Path) -> Result<PathBuf> {
    if cfg!(feature = "bundle") && bundle::is_bundle(path) {
        return fs::canonicalize(path).map_err(|source| Error::Unreadable {
            path: path.to_owned(),
            source,
        });
    }
    let mut tried = Vec::new();
    if path.extension().is_none()
        && let Some(name) = path.file_name()
    {
        let name = name.to_string_lossy();
        let (prefix, suffix) = (std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
        tried.push(path.with_file_name(format!("{name}{suffix}")));
        if !prefix.is_empty() {
            tried.push(path.with_file_name(format!("{prefix}{name}{suffix}")));
        }
    }
    for candidate in core::iter::once(path).chain(tried.iter().map(PathBuf::as_path)) {
        if candidate.is_file() {
            return fs::canonicalize(candidate).map_err(|source| Error::Unreadable {
                path: candidate.to_owned(),
                source,
            });
        }
    }
    if path.is_dir() {
        // What is meant is clear, and was not another name.
        tried.clear();
    }
    Err(Error::FileMissing {
        path: path.to_owned(),
        tried,
        advice: advice(path),
    })
}

fn advice(path: &Path) -> String {
    if bundle::is_bundle(path) {
        return bundle::LEFT_OUT.to_owned();
    }
    if path.is_dir() {
        return "it is a folder: name the library inside it".to_owned();
    }
    if path.is_symlink() {
        return "it is a symbolic link to a file that does not exist".to_owned();
    }
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let Ok(entries) = fs::read_dir(folder) else {
        let here = std::env::current_dir()
            .map_or_else(|_| "unknown".to_owned(), |here| here.display().to_string());
        let relative = if path.is_relative() {
            format!(" (the current directory is `{here}`)")
        } else {
            String::new()
        };
        return format!(
            "the folder `{}` does not exist{relative}; build the plugin with `cargo rustc --release --crate-type cdylib` and load the file that it writes",
            folder.display()
        );
    };
    // Compared without what the platform adds, so that `plugins/helo` finds `plugins/libhello.so`.
    let bare = |name: &str| {
        let name = name
            .strip_suffix(std::env::consts::DLL_SUFFIX)
            .unwrap_or(name);
        name.strip_prefix(std::env::consts::DLL_PREFIX)
            .unwrap_or(name)
            .to_owned()
    };
    let mut files: Vec<String> = entries
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| name.ends_with(std::env::consts::DLL_SUFFIX))
        .collect();
    files.sort();
    let names: Vec<String> = files.iter().map(|file| bare(file)).collect();
    let wanted = bare(&path.file_name().unwrap_or_default().to_string_lossy());
    let similar = super::registry::similar(&wanted, &names)
        .and_then(|similar| names.iter().position(|name| *name == similar));
    match similar {
        Some(index) => format!("did you mean `{}`?", folder.join(&files[index]).display()),
        None => "check the path, or build the plugin with `cargo rustc --release --crate-type cdylib` and load the file that it writes".to_owned(),
    }
}

/// Opens a library and reads its registration.
pub(crate) fn open(path: &Path, options: u32, settings: &Settings) -> Result<Opened> {
    let unreadable = |source| Error::Unreadable {
        path: path.to_owned(),
        source,
    };
    let bytes = fs::read(path).map_err(unreadable)?;
    object_file::check(&bytes).map_err(|unfit| match unfit {
        Unfit::NotALibrary(found) => Error::NotALibrary {
            path: path.to_owned(),
            found,
        },
        Unfit::Foreign(found) => Error::WrongArchitecture {
            path: path.to_owned(),
            found,
            expected: object_file::expected(),
        },
    })?;
    if let Some(verify) = &settings.verify {
        let candidate = LoadCandidate {
            path,
            bytes: &bytes,
        };
        // The copy is written from these very bytes, to a place where only this user can write.
        verify.ask(&candidate).map_err(|source| Error::Refused {
            path: path.to_owned(),
            source,
        })?;
    }
    let tables = DynamicTables::of(&bytes);
    let copy = if settings.in_place {
        PrivateCopy::in_place(path).ok_or_else(|| Error::MappedAlready {
            path: path.to_owned(),
        })?
    } else {
        let names = tables.as_ref().map_or(&*bytes, DynamicTables::names);
        PrivateCopy::of(path, &bytes, names).map_err(unreadable)?
    };
    let shared_symbol = tables.and_then(|tables| tables.shared_symbol());
    drop(bytes);
    let opened = open_copy(&copy.path);
    copy.settle(opened.is_ok());
    let library = opened.map_err(|reason| refused(path, &copy.path, &reason))?;
    let mapped = Mapped::new(library, copy);
    let copy = super::mapped::copy_path(&mapped);
    let init = mapped.with_library(|library| entry_point(library, path, &copy));
    let Some(init) = init.transpose().inspect_err(|_| {
        mapped.stay("it is no plugin, and does not tell of its threads");
    })?
    else {
        unreachable!("a library that was just opened is open");
    };
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    let mut registration = empty_registration(options, &name);
    registration.image = Ledger::token(&mapped.ledger);
    // SAFETY: O2: the function that ABI 1 defines, with an immortal host and a registration of this version.
    let code = unsafe {
        init(
            core::ptr::from_ref::<Host>(image::host()),
            &raw mut registration,
        )
    };
    let flags = registration.flags;
    if flags & module_flags::NEVER_UNMAP != 0 {
        mapped.stay("it asks never to be unmapped");
    } else if flags & module_flags::MAY_UNMAP == 0 {
        mapped.stay("it does not say that it may be unmapped: it does not tell of its threads, or had some before it was initialised");
    }
    let read = judge(code, &registration, path).and_then(|()| {
        if let Some(symbol) = shared_symbol
            && flags & module_flags::NEVER_UNMAP == 0
        {
            let path = path.to_owned();
            return Err(Error::SharedSymbol { path, symbol });
        }
        // SAFETY: the registration was filled in by the module, whose image is mapped (O3).
        unsafe { read(&registration) }.map_err(|reason| Error::MalformedModule {
            path: path.to_owned(),
            reason,
        })
    });
    match read {
        Ok(registered) => Ok(Opened {
            registered,
            mapped: Some(mapped),
            loader: None,
        }),
        Err(error) => {
            reaper::discard(mapped);
            Err(error)
        }
    }
}

/// The plugins of this image.
pub(crate) fn linked(source: &Path) -> Result<Opened> {
    let mut registration = empty_registration(0, "");
    entry::fill(&mut registration);
    if registration.offers.len == 0 && registration.expected_offers == 0 {
        return Err(Error::NothingLinked);
    }
    let lost = registration.offers.len != registration.expected_offers;
    judge(
        if lost {
            init_code::LOST_REGISTRATIONS
        } else {
            init_code::READY
        },
        &registration,
        source,
    )?;
    // SAFETY: the registration of this very image.
    let registered = unsafe { read(&registration) }.map_err(|reason| Error::MalformedModule {
        path: source.to_owned(),
        reason,
    })?;
    Ok(Opened {
        registered,
        mapped: None,
        loader: None,
    })
}

fn empty_registration(options: u32, name: &str) -> Registration {
    Registration {
        size: size_of::<Registration>() as u32,
        abi: 0,
        options,
        flags: 0,
        offers: List::EMPTY,
        contracts: List::EMPTY,
        expected_offers: 0,
        name: Slice::text(name),
        image: core::ptr::null(),
    }
}

fn judge(code: i32, registration: &Registration, path: &Path) -> Result<()> {
    let path = path.to_owned();
    if code == init_code::ABI_MISMATCH || registration.abi != ABI_VERSION {
        return Err(Error::AbiVersion {
            path,
            found: registration.abi,
            expected: ABI_VERSION,
        });
    }
    let failed = |reason: &str| {
        Err(Error::InitFailed {
            path: path.clone(),
            reason: reason.to_owned(),
        })
    };
    match code {
        init_code::READY => Ok(()),
        init_code::LOST_REGISTRATIONS => Err(Error::LostRegistrations {
            path,
            found: registration.offers.len,
            expected: registration.expected_offers,
        }),
        init_code::ALREADY_INITIALISED => failed("this image was initialised before"),
        init_code::PANICKED => failed("it panicked"),
        code => failed(&format!(
            "it answered {code}, which means nothing in version {ABI_VERSION} of the binary interface"
        )),
    }
}

/// What the system's loader said, as one of our errors.
fn refused(path: &Path, copy: &Path, reason: &str) -> Error {
    let path = path.to_owned();
    if let Some((_, symbol)) = reason.split_once("undefined symbol: ") {
        let symbol = symbol.split([' ', ',']).next().unwrap_or(symbol).to_owned();
        return Error::UnresolvedSymbol { path, symbol };
    }
    let reason = reason
        .strip_prefix(&format!("{}: ", copy.display()))
        .unwrap_or(reason)
        .to_owned();
    if let Some((library, why)) = reason.split_once(": ")
        && why.starts_with("cannot open shared object file")
    {
        return Error::OpenFailed {
            path,
            reason: format!(
                "it links to `{library}`, which is not found; install that library, or build the plugin with an `rpath` to it"
            ),
        };
    }
    if reason.contains("failed to map segment") {
        let advice = "the private copy lies in the temporary folder, from which nothing may be run; set TMPDIR to another";
        return Error::OpenFailed {
            path,
            reason: format!("{reason}; {advice}"),
        };
    }
    Error::OpenFailed { path, reason }
}

#[cfg(unix)]
fn open_copy(path: &Path) -> core::result::Result<Library, String> {
    use libloading::os::unix;
    // SAFETY: opening runs the initialisers of the library: code that whoever loads a plugin has chosen to trust.
    unsafe { unix::Library::open(Some(path), unix::RTLD_NOW | unix::RTLD_LOCAL) }
        .map(Library::from)
        .map_err(|error| innermost(&error))
}

#[cfg(not(unix))]
fn open_copy(path: &Path) -> core::result::Result<Library, String> {
    // SAFETY: opening runs the initialisers of the library: code that whoever loads a plugin has chosen to trust.
    unsafe { Library::new(path) }.map_err(|error| innermost(&error))
}

fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    core::iter::successors(Some(error), |error: &&(dyn std::error::Error + 'static)| {
        (*error).source()
    })
    .last()
    .map_or_else(String::new, ToString::to_string)
}

fn entry_point(library: &Library, path: &Path, copy: &Path) -> Result<InitFunction> {
    // SAFETY: the symbol has the type that ABI 1 gives it in every module.
    let found = unsafe { library.get::<InitFunction>(ENTRY_SYMBOL) };
    let Ok(symbol) = found else {
        return Err(Error::NotAPlugin {
            path: path.to_owned(),
            dependency: false,
        });
    };
    let init = *symbol;
    if lies_in(init, copy) {
        Ok(init)
    } else {
        Err(Error::NotAPlugin {
            path: path.to_owned(),
            dependency: true,
        })
    }
}

/// Whether a function lies in that file: `dlsym` also searches the libraries that it links to.
#[cfg(unix)]
fn lies_in(function: InitFunction, copy: &Path) -> bool {
    use std::ffi::{CStr, OsStr};
    use std::os::unix::ffi::OsStrExt as _;

    // SAFETY: an all-zero `Dl_info` is a valid value of it: null pointers.
    let mut info: libc::Dl_info = unsafe { core::mem::zeroed() };
    // SAFETY: the address of a function, and a place for the answer.
    let known = unsafe { libc::dladdr(function as *const libc::c_void, &raw mut info) };
    if known == 0 || info.dli_fname.is_null() {
        return false;
    }
    // SAFETY: a null-terminated name, which lives while the object is mapped (O3).
    let name = unsafe { CStr::from_ptr(info.dli_fname) };
    Path::new(OsStr::from_bytes(name.to_bytes())) == copy
}

/// Elsewhere a symbol is looked up in the very file.
#[cfg(not(unix))]
fn lies_in(_: InitFunction, _: &Path) -> bool {
    true
}

/// Copies what a module registered.
///
/// # Safety
/// 1. The registration was filled in by a module whose image is mapped.
pub(crate) unsafe fn read(
    registration: &Registration,
) -> core::result::Result<Registered, Malformed> {
    let mut copier = Copier::default();
    let mut contracts = Vec::new();
    // SAFETY: clause 1.
    for &contract in unsafe { model::list(&registration.contracts) }? {
        // SAFETY: clause 1.
        let number = unsafe { copier.contract(contract) }?;
        contracts.push(number);
    }
    struct Raw {
        descriptor: *const PluginDescriptor,
        requires: Vec<usize>,
        wants: Vec<usize>,
        offers: Vec<OfferCell>,
    }
    let mut raw: Vec<Raw> = Vec::new();
    // SAFETY: clause 1.
    for &offer in unsafe { model::list(&registration.offers) }? {
        // SAFETY: clause 1.
        let offer = unsafe { model::entry::<Offer>(offer, "an offer") }?;
        // SAFETY: clause 1.
        let header = unsafe { model::entry(offer.interface, "an interface") }?;
        // SAFETY: clause 1.
        let contract = unsafe { copier.contract(header.contract) }?;
        if header.method_count as usize != copier.method_count(contract) {
            return Err(format!(
                "an interface with {} functions for a contract with {} methods",
                header.method_count,
                copier.method_count(contract)
            ));
        }
        if header.flags & interface_flags::RUST != 0 && registration.flags & module_flags::RUST == 0
        {
            // C3: results of such a module are checked, whatever its tables say.
            return Err("an interface of Rust in a module that is not".to_owned());
        }
        let wanted =
            size_of::<InterfaceHeader>() + header.method_count as usize * size_of::<usize>();
        if (header.size as usize) < wanted {
            return Err(format!(
                "an interface of {} bytes for {} methods",
                header.size, header.method_count
            ));
        }
        if !contracts
            .iter()
            .any(|&known| copier.are_one(known, contract))
        {
            // A module that is not Rust may offer a contract without describing it a second time.
            contracts.push(contract);
        }
        // SAFETY: clause 1.
        let plugin = unsafe { model::entry(offer.plugin, "a plugin") }?;
        let position = raw
            .iter()
            .position(|known| core::ptr::eq(known.descriptor, plugin));
        let position = match position {
            Some(position) => position,
            None => {
                let mut requires = Vec::new();
                // SAFETY: clause 1.
                for &required in unsafe { model::list(&plugin.requires) }? {
                    // SAFETY: clause 1.
                    requires.push(unsafe { copier.contract(required) }?);
                }
                let mut wants = Vec::new();
                // SAFETY: clause 1.
                for &wanted in unsafe { model::list(&plugin.wants) }? {
                    // SAFETY: clause 1.
                    wants.push(unsafe { copier.contract(wanted) }?);
                }
                raw.push(Raw {
                    descriptor: plugin,
                    requires,
                    wants,
                    offers: Vec::new(),
                });
                raw.len() - 1
            }
        };
        let mut written = Vec::new();
        if offer.written_count > header.method_count as usize
            || (offer.written_count != 0 && offer.written.is_null())
        {
            return Err(format!(
                "a plugin that wrote {} methods of a contract with {}",
                offer.written_count, header.method_count
            ));
        }
        for at in 0..offer.written_count {
            // SAFETY: clause 1: `written_count` texts.
            written.push(unsafe { model::text(*offer.written.add(at)) }?);
        }
        raw[position]
            .offers
            .push(OfferCell::new(contract, offer.interface, written));
    }
    let origins = copier.origins();
    let catalog = Arc::new(copier.finish());
    // O4.
    let key = |&index: &usize| {
        let contract = &catalog.contracts[index];
        (contract.id.as_str(), contract.major)
    };
    contracts.sort_by_key(key);
    let mut plugins = Vec::new();
    for Raw {
        descriptor,
        requires,
        wants,
        mut offers,
    } in raw
    {
        offers.sort_by_key(|offer| key(&offer.contract));
        for offer in &mut offers {
            // So far these are the methods that were written; what is left was defaulted.
            let written = core::mem::take(&mut offer.defaulted);
            let methods = catalog.contracts[offer.contract]
                .methods
                .iter()
                .map(|method| method.name.clone());
            offer.defaulted = methods.filter(|name| !written.contains(name)).collect();
        }
        // SAFETY: clause 1: checked above.
        let plugin = unsafe { &*descriptor };
        let info = |index: &usize| ContractInfo::new(&catalog, *index);
        // SAFETY: clause 1.
        let info = unsafe {
            PluginInfo {
                name: model::text(plugin.name)?,
                version: model::text(plugin.version)?,
                description: model::text(plugin.description)?,
                authors: model::text(plugin.authors)?,
                license: model::text(plugin.license)?,
                repository: model::text(plugin.repository)?,
                contracts: offers.iter().map(|offer| info(&offer.contract)).collect(),
                requires: requires.iter().map(info).collect(),
            }
        };
        if info.name.is_empty() {
            return Err("a plugin without a name".to_owned());
        }
        plugins.push(RegisteredPlugin {
            info,
            descriptor,
            offers,
            requires,
            wants,
        });
    }
    plugins.sort_by(|one: &RegisteredPlugin, other| one.info.name.cmp(&other.info.name));
    Ok(Registered {
        catalog,
        plugins,
        flags: registration.flags,
        contracts,
        origins,
    })
}

/// Whether a panic in the module ends the process.
pub(crate) fn aborts(registered: &Registered) -> bool {
    registered.flags & module_flags::PANIC_ABORT != 0
}

#[cfg(all(test, not(feature = "bundle")))]
mod tests {
    use super::*;

    #[test]
    fn a_bundle_says_which_feature_it_needs() {
        let folder = PrivateCopy::of(Path::new("bundle"), b"", b"").expect("a private place");
        let folder = folder.path.with_extension("folder");
        fs::create_dir(&folder).expect("a folder");
        fs::write(folder.join(bundle::MANIFEST), "").expect("a manifest");
        let runtime = crate::Runtime::new();
        let error = runtime.load(&folder).expect_err("no such feature");
        let report = runtime.load_dir(folder.with_file_name("")).expect("listed");
        fs::remove_dir_all(&folder).expect("removed");
        assert_eq!(error.code(), "file-missing");
        assert!(error.to_string().contains("enable the feature `bundle`"));
        let mut skipped = report.skipped().iter();
        assert!(skipped.any(|(path, why)| *path == folder && why.contains("the feature `bundle`")));
    }
}
