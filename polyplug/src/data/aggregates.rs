//! Values made of values: options, results, tuples, arrays.

use core::mem::offset_of;

use polyplug_abi::{FieldDescriptor, List, Slice, TypeDescriptor, type_flags, type_kind};

use super::{Arena, Bits, ByAddress, Data, NotPlain, type_function};
use crate::fault::Fault;

/// `{ u32 tag; T value }`, 0 = none.
#[repr(C, u32)]
#[derive(Clone, Copy, Debug)]
pub enum OptionWire<T> {
    /// Tag 0.
    None,
    /// Tag 1.
    Some(T),
}

/// `{ u32 tag; union { T; E } }`, 0 = ok.
#[repr(C, u32)]
#[derive(Clone, Copy, Debug)]
pub enum ResultWire<T, E> {
    /// Tag 0.
    Ok(T),
    /// Tag 1.
    Err(E),
}

const fn layout<L, O>(kind: u32) -> TypeDescriptor {
    assert!(
        align_of::<L>() <= 8 && align_of::<O>() <= 8,
        "nothing that crosses is aligned to more than 8 bytes"
    );
    TypeDescriptor {
        lent_size: size_of::<L>(),
        lent_align: align_of::<L>(),
        owned_size: size_of::<O>(),
        owned_align: align_of::<O>(),
        ..TypeDescriptor::of_kind(kind)
    }
}

// SAFETY: D1: `repr(C, u32)` lays the wire enum out as a tag and a union. D4, D5: those of the value.
unsafe impl<T: Data> Data for Option<T> {
    type Lent = OptionWire<T::Lent>;
    type Owned = OptionWire<T::Owned>;
    type Taken<'c> = Option<T::Taken<'c>>;
    type Travel = ByAddress;
    type Bits = NotPlain;
    type Objects = T::Objects;
    const TYPE: &'static TypeDescriptor = &TypeDescriptor {
        elements: &[type_function::<T>()] as *const _,
        element_count: 1,
        ..layout::<Self::Lent, Self::Owned>(type_kind::OPTION)
    };

    #[inline]
    fn lend(&self, arena: &Arena) -> Self::Lent {
        match self {
            None => OptionWire::None,
            Some(value) => OptionWire::Some(value.lend(arena)),
        }
    }
    #[inline]
    unsafe fn take<'c>(lent: &Self::Lent, arena: &'c Arena) -> Self::Taken<'c> {
        match lent {
            OptionWire::None => None,
            // SAFETY: D2.
            OptionWire::Some(value) => Some(unsafe { T::take(value, arena) }),
        }
    }
    #[inline]
    fn give(self) -> Self::Owned {
        self.map_or(OptionWire::None, |value| OptionWire::Some(value.give()))
    }
    #[inline]
    unsafe fn receive(owned: Self::Owned, arena: &Arena) -> Self {
        match owned {
            OptionWire::None => None,
            // SAFETY: D2, D5.
            OptionWire::Some(value) => Some(unsafe { T::receive(value, arena) }),
        }
    }
    #[inline]
    fn surrender(self) {
        if let Some(value) = self {
            value.surrender();
        }
    }
}

// SAFETY: D1: `repr(C, u32)` lays the wire enum out as a tag and a union. D4, D5: those of the value.
unsafe impl<T: Data, E: Data> Data for Result<T, E> {
    type Lent = ResultWire<T::Lent, E::Lent>;
    type Owned = ResultWire<T::Owned, E::Owned>;
    type Taken<'c> = Result<T::Taken<'c>, E::Taken<'c>>;
    type Travel = ByAddress;
    type Bits = NotPlain;
    type Objects = (T::Objects, E::Objects);
    const TYPE: &'static TypeDescriptor = &TypeDescriptor {
        elements: &[type_function::<T>(), type_function::<E>()] as *const _ as *const _,
        element_count: 2,
        ..layout::<Self::Lent, Self::Owned>(type_kind::RESULT)
    };

    #[inline]
    fn lend(&self, arena: &Arena) -> Self::Lent {
        match self {
            Ok(value) => ResultWire::Ok(value.lend(arena)),
            Err(error) => ResultWire::Err(error.lend(arena)),
        }
    }
    #[inline]
    unsafe fn take<'c>(lent: &Self::Lent, arena: &'c Arena) -> Self::Taken<'c> {
        match lent {
            // SAFETY: D2.
            ResultWire::Ok(value) => Ok(unsafe { T::take(value, arena) }),
            // SAFETY: D2.
            ResultWire::Err(error) => Err(unsafe { E::take(error, arena) }),
        }
    }
    #[inline]
    fn give(self) -> Self::Owned {
        match self {
            Ok(value) => ResultWire::Ok(value.give()),
            Err(error) => ResultWire::Err(error.give()),
        }
    }
    #[inline]
    unsafe fn receive(owned: Self::Owned, arena: &Arena) -> Self {
        match owned {
            // SAFETY: D2, D5.
            ResultWire::Ok(value) => Ok(unsafe { T::receive(value, arena) }),
            // SAFETY: D2, D5.
            ResultWire::Err(error) => Err(unsafe { E::receive(error, arena) }),
        }
    }
    #[inline]
    fn surrender(self) {
        match self {
            Ok(value) => value.surrender(),
            Err(error) => error.surrender(),
        }
    }
    fn instead(fault: Fault) -> Result<Self, Fault> {
        E::error_of(fault).map(Err)
    }
}

// SAFETY: D1: an array of wire forms. D3: plain when its elements are. D4, D5: those of the elements.
unsafe impl<T: Data, const N: usize> Data for [T; N] {
    type Lent = [T::Lent; N];
    type Owned = [T::Owned; N];
    type Taken<'c> = [T::Taken<'c>; N];
    type Travel = ByAddress;
    type Bits = T::Bits;
    type Objects = T::Objects;
    const TYPE: &'static TypeDescriptor = &TypeDescriptor {
        flags: if <T::Bits as Bits>::PLAIN {
            type_flags::PLAIN
        } else {
            0
        },
        length: N,
        elements: &[type_function::<T>()] as *const _,
        element_count: 1,
        ..layout::<Self::Lent, Self::Owned>(type_kind::ARRAY)
    };

    #[inline]
    fn lend(&self, arena: &Arena) -> Self::Lent {
        core::array::from_fn(|index| self[index].lend(arena))
    }
    #[inline]
    unsafe fn take<'c>(lent: &Self::Lent, arena: &'c Arena) -> Self::Taken<'c> {
        // SAFETY: D2, for each element.
        core::array::from_fn(|index| unsafe { T::take(&lent[index], arena) })
    }
    #[inline]
    fn give(self) -> Self::Owned {
        self.map(T::give)
    }
    #[inline]
    unsafe fn receive(owned: Self::Owned, arena: &Arena) -> Self {
        // SAFETY: D2, D5, for each element.
        owned.map(|element| unsafe { T::receive(element, arena) })
    }
    #[inline]
    fn surrender(self) {
        self.into_iter().for_each(T::surrender);
    }
}

macro_rules! tuples {
    ($($wire:ident($($name:ident $index:tt $text:literal),+);)*) => {$(
        #[repr(C)]
        #[derive(Clone, Copy, Debug)]
        #[doc(hidden)]
        pub struct $wire<$($name),+>($(pub $name),+);

        // SAFETY: D1: the wire struct has the fields in order, C layout. D4, D5: those of the fields.
        unsafe impl<$($name: Data),+> Data for ($($name,)+) {
            type Lent = $wire<$($name::Lent),+>;
            type Owned = $wire<$($name::Owned),+>;
            type Taken<'c> = ($($name::Taken<'c>,)+);
            type Travel = ByAddress;
            type Bits = NotPlain;
            type Objects = ($($name::Objects,)+);
            const TYPE: &'static TypeDescriptor = &TypeDescriptor {
                fields: List::of(const { &[$(
                    &FieldDescriptor {
                        size: size_of::<FieldDescriptor>() as u32,
                        flags: 0,
                        name: Slice::text($text),
                        docs: Slice::EMPTY,
                        ty: type_function::<$name>(),
                        lent_offset: offset_of!(Self::Lent, $index),
                        owned_offset: offset_of!(Self::Owned, $index),
                    }
                ),+] }),
                ..layout::<Self::Lent, Self::Owned>(type_kind::TUPLE)
            };

            #[inline]
            fn lend(&self, arena: &Arena) -> Self::Lent {
                $wire($(self.$index.lend(arena)),+)
            }
            #[inline]
            unsafe fn take<'c>(lent: &Self::Lent, arena: &'c Arena) -> Self::Taken<'c> {
                // SAFETY: D2, for each field.
                unsafe { ($($name::take(&lent.$index, arena),)+) }
            }
            #[inline]
            fn give(self) -> Self::Owned {
                $wire($(self.$index.give()),+)
            }
            #[inline]
            unsafe fn receive(owned: Self::Owned, arena: &Arena) -> Self {
                // SAFETY: D2, D5, for each field.
                unsafe { ($($name::receive(owned.$index, arena),)+) }
            }
            #[inline]
            fn surrender(self) {
                $(self.$index.surrender();)+
            }
        }
    )*};
}

tuples! {
    Tuple1(A 0 "0");
    Tuple2(A 0 "0", B 1 "1");
    Tuple3(A 0 "0", B 1 "1", C 2 "2");
    Tuple4(A 0 "0", B 1 "1", C 2 "2", D 3 "3");
    Tuple5(A 0 "0", B 1 "1", C 2 "2", D 3 "3", E 4 "4");
    Tuple6(A 0 "0", B 1 "1", C 2 "2", D 3 "3", E 4 "4", F 5 "5");
    Tuple7(A 0 "0", B 1 "1", C 2 "2", D 3 "3", E 4 "4", F 5 "5", G 6 "6");
    Tuple8(A 0 "0", B 1 "1", C 2 "2", D 3 "3", E 4 "4", F 5 "5", G 6 "6", H 7 "7");
}
