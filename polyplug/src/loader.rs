//! The contract between the host and loaders, the plugins that open sources in other languages. To write one, see
//! [`guest`](crate::guest).

use std::path::PathBuf;

use polyplug_abi::{ContractDescriptor, GuestModule};

/// Opens sources that are no libraries. The host asks the first loaded loader that names the extension of a file.
#[crate::contract(id = "polyplug.loader", version = "1.0", crate = crate)]
pub trait Loader: Send + Sync {
    /// The extensions of the files that it opens, without the dot: `lua`.
    fn extensions(&self) -> Vec<String>;

    /// Opens a source: reads it, finds its plugins, and checks them against the contracts; constructs none of them.
    ///
    /// The error is the reason for which it cannot be loaded, with the place in the file if there is one.
    fn open(&self, source: &Source) -> Result<Opened, String>;
}

/// A file to be opened, and what the host knows. It is lent for the call that opens it: what it tells of contracts is true as long.
#[crate::data(crate = crate)]
#[derive(Debug)]
pub struct Source {
    /// The file.
    pub path: PathBuf,
    /// What it holds, as the host's `verify` saw it. (The file may be another one by now.)
    pub bytes: Vec<u8>,
    /// Only to look at what it offers: nothing will be constructed.
    pub inspect: bool,
    contracts: Vec<Known>,
}

impl Source {
    #[cfg(feature = "host")]
    pub(crate) fn new(path: PathBuf, bytes: Vec<u8>, inspect: bool, contracts: Vec<Known>) -> Self {
        Self {
            path,
            bytes,
            inspect,
            contracts,
        }
    }
}

#[cfg(feature = "loader")]
impl Source {
    /// The contracts that the host knows: its own, and those that loaded modules described. Each once, in its newest version.
    #[must_use]
    pub fn contracts(&self) -> Vec<crate::guest::Contract> {
        let known = self.contracts.iter();
        // SAFETY: the host keeps what it tells of while the call lasts, for which this is lent; nobody else makes one, or a copy.
        known
            .map(|known| unsafe { crate::guest::Contract::keep(known.descriptor()) })
            .collect()
    }

    /// A contract that the host knows, by its id, and by the number before the dot of its version if that matters.
    #[must_use]
    pub fn contract(&self, id: &str, major: Option<u32>) -> Option<crate::guest::Contract> {
        let contracts = self.contracts().into_iter();
        let mut of_id = contracts.filter(|contract| {
            let view = contract.view();
            view.id() == id && major.is_none_or(|major| view.version().0 == major)
        });
        let first = of_id.next()?;
        Some(of_id.fold(first, |best, other| {
            if other.view().version() > best.view().version() {
                other
            } else {
                best
            }
        }))
    }
}

/// A contract that the host knows: where its descriptor lies. Made by the host alone.
#[crate::data(crate = crate)]
#[derive(Debug)]
pub struct Known {
    descriptor: u64,
}

impl Known {
    #[cfg(feature = "host")]
    pub(crate) fn new(descriptor: *const ContractDescriptor) -> Self {
        Self {
            descriptor: descriptor.expose_provenance() as u64,
        }
    }

    #[cfg(feature = "loader")]
    fn descriptor(&self) -> *const ContractDescriptor {
        core::ptr::with_exposed_provenance(self.descriptor as usize)
    }
}

/// A source that was opened: a guest, on its way to the host. Made by [`Opened::new`].
///
/// One that does not arrive, because a fault comes between, is never closed.
#[crate::data(crate = crate)]
#[derive(Debug)]
pub struct Opened {
    module: u64,
}

impl Opened {
    /// # Safety
    /// 1. `module` is a whole module, which is released once, by who has this.
    #[cfg(feature = "loader")]
    pub(crate) unsafe fn of(module: *mut GuestModule) -> Self {
        Self {
            module: module.expose_provenance() as u64,
        }
    }

    /// The module; null when a loader that is not Rust says so.
    #[cfg(feature = "host")]
    pub(crate) fn module(self) -> *mut GuestModule {
        core::ptr::with_exposed_provenance_mut(self.module as usize)
    }
}
