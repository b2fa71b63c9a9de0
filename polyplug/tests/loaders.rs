//! Loaders: sources in other languages become modules with plugins, and every kind of value goes through them and back.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime};

use every_api::{Every, Job, Listener, Mark, Sample, Style};
use fixture_harness::{Folder, fixture};
use polyplug::{Caller, Fault, FaultKind, Runtime, UnloadOutcome};

#[polyplug::contract(id = "test.greeter", version = "1.0")]
trait Greeter {
    fn greet(&self, name: &str) -> String;
    fn add(&self, a: u32, b: u32) -> u32 {
        a + b
    }
}

const POLITE: &str = "plugin polite 1.2.0\nimplements test.greeter\ngreet: Good day, {name}.\n";

fn toys() -> Runtime {
    let runtime = Runtime::new();
    runtime.load(fixture("toy-loader")).expect("the loader");
    runtime
}

#[test]
fn a_source_is_loaded_called_reloaded_and_closed() {
    let folder = Folder::new("toys");
    let file = folder.file("polite.toy", POLITE.as_bytes());
    let runtime = toys();
    let module = runtime.load(&file).expect("it loads");
    assert_eq!(module.plugins()[0].name(), "polite");
    let greeter = runtime.get::<dyn Greeter>().expect("offered");
    assert_eq!(greeter.greet("world"), "Good day, world.");
    assert_eq!(greeter.add(2, 3), 5, "the default body of this program");
    assert_eq!(
        runtime.providers::<dyn Greeter>()[0].defaulted(),
        ["add"],
        "what it left out"
    );

    fs::write(&file, format!("{POLITE}add: 7\n")).expect("written");
    let _ = module.reload().expect("it reloads");
    assert_eq!(greeter.add(2, 3), 7);

    fs::write(&file, "plugin polite 1.2.0\nimplements test.nothing\n").expect("written");
    let error = module.reload().expect_err("no such contract");
    assert_eq!(error.code(), "source-refused");
    assert!(
        error
            .to_string()
            .ends_with("line 2: the host knows no contract `test.nothing`"),
        "{error}"
    );
    assert_eq!(greeter.add(2, 3), 7, "the old version serves on");

    let loader = &runtime.modules()[0];
    let refused = loader.unload();
    assert_eq!(refused.outcome(), UnloadOutcome::Refused, "{refused}");
    assert_eq!(refused.dependents(), ["polite"]);

    let report = module.unload_within(Duration::from_secs(10));
    assert_eq!(report.outcome(), UnloadOutcome::Unmapped, "{report}");
    let fault = polyplug::catch(|| greeter.greet("world")).expect_err("gone");
    assert_eq!(fault.kind(), FaultKind::Unloaded);
    let report = loader.unload_within(Duration::from_secs(10));
    assert_eq!(report.outcome(), UnloadOutcome::Unmapped, "{report}");
}

#[test]
fn what_a_guest_raises_and_gets_wrong_is_a_fault_with_names() {
    let folder = Folder::new("toy-faults");
    let text = POLITE.replace("Good day, {name}.", "!no {name} here") + "add: many\n";
    let runtime = toys();
    let _ = runtime
        .load(folder.file("rude.toy", text.as_bytes()))
        .expect("it loads");
    let greeter = runtime.get::<dyn Greeter>().expect("offered");
    let fault = polyplug::catch(|| greeter.greet("cats")).expect_err("raised");
    assert!(
        fault
            .to_string()
            .starts_with("polite, test.greeter.greet: no cats here"),
        "{fault}"
    );
    let fault = polyplug::catch(|| greeter.add(1, 2)).expect_err("no number");
    assert!(
        fault
            .to_string()
            .contains("`many` is no number, and `add` returns one"),
        "{fault}"
    );
}

#[test]
fn without_a_loader_the_error_says_what_is_missing() {
    let folder = Folder::new("no-toys");
    let file = folder.file("polite.toy", POLITE.as_bytes());
    let runtime = Runtime::new();
    let error = runtime.load(&file).expect_err("nobody opens it");
    assert_eq!(error.code(), "no-loader");
    assert!(
        error.to_string().starts_with("no loader for `.toy`: ")
            && error
                .to_string()
                .ends_with("load a plugin that implements `polyplug.loader` for `.toy` first"),
        "{error}"
    );
    runtime.load(fixture("toy-loader")).expect("the loader");
    let other = folder.file("polite.tay", POLITE.as_bytes());
    let error = runtime.load(&other).expect_err("nobody opens it");
    assert!(
        error
            .to_string()
            .ends_with("(those that are loaded open `.toy`)"),
        "{error}"
    );
    let missing = folder.file("half.toy", b"plugin half 1.0.0\nimplements test.greeter\n");
    let error = runtime.load(&missing).expect_err("a method is missing");
    assert!(
        error.to_string().ends_with(
            "plugin `half`: method `greet` of contract `test.greeter` is missing, and has no default body"
        ),
        "{error}"
    );
}

#[test]
fn a_folder_loads_its_loaders_first() {
    let folder = Folder::new("toy-folder");
    let _ = folder.file("a.toy", POLITE.as_bytes());
    let _ = folder.file("b.txt", b"no source");
    let bytes = fs::read(fixture("toy-loader")).expect("the library");
    let _ = folder.file("z.so", &bytes);
    let runtime = Runtime::new();
    let report = runtime.load_dir(folder.path()).expect("a folder");
    assert_eq!(report.loaded().len(), 2, "{report}");
    assert_eq!(report.skipped().len(), 1, "{report}");
    assert!(report.failed().is_empty(), "{report}");
    let greeter = runtime.get::<dyn Greeter>().expect("offered");
    assert_eq!(greeter.greet("world"), "Good day, world.");
}

/// The contract `every.every` through a guest that passes every call on to the plugin `every`.
fn mirrored(name: &str, test: impl FnOnce(&Caller<dyn Every>, &Runtime)) {
    through(name, "every.every", test);
}

fn through(name: &str, text: &str, test: impl FnOnce(&Caller<dyn Every>, &Runtime)) {
    let folder = Folder::new(name);
    let file = folder.file("every.mirror", text.as_bytes());
    let runtime = Runtime::new();
    runtime.load(fixture("mirror-loader")).expect("the loader");
    runtime.load(fixture("every")).expect("the other plugin");
    runtime.load(&file).expect("the mirror");
    let every = runtime.get_from::<dyn Every>("mirror").expect("offered");
    test(&every, &runtime);
}

#[test]
fn values_go_through_a_guest_and_back() {
    mirrored("mirror-values", |every, _| {
        assert_eq!(every.wide(u128::MAX - 1, i128::MIN + 1), (1, i128::MAX));
        assert_eq!(every.optional_text(Some("text")), Some("TEXT".to_owned()));
        assert_eq!(every.optional_text(None), None);
        assert_eq!(every.join(&["a", "", "ß"], vec!["c"]), "a,,ß|c");
        let deep = vec![Some(("four", &[1_u16, 2, 3][..], 5)), None];
        assert_eq!(every.deep(deep), 12);
        let mark = Mark { at: 7, set: true };
        let text = "text".to_owned();
        assert_eq!(
            every.references(Some(&mark), Some(&text), &[None, Some(&mark)]),
            18
        );
        assert_eq!(every.mark(mark), Mark { at: 8, set: false });
        assert_eq!(*every.boxed(Box::new(42)), "42");
        assert_eq!(
            every.style(Style::BOLD, &[Style::ITALIC, Style(0x8000)]).0,
            0x8003
        );
        let hash = HashMap::from([("a".to_owned(), vec![1, 2]), ("b".to_owned(), vec![])]);
        let tree = BTreeMap::from([(-1, "minus".to_owned())]);
        let direct = {
            let runtime = Runtime::new();
            runtime.load(fixture("every")).expect("it loads");
            runtime.get::<dyn Every>().expect("offered")
        };
        assert_eq!(every.maps(hash.clone(), &tree), direct.maps(hash, &tree));
        let chars = HashSet::from(['x', 'ß', '🦀']);
        let texts = BTreeSet::from(["one".to_owned(), String::new()]);
        assert_eq!(
            every.sets(chars.clone(), texts.clone()),
            direct.sets(chars, texts)
        );
        let time = SystemTime::UNIX_EPOCH + Duration::new(5, 7);
        let length = Duration::new(3, 999_999_999);
        assert_eq!(every.times(time, length), direct.times(time, length));
        let path = Path::new("some/where");
        assert_eq!(
            every.path(path, PathBuf::from("rest"), vec![Path::new("more")]),
            direct.path(path, PathBuf::from("rest"), vec![Path::new("more")])
        );
        assert_eq!(every.first_word("two words", "other"), "two");
        assert_eq!(every.words("two words"), ["two", "words"]);
        let larger = polyplug::catch(|| every.larger(&[1, 2], &[3]).map(<[u32]>::len));
        assert!(
            larger.expect_err("borrowed").message().contains("borrow"),
            "a guest has nothing that a result could borrow from, but for texts"
        );
    });
}

#[test]
fn what_is_changed_in_place_goes_through_a_guest() {
    mirrored("mirror-changes", |every, _| {
        let mut samples = [
            Sample {
                left: 1.0,
                right: 2.0,
            },
            Sample::default(),
        ];
        let mut bytes = [1, 2, 3];
        every.scale(&mut samples, &mut bytes, 2.0);
        assert_eq!(
            samples[0],
            Sample {
                left: 2.0,
                right: -4.0
            }
        );
        let mut text = "text".to_owned();
        let mut list = vec![None, Some("a".to_owned())];
        let before = (text.clone(), list.clone());
        let count = every.append(&mut text, &mut list);
        assert!(
            text.len() > before.0.len() && list.len() > before.1.len(),
            "{count} {text} {list:?}"
        );
        let (mut text, mut list) = ("text".to_owned(), vec!["a".to_owned()]);
        assert!(every.append_and_fail(&mut text, &mut list).is_err());
    });
}

/// An object of the host's that counts what it hears, and that it was dropped.
struct Host {
    heard: AtomicU32,
    dropped: Arc<AtomicU32>,
}

impl Listener for Host {
    fn hear(&self, what: &str) -> u32 {
        assert!(!what.contains("panic"), "told to panic");
        self.heard.fetch_add(1, Ordering::SeqCst)
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.dropped.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn closures_and_objects_go_through_a_guest() {
    let dropped = Arc::new(AtomicU32::new(0));
    let host = || Host {
        heard: AtomicU32::new(0),
        dropped: Arc::clone(&dropped),
    };
    mirrored("mirror-closures", |every, _| {
        assert_eq!(every.each(3, &|number| number * number), [0, 1, 4]);
        assert_eq!(every.maybe(Some(&|| true)), Some(true));
        assert_eq!(every.maybe(None), None);
        let fault = every.checked(&|_| Err(Fault::new("told to fail")));
        assert!(
            fault
                .expect_err("it fails")
                .message()
                .contains("told to fail")
        );
        let mut heard = Vec::new();
        every.feed(&["a", "b"], &mut |text| heard.push(text.to_owned()));
        assert_eq!(heard, ["a", "b"]);
        assert!(every.keep(Box::new(|value| value + 1)).is_none());
        assert_eq!(every.call_kept(4), Ok(5));
        let mut before = every
            .keep(Box::new(|value| value + 2))
            .expect("the one before");
        assert_eq!(before(10), 11);
        assert_eq!(every.adder(5)(6), 11);
        assert_eq!(
            every.once(Box::new(|text| text + "!"), "once".to_owned()),
            "once!"
        );

        let listener = host();
        let _ = every.tell(&listener, 3);
        assert_eq!(listener.heard.load(Ordering::SeqCst), 3);
        drop(listener);
        assert_eq!(dropped.swap(0, Ordering::SeqCst), 1);

        let made = every.listener("made");
        assert_eq!(made.hear("x"), 0);
        assert!(made.name().contains("made"));
        drop(made);

        let shared: Arc<dyn Listener + Send + Sync> = Arc::new(host());
        let back = every.there_and_back(Arc::clone(&shared));
        assert_eq!(back.hear("x"), 0);
        assert_eq!(shared.hear("y"), 1, "the same object");
        drop((shared, back));
        assert_eq!(
            dropped.swap(0, Ordering::SeqCst),
            1,
            "every owner gave it up"
        );

        let mut lines = every.lines("one\ntwo\nthree");
        assert_eq!(lines.next().as_deref(), Some("one"));
        assert_eq!(lines.skip(5), 2);
        assert_eq!(lines.next(), None);
        assert_eq!(every.listeners(2).len(), 2);

        let job = Job {
            name: "job".to_owned(),
            listener: Some(Box::new(host())),
            work: Box::new(|value| value + 1),
        };
        let job = every.run(job, 2);
        assert!(job.name.contains("job"));
        drop(job);
        assert_eq!(dropped.swap(0, Ordering::SeqCst), 1, "dropped once");
        let job = Job {
            name: "job".to_owned(),
            listener: Some(Box::new(host())),
            work: Box::new(|value| value),
        };
        let fault = polyplug::catch(|| every.drop_and_panic(job, vec![Box::new(host())]));
        assert!(fault.is_err());
        assert_eq!(
            dropped.swap(0, Ordering::SeqCst),
            2,
            "a fault in the middle drops each once"
        );
    });
}

#[test]
fn a_guest_with_a_state_is_reloaded_through_the_gate() {
    mirrored("mirror-gate", |every, runtime| {
        let modules = runtime.modules();
        let mirror = modules.last().expect("the mirror");
        let report = mirror.reload().expect("it reloads");
        assert_eq!(report.restored(), ["mirror"]);
        assert_eq!(every.join(&["a"], vec![]), "a|");
        // Its peer is required: it cannot go before.
        let refused = modules[1].unload();
        assert_eq!(refused.outcome(), UnloadOutcome::Refused, "{refused}");
        let cascade = modules[0].unload_cascade();
        assert_eq!(cascade.cascaded().len(), 1, "{cascade}");
    });
}

#[test]
fn a_guest_that_answers_nothing_loses_nothing() {
    through("mirror-deaf", "every.every deaf", |every, _| {
        let given = Arc::new(());
        let kept = Arc::clone(&given);
        let fault = polyplug::catch(|| {
            drop(every.keep(Box::new(move |value| {
                value + Arc::strong_count(&kept) as u32
            })));
        });
        let fault = fault.expect_err("no answer");
        assert!(fault.message().contains("gave no result"), "{fault}");
        assert_eq!(Arc::strong_count(&given), 1, "the closure is gone");

        let (mut text, mut list) = ("text".to_owned(), vec![Some("a".to_owned())]);
        let fault = polyplug::catch(|| every.append(&mut text, &mut list));
        assert!(fault.is_err());
        assert_eq!((text.as_str(), list.len()), ("text", 1), "as they were");
        let mut samples = [Sample::default()];
        let fault = polyplug::catch(|| every.scale(&mut samples, &mut [], 2.0));
        assert!(fault.is_err(), "it returns nothing, but changes something");
    });
}
