//! Which Rust types cross, and how: the [`Data`] trait, and the ways a value travels through a C signature: by value, by
//! address, or as nothing.
//!
//! What is held: nothing. Who may touch it: `#[polyplug::data]` and the impls below implement the trait;
//! the shims of a contract call it.
//!
//! What is always true:
//!
//! * **D1** `Lent` and `Owned` are the wire forms that `TYPE` describes, to the byte.
//! * **D2** `take` and `receive` are only given values whose validity was promised (typed face between Rust images)
//!   or checked against `TYPE` before ([`check`](crate::check)).
//! * **D3** `PLAIN` means that `Self`, `Taken`, `Lent` and `Owned` have one layout and that every copy of the bytes is as
//!   good as the original.
//! * **D4** What `lend` returns points into `self` and into the arena, and is read only while both live.
//! * **D5** What `give` returns owns itself; `receive` takes that over exactly once.
//! * **D6** Conversions do not unwind: code of the author's that runs inside one (`Hash`, `Ord`) is contained by
//!   [`Arena::attempt`], and what it raised is raised once everything has changed hands. One thing alone may: the default
//!   of a field that was added. Then what was not yet converted is lost, but nothing is let go twice.
//! * **D7** An object inside a lent value belongs to the callee from the moment of the call: [`Data::surrender`] forgets it.
//! * **D8** What `take` makes lives no longer than the arena it was given: `Taken` holds no other lifetime.

use core::alloc::Layout;
use core::ffi::c_void;
use core::mem::MaybeUninit;

use polyplug_abi::{
    ContractDescriptor, MethodDescriptor, Receiver, Slice, TypeDescriptor, TypeFunction,
};

use crate::bridge;
use crate::call::{self, Handle, Session};
use crate::contract::{Access, Contract};
use crate::fault::Fault;

mod aggregates;
mod arena;
mod bits;
mod borrowed;
mod checks;
mod growing;
mod maps;
mod mutable;
mod references;
mod scalars;
mod sequences;
mod standard;

pub use arena::Arena;
pub(crate) use bits::SomeBits;
pub use bits::{And, AnyBits, Bits, FlagsInteger, InPlace, NotPlain, Plain};
pub use borrowed::{Borrows, Region};
pub use checks::{
    DropCheck, ErrorFromFault, ErrorOf, HasDrop, HasNoDrop, NoErrorFromFault, WithoutDrop,
};
pub use growing::{
    Node, OtherTag, VariantNode, bare_variant, give_struct, give_variant, lend_struct,
    lend_variant, size_word, unknown_variant,
};
pub use mutable::Mutable;
pub(crate) use references::Boxing;
pub use references::{OfObject, PointedOf, Referent, ReferentParts};
pub(crate) use standard::is_time;
#[cfg(feature = "loader")]
pub(crate) use standard::{PathUnit, lend_path, take_path};

/// A type whose values can cross a plugin boundary.
///
/// Implemented for the types listed in the documentation of [`contract`](macro@crate::contract), and by
/// [`#[polyplug::data]`](macro@crate::data) for your own structs and enums. Never implement it by hand.
///
/// # Safety
/// The numbered truths at the top of this module: D1, D3 to D8.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot cross a plugin boundary",
    label = "this type cannot stand in a contract",
    note = "help: put `#[polyplug::data]` on your own struct or enum, or pass one of the types listed at `polyplug::contract`"
)]
pub unsafe trait Data: Sized {
    /// The wire form as an argument: sequences are borrowed for the call.
    #[doc(hidden)]
    type Lent;
    /// The wire form as a result: sequences are handed over.
    #[doc(hidden)]
    type Owned;
    /// The type as a callee gets it: references inside live for the call.
    #[doc(hidden)]
    type Taken<'c>: 'c;
    /// How a value stands in a C signature.
    #[doc(hidden)]
    type Travel: Travel<Self>;
    /// Which bit patterns are values, if values pass by address.
    #[doc(hidden)]
    type Bits: Bits;
    /// Stands for the objects that values own: `Unpin` exactly when there are none. This is the one question that the
    /// compiler answers of a type that contains itself, because it is an auto trait.
    #[doc(hidden)]
    type Objects;
    /// What the type looks like.
    #[doc(hidden)]
    const TYPE: &'static TypeDescriptor;

    /// Caller's side of an argument.
    #[doc(hidden)]
    fn lend(&self, arena: &Arena) -> Self::Lent;

    /// Callee's side of an argument: copies.
    ///
    /// # Safety
    /// 1. `lent` is a valid value of `TYPE`, what it points to lives as long as the arena, and it is taken only here.
    #[doc(hidden)]
    unsafe fn take<'c>(lent: &Self::Lent, arena: &'c Arena) -> Self::Taken<'c>;

    /// Callee's side of a result.
    #[doc(hidden)]
    fn give(self) -> Self::Owned;

    /// Caller's side of a result: copies into its own memory and releases the other side's.
    ///
    /// # Safety
    /// 1. `owned` is a valid value of `TYPE`, returned by a call, and received only here.
    #[doc(hidden)]
    unsafe fn receive(owned: Self::Owned, arena: &Arena) -> Self;

    /// Caller's side of an argument, after the call: forgets the objects, which are the callee's now, and drops the rest.
    #[doc(hidden)]
    #[inline(always)]
    fn surrender(self) {
        drop(self);
    }

    /// What becomes of a fault where a `Result` with this error was expected.
    ///
    /// # Errors
    /// The fault again, when it cannot be an error of this type.
    #[doc(hidden)]
    fn error_of(fault: Fault) -> Result<Self, Fault> {
        Err(fault)
    }

    /// What becomes of a fault where this value was expected.
    ///
    /// # Errors
    /// The fault again, when it cannot be such a value.
    #[doc(hidden)]
    fn instead(fault: Fault) -> Result<Self, Fault> {
        Err(fault)
    }

    /// Whether values pass by address, uncopied.
    #[doc(hidden)]
    const PLAIN: bool = <Self::Bits as Bits>::PLAIN;
    /// The descriptor, as descriptors point to each other.
    #[doc(hidden)]
    const FUNCTION: TypeFunction = descriptor_of::<Self>;
    /// Size and alignment of the lent wire form.
    #[doc(hidden)]
    const LENT: Layout = Layout::new::<Self::Lent>();
    /// Size and alignment of the owned wire form.
    #[doc(hidden)]
    const OWNED: Layout = Layout::new::<Self::Owned>();
    /// Size and alignment of what stands in a parameter list.
    #[doc(hidden)]
    const ARGUMENT: Layout = Layout::new::<ArgumentOf<Self>>();

    /// Caller's side of `T`: what stands in the signature.
    #[doc(hidden)]
    #[inline(always)]
    fn pass(lent: &Self::Lent) -> ArgumentOf<Self> {
        Self::Travel::pass(lent)
    }

    /// Callee's side of `T`.
    ///
    /// # Safety
    /// 1. As for [`Data::take`].
    #[doc(hidden)]
    #[inline(always)]
    unsafe fn accept<'c>(argument: ArgumentOf<Self>, arena: &'c Arena) -> Self::Taken<'c> {
        // SAFETY: clause 1, kept by the caller.
        unsafe { Self::Travel::accept(argument, arena) }
    }

    /// Caller's side of `&[T]`.
    #[doc(hidden)]
    #[inline(always)]
    fn lend_slice(values: &[Self], arena: &Arena) -> Slice {
        references::lend_slice(values, arena)
    }

    /// Callee's side of `&[T]`.
    ///
    /// # Safety
    /// 1. `ptr` points to `len` valid wire values that live as long as the arena, or `len` is 0.
    #[doc(hidden)]
    #[inline(always)]
    unsafe fn take_slice<'c>(
        ptr: *const Self::Lent,
        len: usize,
        arena: &'c Arena,
    ) -> &'c [Self::Taken<'c>] {
        // SAFETY: clause 1, kept by the caller.
        unsafe { sequences::take_slice::<Self>(ptr, len, arena) }
    }

    /// A method that returns `T`, in the caller: see [`Session::finish`](call::Session::finish).
    ///
    /// # Safety
    /// 1. As there.
    ///
    /// # Errors
    /// As there.
    #[doc(hidden)]
    #[inline(always)]
    unsafe fn finish<C: Contract + ?Sized, H: Handle<C>>(
        session: Session<'_, C, H>,
        method: u32,
        arena: &Arena,
        call: impl FnOnce(&C::Interface, *mut Receiver, OutOf<Self>) -> ReturnOf<Self>,
    ) -> Result<Self, Fault> {
        // SAFETY: clause 1, kept by the caller.
        unsafe { session.finish(method, arena, call) }
    }

    /// A method that takes `&self` and returns `T`, in the callee: see [`call::enter`].
    ///
    /// # Safety
    /// 1. As there.
    #[doc(hidden)]
    #[inline(always)]
    unsafe fn enter<S: Access>(
        receiver: *mut Receiver,
        out: OutOf<Self>,
        body: impl FnOnce(&S::Target) -> Self::Owned,
    ) -> ReturnOf<Self> {
        // SAFETY: clause 1, kept by the caller.
        unsafe { call::enter::<S, Self>(receiver, out, body) }
    }

    /// A method that takes `&mut self` and returns `T`, in the callee: see [`call::enter_exclusive`].
    ///
    /// # Safety
    /// 1. As there.
    #[doc(hidden)]
    #[inline(always)]
    unsafe fn enter_exclusive<S: Access>(
        receiver: *mut Receiver,
        out: OutOf<Self>,
        body: impl FnOnce(&mut S::Target) -> Self::Owned,
    ) -> ReturnOf<Self> {
        // SAFETY: clause 1, kept by the caller.
        unsafe { call::enter_exclusive::<S, Self>(receiver, out, body) }
    }

    /// A method that returns `T`, passed on to a guest: see [`bridge::pass_on`].
    ///
    /// # Safety
    /// 1. As there.
    #[doc(hidden)]
    unsafe fn bridge(
        receiver: *mut Receiver,
        contract: &'static ContractDescriptor,
        method: u32,
        frame: *const c_void,
        out: OutOf<Self>,
    ) -> ReturnOf<Self> {
        // SAFETY: clause 1, kept by the caller.
        unsafe { bridge::pass_on::<Self>(receiver, contract, method, frame, out) }
    }

    /// A method that returns `T`, in the callee's erased face: see [`call::invoke`].
    ///
    /// # Safety
    /// 1. As there.
    #[doc(hidden)]
    unsafe fn invoke(
        receiver: *mut Receiver,
        method: &MethodDescriptor,
        frame: *const c_void,
        place: *mut c_void,
        typed: impl FnOnce(*mut Receiver, OutOf<Self>) -> ReturnOf<Self>,
    ) -> i32 {
        // SAFETY: clause 1, kept by the caller.
        unsafe { call::invoke::<Self>(receiver, method, frame, place, typed) }
    }
}

/// Data that holds no reference: what is taken of it is itself.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot cross a plugin boundary here",
    label = "this type cannot be a key, an item of a set or of a `&mut Vec`, or part of a closure's signature",
    note = "help: use data that holds no reference, such as `String` for `&str`; put `#[polyplug::data]` on your own struct or enum"
)]
pub trait Whole: for<'c> Data<Taken<'c> = Self> + 'static {}
#[diagnostic::do_not_recommend]
impl<T: for<'c> Data<Taken<'c> = T> + 'static> Whole for T {}

/// The descriptor of `T`, as descriptors point to each other.
///
/// # Safety
/// None: it is `unsafe` only to have the type that C code knows.
pub(crate) unsafe extern "C" fn descriptor_of<T: Data>() -> *const TypeDescriptor {
    T::TYPE
}

/// [`descriptor_of`] as a value.
#[must_use]
pub(crate) const fn type_function<T: Data>() -> TypeFunction {
    descriptor_of::<T>
}

/// How values of `T` stand in a C signature: by value in one register, or by address.
///
/// A result by address uses the trailing `out` parameter; otherwise `Out` is [`NoOut`], which takes no place.
///
/// # Safety
/// `Argument`, `Return` and `Out` are scalars, pointers or take no place.
pub unsafe trait Travel<T: Data> {
    /// What stands in the parameter list.
    type Argument: Copy;
    /// What the function returns.
    type Return: Copy;
    /// The trailing parameter.
    type Out: Copy;

    /// Caller: makes the argument.
    fn pass(lent: &T::Lent) -> Self::Argument;
    /// Callee: makes the value.
    ///
    /// # Safety
    /// 1. As for [`Data::take`].
    unsafe fn accept<'c>(argument: Self::Argument, arena: &'c Arena) -> T::Taken<'c>;
    /// Caller: where the result shall go.
    fn out(place: &mut MaybeUninit<T::Owned>) -> Self::Out;
    /// Erased callee: the same, from a pointer.
    fn out_at(place: *mut c_void) -> Self::Out;
    /// Callee: writes the result.
    ///
    /// # Safety
    /// 1. `out` points to a place for one `T::Owned`.
    unsafe fn finish(owned: T::Owned, out: Self::Out) -> Self::Return;
    /// Callee: what is returned beside a fault.
    fn nothing() -> Self::Return;
    /// Caller: the result as its owned wire form.
    ///
    /// # Safety
    /// 1. The call returned `returned` without a fault, and its `out` was made from `place`, which is read no more.
    unsafe fn collect(returned: Self::Return, place: &MaybeUninit<T::Owned>) -> T::Owned;
    /// Caller: is this result valid? For callees that are not known to be Rust.
    ///
    /// # Safety
    /// 1. As for [`Travel::collect`].
    unsafe fn check(
        returned: Self::Return,
        place: &MaybeUninit<T::Owned>,
    ) -> Result<(), crate::check::Invalid>;
    /// Bridge: where a guest shall write the result.
    fn place(out: Self::Out, returned: &mut Self::Return) -> *mut c_void;
    /// Erased callee: writes what was returned by value to `place`.
    ///
    /// # Safety
    /// 1. `place` has room for `Return`.
    unsafe fn store(returned: Self::Return, place: *mut c_void);
}

/// What a parameter list says of `T`.
pub type ArgumentOf<T> = <<T as Data>::Travel as Travel<T>>::Argument;
/// What a signature says of the result `T`.
pub type ReturnOf<T> = <<T as Data>::Travel as Travel<T>>::Return;
/// The trailing parameter for the result `T`.
pub type OutOf<T> = <<T as Data>::Travel as Travel<T>>::Out;

/// The absent `out` parameter: it has no size, and C calling conventions give it no place.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct NoOut {
    nothing: [u8; 0],
}

impl NoOut {
    /// The only value.
    pub const VALUE: Self = Self { nothing: [] };
}

/// Values that travel in a register.
#[derive(Debug)]
pub enum ByValue {}

/// Values that travel as `const T *`, and come back through `out`.
#[derive(Debug)]
pub enum ByAddress {}

/// Values that come back as nothing at all.
#[derive(Debug)]
pub enum AsNothing {}

/// A type that travels [`ByValue`].
///
/// # Safety
/// `Wide` is an integer or float of the C signature; `narrow` of any `widen` gives the same value.
pub unsafe trait Scalar: Data<Owned = <Self as Data>::Lent> {
    /// What stands in the signature.
    type Wide: Copy + Default;
    /// From memory to signature.
    fn widen(lent: &Self::Lent) -> Self::Wide;
    /// From signature to memory; surplus bits are dropped.
    fn narrow(wide: Self::Wide) -> Self::Lent;
    /// The bits of the signature's value, for checks.
    fn bits(wide: Self::Wide) -> u64;
}

// SAFETY: `Wide` is an integer or float by the contract of `Scalar`.
unsafe impl<T: Scalar> Travel<T> for ByValue {
    type Argument = T::Wide;
    type Return = T::Wide;
    type Out = NoOut;

    #[inline(always)]
    fn pass(lent: &T::Lent) -> T::Wide {
        T::widen(lent)
    }
    #[inline(always)]
    unsafe fn accept<'c>(argument: T::Wide, arena: &'c Arena) -> T::Taken<'c> {
        // SAFETY: D2, kept by the caller of `accept`.
        unsafe { T::take(&T::narrow(argument), arena) }
    }
    #[inline(always)]
    fn out(_: &mut MaybeUninit<T::Owned>) -> NoOut {
        NoOut::VALUE
    }
    #[inline(always)]
    fn out_at(_: *mut c_void) -> NoOut {
        NoOut::VALUE
    }
    #[inline(always)]
    unsafe fn finish(owned: T::Owned, _: NoOut) -> T::Wide {
        T::widen(&owned)
    }
    #[inline(always)]
    fn nothing() -> T::Wide {
        T::Wide::default()
    }
    #[inline(always)]
    unsafe fn collect(returned: T::Wide, _: &MaybeUninit<T::Owned>) -> T::Owned {
        T::narrow(returned)
    }
    unsafe fn check(
        returned: T::Wide,
        _: &MaybeUninit<T::Owned>,
    ) -> Result<(), crate::check::Invalid> {
        crate::check::scalar(T::TYPE, T::bits(returned))
    }
    #[inline(always)]
    fn place(_: NoOut, returned: &mut T::Wide) -> *mut c_void {
        core::ptr::from_mut(returned).cast()
    }
    #[inline(always)]
    unsafe fn store(returned: T::Wide, place: *mut c_void) {
        // SAFETY: clause 1, kept by the caller.
        unsafe { place.cast::<T::Wide>().write(returned) }
    }
}

/// Takes a plain value of a few words that the callee has just written, word for word. A processor forwards what is on its
/// way to memory only to a load that lies within one store: the wide loads of an ordinary copy wait until all of it is
/// there, for a dozen cycles.
///
/// # Safety
/// 1. The place is written, and read no more.
#[inline(always)]
unsafe fn by_words<T: Data>(place: &MaybeUninit<T::Owned>) -> T::Owned {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    if const {
        let size = size_of::<T::Owned>();
        T::PLAIN && size.is_multiple_of(8) && 8 < size && size <= 64 && align_of::<T::Owned>() >= 8
    } {
        let mut value = MaybeUninit::<T::Owned>::uninit();
        for offset in (0..size_of::<T::Owned>()).step_by(8) {
            let word: u64;
            // SAFETY: clause 1: a load within the place. To the compiler it is a word from anywhere, with nothing uninitialised in it
            // where the value has padding, and nothing that it could make one wide load of.
            unsafe {
                core::arch::asm!(
                    "mov {word}, qword ptr [{from}]",
                    word = lateout(reg) word,
                    from = in(reg) place.as_ptr().byte_add(offset),
                    options(readonly, nostack, preserves_flags)
                );
                // SAFETY: within the value, which is aligned for words.
                value
                    .as_mut_ptr()
                    .byte_add(offset)
                    .cast::<u64>()
                    .write(word);
            }
        }
        // SAFETY: clause 1: the very bytes of the place; a plain value has no pointers in it.
        return unsafe { value.assume_init() };
    }
    // SAFETY: clause 1.
    unsafe { place.assume_init_read() }
}

// SAFETY: pointers, and nothing.
unsafe impl<T: Data> Travel<T> for ByAddress {
    type Argument = *const T::Lent;
    type Return = ();
    type Out = *mut T::Owned;

    #[inline(always)]
    fn pass(lent: &T::Lent) -> *const T::Lent {
        lent
    }
    #[inline(always)]
    unsafe fn accept<'c>(argument: *const T::Lent, arena: &'c Arena) -> T::Taken<'c> {
        // SAFETY: the pointer is valid for the call by D2.
        let lent = unsafe { &*argument };
        // SAFETY: D2, kept by the caller of `accept`.
        unsafe { T::take(lent, arena) }
    }
    #[inline(always)]
    fn out(place: &mut MaybeUninit<T::Owned>) -> *mut T::Owned {
        place.as_mut_ptr()
    }
    #[inline(always)]
    fn out_at(place: *mut c_void) -> *mut T::Owned {
        place.cast()
    }
    #[inline(always)]
    unsafe fn finish(owned: T::Owned, out: *mut T::Owned) {
        // SAFETY: clause 1, kept by the caller.
        unsafe { out.write(owned) }
    }
    #[inline(always)]
    fn nothing() {}
    #[inline(always)]
    unsafe fn collect((): (), place: &MaybeUninit<T::Owned>) -> T::Owned {
        // SAFETY: clause 1: the callee wrote the place before it returned without a fault.
        unsafe { by_words::<T>(place) }
    }
    unsafe fn check((): (), place: &MaybeUninit<T::Owned>) -> Result<(), crate::check::Invalid> {
        // SAFETY: clause 1: the callee wrote the place; `TYPE` describes it (D1).
        unsafe { crate::check::owned(T::TYPE, place.as_ptr().cast()) }
    }
    #[inline(always)]
    fn place(out: *mut T::Owned, (): &mut ()) -> *mut c_void {
        out.cast()
    }
    #[inline(always)]
    unsafe fn store((): (), _: *mut c_void) {}
}

// SAFETY: pointers, and nothing.
unsafe impl<T: Data> Travel<T> for AsNothing {
    type Argument = *const T::Lent;
    type Return = ();
    type Out = NoOut;

    #[inline(always)]
    fn pass(lent: &T::Lent) -> *const T::Lent {
        lent
    }
    #[inline(always)]
    unsafe fn accept<'c>(argument: *const T::Lent, arena: &'c Arena) -> T::Taken<'c> {
        // SAFETY: D2; a type that comes back as nothing has no bytes to read, but its reference must be aligned.
        let lent = unsafe { &*argument };
        // SAFETY: D2, kept by the caller of `accept`.
        unsafe { T::take(lent, arena) }
    }
    #[inline(always)]
    fn out(_: &mut MaybeUninit<T::Owned>) -> NoOut {
        NoOut::VALUE
    }
    #[inline(always)]
    fn out_at(_: *mut c_void) -> NoOut {
        NoOut::VALUE
    }
    #[inline(always)]
    unsafe fn finish(_: T::Owned, _: NoOut) {}
    #[inline(always)]
    fn nothing() {}
    #[inline(always)]
    unsafe fn collect((): (), place: &MaybeUninit<T::Owned>) -> T::Owned {
        const {
            assert!(
                size_of::<T::Owned>() == 0,
                "only types without bytes come back as nothing"
            )
        };
        // SAFETY: no bytes, checked above.
        unsafe { place.assume_init_read() }
    }
    unsafe fn check((): (), _: &MaybeUninit<T::Owned>) -> Result<(), crate::check::Invalid> {
        Ok(())
    }
    #[inline(always)]
    fn place(_: NoOut, (): &mut ()) -> *mut c_void {
        core::ptr::null_mut()
    }
    #[inline(always)]
    unsafe fn store((): (), _: *mut c_void) {}
}
