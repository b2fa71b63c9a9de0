//! Modules that describe contracts, found when something of theirs is needed that only they have: a bridge, or a default body
//! for callers that are not compiled with the contract.
//!
//! What is held: which generations have default bodies, without keeping them. Who may touch it: a generation puts itself here
//! when it is made; calls by descriptor that find a method left out look for one.
//!
//! What is always true:
//!
//! * **D1** What lies in the image of a describer is used only while that image is counted, or a thread is inside its
//!   generation, or it is this program.

use core::ffi::c_void;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use polyplug_abi::{
    ContractDescriptor, Implementor, InterfaceHeader, Receiver, Slice, fault_kind, invoke_code,
};

use super::cell::Shape;
use super::diff::{self, Side};
use super::generation::{GenerationCore, Stage};
use super::holds::Visit;
use super::info::ContractInfo;
use super::mapped::Mapped;
use super::views::{self, View};
use crate::fault::Fault;

/// One count of an image.
pub(crate) struct ImageCount(Arc<Mapped>);

impl Drop for ImageCount {
    fn drop(&mut self) {
        self.0.give_up();
    }
}

/// A contract as an image describes it that is counted meanwhile (D1).
pub(crate) struct Described {
    pub(crate) contract: *const ContractDescriptor,
    pub(crate) image: Option<ImageCount>,
}

impl Described {
    /// The contract with that number in the catalog of a generation that serves.
    pub(crate) fn at(generation: &Arc<GenerationCore>, index: usize) -> Option<Self> {
        let contract = *generation.origins.get(index)?;
        if contract.is_null() {
            return None;
        }
        // Counted first, asked then: the reaper looks at the count after the generation has left that stage.
        let image = generation.mapped.as_ref().map(|mapped| {
            mapped.hold();
            ImageCount(Arc::clone(mapped))
        });
        (generation.progress.stage() == Stage::Live).then_some(Self { contract, image })
    }
}

/// Whether a contract of a generation has our shape and order.
pub(crate) fn is_same(ours: &ContractInfo, generation: &GenerationCore, index: usize) -> bool {
    let theirs = &generation.catalog.contracts[index];
    if (theirs.id.as_str(), theirs.major) != (ours.id(), ours.version().major)
        || theirs.order != ours.order()
    {
        return false;
    }
    let side = |catalog, contract| Side {
        catalog,
        contract,
        name: "",
    };
    let theirs = || side(&generation.catalog, index);
    let ours = || side(&ours.catalog, ours.index);
    diff::differences(theirs(), ours()).is_empty() && diff::differences(ours(), theirs()).is_empty()
}

/// Generations that have default bodies, in load order.
static HAVE_DEFAULTS: Mutex<Vec<Weak<GenerationCore>>> = Mutex::new(Vec::new());

/// What was found for a descriptor of an image that has none: a generation, and the number of the contract.
static FOUND: Mutex<Option<Found>> = Mutex::new(None);

type Found = HashMap<usize, (Weak<GenerationCore>, usize)>;

fn have_defaults() -> MutexGuard<'static, Vec<Weak<GenerationCore>>> {
    HAVE_DEFAULTS.lock().unwrap_or_else(PoisonError::into_inner)
}

fn found() -> MutexGuard<'static, Option<Found>> {
    FOUND.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A generation was made: it is found from now on, if it has default bodies.
pub(crate) fn add(generation: &Arc<GenerationCore>) {
    let has = |&contract: &*const ContractDescriptor| {
        // SAFETY: read at load, of an image that is mapped as long as the generation lives.
        !contract.is_null() && unsafe { (*contract).defaults }.is_some()
    };
    if generation.origins.iter().any(has) {
        let mut all = have_defaults();
        all.retain(|generation| generation.strong_count() != 0);
        all.push(Arc::downgrade(generation));
    }
}

/// Forgets what was found for an image that goes: its addresses will be another's.
pub(crate) fn forget(range: core::ops::Range<usize>) {
    if let Some(found) = found().as_mut() {
        found.retain(|contract, _| !range.contains(contract));
    }
}

/// Where exactly this contract lies in a generation.
fn place(generation: &GenerationCore, ours: &ContractInfo) -> Option<usize> {
    if Arc::ptr_eq(&generation.catalog, &ours.catalog) {
        return Some(ours.index);
    }
    let mut numbers = 0..generation.origins.len();
    numbers.find(|&index| is_same(ours, generation, index))
}

/// Enters a module that describes exactly this contract; others are left alone, for to enter may be to wait.
fn visit(candidate: &GenerationCore, ours: &ContractInfo) -> Option<(Visit, usize)> {
    place(candidate, ours)?;
    let visit = Visit::begin(candidate)?;
    // It may have been reloaded meanwhile.
    let index = place(&visit.generation, ours)?;
    Some((visit, index))
}

/// Looks for a module with default bodies of exactly this contract: first the one that the contract was learned from.
fn search(ours: &ContractInfo) -> Option<(Visit, usize)> {
    let all: Vec<_> = have_defaults().iter().filter_map(Weak::upgrade).collect();
    let is_own =
        |generation: &&Arc<GenerationCore>| Arc::ptr_eq(&generation.catalog, &ours.catalog);
    let own = all.iter().find(is_own);
    let mut candidates = own.into_iter().chain(&all);
    candidates.find_map(|candidate| visit(candidate, ours))
}

/// The same for callers who know the contract from an image of their own.
///
/// # Safety
/// 1. `wanted` points to a descriptor of an image that is mapped, which was checked.
unsafe fn search_for(wanted: *const ContractDescriptor) -> Option<(Visit, usize)> {
    let known = found()
        .as_ref()
        .and_then(|found| found.get(&wanted.addr()).cloned());
    if let Some((known, index)) = known
        && let Some(known) = known.upgrade()
        && let Some(visit) = Visit::begin(&known)
        && Arc::ptr_eq(&visit.generation, &known)
    {
        return Some((visit, index));
    }
    // SAFETY: clause 1.
    let shape = unsafe { Shape::of(wanted) }.ok()?;
    let (visit, index) = search(&ContractInfo::new(&shape.catalog, shape.contract))?;
    let place = (Arc::downgrade(&visit.generation), index);
    found().get_or_insert_default().insert(wanted.addr(), place);
    Some((visit, index))
}

/// Runs the default body of a method that a provider leaves out, for who calls by descriptor. What it writes is as valid as
/// what compiled Rust writes. Nothing when there is no such body: the contract's module is not loaded, or it is another.
///
/// # Safety
/// 1. As [`run`], of a method of the contract that `ours` describes.
pub(crate) unsafe fn default_body(
    ours: &ContractInfo,
    implementor: Implementor,
    receiver: &mut Receiver,
    method: u32,
    frame: *const c_void,
    out: *mut c_void,
) -> Option<i32> {
    let (visit, index) = search(ours)?;
    let contract = visit.generation.origins[index];
    // SAFETY: clause 1; D1.
    unsafe { run(contract, implementor, receiver, method, frame, out) }
}

/// # Safety
/// 1. `contract` is null, or of an image that is mapped for the call (D1).
/// 2. Interface and state of the implementor belong together and live for the call; the interface was checked.
/// 3. `frame` and `out` are what `invoke` of an interface takes, of that method of `contract`.
unsafe fn run(
    contract: *const ContractDescriptor,
    mut implementor: Implementor,
    receiver: &mut Receiver,
    method: u32,
    frame: *const c_void,
    out: *mut c_void,
) -> Option<i32> {
    if contract.is_null() {
        return None;
    }
    // SAFETY: clause 1.
    let defaults = unsafe { (*contract).defaults }?;
    // Kept for the call only: the table may lie in memory that is another's soon.
    let arranged;
    // SAFETY: clauses 1 and 2.
    if unsafe { (*implementor.interface).order != (*contract).order } {
        // SAFETY: clauses 1 and 2.
        arranged = unsafe { views::arrange(implementor.interface, &views::wanted_by(contract)) };
        if let View::Made(words) = arranged.as_ref().ok()? {
            implementor.interface = words.as_ptr().cast();
        }
    }
    let state = receiver.state;
    receiver.state = (&raw const implementor).cast_mut().cast();
    // SAFETY: the state is what the function takes; clause 3.
    let code = unsafe { defaults(receiver, method, frame, out) };
    receiver.state = state;
    Some(code)
}

/// See [`Host::default_body`](polyplug_abi::Host::default_body).
///
/// # Safety
/// 1. As its documentation says.
pub(crate) unsafe extern "C" fn run_default_body(
    receiver: *mut Receiver,
    interface: *const InterfaceHeader,
    wanted: *const ContractDescriptor,
    method: u32,
    frame: *const c_void,
    out: *mut c_void,
) -> i32 {
    // SAFETY: clause 1.
    let receiver = unsafe { &mut *receiver };
    let implementor = Implementor {
        interface,
        state: receiver.state,
        plugin: Slice::EMPTY,
    };
    let run = |contract, receiver: &mut Receiver| {
        // SAFETY: clause 1; the image of the contract is the caller's, or counted (D1).
        unsafe { run(contract, implementor, receiver, method, frame, out) }
    };
    // SAFETY: clause 1.
    let code = if unsafe { (*wanted).defaults }.is_some() {
        run(wanted, receiver)
    } else {
        // SAFETY: clause 1.
        let found = unsafe { search_for(wanted) };
        found.and_then(|(visit, index)| run(visit.generation.origins[index], receiver))
    };
    code.unwrap_or_else(|| {
        receiver.fault = Fault::of_kind(fault_kind::UNKNOWN_METHOD, MISSING).into_raw();
        invoke_code::FAULT
    })
}

/// Why a method cannot be called that was left out.
pub(crate) const MISSING: &str = "the plugin leaves the method out, and no module is loaded that describes the contract and has a default body for it";
