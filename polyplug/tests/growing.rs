//! Data that grows, between two versions of one contract: fields and variants that one side does not know, in both
//! directions, at every depth, with everything that they own.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use polyplug::{FaultKind, Runtime};

/// How many guards live.
static LIVE: AtomicU32 = AtomicU32::new(0);

fn live() -> u32 {
    LIVE.load(Ordering::SeqCst)
}

/// The tests count the same guards, one after the other.
fn alone() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    assert_eq!(live(), 0, "an earlier test left something behind");
    turn
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

#[polyplug::contract(id = "growing.noted", version = "1.0")]
trait Noted {
    fn note(&self) -> u32;
}

impl Noted for Guard {
    fn note(&self) -> u32 {
        1
    }
}

/// The first version of everything.
mod v0 {
    use super::Noted;

    #[polyplug::data(non_exhaustive)]
    #[derive(Clone, Debug, PartialEq)]
    pub(crate) struct Style {
        pub(crate) name: String,
        pub(crate) width: u8,
    }

    #[polyplug::data(non_exhaustive)]
    #[derive(Clone, Debug, PartialEq)]
    pub(crate) enum Shape {
        Empty,
        Text(String),
        #[data(other)]
        Unknown(u32),
    }

    /// Nothing stands for what is unknown.
    #[polyplug::data(non_exhaustive)]
    #[derive(Clone, Debug, PartialEq)]
    pub(crate) enum Strict {
        Full { text: String },
        Empty,
    }

    #[polyplug::data(non_exhaustive)]
    pub(crate) struct Load {
        pub(crate) one: Box<dyn Noted>,
        pub(crate) style: Style,
    }

    #[polyplug::data(non_exhaustive)]
    pub(crate) enum Cargo {
        Nothing,
        One(Box<dyn Noted>),
        #[data(other)]
        Other,
    }

    /// Not growing itself.
    #[polyplug::data]
    pub(crate) struct Page {
        pub(crate) styles: Vec<Style>,
        pub(crate) shape: Option<Shape>,
        pub(crate) loads: Vec<(u8, Load)>,
        pub(crate) cargo: [Cargo; 2],
    }

    #[polyplug::host_contract(id = "growing.desk", version = "1.0")]
    pub(crate) trait Desk {
        fn style(&self, style: Style) -> Style;
        fn look(&self, style: &Style, shapes: &[Shape]) -> String;
        fn shape(&self, shape: Shape) -> Shape;
        fn strict(&self, before: Box<dyn Noted>, strict: Vec<Strict>, after: Box<dyn Noted>)
        -> u32;
        fn stricts(&self, unknown: bool) -> (Box<dyn Noted>, Vec<Strict>, Box<dyn Noted>);
        fn page(&self, page: Page) -> u32;
        fn pages(&self) -> Vec<Page>;
        fn sink(&self, styles: &mut Vec<Style>);
        fn each(&self, work: &dyn Fn(Style, &Shape) -> Shape) -> Shape;
        fn fallible(&self, fails: bool) -> Result<Style, Shape>;
    }
}

/// As it grew.
mod v1 {
    use super::Noted;

    #[polyplug::data(non_exhaustive)]
    #[derive(Clone, Debug, PartialEq)]
    pub(crate) struct Style {
        pub(crate) name: String,
        pub(crate) width: u8,
        /// At the very byte where the first version ends.
        #[data(default = 7)]
        pub(crate) depth: u8,
        #[data(default)]
        pub(crate) tags: Vec<String>,
        #[data(default = Some(Colour::Red))]
        pub(crate) colour: Option<Colour>,
    }

    #[polyplug::data(non_exhaustive)]
    #[derive(Clone, Debug, PartialEq)]
    pub(crate) enum Colour {
        Red,
        Mixed(Vec<f32>),
    }

    #[polyplug::data(non_exhaustive)]
    #[derive(Clone, Debug, PartialEq)]
    pub(crate) enum Shape {
        Empty,
        Text(String),
        #[data(other)]
        Unknown(u32),
        Lines(Vec<String>),
        Nested {
            shape: Box<Shape>,
            of: [u64; 3],
        },
    }

    #[polyplug::data(non_exhaustive)]
    #[derive(Clone, Debug, PartialEq)]
    pub(crate) enum Strict {
        Full { text: String },
        Empty,
        More { text: String, lines: Vec<String> },
    }

    #[polyplug::data(non_exhaustive)]
    pub(crate) struct Load {
        pub(crate) one: Box<dyn Noted>,
        pub(crate) style: Style,
        #[data(default)]
        pub(crate) more: Vec<Box<dyn Noted>>,
        #[data(default)]
        pub(crate) shared: Option<std::sync::Arc<dyn Noted>>,
    }

    #[polyplug::data(non_exhaustive)]
    pub(crate) enum Cargo {
        Nothing,
        One(Box<dyn Noted>),
        Many(Vec<Load>, String),
        #[data(other)]
        Other,
    }

    #[polyplug::data]
    pub(crate) struct Page {
        pub(crate) styles: Vec<Style>,
        pub(crate) shape: Option<Shape>,
        pub(crate) loads: Vec<(u8, Load)>,
        pub(crate) cargo: [Cargo; 2],
    }

    #[polyplug::host_contract(id = "growing.desk", version = "1.1")]
    pub(crate) trait Desk {
        fn style(&self, style: Style) -> Style;
        fn look(&self, style: &Style, shapes: &[Shape]) -> String;
        fn shape(&self, shape: Shape) -> Shape;
        fn strict(&self, before: Box<dyn Noted>, strict: Vec<Strict>, after: Box<dyn Noted>)
        -> u32;
        fn stricts(&self, unknown: bool) -> (Box<dyn Noted>, Vec<Strict>, Box<dyn Noted>);
        fn page(&self, page: Page) -> u32;
        fn pages(&self) -> Vec<Page>;
        fn sink(&self, styles: &mut Vec<Style>);
        fn each(&self, work: &dyn Fn(Style, &Shape) -> Shape) -> Shape;
        fn fallible(&self, fails: bool) -> Result<Style, Shape>;
    }
}

struct Provider;

impl v0::Style {
    fn sample() -> Self {
        Self {
            name: "old".to_owned(),
            width: 1,
        }
    }
}

impl v1::Style {
    fn sample() -> Self {
        Self {
            name: "new".to_owned(),
            width: 2,
            depth: 3,
            tags: vec!["a".to_owned(), "b".to_owned()],
            colour: Some(v1::Colour::Mixed(vec![0.5])),
        }
    }
}

impl v0::Load {
    fn sample() -> Self {
        Self {
            one: Box::new(Guard::new()),
            style: v0::Style::sample(),
        }
    }
}

impl v1::Load {
    fn sample() -> Self {
        Self {
            one: Box::new(Guard::new()),
            style: v1::Style::sample(),
            more: vec![Box::new(Guard::new()), Box::new(Guard::new())],
            shared: Some(Arc::new(Guard::new())),
        }
    }
}

/// Guards in a new load; in an old one there is one.
const IN_LOAD: u32 = 4;

impl v0::Page {
    fn sample() -> Self {
        Self {
            styles: vec![v0::Style::sample(), v0::Style::sample()],
            shape: Some(v0::Shape::Text("text".to_owned())),
            loads: vec![(1, v0::Load::sample())],
            cargo: [v0::Cargo::One(Box::new(Guard::new())), v0::Cargo::Nothing],
        }
    }
}

impl v1::Page {
    fn sample() -> Self {
        Self {
            styles: vec![v1::Style::sample(), v1::Style::sample()],
            shape: Some(v1::Shape::Lines(vec!["line".to_owned()])),
            loads: vec![(1, v1::Load::sample()), (2, v1::Load::sample())],
            cargo: [
                v1::Cargo::Many(vec![v1::Load::sample()], "cargo".to_owned()),
                v1::Cargo::One(Box::new(Guard::new())),
            ],
        }
    }
}

/// What both providers do alike.
macro_rules! desk {
    ($version:ident, $stricts:expr) => {
        impl $version::Desk for Provider {
            fn style(&self, mut style: $version::Style) -> $version::Style {
                style.name.push('!');
                style
            }
            fn look(&self, style: &$version::Style, shapes: &[$version::Shape]) -> String {
                format!("{style:?} {shapes:?}")
            }
            fn shape(&self, shape: $version::Shape) -> $version::Shape {
                shape
            }
            fn strict(
                &self,
                before: Box<dyn Noted>,
                strict: Vec<$version::Strict>,
                after: Box<dyn Noted>,
            ) -> u32 {
                before.note() + strict.len() as u32 + after.note()
            }
            fn stricts(
                &self,
                unknown: bool,
            ) -> (Box<dyn Noted>, Vec<$version::Strict>, Box<dyn Noted>) {
                let full = $version::Strict::Full {
                    text: "full".to_owned(),
                };
                let mut stricts = vec![full.clone(), $version::Strict::Empty];
                if unknown {
                    let more: Vec<$version::Strict> = $stricts;
                    stricts.extend(more);
                }
                stricts.push(full);
                (Box::new(Guard::new()), stricts, Box::new(Guard::new()))
            }
            fn page(&self, page: $version::Page) -> u32 {
                page.styles.len() as u32
                    + page
                        .loads
                        .iter()
                        .map(|(_, load)| load.one.note())
                        .sum::<u32>()
            }
            fn pages(&self) -> Vec<$version::Page> {
                vec![$version::Page::sample(), $version::Page::sample()]
            }
            fn sink(&self, styles: &mut Vec<$version::Style>) {
                styles.push($version::Style::sample());
            }
            fn each(
                &self,
                work: &dyn Fn($version::Style, &$version::Shape) -> $version::Shape,
            ) -> $version::Shape {
                work(
                    $version::Style::sample(),
                    &$version::Page::sample().shape.unwrap(),
                )
            }
            fn fallible(&self, fails: bool) -> Result<$version::Style, $version::Shape> {
                let page = $version::Page::sample();
                if fails {
                    Err(page.shape.unwrap())
                } else {
                    Ok($version::Style::sample())
                }
            }
        }
    };
}

desk!(v0, Vec::new());
desk!(
    v1,
    vec![v1::Strict::More {
        text: "more".to_owned(),
        lines: vec!["line".to_owned()]
    }]
);

/// A provider of the one version under a caller of the other.
macro_rules! between {
    ($runtime:ident, $desk:ident: $provider:ident -> $caller:ident) => {
        #[allow(unused_imports, reason = "which of them is called depends on the test")]
        use $caller::Desk as _;
        let $runtime = Runtime::new();
        $runtime.provide::<dyn $provider::Desk>(Provider).unwrap();
        let $desk = $runtime
            .get::<dyn $caller::Desk>()
            .unwrap_or_else(|error| panic!("{error:#}"));
    };
}

#[test]
fn c09_one_version_sees_all_of_its_own() {
    let _turn = alone();
    between!(_runtime, desk: v1 -> v1);
    let mut style = v1::Style::sample();
    style.name = "new!".to_owned();
    assert_eq!(desk.style(v1::Style::sample()), style);
    let nested = v1::Shape::Nested {
        shape: Box::new(v1::Shape::Nested {
            shape: Box::new(v1::Shape::Empty),
            of: [1, 2, 3],
        }),
        of: [4, 5, 6],
    };
    for shape in [
        v1::Shape::Empty,
        v1::Shape::Lines(vec!["l".to_owned()]),
        nested,
    ] {
        assert_eq!(desk.shape(shape.clone()), shape);
    }
    // What stands for unknown ones is itself unknown on the other side; the number is not passed on.
    assert_eq!(
        desk.shape(v1::Shape::Unknown(9)),
        v1::Shape::Unknown(u32::MAX)
    );
    assert_eq!(desk.page(v1::Page::sample()), 4);
    assert_eq!(live(), 0);
    let pages = desk.pages();
    assert_eq!(pages.len(), 2);
    assert_eq!(
        pages[1].loads[1].1.more[1].note() + pages[0].loads[0].1.shared.as_ref().unwrap().note(),
        2
    );
    assert_eq!(live(), 2 * (3 * IN_LOAD + 1));
    drop(pages);
    assert_eq!(live(), 0);
}

#[test]
fn c09_an_older_reader_leaves_the_rest_to_the_writer() {
    let _turn = alone();
    // The caller is older: results hold what it does not know.
    between!(_runtime, desk: v1 -> v0);
    assert_eq!(
        desk.style(v0::Style::sample()),
        v0::Style {
            name: "old!".to_owned(),
            width: 1
        }
    );
    assert_eq!(
        desk.fallible(false).unwrap(),
        v0::Style {
            name: "new".to_owned(),
            width: 2
        }
    );
    assert_eq!(desk.fallible(true).unwrap_err(), v0::Shape::Unknown(2));
    let pages = desk.pages();
    assert_eq!(live(), 2 * (2 + 1), "what is unknown is let go at once");
    assert_eq!(
        pages[0].styles,
        [
            v0::Style {
                name: "new".to_owned(),
                width: 2
            },
            v0::Style {
                name: "new".to_owned(),
                width: 2
            }
        ]
    );
    assert_eq!(pages[0].shape, Some(v0::Shape::Unknown(2)));
    assert!(matches!(
        pages[0].cargo,
        [v0::Cargo::Other, v0::Cargo::One(_)]
    ));
    drop(pages);
    assert_eq!(live(), 0);
    let mut styles = vec![v0::Style::sample()];
    desk.sink(&mut styles);
    assert_eq!(styles.len(), 2);
    assert_eq!(styles[1].width, 2);
    let shape = desk.each(&|style, shape| {
        assert_eq!((style.width, shape), (2, &v0::Shape::Unknown(2)));
        v0::Shape::Text(style.name)
    });
    assert_eq!(shape, v0::Shape::Text("new".to_owned()));
    assert_eq!(live(), 0);
}

#[test]
fn c09_an_older_callee_leaves_the_rest_to_the_writer() {
    let _turn = alone();
    // The provider is older: arguments hold what it does not know.
    between!(_runtime, desk: v0 -> v1);
    let style = desk.style(v1::Style::sample());
    let filled = v1::Style {
        name: "new!".to_owned(),
        width: 2,
        depth: 7,
        tags: Vec::new(),
        colour: Some(v1::Colour::Red),
    };
    assert_eq!(style, filled);
    let shapes = [v1::Shape::Lines(vec!["l".to_owned()]), v1::Shape::Empty];
    assert_eq!(
        desk.look(&v1::Style::sample(), &shapes),
        "Style { name: \"new\", width: 2 } [Unknown(2), Empty]"
    );
    assert_eq!(desk.shape(shapes[0].clone()), v1::Shape::Unknown(u32::MAX));
    assert_eq!(desk.page(v1::Page::sample()), 4);
    assert_eq!(live(), 0, "objects in what is unknown are let go too");
    let pages = desk.pages();
    assert!(pages[0].loads[0].1.more.is_empty() && pages[0].loads[0].1.shared.is_none());
    assert_eq!(
        pages[0].loads[0].1.style,
        v1::Style {
            name: "old".to_owned(),
            width: 1,
            ..filled.clone()
        }
    );
    assert_eq!(live(), 4);
    drop(pages);
    let mut styles = vec![v1::Style::sample()];
    desk.sink(&mut styles);
    assert_eq!(
        styles[0],
        v1::Style {
            name: "new".to_owned(),
            width: 2,
            ..filled
        }
    );
    let shape = desk.each(&|style, shape| {
        assert_eq!(
            (style.depth, shape),
            (7, &v1::Shape::Text("text".to_owned()))
        );
        v1::Shape::Lines(vec![style.name])
    });
    assert_eq!(shape, v1::Shape::Unknown(u32::MAX));
    assert_eq!(live(), 0);
}

#[test]
fn c09_an_unknown_variant_that_nothing_stands_for_is_a_fault() {
    let _turn = alone();
    let words = "variant 2 is unknown, `Strict` has 2 here";
    {
        between!(_runtime, desk: v0 -> v1);
        let more = v1::Strict::More {
            text: "more".to_owned(),
            lines: vec!["line".to_owned()],
        };
        let guard = || Box::new(Guard::new());
        assert_eq!(desk.strict(guard(), vec![v1::Strict::Empty], guard()), 3);
        let fault =
            polyplug::catch(|| desk.strict(guard(), vec![v1::Strict::Empty, more], guard()));
        let fault = fault.unwrap_err();
        assert_eq!(
            (fault.kind(), fault.message()),
            (FaultKind::UnknownVariant, words)
        );
        assert_eq!(live(), 0);
    }
    between!(_runtime, desk: v1 -> v0);
    assert_eq!(desk.stricts(false).1.len(), 3);
    let fault = polyplug::catch(|| desk.stricts(true).1.len()).unwrap_err();
    assert_eq!(
        (fault.kind(), fault.message()),
        (FaultKind::UnknownVariant, words)
    );
    assert_eq!(live(), 0);
}

/// Before and after a field was added whose default panics.
mod before {
    use super::Noted;

    #[polyplug::data(non_exhaustive)]
    pub(crate) struct Moody {
        pub(crate) one: Box<dyn Noted>,
    }
    #[polyplug::host_contract(id = "growing.moody", version = "1.0")]
    pub(crate) trait Taker {
        fn there(&self, moody: Moody) -> u32;
        fn back(&self) -> Moody;
    }
}

mod after {
    use super::Noted;

    fn moody() -> u32 {
        panic!("a default that panics")
    }

    #[polyplug::data(non_exhaustive)]
    pub(crate) struct Moody {
        pub(crate) one: Box<dyn Noted>,
        #[data(default = moody())]
        pub(crate) number: u32,
    }
    #[polyplug::host_contract(id = "growing.moody", version = "1.1")]
    pub(crate) trait Taker {
        fn there(&self, moody: Moody) -> u32;
        fn back(&self) -> Moody;
    }
}

impl before::Taker for Provider {
    fn there(&self, moody: before::Moody) -> u32 {
        moody.one.note()
    }
    fn back(&self) -> before::Moody {
        before::Moody {
            one: Box::new(Guard::new()),
        }
    }
}

impl after::Taker for Provider {
    fn there(&self, moody: after::Moody) -> u32 {
        moody.one.note() + moody.number
    }
    fn back(&self) -> after::Moody {
        after::Moody {
            one: Box::new(Guard::new()),
            number: 1,
        }
    }
}

#[test]
fn c09_a_default_that_panics_is_a_fault_of_the_call() {
    let _turn = alone();
    let runtime = Runtime::new();
    runtime.provide::<dyn after::Taker>(Provider).unwrap();
    let taker = runtime.get::<dyn before::Taker>().unwrap();
    let moody = before::Taker::back(&taker);
    let fault = polyplug::catch(|| before::Taker::there(&taker, moody)).unwrap_err();
    assert_eq!(
        (fault.kind(), fault.message()),
        (FaultKind::Panicked, "a default that panics")
    );
    assert_eq!(live(), 0);
    let runtime = Runtime::new();
    runtime.provide::<dyn before::Taker>(Provider).unwrap();
    let taker = runtime.get::<dyn after::Taker>().unwrap();
    let fault = polyplug::catch(|| after::Taker::back(&taker).number).unwrap_err();
    assert_eq!(
        (fault.kind(), fault.message()),
        (FaultKind::Panicked, "a default that panics")
    );
    assert_eq!(live(), 0);
    let moody = after::Moody {
        one: Box::new(Guard::new()),
        number: 1,
    };
    assert_eq!(after::Taker::there(&taker, moody), 1);
}
