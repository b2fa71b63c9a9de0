//! Every type that may stand in a signature, read and written by a C program: as the one who calls, through both faces, and as the
//! one who is called; and the layouts of both, compared with each other and with the published table.
#![cfg(all(target_os = "linux", target_pointer_width = "64"))]

#[path = "support/mod.rs"]
mod support;
#[path = "support/wire.rs"]
mod wire;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use fixture_harness::Folder;
use polyplug::{Data, Fault, FaultKind, Runtime};
use wire::{Chain, Colour, Ear, Job, Lines, Point, Sample, Scalars, Shape, Style, Tree, Wire};

/// What the plugin in C does besides.
#[polyplug::contract(id = "wire.checker", version = "1.0")]
pub trait Checker {
    /// Calls every method of an implementation, and says what came back that should not have.
    fn check(&self, other: &dyn Wire, erased: bool) -> String;
    /// The layouts that an implementation's descriptors state; of nothing, those that the C compiler made.
    fn layouts(&self, of: Option<&dyn Wire>) -> String;
    /// What was given away and did not come back.
    fn alive(&self) -> i64;
}

/// How many objects of this program live.
static LIVE: AtomicU32 = AtomicU32::new(0);

/// One test at a time counts them.
fn alone() -> impl Drop {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An object of this program.
struct Number(u32);

impl Number {
    fn new(number: u32) -> Self {
        LIVE.fetch_add(1, Ordering::SeqCst);
        Self(number)
    }
}

impl Drop for Number {
    fn drop(&mut self) {
        LIVE.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Ear for Number {
    fn hear(&self, what: &str) -> u32 {
        self.0 + what.len() as u32
    }
}

/// Hears through another.
struct Through(
    Box<dyn Ear + Send>,
    #[expect(dead_code, reason = "counted")] Number,
);

impl Ear for Through {
    fn hear(&self, what: &str) -> u32 {
        self.0.hear(what) + 100
    }
}

/// Two lines.
struct Two(u32);

impl Lines for Two {
    fn next(&mut self) -> Option<String> {
        self.0 += 1;
        (self.0 <= 2).then(|| format!("line {}", self.0))
    }
}

/// The implementation in Rust; that in C does the same.
struct Honest;

impl Wire for Honest {
    fn flip(&self, value: bool) -> bool {
        !value
    }
    fn after(&self, value: char) -> char {
        char::from_u32(u32::from(value) + 1).expect("not the last")
    }
    fn int8(&self, value: i8) -> i8 {
        !value
    }
    fn int16(&self, value: i16) -> i16 {
        !value
    }
    fn int32(&self, value: i32) -> i32 {
        !value
    }
    fn int64(&self, value: i64) -> i64 {
        !value
    }
    fn word(&self, value: isize) -> isize {
        !value
    }
    fn nat8(&self, value: u8) -> u8 {
        !value
    }
    fn nat16(&self, value: u16) -> u16 {
        !value
    }
    fn nat32(&self, value: u32) -> u32 {
        !value
    }
    fn nat64(&self, value: u64) -> u64 {
        !value
    }
    fn size(&self, value: usize) -> usize {
        !value
    }
    fn single(&self, value: f32) -> f32 {
        -value
    }
    fn real(&self, value: f64) -> f64 {
        -value
    }
    fn all(
        &self,
        a: bool,
        b: char,
        c: i8,
        d: i16,
        e: i32,
        f: i64,
        g: isize,
        h: u8,
        i: u16,
        j: u32,
        k: u64,
        l: usize,
        m: f32,
        n: f64,
    ) -> Scalars {
        Scalars {
            a,
            b,
            c,
            d,
            e,
            f,
            g,
            h,
            i,
            j,
            k,
            l,
            m,
            n,
        }
    }
    fn turn(&self, v: &Scalars) -> Scalars {
        Scalars {
            a: !v.a,
            b: self.after(v.b),
            c: !v.c,
            d: !v.d,
            e: !v.e,
            f: !v.f,
            g: !v.g,
            h: !v.h,
            i: !v.i,
            j: !v.j,
            k: !v.k,
            l: !v.l,
            m: -v.m,
            n: -v.n,
        }
    }
    fn wide(&self, a: u128, b: i128) -> (u128, i128) {
        (!a, !b)
    }
    fn nothing(&self) {}
    fn unit(&self, (): ()) {}
    fn text(&self, a: &str, b: String, c: Cow<'_, str>) -> String {
        format!("{a}|{b}|{c}")
    }
    fn cow(&self, text: Cow<'_, str>) -> Cow<'_, str> {
        Cow::Owned(format!("{text}!"))
    }
    fn lists(
        &self,
        plain: &[u32],
        points: &[Point],
        texts: &[&str],
        mut lists: Vec<Vec<u16>>,
    ) -> Vec<Vec<u16>> {
        lists.reverse();
        lists.push(vec![
            plain.iter().sum::<u32>() as u16,
            points.iter().filter(|point| point.on).count() as u16,
            texts.iter().map(|text| text.len()).sum::<usize>() as u16,
        ]);
        lists
    }
    fn scale(&self, samples: &mut [Sample], by: f32) {
        for sample in samples {
            sample.left *= by;
            sample.right *= -by;
        }
    }
    fn rotate(&self, [a, b, c]: [u16; 3]) -> [u16; 3] {
        [b, c, a]
    }
    fn pair(&self, [a, b]: [String; 2]) -> [String; 2] {
        [b, a]
    }
    fn options(
        &self,
        number: Option<u8>,
        wide: Option<u64>,
        text: Option<&str>,
        deep: Option<Option<String>>,
    ) -> Option<Option<String>> {
        let there = deep.is_some();
        let Some(number) = number else {
            return there.then_some(None);
        };
        let deep = deep.flatten();
        Some(Some(format!(
            "{number} {} {} {}",
            wide.unwrap_or(0),
            text.unwrap_or("-"),
            deep.as_deref().unwrap_or("-")
        )))
    }
    fn result(&self, value: Result<u8, String>) -> Result<String, u16> {
        value
            .map(|number| number.to_string())
            .map_err(|reason| reason.len() as u16)
    }
    fn tuple(&self, (a, b, c): (u8, String, f64)) -> (f64, String, u8) {
        (c, b, a)
    }
    fn boxed(&self, value: Box<u64>) -> Box<String> {
        Box::new(value.to_string())
    }
    fn maps(
        &self,
        hash: HashMap<String, u32>,
        tree: BTreeMap<u8, String>,
    ) -> (HashMap<String, u32>, BTreeMap<u8, String>) {
        (
            hash.into_iter()
                .map(|(key, value)| (key, value + 1))
                .collect(),
            tree.into_iter()
                .map(|(key, value)| (key, value + "!"))
                .collect(),
        )
    }
    fn sets(
        &self,
        hash: HashSet<char>,
        tree: BTreeSet<String>,
    ) -> (HashSet<char>, BTreeSet<String>) {
        (
            hash.into_iter().map(|letter| self.after(letter)).collect(),
            tree.into_iter().map(|text| text + "!").collect(),
        )
    }
    fn times(&self, length: Duration, time: SystemTime) -> (SystemTime, Duration) {
        let second = Duration::from_secs(1);
        (time + second, length + second)
    }
    fn paths(&self, lent: &Path, owned: PathBuf, inside: Option<&Path>) -> PathBuf {
        lent.join(owned).join(inside.unwrap_or(Path::new("-")))
    }
    fn fault(&self, value: Fault) -> Fault {
        Fault::new(format!("{}!", value.message()))
    }
    fn point(&self, value: Point, by: &Point) -> Point {
        Point {
            x: value.x + by.x,
            y: value.y + by.y,
            on: value.on ^ by.on,
        }
    }
    fn colour(&self, value: Colour) -> Colour {
        match value {
            Colour::Red => Colour::Green,
            Colour::Green => Colour::Blue,
            Colour::Blue => Colour::Red,
        }
    }
    fn style(&self, value: Style, more: &[Style]) -> Style {
        Style(more.iter().fold(value.0, |all, style| all | style.0))
    }
    fn shape(&self, value: Shape) -> Shape {
        match value {
            Shape::Empty => Shape::Circle(point(1.0, 2.0, true), 3.0),
            Shape::Circle(point, radius) => Shape::Label {
                text: format!("circle {}", point.x),
                size: u8::from(point.on),
                weight: radius as u64,
            },
            Shape::Label { .. } => Shape::Empty,
        }
    }
    fn tree(&self, owned: Tree, lent: &Tree) -> Tree {
        Tree {
            next: Some(Box::new(lent.clone())),
            ..owned
        }
    }
    fn chain(&self, value: Chain) -> Chain {
        Chain::Link(Box::new(value))
    }
    fn references(
        &self,
        point: Option<&Point>,
        text: Option<&String>,
        list: Vec<&str>,
        runs: &[&[u8]],
    ) -> u32 {
        let sum: usize = list.iter().map(|text| text.len()).sum();
        let bytes: u32 = runs
            .iter()
            .flat_map(|run| run.iter())
            .map(|&byte| u32::from(byte))
            .sum();
        point.map_or(0, |point| point.x as u32)
            + text.map_or(0, |text| text.len() as u32)
            + sum as u32
            + bytes
    }
    fn sinks(&self, text: &mut String, list: &mut Vec<u32>) -> u32 {
        text.push('!');
        let before = list.len() as u32;
        list.push(before);
        before
    }
    fn first<'a>(&self, text: &'a str) -> &'a str {
        text.split(' ').next().unwrap_or_default()
    }
    fn some<'a>(&self, values: &'a [u32], from: usize) -> Option<&'a [u32]> {
        values.get(from..)
    }
    fn x<'a>(&self, point: &'a Point) -> &'a f64 {
        &point.x
    }
    fn hear(&self, one: &dyn Ear, more: Vec<&dyn Ear>) -> u32 {
        one.hear("one") + more.iter().map(|ear| ear.hear("more")).sum::<u32>()
    }
    fn read(&self, lines: &mut dyn Lines) -> u32 {
        core::iter::from_fn(|| lines.next())
            .map(|line| line.len() as u32)
            .sum()
    }
    fn ear(&self, given: Box<dyn Ear + Send>) -> Box<dyn Ear + Send> {
        given.hear("given");
        Box::new(Through(given, Number::new(0)))
    }
    fn share(&self, given: Arc<dyn Ear + Send + Sync>) -> Arc<dyn Ear + Send + Sync> {
        given.hear("shared");
        given
    }
    fn each(&self, work: &dyn Fn(u32) -> u32, say: &mut dyn FnMut(&str)) -> u32 {
        say("one");
        say("two");
        work(1) + work(2)
    }
    fn keep(&self, work: Box<dyn Fn(u32) -> u32 + Send>) -> Box<dyn Fn(u32) -> u32 + Send> {
        Box::new(move |value| work(value) + 1)
    }
    fn change(
        &self,
        mut work: Box<dyn FnMut(&str) -> bool + Send>,
    ) -> Box<dyn FnMut(u32) -> u32 + Send> {
        let mut sum = 0;
        Box::new(move |value| {
            sum += value + if work("a") { 1000 } else { 0 };
            sum
        })
    }
    fn once(
        &self,
        work: Box<dyn FnOnce(String) -> String + Send>,
    ) -> Box<dyn FnOnce(u32) -> String + Send> {
        let text = work("once".to_owned());
        Box::new(move |value| format!("{text} {value}"))
    }
    fn both(
        &self,
        work: Arc<dyn Fn(u32) -> u32 + Send + Sync>,
    ) -> Arc<dyn Fn(u32) -> u32 + Send + Sync> {
        work(1);
        work
    }
    fn job(&self, mut job: Job) -> Job {
        if let Some(ear) = &job.ear {
            ear.hear("job");
        }
        (job.work)(1);
        job.name.push('!');
        job
    }
}

fn point(x: f64, y: f32, on: bool) -> Point {
    Point { x, y, on }
}

fn leaf(name: &str) -> Tree {
    Tree {
        name: name.to_owned(),
        letter: 'ß',
        on: true,
        place: point(1.0, 2.0, true),
        shape: Shape::Label {
            text: "label".to_owned(),
            size: 3,
            weight: u64::MAX,
        },
        colour: Colour::Blue,
        style: Style(0x8001),
        children: Vec::new(),
        next: None,
    }
}

/// Calls every method with values that reach every part of every type, and compares with what the methods say they do.
fn verify(wire: &impl Wire) {
    scalars(wire);
    runs(wire);
    choices(wire);
    data(wire);
    objects(wire);
}

fn scalars(wire: &impl Wire) {
    assert!(wire.flip(false) && !wire.flip(true));
    assert_eq!(wire.after('\u{1F600}'), '\u{1F601}');
    assert_eq!((wire.int8(-128), wire.int8(5)), (127, -6));
    assert_eq!(wire.int16(i16::MAX), i16::MIN);
    assert_eq!(wire.int32(i32::MIN), i32::MAX);
    assert_eq!(wire.int64(i64::MAX), i64::MIN);
    assert_eq!(wire.word(41), -42);
    assert_eq!((wire.nat8(1), wire.nat8(255)), (254, 0));
    assert_eq!(wire.nat16(2), 65533);
    assert_eq!(wire.nat32(3), !3);
    assert_eq!(wire.nat64(4), !4);
    assert_eq!(wire.size(5), !5);
    assert_eq!((wire.single(1.5), wire.real(-2.25)), (-1.5, 2.25));
    let all = wire.all(true, 'ä', -1, -2, -3, -4, -5, 6, 7, 8, 9, 10, 11.5, 12.5);
    let one = Scalars {
        a: true,
        b: 'ä',
        c: -1,
        d: -2,
        e: -3,
        f: -4,
        g: -5,
        h: 6,
        i: 7,
        j: 8,
        k: 9,
        l: 10,
        m: 11.5,
        n: 12.5,
    };
    assert_eq!(all, one);
    assert_eq!(wire.turn(&one), Honest.turn(&one));
    assert_eq!(wire.wide(u128::MAX - 1, -1), (1, 0));
    assert_eq!(wire.wide(1 << 100, 1 << 100), (!(1 << 100), !(1 << 100)));
    wire.nothing();
    wire.unit(());
}

fn runs(wire: &impl Wire) {
    let text = wire.text("größer", "b".to_owned(), Cow::Borrowed(""));
    assert_eq!(text, "größer|b|");
    assert_eq!(wire.cow(Cow::Borrowed("cow")), "cow!");
    let points = [point(1.0, 2.0, true), point(3.0, 4.0, false)];
    let lists = vec![vec![4, 5], vec![5], vec![]];
    assert_eq!(
        wire.lists(&[1, 2, 3], &points, &["größer", "", "b"], lists),
        [vec![], vec![5], vec![4, 5], vec![6, 1, 9]]
    );
    assert_eq!(wire.lists(&[], &[], &[], vec![]), [vec![0, 0, 0]]);
    let mut samples = [
        Sample {
            left: 1.0,
            right: 2.0,
        },
        Sample {
            left: 3.0,
            right: 4.0,
        },
    ];
    wire.scale(&mut samples, 0.5);
    assert_eq!((samples[0].left, samples[0].right), (0.5, -1.0));
    assert_eq!((samples[1].left, samples[1].right), (1.5, -2.0));
    assert_eq!(wire.rotate([1, 2, 3]), [2, 3, 1]);
    let pair = wire.pair(["one".to_owned(), "two".to_owned()]);
    assert_eq!(pair, ["two", "one"]);
    assert_eq!(*wire.boxed(Box::new(7)), "7");
    let hash = HashMap::from([("a".to_owned(), 1), ("b".to_owned(), 2)]);
    let tree = BTreeMap::from([(1, "one".to_owned()), (2, "two".to_owned())]);
    let (hash, tree) = wire.maps(hash, tree);
    assert_eq!(
        hash,
        HashMap::from([("a".to_owned(), 2), ("b".to_owned(), 3)])
    );
    assert_eq!(
        tree,
        BTreeMap::from([(1, "one!".to_owned()), (2, "two!".to_owned())])
    );
    let (hash, tree) = wire.sets(
        HashSet::from(['a', 'ä']),
        BTreeSet::from(["x".to_owned(), "y".to_owned()]),
    );
    assert_eq!(hash, HashSet::from(['b', 'å']));
    assert_eq!(tree, BTreeSet::from(["x!".to_owned(), "y!".to_owned()]));
    let (hash, tree) = wire.sets(HashSet::new(), BTreeSet::new());
    assert!(hash.is_empty() && tree.is_empty());
    let path = wire.paths(Path::new("lent"), "owned".into(), Some(Path::new("inside")));
    assert_eq!(path, Path::new("lent/owned/inside"));
    assert_eq!(
        wire.style(Style(1), &[Style(2), Style(0x8000)]),
        Style(0x8003)
    );
}

fn choices(wire: &impl Wire) {
    assert_eq!(wire.options(None, Some(1), Some("text"), None), None);
    assert_eq!(wire.options(None, None, None, Some(None)), Some(None));
    assert_eq!(
        wire.options(Some(255), None, None, Some(None)),
        Some(Some("255 0 - -".to_owned()))
    );
    assert_eq!(
        wire.options(
            Some(0),
            Some(u64::MAX),
            Some("text"),
            Some(Some("deep".to_owned()))
        ),
        Some(Some("0 18446744073709551615 text deep".to_owned()))
    );
    assert_eq!(wire.result(Ok(200)), Ok("200".to_owned()));
    assert_eq!(wire.result(Err("reason".to_owned())), Err(6));
    assert_eq!(
        wire.tuple((1, "two".to_owned(), 3.5)),
        (3.5, "two".to_owned(), 1)
    );
    let half = SystemTime::UNIX_EPOCH - Duration::from_millis(1500);
    assert_eq!(
        wire.times(Duration::new(1, 999_999_999), half),
        (half + Duration::from_secs(1), Duration::new(2, 999_999_999))
    );
    // The first second that this platform has.
    let first = SystemTime::UNIX_EPOCH.checked_sub(Duration::from_secs(1 << 63));
    let first = first.expect("a time");
    assert_eq!(
        wire.times(Duration::ZERO, first).0,
        first + Duration::from_secs(1)
    );
    let fault = wire.fault(Fault::new("mine"));
    assert_eq!(
        (fault.kind(), fault.message()),
        (FaultKind::Raised, "mine!")
    );
    assert_eq!(
        wire.point(point(1.0, 2.0, true), &point(0.5, 0.25, true)),
        point(1.5, 2.25, false)
    );
    assert_eq!(
        [Colour::Red, Colour::Green, Colour::Blue].map(|colour| wire.colour(colour)),
        [Colour::Green, Colour::Blue, Colour::Red]
    );
    let circle = wire.shape(Shape::Empty);
    assert_eq!(circle, Shape::Circle(point(1.0, 2.0, true), 3.0));
    let label = wire.shape(circle);
    let Shape::Label { text, size, weight } = &label else {
        panic!("{label:?}");
    };
    assert_eq!((text.as_str(), *size, *weight), ("circle 1", 1, 3));
    assert_eq!(wire.shape(label), Shape::Empty);
}

fn data(wire: &impl Wire) {
    let owned = Tree {
        shape: Shape::Circle(point(5.0, 6.0, false), 7.0),
        children: vec![leaf("one"), leaf(""), leaf("three")],
        next: Some(Box::new(leaf("forgotten"))),
        ..leaf("owned")
    };
    let lent = Tree {
        next: Some(Box::new(leaf("last"))),
        shape: Shape::Empty,
        ..leaf("lent")
    };
    assert_eq!(wire.tree(owned.clone(), &lent), Honest.tree(owned, &lent));
    let mut chain = Chain::End(true);
    for length in 1..100 {
        chain = wire.chain(chain);
        let mut end = &chain;
        let mut links = 0;
        while let Chain::Link(next) = end {
            end = next;
            links += 1;
        }
        assert_eq!((links, end), (length, &Chain::End(true)));
        if length == 50 {
            break;
        }
    }
    let (place, text) = (point(3.0, 0.0, false), "four".to_owned());
    let runs: [&[u8]; 3] = [&[1, 2], &[], &[3]];
    let list = || vec!["a", "bc"];
    assert_eq!(
        wire.references(Some(&place), Some(&text), list(), &runs),
        16
    );
    assert_eq!(wire.references(None, None, list(), &runs), 9);
    let (mut text, mut numbers) = ("text".to_owned(), vec![7, 8]);
    assert_eq!(wire.sinks(&mut text, &mut numbers), 2);
    assert_eq!((text.as_str(), numbers), ("text!", vec![7, 8, 2]));
    let words = "first second".to_owned();
    let first = wire.first(&words);
    assert_eq!((first, first.as_ptr()), ("first", words.as_ptr()));
    let values = [1, 2, 3];
    assert_eq!(wire.some(&values, 1), Some(&values[1..]));
    assert_eq!(wire.some(&values, 3), Some(&values[3..]));
    assert_eq!(wire.some(&values, 4), None);
    assert!(std::ptr::eq(wire.x(&place), &raw const place.x));
}

fn objects(wire: &impl Wire) {
    let ten = Number::new(10);
    assert_eq!(wire.hear(&ten, vec![&ten, &ten]), 41);
    assert_eq!(wire.read(&mut Two(0)), 12);
    let ear = wire.ear(Box::new(Number::new(5)));
    assert_eq!(ear.hear("four"), 109);
    let shared: Arc<dyn Ear + Send + Sync> = Arc::new(Number::new(5));
    let back = wire.share(Arc::clone(&shared));
    assert!(Arc::ptr_eq(&shared, &back), "it came home");
    assert_eq!(back.hear("four"), 9);
    let mut said = String::new();
    let sum = wire.each(&|value| value * 10, &mut |text: &str| said.push_str(text));
    assert_eq!((sum, said.as_str()), (30, "onetwo"));
    let three = Number::new(3);
    let kept = wire.keep(Box::new(move |value| value * three.0));
    assert_eq!(kept(5), 16);
    let mut heard = Number::new(0);
    let mut changed = wire.change(Box::new(move |text| {
        heard.0 += 1;
        text == "a" && heard.0 == 2
    }));
    assert_eq!((changed(5), changed(5), changed(1)), (5, 1010, 1011));
    let word = Number::new(0);
    let spell = wire.once(Box::new(move |text| format!("<{text}{}>", word.0)));
    assert_eq!(spell(7), "<once0> 7");
    let three = Number::new(3);
    let both = wire.both(Arc::new(move |value| value * three.0));
    assert_eq!(both(4), 12);
    let mut sum = Number::new(0);
    let mut job = wire.job(Job {
        name: "job".to_owned(),
        ear: Some(Box::new(Number::new(1))),
        work: Box::new(move |value| {
            sum.0 += value;
            sum.0
        }),
    });
    assert_eq!(job.name, "job!");
    assert_eq!(job.ear.as_ref().map(|ear| ear.hear("four")), Some(5));
    assert_eq!((job.work)(5), 6);
    let none = wire.job(Job { ear: None, ..job });
    assert!(none.name == "job!!" && none.ear.is_none());
}

/// The plugin in C.
fn loaded(name: &str) -> (Runtime, Folder) {
    let folder = Folder::new(name);
    let path = support::compiled("wire.c", folder.path(), "libwire.so", &[]);
    let runtime = Runtime::new();
    runtime.load(path).expect("a well-formed plugin");
    (runtime, folder)
}

#[test]
fn rust_reads_and_writes_every_type() {
    let _turn = alone();
    let runtime = Runtime::new();
    verify(&Honest);
    let host: &dyn Wire = &Honest;
    assert!(host.flip(false));
    drop(runtime);
    assert_eq!(LIVE.load(Ordering::SeqCst), 0);
}

#[test]
fn c_reads_and_writes_every_type_as_the_one_who_is_called() {
    let _turn = alone();
    let (runtime, _folder) = loaded("wire-called");
    let checker = runtime.get::<dyn Checker>().expect("a caller");
    let wire = runtime.get::<dyn Wire>().expect("the same contract");
    verify(&wire);
    assert_eq!(checker.alive(), 0, "all that C gave away came back");
    assert_eq!(
        LIVE.load(Ordering::SeqCst),
        0,
        "C gave back all it was given"
    );
}

#[test]
fn c_reads_and_writes_every_type_as_the_one_who_calls() {
    let _turn = alone();
    let (runtime, _folder) = loaded("wire-calls");
    let checker = runtime.get::<dyn Checker>().expect("a caller");
    for erased in [false, true] {
        assert_eq!(checker.check(&Honest, erased), "");
        assert_eq!(checker.alive(), 0, "all that C gave away came back");
        assert_eq!(LIVE.load(Ordering::SeqCst), 0, "C gave back all it got");
    }
}

#[test]
fn c_calls_itself_through_rust() {
    let _turn = alone();
    let (runtime, _folder) = loaded("wire-around");
    let checker = runtime.get::<dyn Checker>().expect("a caller");
    let wire = runtime.get::<dyn Wire>().expect("the same contract");
    for erased in [false, true] {
        assert_eq!(checker.check(&wire, erased), "");
    }
    assert_eq!((checker.alive(), LIVE.load(Ordering::SeqCst)), (0, 0));
}

/// The sizes of a type, from the Rust types that its wire forms are, as the table has them.
fn sizes<T: Data>(name: &str) -> String {
    format!(
        "| `{name}` | {}, {} | {}, {} | ",
        size_of::<T::Lent>(),
        align_of::<T::Lent>(),
        size_of::<T::Owned>(),
        align_of::<T::Owned>()
    )
}

macro_rules! sizes {
    ($($name:literal $type:ty;)*) => {
        [$(sizes::<$type>($name)),*]
    };
}

#[test]
fn c_and_rust_have_one_view_of_layouts_and_it_is_the_published_one() {
    let _turn = alone();
    let (runtime, _folder) = loaded("wire-layouts");
    let checker = runtime.get::<dyn Checker>().expect("a caller");
    let table = checker.layouts(None);
    let rows: Vec<_> = table.lines().collect();
    let (types, frames) = {
        let between = rows
            .iter()
            .position(|row| row.is_empty())
            .expect("two tables");
        (&rows[..between], &rows[between + 1..])
    };
    // What this compiler makes of the Rust types, against what the C compiler made of its structs.
    let ours = sizes! {
        "bool" bool; "char" char; "i8" i8; "i16" i16; "i32" i32; "i64" i64; "isize" isize; "u8" u8; "u16" u16; "u32" u32;
        "u64" u64; "usize" usize; "f32" f32; "f64" f64; "u128" u128; "i128" i128; "()" ();
        "&str" &'static str; "String" String; "String" Cow<'static, str>; "&[u8]" &'static [u8]; "Vec<u32>" Vec<u32>;
        "Vec<Vec<u16>>" Vec<Vec<u16>>; "Vec<&str>" Vec<&'static str>; "[u16; 3]" [u16; 3]; "[String; 2]" [String; 2];
        "Option<u8>" Option<u8>; "Option<u64>" Option<u64>; "Option<&str>" Option<&'static str>;
        "Option<Option<String>>" Option<Option<String>>; "Option<&Point>" Option<&'static Point>;
        "Option<Box<Tree>>" Option<Box<Tree>>; "Option<&[u32]>" Option<&'static [u32]>;
        "Result<u8, String>" Result<u8, String>; "Result<String, u16>" Result<String, u16>;
        "(u8, String, f64)" (u8, String, f64); "(u128, i128)" (u128, i128); "Box<u64>" Box<u64>; "Box<Tree>" Box<Tree>;
        "Map<String, u32>" HashMap<String, u32>; "Map<u8, String>" BTreeMap<u8, String>; "Set<char>" HashSet<char>;
        "Set<String>" BTreeSet<String>; "Duration" Duration; "SystemTime" SystemTime; "&Path" &'static Path;
        "PathBuf" PathBuf; "Fault" Fault; "Point" Point; "Sample" Sample; "Scalars" Scalars; "Shape" Shape; "Tree" Tree;
        "Chain" Chain; "Job" Job; "Colour" Colour; "Style" Style; "&Point" &'static Point; "&dyn Ear" &'static dyn Ear;
        "Box<dyn Ear>" Box<dyn Ear + Send>; "Arc<dyn Ear>" Arc<dyn Ear + Send + Sync>;
        "&dyn Fn" &'static dyn Fn(u32) -> u32; "Box<dyn Fn>" Box<dyn Fn(u32) -> u32 + Send>;
        "Box<dyn FnMut>" Box<dyn FnOnce(u32) -> String + Send>; "Arc<dyn Fn>" Arc<dyn Fn(u32) -> u32 + Send + Sync>;
    };
    for row in &ours {
        assert!(
            types.iter().any(|theirs| theirs.starts_with(row.as_str())),
            "Rust has {row}, C has\n{table}"
        );
    }
    // Where plain data lies in memory.
    for (name, offset) in [
        ("x", core::mem::offset_of!(Point, x)),
        ("y", core::mem::offset_of!(Point, y)),
        ("on", core::mem::offset_of!(Point, on)),
    ] {
        let row = types.iter().find(|row| row.starts_with("| `Point`"));
        let row = row.expect("a row");
        assert!(row.contains(&format!("{name} {offset}")), "{row}");
    }
    // What the descriptors of Rust say, walked in C.
    assert_eq!(checker.layouts(Some(&Honest)), table);
    published(types, frames);
}

#[test]
fn the_structs_of_the_tests_in_c_are_the_published_ones() {
    use std::fmt::Write as _;
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/src/layouts.md");
    let page = fs::read_to_string(page).expect("the published page");
    let (structs, _values) = page.split_once("\n# ").expect("two parts");
    let shorter = |name: &str| name.replace("Descriptor", "").replace("Header", "");
    // What a program in C never touches.
    let left_out = [
        "Call",
        "Cell",
        "ContextRecord",
        "ContextTable",
        "Generation",
        "Guest",
        "Hold",
        "HoldTable",
        "Link",
        "LogRecord",
        "LogSite",
        "LogSiteParts",
        "LogTable",
        "LogValue",
        "ThreadRecord",
        "ThreadTable",
        "Way",
    ];
    let mut text = String::from("#include \"abi.h\"\n");
    let mut count = 0;
    for part in structs.split("\n## `").skip(1) {
        let (name, rows) = part.split_once('`').expect("a name");
        if left_out.contains(&name) {
            continue;
        }
        let name = shorter(name);
        for line in rows.lines() {
            let numbers: Vec<_> = line.split(' ').collect();
            if let [size, "bytes,", "aligned", "to", align] = numbers[..] {
                writeln!(
                    text,
                    "_Static_assert(sizeof({name}) == {size} && _Alignof({name}) == {align}, \"{name}\");"
                )
                .expect("a string");
            } else if let ["|", offset, "|", field, "|"] = numbers[..]
                && let Some(field) = field
                    .strip_prefix('`')
                    .and_then(|field| field.strip_suffix('`'))
            {
                writeln!(
                    text,
                    "_Static_assert(offsetof({name}, {field}) == {offset}, \"{name}.{field}\");"
                )
                .expect("a string");
                count += 1;
            }
        }
    }
    assert!(count > 100, "{text}");
    let folder = Folder::new("wire-structs");
    let source = folder.file("structs.c", text.as_bytes());
    let headers = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/c");
    // An absolute path stands for itself.
    let source = source.to_str().expect("a path in UTF-8");
    let headers = format!("-I{}", headers.display());
    support::compiled(source, folder.path(), "libstructs.so", &[&headers]);
}

/// The part of the published page that is about values. `BLESS=1` writes it anew.
fn published(types: &[&str], frames: &[&str]) {
    const BEGIN: &str = "\n# Layouts of values\n";
    let text = format!(
        "{BEGIN}\nThe wire forms of one contract that uses every type, `polyplug/tests/support/wire.rs`, as a C compiler lays them out. \
         *Lent* is the form of an argument, *owned* that of a result; where an offset differs, the owned one stands behind a \
         slash. A type's step in a list is its size. Written by a test of `polyplug`, which compares them with the descriptors and \
         with the Rust types, and fails when one moves.\n\n\
         | type | lent: size, align | owned: size, align | inside |\n| --- | --- | --- | --- |\n{}\n\n\
         ## Frames\n\nWhere the flattened arguments of its methods lie for `invoke`.\n\n\
         | method | size, align | arguments |\n| --- | --- | --- |\n{}\n",
        types.join("\n"),
        frames.join("\n")
    );
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/src/layouts.md");
    let page = fs::read_to_string(&file).expect("the published page");
    let start = page.find(BEGIN).unwrap_or(page.len());
    if std::env::var_os("BLESS").is_some_and(|bless| bless == "1") {
        fs::write(&file, format!("{}{text}", &page[..start])).expect("the page can be written");
        return;
    }
    assert!(
        page[start..] == text,
        "a wire form moved: that is a new version of the binary interface\n--- published\n{}\n--- now\n{text}",
        &page[start..]
    );
}
