//! How values are written in `cases.json`, for the types that stand in the contracts.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::hash::Hash;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, bail};
use polyplug::Fault;
use serde_json::{Value as Json, json};

/// Can be written as the file has it.
pub(crate) trait Written {
    fn write(&self) -> Json;
}

/// Can be read from the file as well.
pub(crate) trait Golden: Written + Sized {
    /// # Errors
    /// When it is written as another type.
    fn read(json: &Json) -> Result<Self>;
}

fn wrong<T>(expected: &str, json: &Json) -> Result<T> {
    let mut text = json.to_string();
    if text.len() > 80 {
        text = format!("{}..", text.chars().take(78).collect::<String>());
    }
    bail!("the file has {text} where {expected} is needed")
}

/// The items of an array, or of `{"repeat", "times"}`.
fn items(json: &Json) -> Result<Cow<'_, [Json]>> {
    if let (Some(Json::Array(part)), Some(times)) = (json.get("repeat"), json["times"].as_u64()) {
        let all = part.iter().cycle().take(part.len() * times as usize);
        return Ok(all.cloned().collect());
    }
    match json {
        Json::Array(items) => Ok(items.into()),
        _ => wrong("an array", json),
    }
}

/// The items of an array of a known length.
pub(crate) fn exactly(json: &Json, count: usize) -> Result<Cow<'_, [Json]>> {
    let items = items(json)?;
    if items.len() != count {
        return wrong(&format!("an array of {count}"), json);
    }
    Ok(items)
}

fn digits(json: &Json) -> Result<&str> {
    match json.as_str() {
        Some(digits) => Ok(digits),
        None => wrong("a string of digits", json),
    }
}

macro_rules! small {
    ($($type:ty)*) => {$(
        impl Written for $type {
            fn write(&self) -> Json {
                json!(*self)
            }
        }
        impl Golden for $type {
            fn read(json: &Json) -> Result<Self> {
                match json.as_i64().and_then(|number| number.try_into().ok()) {
                    Some(number) => Ok(number),
                    None => wrong(stringify!($type), json),
                }
            }
        }
    )*};
}
small! { i8 i16 i32 u8 u16 u32 }

macro_rules! wide {
    ($($type:ty)*) => {$(
        impl Written for $type {
            fn write(&self) -> Json {
                json!(self.to_string())
            }
        }
        impl Golden for $type {
            fn read(json: &Json) -> Result<Self> {
                digits(json)?.parse().with_context(|| format!("{json} is no {}", stringify!($type)))
            }
        }
    )*};
}
wide! { i64 i128 isize u64 u128 usize }

macro_rules! float {
    ($($type:ty)*) => {$(
        impl Written for $type {
            fn write(&self) -> Json {
                if self.is_nan() {
                    json!("NaN")
                } else if self.is_infinite() || (*self == 0.0 && self.is_sign_negative()) {
                    json!(format!("{self:?}"))
                } else {
                    json!(*self)
                }
            }
        }
        impl Golden for $type {
            fn read(json: &Json) -> Result<Self> {
                match json {
                    Json::String(text) => Ok(text.parse()?),
                    Json::Number(number) => Ok(number.as_f64().context("a float")? as $type),
                    _ => wrong(stringify!($type), json),
                }
            }
        }
    )*};
}
float! { f32 f64 }

impl Written for bool {
    fn write(&self) -> Json {
        json!(*self)
    }
}

impl Golden for bool {
    fn read(json: &Json) -> Result<Self> {
        json.as_bool().map_or_else(|| wrong("a bool", json), Ok)
    }
}

impl Written for () {
    fn write(&self) -> Json {
        Json::Null
    }
}

impl Golden for () {
    fn read(json: &Json) -> Result<Self> {
        if json.is_null() {
            Ok(())
        } else {
            wrong("null", json)
        }
    }
}

impl Written for char {
    fn write(&self) -> Json {
        json!(self.to_string())
    }
}

impl Golden for char {
    fn read(json: &Json) -> Result<Self> {
        let mut letters = json.as_str().unwrap_or_default().chars();
        match (letters.next(), letters.next()) {
            (Some(letter), None) => Ok(letter),
            _ => wrong("one character", json),
        }
    }
}

impl Written for str {
    fn write(&self) -> Json {
        json!(self)
    }
}

impl Written for String {
    fn write(&self) -> Json {
        json!(self)
    }
}

impl Golden for String {
    fn read(json: &Json) -> Result<Self> {
        if let (Some(Json::String(part)), Some(times)) =
            (json.get("repeat"), json["times"].as_u64())
        {
            return Ok(part.repeat(times as usize));
        }
        match json {
            Json::String(text) => Ok(text.clone()),
            _ => wrong("a text", json),
        }
    }
}

impl Written for Cow<'_, str> {
    fn write(&self) -> Json {
        json!(self)
    }
}

impl Golden for Cow<'_, str> {
    fn read(json: &Json) -> Result<Self> {
        String::read(json).map(Cow::Owned)
    }
}

impl Written for Path {
    fn write(&self) -> Json {
        json!(
            self.to_string_lossy()
                .replace(std::path::MAIN_SEPARATOR, "/")
        )
    }
}

impl Written for PathBuf {
    fn write(&self) -> Json {
        self.as_path().write()
    }
}

impl Golden for PathBuf {
    fn read(json: &Json) -> Result<Self> {
        Ok(String::read(json)?.into())
    }
}

impl<T: Written + ?Sized> Written for &T {
    fn write(&self) -> Json {
        (**self).write()
    }
}

impl<T: Written + ?Sized> Written for Box<T> {
    fn write(&self) -> Json {
        (**self).write()
    }
}

impl<T: Golden> Golden for Box<T> {
    fn read(json: &Json) -> Result<Self> {
        T::read(json).map(Self::new)
    }
}

impl<T: Written> Written for [T] {
    fn write(&self) -> Json {
        self.iter().map(Written::write).collect()
    }
}

impl<T: Written> Written for Vec<T> {
    fn write(&self) -> Json {
        self.as_slice().write()
    }
}

impl<T: Golden> Golden for Vec<T> {
    fn read(json: &Json) -> Result<Self> {
        items(json)?.iter().map(T::read).collect()
    }
}

impl<T: Written, const N: usize> Written for [T; N] {
    fn write(&self) -> Json {
        self.as_slice().write()
    }
}

impl<T: Golden, const N: usize> Golden for [T; N] {
    fn read(json: &Json) -> Result<Self> {
        let read = Vec::read(json)?;
        read.try_into()
            .or_else(|_| wrong(&format!("an array of {N}"), json))
    }
}

macro_rules! tuple {
    ($count:literal $($type:ident $index:tt),*) => {
        impl<$($type: Written),*> Written for ($($type,)*) {
            fn write(&self) -> Json {
                json!([$(self.$index.write()),*])
            }
        }
        impl<$($type: Golden),*> Golden for ($($type,)*) {
            fn read(json: &Json) -> Result<Self> {
                let items = exactly(json, $count)?;
                Ok(($($type::read(&items[$index])?,)*))
            }
        }
    };
}
tuple! { 2 A 0, B 1 }
tuple! { 3 A 0, B 1, C 2 }

impl<T: Written> Written for Option<T> {
    fn write(&self) -> Json {
        match self {
            Some(value) => json!({ "some": value.write() }),
            None => Json::Null,
        }
    }
}

impl<T: Golden> Golden for Option<T> {
    fn read(json: &Json) -> Result<Self> {
        match json.get("some") {
            Some(value) => T::read(value).map(Some),
            None if json.is_null() => Ok(None),
            None => wrong("an option", json),
        }
    }
}

impl<T: Written, E: Written> Written for Result<T, E> {
    fn write(&self) -> Json {
        match self {
            Ok(value) => json!({ "ok": value.write() }),
            Err(error) => json!({ "err": error.write() }),
        }
    }
}

impl<T: Golden, E: Golden> Golden for Result<T, E> {
    fn read(json: &Json) -> Result<Self> {
        match (json.get("ok"), json.get("err")) {
            (Some(value), None) => T::read(value).map(Ok),
            (None, Some(error)) => E::read(error).map(Err),
            _ => wrong("a result", json),
        }
    }
}

macro_rules! map {
    ($($map:ident $($bound:ident)*;)*) => {$(
        impl<K: Written + Ord, V: Written> Written for $map<K, V> {
            fn write(&self) -> Json {
                let mut pairs: Vec<_> = self.iter().collect();
                pairs.sort_by(|one, other| one.0.cmp(other.0));
                pairs.write()
            }
        }
        impl<K: Golden + Ord $(+ $bound)*, V: Golden> Golden for $map<K, V> {
            fn read(json: &Json) -> Result<Self> {
                Ok(Vec::<(K, V)>::read(json)?.into_iter().collect())
            }
        }
    )*};
}
map! { HashMap Hash; BTreeMap; }

macro_rules! set {
    ($($set:ident $($bound:ident)*;)*) => {$(
        impl<T: Written + Ord> Written for $set<T> {
            fn write(&self) -> Json {
                let mut items: Vec<_> = self.iter().collect();
                items.sort();
                items.write()
            }
        }
        impl<T: Golden + Ord $(+ $bound)*> Golden for $set<T> {
            fn read(json: &Json) -> Result<Self> {
                Ok(Vec::<T>::read(json)?.into_iter().collect())
            }
        }
    )*};
}
set! { HashSet Hash; BTreeSet; }

impl Written for Duration {
    fn write(&self) -> Json {
        json!({ "seconds": self.as_secs().write(), "nanoseconds": self.subsec_nanos() })
    }
}

impl Golden for Duration {
    fn read(json: &Json) -> Result<Self> {
        let seconds = u64::read(&json["seconds"])?;
        Ok(Self::new(seconds, u32::read(&json["nanoseconds"])?))
    }
}

impl Written for SystemTime {
    fn write(&self) -> Json {
        let (seconds, nanoseconds) = match self.duration_since(Self::UNIX_EPOCH) {
            Ok(after) => (i128::from(after.as_secs()), after.subsec_nanos()),
            Err(before) => {
                // Nanoseconds count forward.
                let before = before.duration().as_nanos() as i128;
                let whole = (-before).div_euclid(1_000_000_000);
                (whole, (-before).rem_euclid(1_000_000_000) as u32)
            }
        };
        json!({ "seconds": seconds.write(), "nanoseconds": nanoseconds })
    }
}

impl Golden for SystemTime {
    fn read(json: &Json) -> Result<Self> {
        let seconds = i64::read(&json["seconds"])?;
        let whole = Duration::from_secs(seconds.unsigned_abs());
        let start = if seconds < 0 {
            Self::UNIX_EPOCH - whole
        } else {
            Self::UNIX_EPOCH + whole
        };
        Ok(start + Duration::from_nanos(u32::read(&json["nanoseconds"])?.into()))
    }
}

impl Written for Fault {
    fn write(&self) -> Json {
        json!({ "kind": self.code(), "message": self.message() })
    }
}

impl Golden for Fault {
    fn read(json: &Json) -> Result<Self> {
        if json["kind"] != "raised" {
            return wrong("a fault of the kind `raised`", json);
        }
        Ok(Self::new(String::read(&json["message"])?))
    }
}
