//! Numbers and the like. `bool`, `char`, integers to 64 bits and floats travel in a register, integers of 128 bits by
//! address, `()` not at all.

use polyplug_abi::{TypeDescriptor, type_flags, type_kind};

use super::{AnyBits, Arena, AsNothing, ByAddress, ByValue, Data, NotPlain, Scalar, SomeBits};

const fn scalar(kind: u32, bytes: usize) -> TypeDescriptor {
    TypeDescriptor {
        flags: type_flags::PLAIN | type_flags::BY_VALUE,
        lent_size: bytes,
        lent_align: bytes,
        owned_size: bytes,
        owned_align: bytes,
        ..TypeDescriptor::of_kind(kind)
    }
}

macro_rules! numbers {
    ($($type:ty, $kind:ident, $wide:ty, |$bits:ident| $to_bits:expr;)*) => {$(
        // SAFETY: D1 and D3: the wire form is the value itself; it owns nothing (D4, D5).
        unsafe impl Data for $type {
            type Lent = $type;
            type Owned = $type;
            type Taken<'c> = $type;
            type Travel = ByValue;
            type Bits = AnyBits;
            type Objects = ();
            const TYPE: &'static TypeDescriptor = &scalar(type_kind::$kind, size_of::<$type>());

            #[inline(always)]
            fn lend(&self, _: &Arena) -> $type {
                *self
            }
            #[inline(always)]
            unsafe fn take(lent: &$type, _: &Arena) -> $type {
                *lent
            }
            #[inline(always)]
            fn give(self) -> $type {
                self
            }
            #[inline(always)]
            unsafe fn receive(owned: $type, _: &Arena) -> $type {
                owned
            }
        }

        // SAFETY: `Wide` is at least as wide as the number, with the same sign.
        unsafe impl Scalar for $type {
            type Wide = $wide;

            #[inline(always)]
            fn widen(lent: &$type) -> $wide {
                <$wide>::from(*lent)
            }
            #[inline(always)]
            #[expect(clippy::cast_possible_truncation, clippy::unnecessary_cast, clippy::allow_attributes,
                reason = "the receiver narrows; foreign callers may not extend")]
            #[allow(unfulfilled_lint_expectations, reason = "one macro for narrow and wide numbers")]
            fn narrow(wide: $wide) -> $type {
                wide as $type
            }
            #[inline(always)]
            fn bits($bits: $wide) -> u64 {
                $to_bits
            }
        }
    )*};
}

numbers! {
    i8, I8, i32, |w| u64::from(w.cast_unsigned());
    i16, I16, i32, |w| u64::from(w.cast_unsigned());
    i32, I32, i32, |w| u64::from(w.cast_unsigned());
    i64, I64, i64, |w| w.cast_unsigned();
    isize, ISIZE, isize, |w| w.cast_unsigned() as u64;
    u8, U8, u32, |w| u64::from(w);
    u16, U16, u32, |w| u64::from(w);
    u32, U32, u32, |w| u64::from(w);
    u64, U64, u64, |w| w;
    usize, USIZE, usize, |w| w as u64;
    f32, F32, f32, |w| u64::from(w.to_bits());
    f64, F64, f64, |w| w.to_bits();
}

// SAFETY: D1, D3: in memory a `bool` is one byte, 0 or 1, on both sides.
unsafe impl Data for bool {
    type Lent = u8;
    type Owned = u8;
    type Taken<'c> = Self;
    type Travel = ByValue;
    type Bits = SomeBits;
    type Objects = ();
    const TYPE: &'static TypeDescriptor = &scalar(type_kind::BOOL, 1);

    #[inline(always)]
    fn lend(&self, _: &Arena) -> u8 {
        u8::from(*self)
    }
    #[inline(always)]
    unsafe fn take(lent: &u8, _: &Arena) -> Self {
        *lent != 0
    }
    #[inline(always)]
    fn give(self) -> u8 {
        u8::from(self)
    }
    #[inline(always)]
    unsafe fn receive(owned: u8, _: &Arena) -> Self {
        owned != 0
    }
}

// SAFETY: 0 and 1 survive both ways.
unsafe impl Scalar for bool {
    type Wide = u32;

    #[inline(always)]
    fn widen(lent: &u8) -> u32 {
        u32::from(*lent)
    }
    #[inline(always)]
    fn narrow(wide: u32) -> u8 {
        u8::from(wide != 0)
    }
    #[inline(always)]
    fn bits(wide: u32) -> u64 {
        u64::from(wide)
    }
}

// SAFETY: D1, D3: in memory a `char` is its 32-bit scalar value, on both sides.
unsafe impl Data for char {
    type Lent = u32;
    type Owned = u32;
    type Taken<'c> = Self;
    type Travel = ByValue;
    type Bits = SomeBits;
    type Objects = ();
    const TYPE: &'static TypeDescriptor = &scalar(type_kind::CHAR, 4);

    #[inline(always)]
    fn lend(&self, _: &Arena) -> u32 {
        u32::from(*self)
    }
    #[inline(always)]
    unsafe fn take(lent: &u32, _: &Arena) -> Self {
        // SAFETY: D2: a scalar value by promise or by check.
        unsafe { char::from_u32_unchecked(*lent) }
    }
    #[inline(always)]
    fn give(self) -> u32 {
        u32::from(self)
    }
    #[inline(always)]
    unsafe fn receive(owned: u32, _: &Arena) -> Self {
        // SAFETY: D2: a scalar value by promise or by check.
        unsafe { char::from_u32_unchecked(owned) }
    }
}

// SAFETY: the signature holds the same 32 bits.
unsafe impl Scalar for char {
    type Wide = u32;

    #[inline(always)]
    fn widen(lent: &u32) -> u32 {
        *lent
    }
    #[inline(always)]
    fn narrow(wide: u32) -> u32 {
        wide
    }
    #[inline(always)]
    fn bits(wide: u32) -> u64 {
        u64::from(wide)
    }
}

// SAFETY: no bytes on either side.
unsafe impl Data for () {
    type Lent = ();
    type Owned = ();
    type Taken<'c> = ();
    type Travel = AsNothing;
    type Bits = NotPlain;
    type Objects = ();
    const TYPE: &'static TypeDescriptor = &TypeDescriptor::of_kind(type_kind::UNIT);

    #[inline(always)]
    fn lend(&self, _: &Arena) {}
    #[inline(always)]
    unsafe fn take((): &(), _: &Arena) {}
    #[inline(always)]
    fn give(self) {}
    #[inline(always)]
    unsafe fn receive((): (), _: &Arena) {}
}

macro_rules! wide {
    ($($type:ty, $kind:ident;)*) => {$(
        // SAFETY: D1: two halves, the low one first. It owns nothing (D4, D5).
        unsafe impl Data for $type {
            type Lent = [u64; 2];
            type Owned = [u64; 2];
            type Taken<'c> = $type;
            type Travel = ByAddress;
            type Bits = NotPlain;
            type Objects = ();
            const TYPE: &'static TypeDescriptor = &TypeDescriptor {
                lent_size: 16,
                lent_align: 8,
                owned_size: 16,
                owned_align: 8,
                ..TypeDescriptor::of_kind(type_kind::$kind)
            };

            #[inline(always)]
            fn lend(&self, _: &Arena) -> [u64; 2] {
                (*self).give()
            }
            #[inline(always)]
            unsafe fn take(lent: &[u64; 2], _: &Arena) -> $type {
                (u128::from(lent[1]) << 64 | u128::from(lent[0])) as $type
            }
            #[inline(always)]
            #[expect(clippy::cast_possible_truncation, reason = "the halves")]
            fn give(self) -> [u64; 2] {
                [self as u64, (self >> 64) as u64]
            }
            #[inline(always)]
            unsafe fn receive(owned: [u64; 2], arena: &Arena) -> $type {
                // SAFETY: D2: every two halves are a value.
                unsafe { Self::take(&owned, arena) }
            }
        }
    )*};
}

wide! {
    u128, U128;
    i128, I128;
}
