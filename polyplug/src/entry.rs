//! The entry point of a module, and the distributed slices that the macros fill.
//!
//! What is held: references to descriptors of this image. Who may touch it: the statics that the macros emit, the
//! loader of a host that calls `polyplug_init`, and `Runtime::load_linked`.
//!
//! What is always true:
//!
//! * **R1** An offer's interface is one for its plugin's type, and its descriptor makes and destroys that type.
//! * **R2** Offers with the same plugin pointer are of one type, once [`prepared`] ran.

use core::any::TypeId;
use core::fmt;
use core::ptr;
use core::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering};
use std::sync::Once;

use linkme::distributed_slice;
use polyplug_abi::{
    ABI_VERSION, ContractDescriptor, Host, InterfaceHeader, List, Offer, PluginDescriptor,
    Registration, Slice, init_code, init_options, module_flags,
};

use crate::{image, panics, threads};

/// Every `#[plugin]` in this image.
#[distributed_slice]
pub static OFFERS: [&'static OfferEntry];

/// Every `#[contract]` in this image.
#[distributed_slice]
pub static CONTRACTS: [ContractEntry];

/// Not empty when this image must never be unmapped: see [`never_unmap!`](crate::never_unmap).
#[distributed_slice]
pub static NEVER_UNMAP: [bool];

/// Says that the library in which this stands is never unmapped: an unload of it is logical, and the report gives this reason.
///
/// For a library that hands pointers to itself to something that does not give them back, as an interpreter or a handler of
/// signals. A program with the plugin linked in is not concerned.
///
/// ```
/// polyplug::never_unmap!();
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! never_unmap {
    () => {
        #[allow(unsafe_code, reason = "generated code")]
        const _: () = {
            #[$crate::__private::linkme::distributed_slice($crate::__private::NEVER_UNMAP)]
            #[linkme(crate = $crate::__private::linkme)]
            static __STAYS: bool = true;
        };
    };
}

/// How many offers were compiled into this image, counted by functions that run when it is loaded.
static COUNTED: AtomicUsize = AtomicUsize::new(0);

/// Runs once for each `#[plugin]` when the image is loaded, whatever became of the slice.
pub fn count_offer() {
    COUNTED.fetch_add(1, Ordering::SeqCst);
}

/// A contract that is described in this image.
#[repr(transparent)]
#[derive(Debug)]
pub struct ContractEntry(&'static ContractDescriptor);

impl ContractEntry {
    /// Lists a descriptor.
    ///
    /// # Safety
    /// 1. The descriptor is one that a contract's macro wrote: everything it points to is well-formed.
    #[must_use]
    pub const unsafe fn new(descriptor: &'static ContractDescriptor) -> Self {
        Self(descriptor)
    }

    /// The descriptor.
    #[cfg(feature = "host")]
    pub(crate) fn descriptor(&self) -> &'static ContractDescriptor {
        self.0
    }
}

/// One plugin's offer of one contract, with what only Rust knows of it.
#[repr(C)]
pub struct OfferEntry {
    // The fields of `Offer`, with the pointer to be filled in.
    size: u32,
    flags: u32,
    plugin: AtomicPtr<PluginDescriptor>,
    interface: *const InterfaceHeader,
    written: *const Slice,
    written_count: usize,
    // What `Offer` does not have.
    state: fn() -> TypeId,
    describe: fn() -> &'static PluginDescriptor,
}

// SAFETY: references to statics, function pointers, and an atomic.
unsafe impl Send for OfferEntry {}
// SAFETY: as above.
unsafe impl Sync for OfferEntry {}

const _: () = {
    assert!(core::mem::offset_of!(OfferEntry, plugin) == core::mem::offset_of!(Offer, plugin));
    assert!(
        core::mem::offset_of!(OfferEntry, interface) == core::mem::offset_of!(Offer, interface)
    );
    assert!(core::mem::offset_of!(OfferEntry, written) == core::mem::offset_of!(Offer, written));
    assert!(
        core::mem::offset_of!(OfferEntry, written_count)
            == core::mem::offset_of!(Offer, written_count)
    );
    assert!(core::mem::offset_of!(OfferEntry, state) == size_of::<Offer>());
};

impl OfferEntry {
    /// An offer of `interface` by the plugin type `T`.
    ///
    /// # Safety
    /// 1. R1.
    #[must_use]
    pub const unsafe fn new<T: 'static>(
        interface: *const InterfaceHeader,
        written: &'static [Slice],
        describe: fn() -> &'static PluginDescriptor,
    ) -> Self {
        Self {
            size: size_of::<Offer>() as u32,
            flags: 0,
            plugin: AtomicPtr::new(ptr::null_mut()),
            interface,
            written: written.as_ptr(),
            written_count: written.len(),
            state: TypeId::of::<T>,
            describe,
        }
    }
}

impl fmt::Debug for OfferEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // SAFETY: R1: a descriptor of this image, with static text.
        write!(f, "OfferEntry({})", unsafe { (self.describe)().name.str() })
    }
}

/// The offers of this image, those of one type with one plugin pointer (R2).
fn prepared() -> List<Offer> {
    static ONCE: Once = Once::new();

    // Once: whoever has got the list reads it without further ado, while other runtimes ask for the plugins of this image.
    ONCE.call_once(|| {
        for (index, entry) in OFFERS.iter().enumerate() {
            let state = (entry.state)();
            let first = OFFERS[..index]
                .iter()
                .find(|earlier| (earlier.state)() == state);
            let plugin = match first {
                Some(first) => first.plugin.load(Ordering::Acquire),
                None => ptr::from_ref((entry.describe)()).cast_mut(),
            };
            entry.plugin.store(plugin, Ordering::Release);
        }
    });
    List {
        ptr: OFFERS.as_ptr().cast(),
        len: OFFERS.len(),
    }
}

/// The name of the plugin of this image, if it has exactly one.
fn only_plugin() -> Option<&'static str> {
    let first = OFFERS.iter().next()?;
    let is_only = OFFERS
        .iter()
        .all(|other| (other.state)() == (first.state)());
    // SAFETY: R1: a descriptor of this image, with static text.
    is_only.then(|| unsafe { (first.describe)().name.str() })
}

/// What this image registers; what `polyplug_init` hands over, and what `load_linked` reads.
pub(crate) fn fill(registration: &mut Registration) {
    registration.abi = ABI_VERSION;
    registration.flags = module_flags::RUST
        | if cfg!(panic = "abort") {
            module_flags::PANIC_ABORT
        } else {
            0
        };
    registration.offers = prepared();
    registration.contracts = List {
        ptr: CONTRACTS.as_ptr().cast(),
        len: CONTRACTS.len(),
    };
    registration.expected_offers = COUNTED.load(Ordering::SeqCst);
}

static INITIALISED: AtomicBool = AtomicBool::new(false);

/// The entry point of every module that is built with this crate: [`InitFunction`](polyplug_abi::InitFunction).
///
/// # Safety
/// 1. `host` is the table of a core, which is immortal.
/// 2. `registration` is writable to its stated size.
#[unsafe(no_mangle)]
#[expect(unreachable_pub, reason = "found by its symbol")]
pub unsafe extern "C" fn polyplug_init(host: *const Host, registration: *mut Registration) -> i32 {
    let init = || {
        // SAFETY: clause 2; ABI 1 has no smaller version of the struct.
        let registration = unsafe { &mut *registration };
        // SAFETY: clause 1.
        let host = unsafe { &*host };
        registration.abi = ABI_VERSION;
        if host.abi != ABI_VERSION {
            return init_code::ABI_MISMATCH;
        }
        if INITIALISED.swap(true, Ordering::SeqCst) {
            return init_code::ALREADY_INITIALISED;
        }
        // SAFETY: clause 2: text that lives for the call.
        image::become_module(host, unsafe { registration.name.str() }, registration.image);
        if registration.options & init_options::INSPECT == 0 {
            panics::install_hook(registration.options & init_options::PANIC_OUTPUT != 0);
            crate::log::install(host, only_plugin());
        }
        fill(registration);
        if !NEVER_UNMAP.is_empty() {
            registration.flags |= module_flags::NEVER_UNMAP;
        }
        if threads::may_unmap() {
            registration.flags |= module_flags::MAY_UNMAP;
        }
        if registration.expected_offers == registration.offers.len {
            init_code::READY
        } else {
            init_code::LOST_REGISTRATIONS
        }
    };
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(init)).unwrap_or_else(|payload| {
        // Its destructor could panic again.
        core::mem::forget(payload);
        init_code::PANICKED
    })
}
