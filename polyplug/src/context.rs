//! What a plugin holds of the runtime that made it.

use core::fmt;
use core::mem::MaybeUninit;
use core::ptr::NonNull;

use polyplug_abi::{ContextRecord, ContractDescriptor, Link, Slice, asked};

use crate::contract::{Contract, HostContract, PluginContract, SharedContract};
use crate::error::{Error, Result};
use crate::fault::{Fault, FaultKind};
use crate::handles::Caller;

/// The runtime, as a plugin sees it. Given to the constructor that `#[polyplug::plugin(new = ..)]` names; keep a clone
/// to use it later.
///
/// It does not keep the runtime alive: after the runtime is gone everything asked of it is an error.
pub struct Context(NonNull<ContextRecord>);

// SAFETY: the record is read-only, and every function of its table may be called from any thread.
unsafe impl Send for Context {}
// SAFETY: as above.
unsafe impl Sync for Context {}

impl Context {
    /// # Safety
    /// 1. `record` is a live context; this makes one more owner of it.
    pub(crate) unsafe fn retain(record: *const ContextRecord) -> Self {
        // SAFETY: clause 1.
        unsafe { ((*(*record).table).retain)(record) };
        // SAFETY: clause 1: a live context is not null.
        Self(unsafe { NonNull::new_unchecked(record.cast_mut()) })
    }

    /// A context without a host, for tests of a plugin: empty, to be filled with what the test gives. Only with the feature
    /// `testing`, which brings the runtime along: meant for dev-dependencies.
    #[cfg(feature = "testing")]
    pub fn for_tests() -> crate::testing::TestContext {
        crate::testing::TestContext::new()
    }

    fn record(&self) -> &ContextRecord {
        // SAFETY: counted by this value, and read-only.
        unsafe { self.0.as_ref() }
    }

    /// The name of this plugin.
    #[must_use]
    pub fn plugin(&self) -> &str {
        // SAFETY: the name lives as long as the record.
        unsafe { self.record().plugin.str() }
    }

    /// The version of the plugin that this one replaces; nothing on the first load.
    #[must_use]
    pub fn previous_version(&self) -> Option<&str> {
        let mut version = Slice::text("");
        // SAFETY: the table of a live record, with a place for a text.
        unsafe { ((*self.record().table).previous_version)(self.0.as_ptr(), &raw mut version) };
        // SAFETY: it lives as long as the record.
        let version = unsafe { version.str() };
        (!version.is_empty()).then_some(version)
    }

    /// The host's implementation of a host contract. The caller does not keep the runtime alive.
    ///
    /// # Errors
    /// [`Error::MissingHostContract`] when the host provides none, or its runtime is gone. `requires(dyn H)` in the
    /// plugin's attribute checks that before the plugin is constructed. [`Error::ProvidePanicked`] when the host makes a
    /// value for each plugin, and panicked over this one's.
    pub fn host<H: ?Sized + HostContract + SharedContract>(&self) -> Result<Caller<H>> {
        self.find(asked::HOST, 0)
            .map_err(|fault| not_provided(self.plugin(), name_of::<H>(), fault))
    }

    /// The first other plugin that offers a contract. Calls go straight to its functions; they are faults once it is
    /// unloaded.
    ///
    /// # Errors
    /// [`Error::MissingPeer`] when no other plugin offers it, or the runtime is gone. `requires(dyn P)` in the plugin's
    /// attribute checks that before the plugin is constructed; `wants(dyn P)` only loads such plugins first.
    pub fn peer<P: ?Sized + PluginContract + SharedContract>(&self) -> Result<Caller<P>> {
        self.find(asked::PEER, 0)
            .map_err(|reason| Error::MissingPeer {
                plugin: self.plugin().to_owned(),
                contract: name_of::<P>(),
                reason: reason.message().to_owned(),
            })
    }

    /// All other plugins that offer a contract, in load order.
    #[must_use]
    pub fn peers<P: ?Sized + PluginContract + SharedContract>(&self) -> Vec<Caller<P>> {
        (0..)
            .map_while(|number| self.find(asked::PEER, number).ok())
            .collect()
    }

    /// What the host configured this plugin with, with `Runtime::configure`. Each call reads it anew.
    ///
    /// A plugin that was not configured is read as `null`, then as an empty map: `Option<T>` becomes `None`, and a struct
    /// whose fields all have defaults has them.
    ///
    /// # Errors
    /// [`Error::ConfigInvalid`], which names the plugin and the key; [`Error::Fault`] when the runtime is gone.
    #[cfg(feature = "config")]
    pub fn config<T: serde::de::DeserializeOwned>(&self) -> Result<T> {
        let text = self.config_text()?;
        let read = |text: &str| {
            let mut reader = serde_json::Deserializer::from_str(text);
            serde_path_to_error::deserialize::<_, T>(&mut reader)
        };
        let given = text != "null";
        let read = match read(&text) {
            Err(_) if !given => read("{}"),
            read => read,
        };
        read.map_err(|error| {
            let key = error.path().to_string();
            // Where the text has it says nothing to who wrote no text.
            let reason = error.inner().to_string();
            let place = format!(
                " at line {} column {}",
                error.inner().line(),
                error.inner().column()
            );
            Error::ConfigInvalid {
                plugin: self.plugin().to_owned(),
                key: if key == "." { String::new() } else { key },
                given,
                reason: reason.strip_suffix(&place).unwrap_or(&reason).to_owned(),
            }
        })
    }

    /// What this plugin is configured with, as JSON text; `null` when with nothing. For loaders: a plugin in Rust reads its
    /// configuration with `config`.
    ///
    /// # Errors
    /// When the runtime is gone.
    #[cfg(any(feature = "config", feature = "loader"))]
    pub fn config_text(&self) -> Result<String, Fault> {
        use crate::data::{Arena, Data as _};

        let mut text = polyplug_abi::Buffer::EMPTY;
        // SAFETY: the table of a live record, with a place for a buffer.
        let fault = unsafe { ((*self.record().table).config)(self.0.as_ptr(), &raw mut text) };
        if !fault.is_null() {
            // SAFETY: a fault that is returned comes with one count.
            return Err(unsafe { Fault::from_raw(fault) });
        }
        // SAFETY: there is no fault, so it is an owned text of the core's; received once.
        Ok(unsafe { String::receive(text, &Arena::new()) })
    }

    fn find<C: ?Sized + SharedContract>(
        &self,
        who: u32,
        number: usize,
    ) -> Result<Caller<C>, Fault> {
        // SAFETY: this image's descriptor.
        let link = unsafe { self.find_link(who, C::DESCRIPTOR, number) }?;
        // SAFETY: H1: made for the descriptor that was given.
        Ok(unsafe { Caller::from_link(link) })
    }

    /// # Safety
    /// 1. `contract` is a descriptor of an image that is mapped.
    pub(crate) unsafe fn find_link(
        &self,
        who: u32,
        contract: *const ContractDescriptor,
        number: usize,
    ) -> Result<Link, Fault> {
        let mut link = MaybeUninit::<Link>::uninit();
        // SAFETY: the table of a live record, with a descriptor by clause 1 and a place for a link.
        let fault = unsafe {
            ((*self.record().table).find)(self.0.as_ptr(), who, contract, number, link.as_mut_ptr())
        };
        if !fault.is_null() {
            // SAFETY: a fault that is returned comes with one count.
            return Err(unsafe { Fault::from_raw(fault) });
        }
        // SAFETY: written, because there is no fault.
        Ok(unsafe { link.assume_init() })
    }
}

/// What became of the wish for a host contract.
pub(crate) fn not_provided(plugin: &str, contract: String, fault: Fault) -> Error {
    let plugin = plugin.to_owned();
    match fault.kind() {
        FaultKind::Panicked => Error::ProvidePanicked {
            plugin,
            contract,
            source: fault,
        },
        _ => Error::MissingHostContract {
            plugin,
            contract,
            reason: fault.message().to_owned(),
        },
    }
}

/// `demo.greeter 1.0`.
pub(crate) fn name_of<C: ?Sized + Contract>() -> String {
    let contract = C::DESCRIPTOR;
    // SAFETY: this image's descriptor: static text.
    let id = unsafe { contract.id.str() };
    format!("{id} {}.{}", contract.major, contract.minor)
}

impl Clone for Context {
    fn clone(&self) -> Self {
        // SAFETY: counted by this value.
        unsafe { Self::retain(self.0.as_ptr()) }
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        // SAFETY: gives up the count that this value owns.
        unsafe { ((*self.record().table).release)(self.0.as_ptr()) };
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Context({})", self.plugin())
    }
}
