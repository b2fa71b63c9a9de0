//! What the core offers to every image: one table per process, never freed.

use crate::{
    ContractDescriptor, FaultParts, FaultRecord, Hold, InterfaceHeader, Link, LogTable, Receiver,
    ThreadRecord, ThreadTable, Way,
};

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
    /// The record of the calling thread, made when there is none. Never null, never freed, and of no other thread as long
    /// as this one runs.
    pub thread: unsafe extern "C" fn() -> *const ThreadRecord,
    /// The long way into a provider, when the short one found none: waits for a reload to end, or says why not. Takes over
    /// the entry, which is either occupied by this caller or null; answers what is to be left ([`Way::hold`]).
    pub enter: unsafe extern "C" fn(
        link: *const Link,
        entry: *const core::sync::atomic::AtomicPtr<()>,
        way: *mut Way,
    ) -> *mut FaultRecord,
    /// Holds the provider behind a link still, with one owner; null and a fault when it is gone.
    pub pin: unsafe extern "C" fn(link: *const Link, fault: *mut *mut FaultRecord) -> *const Hold,
    /// Another contract of the same plugin; a fault when it does not offer it.
    pub cast: unsafe extern "C" fn(
        link: *const Link,
        wanted: *const ContractDescriptor,
        other: *mut Link,
    ) -> *mut FaultRecord,
    /// Keeps the image that an object's `release` lies in mapped, on behalf of one owner of the object that arrived; null
    /// when it is no module's. Takes over the count that travels with an owner, if any does ([`Host::send_image`]).
    pub keep_image: unsafe extern "C" fn(release: *const (), state: *const ()) -> *const (),
    /// Gives up what `keep_image` or `take_image` returned; null is nothing. Nobody is inside the object any more.
    pub release_image: unsafe extern "C" fn(kept: *const ()),
    /// Who holds an image: threads and their destructors. Null where images are not told of threads.
    pub threads: *const ThreadTable,
    /// Where records of the log go. Null when the core has no log.
    pub log: *const LogTable,
    /// One owner of an object, known by its `release` and its state, is about to be given away: a count of the image that
    /// `release` lies in travels with it from now on, so that the giver may give up its own. To be called by whoever
    /// passes on an object that another image made, and by a maker that gives one state away more than once.
    pub send_image: unsafe extern "C" fn(release: *const (), state: *const ()),
    /// Takes the count that travels with an owner of an object that ends where it arrived, without having been kept; null
    /// when none travels. `release` is called in between, and then [`Host::release_image`].
    pub take_image: unsafe extern "C" fn(release: *const (), state: *const ()) -> *const (),
    /// Runs the default body of a method that the provider of `interface` leaves out: for callers who have no such body of
    /// their own. `receiver`, `frame` and `out` are those of the call, `method` a number of `wanted`, which describes the
    /// contract as the caller knows it. The body is code of `wanted`'s image, or of a module that is loaded and describes
    /// the same contract; a fault when there is none. What is written needs no check. Answers as an interface's `invoke`.
    pub default_body: unsafe extern "C" fn(
        receiver: *mut Receiver,
        interface: *const InterfaceHeader,
        wanted: *const ContractDescriptor,
        method: u32,
        frame: *const core::ffi::c_void,
        out: *mut core::ffi::c_void,
    ) -> i32,
}

// SAFETY: functions, and tables that are immortal and read-only.
unsafe impl Send for Host {}
// SAFETY: as above.
unsafe impl Sync for Host {}

frozen_layout!(Host {
    size: 128, size @ 0, abi @ 4, fault_new @ 8, fault_unhandled @ 16, report @ 24, adapt @ 32, thread @ 40, enter @ 48,
    pin @ 56, cast @ 64, keep_image @ 72, release_image @ 80, threads @ 88, log @ 96, send_image @ 104,
    take_image @ 112, default_body @ 120,
});
