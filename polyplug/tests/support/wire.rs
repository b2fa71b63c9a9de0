//! A contract that uses every type which may stand in a signature. `tests/c/wire.h` says the same in C.
#![allow(
    dead_code,
    unreachable_pub,
    missing_debug_implementations,
    missing_docs,
    reason = "every test that includes this uses a part of it; what the parts are is said in the C header"
)]

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use polyplug::Fault;

#[polyplug::data]
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Point {
    pub x: f64,
    pub y: f32,
    pub on: bool,
}

#[polyplug::data]
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sample {
    pub left: f32,
    pub right: f32,
}

#[polyplug::data]
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Scalars {
    pub a: bool,
    pub b: char,
    pub c: i8,
    pub d: i16,
    pub e: i32,
    pub f: i64,
    pub g: isize,
    pub h: u8,
    pub i: u16,
    pub j: u32,
    pub k: u64,
    pub l: usize,
    pub m: f32,
    pub n: f64,
}

#[polyplug::data(flags)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Style(pub u16);

#[polyplug::data]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    Red,
    Green = 7,
    Blue,
}

#[polyplug::data]
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    Empty,
    Circle(Point, f32),
    Label { text: String, size: u8, weight: u64 },
}

#[polyplug::data]
#[derive(Clone, Debug, PartialEq)]
pub struct Tree {
    pub name: String,
    pub letter: char,
    pub on: bool,
    pub place: Point,
    pub shape: Shape,
    pub colour: Colour,
    pub style: Style,
    pub children: Vec<Tree>,
    pub next: Option<Box<Tree>>,
}

#[polyplug::data]
#[derive(Clone, Debug, PartialEq)]
pub enum Chain {
    End(bool),
    Link(Box<Chain>),
}

#[polyplug::data]
pub struct Job {
    pub name: String,
    pub ear: Option<Box<dyn Ear + Send>>,
    pub work: Box<dyn FnMut(u32) -> u32 + Send>,
}

#[polyplug::contract(id = "wire.ear", version = "1.0")]
pub trait Ear {
    fn hear(&self, what: &str) -> u32;
}

#[polyplug::contract(id = "wire.lines", version = "1.0")]
pub trait Lines {
    fn next(&mut self) -> Option<String>;
}

/// Every type as an argument and as a result, where it may stand.
#[polyplug::contract(id = "wire.wire", version = "1.0")]
#[allow(
    clippy::too_many_arguments,
    clippy::boxed_local,
    clippy::box_collection,
    reason = "that is what is tested"
)]
pub trait Wire {
    fn flip(&self, value: bool) -> bool;
    fn after(&self, value: char) -> char;
    fn int8(&self, value: i8) -> i8;
    fn int16(&self, value: i16) -> i16;
    fn int32(&self, value: i32) -> i32;
    fn int64(&self, value: i64) -> i64;
    fn word(&self, value: isize) -> isize;
    fn nat8(&self, value: u8) -> u8;
    fn nat16(&self, value: u16) -> u16;
    fn nat32(&self, value: u32) -> u32;
    fn nat64(&self, value: u64) -> u64;
    fn size(&self, value: usize) -> usize;
    fn single(&self, value: f32) -> f32;
    fn real(&self, value: f64) -> f64;
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
    ) -> Scalars;
    fn turn(&self, value: &Scalars) -> Scalars;
    fn wide(&self, a: u128, b: i128) -> (u128, i128);
    fn nothing(&self);
    fn unit(&self, nothing: ());
    fn text(&self, a: &str, b: String, c: Cow<'_, str>) -> String;
    fn cow(&self, text: Cow<'_, str>) -> Cow<'_, str>;
    fn lists(
        &self,
        plain: &[u32],
        points: &[Point],
        texts: &[&str],
        lists: Vec<Vec<u16>>,
    ) -> Vec<Vec<u16>>;
    fn scale(&self, samples: &mut [Sample], by: f32);
    fn rotate(&self, value: [u16; 3]) -> [u16; 3];
    fn pair(&self, value: [String; 2]) -> [String; 2];
    fn options(
        &self,
        number: Option<u8>,
        wide: Option<u64>,
        text: Option<&str>,
        deep: Option<Option<String>>,
    ) -> Option<Option<String>>;
    fn result(&self, value: Result<u8, String>) -> Result<String, u16>;
    fn tuple(&self, value: (u8, String, f64)) -> (f64, String, u8);
    fn boxed(&self, value: Box<u64>) -> Box<String>;
    fn maps(
        &self,
        hash: HashMap<String, u32>,
        tree: BTreeMap<u8, String>,
    ) -> (HashMap<String, u32>, BTreeMap<u8, String>);
    fn sets(
        &self,
        hash: HashSet<char>,
        tree: BTreeSet<String>,
    ) -> (HashSet<char>, BTreeSet<String>);
    fn times(&self, length: Duration, time: SystemTime) -> (SystemTime, Duration);
    fn paths(&self, lent: &Path, owned: PathBuf, inside: Option<&Path>) -> PathBuf;
    fn fault(&self, value: Fault) -> Fault;
    fn point(&self, value: Point, by: &Point) -> Point;
    fn colour(&self, value: Colour) -> Colour;
    fn style(&self, value: Style, more: &[Style]) -> Style;
    fn shape(&self, value: Shape) -> Shape;
    fn tree(&self, owned: Tree, lent: &Tree) -> Tree;
    fn chain(&self, value: Chain) -> Chain;
    fn references(
        &self,
        point: Option<&Point>,
        text: Option<&String>,
        list: Vec<&str>,
        runs: &[&[u8]],
    ) -> u32;
    fn sinks(&self, text: &mut String, list: &mut Vec<u32>) -> u32;
    fn first<'a>(&self, text: &'a str) -> &'a str;
    fn some<'a>(&self, values: &'a [u32], from: usize) -> Option<&'a [u32]>;
    fn x<'a>(&self, point: &'a Point) -> &'a f64;
    fn hear(&self, one: &dyn Ear, more: Vec<&dyn Ear>) -> u32;
    fn read(&self, lines: &mut dyn Lines) -> u32;
    fn ear(&self, given: Box<dyn Ear + Send>) -> Box<dyn Ear + Send>;
    fn share(&self, given: Arc<dyn Ear + Send + Sync>) -> Arc<dyn Ear + Send + Sync>;
    fn each(&self, work: &dyn Fn(u32) -> u32, say: &mut dyn FnMut(&str)) -> u32;
    fn keep(&self, work: Box<dyn Fn(u32) -> u32 + Send>) -> Box<dyn Fn(u32) -> u32 + Send>;
    fn change(
        &self,
        work: Box<dyn FnMut(&str) -> bool + Send>,
    ) -> Box<dyn FnMut(u32) -> u32 + Send>;
    fn once(
        &self,
        work: Box<dyn FnOnce(String) -> String + Send>,
    ) -> Box<dyn FnOnce(u32) -> String + Send>;
    fn both(
        &self,
        work: Arc<dyn Fn(u32) -> u32 + Send + Sync>,
    ) -> Arc<dyn Fn(u32) -> u32 + Send + Sync>;
    fn job(&self, job: Job) -> Job;
}
