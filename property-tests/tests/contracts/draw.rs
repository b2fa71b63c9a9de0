//! Types drawn at random, within the rules of what may stand where.

use property_tests::Rng;

use crate::types::{Closure, Held, Object, Ty};

/// Which patterns of bits are values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Bits {
    /// It is not plain.
    None,
    /// Some.
    Some,
    /// All of them.
    Any,
}

/// A type with `#[polyplug::data]`.
#[derive(Clone, Debug)]
pub(crate) struct Data {
    pub(crate) name: String,
    pub(crate) bits: Bits,
    /// It can be looked up in maps.
    pub(crate) key: bool,
}

/// A contract that was written before, as an object.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    pub(crate) contract: String,
    pub(crate) maker: String,
    pub(crate) user: String,
    pub(crate) exclusive: bool,
}

/// What can be drawn from.
#[derive(Debug)]
pub(crate) struct Draw {
    pub(crate) rng: Rng,
    pub(crate) data: Vec<Data>,
    pub(crate) known: Vec<Known>,
}

const ANY: [&str; 12] = [
    "i8", "i16", "i32", "i64", "isize", "u8", "u16", "u32", "u64", "usize", "f32", "f64",
];
const SOME: [&str; 2] = ["bool", "char"];
const OTHERS: [&str; 8] = [
    "u128",
    "i128",
    "()",
    "String",
    "Duration",
    "SystemTime",
    "PathBuf",
    "Fault",
];
const KEYS: [&str; 14] = [
    "i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64", "usize", "bool", "char", "u128",
    "String", "PathBuf",
];
const MAPS: [&str; 2] = ["HashMap", "BTreeMap"];
const SETS: [&str; 2] = ["HashSet", "BTreeSet"];
const CLOSURES: [(Held, &str); 7] = [
    (Held::Ref, "Fn"),
    (Held::Ref, "Fn"),
    (Held::Mut, "FnMut"),
    (Held::Box, "Fn"),
    (Held::Box, "FnMut"),
    (Held::Box, "FnOnce"),
    (Held::Arc, "Fn"),
];

impl Draw {
    fn chance(&mut self, times: usize) -> bool {
        self.rng.chance(times)
    }

    fn word(&mut self, from: &[&'static str]) -> Ty {
        Ty::Word(self.rng.pick(from))
    }

    fn data_where(&mut self, fits: impl Fn(&Data) -> bool) -> Option<Ty> {
        let fitting: Vec<_> = self.data.iter().filter(|data| fits(data)).collect();
        let index = self.rng.below(fitting.len().max(1));
        fitting.get(index).map(|data| Ty::Data(data.name.clone()))
    }

    /// A type without references.
    pub(crate) fn value(&mut self, depth: usize) -> Ty {
        if depth == 0 || self.chance(25) {
            return self.leaf();
        }
        let inner = depth - 1;
        match self.rng.below(10) {
            0 | 1 => Ty::Vec(self.value(inner).boxed()),
            2 => {
                let length = 1 + self.rng.below(3);
                Ty::Array(self.value(inner).boxed(), length)
            }
            3 | 4 => Ty::Option(self.value(inner).boxed()),
            5 => Ty::Result(self.value(inner).boxed(), self.value(inner).boxed()),
            6 => {
                let count = 1 + self.rng.below(if depth > 2 { 3 } else { 8 });
                Ty::Tuple((0..count).map(|_| self.value(inner)).collect())
            }
            7 => Ty::Boxed(self.value(inner).boxed()),
            8 => {
                let map = self.rng.pick(&MAPS);
                Ty::Map(map, self.key(1).boxed(), self.value(inner).boxed())
            }
            _ => {
                let set = self.rng.pick(&SETS);
                Ty::Set(set, self.key(2).boxed())
            }
        }
    }

    fn leaf(&mut self) -> Ty {
        match self.rng.below(10) {
            0..4 => self.word(&ANY),
            4 => self.word(&SOME),
            5..8 => self.word(&OTHERS),
            _ => self.data_where(|_| true).unwrap_or(Ty::Word("u16")),
        }
    }

    /// A type that can be looked up.
    pub(crate) fn key(&mut self, depth: usize) -> Ty {
        if depth == 0 || self.chance(60) {
            return if self.chance(80) {
                self.word(&KEYS)
            } else {
                self.data_where(|data| data.key).unwrap_or(Ty::Word("u32"))
            };
        }
        let inner = depth - 1;
        match self.rng.below(3) {
            0 => Ty::Option(self.key(inner).boxed()),
            1 => Ty::Array(self.key(inner).boxed(), 2),
            _ => Ty::Tuple(vec![self.key(inner), self.key(inner)]),
        }
    }

    /// A type that passes by address; when `any`, one whose every pattern is a value.
    pub(crate) fn plain(&mut self, any: bool) -> Ty {
        let least = if any { Bits::Any } else { Bits::Some };
        match self.rng.below(4) {
            0 if !any => self.word(&SOME),
            0 | 1 => self.word(&ANY),
            2 => self
                .data_where(|data| data.bits >= least)
                .unwrap_or(Ty::Word("u16")),
            _ => Ty::Array(self.word(&ANY).boxed(), 2),
        }
    }

    /// A type with references in it, or one of its own.
    fn borrowing(&mut self, depth: usize) -> Ty {
        if depth == 0 || self.chance(40) {
            return match self.rng.below(6) {
                0 | 1 => Ty::Unsized("str"),
                2 => Ty::Slice(self.plain(false).boxed()),
                3 => Ty::Ref(self.value(2).boxed()),
                4 => Ty::Unsized("Path"),
                _ => Ty::Cow,
            };
        }
        let inner = depth - 1;
        match self.rng.below(7) {
            0 | 1 => Ty::Option(self.borrowing(inner).boxed()),
            2 => Ty::Vec(self.borrowing(inner).boxed()),
            3 => Ty::Tuple(vec![
                self.borrowing(inner),
                self.value(1),
                self.borrowing(inner),
            ]),
            4 => Ty::Result(self.borrowing(inner).boxed(), self.borrowing(inner).boxed()),
            5 => {
                let map = self.rng.pick(&MAPS);
                Ty::Map(map, self.key(1).boxed(), self.borrowing(inner).boxed())
            }
            _ => Ty::Slice(self.borrowing(inner).boxed()),
        }
    }

    fn markers(&mut self, held: Held) -> &'static str {
        if held == Held::Ref || held == Held::Mut {
            return self
                .rng
                .pick(&["", "", " + Send", " + Sync", " + Send + Sync"]);
        }
        self.rng.pick(&["", " + Send", " + Send + Sync", " + Sync"])
    }

    fn object(&mut self, held: Option<Held>) -> Ty {
        let index = self.rng.below(self.known.len());
        let known = self.known[index].clone();
        let held = held.unwrap_or_else(|| self.rng.pick(&[Held::Ref, Held::Box, Held::Arc]));
        let held = match held {
            Held::Ref if known.exclusive => Held::Mut,
            Held::Arc if known.exclusive => Held::Box,
            held => held,
        };
        Ty::Object(Object {
            held,
            contract: known.contract,
            markers: self.markers(held),
            maker: known.maker,
            user: known.user,
            exclusive: known.exclusive,
        })
    }

    fn closure(&mut self, given: bool) -> Ty {
        let (held, kind) = if given {
            self.rng.pick(&CLOSURES[3..])
        } else {
            self.rng.pick(&CLOSURES)
        };
        let takes = (0..self.rng.below(4)).map(|_| match self.rng.below(7) {
            0 => Ty::Unsized("str"),
            1 => Ty::Unsized("Path"),
            2 => Ty::Slice(self.value(1).boxed()),
            3 => Ty::Ref(self.value(1).boxed()),
            _ => self.value(2),
        });
        Ty::Closure(Closure {
            held,
            kind,
            takes: takes.collect(),
            gives: self.value(2).boxed(),
            markers: self.markers(held),
        })
    }

    /// An argument, without those that results borrow from.
    pub(crate) fn argument(&mut self) -> Ty {
        match self.rng.below(20) {
            0..6 => self.value(3),
            6 => Ty::Ref(self.value(3).boxed()),
            7 => Ty::Slice(self.value(2).boxed()),
            8 => Ty::Slice(self.plain(false).boxed()),
            9 => Ty::Unsized("str"),
            10..13 => self.borrowing(3),
            13 => Ty::Cow,
            14 | 15 => self.closure(false),
            16 | 17 => self.object(None),
            18 => match self.rng.below(4) {
                0 => Ty::Option(self.closure(true).boxed()),
                1 => Ty::Vec(Ty::Option(self.object(Some(Held::Box)).boxed()).boxed()),
                2 => Ty::Tuple(vec![self.value(1), self.object(Some(Held::Arc))]),
                _ => Ty::Vec(self.closure(true).boxed()),
            },
            _ => Ty::Job,
        }
    }

    /// A result that borrows nothing.
    pub(crate) fn result(&mut self) -> Ty {
        match self.rng.below(16) {
            0..12 => self.value(3),
            12 => self.closure(true),
            13 => self.object(Some(Held::Box)),
            14 => match self.rng.below(4) {
                0 => Ty::Option(self.closure(true).boxed()),
                1 => Ty::Vec(self.object(Some(Held::Arc)).boxed()),
                2 => Ty::Result(
                    self.object(Some(Held::Box)).boxed(),
                    Ty::Word("Fault").boxed(),
                ),
                _ => Ty::Tuple(vec![
                    self.value(1),
                    self.closure(true),
                    self.object(Some(Held::Box)),
                ]),
            },
            _ => Ty::Job,
        }
    }
}
