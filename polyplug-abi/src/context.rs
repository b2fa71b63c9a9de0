//! What a plugin holds of the runtime that made it.

use crate::{ContractDescriptor, FaultRecord, Link, Slice};

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
    /// The first provider of a host contract, with one owner; null and a fault when there is none.
    pub host: unsafe extern "C" fn(
        context: *const ContextRecord,
        contract: *const ContractDescriptor,
        fault: *mut *mut FaultRecord,
    ) -> *const Link,
}

frozen_layout!(ContextTable { size: 32, size @ 0, flags @ 4, retain @ 8, release @ 16, host @ 24 });
