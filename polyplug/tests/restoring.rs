//! What `#[plugin(save = .., restore = ..)]` makes of an author's functions, called by hand as the core calls them; and what
//! its descriptor requires and wants.
#![expect(unsafe_code, reason = "calls the functions of a descriptor")]

use core::mem::MaybeUninit;
use core::ptr::{self, addr_of_mut};
use core::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::string::FromUtf8Error;
use std::sync::LazyLock;

use polyplug::__private::OptionsOnOneImplOnly;
use polyplug::__private::abi::{
    Buffer, ContextRecord, ContextTable, ContractDescriptor, List, PluginDescriptor, Receiver,
    Slice, contract_flags, fault_kind,
};
use polyplug::Context;

/// What the plugins offer.
#[polyplug::contract(id = "test.register", version = "1.0")]
pub trait Register {
    /// The number.
    fn number(&self) -> u32;
}

/// What another plugin offers.
#[polyplug::contract(id = "test.peer", version = "2.1")]
pub trait Peer {
    /// Nothing much.
    fn nothing(&self);
}

/// What the host offers.
#[polyplug::host_contract(id = "test.host", version = "1.3")]
pub trait Home {
    /// Nothing much.
    fn nothing(&self);
}

/// How many of them there are.
static ALIVE: AtomicUsize = AtomicUsize::new(0);

/// Keeps a number.
#[derive(Debug)]
struct Keeper {
    number: AtomicU32,
    plugin: String,
}

/// What was saved is no number.
#[derive(Debug)]
struct NotSaved(FromUtf8Error);

impl core::fmt::Display for NotSaved {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("what was saved is no text")
    }
}

impl core::error::Error for NotSaved {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        Some(&self.0)
    }
}

impl Keeper {
    fn with(number: u32, context: &Context) -> Self {
        ALIVE.fetch_add(1, Ordering::SeqCst);
        Self {
            number: AtomicU32::new(number),
            plugin: context.plugin().to_owned(),
        }
    }
    fn new(context: &Context) -> Self {
        Self::with(7, context)
    }
    fn save(&self) -> Vec<u8> {
        let number = self.number.load(Ordering::SeqCst);
        assert!(number != 13, "thirteen is not saved");
        if number == 0 {
            return Vec::new();
        }
        number.to_string().into_bytes()
    }
    fn restore(context: &Context, saved: &[u8]) -> Result<Self, NotSaved> {
        let text = String::from_utf8(saved.to_vec()).map_err(NotSaved)?;
        if text.is_empty() {
            return Ok(Self::with(0, context));
        }
        Ok(Self::with(text.parse().expect("a number"), context))
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        ALIVE.fetch_sub(1, Ordering::SeqCst);
    }
}

#[polyplug::plugin(
    name = "keeper",
    new = Self::new,
    save = Self::save,
    restore = Self::restore,
    requires(dyn Home, dyn Peer),
    wants(dyn Register, dyn Home),
)]
impl Register for Keeper {
    fn number(&self) -> u32 {
        self.number.load(Ordering::SeqCst)
    }
}

/// Free functions, one of them generic; `restore` cannot fail; no constructor.
#[derive(Debug, Default)]
struct Simple(Vec<u8>);

mod simple {
    pub(super) fn save<S: AsRef<[u8]>>(state: &S) -> Vec<u8> {
        state.as_ref().to_vec()
    }
}

fn simple_again(_: &Context, saved: &[u8]) -> Simple {
    Simple(saved.to_vec())
}

impl AsRef<[u8]> for Simple {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

#[polyplug::plugin(name = "simple", restore = simple_again, save = simple::save)]
impl Register for Simple {
    fn number(&self) -> u32 {
        self.0.iter().copied().map(u32::from).sum()
    }
}

/// Keeps nothing.
#[derive(Debug, Default)]
struct Forgetful;

#[polyplug::plugin(name = "forgetful")]
impl Register for Forgetful {
    fn number(&self) -> u32 {
        0
    }
}

fn descriptor<T: OptionsOnOneImplOnly>() -> &'static PluginDescriptor {
    T::describe().descriptor()
}

/// A context that nobody counts, as far as plugins here use it.
struct Shared(*const ContextRecord);

// SAFETY: written before it is shared, and only read afterwards.
unsafe impl Send for Shared {}
// SAFETY: as above.
unsafe impl Sync for Shared {}

/// The one for all calls here.
static CONTEXT: LazyLock<Shared> = LazyLock::new(|| {
    unsafe extern "C" fn count(_: *const ContextRecord) {}
    let table = Box::leak(Box::new(MaybeUninit::<ContextTable>::zeroed())).as_mut_ptr();
    let record = Box::leak(Box::new(MaybeUninit::<ContextRecord>::zeroed())).as_mut_ptr();
    // SAFETY: places inside of memory that is never freed.
    unsafe {
        addr_of_mut!((*table).retain).write(count);
        addr_of_mut!((*table).release).write(count);
        addr_of_mut!((*record).table).write(table);
        addr_of_mut!((*record).plugin).write(Slice::text("keeper"));
    }
    Shared(record)
});

fn context() -> *const ContextRecord {
    CONTEXT.0
}

/// A state, or why there is none.
#[derive(Debug, PartialEq)]
enum Made {
    State(*mut ()),
    Error(Vec<String>),
    Fault(String),
}

fn construct(plugin: &PluginDescriptor) -> Made {
    let mut receiver = Receiver::new(ptr::null_mut());
    let mut error = Buffer::EMPTY;
    // SAFETY: as the descriptor asks.
    let state = unsafe { (plugin.construct)(&raw mut receiver, context(), &raw mut error) };
    made(state, &receiver, &error)
}

fn restore(plugin: &PluginDescriptor, saved: Option<&[u8]>) -> Made {
    let restore = plugin.restore.expect("it restores");
    let mut receiver = Receiver::new(ptr::null_mut());
    let mut error = Buffer::EMPTY;
    let (bytes, len) = saved.map_or((ptr::null(), 0), |saved| (saved.as_ptr(), saved.len()));
    // SAFETY: as the descriptor asks.
    let state = unsafe { restore(&raw mut receiver, context(), bytes, len, &raw mut error) };
    made(state, &receiver, &error)
}

fn made(state: *mut (), receiver: &Receiver, error: &Buffer) -> Made {
    if !state.is_null() {
        assert!(receiver.fault.is_null(), "a state and a fault");
        assert!(error.release.is_none(), "a state and an error");
        return Made::State(state);
    }
    if !receiver.fault.is_null() {
        assert!(error.release.is_none(), "a fault and an error");
        return Made::Fault(fault(receiver));
    }
    // SAFETY: a chain is a buffer of texts, each of which is a buffer of bytes.
    let texts = unsafe { core::slice::from_raw_parts(error.ptr.cast::<Buffer>(), error.len) };
    let chain = texts
        .iter()
        .map(|text| String::from_utf8(bytes(text)).expect("text"))
        .collect();
    release(error);
    Made::Error(chain)
}

/// The bytes of a buffer, which is released.
fn bytes(buffer: &Buffer) -> Vec<u8> {
    if buffer.len == 0 {
        release(buffer);
        return Vec::new();
    }
    // SAFETY: a buffer of bytes.
    let bytes = unsafe { core::slice::from_raw_parts(buffer.ptr, buffer.len) }.to_vec();
    release(buffer);
    bytes
}

fn release(buffer: &Buffer) {
    if let Some(release) = buffer.release {
        // SAFETY: once for each buffer.
        unsafe { release(buffer.ptr, buffer.capacity) };
    }
}

/// The message of a panic, which is released.
fn fault(receiver: &Receiver) -> String {
    let record = receiver.fault;
    // SAFETY: a fault that is set is a record with one count.
    unsafe {
        assert_eq!((*record).kind, fault_kind::PANICKED);
        let message = (*record).message.str().to_owned();
        ((*(*record).table).release)(record);
        message
    }
}

fn save(plugin: &PluginDescriptor, state: *mut ()) -> Result<Vec<u8>, String> {
    let save = plugin.save.expect("it saves");
    let mut receiver = Receiver::new(state);
    let mut out = Buffer::EMPTY;
    // SAFETY: as the descriptor asks.
    unsafe { save(&raw mut receiver, &raw mut out) };
    if receiver.fault.is_null() {
        Ok(bytes(&out))
    } else {
        assert!(out.release.is_none(), "bytes and a fault");
        Err(fault(&receiver))
    }
}

fn destroy(plugin: &PluginDescriptor, state: *mut ()) {
    let mut receiver = Receiver::new(state);
    // SAFETY: a state of this plugin, for the last time.
    unsafe { (plugin.destroy)(&raw mut receiver) };
    assert!(receiver.fault.is_null(), "destroyed in peace");
}

fn state(made: Made) -> *mut () {
    match made {
        Made::State(state) => state,
        other => panic!("no state: {other:?}"),
    }
}

/// The contracts of a list.
fn contracts(list: &List<ContractDescriptor>) -> Vec<(String, bool)> {
    // SAFETY: a list of a descriptor of this image.
    let descriptors = unsafe { core::slice::from_raw_parts(list.ptr, list.len) };
    descriptors
        .iter()
        .map(|&contract| {
            // SAFETY: as above.
            let contract = unsafe { &*contract };
            // SAFETY: static text.
            let id = unsafe { contract.id.str() };
            let (major, minor) = (contract.major, contract.minor);
            let host = contract.flags & contract_flags::HOST != 0;
            (format!("{id} {major}.{minor}"), host)
        })
        .collect()
}

#[test]
fn a_state_goes_there_and_back() {
    let plugin = descriptor::<Keeper>();
    let old = state(construct(plugin));
    // SAFETY: the state of a `Keeper`.
    let keeper = unsafe { &*old.cast::<Keeper>() };
    assert_eq!(save(plugin, old).as_deref(), Ok(b"7".as_slice()));

    keeper.number.store(4711, Ordering::SeqCst);
    let saved = save(plugin, old).expect("saved");
    let new = state(restore(plugin, Some(&saved)));
    // SAFETY: the state of a `Keeper`.
    let restored = unsafe { &*new.cast::<Keeper>() };
    assert_eq!((restored.number(), &*restored.plugin), (4711, "keeper"));
    // The old one is as it was.
    assert_eq!(keeper.number(), 4711);
    destroy(plugin, new);

    // Nothing at all, with a pointer and without one.
    keeper.number.store(0, Ordering::SeqCst);
    assert_eq!(save(plugin, old), Ok(Vec::new()));
    for nothing in [Some(&[][..]), None] {
        let new = state(restore(plugin, nothing));
        // SAFETY: the state of a `Keeper`.
        assert_eq!(unsafe { &*new.cast::<Keeper>() }.number(), 0);
        destroy(plugin, new);
    }

    // A panic while saving: a fault, and the state is there.
    keeper.number.store(13, Ordering::SeqCst);
    assert_eq!(save(plugin, old), Err("thirteen is not saved".to_owned()));
    keeper.number.store(14, Ordering::SeqCst);
    assert_eq!(save(plugin, old).as_deref(), Ok(b"14".as_slice()));

    // An error while restoring, and a panic.
    let Made::Error(chain) = restore(plugin, Some(b"\xFF")) else {
        panic!("restored");
    };
    assert_eq!(chain.len(), 2, "{chain:?}");
    assert_eq!(chain[0], "what was saved is no text");
    assert!(chain[1].starts_with("invalid utf-8"), "{chain:?}");
    let Made::Fault(message) = restore(plugin, Some(b"seven")) else {
        panic!("restored");
    };
    assert!(message.starts_with("a number"), "{message}");

    destroy(plugin, old);
    assert_eq!(ALIVE.load(Ordering::SeqCst), 0);
}

#[test]
fn free_functions_will_do() {
    let plugin = descriptor::<Simple>();
    let new = state(restore(plugin, Some(&[1, 2, 3])));
    assert_eq!(save(plugin, new), Ok(vec![1, 2, 3]));
    // SAFETY: the state of a `Simple`.
    assert_eq!(unsafe { &*new.cast::<Simple>() }.number(), 6);
    destroy(plugin, new);
    let new = state(construct(plugin));
    assert_eq!(save(plugin, new), Ok(Vec::new()));
    destroy(plugin, new);
}

#[test]
fn a_plugin_without_the_options_keeps_nothing() {
    let plugin = descriptor::<Forgetful>();
    assert!(plugin.save.is_none());
    assert!(plugin.restore.is_none());
    assert_eq!(plugin.requires.len, 0);
    assert_eq!(plugin.wants.len, 0);
}

#[test]
fn contracts_of_both_kinds_are_required_and_wanted() {
    let plugin = descriptor::<Keeper>();
    let named = |id: &str, host| (id.to_owned(), host);
    let (home, peer) = (named("test.host 1.3", true), named("test.peer 2.1", false));
    assert_eq!(contracts(&plugin.requires), [home.clone(), peer]);
    let own = named("test.register 1.0", false);
    assert_eq!(contracts(&plugin.wants), [own, home]);
}
