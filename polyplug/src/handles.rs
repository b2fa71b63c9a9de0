//! The three typed handles: a [`Caller`] *follows* the plugin, a [`Pinned`] *holds it still*, an [`Instance`] is *yours*.
//!
//! What is held: a caller holds a link, which is a value; a pinned handle and an instance hold one count in the memory of
//! the core.
//!
//! What is always true:
//!
//! * **H1** The interface that a handle calls is one of its contract (K1), in the order of this image: links and holds
//!   are made for the descriptor of the image that asks.
//! * **H2** While a [`CallHold`] lives, the generation that was entered is not ended (Q2). While a hold is counted, its
//!   state lives and its image is mapped.
//! * **H3** Cells and thread records are never freed.

use core::cell::{Cell as Slot, UnsafeCell};
use core::fmt;
use core::marker::PhantomData;
use core::mem::MaybeUninit;
use core::ptr::{self, NonNull};
use core::sync::atomic::{AtomicPtr, Ordering};

use polyplug_abi::{
    Cell, ContractDescriptor, FaultRecord, Generation, Hold, InterfaceHeader, Link, ThreadRecord,
    Way, barrier,
};

use crate::call::{Entered, Handle};
use crate::contract::{Contract, SharedContract, SyncInstance};
use crate::error::{Error, Result};
use crate::fault::Fault;
use crate::{image, reclaim};

thread_local! {
    /// The record of this thread, once this image has asked for it. Nothing to be destroyed (A2).
    static RECORD: Slot<*const ThreadRecord> = const { Slot::new(ptr::null()) };
}

/// The record of this thread.
#[inline(always)]
pub(crate) fn record() -> &'static ThreadRecord {
    let record = RECORD.get();
    if record.is_null() {
        return ask_for_record();
    }
    // SAFETY: H3.
    unsafe { &*record }
}

#[cold]
#[inline(never)]
fn ask_for_record() -> &'static ThreadRecord {
    // SAFETY: the core's function.
    let record = unsafe { (image::host().thread)() };
    RECORD.set(record);
    // SAFETY: H3: never null.
    unsafe { &*record }
}

/// A call that is inside a generation (H2).
pub struct CallHold(usize, PhantomData<*const ()>);

impl CallHold {
    fn new(hold: usize) -> Self {
        Self(hold, PhantomData)
    }

    /// The entry that is left, for who leaves by hand.
    #[cfg(feature = "host")]
    pub(crate) fn entry(&self) -> *const () {
        ptr::with_exposed_provenance(self.0)
    }
}

impl Drop for CallHold {
    #[inline(always)]
    fn drop(&mut self) {
        // SAFETY: an entry of this thread's record, never freed (H3); a call returns on the thread it began on.
        reclaim::leave(unsafe { &*ptr::with_exposed_provenance::<AtomicPtr<()>>(self.0) });
    }
}

impl fmt::Debug for CallHold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CallHold")
    }
}

/// Enters what a link leads to.
#[inline(always)]
pub(crate) fn enter(link: &Link) -> Result<Entered<CallHold>, Fault> {
    let record = record();
    // SAFETY: H3.
    let cell: &Cell = unsafe { &*link.cell };
    let entered = match reclaim::enter_first(&record.entries, &cell.generation) {
        Some((entry, generation)) => (ptr::from_ref(entry), generation),
        None => enter_later(record, cell),
    };
    let (taken, generation) = entered;
    // SAFETY: H2: null, or entered.
    if let Some(generation) = unsafe { generation.cast_const().as_ref() }
        && generation.stamp == link.stamp
    {
        let ways = generation.ways.load(Ordering::Acquire);
        // SAFETY: the stamp says that the link was made for this module, so its index is in range.
        let way = unsafe { &*ways.add(link.index) };
        if !way.interface.is_null() {
            return Ok(Entered {
                interface: way.interface,
                state: way.state,
                hold: CallHold::new(taken.expose_provenance()),
            });
        }
    }
    let Long { way, fault } = enter_long(link, taken);
    if !fault.is_null() {
        // SAFETY: a fault that is returned comes with one count.
        return Err(unsafe { Fault::from_raw(fault) });
    }
    // SAFETY: this thread's own place, just written.
    let way = unsafe { &*way };
    Ok(Entered {
        interface: way.interface,
        state: way.state,
        hold: CallHold::new(way.hold),
    })
}

/// Enters for a call inside another, or where readers make a fence.
#[inline(never)]
fn enter_later(record: &ThreadRecord, cell: &Cell) -> (*const AtomicPtr<()>, *mut Generation) {
    let fenced = record.barrier != barrier::ASYMMETRIC;
    match reclaim::free(&record.entries) {
        Some(entry) => (
            ptr::from_ref(entry),
            reclaim::occupy(entry, fenced, &cell.generation),
        ),
        None => (ptr::null(), ptr::null_mut()),
    }
}

thread_local! {
    /// Where the long way writes its answer. In a place of its own, so that the short way need not keep its answer in memory
    /// only because the long way must: that costs the short one a nanosecond.
    static ANSWER: UnsafeCell<MaybeUninit<Way>> = const { UnsafeCell::new(MaybeUninit::uninit()) };
}

/// What the long way answers: two words, which travel in registers.
struct Long {
    way: *const Way,
    fault: *mut FaultRecord,
}

/// The long way: a reload is under way, the plugin is gone, or this thread is deep inside calls.
#[cold]
#[inline(never)]
fn enter_long(link: &Link, entry: *const AtomicPtr<()>) -> Long {
    let way = ANSWER.with(|answer| answer.get().cast::<Way>());
    // SAFETY: the core's function, with a link of this core, an entry of this thread or none, and a place for the answer.
    let fault = unsafe { (image::host().enter)(link, entry, way) };
    Long { way, fault }
}

/// Follows the plugin: each call goes to the code that is current, and is a fault once the plugin is unloaded.
///
/// Always `Send + Sync + 'static`; cloning is cheap. Implements the contract's trait. What can be done with the handle
/// itself are associated functions, such as `Caller::pin(&caller)`, so that they never hide a method of the contract.
pub struct Caller<C: ?Sized> {
    link: Link,
    contract: PhantomData<*const C>,
}

// SAFETY: providers are `Send + Sync + 'static` (C15); a link is addresses of what is never freed (H3).
unsafe impl<C: ?Sized> Send for Caller<C> {}
// SAFETY: as above.
unsafe impl<C: ?Sized> Sync for Caller<C> {}

impl<C: ?Sized + SharedContract> Caller<C> {
    /// # Safety
    /// 1. The link is of this core, and was made for this contract's descriptor in this image (H1). If it has a keeper,
    ///    that has counted it.
    #[inline(always)]
    pub(crate) unsafe fn from_link(link: Link) -> Self {
        Self {
            link,
            contract: PhantomData,
        }
    }

    /// Holds the plugin still: the fastest handle. It keeps working until it is dropped, whatever happens to the plugin.
    ///
    /// # Errors
    /// A fault of kind `Unloaded` when the plugin is gone already.
    pub fn pin(this: &Self) -> Result<Pinned<C>, Fault> {
        let mut fault = ptr::null_mut();
        // SAFETY: the core's function, with a link of this core and a place for a fault.
        let hold = unsafe { (image::host().pin)(&raw const this.link, &raw mut fault) };
        Ok(Pinned {
            // SAFETY: what is returned comes with one count.
            hold: unsafe { HoldCount::from_answer(hold, fault) }?,
            contract: PhantomData,
        })
    }

    /// The same plugin through another contract that it offers.
    ///
    /// # Errors
    /// [`Error::Fault`] when the plugin does not offer it, or is gone.
    ///
    /// ```
    /// # use polyplug::{Caller, Runtime};
    /// # #[polyplug::contract(id = "doc.reader", version = "1.0")]
    /// # trait Reader { fn read(&self) -> u32; }
    /// # #[polyplug::contract(id = "doc.writer", version = "1.0")]
    /// # trait Writer { fn write(&self, value: u32); }
    /// # fn example(reader: &Caller<dyn Reader>) -> polyplug::Result<()> {
    /// let writer = Caller::cast::<dyn Writer>(reader)?;
    /// writer.write(reader.read());
    /// # Ok(())
    /// # }
    /// # fn main() {}
    /// ```
    pub fn cast<D: ?Sized + SharedContract>(this: &Self) -> Result<Caller<D>> {
        let mut other = this.link;
        // SAFETY: the core's function, with a link of this core, this image's descriptor, and a place for a link.
        let fault =
            unsafe { (image::host().cast)(&raw const this.link, D::DESCRIPTOR, &raw mut other) };
        if !fault.is_null() {
            // SAFETY: a fault that is returned comes with one count.
            return Err(Error::Fault(unsafe { Fault::from_raw(fault) }));
        }
        keep(&other);
        // SAFETY: H1: made for this descriptor, and counted a line above.
        Ok(unsafe { Caller::from_link(other) })
    }

    /// The name of the plugin.
    #[must_use]
    pub fn plugin(this: &Self) -> &str {
        // SAFETY: the name of a plugin is immortal.
        unsafe { this.link.plugin.str() }
    }
}

/// One more handle of the host.
#[inline(always)]
fn keep(link: &Link) {
    #[cfg(feature = "host")]
    if !link.keeper.is_null() {
        // SAFETY: a keeper that has counted `link` lives; only the core's own image sees one.
        unsafe { crate::host::keeper::keep(link.keeper) };
    }
    let _ = link;
}

impl<C: ?Sized> Clone for Caller<C> {
    fn clone(&self) -> Self {
        keep(&self.link);
        Self {
            link: self.link,
            contract: PhantomData,
        }
    }
}

impl<C: ?Sized> Drop for Caller<C> {
    #[inline]
    fn drop(&mut self) {
        #[cfg(feature = "host")]
        if !self.link.keeper.is_null() {
            // SAFETY: gives up the count that this handle has.
            unsafe { crate::host::keeper::release(self.link.keeper) };
        }
    }
}

impl<C: ?Sized + Contract> fmt::Debug for Caller<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // SAFETY: the name of a plugin is immortal.
        describe::<C>(f, "Caller", unsafe { self.link.plugin.str() })
    }
}

// SAFETY: E1: H1 and H2.
unsafe impl<C: ?Sized + Contract> Handle<C> for Caller<C> {
    type Hold = CallHold;

    #[inline(always)]
    fn enter(&self) -> Result<Entered<CallHold>, Fault> {
        enter(&self.link)
    }

    fn plugin(&self) -> &str {
        // SAFETY: the name of a plugin is immortal.
        unsafe { self.link.plugin.str() }
    }
}

/// One count of a hold (H2), with what a call needs of it.
pub(crate) struct HoldCount {
    interface: *const InterfaceHeader,
    state: *mut (),
    hold: NonNull<Hold>,
}

impl HoldCount {
    /// # Safety
    /// 1. `hold` is null, and then `fault` one count of a fault, or a live hold, one count of which is handed over.
    pub(crate) unsafe fn from_answer(
        hold: *const Hold,
        fault: *mut FaultRecord,
    ) -> Result<Self, Fault> {
        match NonNull::new(hold.cast_mut()) {
            // SAFETY: clause 1.
            Some(hold) => Ok(unsafe { Self::of(hold) }),
            // SAFETY: clause 1.
            None => Err(unsafe { Fault::from_raw(fault) }),
        }
    }

    /// # Safety
    /// 1. A live hold, one count of which is handed over.
    pub(crate) unsafe fn of(hold: NonNull<Hold>) -> Self {
        // SAFETY: clause 1.
        let Hold {
            interface, state, ..
        } = *unsafe { hold.as_ref() };
        Self {
            interface,
            state,
            hold,
        }
    }

    #[inline(always)]
    pub(crate) fn hold(&self) -> &Hold {
        // SAFETY: counted, and read-only.
        unsafe { self.hold.as_ref() }
    }

    pub(crate) fn plugin(&self) -> &str {
        // SAFETY: the name of a plugin is immortal.
        unsafe { self.hold().plugin.str() }
    }

    #[inline(always)]
    pub(crate) fn entered(&self) -> Entered<()> {
        Entered {
            interface: self.interface,
            state: self.state,
            hold: (),
        }
    }
}

impl Clone for HoldCount {
    fn clone(&self) -> Self {
        // SAFETY: the table of a live hold.
        unsafe { ((*self.hold().table).retain)(self.hold.as_ptr()) };
        Self { ..*self }
    }
}

impl Drop for HoldCount {
    fn drop(&mut self) {
        // SAFETY: gives up the count that this value owns.
        unsafe { ((*self.hold().table).release)(self.hold.as_ptr()) };
    }
}

/// Holds the plugin still: calls cost no more than a function pointer.
///
/// `Send + Sync`, counted. Keeps its code mapped and its state alive until it is dropped.
pub struct Pinned<C: ?Sized> {
    hold: HoldCount,
    contract: PhantomData<*const C>,
}

// SAFETY: as for `Caller`; counts are atomic.
unsafe impl<C: ?Sized> Send for Pinned<C> {}
// SAFETY: as above.
unsafe impl<C: ?Sized> Sync for Pinned<C> {}

impl<C: ?Sized + SharedContract> Pinned<C> {
    /// The name of the plugin.
    #[must_use]
    pub fn plugin(this: &Self) -> &str {
        this.hold.plugin()
    }

    /// Whether callers reach the same version of the plugin; no after a reload or an unload.
    #[must_use]
    pub fn is_current(this: &Self) -> bool {
        is_current(&this.hold)
    }
}

impl<C: ?Sized> Clone for Pinned<C> {
    fn clone(&self) -> Self {
        Self {
            hold: self.hold.clone(),
            contract: PhantomData,
        }
    }
}

impl<C: ?Sized + Contract> fmt::Debug for Pinned<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        describe::<C>(f, "Pinned", self.hold.plugin())
    }
}

// SAFETY: E1: H1, and H2 as long as `self` lives.
unsafe impl<C: ?Sized + Contract> Handle<C> for Pinned<C> {
    type Hold = ();

    #[inline(always)]
    fn enter(&self) -> Result<Entered<()>, Fault> {
        Ok(self.hold.entered())
    }

    fn plugin(&self) -> &str {
        self.hold.plugin()
    }
}

/// An object of your own, made by the plugin for you. Dropping it runs its destructor, here and now.
///
/// `Send`, and `Sync` unless the contract is exclusive. Keeps its code mapped.
pub struct Instance<C: ?Sized> {
    hold: HoldCount,
    contract: PhantomData<*const C>,
}

// SAFETY: plugin types are `Send`.
unsafe impl<C: ?Sized> Send for Instance<C> {}
// SAFETY: plugin types of shared contracts are `Sync`.
unsafe impl<C: ?Sized + SyncInstance> Sync for Instance<C> {}

impl<C: ?Sized + Contract> Instance<C> {
    /// # Safety
    /// 1. H1 holds for this hold and contract; it is an instance's, and one count is handed over.
    #[cfg(feature = "host")]
    pub(crate) unsafe fn from_hold(hold: *const Hold) -> Self {
        Self {
            // SAFETY: clause 1: a live hold is not null.
            hold: unsafe { HoldCount::of(NonNull::new_unchecked(hold.cast_mut())) },
            contract: PhantomData,
        }
    }

    /// The name of the plugin.
    #[must_use]
    pub fn plugin(this: &Self) -> &str {
        this.hold.plugin()
    }

    /// Whether it is of the version of the plugin that a new instance would be of; no after a reload or an unload.
    #[must_use]
    pub fn is_current(this: &Self) -> bool {
        is_current(&this.hold)
    }

    /// The same object through another contract that its plugin offers.
    ///
    /// # Errors
    /// [`Error::Fault`] when the plugin does not offer it; the object is gone then.
    pub fn cast<D: ?Sized + Contract>(this: Self) -> Result<Instance<D>> {
        // SAFETY: the table of a live hold.
        let cast = unsafe { (*this.hold.hold().table).cast };
        this.other::<D>(cast).map_err(Error::Fault)
    }

    /// Moves the object to the current version of its plugin: what `save` made of it is restored there, and this handle
    /// is the restored one from then on. Nothing happens when it is of that version already.
    ///
    /// # Errors
    /// [`Error::Fault`] when the plugin saves nothing, does not restore it, or is gone; the object is as it was then.
    pub fn migrate(this: &mut Self) -> Result<()> {
        // SAFETY: the table of a live hold.
        let migrate = unsafe { (*this.hold.hold().table).migrate };
        let migrated = this.other::<C>(migrate).map_err(Error::Fault)?;
        *this = migrated;
        Ok(())
    }

    fn other<D: ?Sized + Contract>(
        &self,
        way: unsafe extern "C" fn(
            *const Hold,
            *const ContractDescriptor,
            *mut *mut FaultRecord,
        ) -> *const Hold,
    ) -> Result<Instance<D>, Fault> {
        let mut fault = ptr::null_mut();
        // SAFETY: a function of this hold's table, with a live hold, this image's descriptor, and a place for a fault.
        let hold = unsafe { way(self.hold.hold.as_ptr(), D::DESCRIPTOR, &raw mut fault) };
        Ok(Instance {
            // SAFETY: what is returned comes with one count.
            hold: unsafe { HoldCount::from_answer(hold, fault) }?,
            contract: PhantomData,
        })
    }
}

impl<C: ?Sized + Contract> fmt::Debug for Instance<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        describe::<C>(f, "Instance", self.hold.plugin())
    }
}

// SAFETY: E1: H1, and H2 as long as `self` lives.
unsafe impl<C: ?Sized + Contract> Handle<C> for Instance<C> {
    type Hold = ();

    #[inline(always)]
    fn enter(&self) -> Result<Entered<()>, Fault> {
        Ok(self.hold.entered())
    }

    fn plugin(&self) -> &str {
        self.hold.plugin()
    }
}

pub(crate) fn is_current(hold: &HoldCount) -> bool {
    // SAFETY: the table of a live hold.
    unsafe { ((*hold.hold().table).is_current)(hold.hold.as_ptr()) != 0 }
}

fn describe<C: ?Sized + Contract>(
    f: &mut fmt::Formatter<'_>,
    kind: &str,
    plugin: &str,
) -> fmt::Result {
    // SAFETY: this image's descriptor: static text.
    let name = unsafe { C::DESCRIPTOR.name.str() };
    write!(f, "{kind}<dyn {name}>({plugin})")
}
