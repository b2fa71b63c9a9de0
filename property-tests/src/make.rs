//! Values that follow from a seed.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::hash::Hash;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use polyplug::Fault;

/// Numbers that follow from a seed: splitmix64.
#[derive(Clone, Debug)]
pub struct Rng(u64);

impl Rng {
    /// Those of this seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next one.
    pub const fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`.
    pub const fn below(&mut self, end: usize) -> usize {
        (self.number() % end as u64) as usize
    }

    /// Whether something happens that happens `times` in a hundred.
    pub const fn chance(&mut self, times: usize) -> bool {
        self.below(100) < times
    }

    /// One of these.
    ///
    /// # Panics
    /// When there are none.
    pub const fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        let index = self.below(from.len());
        from[index]
    }

    /// A value.
    pub fn make<T: Make>(&mut self) -> T {
        T::make(self)
    }
}

/// A type whose values can be made.
pub trait Make {
    /// Makes one.
    fn make(rng: &mut Rng) -> Self;
}

macro_rules! numbers {
    ($($type:ty),*) => {$(
        impl Make for $type {
            fn make(rng: &mut Rng) -> Self {
                rng.number() as Self
            }
        }
    )*};
}

numbers!(i8, i16, i32, i64, isize, u8, u16, u32, u64, usize);

macro_rules! wide {
    ($($type:ty),*) => {$(
        impl Make for $type {
            fn make(rng: &mut Rng) -> Self {
                (rng.number() as Self) << 64 | rng.number() as Self
            }
        }
    )*};
}

wide!(u128, i128);

impl Make for () {
    fn make(_: &mut Rng) -> Self {}
}

impl Make for bool {
    fn make(rng: &mut Rng) -> Self {
        rng.chance(50)
    }
}

impl Make for char {
    fn make(rng: &mut Rng) -> Self {
        rng.pick(&[
            'a',
            'Z',
            '0',
            ' ',
            '\0',
            'ß',
            '\u{20AC}',
            '\u{1F980}',
            '\u{10FFFF}',
        ])
    }
}

impl Make for f32 {
    /// Any pattern of bits.
    fn make(rng: &mut Rng) -> Self {
        Self::from_bits(rng.make())
    }
}

impl Make for f64 {
    /// Any pattern of bits.
    fn make(rng: &mut Rng) -> Self {
        Self::from_bits(rng.make())
    }
}

/// How many items a list has.
fn length(rng: &mut Rng) -> usize {
    rng.below(4)
}

impl Make for String {
    fn make(rng: &mut Rng) -> Self {
        (0..rng.below(9)).map(|_| char::make(rng)).collect()
    }
}

impl Make for Cow<'_, str> {
    fn make(rng: &mut Rng) -> Self {
        Cow::Owned(rng.make())
    }
}

impl<T: Make> Make for Vec<T> {
    fn make(rng: &mut Rng) -> Self {
        (0..length(rng)).map(|_| T::make(rng)).collect()
    }
}

impl<T: Make, const N: usize> Make for [T; N] {
    fn make(rng: &mut Rng) -> Self {
        core::array::from_fn(|_| T::make(rng))
    }
}

impl<T: Make> Make for Box<T> {
    fn make(rng: &mut Rng) -> Self {
        Self::new(T::make(rng))
    }
}

impl<T: Make> Make for Option<T> {
    fn make(rng: &mut Rng) -> Self {
        rng.chance(60).then(|| T::make(rng))
    }
}

impl<T: Make, E: Make> Make for Result<T, E> {
    fn make(rng: &mut Rng) -> Self {
        if rng.chance(60) {
            Ok(rng.make())
        } else {
            Err(rng.make())
        }
    }
}

impl<K: Make + Eq + Hash, V: Make> Make for HashMap<K, V> {
    fn make(rng: &mut Rng) -> Self {
        (0..length(rng)).map(|_| rng.make::<(K, V)>()).collect()
    }
}

impl<K: Make + Ord, V: Make> Make for BTreeMap<K, V> {
    fn make(rng: &mut Rng) -> Self {
        (0..length(rng)).map(|_| rng.make::<(K, V)>()).collect()
    }
}

impl<T: Make + Eq + Hash> Make for HashSet<T> {
    fn make(rng: &mut Rng) -> Self {
        (0..length(rng)).map(|_| T::make(rng)).collect()
    }
}

impl<T: Make + Ord> Make for BTreeSet<T> {
    fn make(rng: &mut Rng) -> Self {
        (0..length(rng)).map(|_| T::make(rng)).collect()
    }
}

impl Make for Duration {
    fn make(rng: &mut Rng) -> Self {
        Self::new(rng.make(), rng.make::<u32>() % 1_000_000_000)
    }
}

impl Make for SystemTime {
    fn make(rng: &mut Rng) -> Self {
        let span = Duration::new(
            u64::from(rng.make::<u32>()),
            rng.make::<u32>() % 1_000_000_000,
        );
        if rng.chance(50) {
            Self::UNIX_EPOCH + span
        } else {
            Self::UNIX_EPOCH
                .checked_sub(span)
                .unwrap_or(Self::UNIX_EPOCH)
        }
    }
}

impl Make for PathBuf {
    fn make(rng: &mut Rng) -> Self {
        #[cfg(unix)]
        {
            use std::os::unix::ffi::OsStringExt as _;
            std::ffi::OsString::from_vec(rng.make()).into()
        }
        #[cfg(not(unix))]
        {
            rng.make::<String>().into()
        }
    }
}

impl Make for Fault {
    fn make(rng: &mut Rng) -> Self {
        Self::new(rng.make::<String>())
    }
}

macro_rules! tuples {
    ($(($($name:ident)+);)*) => {$(
        impl<$($name: Make),+> Make for ($($name,)+) {
            fn make(rng: &mut Rng) -> Self {
                ($($name::make(rng),)+)
            }
        }
    )*};
}

tuples! {
    (A);
    (A B);
    (A B C);
    (A B C D);
    (A B C D E);
    (A B C D E F);
    (A B C D E F G);
    (A B C D E F G H);
}

/// A part of a text.
pub fn part<'a>(text: &'a str, rng: &mut Rng) -> &'a str {
    let ends: Vec<_> = text
        .char_indices()
        .map(|(at, _)| at)
        .chain([text.len()])
        .collect();
    let (one, other) = (rng.pick(&ends), rng.pick(&ends));
    &text[one.min(other)..one.max(other)]
}

/// A part of a list.
pub fn part_of<'a, T>(list: &'a [T], rng: &mut Rng) -> &'a [T] {
    let (one, other) = (rng.below(list.len() + 1), rng.below(list.len() + 1));
    &list[one.min(other)..one.max(other)]
}
