//! The place of a module, which outlives its reloads: the one pointer that is swapped, and the seats of its callers.
//!
//! What is held: the current generation, and what callers asked for. Who may touch it: handles read the pointer; loads,
//! reloads and unloads swap it, one at a time.
//!
//! What is always true:
//!
//! * **P1** A cell is never freed. It is used for another module only after the module before it has ended, and then
//!   with another stamp, so that what old callers hold no longer fits.
//! * **P2** The pointer and the owned generation change together, under the lock: null, the owned one, or a gate.
//! * **P3** Every generation that is reached through the pointer has a way for every seat.

use core::fmt;
use core::ptr;
use core::sync::atomic::{AtomicPtr, AtomicU64, Ordering};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use polyplug_abi::{Cell, ContractDescriptor, Generation, Link, Slice};

use super::domain;
use super::generation::GenerationCore;
use super::model::{Catalog, Copier};
use super::views::Wanted;
use crate::contract::order_of;
use crate::error::Result;

/// A cell. The shared part comes first.
#[repr(C)]
pub(crate) struct CellCore {
    shared: Cell,
    inner: Mutex<Inner>,
}

/// What only the core knows of a cell.
#[derive(Debug, Default)]
pub(crate) struct Inner {
    stamp: u64,
    current: Option<Arc<GenerationCore>>,
    seats: Vec<Seat>,
}

/// What a caller asked for: a contract of a plugin, in the shape and order that the caller's image knows.
#[derive(Debug)]
pub(crate) struct Seat {
    pub(crate) plugin: &'static str,
    pub(crate) shape: Shape,
}

/// A contract as an image knows it, copied out of it (A8).
#[derive(Clone, Debug)]
pub(crate) struct Shape {
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) contract: usize,
    pub(crate) wanted: Wanted,
    /// Equal texts, equal shapes.
    key: String,
}

impl Shape {
    /// # Safety
    /// 1. `descriptor` is a descriptor of an image that is mapped.
    pub(crate) unsafe fn of(descriptor: *const ContractDescriptor) -> Result<Self, String> {
        let mut copier = Copier::default();
        // SAFETY: clause 1.
        let contract = unsafe { copier.contract(descriptor) }?;
        Ok(Self::copied(Arc::new(copier.finish()), contract))
    }

    /// Of a contract that was copied before.
    pub(crate) fn copied(catalog: Arc<Catalog>, contract: usize) -> Self {
        let methods: Vec<_> = catalog.contracts[contract]
            .methods
            .iter()
            .map(|method| (method.name.clone(), method.has_default))
            .collect();
        let names: Vec<_> = methods.iter().map(|(name, _)| name.as_str()).collect();
        let order = order_of(&names);
        let key = format!("{contract} {catalog:?}");
        Self {
            catalog,
            contract,
            wanted: Wanted { methods, order },
            key,
        }
    }

    pub(crate) fn id(&self) -> &str {
        &self.catalog.contracts[self.contract].id
    }

    pub(crate) fn major(&self) -> u32 {
        self.catalog.contracts[self.contract].major
    }
}

/// Cells whose modules have ended.
static VACANT: Mutex<Vec<&'static CellCore>> = Mutex::new(Vec::new());

/// The next module's stamp. 0 is nobody's, and the largest a gate's.
static STAMPS: AtomicU64 = AtomicU64::new(1);

/// The stamp of a gate: no link has it, so whoever comes by takes the long way.
pub(crate) const GATE: u64 = u64::MAX;

impl CellCore {
    /// A cell for a new module, and the module's stamp.
    pub(crate) fn take() -> (&'static Self, u64) {
        let vacant = VACANT.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let cell = vacant.unwrap_or_else(|| {
            Box::leak(Box::new(Self {
                shared: Cell {
                    generation: AtomicPtr::new(ptr::null_mut()),
                },
                inner: Mutex::default(),
            }))
        });
        let stamp = STAMPS.fetch_add(1, Ordering::Relaxed);
        let mut inner = cell.lock();
        inner.stamp = stamp;
        inner.seats.clear();
        (cell, stamp)
    }

    /// Gives the cell back: its module has ended, and nobody is in a generation of it.
    pub(crate) fn vacate(&'static self) {
        let mut inner = self.lock();
        inner.stamp = 0;
        inner.seats = Vec::new();
        debug_assert!(inner.current.is_none(), "a cell that is left is empty");
        drop(inner);
        VACANT
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(self);
    }

    /// # Safety
    /// 1. `cell` is that of a link of this core.
    pub(crate) unsafe fn of(cell: *const Cell) -> &'static Self {
        // SAFETY: clause 1 and P1: the first field of a `CellCore`.
        unsafe { &*cell.cast::<Self>() }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The pointer that readers load.
    pub(crate) fn pointer(&self) -> &AtomicPtr<Generation> {
        &self.shared.generation
    }

    /// Whether the module of that stamp has it, and has not ended.
    pub(crate) fn is_of(&self, stamp: u64) -> bool {
        self.lock().stamp == stamp
    }

    /// The current generation, if the cell is still that module's.
    pub(crate) fn current(&self, stamp: u64) -> Option<Arc<GenerationCore>> {
        let inner = self.lock();
        if inner.stamp == stamp {
            inner.current.clone()
        } else {
            None
        }
    }

    /// Makes `new` the generation that calls reach, with a way for every seat (P3), or none. One atomic step for all
    /// contracts. What was there is returned; it is not ended before the domain says so. Also says what could not be
    /// seated.
    pub(crate) fn swap(
        &self,
        new: Option<Arc<GenerationCore>>,
    ) -> (Option<Arc<GenerationCore>>, BTreeSet<String>) {
        let mut inner = self.lock();
        let mut lost = BTreeSet::new();
        if let Some(new) = &new {
            for seat in inner.seats.iter().skip(new.way_count()) {
                if let Err(error) = new.add_way(seat) {
                    let contract = &seat.shape.catalog.contracts[seat.shape.contract];
                    lost.insert(format!(
                        "`{} {}.{}` of `{}` ({error})",
                        contract.id, contract.major, contract.minor, seat.plugin
                    ));
                }
            }
        }
        let pointer = new
            .as_ref()
            .map_or(ptr::null_mut(), |new| new.head().cast_mut());
        let old = core::mem::replace(&mut inner.current, new);
        self.shared.generation.store(pointer, Ordering::SeqCst);
        (old, lost)
    }

    /// Puts a gate before the current generation, which stays the owned one, or takes it away.
    pub(crate) fn set_gate(&self, gate: Option<&Generation>) {
        let inner = self.lock();
        let pointer = match (gate, &inner.current) {
            (Some(gate), _) => ptr::from_ref(gate).cast_mut(),
            (None, Some(current)) => current.head().cast_mut(),
            (None, None) => ptr::null_mut(),
        };
        self.shared.generation.store(pointer, Ordering::SeqCst);
    }

    /// A link to a contract of a plugin, for the image whose shape it is. Nothing when the module is gone.
    ///
    /// # Errors
    /// When the plugin does not offer it in a shape that fits.
    pub(crate) fn link(
        &'static self,
        stamp: u64,
        plugin: &'static str,
        shape: &Shape,
    ) -> Option<Result<Link>> {
        let mut inner = self.lock();
        if inner.stamp != stamp {
            return None;
        }
        let current = Arc::clone(inner.current.as_ref()?);
        let known = inner
            .seats
            .iter()
            .position(|seat| seat.plugin == plugin && seat.shape.key == shape.key);
        let index = match known {
            Some(index) => {
                if let Some(error) = current.refusal(index) {
                    return Some(Err(error));
                }
                index
            }
            None => {
                let seat = Seat {
                    plugin,
                    shape: shape.clone(),
                };
                if let Err(error) = current.check(&seat) {
                    return Some(Err(error));
                }
                // P3: what is reached through the pointer is this one, or a gate, which has no ways.
                if let Err(error) = current.add_way(&seat) {
                    debug_assert!(false, "it was checked: {error}");
                }
                inner.seats.push(seat);
                inner.seats.len() - 1
            }
        };
        Some(Ok(Link {
            cell: &raw const self.shared,
            stamp,
            index,
            plugin: Slice::text(plugin),
            keeper: ptr::null(),
        }))
    }

    /// Whether somebody is inside a generation that the pointer no longer leads to. Only after the barrier.
    pub(crate) fn inside(&self, generation: &GenerationCore) -> Vec<u64> {
        domain::inside(generation.head())
    }
}

impl fmt::Debug for CellCore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CellCore")
    }
}

/// A text that lives for ever, made once for equal texts: names of plugins, which handles print after everything is gone.
pub(crate) fn immortal(text: &str) -> &'static str {
    static TEXTS: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    let mut texts = TEXTS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = texts.get(text) {
        return known;
    }
    let text: &'static str = Box::leak(text.into());
    texts.insert(text);
    text
}

const _: () = assert!(core::mem::offset_of!(CellCore, shared) == 0);
