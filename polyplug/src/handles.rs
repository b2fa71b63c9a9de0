//! The three typed handles: a [`Caller`] *follows* the plugin, a [`Pinned`] *holds it still*, an [`Instance`] is *yours*.
//!
//! What is held: one count of a link, in the memory of the core; a pinned handle and an instance also hold its gate.
//!
//! What is always true:
//!
//! * **H1** A handle owns one count of its link. The link's interface is one of the handle's contract (K1), in the
//!   order of this image.
//! * **H2** While the gate is held, the state lives and its image is mapped.

use core::fmt;
use core::marker::PhantomData;
use core::ptr::NonNull;
use core::sync::atomic::Ordering;

use polyplug_abi::{Gate, InterfaceHeader, Link, fault_kind};

use crate::call::{Entered, Handle};
use crate::contract::{Contract, SharedContract, SyncInstance};
use crate::fault::Fault;

/// One count of a link (H1).
pub(crate) struct LinkCount(NonNull<Link>);

impl LinkCount {
    /// # Safety
    /// 1. `link` is a live link, and one count of it is handed over.
    pub(crate) unsafe fn from_raw(link: *const Link) -> Self {
        // SAFETY: clause 1: a live link is not null.
        Self(unsafe { NonNull::new_unchecked(link.cast_mut()) })
    }

    #[cfg(feature = "host")]
    pub(crate) fn into_raw(self) -> *const Link {
        let link = self.0.as_ptr();
        core::mem::forget(self);
        link
    }

    #[inline(always)]
    pub(crate) fn link(&self) -> &Link {
        // SAFETY: H1: counted, and read-only.
        unsafe { self.0.as_ref() }
    }

    pub(crate) fn plugin(&self) -> &str {
        // SAFETY: the name lives as long as the link.
        unsafe { self.link().plugin.str() }
    }

    /// Holds the gate, or says that the plugin is gone.
    #[inline(always)]
    fn hold(&self) -> Result<GateHold, Fault> {
        let gate = self.link().gate;
        // SAFETY: the gate lives as long as the link.
        let (holds, closed) = unsafe { (&(*gate).holds, &(*gate).closed) };
        // Sequentially consistent on purpose: see `Gate`.
        holds.fetch_add(1, Ordering::SeqCst);
        let hold = GateHold { link: self.0 };
        if closed.load(Ordering::SeqCst) != 0 {
            drop(hold);
            return Err(self.gone());
        }
        Ok(hold)
    }

    #[cold]
    fn gone(&self) -> Fault {
        let parts = polyplug_abi::FaultParts {
            plugin: self.link().plugin,
            ..polyplug_abi::FaultParts::new(
                fault_kind::UNLOADED,
                polyplug_abi::Slice::text("the plugin is no longer loaded"),
            )
        };
        Fault::from_parts(&parts)
    }
}

impl Clone for LinkCount {
    fn clone(&self) -> Self {
        // SAFETY: H1: the table of a live link.
        unsafe { ((*self.link().table).retain)(self.0.as_ptr()) };
        Self(self.0)
    }
}

impl Drop for LinkCount {
    fn drop(&mut self) {
        // SAFETY: H1: gives up the count that this value owns.
        unsafe { ((*self.link().table).release)(self.0.as_ptr()) };
    }
}

/// One hold on a gate (H2). Whoever keeps it also keeps a count of the link.
pub struct GateHold {
    link: NonNull<Link>,
}

impl fmt::Debug for GateHold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GateHold")
    }
}

impl Drop for GateHold {
    #[inline(always)]
    fn drop(&mut self) {
        // SAFETY: the link is counted by whoever keeps this hold.
        let gate: *const Gate = unsafe { self.link.as_ref() }.gate;
        // SAFETY: the gate lives as long as the link.
        let holds = unsafe { &(*gate).holds };
        if holds.fetch_sub(1, Ordering::SeqCst) == 1 {
            retire(self.link, gate);
        }
    }
}

#[cold]
#[inline(never)]
fn retire(link: NonNull<Link>, gate: *const Gate) {
    // SAFETY: as in `drop` above.
    let table = unsafe { link.as_ref() }.table;
    // SAFETY: the table of a live link; the last hold on a closed gate is gone.
    unsafe { ((*table).retire)(gate) };
}

/// Follows the plugin: each call goes to the code that is current, and is a fault once the plugin is unloaded.
///
/// Always `Send + Sync + 'static`; cloning is cheap. Implements the contract's trait. What can be done with the handle
/// itself are associated functions, such as `Caller::pin(&caller)`, so that they never hide a method of the contract.
pub struct Caller<C: ?Sized> {
    link: LinkCount,
    contract: PhantomData<*const C>,
}

// SAFETY: providers are `Send + Sync + 'static`; counts and gates are atomic.
unsafe impl<C: ?Sized> Send for Caller<C> {}
// SAFETY: as above.
unsafe impl<C: ?Sized> Sync for Caller<C> {}

impl<C: ?Sized + SharedContract> Caller<C> {
    /// # Safety
    /// 1. H1 holds for this count and contract.
    pub(crate) unsafe fn from_link(link: LinkCount) -> Self {
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
        let hold = this.link.hold()?;
        let Link {
            interface, state, ..
        } = *this.link.link();
        Ok(Pinned {
            interface,
            state,
            hold,
            link: this.link.clone(),
            contract: PhantomData,
        })
    }

    /// The name of the plugin.
    #[must_use]
    pub fn plugin(this: &Self) -> &str {
        this.link.plugin()
    }
}

impl<C: ?Sized> Clone for Caller<C> {
    fn clone(&self) -> Self {
        Self {
            link: self.link.clone(),
            contract: PhantomData,
        }
    }
}

impl<C: ?Sized + Contract> fmt::Debug for Caller<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        describe::<C>(f, "Caller", &self.link)
    }
}

// SAFETY: E1: H1 and H2.
unsafe impl<C: ?Sized + Contract> Handle<C> for Caller<C> {
    type Hold = GateHold;

    #[inline(always)]
    fn enter(&self) -> Result<Entered<GateHold>, Fault> {
        let hold = self.link.hold()?;
        let link = self.link.link();
        Ok(Entered {
            interface: link.interface,
            state: link.state,
            hold,
        })
    }

    fn plugin(&self) -> &str {
        self.link.plugin()
    }
}

/// Holds the plugin still: calls cost no more than a function pointer.
///
/// `Send + Sync`, counted. Keeps its code mapped and its state alive until it is dropped.
pub struct Pinned<C: ?Sized> {
    interface: *const InterfaceHeader,
    state: *mut (),
    // Before the link: a hold needs the link.
    hold: GateHold,
    link: LinkCount,
    contract: PhantomData<*const C>,
}

// SAFETY: as for `Caller`.
unsafe impl<C: ?Sized> Send for Pinned<C> {}
// SAFETY: as for `Caller`.
unsafe impl<C: ?Sized> Sync for Pinned<C> {}

impl<C: ?Sized + SharedContract> Pinned<C> {
    /// The name of the plugin.
    #[must_use]
    pub fn plugin(this: &Self) -> &str {
        this.link.plugin()
    }
}

impl<C: ?Sized> Clone for Pinned<C> {
    fn clone(&self) -> Self {
        // SAFETY: the gate lives as long as the link; it is held already, so it cannot reach 0 meanwhile.
        unsafe {
            (*self.link.link().gate)
                .holds
                .fetch_add(1, Ordering::SeqCst)
        };
        Self {
            interface: self.interface,
            state: self.state,
            hold: GateHold {
                link: self.hold.link,
            },
            link: self.link.clone(),
            contract: PhantomData,
        }
    }
}

impl<C: ?Sized + Contract> fmt::Debug for Pinned<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        describe::<C>(f, "Pinned", &self.link)
    }
}

// SAFETY: E1: H1, and H2 as long as `self` lives.
unsafe impl<C: ?Sized + Contract> Handle<C> for Pinned<C> {
    type Hold = ();

    #[inline(always)]
    fn enter(&self) -> Result<Entered<()>, Fault> {
        Ok(Entered {
            interface: self.interface,
            state: self.state,
            hold: (),
        })
    }

    fn plugin(&self) -> &str {
        self.link.plugin()
    }
}

/// An object of your own, made by the plugin for you. Dropping it runs its destructor, here and now.
///
/// `Send`, and `Sync` unless the contract is exclusive. Keeps its code mapped.
pub struct Instance<C: ?Sized> {
    interface: *const InterfaceHeader,
    state: *mut (),
    // Before the link: the link destroys the object, and that needs no hold of its own.
    link: LinkCount,
    contract: PhantomData<*const C>,
}

// SAFETY: plugin types are `Send`.
unsafe impl<C: ?Sized> Send for Instance<C> {}
// SAFETY: plugin types of shared contracts are `Sync`.
unsafe impl<C: ?Sized + SyncInstance> Sync for Instance<C> {}

impl<C: ?Sized + Contract> Instance<C> {
    /// # Safety
    /// 1. H1 holds for this count and contract; the link owns its state and holds its gate.
    #[cfg(feature = "host")]
    pub(crate) unsafe fn from_link(link: LinkCount) -> Self {
        let Link {
            interface, state, ..
        } = *link.link();
        Self {
            interface,
            state,
            link,
            contract: PhantomData,
        }
    }

    /// The name of the plugin.
    #[must_use]
    pub fn plugin(this: &Self) -> &str {
        this.link.plugin()
    }
}

impl<C: ?Sized + Contract> fmt::Debug for Instance<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        describe::<C>(f, "Instance", &self.link)
    }
}

// SAFETY: E1: H1, and the link holds the gate as long as `self` lives (H2).
unsafe impl<C: ?Sized + Contract> Handle<C> for Instance<C> {
    type Hold = ();

    #[inline(always)]
    fn enter(&self) -> Result<Entered<()>, Fault> {
        Ok(Entered {
            interface: self.interface,
            state: self.state,
            hold: (),
        })
    }

    fn plugin(&self) -> &str {
        self.link.plugin()
    }
}

fn describe<C: ?Sized + Contract>(
    f: &mut fmt::Formatter<'_>,
    kind: &str,
    link: &LinkCount,
) -> fmt::Result {
    // SAFETY: this image's descriptor: static text.
    let name = unsafe { C::DESCRIPTOR.name.str() };
    write!(f, "{kind}<dyn {name}>({})", link.plugin())
}
