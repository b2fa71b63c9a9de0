//! Faults in the middle: before a call, while its values change hands, and after. What was the caller's stays as it was,
//! every object is dropped once, nothing is left behind.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::hash::{Hash, Hasher};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use polyplug::{Caller, Context, Fault, FaultKind, Runtime};

/// How many guards live.
static LIVE: AtomicU32 = AtomicU32::new(0);
/// Whether keys panic when they are looked at.
static ARMED: AtomicBool = AtomicBool::new(false);

/// The tests count the same guards, one after the other.
fn alone() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    ARMED.store(false, Ordering::SeqCst);
    assert_eq!(live(), 0, "an earlier test left something behind");
    turn
}

fn live() -> u32 {
    LIVE.load(Ordering::SeqCst)
}

/// Counted while it lives.
struct Guard;

impl Guard {
    fn new() -> Self {
        LIVE.fetch_add(1, Ordering::SeqCst);
        Self
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        LIVE.fetch_sub(1, Ordering::SeqCst);
    }
}

#[polyplug::contract(id = "middle.noted", version = "1.0")]
trait Noted {
    fn note(&self) -> u32;
}

impl Noted for Guard {
    fn note(&self) -> u32 {
        1
    }
}

/// A key that panics when it is armed.
#[polyplug::data]
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
struct Key {
    text: String,
}

/// The derived one, but for the panic.
impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        assert!(!ARMED.load(Ordering::SeqCst), "a key that panics");
        self.text.hash(state);
    }
}

fn key(text: &str) -> Key {
    Key {
        text: text.to_owned(),
    }
}

/// Objects at every depth.
#[polyplug::data]
struct Load {
    name: String,
    one: Option<Box<dyn Noted>>,
    list: Vec<(u8, Box<dyn Noted>)>,
    by_name: BTreeMap<String, Box<dyn Noted>>,
    shape: Shape,
    boxed: Box<Option<Arc<dyn Noted>>>,
    work: Box<dyn FnOnce() -> u32>,
    array: [Box<dyn Noted>; 2],
}

#[polyplug::data]
enum Shape {
    Empty,
    Full(String, Box<dyn Noted>),
}

/// How many guards a load holds.
const GUARDS: u32 = 9;

fn load() -> Load {
    let guard = Guard::new();
    Load {
        name: "load".to_owned(),
        one: Some(Box::new(Guard::new())),
        list: vec![(1, Box::new(Guard::new())), (2, Box::new(Guard::new()))],
        by_name: BTreeMap::from([("name".to_owned(), Box::new(Guard::new()) as _)]),
        shape: Shape::Full("full".to_owned(), Box::new(Guard::new())),
        boxed: Box::new(Some(Arc::new(Guard::new()))),
        work: Box::new(move || {
            drop(guard);
            1
        }),
        array: [Box::new(Guard::new()), Box::new(Guard::new())],
    }
}

#[polyplug::host_contract(id = "middle.middle", version = "1.0")]
trait Middle {
    fn take(&self, first: Load, keys: HashMap<Key, u32>, last: Load, text: &mut String) -> u32;
    fn give(&self, fails: bool) -> (Load, HashMap<Key, Box<dyn Noted>>, Load);
    fn sets(&self, tree: BTreeSet<String>, hash: HashSet<Key>, load: Box<Load>) -> Option<Load>;
    fn closure(&self, work: &mut dyn FnMut(HashMap<Key, u32>, Load) -> Load) -> u32;
}

struct Provider;

impl Middle for Provider {
    fn take(&self, first: Load, keys: HashMap<Key, u32>, last: Load, text: &mut String) -> u32 {
        text.push('!');
        assert!(!keys.contains_key(&key("panic")), "after all was taken");
        first.list.len() as u32 + (last.work)()
    }
    fn give(&self, fails: bool) -> (Load, HashMap<Key, Box<dyn Noted>>, Load) {
        let keys = HashMap::from([(key("a"), Box::new(Guard::new()) as Box<dyn Noted>)]);
        let given = (load(), keys, load());
        assert!(!fails, "before all was given");
        ARMED.store(text_arms(), Ordering::SeqCst);
        given
    }
    fn sets(&self, _: BTreeSet<String>, _: HashSet<Key>, load: Box<Load>) -> Option<Load> {
        Some(*load)
    }
    fn closure(&self, work: &mut dyn FnMut(HashMap<Key, u32>, Load) -> Load) -> u32 {
        let keys = HashMap::from([(key("a"), 1)]);
        ARMED.store(text_arms(), Ordering::SeqCst);
        work(keys, load()).list.len() as u32
    }
}

/// Whether results shall panic on their way.
static ARMS: AtomicBool = AtomicBool::new(false);

fn text_arms() -> bool {
    ARMS.load(Ordering::SeqCst)
}

fn provided() -> (Runtime, Caller<dyn Middle>) {
    let runtime = Runtime::new();
    runtime.provide::<dyn Middle>(Provider).unwrap();
    let middle = runtime.get::<dyn Middle>().unwrap();
    (runtime, middle)
}

fn message(outcome: Result<impl Sized, Fault>) -> String {
    match outcome {
        Ok(_) => "no fault".to_owned(),
        Err(fault) => fault.message().to_owned(),
    }
}

#[test]
fn all_goes_well() {
    let _turn = alone();
    ARMS.store(false, Ordering::SeqCst);
    let (_runtime, middle) = provided();
    let mut text = "text".to_owned();
    let keys = HashMap::from([(key("a"), 1)]);
    assert_eq!(middle.take(load(), keys, load(), &mut text), 3);
    assert_eq!(text, "text!");
    assert_eq!(live(), 0);
    let given = middle.give(false);
    assert_eq!(live(), 2 * GUARDS + 1);
    assert_eq!(given.1[&key("a")].note(), 1);
    assert_eq!((given.2.work)(), 1);
    assert_eq!(live(), 2 * GUARDS);
    drop((given.0, given.1));
    drop((
        given.2.one,
        given.2.list,
        given.2.by_name,
        given.2.shape,
        given.2.boxed,
        given.2.array,
    ));
    assert_eq!(live(), 0);
    let back = middle.sets(BTreeSet::new(), HashSet::new(), Box::new(load()));
    assert_eq!(back.unwrap().name, "load");
    assert_eq!(live(), 0);
    assert_eq!(middle.closure(&mut |_, load| load), 2);
    assert_eq!(live(), 0);
}

#[test]
fn c07_a_fault_before_the_call_leaves_everything_with_the_caller() {
    /// A caller that does not keep its runtime.
    static MIDDLE: Mutex<Option<Caller<dyn Middle>>> = Mutex::new(None);

    #[polyplug::contract(id = "middle.keeper", version = "1.0")]
    trait Keeper {
        fn keep(&self);
    }
    struct Keeping;
    impl Keeping {
        fn new(context: &Context) -> Self {
            *MIDDLE.lock().unwrap() = context.host::<dyn Middle>().ok();
            Self
        }
    }
    #[polyplug::plugin(name = "keeper", new = Self::new)]
    impl Keeper for Keeping {
        fn keep(&self) {}
    }

    let _turn = alone();
    let (runtime, middle) = provided();
    runtime.load_linked().unwrap();
    drop((runtime, middle));
    let middle = MIDDLE
        .lock()
        .unwrap()
        .take()
        .expect("provided to the plugin");
    let mut text = "text".to_owned();
    let shared: Arc<dyn Noted> = Arc::new(Guard::new());
    let mut last = load();
    last.boxed = Box::new(Some(Arc::clone(&shared)));
    let fault =
        polyplug::catch(|| middle.take(load(), HashMap::new(), last, &mut text)).unwrap_err();
    assert_eq!(fault.kind(), FaultKind::Unloaded);
    assert_eq!(text, "text");
    assert_eq!(
        (live(), Arc::strong_count(&shared)),
        (1, 1),
        "dropped by the caller, once"
    );
    drop(shared);
    let called = AtomicU32::new(0);
    let fault = polyplug::catch(|| {
        middle.closure(&mut |_, load| {
            called.fetch_add(1, Ordering::SeqCst);
            load
        })
    });
    assert_eq!(fault.unwrap_err().kind(), FaultKind::Unloaded);
    assert_eq!(called.load(Ordering::SeqCst), 0);
    assert_eq!(live(), 0);
}

#[test]
fn c07_a_fault_while_arguments_are_taken_drops_all_of_them_once() {
    let _turn = alone();
    let (_runtime, middle) = provided();
    let keys = HashMap::from([(key("a"), 1), (key("b"), 2)]);
    let items: HashSet<_> = [key("a")].into();
    let mut text = "text".to_owned();
    ARMED.store(true, Ordering::SeqCst);
    let fault = polyplug::catch(|| middle.take(load(), keys, load(), &mut text));
    assert_eq!(message(fault), "a key that panics");
    assert_eq!((text.as_str(), live()), ("text", 0));
    let fault = polyplug::catch(|| middle.sets(BTreeSet::new(), items, Box::new(load())));
    assert_eq!(message(fault), "a key that panics");
    assert_eq!(live(), 0);
}

#[test]
fn c07_a_fault_after_arguments_were_taken_drops_all_of_them_once() {
    let _turn = alone();
    let (_runtime, middle) = provided();
    let keys = HashMap::from([(key("panic"), 1)]);
    let mut text = "text".to_owned();
    let fault = polyplug::catch(|| middle.take(load(), keys, load(), &mut text));
    assert_eq!(message(fault), "after all was taken");
    assert_eq!((text.as_str(), live()), ("text", 0));
}

#[test]
fn c07_a_fault_before_or_while_a_result_is_received_drops_all_of_it_once() {
    let _turn = alone();
    let (_runtime, middle) = provided();
    let fault = polyplug::catch(|| middle.give(true));
    assert_eq!(message(fault), "before all was given");
    assert_eq!(live(), 0);
    ARMS.store(true, Ordering::SeqCst);
    let fault = polyplug::catch(|| middle.give(false));
    ARMS.store(false, Ordering::SeqCst);
    assert_eq!(message(fault), "a key that panics");
    assert_eq!(live(), 0);
}

#[test]
fn c07_a_closure_that_cannot_take_its_arguments_drops_them_once() {
    let _turn = alone();
    let (_runtime, middle) = provided();
    ARMS.store(true, Ordering::SeqCst);
    let called = AtomicU32::new(0);
    let fault = polyplug::catch(|| {
        middle.closure(&mut |_, load| {
            called.fetch_add(1, Ordering::SeqCst);
            load
        })
    });
    ARMS.store(false, Ordering::SeqCst);
    assert_eq!(message(fault), "a key that panics");
    assert_eq!((called.load(Ordering::SeqCst), live()), (0, 0));
    ARMED.store(false, Ordering::SeqCst);
    let fault = polyplug::catch(|| middle.closure(&mut |_, _| panic!("in the closure")));
    assert_eq!(message(fault), "in the closure");
    assert_eq!(live(), 0);
}

/// Two versions of one contract, whose objects differ.
mod before {
    #[polyplug::contract(id = "middle.thing", version = "1.0")]
    pub(crate) trait Thing {
        fn one(&self) -> u32;
    }
    #[polyplug::host_contract(id = "middle.maker", version = "1.0")]
    pub(crate) trait Maker {
        fn make(&self) -> Vec<Box<dyn Thing>>;
        fn take(&self, thing: Box<dyn Thing>) -> u32;
    }
}

mod after {
    #[polyplug::contract(id = "middle.thing", version = "1.1")]
    pub(crate) trait Thing {
        fn two(&self) -> u32;
        fn one(&self) -> u32;
    }
    #[polyplug::host_contract(id = "middle.maker", version = "1.0")]
    pub(crate) trait Maker {
        fn make(&self) -> Vec<Box<dyn Thing>>;
        fn take(&self, thing: Box<dyn Thing>) -> u32;
    }
}

impl before::Thing for Guard {
    fn one(&self) -> u32 {
        1
    }
}

impl after::Thing for Guard {
    fn one(&self) -> u32 {
        1
    }
    fn two(&self) -> u32 {
        2
    }
}

impl before::Maker for Provider {
    fn make(&self) -> Vec<Box<dyn before::Thing>> {
        vec![Box::new(Guard::new()), Box::new(Guard::new())]
    }
    fn take(&self, thing: Box<dyn before::Thing>) -> u32 {
        thing.one()
    }
}

#[test]
fn c12_an_object_that_lacks_a_method_is_a_fault_and_is_dropped_once() {
    use after::Maker as _;
    let _turn = alone();
    let runtime = Runtime::new();
    runtime.provide::<dyn before::Maker>(Provider).unwrap();
    let maker = runtime.get::<dyn after::Maker>().unwrap();
    let fault = polyplug::catch(|| maker.make().len()).unwrap_err();
    assert_eq!(fault.kind(), FaultKind::UnknownMethod);
    assert_eq!(
        fault.message(),
        "an object of `middle.thing` lacks a method that this side needs"
    );
    assert_eq!(live(), 0);
    // The other way round nothing is missing, and the order of the methods does not matter.
    assert_eq!(maker.take(Box::new(Guard::new())), 1);
    assert_eq!(live(), 0);
}

/// Contracts that say of one plugin that callers share it, and that they do not.
mod shared {
    #[polyplug::contract(id = "middle.use", version = "1.0")]
    pub(crate) trait Use {
        fn next(&self) -> u32;
    }
    #[polyplug::contract(id = "middle.borrow", version = "1.0")]
    pub(crate) trait Borrow {
        fn name<'a>(&self, text: &'a str) -> &'a str;
    }
}

mod exclusive {
    #[polyplug::contract(id = "middle.use", version = "1.0")]
    pub(crate) trait Use {
        fn next(&mut self) -> u32;
    }
    #[polyplug::contract(id = "middle.borrow", version = "1.0", pinned)]
    pub(crate) trait Borrow {
        fn name(&self, text: &str) -> &str;
    }
}

#[derive(Default)]
struct Counts(std::cell::Cell<u32>);

#[polyplug::plugin(name = "counts")]
impl exclusive::Use for Counts {
    fn next(&mut self) -> u32 {
        self.0.set(self.0.get() + 1);
        self.0.get()
    }
}

#[derive(Default)]
struct Names;

#[polyplug::plugin(name = "names")]
impl exclusive::Borrow for Names {
    fn name(&self, _: &str) -> &str {
        "the plugin's"
    }
}

#[test]
fn what_a_contract_promises_of_its_receiver_is_compared() {
    let _turn = alone();
    let (runtime, _middle) = provided();
    runtime.load_linked().unwrap();
    let error = runtime.get::<dyn shared::Use>().unwrap_err();
    let text = format!("{error:#}");
    for line in [
        "the contract: the provider takes `&mut self` in some methods, the caller takes `&self` in all methods; \
         a contract that becomes exclusive, or shared, is another major version",
        "method `next`, receiver: the provider has `&mut self`, the caller has `&self`",
    ] {
        assert!(text.contains(line), "{text}");
    }
    let error = runtime.get::<dyn shared::Borrow>().unwrap_err();
    assert!(
        format!("{error:#}").contains(
            "method `name`: the provider has `a result that borrows from the object`, \
             the caller has `a result that borrows from its arguments`"
        ),
        "{error:#}"
    );
    let mut counts = runtime.create::<dyn exclusive::Use>().unwrap();
    assert_eq!(
        (
            exclusive::Use::next(&mut counts),
            exclusive::Use::next(&mut counts)
        ),
        (1, 2)
    );
}

/// Data with objects, lent.
#[polyplug::host_contract(id = "middle.looking", version = "1.0")]
trait Looking {
    fn look(&self, load: &Load) -> u32;
    fn look_at_all(&self, loads: &[Load], maybe: Option<&Load>, list: Vec<&Load>) -> u32;
}

struct Looker;

/// Calls every object that can be called through a reference.
fn noted(load: &Load) -> u32 {
    let listed = load.list.iter().map(|(_, noted)| noted.note());
    let named = load.by_name.values().map(|noted| noted.note());
    let arrayed = load.array.iter().map(|noted| noted.note());
    let one = load.one.as_ref().map_or(0, |noted| noted.note());
    let boxed = load.boxed.as_ref().as_ref().map_or(0, |noted| noted.note());
    let shaped = match &load.shape {
        Shape::Empty => 0,
        Shape::Full(_, noted) => noted.note(),
    };
    listed.chain(named).chain(arrayed).sum::<u32>() + one + boxed + shaped
}

impl Looking for Looker {
    fn look(&self, load: &Load) -> u32 {
        noted(load)
    }
    fn look_at_all(&self, loads: &[Load], maybe: Option<&Load>, list: Vec<&Load>) -> u32 {
        let all = loads.iter().chain(maybe).chain(list);
        all.map(noted).sum()
    }
}

#[test]
fn c07_objects_in_what_is_lent_stay_the_callers() {
    let _alone = alone();
    let before = live();
    let runtime = Runtime::new();
    runtime.provide::<dyn Looking>(Looker).unwrap();
    let looking = runtime.get::<dyn Looking>().unwrap();
    let loads = vec![load(), load()];
    let expected = noted(&loads[0]);
    for _ in 0..3 {
        assert_eq!(looking.look(&loads[0]), expected);
        let all = looking.look_at_all(&loads, Some(&loads[1]), vec![&loads[0]]);
        assert_eq!(all, 4 * expected);
        assert_eq!(live(), before + 2 * GUARDS, "nothing was dropped");
    }
    drop(loads);
    assert_eq!(live(), before);
}
