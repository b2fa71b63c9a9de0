//! The core's side of a plugin's [`Context`](crate::Context).
//!
//! What is always true:
//!
//! * **X1** A context never keeps its runtime alive. After the runtime is gone everything asked of it is a fault.

use core::fmt;
use core::ptr;
use std::sync::{Arc, Weak};

use polyplug_abi::{
    Buffer, ContextRecord, ContextTable, ContractDescriptor, FaultRecord, Link, Slice, fault_kind,
};

use super::cell::CellCore;
use super::each::Asker;
use super::runtime::RuntimeInner;
use crate::fault::Fault;

/// A context and what it knows. The record comes first: its address is the core's.
#[repr(C)]
pub(crate) struct ContextCore {
    record: ContextRecord,
    runtime: Weak<RuntimeInner>,
    // The name that the record points to.
    name: Arc<str>,
    previous_version: String,
    /// The module that the plugin is of.
    cell: &'static CellCore,
    stamp: u64,
    /// What it is configured with unless the host says otherwise, as JSON text.
    config: Option<String>,
}

// SAFETY: read-only but for its counts, which are atomic.
unsafe impl Send for ContextCore {}
// SAFETY: as above.
unsafe impl Sync for ContextCore {}

static CONTEXTS: ContextTable = ContextTable {
    size: size_of::<ContextTable>() as u32,
    flags: 0,
    retain: context_retain,
    release: context_release,
    find: context_find,
    config: context_config,
    previous_version: context_previous_version,
};

impl ContextCore {
    pub(crate) fn new(
        runtime: &Arc<RuntimeInner>,
        name: &str,
        previous_version: &str,
        (cell, stamp): (&'static CellCore, u64),
        config: Option<&str>,
    ) -> Arc<Self> {
        let name: Arc<str> = Arc::from(name);
        let record = ContextRecord {
            size: size_of::<ContextRecord>() as u32,
            flags: 0,
            table: &raw const CONTEXTS,
            plugin: Slice::text(&name),
        };
        Arc::new(Self {
            record,
            runtime: Arc::downgrade(runtime),
            name,
            previous_version: previous_version.to_owned(),
            cell,
            stamp,
            config: config.map(str::to_owned),
        })
    }

    /// As the plugin gets it.
    #[cfg(any(test, feature = "testing"))]
    pub(crate) fn context(self: &Arc<Self>) -> crate::Context {
        // SAFETY: a live context.
        unsafe { crate::Context::retain(self.record()) }
    }

    fn asker(&self) -> Asker<'_> {
        Asker {
            plugin: &self.name,
            cell: self.cell,
            stamp: self.stamp,
        }
    }

    /// As plugins see it. The address is that of the whole core.
    pub(crate) fn record(self: &Arc<Self>) -> *const ContextRecord {
        Arc::as_ptr(self).cast()
    }
}

impl fmt::Debug for ContextCore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ContextCore({})", self.name)
    }
}

/// # Safety
/// 1. `context` is a live context of this core.
unsafe extern "C" fn context_retain(context: *const ContextRecord) {
    // SAFETY: clause 1: the first field of a `ContextCore` in an `Arc`.
    unsafe { Arc::increment_strong_count(context.cast::<ContextCore>()) };
}

/// # Safety
/// 1. `context` is a live context of this core, and one count is given up.
unsafe extern "C" fn context_release(context: *const ContextRecord) {
    // SAFETY: clause 1.
    unsafe { Arc::decrement_strong_count(context.cast::<ContextCore>()) };
}

impl ContextCore {
    /// The runtime, unless it is gone.
    fn runtime(&self) -> Result<Arc<RuntimeInner>, Fault> {
        let runtime = self.runtime.upgrade();
        runtime
            .filter(|runtime| !runtime.is_closed())
            .ok_or_else(|| Fault::of_kind(fault_kind::UNLOADED, "its runtime is gone"))
    }
}

/// See [`ContextTable::find`].
///
/// # Safety
/// 1. `context` is a live context of this core.
/// 2. `contract` is a descriptor of an image that is mapped.
/// 3. `link` is a place for a link.
unsafe extern "C" fn context_find(
    context: *const ContextRecord,
    asked: u32,
    contract: *const ContractDescriptor,
    number: usize,
    link: *mut Link,
) -> *mut FaultRecord {
    let found = crate::panics::contain(|| {
        // SAFETY: clause 1.
        let core = unsafe { &*context.cast::<ContextCore>() };
        // SAFETY: clause 2.
        unsafe {
            core.runtime()?
                .link_for(core.asker(), asked, contract, number)
        }
    });
    match found.and_then(|found| found) {
        Ok(found) => {
            // SAFETY: clause 3.
            unsafe { link.write(found) };
            ptr::null_mut()
        }
        Err(reason) => reason.into_raw(),
    }
}

/// See [`ContextTable::config`].
///
/// # Safety
/// 1. `context` is a live context of this core.
/// 2. `out` is a place for a buffer.
unsafe extern "C" fn context_config(
    context: *const ContextRecord,
    out: *mut Buffer,
) -> *mut FaultRecord {
    let text = crate::panics::contain(|| {
        use crate::Data as _;
        // SAFETY: clause 1.
        let core = unsafe { &*context.cast::<ContextCore>() };
        let config = core.runtime()?.config(&core.name);
        let config = config.or_else(|| core.config.clone());
        Ok(config.unwrap_or_else(|| "null".to_owned()).give())
    });
    match text.and_then(|text| text) {
        Ok(text) => {
            // SAFETY: clause 2.
            unsafe { out.write(text) };
            ptr::null_mut()
        }
        Err(fault) => fault.into_raw(),
    }
}

/// See [`ContextTable::previous_version`].
///
/// # Safety
/// 1. `context` is a live context of this core.
/// 2. `version` is a place for a text.
unsafe extern "C" fn context_previous_version(context: *const ContextRecord, version: *mut Slice) {
    // SAFETY: clause 1.
    let core = unsafe { &*context.cast::<ContextCore>() };
    // SAFETY: clause 2.
    unsafe { version.write(Slice::text(&core.previous_version)) };
}

const _: () = assert!(core::mem::offset_of!(ContextCore, record) == 0);

#[cfg(test)]
mod tests {
    use crate::{Caller, Runtime};

    /// What the host offers.
    #[crate::host_contract(id = "test.offer", version = "1.0", crate = crate)]
    trait Offer {
        /// An answer.
        fn answer(&self) -> u32;
    }

    struct Value;

    impl Offer for Value {
        fn answer(&self) -> u32 {
            7
        }
    }

    #[test]
    fn a07_a_context_does_not_keep_its_runtime_alive() {
        let runtime = Runtime::new();
        runtime.provide::<dyn Offer>(Value).expect("provided");
        let core = runtime.context_for_tests("plugin");
        let context = core.context();
        let offer: Caller<dyn Offer> = context.host().expect("provided");
        assert_eq!(offer.answer(), 7);
        let pinned = Caller::pin(&offer).expect("pinned");
        drop(runtime);
        let fault = crate::catch(|| offer.answer()).expect_err("its runtime is gone");
        assert_eq!(fault.kind(), crate::FaultKind::Unloaded);
        assert_eq!(
            fault.to_string(),
            "host, test.offer.answer: the plugin is no longer loaded"
        );
        assert_eq!(Caller::pin(&offer).expect_err("gone").code(), "unloaded");
        // What was held stays until it is let go.
        assert_eq!(pinned.answer(), 7);
        let error = context.host::<dyn Offer>().expect_err("gone");
        assert_eq!(
            error.to_string(),
            "plugin `plugin` needs the host contract `test.offer 1.0`: its runtime is gone; call `runtime.provide` with an implementation before loading it"
        );
    }
}
