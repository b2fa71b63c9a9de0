//! Results that borrow: from arguments that cross by address, or, in a pinned contract, from the object.
//!
//! A borrowed result is a pointer that the other side made. It is believed only when it lies inside an argument that the
//! result may borrow from, and is then made anew from that argument's own pointer (C5).

use core::slice;

use polyplug_abi::{Buffer, Receiver, Slice};

use super::aggregates::{OptionWire, ResultWire, Tuple2, Tuple3, Tuple4};
use super::sequences::buffer_of;
use super::{Arena, Data, OutOf, Plain, ReturnOf};
use crate::call::{Handle, Session};
use crate::contract::Contract;
use crate::fault::Fault;

/// Memory that a result may borrow from.
#[derive(Clone, Copy, Debug)]
pub struct Region {
    start: *const u8,
    bytes: usize,
}

impl Region {
    /// Nothing.
    pub const EMPTY: Self = Self {
        start: core::ptr::null(),
        bytes: 0,
    };

    pub(crate) const fn of<T>(values: &[T]) -> Self {
        Self {
            start: values.as_ptr().cast(),
            bytes: size_of_val(values),
        }
    }

    /// The same place, made from this region's own pointer; nothing when it lies elsewhere.
    fn place<T>(&self, pointer: *const u8, len: usize) -> Option<*const T> {
        let offset = pointer.addr().checked_sub(self.start.addr())?;
        let end = offset.checked_add(len.checked_mul(size_of::<T>())?)?;
        (end <= self.bytes && pointer.addr().is_multiple_of(align_of::<T>()))
            .then(|| self.start.wrapping_add(offset).cast())
    }
}

/// Where a result may come from: these arguments; nothing: the object, which the handle holds.
pub(crate) type Origins<'r> = Option<&'r [Region]>;

fn place<T>(pointer: *const u8, len: usize, origins: Origins<'_>) -> Option<*const T> {
    match origins {
        None => Some(pointer.cast()),
        Some(regions) => regions.iter().find_map(|region| region.place(pointer, len)),
    }
}

/// A result that borrows for `'a`.
///
/// # Safety
/// `back` gives only what lies in one of the origins.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be borrowed by a result",
    label = "this type cannot borrow",
    note = "help: return an owned value; `&str`, `&[T]` and `&T` of numbers can be borrowed, also inside `Option`, `Result`, `Vec` and tuples"
)]
pub unsafe trait Borrows<'a>: Data {
    /// Callee's side.
    #[doc(hidden)]
    fn lend_back(self) -> Self::Owned;

    /// Caller's side; nothing when it lies elsewhere.
    ///
    /// # Safety
    /// 1. `owned` is a valid value of the type, returned by a call; inside an argument it lives for `'a`, and so does all
    ///    of it when there are no origins.
    #[doc(hidden)]
    unsafe fn back(owned: Self::Owned, origins: Origins<'_>, arena: &Arena) -> Option<Self>;

    /// See [`Data::finish`].
    ///
    /// # Safety
    /// 1. As there.
    ///
    /// # Errors
    /// As there, and when the result lies in no argument.
    #[doc(hidden)]
    #[inline(always)]
    unsafe fn finish_borrowed<C: Contract + ?Sized, H: Handle<C>>(
        session: Session<'_, C, H>,
        method: u32,
        arena: &Arena,
        origins: Origins<'_>,
        call: impl FnOnce(&C::Interface, *mut Receiver, OutOf<Self>) -> ReturnOf<Self>,
    ) -> Result<Self, Fault> {
        // SAFETY: clause 1, kept by the caller.
        unsafe { session.finish_borrowed(method, arena, origins, call) }
    }
}

// SAFETY: `place`.
unsafe impl<'a> Borrows<'a> for &'a str {
    fn lend_back(self) -> Slice {
        Slice::text(self)
    }
    unsafe fn back(owned: Slice, origins: Origins<'_>, _: &Arena) -> Option<Self> {
        if owned.len == 0 {
            return Some("");
        }
        let ptr = place::<u8>(owned.ptr, owned.len, origins)?;
        // SAFETY: clause 1: text, which lives for `'a` where it lies.
        Some(unsafe {
            Slice {
                ptr,
                len: owned.len,
            }
            .str()
        })
    }
}

// SAFETY: `place`.
unsafe impl<'a, T: Plain> Borrows<'a> for &'a [T] {
    fn lend_back(self) -> Slice {
        Slice::of(self)
    }
    unsafe fn back(owned: Slice, origins: Origins<'_>, _: &Arena) -> Option<Self> {
        if owned.len == 0 {
            return Some(&[]);
        }
        let ptr = place::<T>(owned.ptr, owned.len, origins)?;
        // SAFETY: clause 1; D3: values of `T`, which live for `'a` where they lie.
        Some(unsafe { slice::from_raw_parts(ptr, owned.len) })
    }
}

// SAFETY: `place`.
unsafe impl<'a, T: Plain> Borrows<'a> for &'a T {
    fn lend_back(self) -> *const T::Lent {
        core::ptr::from_ref(self).cast()
    }
    unsafe fn back(owned: *const T::Lent, origins: Origins<'_>, _: &Arena) -> Option<Self> {
        let ptr = place::<T>(owned.cast(), 1, origins)?;
        // SAFETY: clause 1; D3: a value of `T`, which lives for `'a` where it lies.
        Some(unsafe { &*ptr })
    }
}

// SAFETY: that of the value.
unsafe impl<'a, B: Borrows<'a>> Borrows<'a> for Option<B> {
    fn lend_back(self) -> Self::Owned {
        self.map_or(OptionWire::None, |value| {
            OptionWire::Some(value.lend_back())
        })
    }
    unsafe fn back(owned: Self::Owned, origins: Origins<'_>, arena: &Arena) -> Option<Self> {
        match owned {
            OptionWire::None => Some(None),
            // SAFETY: clause 1.
            OptionWire::Some(value) => unsafe { B::back(value, origins, arena) }.map(Some),
        }
    }
}

// SAFETY: that of the value; an error borrows nothing.
unsafe impl<'a, B: Borrows<'a>, E: Data> Borrows<'a> for Result<B, E> {
    fn lend_back(self) -> Self::Owned {
        match self {
            Ok(value) => ResultWire::Ok(value.lend_back()),
            Err(error) => ResultWire::Err(error.give()),
        }
    }
    unsafe fn back(owned: Self::Owned, origins: Origins<'_>, arena: &Arena) -> Option<Self> {
        match owned {
            // SAFETY: clause 1.
            ResultWire::Ok(value) => unsafe { B::back(value, origins, arena) }.map(Ok),
            // SAFETY: clause 1.
            ResultWire::Err(error) => Some(Err(unsafe { E::receive(error, arena) })),
        }
    }
}

// SAFETY: that of the elements.
unsafe impl<'a, B: Borrows<'a>> Borrows<'a> for Vec<B> {
    fn lend_back(self) -> Buffer {
        buffer_of(self.into_iter().map(B::lend_back).collect::<Vec<_>>())
    }
    unsafe fn back(owned: Buffer, origins: Origins<'_>, arena: &Arena) -> Option<Self> {
        // Every element changes hands, also behind one that escaped.
        let values: Vec<Option<B>> = (0..owned.len)
            .map(|index| {
                // SAFETY: clause 1: `len` wire values lie at `ptr`; each is read once, here.
                let element = unsafe { owned.ptr.cast::<B::Owned>().add(index).read() };
                // SAFETY: clause 1.
                unsafe { B::back(element, origins, arena) }
            })
            .collect();
        // SAFETY: clause 1: received here, once; the elements were moved out.
        unsafe { owned.release() };
        values.into_iter().collect()
    }
}

macro_rules! tuples {
    ($($wire:ident($($name:ident $index:tt $value:ident),+);)*) => {$(
        // SAFETY: that of the fields.
        unsafe impl<'a, $($name: Borrows<'a>),+> Borrows<'a> for ($($name,)+) {
            fn lend_back(self) -> Self::Owned {
                $wire($(self.$index.lend_back()),+)
            }
            unsafe fn back(owned: Self::Owned, origins: Origins<'_>, arena: &Arena) -> Option<Self> {
                // SAFETY: clause 1, for each field; every one changes hands.
                let ($($value,)+) = unsafe { ($($name::back(owned.$index, origins, arena),)+) };
                Some(($($value?,)+))
            }
        }
    )*};
}

tuples! {
    Tuple2(A 0 a, B 1 b);
    Tuple3(A 0 a, B 1 b, C 2 c);
    Tuple4(A 0 a, B 1 b, C 2 c, D 3 d);
}

// SAFETY: it borrows nothing.
unsafe impl Borrows<'_> for String {
    fn lend_back(self) -> Self::Owned {
        self.give()
    }
    unsafe fn back(owned: Self::Owned, _: Origins<'_>, arena: &Arena) -> Option<Self> {
        // SAFETY: clause 1.
        Some(unsafe { Self::receive(owned, arena) })
    }
}

macro_rules! unborrowed {
    ($($type:ty),*) => {$(
        // SAFETY: it borrows nothing.
        #[diagnostic::do_not_recommend]
        unsafe impl Borrows<'_> for $type {
            fn lend_back(self) -> Self::Owned {
                self.give()
            }
            unsafe fn back(owned: Self::Owned, _: Origins<'_>, arena: &Arena) -> Option<Self> {
                // SAFETY: clause 1.
                Some(unsafe { Self::receive(owned, arena) })
            }
        }
    )*};
}

unborrowed!((), bool, char, f32, f64);
unborrowed!(
    i8, i16, i32, i64, i128, isize, u8, u16, u32, u64, u128, usize
);
