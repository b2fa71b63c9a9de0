//! A module while it is there: its plugins, their states, the gate before them, and the links that lead to them.
//!
//! What is held: states that plugins made, and counts. Who may touch it: the runtime publishes and closes; handles
//! count; the reaper finishes.
//!
//! What is always true:
//!
//! * **L1** A state is destroyed once: by the reaper after the gate's last hold is gone, or by the link that owns it.
//! * **L2** A cell's memory lives while a link or the registry counts it; images stay mapped for the life of the process.
//! * **L3** `retire` is called only for a closed gate without holds, and acts once.

use core::fmt;
use core::ptr;
use core::sync::atomic::{AtomicPtr, AtomicU32, AtomicUsize, Ordering};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use polyplug_abi::{
    ContractDescriptor, Gate, InterfaceHeader, Link, LinkTable, PluginDescriptor, Receiver, Slice,
    link_flags,
};

use super::context::ContextCore;
use super::diff::{self, Side};
use super::info::{ContractInfo, PluginInfo};
use super::model::{Catalog, Copier};
use super::runtime::Runtime;
use super::{reaper, views};
use crate::data::Arena;
use crate::error::{Error, Result};
use crate::fault::{Fault, report_line};
use crate::handles::LinkCount;

/// How the state of a plugin goes away.
#[derive(Clone, Copy)]
pub(crate) enum Destroy {
    /// By the plugin's own function.
    ByPlugin(*const PluginDescriptor),
    /// By the host, which provided the value.
    ByHost(unsafe fn(*mut ())),
}

/// A module. The gate comes first: its address is the cell's.
#[repr(C)]
pub(crate) struct ModuleCell {
    gate: Gate,
    keeper: Mutex<Option<Arc<ModuleCell>>>,
    pub(crate) path: Option<PathBuf>,
    /// For messages: the file, or `this program`.
    pub(crate) source: String,
    pub(crate) catalog: Arc<Catalog>,
    /// Contracts that it describes, in the catalog.
    pub(crate) described: Vec<usize>,
    pub(crate) plugins: Vec<PluginCell>,
}

// SAFETY: states are only handed to interface functions, whose providers are `Send + Sync`; descriptors are read-only
// data of images that stay mapped; counts are atomic.
unsafe impl Send for ModuleCell {}
// SAFETY: as above.
unsafe impl Sync for ModuleCell {}

/// A plugin of a module.
pub(crate) struct PluginCell {
    pub(crate) info: PluginInfo,
    pub(crate) name: Arc<str>,
    state: AtomicPtr<()>,
    destroy: Destroy,
    pub(crate) context: Option<Arc<ContextCore>>,
    pub(crate) offers: Vec<OfferCell>,
}

/// One plugin's offer of one contract.
pub(crate) struct OfferCell {
    /// In the module's catalog.
    pub(crate) contract: usize,
    interface: *const InterfaceHeader,
    /// Methods left to their default bodies.
    pub(crate) defaulted: Vec<String>,
    /// What was resolved before: the descriptor that asked, and the interface it got, as addresses. A few at most:
    /// one for each image that asks.
    resolved: RwLock<Vec<(usize, usize)>>,
}

impl OfferCell {
    pub(crate) fn new(
        contract: usize,
        interface: *const InterfaceHeader,
        defaulted: Vec<String>,
    ) -> Self {
        Self {
            contract,
            interface,
            defaulted,
            resolved: RwLock::default(),
        }
    }
}

impl PluginCell {
    pub(crate) fn new(
        info: PluginInfo,
        state: *mut (),
        destroy: Destroy,
        context: Option<Arc<ContextCore>>,
        offers: Vec<OfferCell>,
    ) -> Self {
        let name = Arc::from(info.name.as_str());
        Self {
            info,
            name,
            state: AtomicPtr::new(state),
            destroy,
            context,
            offers,
        }
    }
}

impl ModuleCell {
    pub(crate) fn new(
        path: Option<PathBuf>,
        source: String,
        catalog: Arc<Catalog>,
        described: Vec<usize>,
        plugins: Vec<PluginCell>,
    ) -> Arc<Self> {
        let gate = Gate {
            holds: AtomicUsize::new(1),
            closed: AtomicU32::new(0),
            retired: AtomicU32::new(0),
        };
        Arc::new(Self {
            gate,
            keeper: Mutex::new(None),
            path,
            source,
            catalog,
            described,
            plugins,
        })
    }

    /// From now on every call is a fault. Waits for nothing; what is held is finished later, on the reaper.
    pub(crate) fn close(self: &Arc<Self>) {
        *self.keeper.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(self));
        self.gate.closed.store(1, Ordering::SeqCst);
        if self.gate.holds.fetch_sub(1, Ordering::SeqCst) == 1 {
            retire_cell(self);
        }
    }

    /// Destroys the states, last made first. Only on the reaper.
    pub(crate) fn finish(&self) {
        for plugin in self.plugins.iter().rev() {
            // L1: taken, so that nobody destroys it again.
            let state = plugin.state.swap(ptr::null_mut(), Ordering::SeqCst);
            if !state.is_null() {
                // SAFETY: L1.
                unsafe { destroy(plugin.destroy, state, &plugin.name) };
            }
        }
    }

    /// A counted way to an offer, for the image that `wanted` belongs to.
    ///
    /// # Safety
    /// 1. `wanted` is a well-formed descriptor of an image that stays mapped.
    pub(crate) unsafe fn link(
        self: &Arc<Self>,
        plugin: usize,
        offer: usize,
        wanted: &'static ContractDescriptor,
        runtime: Option<Runtime>,
    ) -> Result<LinkCount> {
        // SAFETY: clause 1.
        let interface = unsafe { self.resolve(plugin, offer, wanted) }?;
        let state = self.plugins[plugin].state.load(Ordering::SeqCst);
        Ok(LinkCore::count(self, plugin, interface, state, 0, runtime))
    }

    /// The same, to a state that the link shall own.
    ///
    /// # Safety
    /// 1. As for [`ModuleCell::link`].
    pub(crate) unsafe fn create(
        self: &Arc<Self>,
        plugin: usize,
        offer: usize,
        wanted: &'static ContractDescriptor,
        runtime: Runtime,
    ) -> Result<LinkCount> {
        // SAFETY: clause 1.
        let interface = unsafe { self.resolve(plugin, offer, wanted) }?;
        let cell = &self.plugins[plugin];
        let (Destroy::ByPlugin(descriptor), Some(context)) = (cell.destroy, &cell.context) else {
            let contract =
                ContractInfo::new(&self.catalog, cell.offers[offer].contract).to_string();
            return Err(Error::NotConstructible {
                plugin: cell.name.to_string(),
                contract,
            });
        };
        // SAFETY: a descriptor that was read at load, of an image that stays mapped.
        let state = unsafe { construct(descriptor, context, &cell.name) }?;
        // The instance holds the gate as long as its link lives.
        self.gate.holds.fetch_add(1, Ordering::SeqCst);
        Ok(LinkCore::count(
            self,
            plugin,
            interface,
            state,
            link_flags::OWNS_STATE,
            Some(runtime),
        ))
    }

    /// The offer's functions for the image that `wanted` belongs to; checked the first time.
    ///
    /// # Safety
    /// 1. As for [`ModuleCell::link`].
    unsafe fn resolve(
        &self,
        plugin: usize,
        offer: usize,
        wanted: &'static ContractDescriptor,
    ) -> Result<*const InterfaceHeader> {
        let resolved = &self.plugins[plugin].offers[offer].resolved;
        let asked = ptr::from_ref(wanted).addr();
        let before = resolved.read().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, interface)) = before.iter().find(|(known, _)| *known == asked) {
            return Ok(ptr::with_exposed_provenance(*interface));
        }
        drop(before);
        // SAFETY: clause 1.
        let interface = unsafe { self.check(plugin, offer, wanted) }?;
        let mut resolved = resolved.write().unwrap_or_else(PoisonError::into_inner);
        if !resolved.iter().any(|(known, _)| *known == asked) {
            resolved.push((asked, interface.expose_provenance()));
        }
        Ok(interface)
    }

    /// # Safety
    /// 1. As for [`ModuleCell::link`].
    unsafe fn check(
        &self,
        plugin: usize,
        offer: usize,
        wanted: &'static ContractDescriptor,
    ) -> Result<*const InterfaceHeader> {
        let cell = &self.plugins[plugin];
        let offer = &cell.offers[offer];
        // SAFETY: the offer's interface was checked at load.
        let provided = unsafe { (*offer.interface).contract };
        let mismatch = |differences: Vec<String>| Error::ContractMismatch {
            plugin: cell.name.to_string(),
            path: PathBuf::from(&self.source),
            contract: ContractInfo::new(&self.catalog, offer.contract).to_string(),
            differences,
        };
        if !ptr::eq(provided, wanted) {
            let mut copier = Copier::default();
            // SAFETY: clause 1.
            let index = unsafe { copier.contract(wanted) }
                .map_err(|malformed| mismatch(vec![malformed]))?;
            let catalog = copier.finish();
            let differences = diff::differences(
                Side {
                    catalog: &self.catalog,
                    contract: offer.contract,
                    name: "the provider",
                },
                Side {
                    catalog: &catalog,
                    contract: index,
                    name: "the caller",
                },
            );
            if !differences.is_empty() {
                return Err(mismatch(differences));
            }
        }
        // SAFETY: clause 1, and the offer's interface was checked at load.
        unsafe { views::view(offer.interface, wanted) }.map_err(|missing| {
            mismatch(
                missing
                    .into_iter()
                    .map(|name| format!("method `{name}` is missing"))
                    .collect(),
            )
        })
    }
}

impl fmt::Debug for ModuleCell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ModuleCell({})", self.source)
    }
}

/// Makes a state.
///
/// # Safety
/// 1. `descriptor` was checked, and its image is mapped.
pub(crate) unsafe fn construct(
    descriptor: *const PluginDescriptor,
    context: &Arc<ContextCore>,
    plugin: &str,
) -> Result<*mut ()> {
    let mut receiver = Receiver::new(ptr::null_mut());
    let mut error = polyplug_abi::Buffer::EMPTY;
    // SAFETY: clause 1; a fresh receiver, a live context, a place for an error.
    let state =
        unsafe { ((*descriptor).construct)(&raw mut receiver, context.record(), &raw mut error) };
    if !receiver.fault.is_null() {
        // SAFETY: a fault that is stored comes with one count.
        let source = unsafe { Fault::from_raw(receiver.fault) }.called(plugin, "", "");
        return Err(Error::ConstructorPanicked {
            plugin: plugin.to_owned(),
            source,
        });
    }
    if !state.is_null() {
        return Ok(state);
    }
    // SAFETY: an owned wire form that the constructor wrote, or the empty one.
    let checked = unsafe {
        crate::check::owned(
            <Vec<String> as crate::Data>::TYPE,
            (&raw const error).cast(),
        )
    };
    let chain = match checked {
        // SAFETY: checked a line above, received once.
        Ok(()) => unsafe { <Vec<String> as crate::Data>::receive(error, &Arena::new()) },
        Err(invalid) => vec![invalid.to_string()],
    };
    let source = chain.into_iter().rev().fold(None, |source, message| {
        Some(Box::new(Level { message, source }))
    });
    let source = source.unwrap_or_else(|| {
        Box::new(Level {
            message: "no reason was given".to_owned(),
            source: None,
        })
    });
    Err(Error::ConstructorFailed {
        plugin: plugin.to_owned(),
        source,
    })
}

/// One level of an error that crossed.
#[derive(Debug)]
struct Level {
    message: String,
    source: Option<Box<Level>>,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Level {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|level| level as _)
    }
}

/// # Safety
/// 1. L1, and `state` belongs to `how`.
unsafe fn destroy(how: Destroy, state: *mut (), plugin: &str) {
    match how {
        Destroy::ByPlugin(descriptor) => {
            let mut receiver = Receiver::new(state);
            // SAFETY: clause 1; the image is mapped (L2).
            unsafe { ((*descriptor).destroy)(&raw mut receiver) };
            if !receiver.fault.is_null() {
                // SAFETY: a fault that is stored comes with one count.
                let fault = unsafe { Fault::from_raw(receiver.fault) }.called(plugin, "", "");
                report_line(&format!("polyplug: a destructor panicked in {fault}"));
            }
        }
        Destroy::ByHost(function) => {
            // SAFETY: clause 1.
            if let Err(fault) = crate::panics::contain(|| unsafe { function(state) }) {
                report_line(&format!(
                    "polyplug: a destructor panicked in what {plugin} provides: {fault}"
                ));
            }
        }
    }
}

/// A link and what it keeps alive. The link comes first: its address is the core's.
#[repr(C)]
struct LinkCore {
    link: Link,
    cell: Arc<ModuleCell>,
    plugin: usize,
    // The name that the link points to.
    name: Arc<str>,
    // Last: the runtime may go with it.
    _runtime: Option<Runtime>,
}

// SAFETY: the link is read-only data and addresses; whoever calls through it keeps the rules of handles (H1, H2).
unsafe impl Send for LinkCore {}
// SAFETY: as above.
unsafe impl Sync for LinkCore {}

static LINKS: LinkTable = LinkTable {
    size: size_of::<LinkTable>() as u32,
    flags: 0,
    retain: link_retain,
    release: link_release,
    retire,
};

impl LinkCore {
    fn count(
        cell: &Arc<ModuleCell>,
        plugin: usize,
        interface: *const InterfaceHeader,
        state: *mut (),
        flags: u32,
        runtime: Option<Runtime>,
    ) -> LinkCount {
        let name = Arc::clone(&cell.plugins[plugin].name);
        let link = Link {
            size: size_of::<Link>() as u32,
            flags,
            table: &raw const LINKS,
            gate: &raw const cell.gate,
            interface,
            state,
            plugin: Slice::text(&name),
        };
        let core = Arc::new(Self {
            link,
            cell: Arc::clone(cell),
            plugin,
            name,
            _runtime: runtime,
        });
        // SAFETY: a live link, whose one count is handed over.
        unsafe { LinkCount::from_raw(Arc::into_raw(core).cast()) }
    }
}

impl Drop for LinkCore {
    fn drop(&mut self) {
        if self.link.flags & link_flags::OWNS_STATE != 0 {
            let plugin = &self.cell.plugins[self.plugin];
            // SAFETY: L1: the link owns the state, and this is its end.
            unsafe { destroy(plugin.destroy, self.link.state, &self.name) };
            if self.cell.gate.holds.fetch_sub(1, Ordering::SeqCst) == 1 {
                retire_cell(&self.cell);
            }
        }
    }
}

/// # Safety
/// 1. `link` is a live link of this core.
unsafe extern "C" fn link_retain(link: *const Link) {
    // SAFETY: clause 1: the first field of a `LinkCore` in an `Arc`.
    unsafe { Arc::increment_strong_count(link.cast::<LinkCore>()) };
}

/// # Safety
/// 1. `link` is a live link of this core, and one count is given up.
unsafe extern "C" fn link_release(link: *const Link) {
    // SAFETY: clause 1.
    unsafe { Arc::decrement_strong_count(link.cast::<LinkCore>()) };
}

/// # Safety
/// 1. `gate` is that of a live cell.
/// 2. L3.
unsafe extern "C" fn retire(gate: *const Gate) {
    // SAFETY: clause 1: the first field of a `ModuleCell`.
    retire_cell(unsafe { &*gate.cast::<ModuleCell>() });
}

fn retire_cell(cell: &ModuleCell) {
    if cell.gate.retired.swap(1, Ordering::SeqCst) != 0 {
        return;
    }
    let keeper = cell
        .keeper
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .take();
    if let Some(cell) = keeper {
        reaper::send(cell);
    }
}

const _: () = {
    assert!(core::mem::offset_of!(ModuleCell, gate) == 0);
    assert!(core::mem::offset_of!(LinkCore, link) == 0);
};
