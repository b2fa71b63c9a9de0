//! What a handle holds: the way from a caller to a provider.

use core::sync::atomic::{AtomicU32, AtomicUsize};

use crate::{InterfaceHeader, Slice};

/// What is true of a link.
pub mod link_flags {
    /// The state belongs to this link alone and is destroyed with it.
    pub const OWNS_STATE: u32 = 1;
}

/// A counted way to one provider, in the memory of the core. Read-only but for its counts.
#[repr(C)]
#[derive(Debug)]
pub struct Link {
    /// Size of this struct in bytes, as the core knows it.
    pub size: u32,
    /// [`link_flags`].
    pub flags: u32,
    /// How to count it.
    pub table: *const LinkTable,
    /// Whether the provider may still be called, and who is inside.
    pub gate: *const Gate,
    /// The functions, in the order of the image that asked for them.
    pub interface: *const InterfaceHeader,
    /// What the functions work on.
    pub state: *mut (),
    /// Name of the plugin.
    pub plugin: Slice,
}

frozen_layout!(Link {
    size: 56, size @ 0, flags @ 4, table @ 8, gate @ 16, interface @ 24, state @ 32, plugin @ 40,
});

/// How to count a [`Link`]. Any thread may call any of these; none of them waits.
#[repr(C)]
#[derive(Debug)]
pub struct LinkTable {
    /// Size of this struct in bytes, as the core knows it.
    pub size: u32,
    /// Zero.
    pub flags: u32,
    /// One more owner.
    pub retain: unsafe extern "C" fn(link: *const Link),
    /// One owner less.
    pub release: unsafe extern "C" fn(link: *const Link),
    /// The last hold on a closed gate is gone: hands the module over to be finished elsewhere.
    pub retire: unsafe extern "C" fn(gate: *const Gate),
}

frozen_layout!(LinkTable { size: 32, size @ 0, flags @ 4, retain @ 8, release @ 16, retire @ 24 });

/// Whether a provider may be called, and how many hold it: one for being open, one for each call inside,
/// one for each pinned handle and instance.
///
/// Enter: add 1 to `holds`, then read `closed`; when it is set, leave again and fault. Leave: subtract 1;
/// whoever reaches 0 calls [`LinkTable::retire`]. Close: set `closed`, then give up the hold for being open.
/// All of these are sequentially consistent, so 0 is reached only after `closed` is set, and nobody who
/// read `closed` as clear is left out of the count.
#[repr(C)]
#[derive(Debug)]
pub struct Gate {
    /// How many hold the provider.
    pub holds: AtomicUsize,
    /// 0: open.
    pub closed: AtomicU32,
    /// 1 once it was handed over.
    pub retired: AtomicU32,
}

frozen_layout!(Gate { size: 16, holds @ 0, closed @ 8, retired @ 12 });
