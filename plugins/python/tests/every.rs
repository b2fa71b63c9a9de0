//! Every type that may stand in a contract, through a plugin in Python: data, closures and objects, both ways.

mod support;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, SystemTime};

use every_api::{Every, Job, Lines, Listener, Mark, Sample, Style};
use polyplug::{Fault, FaultKind, Pinned};
use support::{file, runtime};

fn every(test: impl FnOnce(&Pinned<dyn Every>)) {
    let Some(runtime) = runtime() else { return };
    runtime.load(file("every.py")).expect("it loads");
    let caller = runtime.get::<dyn Every>().expect("a caller");
    test(&polyplug::Caller::pin(&caller).expect("pinned"));
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
        let mut heard = self.heard.lock().expect("heard");
        heard.push(what.to_owned());
        heard.len() as u32 - 1
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.dropped.fetch_add(1, Ordering::SeqCst);
    }
}

fn collect(every: &Pinned<dyn Every>) {
    assert_eq!(
        every.optional_text(Some("collect")).as_deref(),
        Some("collected")
    );
}

#[test]
fn values_go_there_and_back() {
    every(|every| {
        for (a, b) in [
            (u128::MAX, i128::MIN),
            (1 << 64, -(1 << 64)),
            (u128::from(u64::MAX), i128::from(i64::MIN)),
            (0, i128::MAX),
        ] {
            assert_eq!(every.wide(a, b), (a, b));
        }
        assert_eq!(every.cow(Cow::Borrowed("cow")), "cow!");
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
    every(|every| {
        let hash = HashMap::from([("a".to_owned(), vec![1, 2]), ("b".to_owned(), vec![])]);
        let tree = BTreeMap::from([(-1, "a".to_owned()), (i32::MAX, "a".to_owned())]);
        let maps = every.maps(hash, &tree);
        assert_eq!(maps.len(), 2);
        assert_eq!(
            maps["a"],
            HashMap::from([(-1, vec![1, 2]), (i32::MAX, vec![1, 2])])
        );
        assert!(maps["b"].is_empty());
        let lengths = every.lengths(HashMap::from([("key".to_owned(), "value")]));
        assert_eq!(lengths, BTreeMap::from([("key".to_owned(), 5)]));
        let (tree, hash) = every.sets(
            HashSet::from(['ß', 'a']),
            BTreeSet::from(["one".to_owned(), String::new()]),
        );
        assert_eq!(tree, BTreeSet::from(['a', 'ß']));
        assert_eq!(hash, HashSet::from(["one".to_owned(), String::new()]));
    });
}

#[test]
fn times_and_paths_go_there_and_back() {
    every(|every| {
        let quarter = Duration::from_millis(250);
        for time in [
            SystemTime::UNIX_EPOCH,
            SystemTime::UNIX_EPOCH - quarter,
            SystemTime::UNIX_EPOCH - Duration::from_millis(3_750),
            SystemTime::now(),
        ] {
            let (later, twice) = every.times(time, quarter);
            assert_eq!(later, time + quarter);
            assert_eq!(twice, quarter * 2);
        }
        let path = every.path(Path::new("a"), PathBuf::from("b"), vec![Path::new("c d")]);
        assert_eq!(path, Path::new("a").join("b").join("c d"));
        let path = every.path(Path::new(""), PathBuf::new(), vec![]);
        assert_eq!(path, Path::new(""), "not `.`");
        let path = every.path(Path::new(""), PathBuf::from("b"), vec![]);
        assert_eq!(path, Path::new("b"));
        #[cfg(unix)]
        {
            use std::os::unix::ffi::OsStrExt as _;
            let odd = Path::new(std::ffi::OsStr::from_bytes(b"\xFF\xFE"));
            assert_eq!(every.path(odd, PathBuf::from("x"), vec![]), odd.join("x"));
        }
    });
}

#[test]
fn what_may_be_changed_is_changed() {
    every(|every| {
        let mut samples = [Sample {
            left: 1.0,
            right: 2.0,
        }; 3];
        let mut bytes = *b"abc";
        every.scale(&mut samples, &mut bytes, 3.0);
        assert_eq!((samples[2].left, samples[2].right), (3.0, -6.0));
        assert_eq!(&bytes, b"cba");
        let (mut text, mut list) = ("some".to_owned(), vec![None]);
        assert_eq!(every.append(&mut text, &mut list), 3);
        assert_eq!(text, "some and more");
        assert_eq!(list, [None, Some("some and more".to_owned()), None]);
        let (mut text, mut list) = ("some".to_owned(), vec!["one".to_owned()]);
        let fault = every
            .append_and_fail(&mut text, &mut list)
            .expect_err("it fails");
        assert_eq!(fault.message(), "RuntimeError: changed, and then failed");
        assert_eq!(
            (text.as_str(), &list[..]),
            ("some", &["one".to_owned()][..])
        );
    });
}

#[test]
fn a_text_may_be_a_part_of_an_argument() {
    every(|every| {
        let text = "größer als".to_owned();
        let word = every.first_word(&text, "not me");
        assert_eq!(word, "größer");
        assert_eq!(word.as_ptr(), text.as_ptr());
        assert_eq!(every.words(" a  bc d"), ["a", "bc", "d"]);
        let text = "key=value".to_owned();
        let (before, after, len) = every.split(&text);
        assert_eq!((before, after, len), ("key", "value", 9));
        assert_eq!(before.as_ptr(), text.as_ptr());
        assert_eq!(every.escapes("text", 0).expect("a part"), "text");
        let fault = every.escapes("text", 1).expect_err("it is no part");
        assert_eq!(fault.kind(), FaultKind::InvalidValue, "{fault}");
    });
}

#[test]
fn closures_go_both_ways() {
    every(|every| {
        let by = 10;
        assert_eq!(every.each(3, &|value| value * by), [0, 10, 20]);
        let texts = every.each_shared(2, &|text, bytes, index| {
            format!("{text} {} {index}", bytes.len())
        });
        assert_eq!(texts, ["python 3 0", "python 3 1"]);
        let mut fed = Vec::new();
        every.feed(&["a", "b"], &mut |text: &str| fed.push(text.to_owned()));
        assert_eq!(fed, ["a", "b"]);
        let fault = polyplug::catch(|| every.optional_text(Some("lent"))).expect_err("too late");
        assert_eq!(fault.message(), "it was lent for a call that is over");
        assert_eq!(every.maybe(Some(&|| true)), Some(true));
        assert_eq!(every.maybe(Some(&|| false)), Some(false));
        assert_eq!(every.maybe(None), None);
        assert_eq!(every.checked(&|value| Ok(value + 1)).expect("a number"), 3);
        let fault = every
            .checked(&|_| Err(Fault::new("the closure refuses")))
            .expect_err("refused");
        assert_eq!(
            fault.message(),
            "RuntimeError: the closure said: the closure refuses"
        );
        let fault = every
            .checked(&|_| panic!("the closure fails"))
            .expect_err("failed");
        assert_eq!(
            fault.message(),
            "RuntimeError: the closure said: the closure fails"
        );
        let fault =
            polyplug::catch(|| every.each(1, &|_| panic!("right through"))).expect_err("through");
        assert_eq!(fault.message(), "right through");
    });
}

#[test]
fn closures_are_kept_and_dropped() {
    every(|every| {
        let dropped = Arc::new(AtomicU32::new(0));
        let guard = Host::new(&dropped);
        let mut sum = 0;
        let first = every.keep(Box::new(move |value| {
            let _ = &guard;
            sum += value;
            sum
        }));
        assert!(first.is_none());
        assert_eq!(every.call_kept(5).expect("kept"), 5);
        assert_eq!(every.call_kept(6).expect("kept"), 11);
        let mut first = every
            .keep(Box::new(|_| panic!("a closure that panics")))
            .expect("it comes back");
        assert_eq!(first(1), 12, "our own closure, come back");
        drop(first);
        assert_eq!(dropped.load(Ordering::SeqCst), 1);
        let fault = every.call_kept(1).expect_err("it panics");
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
        collect(every);
        assert_eq!(dropped.load(Ordering::SeqCst), 2);
        let twice = every.share(Arc::new(|value| value * 3));
        assert_eq!(twice(2), 18);
        let threads: Vec<_> = (0..4)
            .map(|index| {
                let twice = Arc::clone(&twice);
                thread::spawn(move || twice(index))
            })
            .collect();
        let results: Vec<_> = threads
            .into_iter()
            .map(|thread| thread.join().expect("no panic"))
            .collect();
        assert_eq!(results, [0, 9, 18, 27]);
        assert_eq!(every.adder(5)(6), 11);
    });
}

#[test]
fn objects_of_the_host_are_called() {
    every(|every| {
        let dropped = Arc::default();
        let host = Host::new(&dropped);
        assert_eq!(every.tell(&host, 3), 2);
        assert_eq!(every.tell_elsewhere(&host), 3);
        assert_eq!(every.tell_all(vec![Some(&host), None, Some(&host)]), 9);
        struct Failing;
        impl Listener for Failing {
            fn hear(&self, _: &str) -> u32 {
                panic!("deaf")
            }
        }
        let fault = polyplug::catch(|| every.tell(&Failing, 1)).expect_err("deaf");
        assert_eq!(fault.message(), "deaf");
        drop(host);
        assert_eq!(dropped.load(Ordering::SeqCst), 1);
    });
}

#[test]
fn objects_of_python_are_called() {
    every(|every| {
        let ear = every.listener("ear");
        assert_eq!((ear.hear("one"), ear.hear("two")), (0, 1));
        let fault = polyplug::catch(|| ear.hear("panic")).expect_err("deaf");
        assert_eq!(
            (fault.kind(), fault.message()),
            (FaultKind::Threw, "RuntimeError: deaf")
        );
        assert_eq!(fault.plugin(), "python-every");
        thread::spawn(move || {
            assert_eq!(ear.name(), "ear");
            drop(ear);
        })
        .join()
        .expect("no panic");
        let all = every.listeners(3);
        assert_eq!(all.len(), 3);
        assert_eq!(all[2].0, "number 2");
        assert!(all[1].1.is_none());
        assert_eq!(all[2].1.as_ref().expect("one").name(), "number 2");
        let fault = polyplug::catch(|| every.listener("wrong").name()).expect_err("no methods");
        assert_eq!(
            fault.message(),
            "result: a dict has no method `hear` of contract `every.listener`"
        );
    });
}

#[test]
fn c16_an_arc_that_comes_home_is_the_same() {
    every(|every| {
        let dropped = Arc::default();
        let host: Arc<dyn Listener + Send + Sync> = Arc::new(Host::new(&dropped));
        let mut back = Arc::clone(&host);
        for _ in 0..100 {
            back = every.there_and_back(back);
            assert!(Arc::ptr_eq(&host, &back));
        }
        drop(back);
        collect(every);
        assert_eq!(Arc::strong_count(&host), 1);
        assert_eq!(every.keep_listener(Some(Arc::clone(&host))), 0);
        assert_eq!(Arc::strong_count(&host), 2);
        assert_eq!(every.keep_listener(None), 0);
        collect(every);
        assert_eq!(Arc::strong_count(&host), 1);
        let theirs: Arc<dyn Listener + Send + Sync> = Arc::from(every.listener("theirs"));
        assert_eq!(theirs.hear("x"), 0);
        let there = every.there_and_back(Arc::clone(&theirs));
        assert_eq!(there.hear("y"), 1);
    });
}

#[test]
fn exclusive_objects_are_read_and_lent() {
    every(|every| {
        let mut lines = every.lines("one\ntwo\nthree");
        assert_eq!(lines.next().as_deref(), Some("one"));
        assert_eq!(lines.skip(5), 2);
        assert_eq!(lines.next(), None);
        assert_eq!(lines.read(), 3);
        lines.rewind();
        assert_eq!(every.read_all(&mut *lines), ["one", "two", "three"]);
        lines.rewind();
        assert_eq!(lines.next().as_deref(), Some("one"));
        assert_eq!(every.peek(&*lines), 1);
        assert_eq!(every.consume(lines), 3);
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
        }
        let mut ours = Ours(0);
        assert_eq!(every.read_all(&mut ours), ["1", "2", "3"]);
        assert_eq!(every.consume(Box::new(Ours(0))), 4);
    });
}

#[test]
fn c07_objects_inside_data_are_dropped_once() {
    every(|every| {
        let dropped = Arc::default();
        let job = || {
            let guard = Host::new(&dropped);
            Job {
                name: "job".to_owned(),
                listener: Some(Box::new(Host::new(&dropped))),
                work: Box::new(move |value| {
                    assert!(value < 100, "too much work");
                    let _ = &guard;
                    value * 2
                }),
            }
        };
        let mut back = every.run(job(), 3);
        assert_eq!(back.name, "job!");
        assert_eq!((back.work)(21), 42);
        assert_eq!(back.listener.as_ref().expect("one").hear("after"), 3);
        drop(back);
        collect(every);
        assert_eq!(dropped.load(Ordering::SeqCst), 2);
        let listeners: Vec<Box<dyn Listener>> =
            vec![Box::new(Host::new(&dropped)), Box::new(Host::new(&dropped))];
        let fault =
            polyplug::catch(|| every.drop_and_panic(job(), listeners)).expect_err("an error");
        assert_eq!(fault.message(), "RuntimeError: job and 2");
        collect(every);
        assert_eq!(dropped.load(Ordering::SeqCst), 6);
        let fault = polyplug::catch(|| every.run(job(), 101))
            .map(drop)
            .expect_err("an error");
        assert_eq!(fault.message(), "too much work");
        collect(every);
        assert_eq!(dropped.load(Ordering::SeqCst), 8);
    });
}
