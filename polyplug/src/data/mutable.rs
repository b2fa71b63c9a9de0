//! What may stand behind `&mut`: slices that are changed in place, texts and lists that come back changed. (Objects are
//! recognised by their form.)

use polyplug_abi::{Buffer, Sink, TypeFunction, passing};

use super::{Arena, Data, InPlace, Whole};
use crate::check;
use crate::fault::Fault;

/// What may stand behind `&mut` in a contract: `[T]` of numbers, `String`, `Vec<T>`, `dyn Trait`, `dyn FnMut`.
///
/// # Safety
/// `take` gives what `lend` lent, for one alone.
#[diagnostic::on_unimplemented(
    message = "`&mut {Self}` cannot cross a plugin boundary",
    label = "this type cannot be changed by the other side",
    note = "help: take the value and return the new one; `&mut String`, `&mut Vec<T>` of data that owns no `Box<dyn ..>` and no closure, and `&mut [T]` of numbers can be changed"
)]
pub unsafe trait Mutable {
    /// What a parameter points to.
    #[doc(hidden)]
    type Pointed;
    /// What the callee gets a `&mut` of.
    #[doc(hidden)]
    type Taken<'c>: ?Sized + 'c;
    /// The value as it comes back.
    #[doc(hidden)]
    type Held;
    /// One of `passing`.
    #[doc(hidden)]
    const PASSING: u32;
    /// The type that the descriptor of the argument names.
    #[doc(hidden)]
    const POINTED: TypeFunction;

    /// Caller's side. The length is that of a slice; nobody looks at it otherwise.
    #[doc(hidden)]
    fn lend(value: &mut Self, arena: &Arena) -> (*mut Self::Pointed, usize);

    /// Callee's side.
    ///
    /// # Safety
    /// 1. `pointer` points to what was lent, which lives as long as the arena; `len` of them for a slice.
    #[doc(hidden)]
    #[expect(
        clippy::mut_from_ref,
        reason = "what is borrowed is the caller's or lies in the arena, for this call alone"
    )]
    unsafe fn take<'c>(
        pointer: *mut Self::Pointed,
        len: usize,
        arena: &'c Arena,
    ) -> &'c mut Self::Taken<'c>;

    /// Callee's side, after the method returned: what was changed is handed over.
    ///
    /// # Safety
    /// 1. As for `take`; `taken` came from there.
    #[doc(hidden)]
    #[inline(always)]
    unsafe fn hand_over<'c>(_: *mut Self::Pointed, _: &'c mut Self::Taken<'c>) {}

    /// Caller's side, after the call returned without a fault: what came back of the argument with this name.
    ///
    /// # Safety
    /// 1. `pointer` is what was lent, and the call was made.
    ///
    /// # Errors
    /// When what came back is no value.
    #[doc(hidden)]
    unsafe fn come_back(
        pointer: *mut Self::Pointed,
        name: &str,
        checked: bool,
        arena: &Arena,
    ) -> Result<Self::Held, Fault>;

    /// Caller's side, when all came back.
    #[doc(hidden)]
    fn commit(value: &mut Self, held: Self::Held);
}

// SAFETY: the caller's own values, by address.
#[diagnostic::do_not_recommend]
unsafe impl<T: InPlace> Mutable for [T] {
    type Pointed = T;
    type Taken<'c> = [T::Taken<'c>];
    type Held = ();
    const PASSING: u32 = passing::SLICE_MUT;
    const POINTED: TypeFunction = T::FUNCTION;

    #[inline(always)]
    fn lend(value: &mut Self, _: &Arena) -> (*mut T, usize) {
        (value.as_mut_ptr(), value.len())
    }
    #[inline(always)]
    unsafe fn take<'c>(pointer: *mut T, len: usize, _: &'c Arena) -> &'c mut [T::Taken<'c>] {
        if len == 0 {
            return &mut [];
        }
        // SAFETY: clause 1; D3: what is taken of a plain type is the type.
        unsafe { core::slice::from_raw_parts_mut(pointer.cast(), len) }
    }
    #[inline(always)]
    unsafe fn come_back(_: *mut T, _: &str, _: bool, _: &Arena) -> Result<(), Fault> {
        Ok(())
    }
    #[inline(always)]
    fn commit(_: &mut Self, (): ()) {}
}

/// What may be an item of a `&mut Vec`: a changed argument is copied there, and becomes the caller's value only when all went
/// well (C6). An object cannot be in two places until then.
pub trait Changeable {}

#[diagnostic::do_not_recommend]
impl<T: Data> Changeable for T where T::Objects: Unpin {}

/// What came back of a sink.
#[derive(Debug)]
pub struct HeldSink<T>(T);

macro_rules! sinks {
    ($(<$($parameter:ident: $bound:path, $another:path)?> $type:ty;)*) => {$(
        // SAFETY: a copy, which becomes the caller's value when all went well (C6).
        #[diagnostic::do_not_recommend]
        unsafe impl<$($parameter: $bound + $another)?> Mutable for $type {
            type Pointed = Sink;
            type Taken<'c> = Self;
            type Held = HeldSink<Self>;
            const PASSING: u32 = passing::SINK;
            const POINTED: TypeFunction = <Self as Data>::FUNCTION;

            fn lend(value: &mut Self, arena: &Arena) -> (*mut Sink, usize) {
                let sink = arena.hold(Sink {
                    input: Data::lend(value, arena),
                    output: Buffer::EMPTY,
                });
                (core::ptr::from_mut(sink), 0)
            }
            unsafe fn take<'c>(pointer: *mut Sink, _: usize, arena: &'c Arena) -> &'c mut Self::Taken<'c> {
                // SAFETY: clause 1.
                let input = unsafe { &(*pointer).input };
                // SAFETY: clause 1.
                arena.hold(unsafe { <Self as Data>::take(input, arena) })
            }
            unsafe fn hand_over<'c>(pointer: *mut Sink, taken: &'c mut Self::Taken<'c>) {
                let output = Data::give(core::mem::take(taken));
                // SAFETY: clause 1.
                unsafe { (*pointer).output = output };
            }
            unsafe fn come_back(
                pointer: *mut Sink, name: &str, checked: bool, arena: &Arena,
            ) -> Result<HeldSink<Self>, Fault> {
                // SAFETY: clause 1.
                let output = unsafe { (*pointer).output };
                if checked {
                    // SAFETY: clause 1: the place holds a buffer.
                    unsafe { check::owned(<Self as Data>::TYPE, core::ptr::from_ref(&output).cast()) }
                        .map_err(|invalid| Fault::of_kind(invalid.kind(), &invalid.in_changed(name)))?;
                }
                // SAFETY: D2, D5: valid by check or promise, and received once.
                Ok(HeldSink(unsafe { <Self as Data>::receive(output, arena) }))
            }
            fn commit(value: &mut Self, held: HeldSink<Self>) {
                *value = held.0;
            }
        }
    )*};
}

sinks! {
    <> String;
    <T: Whole, Changeable> Vec<T>;
}
