//! The one symbol that a module exports, and what passes through it.

use core::ffi::CStr;

use crate::{
    Buffer, ContextRecord, ContractDescriptor, Host, InterfaceHeader, List, Receiver, Slice,
};

/// The symbol that every module exports.
pub const ENTRY_SYMBOL: &CStr = c"polyplug_init";

/// The type of the exported symbol. Fills in the registration and answers one of [`init_code`].
///
/// Called once per image, before anything else in it.
pub type InitFunction =
    unsafe extern "C" fn(host: *const Host, registration: *mut Registration) -> i32;

/// What the entry point answers.
pub mod init_code {
    /// The registration is filled in.
    pub const READY: i32 = 0;
    /// The module speaks another ABI than the host.
    pub const ABI_MISMATCH: i32 = 1;
    /// This image was initialised before.
    pub const ALREADY_INITIALISED: i32 = 2;
    /// Fewer offers were found than were compiled in.
    pub const LOST_REGISTRATIONS: i32 = 3;
    /// The entry point panicked.
    pub const PANICKED: i32 = 4;
}

/// What the host asks of the entry point.
pub mod init_options {
    /// Only to look at what the module offers: nothing will be constructed.
    pub const INSPECT: u32 = 1;
    /// Panics print their usual message on standard error.
    pub const PANIC_OUTPUT: u32 = 2;
}

/// What a module says about itself.
pub mod module_flags {
    /// Built by the Rust side of polyplug.
    pub const RUST: u32 = 1;
    /// A panic in it ends the process.
    pub const PANIC_ABORT: u32 = 2;
    /// It can be unmapped: nothing in it outlives its last call unseen.
    pub const MAY_UNMAP: u32 = 4;
    /// It must never be unmapped.
    pub const NEVER_UNMAP: u32 = 8;
}

/// What host and module tell each other at the entry point. Fields marked *in* are written by the host, *out* by
/// the module.
#[repr(C)]
#[derive(Debug)]
pub struct Registration {
    /// In: size of this struct in bytes, as the host knows it.
    pub size: u32,
    /// Out: [`ABI_VERSION`](crate::ABI_VERSION) of the module.
    pub abi: u32,
    /// In: [`init_options`].
    pub options: u32,
    /// Out: [`module_flags`].
    pub flags: u32,
    /// Out: what the plugins of the module offer.
    pub offers: List<Offer>,
    /// Out: contracts that the module describes, offered or not.
    pub contracts: List<ContractDescriptor>,
    /// Out: how many offers were compiled in.
    pub expected_offers: usize,
    /// In: name of the module, for faults that arise outside a known plugin. Copied by the module.
    pub name: Slice,
    /// In: what the core calls the image of the module; what [`ThreadTable`](crate::ThreadTable) wants to know. Lives as
    /// long as the image is mapped.
    pub image: *const (),
}

frozen_layout!(Registration {
    size: 80, size @ 0, abi @ 4, options @ 8, flags @ 12, offers @ 16, contracts @ 32, expected_offers @ 48, name @ 56,
    image @ 72,
});

/// One plugin's offer of one contract. Offers with the same `plugin` pointer share one state.
#[repr(C)]
#[derive(Debug)]
pub struct Offer {
    /// Size of this struct in bytes, as the module knows it.
    pub size: u32,
    /// Zero.
    pub flags: u32,
    /// The plugin that offers.
    pub plugin: *const PluginDescriptor,
    /// Its functions; the contract is named in their head.
    pub interface: *const InterfaceHeader,
    /// Names of the methods that the plugin wrote itself; the others are left to their default bodies.
    pub written: *const Slice,
    /// Number of those names.
    pub written_count: usize,
}

frozen_layout!(Offer { size: 40, size @ 0, flags @ 4, plugin @ 8, interface @ 16, written @ 24, written_count @ 32 });

// SAFETY: read-only data of an image; its pointers are never written through.
unsafe impl Send for Offer {}
// SAFETY: as above.
unsafe impl Sync for Offer {}
// SAFETY: as above.
unsafe impl Send for PluginDescriptor {}
// SAFETY: as above.
unsafe impl Sync for PluginDescriptor {}

/// A plugin: who it is, what it needs, how to make and destroy its state.
#[repr(C)]
#[derive(Debug)]
pub struct PluginDescriptor {
    /// Size of this struct in bytes, as the module knows it.
    pub size: u32,
    /// Zero.
    pub flags: u32,
    /// Unique in a runtime.
    pub name: Slice,
    /// Semantic version.
    pub version: Slice,
    /// One line, or empty.
    pub description: Slice,
    /// As in Cargo.toml: separated by colons; or empty.
    pub authors: Slice,
    /// SPDX expression, or empty.
    pub license: Slice,
    /// Address of the source, or empty.
    pub repository: Slice,
    /// Contracts that must be provided before it is constructed: the host's, and those of other plugins.
    pub requires: List<ContractDescriptor>,
    /// Makes a state. Null with a fault in `receiver` (panic), or null with the chain of an error in `error`
    /// (a buffer of texts, outermost first). `receiver.state` is null.
    pub construct: unsafe extern "C" fn(
        receiver: *mut Receiver,
        context: *const ContextRecord,
        error: *mut Buffer,
    ) -> *mut (),
    /// Destroys `receiver.state`; a panic on the way is a fault in `receiver`, and the state is gone all the same.
    pub destroy: unsafe extern "C" fn(receiver: *mut Receiver),
    /// Contracts whose providers shall be loaded before it, if they are there.
    pub wants: List<ContractDescriptor>,
    /// Writes what `receiver.state` wants to keep over a reload to `out` (a buffer of bytes); a panic is a fault in
    /// `receiver`. Null when the plugin keeps nothing.
    pub save: Option<unsafe extern "C" fn(receiver: *mut Receiver, out: *mut Buffer)>,
    /// As `construct`, from what an earlier version saved. Null when the plugin restores nothing.
    pub restore: Option<
        unsafe extern "C" fn(
            receiver: *mut Receiver,
            context: *const ContextRecord,
            saved: *const u8,
            saved_len: usize,
            error: *mut Buffer,
        ) -> *mut (),
    >,
    /// What `construct` and `restore` find as the state of their receiver: for who makes descriptions while it runs. Null
    /// otherwise.
    pub data: *mut (),
}

frozen_layout!(PluginDescriptor {
    size: 176, size @ 0, flags @ 4, name @ 8, version @ 24, description @ 40, authors @ 56, license @ 72,
    repository @ 88, requires @ 104, construct @ 120, destroy @ 128, wants @ 136, save @ 152, restore @ 160,
    data @ 168,
});
