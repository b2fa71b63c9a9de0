//! Maps and sets: they cross as lists, of pairs and of items.

use core::hash::{BuildHasher, Hash};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use polyplug_abi::{Buffer, Slice, TypeDescriptor, type_kind};

use super::aggregates::Tuple2;
use super::sequences::{buffer_of, receive_each, sequence, take_each};
use super::{Arena, ByAddress, Data, NotPlain, Whole, type_function};

/// A map or set of these, item by item: collecting would sort first, with some kilobytes of code for each type.
macro_rules! filled {
    ($type:ident, $items:ident, insert($($part:ident),+)) => {{
        let mut filled = $type::default();
        for filled!(@ $($part),+) in $items {
            filled.insert($($part),+);
        }
        filled
    }};
    (@ $item:ident) => {
        $item
    };
    (@ $key:ident, $value:ident) => {
        ($key, $value)
    };
}

macro_rules! maps {
    ($($map:ident<K: $($bound:path)|+ $(, $hasher:ident: $hasher_bound:path)?>;)*) => {$(
        // SAFETY: D1: a run of the wire forms of pairs. D4, D5: as for a vector. D6: `attempt`.
        unsafe impl<K: Whole $(+ $bound)+, V: Data $(, $hasher: $hasher_bound + Default + 'static)?> Data
            for $map<K, V $(, $hasher)?>
        {
            type Lent = Slice;
            type Owned = Buffer;
            type Taken<'c> = $map<K, V::Taken<'c> $(, $hasher)?>;
            type Travel = ByAddress;
            type Bits = NotPlain;
            type Objects = (K::Objects, V::Objects);
            const TYPE: &'static TypeDescriptor = &TypeDescriptor {
                elements: &[type_function::<(K, V)>()] as *const _,
                element_count: 1,
                ..sequence(type_kind::MAP)
            };

            fn lend(&self, arena: &Arena) -> Slice {
                arena.keep(self.iter().map(|(key, value)| Tuple2(key.lend(arena), value.lend(arena))))
            }
            unsafe fn take<'c>(lent: &Slice, arena: &'c Arena) -> Self::Taken<'c> {
                // SAFETY: D2.
                let pairs: Vec<_> = unsafe { take_each::<(K, V)>(*lent, arena) }.collect();
                arena.attempt(|| filled!($map, pairs, insert(key, value)), $map::default)
            }
            fn give(self) -> Buffer {
                buffer_of(self.into_iter().map(Data::give).collect::<Vec<_>>())
            }
            unsafe fn receive(owned: Buffer, arena: &Arena) -> Self {
                // SAFETY: D2, D5.
                let pairs: Vec<(K, V)> = unsafe { receive_each(owned, arena) };
                arena.attempt(|| filled!($map, pairs, insert(key, value)), $map::default)
            }
            fn surrender(self) {
                self.into_iter().for_each(Data::surrender);
            }
        }
    )*};
}

maps! {
    HashMap<K: Hash | Eq, S: BuildHasher>;
    BTreeMap<K: Ord>;
}

macro_rules! sets {
    ($($set:ident<T: $($bound:path)|+ $(, $hasher:ident: $hasher_bound:path)?>;)*) => {$(
        // SAFETY: D1: a run of the wire forms of items. D4, D5: as for a vector. D6: `attempt`.
        unsafe impl<T: Whole $(+ $bound)+ $(, $hasher: $hasher_bound + Default + 'static)?> Data
            for $set<T $(, $hasher)?>
        {
            type Lent = Slice;
            type Owned = Buffer;
            type Taken<'c> = Self;
            type Travel = ByAddress;
            type Bits = NotPlain;
            type Objects = T::Objects;
            const TYPE: &'static TypeDescriptor = &TypeDescriptor {
                elements: &[type_function::<T>()] as *const _,
                element_count: 1,
                ..sequence(type_kind::SET)
            };

            fn lend(&self, arena: &Arena) -> Slice {
                arena.keep(self.iter().map(|item| item.lend(arena)))
            }
            unsafe fn take(lent: &Slice, arena: &Arena) -> Self {
                // SAFETY: D2.
                let items: Vec<T> = unsafe { take_each::<T>(*lent, arena) }.collect();
                arena.attempt(|| filled!($set, items, insert(item)), $set::default)
            }
            fn give(self) -> Buffer {
                buffer_of(self.into_iter().map(T::give).collect::<Vec<_>>())
            }
            unsafe fn receive(owned: Buffer, arena: &Arena) -> Self {
                // SAFETY: D2, D5.
                let items: Vec<T> = unsafe { receive_each(owned, arena) };
                arena.attempt(|| filled!($set, items, insert(item)), $set::default)
            }
            fn surrender(self) {
                self.into_iter().for_each(T::surrender);
            }
        }
    )*};
}

sets! {
    HashSet<T: Hash | Eq, S: BuildHasher>;
    BTreeSet<T: Ord>;
}
