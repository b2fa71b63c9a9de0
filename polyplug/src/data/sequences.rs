//! Runs of values: `String`, `Vec<T>`, `&[T]`; and `Box<T>`, which is what its form makes of it.

use core::mem::ManuallyDrop;
use core::{ptr, slice};

use polyplug_abi::{Buffer, Slice, TypeDescriptor, type_kind};

use super::{Arena, Boxing, ByAddress, Data, NotPlain, Referent, type_function};

/// Frees the memory of a `Vec<T>` whose elements were moved out.
///
/// # Safety
/// 1. `ptr` and `capacity` came from a `Vec<T>` of this image.
unsafe extern "C" fn release_vec<T>(ptr: *mut u8, capacity: usize) {
    // SAFETY: clause 1, kept by the caller; with length 0 no element is touched.
    drop(unsafe { Vec::<T>::from_raw_parts(ptr.cast(), 0, capacity) });
}

/// Hands the memory of a vector over as it lies.
pub(super) fn buffer_of<T>(values: Vec<T>) -> Buffer {
    if values.capacity() == 0 {
        return Buffer {
            len: values.len(),
            ..Buffer::EMPTY
        };
    }
    let mut values = ManuallyDrop::new(values);
    Buffer {
        ptr: values.as_mut_ptr().cast(),
        len: values.len(),
        capacity: values.capacity(),
        release: Some(release_vec::<T>),
    }
}

/// Copies `len` values that lie at `ptr` as they are.
///
/// # Safety
/// 1. `ptr` points to `len` valid values of `T`, or `len` is 0.
/// 2. Copies of the bytes of a `T` are as good as the original.
unsafe fn copy_of<T>(ptr: *const u8, len: usize) -> Vec<T> {
    let mut values = Vec::<T>::with_capacity(len);
    if len != 0 {
        // SAFETY: clauses 1 and 2; the new vector has room and overlaps nothing.
        unsafe { ptr::copy_nonoverlapping(ptr.cast::<T>(), values.as_mut_ptr(), len) };
        // SAFETY: `len` values were just written.
        unsafe { values.set_len(len) };
    }
    values
}

// SAFETY: D1: a run of bytes that are UTF-8. D4, D5: the memory of `self`, and of the vector below it.
unsafe impl Data for String {
    type Lent = Slice;
    type Owned = Buffer;
    type Taken<'c> = Self;
    type Travel = ByAddress;
    type Bits = NotPlain;
    type Objects = ();
    const TYPE: &'static TypeDescriptor = &sequence(type_kind::STRING);

    #[inline]
    fn lend(&self, _: &Arena) -> Slice {
        Slice::text(self)
    }
    #[inline]
    unsafe fn take(lent: &Slice, _: &Arena) -> Self {
        // SAFETY: D2: valid text for the call.
        unsafe { lent.str() }.to_owned()
    }
    #[inline]
    fn give(self) -> Buffer {
        buffer_of(self.into_bytes())
    }
    #[inline]
    unsafe fn receive(owned: Buffer, _: &Arena) -> Self {
        // SAFETY: D2: valid text until it is released, below.
        let text = unsafe { owned.slice().str() }.to_owned();
        // SAFETY: D5: received here, once.
        unsafe { owned.release() };
        text
    }
}

pub(super) const fn sequence(kind: u32) -> TypeDescriptor {
    TypeDescriptor {
        lent_size: size_of::<Slice>(),
        lent_align: align_of::<Slice>(),
        owned_size: size_of::<Buffer>(),
        owned_align: align_of::<Buffer>(),
        ..TypeDescriptor::of_kind(kind)
    }
}

// SAFETY: D1: a run of the elements' wire forms. D4, D5: the memory of `self`, of the arena, and of the new vector.
unsafe impl<T: Data> Data for Vec<T> {
    type Lent = Slice;
    type Owned = Buffer;
    type Taken<'c> = Vec<T::Taken<'c>>;
    type Travel = ByAddress;
    type Bits = NotPlain;
    type Objects = T::Objects;
    const TYPE: &'static TypeDescriptor = &TypeDescriptor {
        elements: &[type_function::<T>()] as *const _,
        element_count: 1,
        ..sequence(type_kind::LIST)
    };

    #[inline]
    fn lend(&self, arena: &Arena) -> Slice {
        lend_slice(self, arena)
    }
    #[inline]
    unsafe fn take<'c>(lent: &Slice, arena: &'c Arena) -> Vec<T::Taken<'c>> {
        if T::PLAIN {
            // SAFETY: D2 (clause 1), D3 (clause 2): what is taken of a plain type is the type.
            return unsafe { copy_of(lent.ptr, lent.len) };
        }
        // SAFETY: D2.
        unsafe { take_each::<T>(*lent, arena) }.collect()
    }
    #[inline]
    fn give(self) -> Buffer {
        if T::PLAIN {
            buffer_of(self)
        } else {
            buffer_of(self.into_iter().map(T::give).collect::<Vec<_>>())
        }
    }
    #[inline]
    unsafe fn receive(owned: Buffer, arena: &Arena) -> Self {
        if T::PLAIN {
            // SAFETY: D2 (clause 1), D3 (clause 2).
            let values = unsafe { copy_of(owned.ptr, owned.len) };
            // SAFETY: D5: received here, once.
            unsafe { owned.release() };
            return values;
        }
        // SAFETY: D2, D5.
        unsafe { receive_each::<T, Self>(owned, arena) }
    }
    #[inline]
    fn surrender(self) {
        if T::PLAIN {
            drop(self);
        } else {
            self.into_iter().for_each(T::surrender);
        }
    }
}

/// The values of a lent run, in order.
///
/// # Safety
/// 1. D2, for each of the `len` wire values at `ptr`.
#[inline]
pub(super) unsafe fn take_each<'c, T: Data>(
    lent: Slice,
    arena: &'c Arena,
) -> impl ExactSizeIterator<Item = T::Taken<'c>> {
    (0..lent.len).map(move |index| {
        // SAFETY: clause 1: `len` wire values lie at `ptr`.
        let element = unsafe { &*lent.ptr.cast::<T::Lent>().add(index) };
        // SAFETY: clause 1: each of them is valid.
        unsafe { T::take(element, arena) }
    })
}

/// The values of a run that was handed over, in order; its memory is released.
///
/// # Safety
/// 1. D2 and D5, for the `len` wire values at `ptr`.
#[inline]
pub(super) unsafe fn receive_each<T: Data, R: FromIterator<T>>(owned: Buffer, arena: &Arena) -> R {
    let values = (0..owned.len)
        .map(|index| {
            // SAFETY: clause 1: `len` wire values lie at `ptr`; each is read once, here.
            let element = unsafe { owned.ptr.cast::<T::Owned>().add(index).read() };
            // SAFETY: clause 1: each of them is valid and received once.
            unsafe { T::receive(element, arena) }
        })
        .collect();
    // SAFETY: clause 1: received here, once; the elements were moved out.
    unsafe { owned.release() };
    values
}

// SAFETY: those of the form. D4, D5: as for a vector of one, or as for an object.
unsafe impl<T: ?Sized + Referent> Data for Box<T>
where
    T::Form: Boxing<T>,
{
    type Lent = <T::Form as Boxing<T>>::Lent;
    type Owned = <T::Form as Boxing<T>>::Owned;
    type Taken<'c> = <T::Form as Boxing<T>>::Taken<'c>;
    type Travel = ByAddress;
    type Bits = NotPlain;
    type Objects = <T::Form as Boxing<T>>::Objects;
    const TYPE: &'static TypeDescriptor = <T::Form as Boxing<T>>::TYPE;

    #[inline]
    fn lend(&self, arena: &Arena) -> Self::Lent {
        <T::Form as Boxing<T>>::lend(self, arena)
    }
    #[inline]
    unsafe fn take<'c>(lent: &Self::Lent, arena: &'c Arena) -> Self::Taken<'c> {
        // SAFETY: D2.
        unsafe { <T::Form as Boxing<T>>::take(lent, arena) }
    }
    #[inline]
    fn give(self) -> Self::Owned {
        <T::Form as Boxing<T>>::give(self)
    }
    #[inline]
    unsafe fn receive(owned: Self::Owned, arena: &Arena) -> Self {
        // SAFETY: D2, D5.
        unsafe { <T::Form as Boxing<T>>::receive(owned, arena) }
    }
    #[inline]
    fn surrender(self) {
        <T::Form as Boxing<T>>::surrender(self);
    }
}

/// Caller's side of `&[T]`: by address when `T` is plain, otherwise an array of wire forms.
#[inline(always)]
pub(crate) fn lend_slice<T: Data>(values: &[T], arena: &Arena) -> Slice {
    if T::PLAIN {
        Slice::of(values)
    } else {
        arena.keep(values.iter().map(|value| value.lend(arena)))
    }
}

/// Callee's side of `&[T]`.
///
/// # Safety
/// 1. `ptr` points to `len` valid wire values that live as long as the arena, or `len` is 0.
#[inline(always)]
pub(crate) unsafe fn take_slice<'c, T: Data>(
    ptr: *const T::Lent,
    len: usize,
    arena: &'c Arena,
) -> &'c [T::Taken<'c>] {
    if len == 0 {
        return &[];
    }
    if T::PLAIN {
        // SAFETY: clause 1; D3: a wire value is what is taken of it.
        return unsafe { slice::from_raw_parts(ptr.cast(), len) };
    }
    let lent = Slice {
        ptr: ptr.cast(),
        len,
    };
    // SAFETY: clause 1.
    arena.hold_all(unsafe { take_each::<T>(lent, arena) })
}
