//! What handles hold: the way from a caller to a provider, and what holds a provider still.

use core::sync::atomic::AtomicPtr;

use crate::{ContractDescriptor, FaultRecord, InterfaceHeader, Slice};

/// How many entries a thread has: calls of `Caller`s inside each other on one thread. For what goes beyond the core has more.
pub const HAZARDS: usize = 8;

/// What readers must do beyond a compiler fence.
pub mod barrier {
    /// Nothing: whoever retires a generation makes every thread pass a barrier.
    pub const ASYMMETRIC: u32 = 0;
    /// A sequentially consistent fence between the two steps of entering.
    pub const FENCE: u32 = 1;
}

/// A thread, as the core knows it: which generations it is inside. In core memory, never freed.
#[repr(C)]
#[derive(Debug)]
pub struct ThreadRecord {
    /// Null, or busy, or the generation that a call is inside.
    pub entries: [AtomicPtr<()>; HAZARDS],
    /// One of [`barrier`]; decided before the first thread.
    pub barrier: u32,
    /// Zero.
    pub reserved: u32,
}

frozen_layout!(ThreadRecord { size: 72, entries @ 0, barrier @ 64, reserved @ 68 });

/// A provider's module: the place that outlives its reloads. In core memory, never freed, used again for another module
/// once this one has ended.
#[repr(C)]
#[derive(Debug)]
pub struct Cell {
    /// The current generation; null when there is none.
    pub generation: AtomicPtr<Generation>,
}

frozen_layout!(Cell { size: 8, generation @ 0 });

/// A loaded version of a module: the head of it.
#[repr(C)]
#[derive(Debug)]
pub struct Generation {
    /// Which module this is of, of those that used the cell.
    pub stamp: u64,
    /// The ways to its providers. A [`Link`]'s index is in range when its stamp is this one's.
    pub ways: AtomicPtr<Way>,
}

frozen_layout!(Generation { size: 16, stamp @ 0, ways @ 8 });

/// The way to one provider, in the method order of one asking image.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Way {
    /// The functions; null when the long way must be taken.
    pub interface: *const InterfaceHeader,
    /// What the functions work on.
    pub state: *mut (),
    /// Written by [`Host::enter`](crate::Host::enter) only: the entry to be set to null.
    pub hold: usize,
}

frozen_layout!(Way { size: 24, interface @ 0, state @ 8, hold @ 16 });

/// What a caller holds. A value: it may be copied, and needs no giving back, but for its keeper.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Link {
    /// The module's place.
    pub cell: *const Cell,
    /// Which of the modules that used the place.
    pub stamp: u64,
    /// Which of the generation's ways.
    pub index: usize,
    /// Name of the plugin; immortal.
    pub plugin: Slice,
    /// What keeps the runtime alive; null for what a plugin got from its context.
    pub keeper: *const (),
}

frozen_layout!(Link { size: 48, cell @ 0, stamp @ 8, index @ 16, plugin @ 24, keeper @ 40 });

/// What holds a provider still: a pinned one, or an instance. Counted, in core memory, read-only but for its count.
#[repr(C)]
#[derive(Debug)]
pub struct Hold {
    /// Size of this struct in bytes, as the core knows it.
    pub size: u32,
    /// Zero.
    pub flags: u32,
    /// What can be done with it.
    pub table: *const HoldTable,
    /// The functions, in the order of the image that asked for them.
    pub interface: *const InterfaceHeader,
    /// What the functions work on.
    pub state: *mut (),
    /// Name of the plugin; immortal.
    pub plugin: Slice,
}

frozen_layout!(Hold { size: 48, size @ 0, flags @ 4, table @ 8, interface @ 16, state @ 24, plugin @ 32 });

/// What can be done with a [`Hold`]. Any thread may call any of these.
#[repr(C)]
#[derive(Debug)]
pub struct HoldTable {
    /// Size of this struct in bytes, as the core knows it.
    pub size: u32,
    /// Zero.
    pub flags: u32,
    /// One more owner.
    pub retain: unsafe extern "C" fn(hold: *const Hold),
    /// One owner less. The last owner of an instance destroys its state, here and now.
    pub release: unsafe extern "C" fn(hold: *const Hold),
    /// Whether it is of the generation that callers reach now: 1 or 0.
    pub is_current: unsafe extern "C" fn(hold: *const Hold) -> u32,
    /// The same state through another contract of its plugin, with one owner; null and a fault when it does not offer it.
    pub cast: unsafe extern "C" fn(
        hold: *const Hold,
        wanted: *const ContractDescriptor,
        fault: *mut *mut FaultRecord,
    ) -> *const Hold,
    /// An instance of the current generation made from what this one saves, with one owner; null and a fault, and this
    /// one as it was, when that fails.
    pub migrate: unsafe extern "C" fn(
        hold: *const Hold,
        wanted: *const ContractDescriptor,
        fault: *mut *mut FaultRecord,
    ) -> *const Hold,
}

frozen_layout!(HoldTable { size: 48, size @ 0, flags @ 4, retain @ 8, release @ 16, is_current @ 24, cast @ 32, migrate @ 40 });
