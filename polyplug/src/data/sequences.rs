//! Runs of values: `String`, `Vec<T>`, `&[T]`, and `&T`, which is a run of one.

use core::mem::ManuallyDrop;
use core::ops::Deref;
use core::{ptr, slice};

use polyplug_abi::{Buffer, Slice, TypeDescriptor, type_kind};

use super::{Arena, ByAddress, Data, type_function};

/// Frees the memory of a `Vec<T>` whose elements were moved out.
///
/// # Safety
/// 1. `ptr` and `capacity` came from a `Vec<T>` of this image.
unsafe extern "C" fn release_vec<T>(ptr: *mut u8, capacity: usize) {
    // SAFETY: clause 1, kept by the caller; with length 0 no element is touched.
    drop(unsafe { Vec::<T>::from_raw_parts(ptr.cast(), 0, capacity) });
}

/// Hands the memory of a vector over as it lies.
fn buffer_of<T>(values: Vec<T>) -> Buffer {
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
    type Travel = ByAddress;
    const PLAIN: bool = false;
    const TYPE: &'static TypeDescriptor = &sequence(type_kind::STRING);

    #[inline]
    fn lend(&self, _: &Arena) -> Slice {
        Slice::text(self)
    }
    #[inline]
    unsafe fn take(lent: &Slice) -> Self {
        // SAFETY: D2: valid text for the call.
        unsafe { lent.str() }.to_owned()
    }
    #[inline]
    fn give(self) -> Buffer {
        buffer_of(self.into_bytes())
    }
    #[inline]
    unsafe fn receive(owned: Buffer) -> Self {
        // SAFETY: D2: valid text until it is released, below.
        let text = unsafe { owned.slice().str() }.to_owned();
        // SAFETY: D5: received here, once.
        unsafe { owned.release() };
        text
    }
}

const fn sequence(kind: u32) -> TypeDescriptor {
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
    type Travel = ByAddress;
    const PLAIN: bool = false;
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
    unsafe fn take(lent: &Slice) -> Self {
        if T::PLAIN {
            // SAFETY: D2 (clause 1), D3 (clause 2).
            return unsafe { copy_of(lent.ptr, lent.len) };
        }
        (0..lent.len)
            .map(|index| {
                // SAFETY: D2: `len` wire values lie at `ptr`.
                let element = unsafe { &*lent.ptr.cast::<T::Lent>().add(index) };
                // SAFETY: D2: each of them is valid.
                unsafe { T::take(element) }
            })
            .collect()
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
    unsafe fn receive(owned: Buffer) -> Self {
        let values = if T::PLAIN {
            // SAFETY: D2 (clause 1), D3 (clause 2).
            unsafe { copy_of(owned.ptr, owned.len) }
        } else {
            (0..owned.len)
                .map(|index| {
                    // SAFETY: D2: `len` wire values lie at `ptr`; each is read once, here.
                    let element = unsafe { owned.ptr.cast::<T::Owned>().add(index).read() };
                    // SAFETY: D2 and D5: each of them is valid and received once.
                    unsafe { T::receive(element) }
                })
                .collect()
        };
        // SAFETY: D5: received here, once; the elements were moved out.
        unsafe { owned.release() };
        values
    }
}

// SAFETY: D1: a pointer to one wire value. D4, D5: as for a vector of one.
unsafe impl<T: Data> Data for Box<T> {
    type Lent = *const ();
    type Owned = Buffer;
    type Travel = ByAddress;
    const PLAIN: bool = false;
    const TYPE: &'static TypeDescriptor = &TypeDescriptor {
        lent_size: size_of::<*const ()>(),
        lent_align: align_of::<*const ()>(),
        owned_size: size_of::<Buffer>(),
        owned_align: align_of::<Buffer>(),
        elements: &[type_function::<T>()] as *const _,
        element_count: 1,
        ..TypeDescriptor::of_kind(type_kind::BOX)
    };

    #[inline]
    fn lend(&self, arena: &Arena) -> *const () {
        lend_reference::<T>(self, arena).cast()
    }
    #[inline]
    unsafe fn take(lent: &*const ()) -> Self {
        // SAFETY: D2: one valid wire value.
        let value = unsafe { &*lent.cast::<T::Lent>() };
        // SAFETY: D2.
        Box::new(unsafe { T::take(value) })
    }
    #[inline]
    fn give(self) -> Buffer {
        buffer_of(vec![T::give(*self)])
    }
    #[inline]
    unsafe fn receive(owned: Buffer) -> Self {
        // SAFETY: D2: one wire value lies at `ptr`; read once, here.
        let value = unsafe { owned.ptr.cast::<T::Owned>().read() };
        // SAFETY: D2, D5.
        let value = Box::new(unsafe { T::receive(value) });
        // SAFETY: D5: received here, once; the value was moved out.
        unsafe { owned.release() };
        value
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

/// Caller's side of `&T`: by address when `T` is plain, otherwise its wire form.
#[inline(always)]
pub(crate) fn lend_reference<T: Data>(value: &T, arena: &Arena) -> *const T::Lent {
    if T::PLAIN {
        // D3: the two have one layout.
        return ptr::from_ref(value).cast();
    }
    arena.keep(core::iter::once(value.lend(arena))).ptr.cast()
}

/// Callee's side of `&[T]`.
#[derive(Debug)]
pub enum TakenSlice<'a, T> {
    /// The caller's own values.
    Lent(&'a [T]),
    /// Copies.
    Copied(Vec<T>),
}

impl<T> Deref for TakenSlice<'_, T> {
    type Target = [T];
    #[inline(always)]
    fn deref(&self) -> &[T] {
        match self {
            Self::Lent(values) => values,
            Self::Copied(values) => values,
        }
    }
}

/// Callee's side of `&[T]`.
///
/// # Safety
/// 1. `ptr` points to `len` valid wire values that live for `'a`, or `len` is 0.
#[inline(always)]
pub(crate) unsafe fn take_slice<'a, T: Data>(ptr: *const T::Lent, len: usize) -> TakenSlice<'a, T> {
    if T::PLAIN {
        if len == 0 {
            return TakenSlice::Lent(&[]);
        }
        // SAFETY: clause 1; D3: a wire value is a `T`.
        return TakenSlice::Lent(unsafe { slice::from_raw_parts(ptr.cast::<T>(), len) });
    }
    // SAFETY: clause 1.
    TakenSlice::Copied(unsafe {
        <Vec<T> as Data>::take(&Slice {
            ptr: ptr.cast(),
            len,
        })
    })
}

/// Callee's side of `&T`.
#[derive(Debug)]
pub enum TakenReference<'a, T> {
    /// The caller's own value.
    Lent(&'a T),
    /// A copy.
    Copied(T),
}

impl<T> Deref for TakenReference<'_, T> {
    type Target = T;
    #[inline(always)]
    fn deref(&self) -> &T {
        match self {
            Self::Lent(value) => value,
            Self::Copied(value) => value,
        }
    }
}

/// Callee's side of `&T`.
///
/// # Safety
/// 1. `ptr` points to a valid wire value that lives for `'a`.
#[inline(always)]
pub(crate) unsafe fn take_reference<'a, T: Data>(ptr: *const T::Lent) -> TakenReference<'a, T> {
    if T::PLAIN {
        // SAFETY: clause 1; D3: a wire value is a `T`.
        return TakenReference::Lent(unsafe { &*ptr.cast::<T>() });
    }
    // SAFETY: clause 1.
    let lent = unsafe { &*ptr };
    // SAFETY: clause 1.
    TakenReference::Copied(unsafe { T::take(lent) })
}
