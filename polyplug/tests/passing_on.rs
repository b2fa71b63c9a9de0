//! Objects that somebody else than their maker gives away, while the maker is unloaded already: what is on its way keeps the
//! maker's library mapped, and nothing else does.
#![expect(
    unsafe_code,
    reason = "holds an object between the call that gives it and whoever receives it"
)]

use std::collections::HashSet;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use fixture_harness::fixture;
use lifecycle_api::{ON_SEAL, Parcel, Seal, Shelf, Word};
use polyplug::__private::abi::{Object, Receiver, invoke_code};
use polyplug::__private::{Arena, ImplementedBy};
use polyplug::{Caller, Data, Fault, FaultKind, Module, Runtime, UnloadOutcome};

const LONG: Duration = Duration::from_secs(10);
/// Long enough for the reaper to unmap what nobody holds.
const SHORT: Duration = Duration::from_millis(100);

/// The tests watch one static, one after the other.
fn alone() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A shelf, in an image of its own: a library is mapped once for each runtime.
struct Loaded {
    module: Module,
    shelf: Caller<dyn Shelf>,
    _runtime: Runtime,
}

fn load() -> Loaded {
    let runtime = Runtime::new();
    let module = runtime.load(fixture("shelf")).unwrap();
    Loaded {
        module,
        shelf: runtime.get::<dyn Shelf>().unwrap(),
        _runtime: runtime,
    }
}

/// Whether the library is still held after all that the reaper does.
fn is_held(maker: &Module) -> bool {
    maker.unload_within(SHORT).outcome() == UnloadOutcome::Held
}

fn assert_gone(maker: &Module) {
    let report = maker.unload_within(LONG);
    assert_eq!(report.outcome(), UnloadOutcome::Unmapped, "{report}");
}

fn word(object: &Arc<dyn Word>) -> String {
    object.word()
}

/// The last `Arc` of an object whose module is unloaded, given away.
fn given(maker: &Loaded) -> Object {
    let object = maker.shelf.make("here");
    maker.module.unload();
    assert!(is_held(&maker.module));
    object.give()
}

/// What was given, received.
fn receive(object: Object) -> Arc<dyn Word> {
    // SAFETY: `give` returned it, and it is received once.
    unsafe { Data::receive(object, &Arena::new()) }
}

#[test]
fn b03_an_object_on_its_way_holds_its_makers_library() {
    let _turn = alone();
    let maker = load();
    let object = given(&maker);
    assert!(is_held(&maker.module), "by the object on its way");
    let object = receive(object);
    assert_eq!(word(&object), "here");
    assert!(is_held(&maker.module), "by who received it");
    drop(object);
    assert_gone(&maker.module);
}

#[test]
fn b03_each_owner_on_its_way_counts() {
    let _turn = alone();
    let maker = load();
    let object = maker.shelf.make("twice");
    maker.module.unload();
    let one = Arc::clone(&object).give();
    let other = object.give();
    drop(receive(one));
    assert!(is_held(&maker.module), "the other one is still on its way");
    let other = receive(other);
    let third = Arc::clone(&other).give();
    drop(other);
    let third = receive(third);
    assert_eq!(word(&third), "twice");
    drop(third);
    assert_gone(&maker.module);
}

/// Called by hand, with what is no value.
#[polyplug::contract(id = "passing.judge", version = "1.0")]
trait Judge {
    fn judge(&self, word: Arc<dyn Word>, really: bool) -> u32;
}

struct Fair;

impl Judge for Fair {
    fn judge(&self, word: Arc<dyn Word>, really: bool) -> u32 {
        assert!(really, "a judge that panics");
        word.word().len() as u32
    }
}

/// The arguments of `judge`, as they lie in its frame.
#[repr(C)]
struct Frame {
    word: *const Object,
    really: u32,
}

fn judge(word: &Object, really: u32) -> Result<u32, FaultKind> {
    let interface = <dyn Judge as ImplementedBy<Fair>>::INTERFACE;
    let mut receiver = Receiver::new(std::ptr::from_ref(&Fair).cast_mut().cast());
    let (frame, mut out) = (Frame { word, really }, 0_u32);
    // SAFETY: a live interface with a state of its own, a frame of the method, and a place for its result.
    let code = unsafe {
        ((*interface).invoke)(
            &raw mut receiver,
            0,
            (&raw const frame).cast(),
            (&raw mut out).cast(),
        )
    };
    if code == invoke_code::VALUE {
        return Ok(out);
    }
    // SAFETY: a stored fault comes with one count.
    let fault: Fault = unsafe { Data::receive(receiver.fault.cast_const(), &Arena::new()) };
    Err(fault.kind())
}

#[test]
fn b03_an_object_that_is_let_go_on_its_way_leaves_nothing_mapped() {
    let _turn = alone();
    // Taken and dropped; taken, and a panic; never taken, because its neighbour is no value.
    for (really, outcome) in [
        (1, Ok(4)),
        (0, Err(FaultKind::Panicked)),
        (7, Err(FaultKind::InvalidValue)),
    ] {
        let maker = load();
        let object = given(&maker);
        assert!(is_held(&maker.module));
        assert_eq!(polyplug::catch(|| judge(&object, really)).unwrap(), outcome);
        assert_gone(&maker.module);
    }
}

#[test]
fn c16_an_object_that_comes_home_takes_its_count_along() {
    let _turn = alone();
    let maker = load();
    maker.shelf.put(maker.shelf.make("home"));
    let object = maker.shelf.take();
    assert_eq!(word(&object), "home");
    maker.shelf.put(object);
    maker.shelf.refuse(maker.shelf.make("nowhere"));
    assert!(polyplug::catch(|| maker.shelf.lose()).is_err());
    assert_gone(&maker.module);
}

/// Whose library shall be held while a seal is received.
static WATCHED: Mutex<Option<Module>> = Mutex::new(None);

fn watch() {
    let watched = WATCHED.lock().unwrap_or_else(PoisonError::into_inner);
    let held = is_held(watched.as_ref().expect("somebody to watch"));
    assert!(held, "unmapped while its objects are on their way");
}

/// A plugin that keeps objects of another one, which is unloaded.
fn kept_by_another(count: usize) -> (Loaded, Loaded) {
    let (maker, keeper) = (load(), load());
    let mut made = (0..count).map(|number| maker.shelf.make(&number.to_string()));
    keeper.shelf.put(made.next().unwrap());
    keeper.shelf.put_all(Parcel {
        seals: HashSet::new(),
        word: made.next().unwrap(),
        more: made.map(Some).collect(),
    });
    assert_eq!(maker.module.unload().outcome(), UnloadOutcome::Held);
    (maker, keeper)
}

#[test]
fn b03_a_plugin_may_give_its_last_arc_of_an_unloaded_module_away() {
    let _turn = alone();
    let (maker, keeper) = kept_by_another(5);
    *WATCHED.lock().unwrap() = Some(maker.module.clone());
    *ON_SEAL.lock().unwrap() = Some(watch);
    let parcel = keeper.shelf.take_all();
    *ON_SEAL.lock().unwrap() = None;
    *WATCHED.lock().unwrap() = None;
    let seal = Seal {
        text: "sealed".to_owned(),
    };
    assert!(parcel.seals.contains(&seal));
    let mut words: Vec<_> = parcel.more.iter().flatten().map(word).collect();
    words.push(word(&parcel.word));
    assert_eq!(words, ["0", "1", "2", "3", "4"]);
    let one = Arc::clone(&parcel.word);
    drop(parcel);
    assert!(is_held(&maker.module), "by one object of five");
    drop(one);
    assert_gone(&maker.module);
    assert_gone(&keeper.module);
}

#[test]
fn b03_a_fault_while_objects_are_on_their_way_leaves_nothing_mapped() {
    fn panic_on_seal() {
        panic!("a seal that panics")
    }
    let _turn = alone();
    let (maker, keeper) = kept_by_another(3);
    *ON_SEAL.lock().unwrap() = Some(panic_on_seal);
    let outcome = std::panic::catch_unwind(AssertUnwindSafe(|| keeper.shelf.take_all()));
    *ON_SEAL.lock().unwrap() = None;
    assert!(outcome.is_err());
    assert_gone(&maker.module);
    assert_gone(&keeper.module);
}

#[test]
fn b03_an_argument_moves_the_last_arc_of_an_unloaded_module() {
    let _turn = alone();
    let (maker, keeper) = (load(), load());
    let object = maker.shelf.make("moved");
    maker.module.unload();
    keeper.shelf.put(object);
    for _ in 0..50 {
        let object = keeper.shelf.take();
        assert_eq!(word(&object), "moved");
        assert!(is_free_of(&keeper));
        keeper.shelf.put(object);
    }
    assert!(is_held(&maker.module));
    keeper.shelf.refuse(keeper.shelf.take());
    assert_gone(&maker.module);
    // What nobody took over goes with the plugin that kept it.
    let (maker, keeper) = kept_by_another(2);
    assert!(polyplug::catch(|| keeper.shelf.lose()).is_err());
    assert!(is_held(&maker.module), "the other one is kept");
    assert_gone(&keeper.module);
    assert_gone(&maker.module);
}

/// It keeps nothing any more, so there is nothing to give.
fn is_free_of(keeper: &Loaded) -> bool {
    polyplug::catch(|| keeper.shelf.take()).is_err()
}
