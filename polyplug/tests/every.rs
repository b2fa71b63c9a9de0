//! Every type that may stand in a contract, through a really loaded library and back.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use every_api::{Every, Job, Lines, Listener, Mark, Sample, Shelf, Style};
use fixture_harness::fixture;
use polyplug::{Fault, FaultKind, Pinned, Runtime};

fn every(test: impl FnOnce(&Pinned<dyn Every>, &Runtime)) {
    let runtime = Runtime::new();
    runtime.load(fixture("every")).unwrap();
    let caller = runtime.get::<dyn Every>().unwrap();
    let pinned = polyplug::Caller::pin(&caller).unwrap();
    test(&pinned, &runtime);
}

/// An object of the host's that counts what it hears, and that it was dropped.
struct Host {
    heard: Mutex<Vec<String>>,
    dropped: Arc<AtomicU32>,
}

impl Host {
    fn new(dropped: &Arc<AtomicU32>) -> Self {
        Self {
            heard: Mutex::default(),
            dropped: Arc::clone(dropped),
        }
    }
}

impl Listener for Host {
    fn hear(&self, what: &str) -> u32 {
        assert!(!what.contains("panic"), "told to panic");
        let mut heard = self.heard.lock().unwrap();
        heard.push(what.to_owned());
        heard.len() as u32 - 1
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.dropped.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn values_go_there_and_back() {
    every(|every, _| {
        assert_eq!(
            every.wide(u128::MAX - 1, i128::MIN + 1),
            (1, i128::MAX),
            "128 bits"
        );
        assert_eq!(every.wide(1 << 64, 1 << 64).1, -(1 << 64));
        assert_eq!(every.cow(Cow::Borrowed("cow")), "cow!");
        assert_eq!(every.cow(Cow::Owned("owned".to_owned())), "owned!");
        assert_eq!(every.optional_text(Some("text")), Some("TEXT".to_owned()));
        assert_eq!(every.optional_text(None), None);
        assert_eq!(every.join(&["a", "", "ß"], vec!["c"]), "a,,ß|c");
        assert_eq!(every.join(&[], vec![]), "|");
        let deep = vec![Some(("four", &[1_u16, 2, 3][..], 5)), None];
        assert_eq!(every.deep(deep), 12);
        let mark = Mark { at: 7, set: true };
        let text = "text".to_owned();
        assert_eq!(
            every.references(Some(&mark), Some(&text), &[None, Some(&mark)]),
            18
        );
        assert_eq!(every.references(None, None, &[]), 0);
        assert_eq!(every.mark(mark), Mark { at: 8, set: false });
        assert_eq!(*every.boxed(Box::new(42)), "42");
        assert_eq!(
            every.style(Style::BOLD, &[Style::ITALIC, Style(0x8000)]).0,
            0x8003
        );
    });
}

#[test]
fn maps_and_sets_go_there_and_back() {
    every(|every, _| guest_suite::maps_and_sets_go_there_and_back(every));
}

#[test]
fn times_and_paths_go_there_and_back() {
    every(|every, _| {
        guest_suite::times_and_paths_go_there_and_back(every);
        assert_eq!(
            every.path(Path::new(""), PathBuf::new(), vec![]),
            Path::new("").join("")
        );
    });
}

#[test]
fn what_may_be_changed_is_changed() {
    every(|every, _| {
        let mut samples = [Sample {
            left: 1.0,
            right: 2.0,
        }; 3];
        let mut bytes = *b"abc";
        every.scale(&mut samples, &mut bytes, 3.0);
        assert_eq!((samples[2].left, samples[2].right), (3.0, -6.0));
        assert_eq!(&bytes, b"cba");
        every.scale(&mut [], &mut [], 0.0);
        let (mut text, mut list) = ("some".to_owned(), vec![None]);
        assert_eq!(every.append(&mut text, &mut list), 3);
        assert_eq!(text, "some and more");
        assert_eq!(list, [None, Some("some and more".to_owned()), None]);
    });
}

#[test]
fn c06_a_fault_leaves_what_may_be_changed_unchanged() {
    every(|every, _| {
        let (mut text, mut list) = ("some".to_owned(), vec!["one".to_owned()]);
        let before = (text.as_ptr(), list.as_ptr());
        let fault = every.append_and_fail(&mut text, &mut list).unwrap_err();
        assert_eq!(fault.message(), "changed, and then failed");
        assert_eq!(text, "some");
        assert_eq!(list, ["one"]);
        assert_eq!((text.as_ptr(), list.as_ptr()), before);
    });
}

#[test]
fn results_borrow_from_arguments() {
    every(|every, runtime| {
        let text = "größer als".to_owned();
        let word = every.first_word(&text, "not me");
        assert_eq!(word, "größer");
        assert_eq!(word.as_ptr(), text.as_ptr());
        assert_eq!(every.first_word("", ""), "");
        let (one, other) = ([1_u32], [2_u32, 3]);
        assert_eq!(every.larger(&one, &other), Some(&other[1..]));
        assert_eq!(every.larger(&one, &[]), Some(&one[..]));
        assert_eq!(every.larger(&[], &[]), None);
        let marks = [Mark::default(), Mark { at: 5, set: true }];
        assert!(core::ptr::eq(every.pick(&marks, 1).unwrap(), &marks[1]));
        assert_eq!(every.pick(&marks, 2).unwrap_err(), "no mark 2");
        let sample = Sample {
            left: 0.5,
            right: 1.5,
        };
        assert!(core::ptr::eq(every.field(&sample), &sample.right));
        assert_eq!(every.words(" a  bc d"), ["a", "bc", "d"]);
        assert_eq!(every.split("key=value"), ("key", "value", 9));
        // The result outlives the handle: it is the caller's own.
        let word = {
            let caller = runtime.get::<dyn Every>().unwrap();
            caller.first_word(&text, "")
        };
        assert_eq!(word, "größer");
    });
}

#[test]
fn c05_a_result_that_escapes_is_a_fault() {
    every(|every, _| {
        assert_eq!(every.escapes("text", 0).unwrap(), "text");
        assert_eq!(every.escapes("text", 3).unwrap(), "");
        for how in [1, 2] {
            let fault = every.escapes("text", how).unwrap_err();
            assert_eq!(fault.kind(), FaultKind::EscapedBorrow);
            assert_eq!(
                fault.to_string(),
                "every, every.every.escapes: a borrowed result lies in no argument that crossed uncopied; \
                 return an owned value, or borrow from `&str`, `&[T]` or `&T` of numbers"
            );
        }
    });
}

#[test]
fn a_pinned_contract_lends_its_own() {
    let runtime = Runtime::new();
    runtime.load(fixture("every")).unwrap();
    let shelf = polyplug::Caller::pin(&runtime.get::<dyn Shelf>().unwrap()).unwrap();
    assert_eq!(shelf.title(), "Moby Dick");
    assert_eq!(shelf.title().as_ptr(), shelf.title().as_ptr());
    assert_eq!(shelf.numbers(), [1, 2, 3]);
    assert_eq!(shelf.number(2), Some(&3));
    assert_eq!(shelf.number(3), None);
    assert_eq!(shelf.short(), "Moby");
    let text = "key: value".to_owned();
    let before = {
        let instance = runtime.create::<dyn Shelf>().unwrap();
        assert_eq!(instance.title(), "Moby Dick");
        instance.before(&text)
    };
    assert_eq!(before, "key");
}

#[test]
fn closures_are_called_back() {
    every(|every, _| {
        let by = 10;
        assert_eq!(every.each(3, &|value| value * by), [0, 10, 20]);
        let mut texts = every.each_shared(4, &|text, bytes, index| {
            format!("{text} {} {index}", bytes.len())
        });
        texts.sort();
        assert_eq!(texts[3], "thread 3 3");
        let mut fed = Vec::new();
        every.feed(&["a", "b"], &mut |text: &str| fed.push(text.to_owned()));
        assert_eq!(fed, ["a", "b"]);
        assert_eq!(every.maybe(Some(&|| true)), Some(true));
        assert_eq!(every.maybe(None), None);
        assert_eq!(every.checked(&|value| Ok(value + 1)).unwrap(), 3);
        let fault = every.checked(&|_| panic!("the closure fails")).unwrap_err();
        assert_eq!(fault.message(), "the closure said: the closure fails");
        let fault = every
            .checked(&|_| Err(Fault::new("the closure refuses")))
            .unwrap_err();
        assert_eq!(fault.message(), "the closure said: the closure refuses");
        // Through the plugin, which knows nothing of it.
        let fault = polyplug::catch(|| every.each(1, &|_| panic!("right through"))).unwrap_err();
        assert_eq!(fault.message(), "right through");
    });
}

#[test]
fn closures_are_kept_and_dropped() {
    every(|every, _| {
        let dropped = Arc::new(AtomicU32::new(0));
        let guard = Host::new(&dropped);
        let mut sum = 0;
        let first = every.keep(Box::new(move |value| {
            let _ = &guard;
            sum += value;
            sum
        }));
        assert!(first.is_none());
        assert_eq!(every.call_kept(5).unwrap(), 5);
        assert_eq!(every.call_kept(6).unwrap(), 11);
        let mut first = every
            .keep(Box::new(|_| panic!("a closure that panics")))
            .unwrap();
        assert_eq!(first(1), 12, "our own closure, come back");
        assert_eq!(dropped.load(Ordering::SeqCst), 0);
        drop(first);
        assert_eq!(dropped.load(Ordering::SeqCst), 1);
        let fault = every.call_kept(1).unwrap_err();
        assert_eq!(fault.message(), "a closure that panics");
        assert_eq!(
            every.once(Box::new(|text| text + "!"), "once".to_owned()),
            "once!"
        );
        let guard = Host::new(&dropped);
        let unused: Box<dyn FnOnce(String) -> String + Send> = Box::new(move |text| {
            drop(guard);
            text
        });
        assert_eq!(every.once(unused, String::new()), "");
        assert_eq!(dropped.load(Ordering::SeqCst), 2);
        let twice = every.share(Arc::new(|value| value * 3));
        assert_eq!(twice(2), 18);
        let threads: Vec<_> = (0..4)
            .map(|index| {
                let twice = Arc::clone(&twice);
                std::thread::spawn(move || twice(index))
            })
            .collect();
        let results: Vec<_> = threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect();
        assert_eq!(results, [0, 9, 18, 27]);
        assert_eq!(every.adder(5)(6), 11);
    });
}

#[test]
fn objects_are_lent() {
    every(|every, _| {
        let dropped = Arc::default();
        let host = Host::new(&dropped);
        assert_eq!(every.tell(&host, 3), 2);
        assert_eq!(every.tell_elsewhere(&host), 3);
        assert_eq!(every.tell_all(vec![Some(&host), None, Some(&host)]), 9);
        assert_eq!(host.heard.lock().unwrap()[3..], ["elsewhere", "all", "all"]);
        struct Failing;
        impl Listener for Failing {
            fn hear(&self, _: &str) -> u32 {
                panic!("deaf")
            }
        }
        let fault = polyplug::catch(|| every.tell(&Failing, 1)).unwrap_err();
        assert_eq!(fault.message(), "deaf");
        drop(host);
        assert_eq!(dropped.load(Ordering::SeqCst), 1);
    });
}

#[test]
fn objects_are_given_and_dropped_once() {
    every(|every, _| {
        let ear = every.listener("ear");
        assert_eq!(ear.hear("one"), 0);
        assert_eq!(
            std::thread::spawn(move || {
                let heard = ear.hear("two");
                drop(ear);
                heard
            })
            .join()
            .unwrap(),
            1
        );
        let all = every.listeners(3);
        assert_eq!(all.len(), 3);
        assert_eq!(all[2].0, "number 2");
        assert!(all[1].1.is_none());
        assert_eq!(all[2].1.as_ref().unwrap().name(), "number 2 of 2");
        drop(all);
        assert_eq!(every.listener("last").name(), "last of 1");
        // A destructor that panics in the plugin is contained there.
        drop(every.listener("panic"));
        assert_eq!(every.listener("after").name(), "after of 1");
    });
}

#[test]
fn c16_an_arc_that_comes_home_is_the_same() {
    every(|every, _| {
        let dropped = Arc::default();
        let host: Arc<dyn Listener + Send + Sync> = Arc::new(Host::new(&dropped));
        let mut back = Arc::clone(&host);
        for _ in 0..100 {
            back = every.there_and_back(back);
            assert!(Arc::ptr_eq(&host, &back));
        }
        drop(back);
        assert_eq!(Arc::strong_count(&host), 1);
        assert_eq!(every.keep_listener(Some(Arc::clone(&host))), 0);
        assert_eq!(Arc::strong_count(&host), 2);
        assert_eq!(every.keep_listener(None), 0);
        assert_eq!(Arc::strong_count(&host), 1);
        drop(host);
        assert_eq!(dropped.load(Ordering::SeqCst), 1);
        // One of the plugin's own, kept there as what it is.
        let theirs: Arc<dyn Listener + Send + Sync> = Arc::from(every.listener("theirs"));
        assert_eq!(theirs.hear("x"), 0);
        let there = every.there_and_back(Arc::clone(&theirs));
        assert_eq!(there.hear("y"), 1);
    });
}

#[test]
fn exclusive_objects_are_read_and_lent() {
    every(|every, runtime| {
        guest_suite::exclusive_objects_are_read_and_lent(every);

        struct Ours(u32);
        impl Lines for Ours {
            fn next(&mut self) -> Option<String> {
                self.0 += 1;
                (self.0 < 4).then(|| self.0.to_string())
            }
            fn rewind(&mut self) {
                self.0 = 0;
            }
            fn read(&self) -> u32 {
                self.0
            }
            fn skip(&mut self, count: u32) -> u32 {
                self.0 += count;
                count
            }
        }
        let mut ours = Ours(0);
        assert_eq!(every.read_all(&mut ours), ["1", "2", "3"]);
        assert_eq!(ours.0, 4);
        assert_eq!(every.consume(Box::new(Ours(0))), 4);

        let mut mine = runtime.create::<dyn Lines>().unwrap();
        let mut other = runtime.create::<dyn Lines>().unwrap();
        let first = mine.next().unwrap();
        assert_eq!(
            first, "instance 0",
            "the plugin was not constructed at load"
        );
        assert_eq!(other.next().unwrap(), "instance 1");
        assert_eq!(mine.skip(9), 2);
        assert_eq!((mine.read(), other.read()), (3, 1));
        std::thread::spawn(move || mine.rewind()).join().unwrap();
    });
}

fn job(dropped: &Arc<AtomicU32>) -> Job {
    let guard = Host::new(dropped);
    Job {
        name: "job".to_owned(),
        listener: Some(Box::new(Host::new(dropped))),
        work: Box::new(move |value| {
            assert!(value < 100, "too much work");
            let _ = &guard;
            value * 2
        }),
    }
}

#[test]
fn c07_objects_inside_data_are_dropped_once() {
    every(|every, _| {
        let dropped = Arc::default();
        let mut back = every.run(job(&dropped), 3);
        assert_eq!(back.name, "job!");
        assert_eq!((back.work)(21), 42);
        assert_eq!(back.listener.as_ref().unwrap().hear("after"), 3);
        assert_eq!(dropped.load(Ordering::SeqCst), 0);
        drop(back);
        assert_eq!(dropped.load(Ordering::SeqCst), 2);

        // The callee owns them from entry, even if it then faults.
        let listeners: Vec<Box<dyn Listener>> =
            vec![Box::new(Host::new(&dropped)), Box::new(Host::new(&dropped))];
        let fault = polyplug::catch(|| every.drop_and_panic(job(&dropped), listeners)).unwrap_err();
        assert_eq!(fault.message(), "job and 2");
        assert_eq!(dropped.load(Ordering::SeqCst), 6);

        // A fault in the middle of the work, in our own closure.
        let fault = polyplug::catch(|| every.run(job(&dropped), 101))
            .map(drop)
            .unwrap_err();
        assert_eq!(fault.message(), "too much work");
        assert_eq!(dropped.load(Ordering::SeqCst), 8);
    });
}

#[test]
fn reflection_names_every_type_as_it_was_written() {
    let info = polyplug::inspect(fixture("every")).unwrap();
    let every = info
        .contracts()
        .iter()
        .find(|contract| contract.id() == "every.every")
        .unwrap();
    let signatures: Vec<_> = every.methods().iter().map(ToString::to_string).collect();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots/every-signatures.txt");
    let text = signatures.join("\n") + "\n";
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
}
