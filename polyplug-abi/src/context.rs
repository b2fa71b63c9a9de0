//! What a plugin holds of the runtime that made it.

use crate::{Buffer, ContractDescriptor, FaultRecord, Link, Slice};

/// The context of one plugin in one runtime, in the memory of the core. Counted.
#[repr(C)]
#[derive(Debug)]
pub struct ContextRecord {
    /// Size of this struct in bytes, as the core knows it.
    pub size: u32,
    /// Zero.
    pub flags: u32,
    /// What can be asked of it.
    pub table: *const ContextTable,
    /// Name of the plugin.
    pub plugin: Slice,
}

frozen_layout!(ContextRecord { size: 32, size @ 0, flags @ 4, table @ 8, plugin @ 16 });

/// Who is asked for.
pub mod asked {
    /// The host's value for a host contract.
    pub const HOST: u32 = 0;
    /// Another plugin's offer of a contract.
    pub const PEER: u32 = 1;
}

/// What can be asked of a [`ContextRecord`]. Any thread may call any of these.
#[repr(C)]
#[derive(Debug)]
pub struct ContextTable {
    /// Size of this struct in bytes, as the core knows it.
    pub size: u32,
    /// Zero.
    pub flags: u32,
    /// One more owner.
    pub retain: unsafe extern "C" fn(context: *const ContextRecord),
    /// One owner less.
    pub release: unsafe extern "C" fn(context: *const ContextRecord),
    /// Provider number `number` of a contract, in load order; a fault when there is none. Who is [`asked`].
    pub find: unsafe extern "C" fn(
        context: *const ContextRecord,
        asked: u32,
        contract: *const ContractDescriptor,
        number: usize,
        link: *mut Link,
    ) -> *mut FaultRecord,
    /// What the plugin was configured with, as JSON text (a buffer of bytes); `null` when with nothing.
    pub config:
        unsafe extern "C" fn(context: *const ContextRecord, out: *mut Buffer) -> *mut FaultRecord,
    /// The version of the plugin that this one replaces; empty on the first load. Lives as long as the context.
    pub previous_version: unsafe extern "C" fn(context: *const ContextRecord, version: *mut Slice),
}

frozen_layout!(ContextTable { size: 48, size @ 0, flags @ 4, retain @ 8, release @ 16, find @ 24, config @ 32, previous_version @ 40 });
