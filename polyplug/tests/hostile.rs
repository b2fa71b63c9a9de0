//! Values that lie, from a module in C that is not known to be Rust: as results, and as arguments on the erased face of an
//! implementation in Rust. Each is a fault that names the argument, the field or the element; none becomes a value.
#![cfg(all(target_os = "linux", target_pointer_width = "64"))]

#[path = "support/mod.rs"]
mod support;
#[path = "support/wire.rs"]
mod wire;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use fixture_harness::Folder;
use polyplug::{Caller, Fault, FaultKind, Runtime};
use wire::{Chain, Colour, Ear, Job, Lines, Point, Sample, Shape, Tree};

/// Implemented by the module in C, with lies.
#[polyplug::contract(id = "hostile.gives", version = "1.0")]
#[allow(
    clippy::box_collection,
    missing_docs,
    reason = "the names are those of the types"
)]
pub trait Gives {
    fn boolean(&self) -> bool;
    fn letter(&self) -> char;
    fn colour(&self) -> Colour;
    fn text(&self) -> String;
    fn numbers(&self) -> Vec<u32>;
    fn units(&self) -> Vec<()>;
    fn letters(&self) -> Vec<char>;
    fn option(&self) -> Option<u8>;
    fn result(&self) -> Result<u8, String>;
    fn tuple(&self) -> (u8, String, f64);
    fn pair(&self) -> [String; 2];
    fn boxed(&self) -> Box<u64>;
    fn point(&self) -> Point;
    fn shape(&self) -> Shape;
    fn tree(&self) -> Tree;
    fn chain(&self) -> Chain;
    fn map(&self) -> HashMap<String, u32>;
    fn texts_by_nat8(&self) -> BTreeMap<u8, String>;
    fn set(&self) -> HashSet<char>;
    fn text_set(&self) -> BTreeSet<String>;
    fn duration(&self) -> Duration;
    fn moment(&self) -> SystemTime;
    fn path(&self) -> PathBuf;
    fn fault(&self) -> Fault;
    fn ear(&self) -> Box<dyn Ear + Send>;
    fn shared(&self) -> Arc<dyn Ear + Send + Sync>;
    fn closure(&self) -> Box<dyn Fn(u32) -> u32 + Send>;
    fn job(&self) -> Job;
    fn first<'a>(&self, text: &'a str) -> &'a str;
    fn some<'a>(&self, values: &'a [u32]) -> Option<&'a [u32]>;
    fn x<'a>(&self, point: &'a Point) -> &'a f64;
    fn change(&self, text: &mut String, list: &mut Vec<u32>);
    fn judge(&self) -> Box<dyn FnMut(&str) -> bool + Send>;
    fn lines(&self) -> Box<dyn Lines>;
    fn nothing(&self);
}

/// Implemented here, and called with lies.
#[polyplug::contract(id = "hostile.takes", version = "1.0")]
#[allow(
    clippy::boxed_local,
    missing_docs,
    reason = "the names are those of the types"
)]
pub trait Takes {
    fn boolean(&self, value: bool);
    fn letter(&self, value: char);
    fn colour(&self, value: Colour);
    fn text(&self, value: &str);
    fn owned(&self, value: String);
    fn numbers(&self, value: &[u32]);
    fn samples(&self, value: &mut [Sample]);
    fn letters(&self, value: &[char]);
    fn points(&self, value: &[Point]);
    fn texts(&self, value: &[&str]);
    fn list(&self, value: Vec<String>);
    fn option(&self, value: Option<u8>);
    fn lent(&self, value: Option<&str>);
    fn reference(&self, value: Option<&Point>);
    fn result(&self, value: Result<u8, String>);
    fn tuple(&self, value: (u8, String, f64));
    fn pair(&self, value: [String; 2]);
    fn boxed(&self, value: Box<u64>);
    fn point(&self, value: &Point);
    fn shape(&self, value: Shape);
    fn tree(&self, value: Tree);
    fn lent_tree(&self, value: &Tree);
    fn chain(&self, value: Chain);
    fn map(&self, value: HashMap<String, u32>);
    fn set(&self, value: HashSet<char>);
    fn duration(&self, value: Duration);
    fn moment(&self, value: SystemTime);
    fn path(&self, value: &Path);
    fn fault(&self, value: Fault);
    fn sink(&self, value: &mut String);
    fn ear(&self, value: &dyn Ear);
    fn lines(&self, value: &mut dyn Lines);
    fn boxed_ear(&self, value: Box<dyn Ear + Send>);
    fn work(&self, value: &dyn Fn(u32) -> u32);
    fn once(&self, value: Box<dyn FnOnce(String) -> String + Send>);
    fn job(&self, value: Job);
    fn two(&self, ear: Box<dyn Ear>, flag: bool);
    fn answer(&self) -> String;
    fn number(&self) -> u8;
}

/// What a test asks of the module in C.
#[polyplug::contract(id = "hostile.hostile", version = "1.0")]
pub trait Hostile {
    /// Which lie the next results are.
    fn choose(&self, lie: &str) -> bool;
    /// All the lies there are.
    fn names(&self, results: bool) -> Vec<String>;
    /// Calls through the erased face, and hands on the fault.
    fn strike(&self, victim: &dyn Takes, lie: &str) -> Option<Fault>;
    /// The same, for a closure.
    fn strike_closure(&self, work: &dyn Fn(char, bool) -> u32) -> Option<Fault>;
    /// Objects that were given away and not given back.
    fn alive(&self) -> i64;
}

struct Victim;

macro_rules! never {
    ($($name:ident($($value:ident: $type:ty),*) $(-> $result:ty)?;)*) => {
        impl Takes for Victim {
            $(fn $name(&self, $($value: $type),*) $(-> $result)? {
                $(drop($value);)*
                panic!("`{}` was reached by a value that is none", stringify!($name))
            })*
        }
    };
}

#[allow(
    dropping_references,
    dropping_copy_types,
    clippy::drop_non_drop,
    reason = "one macro for all types"
)]
mod victim {
    use super::*;

    never! {
        boolean(value: bool);
        letter(value: char);
        colour(value: Colour);
        text(value: &str);
        owned(value: String);
        numbers(value: &[u32]);
        samples(value: &mut [Sample]);
        letters(value: &[char]);
        points(value: &[Point]);
        texts(value: &[&str]);
        list(value: Vec<String>);
        option(value: Option<u8>);
        lent(value: Option<&str>);
        reference(value: Option<&Point>);
        result(value: Result<u8, String>);
        tuple(value: (u8, String, f64));
        pair(value: [String; 2]);
        boxed(value: Box<u64>);
        point(value: &Point);
        shape(value: Shape);
        tree(value: Tree);
        lent_tree(value: &Tree);
        chain(value: Chain);
        map(value: HashMap<String, u32>);
        set(value: HashSet<char>);
        duration(value: Duration);
        moment(value: SystemTime);
        path(value: &Path);
        fault(value: Fault);
        sink(value: &mut String);
        ear(value: &dyn Ear);
        lines(value: &mut dyn Lines);
        boxed_ear(value: Box<dyn Ear + Send>);
        work(value: &dyn Fn(u32) -> u32);
        once(value: Box<dyn FnOnce(String) -> String + Send>);
        job(value: Job);
        two(ear: Box<dyn Ear>, flag: bool);
        answer() -> String;
        number() -> u8;
    }
}

/// The module in C.
struct Module {
    hostile: Caller<dyn Hostile>,
    gives: Caller<dyn Gives>,
    _runtime: Runtime,
    _folder: Folder,
}

fn loaded(name: &str) -> Module {
    let folder = Folder::new(name);
    let path = support::compiled("hostile.c", folder.path(), "libhostile.so", &[]);
    let runtime = Runtime::new();
    runtime.load(path).expect("a well-formed module");
    Module {
        hostile: runtime.get().expect("what the module says of itself"),
        gives: runtime.get().expect("the contract, without lies"),
        _runtime: runtime,
        _folder: folder,
    }
}

/// A result that lies: which, what is called for it, and what it says.
type Case = (
    &'static str,
    fn(&Caller<dyn Gives>),
    FaultKind,
    &'static str,
);

/// A call whose value nobody may see.
macro_rules! call {
    ($name:ident $(($($argument:expr),*))?) => {
        |gives| {
            let _ = gives.$name($($($argument),*)?);
        }
    };
}

const INVALID: FaultKind = FaultKind::InvalidValue;
const UNKNOWN: FaultKind = FaultKind::UnknownVariant;

#[rustfmt::skip]
const RESULTS: &[Case] = &[
    ("bool_2", call!(boolean), INVALID, "result 2 is no bool, which is 0 or 1"),
    ("bool_wide", call!(boolean), INVALID, "result 256 is no bool, which is 0 or 1"),
    ("char_surrogate", call!(letter), INVALID, "result 0xd800 is no Unicode scalar value"),
    ("char_beyond", call!(letter), INVALID, "result 0x110000 is no Unicode scalar value"),
    ("colour_3", call!(colour), UNKNOWN, "result variant 3 is unknown, `Colour` has 3 here"),
    ("text_no_utf8", call!(text), INVALID, "result text that is no UTF-8 (invalid utf-8 sequence of 1 bytes from index 0)"),
    ("text_null", call!(text), INVALID, "result a null pointer with length 3"),
    ("text_too_long", call!(text), INVALID, "result a length of 9223372036854775808 is more than memory can hold"),
    ("numbers_null", call!(numbers), INVALID, "result a null pointer with length 1"),
    ("numbers_skewed", call!(numbers), INVALID, "result a pointer that is not aligned to 4 bytes"),
    ("numbers_too_long", call!(numbers), INVALID, "result a length of 2305843009213693952 is more than memory can hold"),
    ("units_too_long", call!(units), INVALID, "result a length of 9223372036854775808 is more than memory can hold"),
    ("letters_second", call!(letters), INVALID, "result `[1]`: 0xdfff is no Unicode scalar value"),
    ("option_2", call!(option), UNKNOWN, "result tag 2 is neither 0 nor 1"),
    ("result_2", call!(result), UNKNOWN, "result tag 2 is neither 0 nor 1"),
    ("result_err", call!(result), INVALID, "result text that is no UTF-8 (invalid utf-8 sequence of 1 bytes from index 0)"),
    ("tuple_second", call!(tuple), INVALID, "result `1`: text that is no UTF-8 (invalid utf-8 sequence of 1 bytes from index 0)"),
    ("pair_second", call!(pair), INVALID, "result `[1]`: text that is no UTF-8 (invalid utf-8 sequence of 1 bytes from index 0)"),
    ("box_null", call!(boxed), INVALID, "result a null pointer where a value was expected"),
    ("box_skewed", call!(boxed), INVALID, "result a pointer that is not aligned to 8 bytes"),
    ("box_of_two", call!(boxed), INVALID, "result a box with 2 values"),
    ("box_of_none", call!(boxed), INVALID, "result a box with 0 values"),
    ("point_on", call!(point), INVALID, "result `on`: 255 is no bool, which is 0 or 1"),
    ("shape_7", call!(shape), UNKNOWN, "result variant 7 is unknown, `Shape` has 3 here"),
    ("shape_circle", call!(shape), INVALID, "result `Circle.0.on`: 2 is no bool, which is 0 or 1"),
    ("shape_label", call!(shape), INVALID, "result `Label.text`: a null pointer with length 5"),
    ("tree_letter", call!(tree), INVALID, "result `letter`: 0xdc00 is no Unicode scalar value"),
    ("tree_colour", call!(tree), UNKNOWN, "result `colour`: variant 9 is unknown, `Colour` has 3 here"),
    ("tree_child", call!(tree), INVALID,
        "result `children[1].shape.Label.text`: text that is no UTF-8 (invalid utf-8 sequence of 1 bytes from index 0)"),
    ("tree_next", call!(tree), UNKNOWN, "result `next.colour`: variant 3 is unknown, `Colour` has 3 here"),
    ("tree_next_null", call!(tree), INVALID, "result `next`: a null pointer where a value was expected"),
    ("chain_end", call!(chain), INVALID, "result `End.0`: 2 is no bool, which is 0 or 1"),
    ("map_key", call!(map), INVALID, "result `[1].0`: text that is no UTF-8 (invalid utf-8 sequence of 1 bytes from index 0)"),
    ("map_value", call!(texts_by_nat8), INVALID, "result `[0].1`: a null pointer with length 9"),
    ("map_null", call!(map), INVALID, "result a null pointer with length 1"),
    ("map_too_long", call!(map), INVALID, "result a length of 576460752303423488 is more than memory can hold"),
    ("set_letter", call!(set), INVALID, "result `[1]`: 0xdfff is no Unicode scalar value"),
    ("set_skewed", call!(set), INVALID, "result a pointer that is not aligned to 4 bytes"),
    ("set_text", call!(text_set), INVALID, "result `[1]`: text that is no UTF-8 (invalid utf-8 sequence of 1 bytes from index 0)"),
    ("duration_nanos", call!(duration), INVALID, "result 1000000000 nanoseconds are a second or more"),
    ("moment_nanos", call!(moment), INVALID, "result 4294967295 nanoseconds are a second or more"),
    ("path_null", call!(path), INVALID, "result a null pointer with length 1"),
    ("path_too_long", call!(path), INVALID, "result a length of 9223372036854775808 is more than memory can hold"),
    ("fault_null", call!(fault), INVALID, "result a null pointer where a fault was expected"),
    ("fault_skewed", call!(fault), INVALID, "result a pointer that is not aligned to 8 bytes"),
    ("fault_small", call!(fault), INVALID, "result a fault of 8 bytes"),
    ("fault_without_table", call!(fault), INVALID, "result a null pointer where the table of a fault was expected"),
    ("fault_no_utf8", call!(fault), INVALID,
        "result `message`: text that is no UTF-8 (invalid utf-8 sequence of 1 bytes from index 0)"),
    ("object_null", call!(ear), INVALID, "result a null pointer where the interface of an object was expected"),
    ("object_skewed", call!(ear), INVALID, "result a pointer that is not aligned to 8 bytes"),
    ("object_null_function", call!(ear), INVALID, "result an object with a null function `hear`"),
    ("object_null_invoke", call!(shared), INVALID, "result an object with a null function `invoke`"),
    ("object_small", call!(shared), INVALID, "result an object with an interface of 48 bytes for 7 methods"),
    ("closure_null", call!(closure), INVALID, "result a null pointer where the interface of an object was expected"),
    ("job_ear_tag", call!(job), UNKNOWN, "result `ear`: tag 5 is neither 0 nor 1"),
    ("job_work", call!(job), INVALID, "result `work`: a null pointer where the interface of an object was expected"),
    ("borrowed_no_utf8", call!(first("ä")), INVALID,
        "result text that is no UTF-8 (incomplete utf-8 byte sequence from index 0)"),
    ("borrowed_elsewhere", call!(first("text")), FaultKind::EscapedBorrow,
        "a borrowed result lies in no argument that crossed uncopied; return an owned value, or borrow from `&str`, `&[T]` or `&T` of numbers"),
    ("borrowed_null", call!(first("text")), INVALID, "result a null pointer with length 4"),
    ("some_2", call!(some(&[1, 2])), UNKNOWN, "result tag 2 is neither 0 nor 1"),
    ("some_skewed", call!(some(&[1, 2])), INVALID, "result a pointer that is not aligned to 4 bytes"),
    ("some_elsewhere", call!(some(&[1, 2])), FaultKind::EscapedBorrow,
        "a borrowed result lies in no argument that crossed uncopied; return an owned value, or borrow from `&str`, `&[T]` or `&T` of numbers"),
    ("x_null", call!(x(&Point::default())), INVALID, "result a null pointer where a value was expected"),
    ("x_skewed", call!(x(&Point::default())), INVALID, "result a pointer that is not aligned to 8 bytes"),
    ("x_elsewhere", call!(x(&Point::default())), FaultKind::EscapedBorrow,
        "a borrowed result lies in no argument that crossed uncopied; return an owned value, or borrow from `&str`, `&[T]` or `&T` of numbers"),
    ("sink_text", change, INVALID,
        "changed argument `text`: text that is no UTF-8 (invalid utf-8 sequence of 1 bytes from index 0)"),
    ("sink_list", change, INVALID, "changed argument `list`: a pointer that is not aligned to 4 bytes"),
    ("closure_answers_2", |gives| assert!(gives.judge()("text")), INVALID, "result 2 is no bool, which is 0 or 1"),
    ("object_answers_7", |gives| assert!(gives.lines().next().is_some()), UNKNOWN, "result tag 7 is neither 0 nor 1"),
    ("stores_no_fault", |gives| gives.nothing(), INVALID,
        "fault `message`: text that is no UTF-8 (invalid utf-8 sequence of 1 bytes from index 0)"),
];

/// Both arguments stay as they are.
fn change(gives: &Caller<dyn Gives>) {
    let (mut text, mut list) = ("text".to_owned(), vec![1, 2]);
    let result = polyplug::catch(|| gives.change(&mut text, &mut list));
    assert_eq!((text.as_str(), list), ("text", vec![1, 2]));
    if let Err(fault) = result {
        std::panic::resume_unwind(Box::new(fault));
    }
}

/// All lies there are have a row, and no row is of another lie.
fn assert_complete<'a>(module: &Module, results: bool, rows: impl Iterator<Item = &'a str>) {
    let mut rows: Vec<_> = rows.map(str::to_owned).collect();
    let mut names = module.hostile.names(results);
    rows.sort_unstable();
    names.sort_unstable();
    assert_eq!(rows, names);
}

#[test]
fn c03_results_that_lie_are_faults_that_say_where() {
    let module = loaded("hostile-results");
    let deep = ["chain_loop"];
    let rows = RESULTS.iter().map(|row| row.0).chain(deep);
    assert_complete(&module, true, rows);
    let mut wrong = String::new();
    for (lie, call, kind, message) in RESULTS {
        assert!(module.hostile.choose(lie), "{lie}");
        match polyplug::catch(|| call(&module.gives)) {
            Ok(()) => wrong.push_str(&format!("{lie}: became a value\n")),
            Err(fault) if fault.kind() == *kind && fault.message() == *message => {}
            Err(fault) => wrong.push_str(&format!("{lie}: {:?}: {fault}\n", fault.kind())),
        }
    }
    assert_eq!(wrong, "");
    assert_eq!(module.hostile.alive(), 0);
}

#[test]
fn a_fault_says_who_lied() {
    let module = loaded("hostile-who");
    assert!(module.hostile.choose("point_on"));
    let fault = polyplug::catch(|| module.gives.point()).expect_err("a lie");
    assert_eq!(
        fault.to_string(),
        "hostile, hostile.gives.point: result `on`: 255 is no bool, which is 0 or 1"
    );
    let pinned = Caller::pin(&module.gives).expect("held still");
    assert_eq!(
        polyplug::catch(|| pinned.point()).expect_err("the same"),
        fault
    );
}

#[test]
fn a_result_that_was_never_written_is_a_fault() {
    let module = loaded("hostile-forgets");
    assert!(module.hostile.choose("nothing_written"));
    let calls: [fn(&Caller<dyn Gives>); 14] = [
        call!(text),
        call!(numbers),
        call!(option),
        call!(result),
        call!(tuple),
        call!(boxed),
        call!(point),
        call!(tree),
        call!(chain),
        call!(map),
        call!(moment),
        call!(fault),
        call!(ear),
        call!(first("text")),
    ];
    for (index, call) in calls.iter().enumerate() {
        let fault = polyplug::catch(|| call(&module.gives));
        assert!(fault.is_err(), "number {index} became a value");
    }
}

#[test]
fn c10_a_million_levels_and_a_ring_are_faults() {
    let module = loaded("hostile-deep");
    let check = |fault: &Fault, before: &str| {
        assert_eq!(fault.kind(), INVALID);
        let message = fault.message();
        assert!(
            message.starts_with(before) && message.ends_with("`: a value nested deeper than 128"),
            "{message}"
        );
    };
    for lie in ["chain_million", "chain_loop"] {
        assert!(module.hostile.choose(lie));
        let fault = polyplug::catch(|| module.gives.chain()).expect_err("too deep");
        check(&fault, "result `Link.0.Link.0.");
        let fault = module.hostile.strike(&Victim, lie).expect("a fault");
        check(&fault, "argument `value.Link.0.Link.0.");
    }
}

#[rustfmt::skip]
const ARGUMENTS: &[(&str, FaultKind, &str)] = &[
    ("bool_2", INVALID, "argument `value`: 2 is no bool, which is 0 or 1"),
    ("bool_wide", INVALID, "argument `value`: 256 is no bool, which is 0 or 1"),
    ("char_surrogate", INVALID, "argument `value`: 0xd800 is no Unicode scalar value"),
    ("colour_3", UNKNOWN, "argument `value`: variant 3 is unknown, `Colour` has 3 here"),
    ("str_no_utf8", INVALID, "argument `value`: text that is no UTF-8 (invalid utf-8 sequence of 1 bytes from index 0)"),
    ("str_null", INVALID, "argument `value`: a null pointer with length 1"),
    ("str_too_long", INVALID, "argument `value`: a length of 9223372036854775808 is more than memory can hold"),
    ("string_no_utf8", INVALID, "argument `value`: text that is no UTF-8 (invalid utf-8 sequence of 1 bytes from index 0)"),
    ("string_null", INVALID, "argument `value`: a null pointer where a value was expected"),
    ("string_skewed", INVALID, "argument `value`: a pointer that is not aligned to 8 bytes"),
    ("numbers_skewed", INVALID, "argument `value`: a pointer that is not aligned to 4 bytes"),
    ("numbers_too_long", INVALID, "argument `value`: a length of 2305843009213693952 is more than memory can hold"),
    ("samples_null", INVALID, "argument `value`: a null pointer with length 2"),
    ("samples_skewed", INVALID, "argument `value`: a pointer that is not aligned to 4 bytes"),
    ("letters_second", INVALID, "argument `value[1]`: 0xdfff is no Unicode scalar value"),
    ("points_second", INVALID, "argument `value[1].on`: 3 is no bool, which is 0 or 1"),
    ("texts_second", INVALID, "argument `value[1]`: text that is no UTF-8 (invalid utf-8 sequence of 1 bytes from index 0)"),
    ("list_second", INVALID, "argument `value[1]`: text that is no UTF-8 (invalid utf-8 sequence of 1 bytes from index 0)"),
    ("option_2", UNKNOWN, "argument `value`: tag 2 is neither 0 nor 1"),
    ("lent_no_utf8", INVALID, "argument `value`: text that is no UTF-8 (invalid utf-8 sequence of 1 bytes from index 0)"),
    ("reference_on", INVALID, "argument `value.on`: 3 is no bool, which is 0 or 1"),
    ("reference_null", INVALID, "argument `value`: a null pointer where a value was expected"),
    ("reference_skewed", INVALID, "argument `value`: a pointer that is not aligned to 8 bytes"),
    ("result_2", UNKNOWN, "argument `value`: tag 2 is neither 0 nor 1"),
    ("result_err", INVALID, "argument `value`: text that is no UTF-8 (invalid utf-8 sequence of 1 bytes from index 0)"),
    ("tuple_second", INVALID, "argument `value.1`: text that is no UTF-8 (invalid utf-8 sequence of 1 bytes from index 0)"),
    ("pair_second", INVALID, "argument `value[1]`: text that is no UTF-8 (invalid utf-8 sequence of 1 bytes from index 0)"),
    ("box_null", INVALID, "argument `value`: a null pointer where a value was expected"),
    ("box_skewed", INVALID, "argument `value`: a pointer that is not aligned to 8 bytes"),
    ("point_on", INVALID, "argument `value.on`: 3 is no bool, which is 0 or 1"),
    ("point_null", INVALID, "argument `value`: a null pointer where a value was expected"),
    ("point_skewed", INVALID, "argument `value`: a pointer that is not aligned to 8 bytes"),
    ("shape_7", UNKNOWN, "argument `value`: variant 7 is unknown, `Shape` has 3 here"),
    ("shape_label", INVALID,
        "argument `value.Label.text`: text that is no UTF-8 (invalid utf-8 sequence of 1 bytes from index 0)"),
    ("tree_child", INVALID, "argument `value.children[1].letter`: 0x110000 is no Unicode scalar value"),
    ("tree_next", INVALID, "argument `value.next.shape.Circle.0.on`: 2 is no bool, which is 0 or 1"),
    ("chain_end", INVALID, "argument `value.End.0`: 2 is no bool, which is 0 or 1"),
    ("map_key", INVALID, "argument `value[1].0`: text that is no UTF-8 (invalid utf-8 sequence of 1 bytes from index 0)"),
    ("map_null", INVALID, "argument `value`: a null pointer with length 1"),
    ("set_letter", INVALID, "argument `value[1]`: 0xdfff is no Unicode scalar value"),
    ("set_too_long", INVALID, "argument `value`: a length of 2305843009213693952 is more than memory can hold"),
    ("duration_nanos", INVALID, "argument `value`: 1000000000 nanoseconds are a second or more"),
    ("moment_nanos", INVALID, "argument `value`: 1000000000 nanoseconds are a second or more"),
    ("path_null", INVALID, "argument `value`: a null pointer with length 1"),
    ("fault_null", INVALID, "argument `value`: a null pointer where a fault was expected"),
    ("fault_no_utf8", INVALID,
        "argument `value.message`: text that is no UTF-8 (invalid utf-8 sequence of 1 bytes from index 0)"),
    ("sink_null", INVALID, "argument `value`: a null pointer where a sink was expected"),
    ("sink_skewed", INVALID, "argument `value`: a pointer that is not aligned to 8 bytes"),
    ("sink_no_utf8", INVALID, "argument `value`: text that is no UTF-8 (invalid utf-8 sequence of 1 bytes from index 0)"),
    ("object_null", INVALID, "argument `value`: a null pointer where an object was expected"),
    ("object_skewed", INVALID, "argument `value`: a pointer that is not aligned to 8 bytes"),
    ("object_without_interface", INVALID, "argument `value`: a null pointer where the interface of an object was expected"),
    ("object_null_function", INVALID, "argument `value`: an object with a null function `hear`"),
    ("lines_null", INVALID, "argument `value`: a null pointer where an object was expected"),
    ("boxed_ear_null", INVALID, "argument `value`: a null pointer where a value was expected"),
    ("closure_null", INVALID, "argument `value`: a null pointer where an object was expected"),
    ("once_small", INVALID, "argument `value`: an object with an interface of 48 bytes for 7 methods"),
    ("job_work", INVALID, "argument `value.work`: a null pointer where the interface of an object was expected"),
];

/// Lies about the call itself.
#[rustfmt::skip]
const CALLS: &[(&str, FaultKind, &str)] = &[
    ("frame_null", INVALID, "the frame is null or not aligned to 8 bytes"),
    ("frame_skewed", INVALID, "the frame is null or not aligned to 8 bytes"),
    ("place_null", INVALID, "the place for the result is null or not aligned"),
    ("place_skewed", INVALID, "the place for the result is null or not aligned"),
    ("place_of_number_skewed", INVALID, "the place for the result is null or not aligned"),
    ("second_of_two", INVALID, "argument `flag`: 2 is no bool, which is 0 or 1"),
    ("no such method", FaultKind::UnknownMethod, "contract `hostile.takes` has no method number 4294967295"),
];

#[test]
fn c03_arguments_that_lie_are_faults_that_say_where() {
    let module = loaded("hostile-arguments");
    let deep = ["chain_loop"];
    let rows = ARGUMENTS.iter().map(|row| row.0).chain(deep);
    assert_complete(&module, false, rows);
    let mut wrong = String::new();
    for (lie, kind, message) in ARGUMENTS.iter().chain(CALLS) {
        match module.hostile.strike(&Victim, lie) {
            None => wrong.push_str(&format!("{lie}: became a value\n")),
            Some(fault) if fault.kind() == *kind && fault.message() == *message => {}
            Some(fault) => wrong.push_str(&format!("{lie}: {:?}: {fault}\n", fault.kind())),
        }
    }
    assert_eq!(wrong, "");
    // C7: an object beside an argument that lied was given, so it was given up.
    assert_eq!(module.hostile.alive(), 0);
}

#[test]
fn c03_an_argument_of_a_closure_is_named_by_its_position() {
    let module = loaded("hostile-closure");
    let fault = module.hostile.strike_closure(&|letter, flag| {
        panic!("reached by {letter} and {flag}");
    });
    let fault = fault.expect("a lie");
    assert_eq!(
        (fault.kind(), fault.message()),
        (INVALID, "argument `1`: 2 is no bool, which is 0 or 1")
    );
}
