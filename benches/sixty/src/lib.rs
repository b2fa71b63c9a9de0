//! A contract of sixty methods of mixed types, its plugin, and calls of all of them; without the feature `contract` the
//! same as plain Rust, so that the difference is the expansion's.
#![expect(
    unsafe_code,
    reason = "an exported function, so that the linker keeps it"
)]

use std::collections::{BTreeMap, HashMap};
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use polyplug::Fault;

/// Plain data.
#[polyplug::data]
#[derive(Clone, Copy, Debug, Default)]
pub struct Plain {
    /// A number.
    pub x: u32,
    /// Another.
    pub y: f32,
}

/// Other data.
#[polyplug::data]
#[derive(Clone, Debug, Default)]
pub struct Item {
    /// A text.
    pub name: String,
    /// Plain.
    pub plain: Vec<Plain>,
    /// Recursive.
    pub parts: Vec<Item>,
}

/// An enum.
#[polyplug::data]
#[derive(Clone, Debug)]
pub enum Choice {
    /// Nothing.
    A,
    /// Something.
    B(Item),
}

fn item() -> Item {
    Item::default()
}

/// A contract that is always one: both builds hold the runtime.
#[polyplug::contract(id = "bench.one", version = "1.0")]
pub trait One {
    /// The one.
    fn one(&self, x: u32) -> u32;
}

#[derive(Debug, Default)]
struct Small;

#[polyplug::plugin]
impl One for Small {
    fn one(&self, x: u32) -> u32 {
        x + 1
    }
}

struct Small2(u32);

impl One for Small2 {
    fn one(&self, x: u32) -> u32 {
        x + self.0
    }
}

/// The sixty.
#[cfg_attr(
    feature = "contract",
    polyplug::contract(id = "bench.sixty", version = "1.0")
)]
pub trait Sixty {
    /// One of sixty.
    fn scalar0(&self, a: u32, b: f64) -> u64;
    /// One of sixty.
    fn text0(&self, text: &str) -> String;
    /// One of sixty.
    fn list0(&self, list: &[u16], flags: Vec<bool>) -> Vec<u32>;
    /// One of sixty.
    fn option0(&self, text: Option<&str>, row: (u8, String)) -> Option<(String, u8)>;
    /// One of sixty.
    fn result0(&self, item: &Item) -> Result<Item, Fault>;
    /// One of sixty.
    fn map0(&self, map: HashMap<String, u32>) -> BTreeMap<u32, String>;
    /// One of sixty.
    fn sink0(&self, text: &mut String, bytes: &mut [u8]);
    /// One of sixty.
    fn closure0(&self, each: &dyn Fn(u32) -> u32, keep: Box<dyn FnMut(&str) -> bool + Send>)
    -> u32;
    /// One of sixty.
    fn object0(&self, other: &dyn One) -> Box<dyn One + Send>;
    /// One of sixty.
    fn borrowed0<'a>(&self, text: &'a str, item: &'a Plain) -> &'a str;
    /// One of sixty.
    fn time0(&self, path: &Path, time: SystemTime, length: Duration) -> PathBuf;
    /// One of sixty.
    fn choice0(&self, choice: Choice, plain: &[Plain], wide: u128) -> Choice;
    /// One of sixty.
    fn scalar1(&self, a: u32, b: f64) -> u64;
    /// One of sixty.
    fn text1(&self, text: &str) -> String;
    /// One of sixty.
    fn list1(&self, list: &[u16], flags: Vec<bool>) -> Vec<u32>;
    /// One of sixty.
    fn option1(&self, text: Option<&str>, row: (u8, String)) -> Option<(String, u8)>;
    /// One of sixty.
    fn result1(&self, item: &Item) -> Result<Item, Fault>;
    /// One of sixty.
    fn map1(&self, map: HashMap<String, u32>) -> BTreeMap<u32, String>;
    /// One of sixty.
    fn sink1(&self, text: &mut String, bytes: &mut [u8]);
    /// One of sixty.
    fn closure1(&self, each: &dyn Fn(u32) -> u32, keep: Box<dyn FnMut(&str) -> bool + Send>)
    -> u32;
    /// One of sixty.
    fn object1(&self, other: &dyn One) -> Box<dyn One + Send>;
    /// One of sixty.
    fn borrowed1<'a>(&self, text: &'a str, item: &'a Plain) -> &'a str;
    /// One of sixty.
    fn time1(&self, path: &Path, time: SystemTime, length: Duration) -> PathBuf;
    /// One of sixty.
    fn choice1(&self, choice: Choice, plain: &[Plain], wide: u128) -> Choice;
    /// One of sixty.
    fn scalar2(&self, a: u32, b: f64) -> u64;
    /// One of sixty.
    fn text2(&self, text: &str) -> String;
    /// One of sixty.
    fn list2(&self, list: &[u16], flags: Vec<bool>) -> Vec<u32>;
    /// One of sixty.
    fn option2(&self, text: Option<&str>, row: (u8, String)) -> Option<(String, u8)>;
    /// One of sixty.
    fn result2(&self, item: &Item) -> Result<Item, Fault>;
    /// One of sixty.
    fn map2(&self, map: HashMap<String, u32>) -> BTreeMap<u32, String>;
    /// One of sixty.
    fn sink2(&self, text: &mut String, bytes: &mut [u8]);
    /// One of sixty.
    fn closure2(&self, each: &dyn Fn(u32) -> u32, keep: Box<dyn FnMut(&str) -> bool + Send>)
    -> u32;
    /// One of sixty.
    fn object2(&self, other: &dyn One) -> Box<dyn One + Send>;
    /// One of sixty.
    fn borrowed2<'a>(&self, text: &'a str, item: &'a Plain) -> &'a str;
    /// One of sixty.
    fn time2(&self, path: &Path, time: SystemTime, length: Duration) -> PathBuf;
    /// One of sixty.
    fn choice2(&self, choice: Choice, plain: &[Plain], wide: u128) -> Choice;
    /// One of sixty.
    fn scalar3(&self, a: u32, b: f64) -> u64;
    /// One of sixty.
    fn text3(&self, text: &str) -> String;
    /// One of sixty.
    fn list3(&self, list: &[u16], flags: Vec<bool>) -> Vec<u32>;
    /// One of sixty.
    fn option3(&self, text: Option<&str>, row: (u8, String)) -> Option<(String, u8)>;
    /// One of sixty.
    fn result3(&self, item: &Item) -> Result<Item, Fault>;
    /// One of sixty.
    fn map3(&self, map: HashMap<String, u32>) -> BTreeMap<u32, String>;
    /// One of sixty.
    fn sink3(&self, text: &mut String, bytes: &mut [u8]);
    /// One of sixty.
    fn closure3(&self, each: &dyn Fn(u32) -> u32, keep: Box<dyn FnMut(&str) -> bool + Send>)
    -> u32;
    /// One of sixty.
    fn object3(&self, other: &dyn One) -> Box<dyn One + Send>;
    /// One of sixty.
    fn borrowed3<'a>(&self, text: &'a str, item: &'a Plain) -> &'a str;
    /// One of sixty.
    fn time3(&self, path: &Path, time: SystemTime, length: Duration) -> PathBuf;
    /// One of sixty.
    fn choice3(&self, choice: Choice, plain: &[Plain], wide: u128) -> Choice;
    /// One of sixty.
    fn scalar4(&self, a: u32, b: f64) -> u64;
    /// One of sixty.
    fn text4(&self, text: &str) -> String;
    /// One of sixty.
    fn list4(&self, list: &[u16], flags: Vec<bool>) -> Vec<u32>;
    /// One of sixty.
    fn option4(&self, text: Option<&str>, row: (u8, String)) -> Option<(String, u8)>;
    /// One of sixty.
    fn result4(&self, item: &Item) -> Result<Item, Fault>;
    /// One of sixty.
    fn map4(&self, map: HashMap<String, u32>) -> BTreeMap<u32, String>;
    /// One of sixty.
    fn sink4(&self, text: &mut String, bytes: &mut [u8]);
    /// One of sixty.
    fn closure4(&self, each: &dyn Fn(u32) -> u32, keep: Box<dyn FnMut(&str) -> bool + Send>)
    -> u32;
    /// One of sixty.
    fn object4(&self, other: &dyn One) -> Box<dyn One + Send>;
    /// One of sixty.
    fn borrowed4<'a>(&self, text: &'a str, item: &'a Plain) -> &'a str;
    /// One of sixty.
    fn time4(&self, path: &Path, time: SystemTime, length: Duration) -> PathBuf;
    /// One of sixty.
    fn choice4(&self, choice: Choice, plain: &[Plain], wide: u128) -> Choice;
}

#[cfg_attr(feature = "contract", polyplug::plugin)]
impl Sixty for Small {
    fn scalar0(&self, a: u32, b: f64) -> u64 {
        u64::from(a) + b as u64
    }
    fn text0(&self, text: &str) -> String {
        text.to_owned()
    }
    fn list0(&self, list: &[u16], flags: Vec<bool>) -> Vec<u32> {
        flags
            .iter()
            .map(|flag| u32::from(*flag))
            .chain(list.iter().map(|&item| item.into()))
            .collect()
    }
    fn option0(&self, text: Option<&str>, row: (u8, String)) -> Option<(String, u8)> {
        text.map(|text| (row.1 + text, row.0))
    }
    fn result0(&self, item: &Item) -> Result<Item, Fault> {
        Ok(item.clone())
    }
    fn map0(&self, map: HashMap<String, u32>) -> BTreeMap<u32, String> {
        map.into_iter().map(|(key, value)| (value, key)).collect()
    }
    fn sink0(&self, text: &mut String, bytes: &mut [u8]) {
        text.push('a');
        bytes.reverse();
    }
    fn closure0(
        &self,
        each: &dyn Fn(u32) -> u32,
        keep: Box<dyn FnMut(&str) -> bool + Send>,
    ) -> u32 {
        let mut keep = keep;
        u32::from(keep("a")) + each(1)
    }
    fn object0(&self, other: &dyn One) -> Box<dyn One + Send> {
        Box::new(Small2(other.one(1)))
    }
    fn borrowed0<'a>(&self, text: &'a str, item: &'a Plain) -> &'a str {
        &text[item.x as usize..]
    }
    fn time0(&self, path: &Path, time: SystemTime, length: Duration) -> PathBuf {
        path.join(format!("{:?}", time + length))
    }
    fn choice0(&self, choice: Choice, plain: &[Plain], wide: u128) -> Choice {
        if plain.is_empty() && wide == 0 {
            Choice::B(item())
        } else {
            choice
        }
    }
    fn scalar1(&self, a: u32, b: f64) -> u64 {
        u64::from(a) + b as u64
    }
    fn text1(&self, text: &str) -> String {
        text.to_owned()
    }
    fn list1(&self, list: &[u16], flags: Vec<bool>) -> Vec<u32> {
        flags
            .iter()
            .map(|flag| u32::from(*flag))
            .chain(list.iter().map(|&item| item.into()))
            .collect()
    }
    fn option1(&self, text: Option<&str>, row: (u8, String)) -> Option<(String, u8)> {
        text.map(|text| (row.1 + text, row.0))
    }
    fn result1(&self, item: &Item) -> Result<Item, Fault> {
        Ok(item.clone())
    }
    fn map1(&self, map: HashMap<String, u32>) -> BTreeMap<u32, String> {
        map.into_iter().map(|(key, value)| (value, key)).collect()
    }
    fn sink1(&self, text: &mut String, bytes: &mut [u8]) {
        text.push('a');
        bytes.reverse();
    }
    fn closure1(
        &self,
        each: &dyn Fn(u32) -> u32,
        keep: Box<dyn FnMut(&str) -> bool + Send>,
    ) -> u32 {
        let mut keep = keep;
        u32::from(keep("a")) + each(1)
    }
    fn object1(&self, other: &dyn One) -> Box<dyn One + Send> {
        Box::new(Small2(other.one(1)))
    }
    fn borrowed1<'a>(&self, text: &'a str, item: &'a Plain) -> &'a str {
        &text[item.x as usize..]
    }
    fn time1(&self, path: &Path, time: SystemTime, length: Duration) -> PathBuf {
        path.join(format!("{:?}", time + length))
    }
    fn choice1(&self, choice: Choice, plain: &[Plain], wide: u128) -> Choice {
        if plain.is_empty() && wide == 0 {
            Choice::B(item())
        } else {
            choice
        }
    }
    fn scalar2(&self, a: u32, b: f64) -> u64 {
        u64::from(a) + b as u64
    }
    fn text2(&self, text: &str) -> String {
        text.to_owned()
    }
    fn list2(&self, list: &[u16], flags: Vec<bool>) -> Vec<u32> {
        flags
            .iter()
            .map(|flag| u32::from(*flag))
            .chain(list.iter().map(|&item| item.into()))
            .collect()
    }
    fn option2(&self, text: Option<&str>, row: (u8, String)) -> Option<(String, u8)> {
        text.map(|text| (row.1 + text, row.0))
    }
    fn result2(&self, item: &Item) -> Result<Item, Fault> {
        Ok(item.clone())
    }
    fn map2(&self, map: HashMap<String, u32>) -> BTreeMap<u32, String> {
        map.into_iter().map(|(key, value)| (value, key)).collect()
    }
    fn sink2(&self, text: &mut String, bytes: &mut [u8]) {
        text.push('a');
        bytes.reverse();
    }
    fn closure2(
        &self,
        each: &dyn Fn(u32) -> u32,
        keep: Box<dyn FnMut(&str) -> bool + Send>,
    ) -> u32 {
        let mut keep = keep;
        u32::from(keep("a")) + each(1)
    }
    fn object2(&self, other: &dyn One) -> Box<dyn One + Send> {
        Box::new(Small2(other.one(1)))
    }
    fn borrowed2<'a>(&self, text: &'a str, item: &'a Plain) -> &'a str {
        &text[item.x as usize..]
    }
    fn time2(&self, path: &Path, time: SystemTime, length: Duration) -> PathBuf {
        path.join(format!("{:?}", time + length))
    }
    fn choice2(&self, choice: Choice, plain: &[Plain], wide: u128) -> Choice {
        if plain.is_empty() && wide == 0 {
            Choice::B(item())
        } else {
            choice
        }
    }
    fn scalar3(&self, a: u32, b: f64) -> u64 {
        u64::from(a) + b as u64
    }
    fn text3(&self, text: &str) -> String {
        text.to_owned()
    }
    fn list3(&self, list: &[u16], flags: Vec<bool>) -> Vec<u32> {
        flags
            .iter()
            .map(|flag| u32::from(*flag))
            .chain(list.iter().map(|&item| item.into()))
            .collect()
    }
    fn option3(&self, text: Option<&str>, row: (u8, String)) -> Option<(String, u8)> {
        text.map(|text| (row.1 + text, row.0))
    }
    fn result3(&self, item: &Item) -> Result<Item, Fault> {
        Ok(item.clone())
    }
    fn map3(&self, map: HashMap<String, u32>) -> BTreeMap<u32, String> {
        map.into_iter().map(|(key, value)| (value, key)).collect()
    }
    fn sink3(&self, text: &mut String, bytes: &mut [u8]) {
        text.push('a');
        bytes.reverse();
    }
    fn closure3(
        &self,
        each: &dyn Fn(u32) -> u32,
        keep: Box<dyn FnMut(&str) -> bool + Send>,
    ) -> u32 {
        let mut keep = keep;
        u32::from(keep("a")) + each(1)
    }
    fn object3(&self, other: &dyn One) -> Box<dyn One + Send> {
        Box::new(Small2(other.one(1)))
    }
    fn borrowed3<'a>(&self, text: &'a str, item: &'a Plain) -> &'a str {
        &text[item.x as usize..]
    }
    fn time3(&self, path: &Path, time: SystemTime, length: Duration) -> PathBuf {
        path.join(format!("{:?}", time + length))
    }
    fn choice3(&self, choice: Choice, plain: &[Plain], wide: u128) -> Choice {
        if plain.is_empty() && wide == 0 {
            Choice::B(item())
        } else {
            choice
        }
    }
    fn scalar4(&self, a: u32, b: f64) -> u64 {
        u64::from(a) + b as u64
    }
    fn text4(&self, text: &str) -> String {
        text.to_owned()
    }
    fn list4(&self, list: &[u16], flags: Vec<bool>) -> Vec<u32> {
        flags
            .iter()
            .map(|flag| u32::from(*flag))
            .chain(list.iter().map(|&item| item.into()))
            .collect()
    }
    fn option4(&self, text: Option<&str>, row: (u8, String)) -> Option<(String, u8)> {
        text.map(|text| (row.1 + text, row.0))
    }
    fn result4(&self, item: &Item) -> Result<Item, Fault> {
        Ok(item.clone())
    }
    fn map4(&self, map: HashMap<String, u32>) -> BTreeMap<u32, String> {
        map.into_iter().map(|(key, value)| (value, key)).collect()
    }
    fn sink4(&self, text: &mut String, bytes: &mut [u8]) {
        text.push('a');
        bytes.reverse();
    }
    fn closure4(
        &self,
        each: &dyn Fn(u32) -> u32,
        keep: Box<dyn FnMut(&str) -> bool + Send>,
    ) -> u32 {
        let mut keep = keep;
        u32::from(keep("a")) + each(1)
    }
    fn object4(&self, other: &dyn One) -> Box<dyn One + Send> {
        Box::new(Small2(other.one(1)))
    }
    fn borrowed4<'a>(&self, text: &'a str, item: &'a Plain) -> &'a str {
        &text[item.x as usize..]
    }
    fn time4(&self, path: &Path, time: SystemTime, length: Duration) -> PathBuf {
        path.join(format!("{:?}", time + length))
    }
    fn choice4(&self, choice: Choice, plain: &[Plain], wide: u128) -> Choice {
        if plain.is_empty() && wide == 0 {
            Choice::B(item())
        } else {
            choice
        }
    }
}

#[cfg(feature = "contract")]
type Called = polyplug::Pinned<dyn Sixty>;
#[cfg(not(feature = "contract"))]
type Called = dyn Sixty;

/// Calls all of them.
#[unsafe(no_mangle)]
pub fn call_all(sixty: &Called) {
    black_box(sixty.scalar0(1, 0.5));
    black_box(sixty.text0("text"));
    black_box(sixty.list0(&[1], vec![true]));
    black_box(sixty.option0(None, (1, String::new())));
    let _ = black_box(sixty.result0(&item()));
    black_box(sixty.map0(HashMap::new()));
    sixty.sink0(&mut String::new(), &mut [1]);
    black_box(sixty.closure0(&|x| x, Box::new(|_| true)));
    black_box(sixty.object0(&Small));
    black_box(sixty.borrowed0("text", &Plain::default()));
    black_box(sixty.time0(Path::new("a"), SystemTime::UNIX_EPOCH, Duration::ZERO));
    black_box(sixty.choice0(Choice::A, &[], 1));
    black_box(sixty.scalar1(1, 0.5));
    black_box(sixty.text1("text"));
    black_box(sixty.list1(&[1], vec![true]));
    black_box(sixty.option1(None, (1, String::new())));
    let _ = black_box(sixty.result1(&item()));
    black_box(sixty.map1(HashMap::new()));
    sixty.sink1(&mut String::new(), &mut [1]);
    black_box(sixty.closure1(&|x| x, Box::new(|_| true)));
    black_box(sixty.object1(&Small));
    black_box(sixty.borrowed1("text", &Plain::default()));
    black_box(sixty.time1(Path::new("a"), SystemTime::UNIX_EPOCH, Duration::ZERO));
    black_box(sixty.choice1(Choice::A, &[], 1));
    black_box(sixty.scalar2(1, 0.5));
    black_box(sixty.text2("text"));
    black_box(sixty.list2(&[1], vec![true]));
    black_box(sixty.option2(None, (1, String::new())));
    let _ = black_box(sixty.result2(&item()));
    black_box(sixty.map2(HashMap::new()));
    sixty.sink2(&mut String::new(), &mut [1]);
    black_box(sixty.closure2(&|x| x, Box::new(|_| true)));
    black_box(sixty.object2(&Small));
    black_box(sixty.borrowed2("text", &Plain::default()));
    black_box(sixty.time2(Path::new("a"), SystemTime::UNIX_EPOCH, Duration::ZERO));
    black_box(sixty.choice2(Choice::A, &[], 1));
    black_box(sixty.scalar3(1, 0.5));
    black_box(sixty.text3("text"));
    black_box(sixty.list3(&[1], vec![true]));
    black_box(sixty.option3(None, (1, String::new())));
    let _ = black_box(sixty.result3(&item()));
    black_box(sixty.map3(HashMap::new()));
    sixty.sink3(&mut String::new(), &mut [1]);
    black_box(sixty.closure3(&|x| x, Box::new(|_| true)));
    black_box(sixty.object3(&Small));
    black_box(sixty.borrowed3("text", &Plain::default()));
    black_box(sixty.time3(Path::new("a"), SystemTime::UNIX_EPOCH, Duration::ZERO));
    black_box(sixty.choice3(Choice::A, &[], 1));
    black_box(sixty.scalar4(1, 0.5));
    black_box(sixty.text4("text"));
    black_box(sixty.list4(&[1], vec![true]));
    black_box(sixty.option4(None, (1, String::new())));
    let _ = black_box(sixty.result4(&item()));
    black_box(sixty.map4(HashMap::new()));
    sixty.sink4(&mut String::new(), &mut [1]);
    black_box(sixty.closure4(&|x| x, Box::new(|_| true)));
    black_box(sixty.object4(&Small));
    black_box(sixty.borrowed4("text", &Plain::default()));
    black_box(sixty.time4(Path::new("a"), SystemTime::UNIX_EPOCH, Duration::ZERO));
    black_box(sixty.choice4(Choice::A, &[], 1));
}

/// Keeps the bodies in the build without the contract, too.
#[cfg(not(feature = "contract"))]
#[unsafe(no_mangle)]
pub fn implementor() -> &'static dyn Sixty {
    &Small
}
