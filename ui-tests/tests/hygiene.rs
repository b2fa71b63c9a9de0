//! The macros wherever their authors put them: what must compile, compiles, and is called.
#![allow(
    clippy::non_minimal_cfg,
    clippy::needless_lifetimes,
    clippy::needless_arbitrary_self_type,
    clippy::too_many_arguments,
    reason = "contracts as their authors may write them"
)]

use core::fmt::Debug;

use hygiene_bare as bare;
use hygiene_bare::Bare as _;
use hygiene_renamed as renamed;
use hygiene_renamed::Shapes as _;
use polyplug::{Caller, Instance, Runtime};

/// Recognised by trait, never by spelling.
type Text = String;
type Number = u32;
type Rows<T> = Vec<Vec<T>>;

/// A crate's own error and result.
#[polyplug::data]
#[derive(Clone, Debug, PartialEq)]
enum Trouble {
    Fault(polyplug::Fault),
    Small { r#type: Number },
}

impl From<polyplug::Fault> for Trouble {
    fn from(fault: polyplug::Fault) -> Self {
        Self::Fault(fault)
    }
}

type Result<T> = core::result::Result<T, Trouble>;

/// Names that keywords have.
#[polyplug::data]
#[derive(Clone, Debug, Default, PartialEq)]
struct Raw {
    r#fn: Text,
    r#match: Number,
}

/// Whatever a trait may say.
#[polyplug::contract(id = "hygiene.odd", version = "1.0")]
trait Odd {
    /// Aliases.
    fn alias(&self, text: Text, number: Number, rows: Rows<Number>) -> Text;
    /// A result of the crate's own, and the fault in it.
    fn own_result(&self, number: Number) -> Result<Number>;
    /// Keywords.
    fn r#type(&self, r#match: u32) -> u32;
    /// Keywords in data.
    fn raw(&self, raw: Raw) -> Raw;
    /// Patterns.
    fn patterns(&self, _: u32, mut x: u32, _unused: &str) -> u32 {
        x += 1;
        x
    }
    /// Compiled on this machine.
    #[cfg(all())]
    fn there(&self) -> bool;
    /// Compiled on no machine.
    #[cfg(any())]
    fn not_there(&self, nothing: NotThere) -> bool;
    /// Compiled on no machine, with a body.
    #[cfg(any())]
    fn not_there_either(&self) -> NotThere {
        NotThere
    }
    /// A named lifetime, which the result does not have.
    fn named<'a>(&'a self, text: &'a str, number: &'a u32) -> u32;
    /// Two of them.
    fn two_named<'a, 'b>(&self, one: &'a str, two: &'b [u32]) -> usize;
    /// Attributes.
    #[must_use]
    #[inline]
    #[allow(clippy::unused_self, reason = "an attribute like any other")]
    fn attributes(&self, #[allow(unused_variables, reason = "as well")] number: u32) -> u32 {
        7
    }
    fn undocumented(&self, self_: (u8, Text)) -> (Text, u8);
    /// Names of the expansion's own helpers.
    fn receiver(&self, receiver: u32, out: u32, frame: u32, session: u32, fault: u32) -> u32;
}

/// Names that the handles, their traits and the expansion have.
#[polyplug::contract(id = "hygiene.names", version = "1.0")]
trait Names {
    fn pin(&self) -> u32;
    fn cast(&self) -> u32;
    fn plugin(&self) -> u32;
    fn clone(&self) -> u32;
    fn drop(&self) -> u32;
    fn state(&self) -> u32;
    fn get(&self, index: u32) -> u32;
    fn begin(&self) -> u32;
    fn header(&self) -> u32;
    fn enter(&self) -> u32;
    fn invoke(&self) -> u32;
    fn lend(&self) -> u32;
    fn finish(&self) -> u32;
    fn interface(&self) -> u32;
    fn raise(&self) -> u32;
    fn migrate(&self) -> u32 {
        Names::pin(self) + Names::clone(self)
    }
}

/// A plugin of both.
#[derive(Debug, Default)]
struct Both;

#[polyplug::plugin(name = "both", version = "1.2.3", description = "of both")]
impl Odd for Both {
    fn alias(&self, text: Text, number: Number, rows: Rows<Number>) -> Text {
        format!("{text} {number} {rows:?}")
    }
    fn own_result(&self, number: Number) -> Result<Number> {
        match number {
            0 => panic!("zero"),
            1 => Err(Trouble::Small { r#type: number }),
            _ => Ok(number),
        }
    }
    fn r#type(&self, r#match: u32) -> u32 {
        r#match
    }
    fn raw(&self, raw: Raw) -> Raw {
        Raw {
            r#match: raw.r#match + 1,
            ..raw
        }
    }
    #[cfg(all())]
    fn there(&self) -> bool {
        true
    }
    fn named<'a>(&'a self, text: &'a str, number: &'a u32) -> u32 {
        u32::try_from(text.len()).unwrap() + number
    }
    fn two_named<'a, 'b>(&self, one: &'a str, two: &'b [u32]) -> usize {
        one.len() + two.len()
    }
    fn undocumented(&self, (number, text): (u8, Text)) -> (Text, u8) {
        (text, number)
    }
    fn receiver(&self, receiver: u32, out: u32, frame: u32, session: u32, fault: u32) -> u32 {
        receiver + out + frame + session + fault
    }
}

#[polyplug::plugin]
impl Names for Both {
    fn pin(&self) -> u32 {
        1
    }
    fn cast(&self) -> u32 {
        2
    }
    fn plugin(&self) -> u32 {
        3
    }
    fn clone(&self) -> u32 {
        4
    }
    fn drop(&self) -> u32 {
        5
    }
    fn state(&self) -> u32 {
        6
    }
    fn get(&self, index: u32) -> u32 {
        index
    }
    fn begin(&self) -> u32 {
        8
    }
    fn header(&self) -> u32 {
        9
    }
    fn enter(&self) -> u32 {
        10
    }
    fn invoke(&self) -> u32 {
        11
    }
    fn lend(&self) -> u32 {
        12
    }
    fn finish(&self) -> u32 {
        13
    }
    fn interface(&self) -> u32 {
        14
    }
    fn raise(&self) -> u32 {
        15
    }
}

fn linked() -> Runtime {
    let runtime = Runtime::new();
    runtime.load_linked().unwrap();
    runtime
}

fn odd(odd: &impl Odd) {
    let rows = vec![vec![1], vec![2, 3]];
    assert_eq!(odd.alias("a".to_owned(), 7, rows), "a 7 [[1], [2, 3]]");
    assert_eq!(odd.own_result(2), Ok(2));
    assert_eq!(odd.own_result(1), Err(Trouble::Small { r#type: 1 }));
    assert_eq!(odd.r#type(5), 5);
    let raw = Raw {
        r#fn: "f".to_owned(),
        r#match: 1,
    };
    assert_eq!(odd.raw(raw.clone()), Raw { r#match: 2, ..raw });
    assert_eq!(odd.patterns(1, 2, ""), 3);
    assert!(odd.there());
    assert_eq!(odd.named("four", &5), 9);
    assert_eq!(odd.two_named("four", &[1, 2]), 6);
    assert_eq!(odd.attributes(1), 7);
    assert_eq!(odd.undocumented((1, "b".to_owned())), ("b".to_owned(), 1));
    assert_eq!(odd.receiver(1, 2, 3, 4, 5), 15);
}

fn names(names: &impl Names) {
    let all = [
        Names::pin(names),
        Names::cast(names),
        Names::plugin(names),
        Names::clone(names),
        Names::drop(names),
        Names::state(names),
        Names::get(names, 7),
        Names::begin(names),
        Names::header(names),
        Names::enter(names),
        Names::invoke(names),
        Names::lend(names),
        Names::finish(names),
        Names::interface(names),
        Names::raise(names),
    ];
    assert!(all.into_iter().eq(1..=15));
    assert_eq!(Names::migrate(names), 5);
}

#[test]
fn whatever_a_trait_may_say() {
    let runtime = linked();
    odd(&Both);
    let caller = runtime.get::<dyn Odd>().unwrap();
    odd(&caller);
    odd(&Caller::pin(&caller).unwrap());
    odd(&runtime.create::<dyn Odd>().unwrap());
    assert_eq!(Caller::plugin(&caller), "both");
    assert!(
        matches!(caller.own_result(0), Err(Trouble::Fault(fault)) if fault.to_string().contains("zero"))
    );
}

#[test]
fn names_that_are_taken() {
    let runtime = linked();
    names(&Both);
    let caller = runtime.get::<dyn Names>().unwrap();
    names(&caller);
    names(&Caller::pin(&caller).unwrap());
    let instance = runtime.create::<dyn Names>().unwrap();
    names(&instance);
    assert_eq!(Instance::plugin(&instance), "both");
}

fn shows(value: impl Debug, text: &str) {
    assert_eq!(format!("{value:?}"), text);
}

#[test]
fn another_name_for_polyplug() {
    let runtime = linked();
    let shapes = runtime
        .get_from::<dyn renamed::Shapes>("hygiene-renamed")
        .unwrap();
    let size = renamed::Size {
        width: 1,
        height: 2,
    };
    shows(
        shapes.grow(&renamed::Shape::Dot, size),
        "Box(Size { width: 1, height: 2 })",
    );
    let text = renamed::Shape::Text {
        words: "ab".to_owned(),
    };
    shows(shapes.grow(&text, size), "Text { words: \"abab\" }");
    assert_eq!(shapes.count(&[text, renamed::Shape::Dot]), 2);
    assert_eq!(shapes.mirror(renamed::Side::Left), renamed::Side::Right);
    assert_eq!(shapes.name(renamed::Shape::Dot).unwrap(), "Dot");
    assert_eq!(shapes.ask(&renamed::Plain), 1);
    let (mut changed, mut bytes) = ("text".to_owned(), [1, 2]);
    let dot = |shape: &renamed::Shape| *shape == renamed::Shape::Dot;
    let shared = shapes.change(
        &mut changed,
        &mut bytes,
        &dot,
        Box::new(|| renamed::Shape::Dot),
    );
    assert_eq!((changed.as_str(), bytes), ("text!", [2, 1]));
    assert_eq!(shared.mirror(renamed::Side::Left), renamed::Side::Right);
    assert_eq!(shapes.longest(Some("a"), "longest"), "longest");
}

#[test]
fn c14_crates_that_forbid_unsafe_code_and_have_no_prelude() {
    let runtime = linked();
    let caller = runtime.get::<dyn bare::Bare>().unwrap();
    let text = |text: &str| bare::String {
        text: text.to_owned(),
    };
    assert_eq!(caller.say("a", text("b")), text("a b"));
    assert_eq!(
        caller.check(bare::Option::Some(1)),
        bare::Result::Ok { value: 1 }
    );
    assert_eq!(
        caller.check(bare::Option::None),
        bare::Result::Err(text(""))
    );
    let vector = bare::Vec { x: 1.0, y: 2.0 };
    assert_eq!(caller.turn(&vector), bare::Vec { x: 2.0, y: -1.0 });
    assert_eq!(caller.toggle(bare::Box::Open), bare::Box::Shut);
    assert_eq!(caller.own(vec![1, 3, 2]), Some(3));
    assert_eq!(caller.twice(4), 8);
    let mut sink = "x".to_owned();
    let others = [Some(&caller as &dyn bare::Bare)];
    assert_eq!(
        caller.more("text", &mut sink, &mut |text| text == "xtext", &others),
        "ext"
    );
    let object = std::sync::Arc::new(bare::Plugin);
    let mut steps = caller.own_objects(Box::new(|value| value * 10), object);
    assert_eq!(steps.step(2), 42);
}

/// Pointers, containers and closures under other names.
type Callback = Box<dyn FnMut(Number) -> Text + Send>;
type Visit<'v> = &'v dyn Fn(&str) -> Number;
type Shared<T> = std::sync::Arc<T>;
type Str<'s> = &'s str;
type Bytes<'b> = &'b [u8];
type Maybe<T> = Option<T>;
type Unsized = str;
type Writable = String;
type Pair<'p> = (Str<'p>, Maybe<Bytes<'p>>);
use std::collections::HashMap as Table;
use std::path::Path as Place;

/// References and pointers, however they are spelled.
#[polyplug::contract(id = "hygiene.spelled", version = "1.0")]
trait Spelled {
    fn callback(&self, first: Callback, then: Maybe<Callback>) -> Maybe<Callback>;
    fn visit(&self, visit: Visit<'_>, text: Str) -> Number;
    fn shared(self: &Self, other: Shared<dyn Spelled>) -> Shared<dyn Spelled>;
    fn elided(&self, text: Str<'_>, pair: Pair, pairs: &[Pair<'_>]) -> usize;
    fn named<'long: 'short, 'short>(
        &'long self,
        text: &'long str,
        other: Str<'short>,
        _: (&'short str, u8),
    ) -> usize;
    fn not_sized(&self, text: &Unsized, place: &Place) -> usize;
    fn written(&self, text: &mut Writable, r#in: &mut Rows<Number>) -> bool;
    fn table(&self, table: Table<Text, Maybe<Number>>) -> std::collections::BTreeSet<Text>;
    fn parenthesised(&self, visit: &(dyn for<'any> Fn(&'any str) -> bool + Send + Sync)) -> bool;
    #[cfg(all())]
    fn lent<'a>(&self, #[allow(unused, reason = "as well")] text: &'a str) -> (&'a str, usize);
    #[cfg(any())]
    fn never<'a>(&self, nothing: &mut NotThere, text: &'a NotThere) -> &'a NotThere;
}

#[polyplug::plugin]
impl Spelled for Both {
    fn callback(&self, mut first: Callback, then: Maybe<Callback>) -> Maybe<Callback> {
        first(1);
        then
    }
    fn visit(&self, visit: Visit<'_>, text: Str) -> Number {
        visit(text)
    }
    fn shared(&self, other: Shared<dyn Spelled>) -> Shared<dyn Spelled> {
        other
    }
    fn elided(&self, text: Str<'_>, pair: Pair, pairs: &[Pair<'_>]) -> usize {
        text.len() + pair.0.len() + pair.1.map_or(0, <[u8]>::len) + pairs.len()
    }
    fn named<'long: 'short, 'short>(
        &'long self,
        text: &'long str,
        other: Str<'short>,
        (third, number): (&'short str, u8),
    ) -> usize {
        text.len() + other.len() + third.len() + usize::from(number)
    }
    fn not_sized(&self, text: &Unsized, place: &Place) -> usize {
        text.len() + place.components().count()
    }
    fn written(&self, text: &mut Writable, rows: &mut Rows<Number>) -> bool {
        text.clear();
        rows.push(vec![7]);
        true
    }
    fn table(&self, table: Table<Text, Maybe<Number>>) -> std::collections::BTreeSet<Text> {
        table.into_keys().collect()
    }
    fn parenthesised(&self, visit: &(dyn for<'any> Fn(&'any str) -> bool + Send + Sync)) -> bool {
        visit("any")
    }
    fn lent<'a>(&self, text: &'a str) -> (&'a str, usize) {
        (&text[..1], text.len())
    }
}

#[test]
fn pointers_and_containers_under_other_names() {
    let runtime = linked();
    let spelled = runtime.get::<dyn Spelled>().unwrap();
    let mut back = spelled
        .callback(
            Box::new(|number| number.to_string()),
            Some(Box::new(|number| format!("then {number}"))),
        )
        .unwrap();
    assert_eq!(back(2), "then 2");
    assert_eq!(spelled.visit(&|text| text.len() as u32, "four"), 4);
    let shared: Shared<dyn Spelled> = Shared::new(Both);
    assert!(Shared::ptr_eq(
        &shared,
        &spelled.shared(Shared::clone(&shared))
    ));
    assert_eq!(spelled.elided("a", ("bc", Some(b"def")), &[("", None)]), 7);
    assert_eq!(spelled.named("a", "bc", ("def", 4)), 10);
    assert_eq!(spelled.not_sized("text", Place::new("a/b")), 6);
    let (mut text, mut rows) = ("text".to_owned(), Vec::new());
    assert!(spelled.written(&mut text, &mut rows));
    assert_eq!((text.as_str(), rows), ("", vec![vec![7]]));
    let table = Table::from([("key".to_owned(), None)]);
    assert!(spelled.table(table).contains("key"));
    assert!(spelled.parenthesised(&|text| text == "any"));
    assert_eq!(spelled.lent("text"), ("t", 4));
}

/// Named through `$crate` by the contract below.
#[polyplug::data]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Weight {
    /// In grams.
    pub grams: u32,
}

/// Writes a contract and its plugin. What is passed to it means something else than what it writes itself.
macro_rules! contract_with {
    ($name:ident, $plugin:ident, $of:ty, $own:ty, $new:path, $id:expr, $version:literal) => {
        #[polyplug::contract(id = $id, version = $version)]
        /// Compares.
        pub trait $name {
            /// One weight, heavier by so much.
            fn heavier(&self, weight: $crate::Weight, by: $of) -> Vec<$crate::Weight>;
            /// Every way to take a type.
            fn every(
                &self,
                by: &$own,
                list: &[$own],
                sink: &mut Vec<$own>,
                change: &mut [$own],
                work: &mut dyn FnMut($own, &$own) -> $own,
                keep: Box<dyn Fn(&[$own]) -> $own + Send>,
                more: Vec<Option<&$own>>,
                object: &dyn $name,
            ) -> ($own, Option<$own>);
            /// Lends.
            fn first<'a>(&self, list: &'a [$own]) -> Option<&'a $own>;
            /// With a body.
            fn twice(&self, own: $own) -> ($own, $own) {
                (own, own)
            }
        }

        #[polyplug::plugin(new = $new)]
        impl $name for $plugin {
            fn heavier(&self, weight: Weight, by: Option<u32>) -> Vec<Weight> {
                vec![Weight {
                    grams: weight.grams + by.unwrap_or(1),
                }]
            }
            fn every(
                &self,
                by: &$own,
                list: &[$own],
                sink: &mut Vec<$own>,
                change: &mut [$own],
                work: &mut dyn FnMut($own, &$own) -> $own,
                keep: Box<dyn Fn(&[$own]) -> $own + Send>,
                more: Vec<Option<&$own>>,
                object: &dyn $name,
            ) -> ($own, Option<$own>) {
                change.reverse();
                sink.extend(more.into_iter().flatten());
                sink.push(object.twice(*by).1);
                (work(*by, &list[0]), Some(keep(list)))
            }
            fn first<'a>(&self, list: &'a [$own]) -> Option<&'a $own> {
                list.first()
            }
        }
    };
}

/// Writes data.
macro_rules! data_with {
    ($pair:ident, $either:ident, $of:ty) => {
        #[polyplug::data]
        #[derive(Clone, Debug, PartialEq)]
        struct $pair {
            first: $of,
            second: Option<$of>,
        }
        #[polyplug::data]
        #[derive(Clone, Debug, PartialEq)]
        enum $either {
            One($of),
            Both { first: $of, then: Box<$pair> },
        }
    };
}

#[derive(Default)]
struct Balance;

impl Balance {
    fn new(_: &polyplug::Context) -> Self {
        Self
    }
}

contract_with!(
    Scale,
    Balance,
    Option<u32>,
    Weight,
    Balance::new,
    "hygiene.written",
    "1.0"
);
data_with!(Couple, Either, Weight);
#[polyplug::contract(id = "hygiene.of-written", version = "1.0")]
trait OfWritten {
    fn second(&self, either: Either) -> Couple;
}

#[polyplug::plugin]
impl OfWritten for Balance {
    fn second(&self, either: Either) -> Couple {
        match either {
            Either::One(first) => Couple {
                first,
                second: None,
            },
            Either::Both { then, .. } => *then,
        }
    }
}

#[test]
fn what_a_macro_by_example_writes() {
    let runtime = linked();
    let scale = runtime.get::<dyn Scale>().expect("a caller");
    let weight = |grams| Weight { grams };
    assert_eq!(scale.heavier(weight(1), Some(2)), [weight(3)]);
    let (mut sink, mut change) = (vec![weight(1)], [weight(1), weight(2)]);
    let answer = scale.every(
        &weight(5),
        &[weight(7)],
        &mut sink,
        &mut change,
        &mut |one, other| weight(one.grams + other.grams),
        Box::new(|list| list[0]),
        vec![None, Some(&weight(9))],
        &Balance,
    );
    assert_eq!(answer, (weight(12), Some(weight(7))));
    assert_eq!(sink, [weight(1), weight(9), weight(5)]);
    assert_eq!(change, [weight(2), weight(1)]);
    assert_eq!(scale.first(&change), Some(&change[0]));
    assert_eq!(scale.twice(weight(1)).0, weight(1));
    let pair = Couple {
        first: weight(1),
        second: None,
    };
    let either = Either::Both {
        first: weight(2),
        then: Box::new(pair.clone()),
    };
    let of_written = runtime.get::<dyn OfWritten>().expect("a caller");
    assert_eq!(of_written.second(either), pair);
    assert_eq!(of_written.second(Either::One(weight(1))), pair);
}

/// Lifetimes of the object that hide in a path, in bodies that plugins leave out.
#[polyplug::contract(id = "hygiene.hidden", version = "1.0")]
trait Hidden {
    fn cow(&self, text: &str) -> std::borrow::Cow<'_, str> {
        format!("{text}!").into()
    }
    fn next(&mut self, text: &str) -> Option<std::borrow::Cow<'_, str>> {
        let long = self.cow(text).len() > 2;
        long.then(|| "a literal".into())
    }
}

#[polyplug::plugin]
impl Hidden for Balance {}

#[test]
fn default_bodies_answer_with_cow() {
    let mut hidden = linked().create::<dyn Hidden>().expect("an object");
    assert_eq!(hidden.cow("text"), "text!");
    assert_eq!(hidden.next("text").as_deref(), Some("a literal"));
    assert_eq!(hidden.next(""), None);
}

/// Plugins that a macro writes, with functions that it names, or its caller.
macro_rules! counters {
    ($($ty:ident $name:literal $new:path;)*) => {$(
        /// Made by a macro.
        #[derive(Debug)]
        struct $ty(u32);

        impl $ty {
            fn make(context: &polyplug::Context) -> Self {
                let length = u32::try_from(context.plugin().len());
                Self(length.unwrap())
            }
            fn save(&self) -> Vec<u8> {
                self.0.to_le_bytes().to_vec()
            }
            fn restore(
                _: &polyplug::Context,
                saved: &[u8],
            ) -> core::result::Result<Self, core::array::TryFromSliceError> {
                Ok(Self(u32::from_le_bytes(saved.try_into()?)))
            }
        }

        #[polyplug::plugin(
            name = $name, new = $new, save = Self::save, restore = $ty::restore, wants(dyn Counts)
        )]
        impl Counts for $ty {
            fn count(&self) -> u32 {
                self.0
            }
        }
    )*};
}

#[polyplug::contract(id = "hygiene.counts", version = "1.0")]
trait Counts {
    fn count(&self) -> u32;
}

counters! {
    Short "one" Short::make;
    Long "fifteen-letters" Long::make;
}

#[test]
fn plugins_that_a_macro_writes() {
    let runtime = Runtime::new();
    runtime.load_linked().unwrap();
    for (plugin, count) in [("one", 3), ("fifteen-letters", 15)] {
        let caller = runtime.get_from::<dyn Counts>(plugin).unwrap();
        assert_eq!(caller.count(), count);
    }
}
