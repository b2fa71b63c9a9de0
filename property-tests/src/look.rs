//! A digest of values, bit for bit.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use polyplug::Fault;

use crate::Rng;

/// What was looked at so far.
#[derive(Clone, Debug)]
pub struct Digest(u64);

impl Digest {
    /// Nothing yet, of this kind.
    #[must_use]
    pub const fn new(kind: u64) -> Self {
        Self(kind)
    }

    /// Looks at a number.
    pub const fn number(&mut self, number: u64) {
        self.0 = Rng::new(self.0.rotate_left(5) ^ number).number();
    }

    /// Looks at a value.
    pub fn look(&mut self, value: &(impl Look + ?Sized)) -> &mut Self {
        value.look(self);
        self
    }

    /// The digest.
    #[must_use]
    pub const fn value(&self) -> u64 {
        self.0
    }

    /// Numbers that follow from what was looked at.
    #[must_use]
    pub const fn rng(&self) -> Rng {
        Rng::new(self.0)
    }
}

/// A type whose values can be looked at.
pub trait Look {
    /// Looks at one.
    fn look(&self, digest: &mut Digest);
}

macro_rules! numbers {
    ($($type:ty),*) => {$(
        impl Look for $type {
            fn look(&self, digest: &mut Digest) {
                digest.number(*self as u64);
            }
        }
    )*};
}

numbers!(
    bool, char, i8, i16, i32, i64, isize, u8, u16, u32, u64, usize
);

macro_rules! wide {
    ($($type:ty),*) => {$(
        impl Look for $type {
            fn look(&self, digest: &mut Digest) {
                digest.number(*self as u64);
                digest.number((*self >> 64) as u64);
            }
        }
    )*};
}

wide!(u128, i128);

impl Look for () {
    fn look(&self, digest: &mut Digest) {
        digest.number(1);
    }
}

impl Look for f32 {
    fn look(&self, digest: &mut Digest) {
        digest.look(&self.to_bits());
    }
}

impl Look for f64 {
    fn look(&self, digest: &mut Digest) {
        digest.look(&self.to_bits());
    }
}

impl Look for str {
    fn look(&self, digest: &mut Digest) {
        digest.look(self.as_bytes());
    }
}

impl Look for String {
    fn look(&self, digest: &mut Digest) {
        digest.look(self.as_str());
    }
}

impl Look for Cow<'_, str> {
    fn look(&self, digest: &mut Digest) {
        digest.look(&**self);
    }
}

impl Look for Path {
    fn look(&self, digest: &mut Digest) {
        digest.look(self.as_os_str().as_encoded_bytes());
    }
}

impl Look for PathBuf {
    fn look(&self, digest: &mut Digest) {
        digest.look(self.as_path());
    }
}

impl<T: Look> Look for [T] {
    fn look(&self, digest: &mut Digest) {
        digest.look(&self.len());
        for item in self {
            digest.look(item);
        }
    }
}

impl<T: Look> Look for Vec<T> {
    fn look(&self, digest: &mut Digest) {
        digest.look(&self[..]);
    }
}

impl<T: Look, const N: usize> Look for [T; N] {
    fn look(&self, digest: &mut Digest) {
        digest.look(&self[..]);
    }
}

impl<T: Look + ?Sized> Look for &T {
    fn look(&self, digest: &mut Digest) {
        digest.look(&**self);
    }
}

impl<T: Look> Look for Box<T> {
    fn look(&self, digest: &mut Digest) {
        digest.look(&**self);
    }
}

impl<T: Look> Look for Option<T> {
    fn look(&self, digest: &mut Digest) {
        digest.look(self.as_slice());
    }
}

impl<T: Look, E: Look> Look for Result<T, E> {
    fn look(&self, digest: &mut Digest) {
        match self {
            Ok(value) => digest.look(&1_u8).look(value),
            Err(error) => digest.look(&2_u8).look(error),
        };
    }
}

/// In whatever order they come.
fn unordered<T: Look>(digest: &mut Digest, items: impl Iterator<Item = T>) {
    let each = items.map(|item| Digest::new(7).look(&item).value());
    digest.number(each.fold(0, u64::wrapping_add));
}

impl<K: Look, V: Look> Look for HashMap<K, V> {
    fn look(&self, digest: &mut Digest) {
        unordered(digest.look(&self.len()), self.iter());
    }
}

impl<T: Look> Look for HashSet<T> {
    fn look(&self, digest: &mut Digest) {
        unordered(digest.look(&self.len()), self.iter());
    }
}

impl<K: Look, V: Look> Look for BTreeMap<K, V> {
    fn look(&self, digest: &mut Digest) {
        unordered(digest.look(&self.len()), self.iter());
    }
}

impl<T: Look> Look for BTreeSet<T> {
    fn look(&self, digest: &mut Digest) {
        unordered(digest.look(&self.len()), self.iter());
    }
}

impl Look for Duration {
    fn look(&self, digest: &mut Digest) {
        digest.look(&(self.as_secs(), self.subsec_nanos()));
    }
}

impl Look for SystemTime {
    fn look(&self, digest: &mut Digest) {
        match self.duration_since(Self::UNIX_EPOCH) {
            Ok(after) => digest.look(&after),
            Err(before) => digest.look(&(before.duration(), false)),
        };
    }
}

impl Look for Fault {
    fn look(&self, digest: &mut Digest) {
        digest.look(self.message()).look(self.code());
    }
}

macro_rules! tuples {
    ($(($($name:ident $index:tt),+);)*) => {$(
        impl<$($name: Look),+> Look for ($($name,)+) {
            fn look(&self, digest: &mut Digest) {
                $(digest.look(&self.$index);)+
            }
        }
    )*};
}

tuples! {
    (A 0);
    (A 0, B 1);
    (A 0, B 1, C 2);
    (A 0, B 1, C 2, D 3);
    (A 0, B 1, C 2, D 3, E 4);
    (A 0, B 1, C 2, D 3, E 4, F 5);
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6);
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7);
}
