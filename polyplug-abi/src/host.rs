//! What the core offers to every image: one table per process, never freed.

use crate::{ContractDescriptor, FaultParts, FaultRecord, InterfaceHeader, LogTable, ThreadTable};

/// The services of the core. Process-wide and immortal; knows no runtime.
///
/// Every function may be called from any thread at any time, and never unwinds.
#[repr(C)]
#[derive(Debug)]
pub struct Host {
    /// Size of this struct in bytes, as the core knows it.
    pub size: u32,
    /// [`ABI_VERSION`](crate::ABI_VERSION) of the core.
    pub abi: u32,
    /// Makes a fault in the memory of the core, with one owner. Texts that are no UTF-8 are repaired.
    pub fault_new: unsafe extern "C" fn(parts: *const FaultParts) -> *mut FaultRecord,
    /// Says that nobody took this fault as a value: the first of each (plugin, method) is written to
    /// standard error, later ones are counted.
    pub fault_unhandled: unsafe extern "C" fn(fault: *const FaultRecord),
    /// Writes a line for people: something happened in a plugin outside every call.
    pub report: unsafe extern "C" fn(text: *const u8, len: usize),
    /// An interface with the same functions in the order of `wanted`; null when one without a default is
    /// missing. Lives as long as the image of `interface`.
    pub adapt: unsafe extern "C" fn(
        interface: *const InterfaceHeader,
        wanted: *const ContractDescriptor,
    ) -> *const InterfaceHeader,
    /// Who holds an image: threads and their destructors. Null where images are not told of threads.
    pub threads: *const ThreadTable,
    /// Where records of the log go. Null when the core has no log.
    pub log: *const LogTable,
}

// SAFETY: functions, and tables that are immortal and read-only.
unsafe impl Send for Host {}
// SAFETY: as above.
unsafe impl Sync for Host {}

frozen_layout!(Host {
    size: 56, size @ 0, abi @ 4, fault_new @ 8, fault_unhandled @ 16, report @ 24, adapt @ 32, threads @ 40, log @ 48,
});
