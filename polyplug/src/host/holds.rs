//! The core's side of handles: the long way into a generation, and what pinned handles and instances count.
//!
//! What is always true:
//!
//! * **J1** A pinned hold counts a pin of its generation for as long as it lives; an instance's holds count its image, and
//!   its state once.
//! * **J2** An instance's state is destroyed by its last hold, and only then is the image given up: by code of the core,
//!   after the plugin's has returned.

use core::fmt;
use core::ptr;
use core::sync::atomic::{AtomicPtr, Ordering};
use std::sync::Arc;

use polyplug_abi::{
    ContractDescriptor, FaultRecord, Generation, Hold, HoldTable, InterfaceHeader, Link, Slice,
    Way, barrier, fault_kind,
};

use super::cell::{CellCore, GATE, Shape};
use super::domain;
use super::generation::{Functions, Gate, GenerationCore, Stage};
use super::keeper::Kept;
use super::state;
use crate::error::{Error, Result};
use crate::fault::Fault;
use crate::{panics, reclaim};

/// How a thread is inside a generation: by an entry of its record, which is never freed.
struct Inside(&'static AtomicPtr<()>);

impl Inside {
    /// Enters whatever the cell leads to.
    fn begin(cell: &'static CellCore) -> (Self, *mut Generation) {
        let record = domain::own();
        let entry = record.free_entry();
        let fenced = record.shared().barrier != barrier::ASYMMETRIC;
        let found = reclaim::occupy(entry, fenced, cell.pointer());
        (Self(entry), found)
    }

    fn leave(self) {
        reclaim::leave(self.0);
    }

    /// As a handle keeps it.
    fn into_word(self) -> usize {
        ptr::from_ref(self.0).expose_provenance()
    }
}

/// What a thread found behind a link.
enum Found {
    /// The generation, which it is inside.
    In(Inside, Arc<GenerationCore>),
    Gone,
    /// Not before this very thread has reloaded it.
    Reloading,
}

/// A thread inside a generation that it found otherwise than by a link, until it is dropped.
pub(crate) struct Visit {
    inside: Option<Inside>,
    pub(crate) generation: Arc<GenerationCore>,
}

impl Visit {
    /// Enters what the module of a generation serves with now, which may be a later one.
    pub(crate) fn begin(generation: &GenerationCore) -> Option<Self> {
        match follow(generation.cell, generation.stamp()) {
            Found::In(inside, generation) => Some(Self {
                inside: Some(inside),
                generation,
            }),
            Found::Gone | Found::Reloading => None,
        }
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        if let Some(inside) = self.inside.take() {
            inside.leave();
        }
    }
}

/// Follows a link, and waits for a reload that is under way, unless this thread is inside the module already.
fn follow(cell: &'static CellCore, stamp: u64) -> Found {
    loop {
        let (inside, head) = Inside::begin(cell);
        // SAFETY: held by the entry.
        let Some(shared) = (unsafe { head.as_ref() }) else {
            inside.leave();
            return Found::Gone;
        };
        if shared.stamp == GATE {
            // SAFETY: a gate, held.
            let gate = unsafe { Gate::entered(head) };
            if gate.old.stamp() != stamp {
                inside.leave();
                return Found::Gone;
            }
            if domain::is_inside(gate.old.head()) {
                // Waiting would be for this thread itself. It holds the old one by another entry already.
                let old = gate.old.head().cast_mut().cast();
                inside.0.store(old, Ordering::Release);
                return Found::In(inside, Arc::clone(&gate.old));
            }
            inside.leave();
            if gate.is_kept_by(domain::current_thread()) {
                // What is saved, restored or constructed on its way calls back: it would wait for itself.
                return Found::Reloading;
            }
            gate.wait();
            continue;
        }
        if shared.stamp != stamp {
            inside.leave();
            return Found::Gone;
        }
        // SAFETY: no gate, held.
        return Found::In(inside, unsafe { GenerationCore::entered(head) });
    }
}

fn gone(plugin: &str) -> Fault {
    Fault::of_kind(fault_kind::UNLOADED, "the plugin is no longer loaded").called(plugin, "", "")
}

fn reloading(plugin: &str) -> Fault {
    let message = "the plugin is being reloaded by this very thread, and cannot be called before that is done";
    Fault::of_kind(fault_kind::UNLOADED, message).called(plugin, "", "")
}

fn not_offered(plugin: &str, why: &str) -> Fault {
    let message =
        format!("the plugin was reloaded, and no longer offers the contract in this shape: {why}");
    Fault::of_kind(fault_kind::UNLOADED, &message).called(plugin, "", "")
}

/// # Safety
/// 1. A link of this core.
unsafe fn plugin_of(link: &Link) -> &'static str {
    // SAFETY: clause 1: made of an immortal text.
    unsafe { link.plugin.str() }
}

/// See [`Host::enter`](polyplug_abi::Host::enter).
///
/// # Safety
/// 1. A link of this core; an entry of this thread, occupied by the caller, or null; a place for the answer.
pub(crate) unsafe extern "C" fn enter(
    link: *const Link,
    entry: *const AtomicPtr<()>,
    way: *mut Way,
) -> *mut FaultRecord {
    let entered = panics::contain(|| {
        // SAFETY: clause 1.
        let link = unsafe { &*link };
        // SAFETY: clause 1.
        if let Some(entry) = unsafe { entry.as_ref() } {
            reclaim::leave(entry);
        }
        // SAFETY: clause 1.
        let plugin = unsafe { plugin_of(link) };
        // SAFETY: clause 1.
        match follow(unsafe { CellCore::of(link.cell) }, link.stamp) {
            Found::Gone => Err(gone(plugin)),
            Found::Reloading => Err(reloading(plugin)),
            Found::In(inside, generation) => match generation.way(link.index) {
                Some(way) => Ok(Way {
                    hold: inside.into_word(),
                    ..way
                }),
                None => {
                    inside.leave();
                    let why = generation.refusal_text(link.index);
                    Err(not_offered(plugin, &why.unwrap_or_default()))
                }
            },
        }
    });
    match entered.and_then(|entered| entered) {
        Ok(entered) => {
            // SAFETY: clause 1.
            unsafe { way.write(entered) };
            ptr::null_mut()
        }
        Err(fault) => fault.into_raw(),
    }
}

/// What a hold is of.
enum Kind {
    Pin,
    Instance(Arc<InstanceCore>),
}

/// A hold, and what it keeps. The shared part comes first.
#[repr(C)]
struct HoldCore {
    shared: Hold,
    // Before the generation: what it does at its end needs that.
    kind: Kind,
    plugin: usize,
    generation: Arc<GenerationCore>,
    functions: Option<Functions>,
    // Last: the runtime may go with it.
    kept: Kept,
}

// SAFETY: read-only data and addresses; whoever calls through it keeps the rules of handles (H1, H2).
unsafe impl Send for HoldCore {}
// SAFETY: as above.
unsafe impl Sync for HoldCore {}

/// The state of an instance (J1).
struct InstanceCore {
    generation: Arc<GenerationCore>,
    plugin: usize,
    offer: usize,
    state: *mut (),
}

// SAFETY: the state is handed to interface functions and to the destructor, through handles that are `Send` and `Sync` only
// where the plugin's type is.
unsafe impl Send for InstanceCore {}
// SAFETY: as above.
unsafe impl Sync for InstanceCore {}

impl Drop for InstanceCore {
    fn drop(&mut self) {
        let plugin = &self.generation.plugins[self.plugin];
        // SAFETY: J1, J2: this is the last hold; the image is counted.
        unsafe { state::destroy(plugin.destroy, self.state, plugin.name) };
        plugin.offers[self.offer]
            .instances
            .fetch_sub(1, Ordering::SeqCst);
        if let Some(mapped) = &self.generation.mapped {
            mapped.give_up();
        }
    }
}

impl Drop for HoldCore {
    fn drop(&mut self) {
        if matches!(self.kind, Kind::Pin) {
            self.generation.unpin();
        }
    }
}

static HOLDS: HoldTable = HoldTable {
    size: size_of::<HoldTable>() as u32,
    flags: 0,
    retain: hold_retain,
    release: hold_release,
    is_current: hold_is_current,
    cast: hold_cast,
    migrate: hold_migrate,
};

impl HoldCore {
    fn count(
        kind: Kind,
        plugin: usize,
        generation: Arc<GenerationCore>,
        interface: *const InterfaceHeader,
        state: *mut (),
        functions: Option<Functions>,
        kept: Kept,
    ) -> *const Hold {
        let name = generation.plugins[plugin].name;
        let core = Arc::new(Self {
            shared: Hold {
                size: size_of::<Hold>() as u32,
                flags: 0,
                table: &raw const HOLDS,
                interface,
                state,
                plugin: Slice::text(name),
            },
            kind,
            plugin,
            generation,
            functions,
            kept,
        });
        Arc::into_raw(core).cast()
    }
}

/// Holds what a link leads to.
fn pin_link(link: &Link) -> Result<*const Hold, Fault> {
    // SAFETY: a link of this core.
    let plugin = unsafe { plugin_of(link) };
    // SAFETY: a link of this core.
    match follow(unsafe { CellCore::of(link.cell) }, link.stamp) {
        Found::Gone => Err(gone(plugin)),
        Found::Reloading => Err(reloading(plugin)),
        Found::In(inside, generation) => {
            let Some(way) = generation.way(link.index) else {
                inside.leave();
                let why = generation.refusal_text(link.index);
                return Err(not_offered(plugin, &why.unwrap_or_default()));
            };
            let at = generation
                .plugins
                .iter()
                .position(|cell| cell.name == plugin);
            // J1, G4: while inside.
            generation.pin();
            // SAFETY: the link's own handle counts it.
            let kept = unsafe { Kept::new(link.keeper) };
            let hold = HoldCore::count(
                Kind::Pin,
                at.unwrap_or_default(),
                generation,
                way.interface,
                way.state,
                None,
                kept,
            );
            inside.leave();
            Ok(hold)
        }
    }
}

/// See [`Host::pin`](polyplug_abi::Host::pin).
///
/// # Safety
/// 1. A link of this core, and a place for a fault.
pub(crate) unsafe extern "C" fn pin(
    link: *const Link,
    fault: *mut *mut FaultRecord,
) -> *const Hold {
    // SAFETY: clause 1.
    let pinned = panics::contain(|| pin_link(unsafe { &*link }));
    // SAFETY: clause 1.
    unsafe { answer(pinned.and_then(|pinned| pinned), fault) }
}

/// # Safety
/// 1. A place for a fault.
unsafe fn answer(hold: Result<*const Hold, Fault>, fault: *mut *mut FaultRecord) -> *const Hold {
    match hold {
        Ok(hold) => hold,
        Err(reason) => {
            // SAFETY: clause 1.
            unsafe { fault.write(reason.into_raw()) };
            ptr::null()
        }
    }
}

/// See [`Host::cast`](polyplug_abi::Host::cast).
///
/// # Safety
/// 1. A link of this core, a descriptor of the image that asks, a place for a link.
pub(crate) unsafe extern "C" fn cast(
    link: *const Link,
    wanted: *const ContractDescriptor,
    other: *mut Link,
) -> *mut FaultRecord {
    let found = panics::contain(|| {
        // SAFETY: clause 1.
        let link = unsafe { &*link };
        // SAFETY: clause 1.
        let plugin = unsafe { plugin_of(link) };
        // SAFETY: clause 1.
        let shape = unsafe { Shape::of(wanted) }.map_err(Fault::new)?;
        // SAFETY: clause 1.
        let cell = unsafe { CellCore::of(link.cell) };
        let found = cell.link(link.stamp, plugin, &shape);
        let found = found.ok_or_else(|| gone(plugin))?;
        found.map_err(|error| unfit(&error))
    });
    match found.and_then(|found| found) {
        Ok(found) => {
            // SAFETY: clause 1.
            unsafe {
                other.write(Link {
                    keeper: (*link).keeper,
                    ..found
                });
            };
            ptr::null_mut()
        }
        Err(fault) => fault.into_raw(),
    }
}

fn unfit(error: &Error) -> Fault {
    let message = match error {
        Error::NoPlugin { contract, name, .. } => {
            format!("plugin `{name}` does not offer the contract `{contract}`")
        }
        other => format!("{other:#}"),
    };
    Fault::of_kind(fault_kind::UNKNOWN_METHOD, &message)
}

/// Makes an instance of a generation.
pub(crate) fn create(
    generation: &Arc<GenerationCore>,
    plugin: &str,
    shape: &Shape,
    kept: Kept,
) -> Result<*const Hold> {
    // Before anything of the image is read: whoever found the generation is not inside it.
    let held = ImageHold::of(generation);
    if !matches!(generation.progress.stage(), Stage::Live) {
        return Err(Error::Fault(gone(plugin)));
    }
    let functions = generation.functions(plugin, shape)?;
    let cell = &generation.plugins[functions.plugin];
    let (Some(descriptor), Some(context)) = (cell.descriptor(), &cell.context) else {
        let offer = &cell.offers[functions.offer];
        return Err(Error::NotConstructible {
            plugin: plugin.to_owned(),
            contract: generation.contract_info(offer.contract).to_string(),
        });
    };
    // SAFETY: read at load, and the image is held.
    let state = unsafe { state::construct(descriptor, context, plugin) }?;
    Ok(instance(generation, functions, state, held, kept))
}

/// An image's count, until an instance takes it over. When the generation is live after it was counted, the image stays:
/// the reaper looks at the count after the generation has left that stage.
struct ImageHold<'g>(Option<&'g GenerationCore>);

impl<'g> ImageHold<'g> {
    fn of(generation: &'g GenerationCore) -> Self {
        if let Some(mapped) = &generation.mapped {
            mapped.hold();
        }
        Self(Some(generation))
    }
}

impl Drop for ImageHold<'_> {
    fn drop(&mut self) {
        if let Some(mapped) = self.0.and_then(|generation| generation.mapped.as_ref()) {
            mapped.give_up();
        }
    }
}

fn instance(
    generation: &Arc<GenerationCore>,
    functions: Functions,
    state: *mut (),
    mut held: ImageHold<'_>,
    kept: Kept,
) -> *const Hold {
    // The instance has the count from here on.
    held.0 = None;
    let (plugin, offer) = (functions.plugin, functions.offer);
    generation.plugins[plugin].offers[offer]
        .instances
        .fetch_add(1, Ordering::SeqCst);
    let core = Arc::new(InstanceCore {
        generation: Arc::clone(generation),
        plugin,
        offer,
        state,
    });
    HoldCore::count(
        Kind::Instance(core),
        plugin,
        Arc::clone(generation),
        functions.interface,
        state,
        Some(functions),
        kept,
    )
}

/// # Safety
/// 1. A live hold of this core.
unsafe fn core_of<'h>(hold: *const Hold) -> &'h HoldCore {
    // SAFETY: clause 1: the first field of a `HoldCore` in an `Arc`.
    unsafe { &*hold.cast::<HoldCore>() }
}

/// # Safety
/// 1. A live hold of this core.
unsafe extern "C" fn hold_retain(hold: *const Hold) {
    // SAFETY: clause 1.
    unsafe { Arc::increment_strong_count(hold.cast::<HoldCore>()) };
}

/// # Safety
/// 1. A live hold of this core, one count of which is given up.
unsafe extern "C" fn hold_release(hold: *const Hold) {
    // SAFETY: clause 1. What drops inside contains panics of the plugin; a panic of ours would be a defect.
    let _ = panics::contain(|| unsafe { Arc::decrement_strong_count(hold.cast::<HoldCore>()) });
}

/// # Safety
/// 1. A live hold of this core.
unsafe extern "C" fn hold_is_current(hold: *const Hold) -> u32 {
    // SAFETY: clause 1.
    let core = unsafe { core_of(hold) };
    u32::from(core.generation.progress.stage() == Stage::Live)
}

/// See [`HoldTable::cast`].
///
/// # Safety
/// 1. A live hold of this core, a descriptor of the image that asks, a place for a fault.
unsafe extern "C" fn hold_cast(
    hold: *const Hold,
    wanted: *const ContractDescriptor,
    fault: *mut *mut FaultRecord,
) -> *const Hold {
    let found = panics::contain(|| {
        // SAFETY: clause 1.
        let core = unsafe { core_of(hold) };
        let Kind::Instance(state) = &core.kind else {
            return Err(Fault::new("only instances are cast this way"));
        };
        // SAFETY: clause 1.
        let shape = unsafe { Shape::of(wanted) }.map_err(Fault::new)?;
        let plugin = core.generation.plugins[core.plugin].name;
        let functions = core
            .generation
            .functions(plugin, &shape)
            .map_err(|error| unfit(&error))?;
        Ok(HoldCore::count(
            Kind::Instance(Arc::clone(state)),
            core.plugin,
            Arc::clone(&core.generation),
            functions.interface,
            core.shared.state,
            Some(functions),
            core.kept.clone(),
        ))
    });
    // SAFETY: clause 1.
    unsafe { answer(found.and_then(|found| found), fault) }
}

/// See [`HoldTable::migrate`].
///
/// # Safety
/// 1. As for [`hold_cast`].
unsafe extern "C" fn hold_migrate(
    hold: *const Hold,
    wanted: *const ContractDescriptor,
    fault: *mut *mut FaultRecord,
) -> *const Hold {
    let found = panics::contain(|| {
        // SAFETY: clause 1.
        let shape = unsafe { Shape::of(wanted) }.map_err(Fault::new)?;
        // SAFETY: clause 1.
        unsafe { migrate(hold, &shape) }
    });
    // SAFETY: clause 1.
    unsafe { answer(found.and_then(|found| found), fault) }
}

/// See [`HoldTable::migrate`].
///
/// # Safety
/// 1. A live hold of this core, an instance's.
///
/// # Errors
/// As there.
pub(crate) unsafe fn migrate(hold: *const Hold, shape: &Shape) -> Result<*const Hold, Fault> {
    // SAFETY: clause 1.
    migrated(hold, unsafe { core_of(hold) }, shape)
}

fn migrated(hold: *const Hold, core: &HoldCore, shape: &Shape) -> Result<*const Hold, Fault> {
    let old = &core.generation;
    let plugin = old.plugins[core.plugin].name;
    let current = old.cell.current(old.stamp()).ok_or_else(|| gone(plugin))?;
    if ptr::eq(Arc::as_ptr(&current), Arc::as_ptr(old)) {
        // SAFETY: a live hold.
        unsafe { hold_retain(hold) };
        return Ok(hold);
    }
    let say = |error: &Error| Fault::new(format!("{error:#}"));
    let keeps_nothing = || {
        Fault::new(format!(
            "plugin `{plugin}` cannot move its instances to another version: it has no `save` and `restore`"
        ))
    };
    // The new image must not go meanwhile; nor can the old one, which this instance holds.
    let held = ImageHold::of(&current);
    if !matches!(current.progress.stage(), Stage::Live) {
        return Err(gone(plugin));
    }
    let functions = current
        .functions(plugin, shape)
        .map_err(|error| unfit(&error))?;
    let from = old.plugins[core.plugin]
        .descriptor()
        .ok_or_else(keeps_nothing)?;
    // SAFETY: read at load; this hold keeps image and state.
    let saved = unsafe { state::save(from, core.shared.state, plugin) };
    let saved = saved
        .map_err(|error| say(&error))?
        .ok_or_else(keeps_nothing)?;
    let cell = &current.plugins[functions.plugin];
    let (Some(descriptor), Some(context)) = (cell.descriptor(), &cell.context) else {
        return Err(keeps_nothing());
    };
    // SAFETY: read at load, and the image is held.
    let restored = unsafe { state::restore(descriptor, context, &saved, plugin) };
    let state = restored
        .map_err(|error| say(&error))?
        .ok_or_else(keeps_nothing)?;
    Ok(instance(
        &current,
        functions,
        state,
        held,
        core.kept.clone(),
    ))
}

impl fmt::Debug for HoldCore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HoldCore({:?})", self.generation)
    }
}

const _: () = assert!(core::mem::offset_of!(HoldCore, shared) == 0);
