//! What a plugin holds of the runtime that made it.

use core::fmt;
use core::ptr::{self, NonNull};

use polyplug_abi::ContextRecord;

use crate::contract::{Contract, HostContract, SharedContract};
use crate::error::{Error, Result};
use crate::fault::Fault;
use crate::handles::{Caller, LinkCount};

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

    /// The host's implementation of a host contract.
    ///
    /// # Errors
    /// [`Error::MissingHostContract`] when the host provides none, or its runtime is gone. `requires(dyn H)` in the
    /// plugin's attribute checks that before the plugin is constructed.
    pub fn host<H: ?Sized + HostContract + SharedContract>(&self) -> Result<Caller<H>> {
        let mut fault = ptr::null_mut();
        // SAFETY: the table of a live record, with this image's descriptor and a place for a fault.
        let link = unsafe {
            ((*self.record().table).host)(self.0.as_ptr(), H::DESCRIPTOR, &raw mut fault)
        };
        if link.is_null() {
            let reason = if fault.is_null() {
                "the runtime gave no reason".to_owned()
            } else {
                // SAFETY: a fault that is set comes with one count.
                unsafe { Fault::from_raw(fault) }.message().to_owned()
            };
            return Err(Error::MissingHostContract {
                plugin: self.plugin().to_owned(),
                contract: name_of::<H>(),
                reason,
            });
        }
        // SAFETY: a link that is returned comes with one count.
        let link = unsafe { LinkCount::from_raw(link) };
        // SAFETY: H1: the core put the interface into the order of the descriptor it was given.
        Ok(unsafe { Caller::from_link(link) })
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
