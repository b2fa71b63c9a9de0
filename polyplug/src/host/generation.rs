//! A loaded version of a module: its plugins, their states, the ways to them, and who holds it.
//!
//! What is held: states that plugins made, and counts. Who may touch it: calls that entered it, handles that hold it, the
//! reaper at the end.
//!
//! What is always true:
//!
//! * **G1** A state is destroyed once: the shared ones by [`GenerationCore::finish`], on the reaper, an instance's by its
//!   last hold.
//! * **G2** Ways are only added. An array that was outgrown lives as long as the generation.
//! * **G3** The functions and descriptors that a generation points to are mapped while the generation is not finished, or
//!   an instance or object holds the image.
//! * **G4** `pins` rises only while somebody is inside the generation, or has it pinned.

use core::fmt;
use core::ptr;
use core::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicUsize, Ordering};
use core::time::Duration;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Instant;

use polyplug_abi::{ContractDescriptor, Generation, InterfaceHeader, PluginDescriptor, Way};

use super::cell::{CellCore, Seat, Shape};
use super::context::ContextCore;
use super::diff::{self, Side};
use super::info::{ContractInfo, PluginInfo};
use super::mapped::Mapped;
use super::model::Catalog;
use super::state::{self, Destroy};
use super::views::{self, View};
use super::{describers, each};
use crate::error::{Error, Result};

/// A generation. The shared part comes first.
#[repr(C)]
pub(crate) struct GenerationCore {
    shared: Generation,
    pub(crate) cell: &'static CellCore,
    /// 1 for the first that was loaded.
    pub(crate) number: u64,
    /// For messages: the file, or `this program`.
    pub(crate) source: String,
    pub(crate) catalog: Arc<Catalog>,
    /// Contracts that it describes, in the catalog.
    pub(crate) described: Vec<usize>,
    /// Where the contracts of the catalog lie (G3); none for what the host provides.
    pub(crate) origins: Vec<*const ContractDescriptor>,
    pub(crate) plugins: Vec<PluginCell>,
    pub(crate) mapped: Option<Arc<Mapped>>,
    ways: Mutex<Ways>,
    pins: AtomicUsize,
    /// No other generation of the module follows: the cell is free when nobody is in this one.
    last: AtomicBool,
    pub(crate) progress: Progress,
}

// SAFETY: states are only handed to interface functions, whose providers are `Send + Sync`; descriptors are read-only
// data of images that are mapped (G3); counts are atomic.
unsafe impl Send for GenerationCore {}
// SAFETY: as above.
unsafe impl Sync for GenerationCore {}

/// A plugin of a generation.
pub(crate) struct PluginCell {
    pub(crate) info: PluginInfo,
    pub(crate) name: &'static str,
    state: AtomicPtr<()>,
    pub(crate) destroy: Destroy,
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
    /// Instances that live.
    pub(crate) instances: AtomicUsize,
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
            instances: AtomicUsize::new(0),
        }
    }
}

impl PluginCell {
    pub(crate) fn new(
        info: PluginInfo,
        name: &'static str,
        state: *mut (),
        destroy: Destroy,
        context: Option<Arc<ContextCore>>,
        offers: Vec<OfferCell>,
    ) -> Self {
        Self {
            info,
            name,
            state: AtomicPtr::new(state),
            destroy,
            context,
            offers,
        }
    }

    /// What its functions work on; null for a plugin that is not shared.
    pub(crate) fn state(&self) -> *mut () {
        self.state.load(Ordering::SeqCst)
    }

    /// The description that its image registered; nothing for a value of the host.
    pub(crate) fn descriptor(&self) -> Option<&PluginDescriptor> {
        match self.destroy {
            // SAFETY: G3: read at load, of an image that is mapped.
            Destroy::Plugin(descriptor) => Some(unsafe { &*descriptor }),
            Destroy::Host(_) | Destroy::Foreign(_) => None,
        }
    }
}

/// The arrays of ways (G2).
struct Ways {
    arrays: Vec<(*mut Way, usize)>,
    len: usize,
    /// Why a way leads nowhere.
    refusals: Vec<Option<Error>>,
    views: Vec<Box<[usize]>>,
}

/// How far the end of a generation has come, for those who wait for it.
#[derive(Default)]
pub(crate) struct Progress {
    stage: AtomicU32,
    changes: Mutex<()>,
    changed: Condvar,
}

/// How far the end of a generation has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage {
    /// Callers reach it.
    Live,
    /// Calls and pins are waited for.
    Draining,
    /// Its states are gone; something still holds the image.
    Finished,
    /// Its states are gone, and the image never goes.
    Stays,
    /// The library is unmapped, and that was seen.
    Unmapped,
}

impl Stage {
    const ALL: [Self; 5] = [
        Self::Live,
        Self::Draining,
        Self::Finished,
        Self::Stays,
        Self::Unmapped,
    ];
}

impl Progress {
    pub(crate) fn stage(&self) -> Stage {
        Stage::ALL[self.stage.load(Ordering::SeqCst) as usize]
    }

    pub(crate) fn reach(&self, stage: Stage) {
        self.stage.store(stage as u32, Ordering::SeqCst);
        drop(self.changes.lock().unwrap_or_else(PoisonError::into_inner));
        self.changed.notify_all();
    }

    /// Waits until `enough` says so, or until the time is over; returns the stage. Asks again now and then: what `enough` looks
    /// at may change without a change of the stage.
    pub(crate) fn wait(&self, until: Instant, mut enough: impl FnMut(Stage) -> bool) -> Stage {
        loop {
            let stage = self.stage();
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() || enough(stage) {
                return stage;
            }
            let changes = self.changes.lock().unwrap_or_else(PoisonError::into_inner);
            if self.stage() == stage {
                let left = left.min(Duration::from_millis(5));
                drop(self.changed.wait_timeout(changes, left));
            }
        }
    }
}

/// What a generation is made of.
pub(crate) struct Parts {
    pub(crate) source: String,
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) described: Vec<usize>,
    pub(crate) origins: Vec<*const ContractDescriptor>,
    pub(crate) plugins: Vec<PluginCell>,
    pub(crate) mapped: Option<Arc<Mapped>>,
}

impl GenerationCore {
    pub(crate) fn new(cell: &'static CellCore, stamp: u64, number: u64, parts: Parts) -> Arc<Self> {
        let made = Arc::new(Self {
            shared: Generation {
                stamp,
                ways: AtomicPtr::new(ptr::null_mut()),
            },
            cell,
            number,
            source: parts.source,
            catalog: parts.catalog,
            described: parts.described,
            origins: parts.origins,
            plugins: parts.plugins,
            mapped: parts.mapped,
            ways: Mutex::new(Ways {
                arrays: Vec::new(),
                len: 0,
                refusals: Vec::new(),
                views: Vec::new(),
            }),
            pins: AtomicUsize::new(0),
            last: AtomicBool::new(false),
            progress: Progress::default(),
        });
        describers::add(&made);
        made
    }

    /// As readers find it. The address is that of the whole.
    pub(crate) fn head(&self) -> *const Generation {
        ptr::from_ref(self).cast()
    }

    /// # Safety
    /// 1. `head` was found in a cell of this core, is no gate, and is held by an entry of this thread.
    pub(crate) unsafe fn entered(head: *const Generation) -> Arc<Self> {
        let core = head.cast::<Self>();
        // SAFETY: clause 1: the first field of a `GenerationCore` in an `Arc`, whose counts are not given up before the
        // entry is left.
        unsafe {
            Arc::increment_strong_count(core);
            Arc::from_raw(core)
        }
    }

    pub(crate) fn stamp(&self) -> u64 {
        self.shared.stamp
    }

    pub(crate) fn plugin(&self, name: &str) -> Option<&PluginCell> {
        self.plugins.iter().find(|plugin| plugin.name == name)
    }

    /// Where a plugin offers a contract.
    pub(crate) fn offer(&self, plugin: &str, id: &str, major: u32) -> Option<(usize, usize)> {
        let at = self.plugins.iter().position(|cell| cell.name == plugin)?;
        let offers = &self.plugins[at].offers;
        let offer = offers.iter().position(|offer| {
            let contract = &self.catalog.contracts[offer.contract];
            contract.id == id && contract.major == major
        })?;
        Some((at, offer))
    }

    pub(crate) fn contract_info(&self, contract: usize) -> ContractInfo {
        ContractInfo::new(&self.catalog, contract)
    }

    fn found(&self, plugin: &str, shape: &Shape) -> Result<(usize, usize)> {
        self.offer(plugin, shape.id(), shape.major())
            .ok_or_else(|| Error::NoPlugin {
                name: plugin.to_owned(),
                contract: ContractInfo::new(&shape.catalog, shape.contract).to_string(),
                available: Vec::new(),
                similar: None,
            })
    }

    /// The functions of an offer, in the shape of the image that asks.
    fn arranged(&self, plugin: &str, shape: &Shape) -> Result<(usize, usize, View)> {
        let (at, offer) = self.found(plugin, shape)?;
        let cell = &self.plugins[at].offers[offer];
        let mismatch = |differences: Vec<String>| Error::ContractMismatch {
            plugin: plugin.to_owned(),
            path: PathBuf::from(self.source.trim_matches('`')),
            contract: self.contract_info(cell.contract).to_string(),
            differences,
        };
        let differences = diff::differences(
            Side {
                catalog: &self.catalog,
                contract: cell.contract,
                name: "the provider",
            },
            Side {
                catalog: &shape.catalog,
                contract: shape.contract,
                name: "the caller",
            },
        );
        if !differences.is_empty() {
            return Err(mismatch(differences));
        }
        // SAFETY: G3: the interface was checked at load.
        let view = unsafe { views::arrange(cell.interface, &shape.wanted) };
        let view = view.map_err(|missing| {
            let line = |name: String| format!("method `{name}` is missing");
            mismatch(missing.into_iter().map(line).collect())
        })?;
        Ok((at, offer, view))
    }

    /// Whether a seat can have a way here.
    pub(crate) fn check(&self, seat: &Seat) -> Result<()> {
        self.arranged(seat.plugin, &seat.shape).map(|_| ())
    }

    pub(crate) fn way_count(&self) -> usize {
        self.lock().len
    }

    /// Why a way leads nowhere, if it does.
    pub(crate) fn refusal(&self, index: usize) -> Option<Error> {
        let ways = self.lock();
        let refusal = ways.refusals.get(index)?.as_ref()?;
        Some(Error::ContractMismatch {
            plugin: String::new(),
            path: PathBuf::from(self.source.trim_matches('`')),
            contract: String::new(),
            differences: vec![refusal.to_string()],
        })
    }

    /// In words, for a call.
    pub(crate) fn refusal_text(&self, index: usize) -> Option<String> {
        let ways = self.lock();
        Some(ways.refusals.get(index)?.as_ref()?.to_string())
    }

    /// The way of a seat that is next in number. One that leads nowhere is added as well, with the reason.
    pub(crate) fn add_way(&self, seat: &Seat) -> Result<(), String> {
        let arranged = self.arranged(seat.plugin, &seat.shape);
        let mut ways = self.lock();
        let (way, refusal) = match arranged {
            Ok((plugin, offer, view)) => {
                let cell = &self.plugins[plugin];
                let interface = match view {
                    View::AsItIs => cell.offers[offer].interface,
                    View::Made(words) => {
                        ways.views.push(words);
                        ways.views[ways.views.len() - 1].as_ptr().cast()
                    }
                };
                let way = Way {
                    interface,
                    state: cell.state(),
                    hold: 0,
                };
                (way, None)
            }
            Err(error) => {
                let way = Way {
                    interface: ptr::null(),
                    state: ptr::null_mut(),
                    hold: 0,
                };
                (way, Some(error))
            }
        };
        let said = refusal.as_ref().map(ToString::to_string);
        ways.refusals.push(refusal);
        let grown = ways.add(way);
        // Release: pairs with the load in `enter`. Who has the index got it after this.
        self.shared.ways.store(grown, Ordering::Release);
        said.map_or(Ok(()), Err)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Ways> {
        self.ways.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The way of a seat, for this thread that is inside.
    pub(crate) fn way(&self, index: usize) -> Option<Way> {
        let ways = self.lock();
        let (array, _) = *ways.arrays.last()?;
        if index >= ways.len {
            return None;
        }
        // SAFETY: written, because below the length.
        let way = unsafe { *array.add(index) };
        (!way.interface.is_null()).then_some(way)
    }

    /// Functions for one object of a plugin, which keep what they are made of.
    pub(crate) fn functions(&self, plugin: &str, shape: &Shape) -> Result<Functions> {
        let (plugin, offer, view) = self.arranged(plugin, shape)?;
        let (interface, made) = match view {
            View::AsItIs => (self.plugins[plugin].offers[offer].interface, None),
            View::Made(words) => (words.as_ptr().cast(), Some(words)),
        };
        Ok(Functions {
            plugin,
            offer,
            interface,
            _made: made,
        })
    }

    /// No other generation of the module follows.
    pub(crate) fn is_last(&self) {
        self.last.store(true, Ordering::SeqCst);
    }

    /// One more that holds the shared states. G4: only by somebody who is inside.
    pub(crate) fn pin(&self) {
        self.pins.fetch_add(1, Ordering::SeqCst);
    }

    /// One less.
    pub(crate) fn unpin(&self) {
        if self.pins.fetch_sub(1, Ordering::SeqCst) == 1 && self.progress.stage() != Stage::Live {
            super::reaper::wake();
        }
    }

    pub(crate) fn pins(&self) -> usize {
        self.pins.load(Ordering::SeqCst)
    }

    /// How many instances of each contract live, of those that have any.
    pub(crate) fn instances(&self) -> Vec<(ContractInfo, usize)> {
        let offers = self.plugins.iter().flat_map(|plugin| &plugin.offers);
        offers
            .filter_map(|offer| match offer.instances.load(Ordering::SeqCst) {
                0 => None,
                count => Some((self.contract_info(offer.contract), count)),
            })
            .collect()
    }

    /// Destroys the shared states, last made first. Only on the reaper, when nobody is inside and nothing is pinned.
    pub(crate) fn finish(&self) {
        for plugin in self.plugins.iter().rev() {
            // G1: taken, so that nobody destroys it again.
            let state = plugin.state.swap(ptr::null_mut(), Ordering::SeqCst);
            if !state.is_null() {
                // SAFETY: G1, G3.
                unsafe { state::destroy(plugin.destroy, state, plugin.name) };
            }
        }
        if self.last.load(Ordering::SeqCst) {
            self.cell.vacate();
            each::module_ended(self.stamp());
        }
    }
}

/// What is needed to call an object of a plugin.
pub(crate) struct Functions {
    pub(crate) plugin: usize,
    pub(crate) offer: usize,
    pub(crate) interface: *const InterfaceHeader,
    _made: Option<Box<[usize]>>,
}

impl Ways {
    /// Adds one, and says where the array lies now.
    fn add(&mut self, way: Way) -> *mut Way {
        let (array, room) = self.arrays.last().copied().unwrap_or((ptr::null_mut(), 0));
        let (array, _) = if self.len < room {
            (array, room)
        } else {
            let room = (room * 2).max(4);
            let mut grown = Vec::<Way>::with_capacity(room);
            if self.len > 0 {
                // SAFETY: the outgrown array has `len` written ways, the grown one room for more.
                unsafe { grown.as_mut_ptr().copy_from_nonoverlapping(array, self.len) };
            }
            let grown = core::mem::ManuallyDrop::new(grown).as_mut_ptr();
            self.arrays.push((grown, room));
            (grown, room)
        };
        // SAFETY: there is room; nobody reads that place, because nobody has its index yet.
        unsafe { array.add(self.len).write(way) };
        self.len += 1;
        array
    }
}

impl Drop for Ways {
    fn drop(&mut self) {
        for (array, room) in self.arrays.drain(..) {
            // SAFETY: made by `add` as a vector of that capacity; nobody is inside the generation any more.
            drop(unsafe { Vec::from_raw_parts(array, 0, room) });
        }
    }
}

impl fmt::Debug for GenerationCore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GenerationCore({} #{})", self.source, self.number)
    }
}

/// Who waits before a module while it is reloaded. The shared part comes first.
#[repr(C)]
pub(crate) struct Gate {
    shared: Generation,
    /// What threads that are inside already go on with.
    pub(crate) old: Arc<GenerationCore>,
    /// The thread that reloads.
    keeper: u64,
    open: Mutex<bool>,
    opened: Condvar,
}

// SAFETY: no pointers but the null one.
unsafe impl Send for Gate {}
// SAFETY: as above.
unsafe impl Sync for Gate {}

impl Gate {
    pub(crate) fn before(old: &Arc<GenerationCore>) -> Arc<Self> {
        Arc::new(Self {
            shared: Generation {
                stamp: super::cell::GATE,
                ways: AtomicPtr::new(ptr::null_mut()),
            },
            old: Arc::clone(old),
            keeper: super::domain::current_thread(),
            open: Mutex::new(false),
            opened: Condvar::new(),
        })
    }

    pub(crate) fn head(&self) -> &Generation {
        &self.shared
    }

    /// Whether that thread is the one that will open it.
    pub(crate) fn is_kept_by(&self, thread: u64) -> bool {
        self.keeper == thread
    }

    /// # Safety
    /// 1. `head` is that of a gate, which an entry of this thread holds.
    pub(crate) unsafe fn entered(head: *const Generation) -> Arc<Self> {
        let gate = head.cast::<Self>();
        // SAFETY: clause 1: the first field of a `Gate` in an `Arc`, which is given up only when nobody is in it.
        unsafe {
            Arc::increment_strong_count(gate);
            Arc::from_raw(gate)
        }
    }

    /// Lets everybody go on.
    pub(crate) fn open(&self) {
        *self.open.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.opened.notify_all();
    }

    /// Waits until it is open.
    pub(crate) fn wait(&self) {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        drop(
            self.opened
                .wait_while(open, |open| !*open)
                .unwrap_or_else(PoisonError::into_inner),
        );
    }
}

/// Keeps a lifecycle call alone on its module.
#[derive(Debug, Default)]
pub(crate) struct Alone(AtomicBool);

impl Alone {
    /// Nothing when another is under way.
    pub(crate) fn begin(&self) -> Option<AloneGuard<'_>> {
        // Made only then: a guard that is dropped lets the next one begin.
        (!self.0.swap(true, Ordering::SeqCst)).then(|| AloneGuard(self))
    }
}

/// The lifecycle call that is under way.
#[derive(Debug)]
pub(crate) struct AloneGuard<'a>(&'a Alone);

impl Drop for AloneGuard<'_> {
    fn drop(&mut self) {
        self.0.0.store(false, Ordering::SeqCst);
    }
}

const _: () = {
    assert!(core::mem::offset_of!(GenerationCore, shared) == 0);
    assert!(core::mem::offset_of!(Gate, shared) == 0);
};
