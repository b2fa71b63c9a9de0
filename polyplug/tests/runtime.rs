//! Loading, looking up, providing and reflecting, with really loaded libraries.

use std::sync::atomic::{AtomicU64, Ordering};

use counter_api::{Counter, Source, Unoffered};
use fixture_harness::{Folder, fixture};
use kinds_api::Kinds;
use polyplug::{Caller, Error, Instance, Pinned, Runtime};

struct Numbers(AtomicU64);

impl Source for Numbers {
    fn next(&self) -> u64 {
        self.0.fetch_add(1, Ordering::SeqCst)
    }
}

/// A counter of the host's own.
struct Fake;

impl Counter for Fake {
    fn add(&self, amount: u64) -> u64 {
        amount * 1000
    }
    fn added_in_this_image(&self) -> u64 {
        0
    }
    fn ask(&self) -> Result<u64, polyplug::Fault> {
        Ok(0)
    }
    fn name(&self) -> String {
        "fake".to_owned()
    }
}

/// Host code is written against the trait, and tested with plain structs.
fn add_twice(counter: &impl Counter) -> u64 {
    counter.add(1);
    counter.add(1)
}

#[test]
fn callers_share_one_state_and_instances_have_their_own() {
    let runtime = Runtime::new();
    let module = runtime.load(fixture("counter")).expect("loaded");
    let one = runtime.get::<dyn Counter>().expect("a caller");
    let two = module.get::<dyn Counter>().expect("a caller");
    assert_eq!(add_twice(&one), 2);
    assert_eq!(add_twice(&two), 4);
    let pinned = Caller::pin(&one).expect("pinned");
    assert_eq!(pinned.clone().add(1), 5);
    let mine = runtime.create::<dyn Counter>().expect("an instance");
    let yours = module.create::<dyn Counter>().expect("an instance");
    assert_eq!((add_twice(&mine), add_twice(&yours)), (2, 2));
    assert_eq!(one.add(0), 5);
    assert_eq!(add_twice(&Fake), 1000);
    assert_eq!(
        (
            Caller::plugin(&one),
            Pinned::plugin(&pinned),
            Instance::plugin(&mine)
        ),
        ("counter", "counter", "counter")
    );
    assert_eq!(
        format!("{one:?} {pinned:?} {mine:?}"),
        "Caller<dyn Counter>(counter) Pinned<dyn Counter>(counter) Instance<dyn Counter>(counter)"
    );
}

#[test]
fn c15_handles_cross_threads() {
    fn shared<T: Send + Sync + 'static>(_: &T) {}
    let runtime = Runtime::new();
    runtime.load(fixture("counter")).expect("loaded");
    let caller = runtime.get::<dyn Counter>().expect("a caller");
    let pinned = Caller::pin(&caller).expect("pinned");
    let instance = runtime.create::<dyn Counter>().expect("an instance");
    shared(&caller);
    shared(&pinned);
    shared(&instance);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let caller = caller.clone();
                for _ in 0..1000 {
                    caller.add(1);
                    pinned.add(1);
                    instance.add(1);
                }
            });
        }
    });
    assert_eq!(caller.add(0), 16_000);
    assert_eq!(instance.add(0), 8_000);
}

#[test]
fn a06_every_runtime_has_an_image_of_its_own() {
    let (one, two) = (Runtime::new(), Runtime::new());
    one.load(fixture("counter")).expect("loaded");
    two.load(fixture("counter")).expect("loaded");
    let (one, two) = (
        one.get::<dyn Counter>().expect("a caller"),
        two.get::<dyn Counter>().expect("a caller"),
    );
    one.add(1);
    one.add(1);
    two.add(1);
    assert_eq!(
        (one.added_in_this_image(), two.added_in_this_image()),
        (2, 1)
    );
}

#[test]
fn what_is_mapped_is_a_copy() {
    let folder = Folder::new("copy");
    let path = folder.file(
        "libcounter.so",
        &std::fs::read(fixture("counter")).expect("the library"),
    );
    let runtime = Runtime::new();
    let module = runtime.load(&path).expect("loaded");
    assert_eq!(
        module.path(),
        Some(path.canonicalize().expect("a path").as_path())
    );
    let counter = runtime.get::<dyn Counter>().expect("a caller");
    assert_eq!(counter.add(1), 1);
    std::fs::write(&path, b"overwritten in place").expect("writable");
    assert_eq!(counter.add(1), 2);
    if cfg!(target_os = "linux") {
        let maps = std::fs::read_to_string("/proc/self/maps").expect("the mappings");
        assert!(
            maps.lines().any(|line| line.contains("libcounter.so")),
            "the name says what it is"
        );
        assert!(
            !maps
                .lines()
                .any(|line| line.ends_with(&path.display().to_string()))
        );
    }
}

#[test]
fn a_path_without_extension_finds_the_library() {
    let path = fixture("counter");
    let folder = path.parent().expect("a folder");
    Runtime::new()
        .load(folder.join("counter"))
        .expect("prefix and suffix");
    Runtime::new()
        .load(folder.join("libcounter"))
        .expect("suffix");
}

#[test]
fn providers_are_found_by_contract_and_by_name_in_load_order() {
    let runtime = Runtime::new();
    runtime
        .provide_as::<dyn Counter>("fake", Fake)
        .expect("provided");
    runtime.load(fixture("counter")).expect("loaded");
    runtime.load(fixture("kinds")).expect("loaded");
    let names: Vec<_> = runtime
        .providers::<dyn Counter>()
        .iter()
        .map(|it| it.plugin().to_owned())
        .collect();
    assert_eq!(names, ["fake", "counter"]);
    assert_eq!(
        runtime.get::<dyn Counter>().expect("the first").add(1),
        1000
    );
    assert_eq!(
        runtime
            .get_from::<dyn Counter>("counter")
            .expect("by name")
            .add(1),
        1
    );
    assert_eq!(
        runtime
            .create_from::<dyn Counter>("counter")
            .expect("by name")
            .add(1),
        1
    );
    let provider = &runtime.providers::<dyn Counter>()[1];
    assert_eq!(provider.version(), "2.5.0");
    assert_eq!(provider.get().expect("a caller").name(), "counter");
    assert_eq!(provider.create().expect("an instance").name(), "counter");
    assert!(provider.defaulted().is_empty());
    assert_eq!(
        runtime.providers::<dyn Kinds>()[0].defaulted(),
        ["greet_twice"]
    );
    assert!(runtime.providers::<dyn Unoffered>().is_empty());

    let error = runtime
        .create_from::<dyn Counter>("fake")
        .expect_err("one value");
    assert_eq!(error.code(), "not-constructible");
    let error = runtime
        .get_from::<dyn Counter>("countr")
        .expect_err("misspelt");
    assert_eq!(
        error.to_string(),
        "no plugin `countr` offers the contract `fixture.counter 1.2`; did you mean `counter`? it is offered by `fake`, `counter`"
    );
    let error = runtime.get::<dyn Unoffered>().expect_err("nobody");
    assert_eq!(
        error.to_string(),
        "nobody offers the contract `fixture.counters 1.0`; did you mean `fixture.counter 1.2`? there is `fixture.counter 1.2`, `fixture.kinds 1.0`"
    );
}

#[test]
fn names_are_unique_across_plugins_and_provided_values() {
    let runtime = Runtime::new();
    runtime
        .provide::<dyn Source>(Numbers(0.into()))
        .expect("provided");
    let error = runtime
        .provide::<dyn Source>(Numbers(0.into()))
        .expect_err("twice");
    assert_eq!(error.code(), "duplicate-name");
    runtime
        .provide::<dyn Counter>(Fake)
        .expect("another contract under the same name");
    runtime
        .provide_as::<dyn Counter>("counter", Fake)
        .expect("provided");
    let error = runtime.load(fixture("counter")).expect_err("taken");
    assert!(
        matches!(&error, Error::DuplicateName { name, .. } if name == "counter"),
        "{error}"
    );
    let other = Runtime::new();
    other.load(fixture("counter")).expect("loaded");
    let error = other
        .provide_as::<dyn Source>("counter", Numbers(0.into()))
        .expect_err("taken");
    assert_eq!(error.code(), "duplicate-name");
}

#[test]
fn a07_handles_of_the_host_keep_its_runtime_alive() {
    let runtime = Runtime::new();
    runtime
        .provide::<dyn Source>(Numbers(41.into()))
        .expect("provided");
    runtime.load(fixture("counter")).expect("loaded");
    let counter = runtime.get::<dyn Counter>().expect("a caller");
    assert_eq!(counter.name(), "counter");
    assert_eq!(counter.ask().expect("a number"), 41);
    assert_eq!(counter.ask().expect("a number"), 42);
    // A plugin that asks for what nobody provides gets an error, not a panic.
    let poor = Runtime::new();
    poor.load(fixture("counter")).expect("loaded");
    let fault = poor
        .get::<dyn Counter>()
        .expect("a caller")
        .ask()
        .expect_err("nobody provides it");
    assert!(
        fault
            .message()
            .contains("plugin `counter` needs the host contract `fixture.source 1.0`"),
        "{fault}"
    );
    let pinned = Caller::pin(&counter).expect("pinned");
    drop((runtime, counter));
    assert_eq!(
        pinned.ask().expect("a handle of the host keeps it alive"),
        43
    );
}

#[test]
fn reflection_says_what_is_loaded() {
    let runtime = Runtime::new();
    runtime
        .provide::<dyn Source>(Numbers(0.into()))
        .expect("provided");
    let module = runtime.load(fixture("counter")).expect("loaded");
    let plugins = module.plugins();
    let counter = &plugins[0];
    assert_eq!(
        (counter.name(), counter.version(), counter.description()),
        ("counter", "2.5.0", "Counts what is added")
    );
    assert_eq!(counter.authors(), ["Ada <ada@example.org>", "Bob"]);
    assert_eq!(
        (counter.license(), counter.repository()),
        ("MIT OR Apache-2.0", "https://example.org/counter")
    );
    let contract = &counter.contracts()[0];
    assert_eq!(
        (
            contract.id(),
            contract.name(),
            contract.version().to_string().as_str()
        ),
        ("fixture.counter", "Counter", "1.2")
    );
    assert_eq!(
        contract.docs(),
        "Counts.\n\nEvery caller of one plugin sees one count."
    );
    let signatures: Vec<_> = contract.methods().iter().map(ToString::to_string).collect();
    assert_eq!(
        signatures,
        [
            "add(amount: u64) -> u64",
            "added_in_this_image() -> u64",
            "ask() -> Result<u64, Fault>",
            "name() -> String"
        ]
    );
    assert_eq!(
        contract.methods()[0].docs(),
        "Adds, and says what it is now."
    );
    assert_eq!(runtime.modules().len(), 2);
    assert_eq!(
        runtime
            .plugins()
            .iter()
            .map(|plugin| plugin.name().to_owned())
            .collect::<Vec<_>>(),
        ["host", "counter"]
    );
    let contracts: Vec<_> = runtime
        .contracts()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        contracts,
        [
            "fixture.source 1.0",
            "fixture.counter 1.2",
            "fixture.counters 1.0"
        ]
    );
    assert!(runtime.contracts()[0].is_host_contract());
    assert_eq!(
        format!("{module:?}"),
        format!(
            "Module(`{}`)",
            fixture("counter").canonicalize().expect("a path").display()
        )
    );
}

#[test]
fn every_kind_of_type_has_a_signature() {
    let info = polyplug::inspect(fixture("kinds")).expect("inspected");
    let contract = info.plugins()[0].contracts()[0].clone();
    let find = |name: &str| {
        contract
            .methods()
            .iter()
            .find(|method| method.name() == name)
            .expect("there")
            .signature()
    };
    assert_eq!(find("join"), "join(parts: &[String], with: &str) -> String");
    assert_eq!(
        find("maybe"),
        "maybe(value: Option<Option<String>>) -> Option<Option<String>>"
    );
    assert_eq!(
        find("rename"),
        "rename(document: Document, title: &str) -> Document"
    );
    assert_eq!(find("centre"), "centre(points: &[Point]) -> Option<Point>");
    assert_eq!(
        find("divide"),
        "divide(a: i64, b: i64) -> Result<i64, KindsError>"
    );
    assert_eq!(find("swap"), "swap(value: (u8, String)) -> (String, u8)");
    assert_eq!(find("rotate"), "rotate(values: [u16; 3]) -> [u16; 3]");
    assert_eq!(find("boxed"), "boxed(value: Box<u64>) -> Box<String>");
    assert_eq!(
        find("call_back"),
        "call_back(listener: &dyn Listener, times: u32) -> u32"
    );
    assert_eq!(find("nothing"), "nothing()");
}
