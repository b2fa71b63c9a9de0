//! Writing a loader: what turns sources in another language into modules with plugins.
//!
//! A loader is a plugin that implements the contract [`Loader`](crate::Loader). When the host loads a file with one of its
//! extensions, the loader opens it: it makes a [`Guest`], which says what plugins are in it, constructs them, and answers
//! their calls. Everything else is the host's, as for a library: names, requirements, callers, reloads with their gate,
//! unloading, reports.
//!
//! Calls come by descriptor: a [`Call`] has the contract and the method, reads the arguments as values of the language and
//! takes the result as one. The language says how its values are made and taken apart, once, in [`Language`]; [`Value`] is
//! a language of its own, for loaders that have none.
//!
//! The page "Write a loader" of the book does it step by step.

use core::ffi::c_void;
use core::fmt;
use core::ptr;
use std::sync::Arc;

use polyplug_abi::{
    ABI_VERSION, Buffer, ContextRecord, ContractDescriptor, GuestModule, InterfaceHeader, List,
    Offer, PluginDescriptor, Receiver, Registration, Slice, asked,
};

use self::implementation::Behind;
pub use self::implementation::{Call, Implementation};
pub use self::language::{Handed, Language, Pairs, Unfit};
pub use self::remote::Remote;
pub use self::value::{Own, Value, Values};
pub use self::views::{Argument, Contract, ContractView, Field, Method, Type, Variant};
use crate::context::Context;
use crate::data::Data as _;
use crate::fault::Fault;
use crate::loader::Opened;
use crate::panics;
use crate::plugin::BoxError;

mod implementation;
mod language;
mod read;
mod remote;
mod value;
mod views;
mod write;

/// A source that was opened: the plugins in it.
///
/// It lives until the host has unloaded the module, or reloaded it, and the last object of it is gone; it is dropped on no
/// thread of the user's.
pub trait Guest: Send + Sync + 'static {
    /// The plugins, in order. Asked once.
    fn plugins(&self) -> Vec<Plugin>;

    /// Makes the state of a plugin: of the one at that place of [`Guest::plugins`]. With what an older version
    /// [saved](Implementation::save), if there is such.
    ///
    /// # Errors
    /// What its constructor raised; the load is refused with it.
    fn construct(
        &self,
        plugin: usize,
        context: &Context,
        saved: Option<&[u8]>,
    ) -> Result<Box<dyn Implementation>, BoxError>;
}

/// What a plugin of a guest is and offers.
#[derive(Clone, Debug, Default)]
pub struct Plugin {
    /// Unique in a runtime; must not be empty.
    pub name: String,
    /// A semantic version, as `1.0.0`.
    pub version: String,
    /// One line, or nothing.
    pub description: String,
    /// Separated by `:`, or nothing.
    pub authors: String,
    /// An SPDX expression, or nothing.
    pub license: String,
    /// An address, or nothing.
    pub repository: String,
    /// What it implements.
    pub offers: Vec<Implements>,
    /// What it cannot do without.
    pub requires: Vec<Contract>,
    /// What is loaded first if it is there.
    pub wants: Vec<Contract>,
    /// Whether its state survives a reload.
    pub keeps_state: bool,
}

/// A contract that a plugin implements.
#[derive(Clone, Debug)]
pub struct Implements {
    /// The contract, one of those that the host knows.
    pub contract: Contract,
    /// The methods that it leaves to their default bodies.
    pub left_out: Vec<String>,
}

/// What a plugin's description points to (`PluginDescriptor::data`).
struct PluginData {
    guest: Arc<dyn Guest>,
    number: usize,
}

/// A registration that was made while the program runs, with everything that it points to.
#[repr(C)]
#[expect(clippy::vec_box, reason = "they are pointed to, and do not move")]
struct Record {
    head: GuestModule,
    registration: Registration,
    /// In the order in which they must go: the guest last, contracts after the interfaces that are made from them.
    offers: Vec<Box<Offer>>,
    offer_list: Vec<*const Offer>,
    descriptors: Vec<Box<PluginDescriptor>>,
    data: Vec<Box<PluginData>>,
    interfaces: Vec<Box<[usize]>>,
    lists: Vec<Box<[*const ContractDescriptor]>>,
    written: Vec<Box<[Slice]>>,
    texts: Vec<Box<str>>,
    contracts: Vec<Contract>,
}

impl Record {
    fn text(&mut self, text: &str) -> Slice {
        let text: Box<str> = text.into();
        let slice = Slice::text(&text);
        self.texts.push(text);
        slice
    }

    fn contracts(&mut self, contracts: &[Contract]) -> List<ContractDescriptor> {
        let list: Box<[_]> = contracts.iter().map(Contract::descriptor).collect();
        let made = List {
            ptr: list.as_ptr(),
            len: list.len(),
        };
        self.lists.push(list);
        self.contracts.extend(contracts.iter().cloned());
        made
    }

    fn plugin(
        &mut self,
        guest: &Arc<dyn Guest>,
        number: usize,
        plugin: &Plugin,
    ) -> Result<(), String> {
        let mut data = Box::new(PluginData {
            guest: Arc::clone(guest),
            number,
        });
        let descriptor = Box::new(PluginDescriptor {
            size: size_of::<PluginDescriptor>() as u32,
            flags: 0,
            name: self.text(&plugin.name),
            version: self.text(&plugin.version),
            description: self.text(&plugin.description),
            authors: self.text(&plugin.authors),
            license: self.text(&plugin.license),
            repository: self.text(&plugin.repository),
            requires: self.contracts(&plugin.requires),
            construct,
            destroy: implementation::destroy,
            wants: self.contracts(&plugin.wants),
            save: if plugin.keeps_state {
                Some(implementation::save)
            } else {
                None
            },
            restore: if plugin.keeps_state {
                Some(restore)
            } else {
                None
            },
            data: ptr::from_mut(&mut *data).cast(),
        });
        for implements in &plugin.offers {
            let offer = self.offer(&descriptor, implements);
            let offer = offer.map_err(|reason| format!("plugin `{}`: {reason}", plugin.name))?;
            self.offer_list.push(&raw const *offer);
            self.offers.push(offer);
        }
        self.data.push(data);
        self.descriptors.push(descriptor);
        Ok(())
    }

    fn offer(
        &mut self,
        descriptor: &PluginDescriptor,
        implements: &Implements,
    ) -> Result<Box<Offer>, String> {
        let contract = implements.contract.view();
        let Some(bridge) = contract.raw().bridge else {
            return Err(format!(
                "contract `{}` has no bridge to other languages; build its crate with this version of polyplug",
                contract.id()
            ));
        };
        // SAFETY: V1 of the views: a whole interface, whose size its head says.
        let mut words: Box<[usize]> = unsafe {
            let interface = bridge();
            let count = (*interface).size as usize / size_of::<usize>();
            core::slice::from_raw_parts(interface.cast::<usize>(), count).into()
        };
        let head = size_of::<InterfaceHeader>() / size_of::<usize>();
        let mut written = Vec::new();
        for (number, method) in contract.methods().enumerate() {
            if !implements.left_out.iter().any(|name| name == method.name()) {
                written.push(self.text(method.name()));
                continue;
            }
            if !method.has_default() {
                return Err(format!(
                    "method `{}` of contract `{}` is missing, and has no default body",
                    method.name(),
                    contract.id()
                ));
            }
            words[head + number] = 0;
        }
        let written: Box<[Slice]> = written.into();
        let offer = Box::new(Offer {
            size: size_of::<Offer>() as u32,
            flags: 0,
            plugin: ptr::from_ref(descriptor),
            interface: words.as_ptr().cast(),
            written: written.as_ptr(),
            written_count: written.len(),
        });
        self.interfaces.push(words);
        self.written.push(written);
        self.contracts.push(implements.contract.clone());
        Ok(offer)
    }
}

impl Opened {
    /// Hands a guest to the host: what a [`Loader`](crate::Loader) returns.
    ///
    /// # Errors
    /// When a plugin leaves out a method that has no default body.
    pub fn new(guest: impl Guest) -> Result<Self, String> {
        let guest: Arc<dyn Guest> = Arc::new(guest);
        let mut record = Box::new(Record {
            head: GuestModule {
                size: size_of::<GuestModule>() as u32,
                flags: 0,
                registration: ptr::null(),
                release: release_record,
            },
            registration: Registration {
                size: size_of::<Registration>() as u32,
                abi: ABI_VERSION,
                options: 0,
                flags: 0,
                offers: List::EMPTY,
                contracts: List::EMPTY,
                expected_offers: 0,
                name: Slice::EMPTY,
                image: ptr::null(),
            },
            offers: Vec::new(),
            offer_list: Vec::new(),
            descriptors: Vec::new(),
            data: Vec::new(),
            interfaces: Vec::new(),
            lists: Vec::new(),
            written: Vec::new(),
            texts: Vec::new(),
            contracts: Vec::new(),
        });
        for (number, plugin) in guest.plugins().iter().enumerate() {
            record.plugin(&guest, number, plugin)?;
        }
        record.registration.offers = List {
            ptr: record.offer_list.as_ptr(),
            len: record.offer_list.len(),
        };
        record.registration.expected_offers = record.offer_list.len();
        let record = Box::into_raw(record);
        // SAFETY: this very record, which does not move any more.
        unsafe { (*record).head.registration = &raw const (*record).registration };
        // SAFETY: a whole module, which the host releases once.
        Ok(unsafe { Self::of(record.cast()) })
    }
}

/// # Safety
/// 1. `module` is a [`Record`] that this image handed over, and nobody uses it any more.
unsafe extern "C" fn release_record(module: *mut GuestModule) {
    // SAFETY: clause 1.
    let closed = panics::contain(|| drop(unsafe { Box::from_raw(module.cast::<Record>()) }));
    if let Err(fault) = closed {
        panics::report_drop(&fault);
    }
}

/// # Safety
/// 1. As [`PluginDescriptor::construct`] says; the receiver's state is a [`PluginData`].
unsafe extern "C" fn construct(
    receiver: *mut Receiver,
    context: *const ContextRecord,
    error: *mut Buffer,
) -> *mut () {
    // SAFETY: clause 1.
    unsafe { make(receiver, context, None, error) }
}

/// # Safety
/// 1. As [`PluginDescriptor::restore`] says; the receiver's state is a [`PluginData`].
unsafe extern "C" fn restore(
    receiver: *mut Receiver,
    context: *const ContextRecord,
    saved: *const u8,
    saved_len: usize,
    error: *mut Buffer,
) -> *mut () {
    let saved = Slice {
        ptr: saved,
        len: saved_len,
    };
    // SAFETY: clause 1.
    unsafe { make(receiver, context, Some(saved.bytes()), error) }
}

/// # Safety
/// 1. As for [`construct`].
unsafe fn make(
    receiver: *mut Receiver,
    context: *const ContextRecord,
    saved: Option<&[u8]>,
    error: *mut Buffer,
) -> *mut () {
    let made = panics::contain(|| {
        // SAFETY: clause 1.
        let (data, context) = unsafe {
            (
                &*(*receiver).state.cast::<PluginData>(),
                Context::retain(context),
            )
        };
        data.guest.construct(data.number, &context, saved)
    });
    match made {
        Ok(Ok(implementation)) => Behind::state(implementation, None),
        Ok(Err(reason)) => {
            let chain: Vec<String> = core::iter::successors(
                Some(&*reason as &(dyn std::error::Error + 'static)),
                |error| error.source(),
            )
            .map(ToString::to_string)
            .collect();
            // SAFETY: clause 1: a place for a list of texts.
            unsafe { error.write(chain.give()) };
            ptr::null_mut()
        }
        Err(fault) => {
            // SAFETY: clause 1.
            unsafe { (*receiver).fault = fault.into_raw() };
            ptr::null_mut()
        }
    }
}

impl Context {
    /// The host's implementation of a host contract, for a guest.
    ///
    /// # Errors
    /// When the host provides none, or its runtime is gone.
    pub fn remote_host(&self, contract: &Contract) -> Result<Remote, Fault> {
        self.remote(asked::HOST, contract, 0)
    }

    /// The first other plugin that offers a contract, for a guest.
    ///
    /// # Errors
    /// When no other plugin offers it, or the runtime is gone.
    pub fn remote_peer(&self, contract: &Contract) -> Result<Remote, Fault> {
        self.remote(asked::PEER, contract, 0)
    }

    /// All other plugins that offer a contract, in load order, for a guest.
    #[must_use]
    pub fn remote_peers(&self, contract: &Contract) -> Vec<Remote> {
        (0..)
            .map_while(|number| self.remote(asked::PEER, contract, number).ok())
            .collect()
    }

    fn remote(&self, who: u32, contract: &Contract, number: usize) -> Result<Remote, Fault> {
        // SAFETY: V1 of the views.
        let link = unsafe { self.find_link(who, contract.descriptor(), number) }?;
        // SAFETY: H1: who follows it takes the interface for what its own head says.
        let caller = unsafe { crate::Caller::from_link(link) };
        Ok(Remote::link(caller, contract.view().keep()))
    }
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Record({} offers)", self.offers.len())
    }
}

const _: () = {
    assert!(core::mem::offset_of!(Record, head) == 0);
    assert!(size_of::<*const c_void>() == size_of::<usize>());
};
