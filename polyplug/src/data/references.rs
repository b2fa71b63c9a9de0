//! What may stand behind a pointer: `&T`, `Box<T>`, `Arc<T>`, where `T` is data, `str`, a slice, a path, a contract's
//! `dyn Trait` or a closure's `dyn Fn`. Which of them decides how the pointer crosses: the pointee's *form*.

use core::cell::Cell;
use core::marker::PhantomPinned;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use polyplug_abi::{
    Buffer, Object, Slice, TypeDescriptor, TypeFunction, passing, type_flags, type_kind,
};

use super::sequences::buffer_of;
use super::standard::{PathUnit, lend_path, take_path};
use super::{Arena, ByAddress, Data, NotPlain, Region, sequences, type_function};
use crate::contract::ByReference;
use crate::object::{self, Borrowed, Dynamic, Proxy};

/// What may stand behind a pointer in a contract: every [`Data`], `str`, `[T]`, `Path`, `dyn Trait` of a contract, and
/// closures.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot cross a plugin boundary",
    label = "this type cannot stand in a contract",
    note = "help: put `#[polyplug::data]` on your own struct or enum, `#[polyplug::contract]` on your own trait, or pass one of the types listed at `polyplug::contract`"
)]
pub trait Referent {
    /// How a pointer to it crosses.
    #[doc(hidden)]
    type Form: Referring<Self>;

    /// How `&T` stands in a signature: one of `passing`.
    #[doc(hidden)]
    const PASSING: u32 = <Self::Form as Referring<Self>>::PASSING;
    /// The type that the descriptor of an argument `&T` names.
    #[doc(hidden)]
    const POINTED: TypeFunction = <Self::Form as Referring<Self>>::POINTED;

    /// Caller's side of `&T`.
    #[doc(hidden)]
    #[inline(always)]
    fn point(value: &Self, arena: &Arena) -> *const PointedOf<Self> {
        <Self::Form as Referring<Self>>::point(value, arena)
    }

    /// What a result may borrow from `&T`: its memory, when it crosses uncopied.
    #[doc(hidden)]
    #[inline(always)]
    fn region(value: &Self) -> Region {
        <Self::Form as Referring<Self>>::region(value)
    }

    /// Callee's side of `&T`.
    ///
    /// # Safety
    /// 1. `pointer` points to a valid wire value that lives as long as the arena.
    #[doc(hidden)]
    #[inline(always)]
    unsafe fn look<'c>(
        pointer: *const PointedOf<Self>,
        arena: &'c Arena,
    ) -> <Self::Form as Referring<Self>>::Taken<'c> {
        // SAFETY: clause 1, kept by the caller.
        unsafe { <Self::Form as Referring<Self>>::look(pointer, arena) }
    }
}

/// What says how a type crosses behind a pointer; [`Referent`] follows from it. Two traits, so that the compiler does not
/// list all that is one when something is none.
/// Safe: a form that does not fit the type is no [`Referring`] of it.
#[doc(hidden)]
pub trait ReferentParts {
    /// How a pointer to it crosses.
    type Form: Referring<Self>;
}

#[diagnostic::do_not_recommend]
impl<T: ?Sized + ReferentParts> Referent for T {
    type Form = <T as ReferentParts>::Form;
}

/// What an argument `&T` points to.
pub type PointedOf<T> = <<T as Referent>::Form as Referring<T>>::Pointed;

/// How `&T` crosses.
///
/// # Safety
/// `Lent` is what `TYPE` describes, `Pointed` what `POINTED` describes; `take` and `look` give what was lent.
pub unsafe trait Referring<T: ?Sized> {
    /// Inside another type.
    type Lent: Copy;
    /// What a parameter points to.
    type Pointed;
    /// What the callee gets.
    type Taken<'c>: 'c;
    /// Inside another type.
    const TYPE: &'static TypeDescriptor;
    /// As an argument.
    const POINTED: TypeFunction;
    /// As an argument.
    const PASSING: u32;

    /// Caller, inside another type.
    fn lend(value: &T, arena: &Arena) -> Self::Lent;
    /// Caller, as an argument.
    fn point(value: &T, arena: &Arena) -> *const Self::Pointed;
    /// Callee, inside another type.
    ///
    /// # Safety
    /// 1. As for [`Data::take`].
    unsafe fn take<'c>(lent: &Self::Lent, arena: &'c Arena) -> Self::Taken<'c>;
    /// Callee, as an argument.
    ///
    /// # Safety
    /// 1. As for [`Referent::look`].
    unsafe fn look<'c>(pointer: *const Self::Pointed, arena: &'c Arena) -> Self::Taken<'c>;
    /// Caller: what a result may borrow from.
    #[inline(always)]
    fn region(_: &T) -> Region {
        Region::EMPTY
    }
}

/// How `Box<T>` crosses.
///
/// # Safety
/// As for [`Data`].
#[diagnostic::on_unimplemented(
    message = "`Box<{T}>` cannot cross a plugin boundary",
    label = "this cannot stand in a box",
    note = "help: only data and `dyn Trait` of a contract can; write `String` for `Box<str>`, `Vec<T>` for `Box<[T]>`, `PathBuf` for `Box<Path>`"
)]
pub unsafe trait Boxing<T: ?Sized> {
    /// As an argument.
    type Lent;
    /// As a result.
    type Owned;
    /// What the callee gets.
    type Taken<'c>: 'c;
    /// See [`Data::Objects`].
    type Objects;
    /// What it looks like.
    const TYPE: &'static TypeDescriptor;

    /// See [`Data::lend`].
    #[expect(
        clippy::borrowed_box,
        reason = "the box itself is lent, with what it owns"
    )]
    fn lend(value: &Box<T>, arena: &Arena) -> Self::Lent;
    /// See [`Data::take`].
    ///
    /// # Safety
    /// 1. As there.
    unsafe fn take<'c>(lent: &Self::Lent, arena: &'c Arena) -> Self::Taken<'c>;
    /// See [`Data::give`].
    fn give(value: Box<T>) -> Self::Owned;
    /// See [`Data::receive`].
    ///
    /// # Safety
    /// 1. As there.
    unsafe fn receive(owned: Self::Owned, arena: &Arena) -> Box<T>;
    /// See [`Data::surrender`].
    fn surrender(value: Box<T>);
}

/// How `Arc<T>` crosses: as an object that counts its owners.
///
/// # Safety
/// As for [`Data`].
#[diagnostic::on_unimplemented(
    message = "`Arc<{T}>` cannot cross a plugin boundary",
    label = "this cannot be shared between two sides",
    note = "help: only `dyn Trait` of a contract and closures can; make it a contract, or pass the value itself"
)]
pub unsafe trait Sharing<T: ?Sized> {
    /// What it looks like.
    const TYPE: &'static TypeDescriptor;
    /// One more owner.
    fn give(value: Arc<T>) -> Object;
    /// See [`Data::receive`].
    ///
    /// # Safety
    /// 1. As there.
    unsafe fn receive(owned: Object, arena: &Arena) -> Arc<T>;
}

/// Data: a pointer to its wire form.
#[derive(Debug)]
pub enum OfValue {}
/// `str`.
#[derive(Debug)]
pub enum OfText {}
/// `[T]`.
#[derive(Debug)]
pub enum OfSlice {}
/// `Path`.
#[derive(Debug)]
pub enum OfPath {}
/// `dyn Trait`, `dyn Fn`.
#[derive(Debug)]
pub enum OfObject {}

#[diagnostic::do_not_recommend]
impl<T: Data> ReferentParts for T {
    type Form = OfValue;
}
impl ReferentParts for str {
    type Form = OfText;
}
impl<T: Data> ReferentParts for [T] {
    type Form = OfSlice;
}
impl ReferentParts for Path {
    type Form = OfPath;
}

const fn pointer(kind: u32) -> TypeDescriptor {
    TypeDescriptor {
        lent_size: size_of::<*const ()>(),
        lent_align: align_of::<*const ()>(),
        owned_size: size_of::<*const ()>(),
        owned_align: align_of::<*const ()>(),
        ..TypeDescriptor::of_kind(kind)
    }
}

const fn run(kind: u32) -> TypeDescriptor {
    TypeDescriptor {
        lent_size: size_of::<Slice>(),
        lent_align: align_of::<Slice>(),
        owned_size: size_of::<Slice>(),
        owned_align: align_of::<Slice>(),
        ..TypeDescriptor::of_kind(kind)
    }
}

/// A descriptor that is known to the compiler, as a function.
macro_rules! function {
    (<$($parameter:ident: $bound:path),*> $ty:expr) => {{
        unsafe extern "C" fn function<$($parameter: ?Sized + $bound),*>() -> *const TypeDescriptor {
            $ty
        }
        function::<$($parameter),*>
    }};
}

thread_local! {
    /// Whether what is lent now stands behind a reference: the objects in it stay the caller's. Said here, and not to each
    /// conversion, because it is the same at every depth. Nothing to be destroyed.
    static BY_REFERENCE: Cell<bool> = const { Cell::new(false) };
}

/// Lends what stands behind a reference.
#[inline]
fn by_reference<T>(lend: impl FnOnce() -> T) -> T {
    struct Before(bool);
    impl Drop for Before {
        fn drop(&mut self) {
            BY_REFERENCE.set(self.0);
        }
    }
    let _before = Before(BY_REFERENCE.replace(true));
    lend()
}

/// The address of a value that crosses behind a pointer: its own, or that of its wire form.
#[inline(always)]
fn pointed<T: Data>(value: &T, lend: impl FnOnce() -> T::Lent, arena: &Arena) -> *const T::Lent {
    if T::PLAIN {
        // D3: the two have one layout.
        return core::ptr::from_ref(value).cast();
    }
    arena.keep(core::iter::once(lend())).ptr.cast()
}

/// Caller's side of `&[T]`.
#[inline(always)]
pub(crate) fn lend_slice<T: Data>(values: &[T], arena: &Arena) -> Slice {
    if T::PLAIN {
        return Slice::of(values);
    }
    by_reference(|| sequences::lend_slice(values, arena))
}

// SAFETY: D1: a pointer to the wire form. D4: by address when plain, otherwise into the arena.
unsafe impl<T: Data> Referring<T> for OfValue {
    type Lent = *const T::Lent;
    type Pointed = T::Lent;
    type Taken<'c> = &'c T::Taken<'c>;
    const TYPE: &'static TypeDescriptor = &TypeDescriptor {
        elements: &[type_function::<T>()] as *const _,
        element_count: 1,
        ..pointer(type_kind::REFERENCE)
    };
    const POINTED: TypeFunction = T::FUNCTION;
    const PASSING: u32 = passing::REFERENCE;

    #[inline(always)]
    fn lend(value: &T, arena: &Arena) -> *const T::Lent {
        pointed(value, || by_reference(|| value.lend(arena)), arena)
    }
    #[inline(always)]
    fn point(value: &T, arena: &Arena) -> *const T::Lent {
        <Self as Referring<T>>::lend(value, arena)
    }
    #[inline(always)]
    unsafe fn take<'c>(lent: &*const T::Lent, arena: &'c Arena) -> &'c T::Taken<'c> {
        if T::PLAIN {
            // SAFETY: clause 1; D3: a wire value is what is taken of it.
            return unsafe { &*lent.cast() };
        }
        // SAFETY: clause 1: not null, and valid.
        let lent = unsafe { &**lent };
        // SAFETY: clause 1.
        arena.hold(unsafe { T::take(lent, arena) })
    }
    #[inline(always)]
    unsafe fn look<'c>(pointer: *const T::Lent, arena: &'c Arena) -> &'c T::Taken<'c> {
        // SAFETY: clause 1.
        unsafe { <Self as Referring<T>>::take(&pointer, arena) }
    }
    #[inline(always)]
    fn region(value: &T) -> Region {
        if T::PLAIN {
            Region::of(core::slice::from_ref(value))
        } else {
            Region::EMPTY
        }
    }
}

// SAFETY: D1: a run of UTF-8. D4: by address.
unsafe impl Referring<str> for OfText {
    type Lent = Slice;
    type Pointed = Slice;
    type Taken<'c> = &'c str;
    const TYPE: &'static TypeDescriptor = &run(type_kind::TEXT);
    const POINTED: TypeFunction = function!(<> <OfText as Referring<str>>::TYPE);
    const PASSING: u32 = passing::REFERENCE;

    #[inline(always)]
    fn lend(value: &str, _: &Arena) -> Slice {
        Slice::text(value)
    }
    fn point(value: &str, arena: &Arena) -> *const Slice {
        arena.hold(Slice::text(value))
    }
    #[inline(always)]
    unsafe fn take<'c>(lent: &Slice, _: &'c Arena) -> &'c str {
        // SAFETY: clause 1.
        unsafe { lent.str() }
    }
    #[inline(always)]
    unsafe fn look(pointer: *const Slice, _: &Arena) -> &str {
        // SAFETY: clause 1.
        let lent = unsafe { *pointer };
        // SAFETY: clause 1.
        unsafe { lent.str() }
    }
    #[inline(always)]
    fn region(value: &str) -> Region {
        Region::of(value.as_bytes())
    }
}

// SAFETY: D1: a run of wire forms. D4: by address when plain, otherwise into the arena.
unsafe impl<T: Data> Referring<[T]> for OfSlice {
    type Lent = Slice;
    type Pointed = Slice;
    type Taken<'c> = &'c [T::Taken<'c>];
    const TYPE: &'static TypeDescriptor = &TypeDescriptor {
        elements: &[type_function::<T>()] as *const _,
        element_count: 1,
        ..run(type_kind::SLICE)
    };
    const POINTED: TypeFunction = function!(<T: Data> <OfSlice as Referring<[T]>>::TYPE);
    const PASSING: u32 = passing::REFERENCE;

    #[inline(always)]
    fn lend(value: &[T], arena: &Arena) -> Slice {
        lend_slice(value, arena)
    }
    fn point(value: &[T], arena: &Arena) -> *const Slice {
        arena.hold(lend_slice(value, arena))
    }
    #[inline(always)]
    unsafe fn take<'c>(lent: &Slice, arena: &'c Arena) -> &'c [T::Taken<'c>] {
        // SAFETY: clause 1.
        unsafe { sequences::take_slice::<T>(lent.ptr.cast(), lent.len, arena) }
    }
    #[inline(always)]
    unsafe fn look<'c>(pointer: *const Slice, arena: &'c Arena) -> &'c [T::Taken<'c>] {
        // SAFETY: clause 1.
        unsafe { <Self as Referring<[T]>>::take(&*pointer, arena) }
    }
    #[inline(always)]
    fn region(value: &[T]) -> Region {
        if T::PLAIN {
            Region::of(value)
        } else {
            Region::EMPTY
        }
    }
}

// SAFETY: D1: a run of units. D4: by address, or in the arena.
unsafe impl Referring<Path> for OfPath {
    type Lent = Slice;
    type Pointed = Slice;
    type Taken<'c> = &'c Path;
    const TYPE: &'static TypeDescriptor = &TypeDescriptor {
        elements: &[type_function::<PathUnit>()] as *const _,
        element_count: 1,
        ..run(type_kind::BORROWED_PATH)
    };
    const POINTED: TypeFunction = function!(<> <OfPath as Referring<Path>>::TYPE);
    const PASSING: u32 = passing::REFERENCE;

    fn lend(value: &Path, arena: &Arena) -> Slice {
        lend_path(value, arena)
    }
    fn point(value: &Path, arena: &Arena) -> *const Slice {
        arena.hold(lend_path(value, arena))
    }
    unsafe fn take<'c>(lent: &Slice, arena: &'c Arena) -> &'c Path {
        // SAFETY: clause 1.
        let path: &PathBuf = arena.hold(unsafe { take_path(*lent) });
        path
    }
    unsafe fn look(pointer: *const Slice, arena: &Arena) -> &Path {
        // SAFETY: clause 1.
        unsafe { <Self as Referring<Path>>::take(&*pointer, arena) }
    }
}

// SAFETY: D1: an object. D4: its state is the address of a reference, in the arena.
unsafe impl<D: ?Sized + Dynamic> Referring<D> for OfObject {
    type Lent = Object;
    type Pointed = Object;
    type Taken<'c> = &'c D::Short<'c>;
    const TYPE: &'static TypeDescriptor = object::Described::<D, 0>::TYPE;
    const POINTED: TypeFunction = function!(<D: Dynamic> <OfObject as Referring<D>>::TYPE);
    const PASSING: u32 = passing::OBJECT;

    fn lend(value: &D, arena: &Arena) -> Object {
        object::lend::<D>(arena.hold(value))
    }
    fn point(value: &D, arena: &Arena) -> *const Object {
        arena.hold(<Self as Referring<D>>::lend(value, arena))
    }
    unsafe fn take<'c>(lent: &Object, arena: &'c Arena) -> &'c D::Short<'c> {
        // SAFETY: clause 1.
        let borrowed = unsafe { Borrowed::<'c, D::Short<'c>>::of(lent, D::contract(), arena) };
        D::borrow(borrowed, arena)
    }
    unsafe fn look<'c>(pointer: *const Object, arena: &'c Arena) -> &'c D::Short<'c> {
        // SAFETY: clause 1.
        unsafe { <Self as Referring<D>>::take(&*pointer, arena) }
    }
}

// SAFETY: those of the form; a reference is lent, never owned: `give` and `receive` do not compile.
unsafe impl<T: ?Sized + Referent> Data for &T {
    type Lent = <T::Form as Referring<T>>::Lent;
    type Owned = <T::Form as Referring<T>>::Lent;
    type Taken<'c> = <T::Form as Referring<T>>::Taken<'c>;
    type Travel = ByAddress;
    type Bits = NotPlain;
    type Objects = ();
    const TYPE: &'static TypeDescriptor = <T::Form as Referring<T>>::TYPE;

    #[inline(always)]
    fn lend(&self, arena: &Arena) -> Self::Lent {
        <T::Form as Referring<T>>::lend(self, arena)
    }
    #[inline(always)]
    unsafe fn take<'c>(lent: &Self::Lent, arena: &'c Arena) -> Self::Taken<'c> {
        // SAFETY: D2.
        unsafe { <T::Form as Referring<T>>::take(lent, arena) }
    }
    fn give(self) -> Self::Owned {
        const {
            panic!(
                "a reference behind an alias cannot be a result: write it out, or return an owned type"
            )
        }
    }
    unsafe fn receive(_: Self::Owned, _: &Arena) -> Self {
        const {
            panic!(
                "a reference behind an alias cannot be a result: write it out, or return an owned type"
            )
        }
    }
}

// SAFETY: D1: a pointer to one wire value, owned as a buffer of one. D4, D5: as for a vector of one.
unsafe impl<T: Data> Boxing<T> for OfValue {
    type Lent = *const T::Lent;
    type Owned = Buffer;
    type Taken<'c> = Box<T::Taken<'c>>;
    type Objects = T::Objects;
    const TYPE: &'static TypeDescriptor = &TypeDescriptor {
        owned_size: size_of::<Buffer>(),
        owned_align: align_of::<Buffer>(),
        elements: &[type_function::<T>()] as *const _,
        element_count: 1,
        ..pointer(type_kind::BOX)
    };

    #[inline]
    fn lend(value: &Box<T>, arena: &Arena) -> *const T::Lent {
        pointed::<T>(value, || Data::lend(&**value, arena), arena)
    }
    #[inline]
    unsafe fn take<'c>(lent: &*const T::Lent, arena: &'c Arena) -> Box<T::Taken<'c>> {
        // SAFETY: D2: one valid wire value.
        let value = unsafe { &**lent };
        // SAFETY: D2.
        Box::new(unsafe { T::take(value, arena) })
    }
    #[inline]
    fn give(value: Box<T>) -> Buffer {
        buffer_of(vec![T::give(*value)])
    }
    #[inline]
    unsafe fn receive(owned: Buffer, arena: &Arena) -> Box<T> {
        // SAFETY: D2: one wire value lies at `ptr`; read once, here.
        let value = unsafe { owned.ptr.cast::<T::Owned>().read() };
        // SAFETY: D2, D5.
        let value = Box::new(unsafe { T::receive(value, arena) });
        // SAFETY: D5: received here, once; the value was moved out.
        unsafe { owned.release() };
        value
    }
    #[inline]
    fn surrender(value: Box<T>) {
        T::surrender(*value);
    }
}

// SAFETY: D1: an object with one owner. D5, D7: ownership moves with it.
unsafe impl<D: ?Sized + Dynamic + 'static> Boxing<D> for OfObject {
    type Lent = Object;
    type Owned = Object;
    type Taken<'c> = Box<D>;
    type Objects = PhantomPinned;
    const TYPE: &'static TypeDescriptor = object::Described::<D, { type_flags::UNIQUE }>::TYPE;

    fn lend(value: &Box<D>, arena: &Arena) -> Object {
        if BY_REFERENCE.get() {
            // The caller keeps it: what is lent is a reference, which the callee cannot move out of what it stands in.
            let object: *const D = core::ptr::from_ref::<D>(value);
            return Object {
                interface: D::table::<ByReference<D>>(),
                state: core::ptr::from_mut(arena.hold(object)).cast(),
                retain: None,
                release: None,
            };
        }
        // SAFETY: D7: a second box for the same object; the first is forgotten by `surrender` once the call was made,
        // and the call is made as soon as its arguments are lent.
        let value = unsafe { core::ptr::read(value) };
        D::give_box(value)
    }
    unsafe fn take(lent: &Object, arena: &Arena) -> Box<D> {
        // SAFETY: D2, D7: the callee owns it.
        D::boxed(unsafe { Proxy::of(*lent, D::contract(), arena) })
    }
    fn give(value: Box<D>) -> Object {
        D::give_box(value)
    }
    unsafe fn receive(owned: Object, arena: &Arena) -> Box<D> {
        // SAFETY: D2, D5.
        D::boxed(unsafe { Proxy::of(owned, D::contract(), arena) })
    }
    fn surrender(value: Box<D>) {
        core::mem::forget(value);
    }
}

// SAFETY: D1: an object that counts. D5, D7: an owner moves with it.
unsafe impl<D: ?Sized + Dynamic + 'static> Sharing<D> for OfObject {
    const TYPE: &'static TypeDescriptor = object::Described::<D, { type_flags::SHARED }>::TYPE;

    fn give(value: Arc<D>) -> Object {
        object::give_shared(value)
    }
    unsafe fn receive(owned: Object, arena: &Arena) -> Arc<D> {
        // SAFETY: D2, D5.
        unsafe { object::receive_shared(owned, arena) }
    }
}

// SAFETY: those of the form.
unsafe impl<T: ?Sized + Referent + 'static> Data for Arc<T>
where
    T::Form: Sharing<T>,
{
    type Lent = Object;
    type Owned = Object;
    type Taken<'c> = Self;
    type Travel = ByAddress;
    type Bits = NotPlain;
    type Objects = ();
    const TYPE: &'static TypeDescriptor = <T::Form as Sharing<T>>::TYPE;

    fn lend(&self, _: &Arena) -> Object {
        <T::Form as Sharing<T>>::give(Self::clone(self))
    }
    unsafe fn take(lent: &Object, arena: &Arena) -> Self {
        // SAFETY: D2, D7: the owner that was lent is the callee's.
        unsafe { <T::Form as Sharing<T>>::receive(*lent, arena) }
    }
    fn give(self) -> Object {
        <T::Form as Sharing<T>>::give(self)
    }
    unsafe fn receive(owned: Object, arena: &Arena) -> Self {
        // SAFETY: D2, D5.
        unsafe { <T::Form as Sharing<T>>::receive(owned, arena) }
    }
}
