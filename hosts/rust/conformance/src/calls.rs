//! Calls a method by its name, with the arguments of a case, and says what came back.

use anyhow::{Context, Result, bail};
use conformance_api::{Borrows, Everything, Growing, Id, Lies, Life, Mark, Options, Point, Values};
use conformance_api::{Colour, Problem, Shape, Step, Style, Tree};
use polyplug::Fault;
use serde_json::Value as Json;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use crate::golden::{Golden, Written};
use crate::stage::Stage;

/// What a call did, in the words of the file.
pub(crate) struct Answer {
    /// What came back.
    pub(crate) result: Result<Json, Fault>,
    /// What the file has for it, as it would be written if it came back.
    pub(crate) golden: Option<Json>,
    /// What the `&mut` arguments are now, and what they should be.
    pub(crate) after: Vec<(Json, Json)>,
}

/// The items of an array of a case.
fn part(case: &Json, list: &str, index: usize) -> Result<Json> {
    let item = case[list].get(index);
    item.cloned()
        .with_context(|| format!("`{list}` has no item {index}"))
}

/// `method(holders) [what is passed] changes [holders] -> type;`
macro_rules! calls {
    ($caller:expr, $case:expr; $($method:ident($($name:ident: $type:ty),*) [$($passed:expr),*] $(changes [$($changed:ident: $held:ty),*])? -> $result:ty;)*) => {{
        let case: &Json = $case;
        match case["method"].as_str().unwrap_or_default() {
            $(stringify!($method) => {
                let mut index = 0..;
                $(
                    #[allow(unused_mut, reason = "only some are changed")]
                    let mut $name: $type = Golden::read(&part(case, "arguments", index.next().unwrap_or(0))?)
                        .context(concat!("argument `", stringify!($name), "`"))?;
                )*
                let given = case["arguments"].as_array().map_or(0, Vec::len);
                if index.next() != Some(given) {
                    bail!("the case has {given} arguments, the method another number");
                }
                let result = polyplug::catch(|| $caller.$method($($passed),*).write());
                let golden = case.get("result").map(<$result as Golden>::read).transpose().context("the result of the case")?;
                #[allow(unused_mut, reason = "only some change anything")]
                let mut after = Vec::new();
                $($({
                    let golden: $held = Golden::read(&part(case, "after", after.len())?)?;
                    after.push(($changed.write(), golden.write()));
                })*)?
                Ok(Answer { result, golden: golden.map(|golden| golden.write()), after })
            })*
            method => bail!("this host does not call a method `{method}`"),
        }
    }};
}

/// Calls what the case says.
///
/// # Errors
/// When the case does not fit to the contracts.
pub(crate) fn call(stage: &Stage, case: &Json) -> Result<Answer> {
    match case["contract"].as_str().unwrap_or_default() {
        "conformance.values" => values(stage, case),
        "conformance.borrows" => borrows(stage, case),
        "conformance.growing" => growing(stage, case),
        "conformance.lies" => lies(stage, case),
        "conformance.life" => life(stage, case),
        other => bail!("this host does not call contract `{other}`"),
    }
}

fn values(stage: &Stage, case: &Json) -> Result<Answer> {
    let guest = stage.get::<dyn Values>()?;
    calls! { guest, case;
        not(value: bool) [value] -> bool;
        next_char(value: char) [value] -> char;
        same_i8(value: i8) [value] -> i8;
        same_i16(value: i16) [value] -> i16;
        same_i32(value: i32) [value] -> i32;
        same_i64(value: i64) [value] -> i64;
        same_i128(value: i128) [value] -> i128;
        same_isize(value: isize) [value] -> isize;
        same_u8(value: u8) [value] -> u8;
        same_u16(value: u16) [value] -> u16;
        same_u32(value: u32) [value] -> u32;
        same_u64(value: u64) [value] -> u64;
        same_u128(value: u128) [value] -> u128;
        same_usize(value: usize) [value] -> usize;
        same_f32(value: f32) [value] -> f32;
        same_f64(value: f64) [value] -> f64;
        name_float(value: f64) [value] -> String;
        describe(a: bool, b: char, c: i8, d: i16, e: i32, f: i64, g: u8, h: u16, i: u32, j: u64)
            [a, b, c, d, e, f, g, h, i, j] -> String;
        eight(a: u64, b: u64, c: u64, d: u64, e: u64, f: u64, g: u64, h: u64) [a, b, c, d, e, f, g, h] -> u64;
        mixed(a: u8, b: f32, c: i16, d: f64) [a, b, c, d] -> f64;
        nothing() [] -> ();
        same_text(text: String) [&text] -> String;
        owned_text(text: String) [text] -> String;
        cow(text: Cow<'_, str>) [text] -> String;
        measure(text: String) [&text] -> (u64, u64);
        repeat(text: String, times: u32) [&text, times] -> String;
        optional_text(text: Option<String>) [text.as_deref()] -> Option<String>;
        reverse_bytes(bytes: Vec<u8>) [&bytes] -> Vec<u8>;
        fill(byte: u8, count: u32) [byte, count] -> Vec<u8>;
        sum(values: Vec<u32>) [&values] -> u64;
        same_list(values: Vec<i64>) [values] -> Vec<i64>;
        same_floats(values: Vec<f64>) [&values] -> Vec<f64>;
        not_all(values: Vec<bool>) [values] -> Vec<bool>;
        spell(letters: Vec<char>) [letters] -> String;
        reverse_texts(texts: Vec<String>) [texts] -> Vec<String>;
        join(texts: Vec<String>, with: String) [&texts, &with] -> String;
        join_borrowed(texts: Vec<String>) [&texts.iter().map(String::as_str).collect::<Vec<_>>()] -> String;
        reverse_lists(lists: Vec<Vec<String>>) [lists] -> Vec<Vec<String>>;
        reverse_points(points: Vec<Point>) [&points] -> Vec<Point>;
        deep(parts: Vec<Option<(String, Vec<u16>, u8)>>)
            [parts.iter().map(|part| part.as_ref().map(|(text, list, number)| (text.as_str(), list.as_slice(), *number))).collect()] -> u64;
        rotate(values: [u16; 3]) [values] -> [u16; 3];
        exchange(values: [String; 2]) [values] -> [String; 2];
        swap(pair: (u8, String)) [pair] -> (String, u8);
        boxed(value: Box<u64>) [value] -> Box<String>;
        half(value: Option<u32>) [value] -> Option<u32>;
        maybe(value: Option<Option<String>>) [value] -> Option<Option<String>>;
        divide(a: i64, b: i64) [a, b] -> Result<i64, Problem>;
        parse(text: String) [&text] -> Result<i32, String>;
        settle(value: Result<u8, String>) [value] -> String;
        same_results(values: Vec<Result<u8, String>>) [values] -> Vec<Result<u8, String>>;
        invert(map: HashMap<String, i32>) [map] -> BTreeMap<i32, String>;
        lengths(map: HashMap<String, String>) [map.iter().map(|(key, text)| (key.clone(), text.as_str())).collect()] -> BTreeMap<String, u64>;
        collect(map: BTreeMap<i32, String>) [&map] -> HashMap<String, Vec<i32>>;
        sets(hash: HashSet<char>, tree: BTreeSet<String>) [hash, tree] -> (BTreeSet<char>, HashSet<String>);
        times(time: SystemTime, length: Duration) [time, length] -> (SystemTime, Duration);
        path(folder: PathBuf, file: PathBuf) [&folder, file] -> PathBuf;
        distance(point: Point) [&point] -> f64;
        mirror(point: Point) [point] -> Point;
        toggle(mark: Mark) [mark] -> Mark;
        next_id(id: Id) [id] -> Id;
        next_colour(colour: Colour) [colour] -> Colour;
        grow(shape: Shape) [shape] -> Shape;
        styles(style: Style, more: Vec<Style>) [style, &more] -> Style;
        count(tree: Tree) [&tree] -> u32;
        rename(tree: Tree, title: String) [tree, &title] -> Tree;
        references(mark: Option<Mark>, text: Option<String>, marks: Vec<Option<Mark>>)
            [mark.as_ref(), text.as_ref(), &marks.iter().map(Option::as_ref).collect::<Vec<_>>()] -> u32;
        everything(value: Everything) [value] -> Everything;
        forward(fault: Fault) [fault] -> Fault;
        scale(points: Vec<Point>, by: f64) [&mut points, by] changes [points: Vec<Point>] -> ();
        reverse(bytes: Vec<u8>) [&mut bytes] changes [bytes: Vec<u8>] -> ();
        append(text: String, list: Vec<Option<String>>) [&mut text, &mut list] changes [text: String, list: Vec<Option<String>>] -> u64;
        append_and_fail(text: String, list: Vec<String>) [&mut text, &mut list] changes [text: String, list: Vec<String>] -> Result<(), Fault>;
        twice(text: String) [&text] -> String;
        answer() [] -> u32;
    }
}

fn borrows(stage: &Stage, case: &Json) -> Result<Answer> {
    let guest = stage.get::<dyn Borrows>()?;
    calls! { guest, case;
        first_word(text: String) [&text] -> String;
        words(text: String) [&text] -> Vec<String>;
        split(text: String) [&text] -> Option<(String, String)>;
        longer(one: Vec<u32>, other: Vec<u32>) [&one, &other] -> Vec<u32>;
        pick(marks: Vec<Mark>, at: u32) [&marks, at] -> Result<Mark, String>;
    }
}

fn growing(stage: &Stage, case: &Json) -> Result<Answer> {
    let guest = stage.get::<dyn Growing>()?;
    calls! { guest, case;
        widen(options: Options) [options] -> Options;
        step(step: Step) [step] -> Step;
        reverse_steps(steps: Vec<Step>) [steps] -> Vec<Step>;
    }
}

fn lies(stage: &Stage, case: &Json) -> Result<Answer> {
    let guest = stage.get::<dyn Lies>()?;
    calls! { guest, case;
        text() [] -> String;
        surrogate() [] -> String;
        truth() [] -> bool;
        letter() [] -> char;
        beyond() [] -> char;
        colour() [] -> Colour;
        shape() [] -> Shape;
        maybe() [] -> Option<u32>;
        outcome() [] -> Result<u32, String>;
        texts() [] -> Vec<String>;
        truths() [] -> Vec<bool>;
        tree() [] -> Tree;
        length() [] -> Duration;
        map() [] -> HashMap<String, u32>;
        change(text: String) [&mut text] changes [text: String] -> ();
        tell() [] -> u32;
    }
}

fn life(stage: &Stage, case: &Json) -> Result<Answer> {
    let guest = stage.get::<dyn Life>()?;
    calls! { guest, case;
        add(a: u64, b: u64) [a, b] -> u64;
        setting(name: String) [&name] -> Option<String>;
        number(name: String) [&name] -> Option<u64>;
        lookup(key: String) [&key] -> Option<String>;
        settle(number: i64) [number] -> Result<i64, String>;
        fail(message: String) [&message] -> ();
        caught(message: String) [&message] -> String;
        through(value: Everything) [value] -> Everything;
        apply(by: u32, value: u32) [by, value] -> u32;
        borrow(name: String) [&name] -> String;
        give(name: String) [&name] -> u32;
        enter(depth: u32) [depth] -> u32;
        greet(name: String) [&name] -> String;
        peers(number: u64) [number] -> u64;
    }
}
