//! Closures as objects: a closure implements a contract without an id and with one method, `call`.
//!
//! A reference among the arguments of a closure stands as one pointer in the C signature, also `&str` and `&[T]`: the
//! number of parameters then follows from the number of arguments alone, and one generic function serves each arity.
//!
//! What is held: nothing. Who may touch it: the forms of pointers, through [`Dynamic`].
//!
//! What is always true:
//!
//! * **L1** The state of a closure's interface is what its `Access` says, for a target that `Calls` these parameters.

use core::alloc::Layout;
use core::ffi::c_void;
use core::marker::PhantomData;
use std::path::Path;
use std::sync::Arc;

use polyplug_abi::{
    ArgumentDescriptor, ContractDescriptor, InterfaceHeader, MethodDescriptor, Object, Receiver,
    TypeFunction, contract_flags, passing, type_flags,
};

use crate::call::{self, leave, unknown_method};
use crate::contract::Access;
use crate::data::{
    Arena, ArgumentOf, Data, OfObject, OutOf, PointedOf, Referent, ReferentParts, ReturnOf, Whole,
};
use crate::describe;
use crate::fault::Fault;
use crate::object::{self, Borrowed, Dynamic, Proof, Proxy};
use crate::panics;

/// An argument of a closure.
///
/// # Safety
/// `take` gives what `lend` lent; `FUNCTION`, `PASSING` and `LAYOUT` describe `Wire`.
pub(crate) unsafe trait Parameter {
    /// As the closure takes it.
    type Given<'x>;
    /// As it stands in the C signature.
    type Wire: Copy;
    /// What is made of it for the call.
    type Lent;
    const PASSING: u32;
    const FUNCTION: TypeFunction;
    const LAYOUT: Layout;

    fn lend(given: &Self::Given<'_>, arena: &Arena) -> Self::Lent;
    fn pass(lent: &Self::Lent) -> Self::Wire;
    fn surrender(given: Self::Given<'_>);
    /// # Safety
    /// 1. As for [`Data::take`].
    unsafe fn take<'c>(wire: Self::Wire, arena: &'c Arena) -> Self::Given<'c>;
}

/// `A`.
pub(crate) struct Value<A>(PhantomData<A>);

// SAFETY: those of the data.
unsafe impl<A: Whole> Parameter for Value<A> {
    type Given<'x> = A;
    type Wire = ArgumentOf<A>;
    type Lent = A::Lent;
    const PASSING: u32 = passing::VALUE;
    const FUNCTION: TypeFunction = A::FUNCTION;
    const LAYOUT: Layout = A::ARGUMENT;

    #[inline(always)]
    fn lend(given: &A, arena: &Arena) -> A::Lent {
        given.lend(arena)
    }
    #[inline(always)]
    fn pass(lent: &A::Lent) -> ArgumentOf<A> {
        A::pass(lent)
    }
    #[inline(always)]
    fn surrender(given: A) {
        given.surrender();
    }
    #[inline(always)]
    unsafe fn take(wire: ArgumentOf<A>, arena: &Arena) -> A {
        // SAFETY: clause 1.
        unsafe { A::accept(wire, arena) }
    }
}

/// `&A`.
pub(crate) struct Reference<A: ?Sized>(PhantomData<A>);

/// What a closure may be shown by reference: what holds no reference itself.
///
/// # Safety
/// `show` gives what `point` lent.
pub unsafe trait Shown: Referent + 'static {
    /// See [`Referent::look`].
    ///
    /// # Safety
    /// 1. As there.
    unsafe fn show(pointer: *const PointedOf<Self>, arena: &Arena) -> &Self;
}

macro_rules! shown {
    ($(<$($parameter:ident)?> $type:ty;)*) => {$(
        // SAFETY: that of `look`.
        unsafe impl$(<$parameter: Whole>)? Shown for $type {
            #[inline(always)]
            unsafe fn show(pointer: *const PointedOf<Self>, arena: &Arena) -> &Self {
                // SAFETY: clause 1.
                unsafe { Self::look(pointer, arena) }
            }
        }
    )*};
}

shown! {
    <T> T;
    <> str;
    <T> [T];
    <> Path;
}

// SAFETY: those of the pointee.
unsafe impl<A: ?Sized + Shown> Parameter for Reference<A> {
    type Given<'x> = &'x A;
    type Wire = *const PointedOf<A>;
    type Lent = *const PointedOf<A>;
    const PASSING: u32 = A::PASSING;
    const FUNCTION: TypeFunction = A::POINTED;
    const LAYOUT: Layout = Layout::new::<*const ()>();

    #[inline(always)]
    fn lend(given: &&A, arena: &Arena) -> *const PointedOf<A> {
        A::point(given, arena)
    }
    #[inline(always)]
    fn pass(lent: &*const PointedOf<A>) -> *const PointedOf<A> {
        *lent
    }
    #[inline(always)]
    fn surrender(_: &A) {}
    #[inline(always)]
    unsafe fn take(wire: *const PointedOf<A>, arena: &Arena) -> &A {
        // SAFETY: clause 1.
        unsafe { A::show(wire, arena) }
    }
}

/// The value of a call, or what becomes of a fault.
#[inline(always)]
fn settle<R: Data>(result: Result<R, Fault>) -> R {
    match result {
        Ok(value) => value,
        Err(fault) => instead(fault),
    }
}

#[cold]
fn instead<R: Data>(fault: Fault) -> R {
    R::instead(fault).unwrap_or_else(|fault| fault.raise())
}

macro_rules! arities {
    ($($module:ident($($index:literal $P:ident $given:ident $wire:ident),*);)*) => {$(
        mod $module {
            use super::*;

            /// A target that is called with these parameters.
            pub(crate) trait Calls<$($P: Parameter + 'static,)* R>: Dynamic {
                const CONTRACT: &'static ContractDescriptor;

                /// # Safety
                /// 1. As for [`Access::get`] and its siblings.
                unsafe fn call<S: Access<Target = Self>>(
                    state: *mut (), $($given: $P::Given<'_>,)*
                ) -> Result<R, Fault>;
            }

            #[repr(C)]
            struct Interface<$($P: Parameter + 'static,)* R: Whole> {
                header: InterfaceHeader,
                call: unsafe extern "C" fn(*mut Receiver, $($P::Wire,)* OutOf<R>) -> ReturnOf<R>,
            }

            struct Signature<$($P,)* R>(PhantomData<($($P,)* R,)>);

            impl<$($P: Parameter + 'static,)* R: Whole> Signature<$($P,)* R> {
                const FRAME: &'static [Layout] = &[$($P::LAYOUT),*];
                const ARGUMENTS: &'static [&'static ArgumentDescriptor] = &[$(
                    &describe::argument(
                        $P::PASSING, "", $P::FUNCTION, describe::offset_in_frame(Self::FRAME, $index),
                    )
                ),*];
                const METHOD: &'static MethodDescriptor =
                    &describe::method(0, "call", "", Self::ARGUMENTS, Self::FRAME, R::FUNCTION);
                const METHODS: &'static [&'static MethodDescriptor] = &[Self::METHOD];
                const SHARED: &'static ContractDescriptor = &describe::contract(
                    0, 1, 0, "", "Fn", "", &["call"], Self::METHODS, bridge::<false, $($P,)* R>, None,
                );
                const EXCLUSIVE: &'static ContractDescriptor = &describe::contract(
                    contract_flags::EXCLUSIVE, 1, 0, "", "FnMut", "", &["call"], Self::METHODS,
                    bridge::<true, $($P,)* R>, None,
                );
            }

            /// The interface of closures in other languages.
            struct Bridge<const EXCLUSIVE: bool, $($P,)* R>(PhantomData<($($P,)* R,)>);

            impl<const EXCLUSIVE: bool, $($P: Parameter + 'static,)* R: Whole> Bridge<EXCLUSIVE, $($P,)* R> {
                const TABLE: &'static Interface<$($P,)* R> = &Interface {
                    header: describe::bridge_header::<Interface<$($P,)* R>>(
                        contract::<$($P,)* R>(EXCLUSIVE), bridge_invoke::<EXCLUSIVE, $($P,)* R>,
                    ),
                    call: bridge_call::<EXCLUSIVE, $($P,)* R>,
                };
            }

            /// # Safety
            /// None: it is `unsafe` only to have the type that C code knows.
            unsafe extern "C" fn bridge<
                const EXCLUSIVE: bool, $($P: Parameter + 'static,)* R: Whole
            >() -> *const InterfaceHeader {
                core::ptr::from_ref(Bridge::<EXCLUSIVE, $($P,)* R>::TABLE).cast()
            }

            /// # Safety
            /// 1. As for [`bridge::pass_on`](crate::bridge::pass_on).
            unsafe extern "C" fn bridge_call<
                const EXCLUSIVE: bool, $($P: Parameter + 'static,)* R: Whole
            >(
                receiver: *mut Receiver, $($wire: $P::Wire,)* out: OutOf<R>,
            ) -> ReturnOf<R> {
                #[repr(C)]
                struct Frame<$($P: Parameter,)*>($($P::Wire,)*);
                let frame = Frame::<$($P,)*>($($wire,)*);
                let (contract, frame) = (contract::<$($P,)* R>(EXCLUSIVE), (&raw const frame).cast());
                // SAFETY: clause 1.
                unsafe { crate::bridge::pass_on::<R>(receiver, contract, 0, frame, out) }
            }

            /// # Safety
            /// 1. As for [`bridge_invoke`](crate::bridge::bridge_invoke).
            unsafe extern "C" fn bridge_invoke<
                const EXCLUSIVE: bool, $($P: Parameter + 'static,)* R: Whole
            >(
                receiver: *mut Receiver, method: u32, frame: *const c_void, out: *mut c_void,
            ) -> i32 {
                let contract = contract::<$($P,)* R>(EXCLUSIVE);
                // SAFETY: clause 1.
                unsafe { crate::bridge::bridge_invoke(receiver, contract, method, frame, out) }
            }

            struct Table<S, $($P,)* R>(PhantomData<(S, $($P,)* R,)>);

            impl<S: Access, $($P: Parameter + 'static,)* R: Whole> Table<S, $($P,)* R>
            where
                S::Target: Calls<$($P,)* R>,
            {
                const TABLE: &'static Interface<$($P,)* R> = &Interface {
                    header: describe::interface_header::<Interface<$($P,)* R>>(
                        <S::Target as Calls<$($P,)* R>>::CONTRACT, invoke::<S, $($P,)* R>,
                    ),
                    call: enter::<S, $($P,)* R>,
                };
            }

            /// The contract of closures that are called by several at once, or by one alone.
            pub(crate) const fn contract<$($P: Parameter + 'static,)* R: Whole>(
                exclusive: bool,
            ) -> &'static ContractDescriptor {
                if exclusive {
                    Signature::<$($P,)* R>::EXCLUSIVE
                } else {
                    Signature::<$($P,)* R>::SHARED
                }
            }

            pub(crate) fn table<S: Access, $($P: Parameter + 'static,)* R: Whole>() -> *const InterfaceHeader
            where
                S::Target: Calls<$($P,)* R>,
            {
                core::ptr::from_ref(Table::<S, $($P,)* R>::TABLE).cast()
            }

            /// The closure's end of a call.
            ///
            /// # Safety
            /// 1. `receiver` is a fresh receiver whose state belongs to an interface of `S`, `out` a place for the result.
            /// 2. The arguments are valid, and live for the call.
            unsafe extern "C" fn enter<S: Access, $($P: Parameter + 'static,)* R: Whole>(
                receiver: *mut Receiver, $($wire: $P::Wire,)* out: OutOf<R>,
            ) -> ReturnOf<R>
            where
                S::Target: Calls<$($P,)* R>,
            {
                // SAFETY: clause 1.
                let state = unsafe { (*receiver).state };
                let outcome = panics::contain(|| {
                    let arena = Arena::new();
                    // SAFETY: clause 2.
                    $(let $given = unsafe { $P::take($wire, &arena) };)*
                    arena.settle();
                    // SAFETY: clause 1, L1.
                    match unsafe { <S::Target as Calls<$($P,)* R>>::call::<S>(state, $($given,)*) } {
                        Ok(value) => value.give(),
                        Err(fault) => fault.raise(),
                    }
                });
                // SAFETY: clause 1.
                unsafe { leave::<R>(receiver, out, outcome) }
            }

            /// # Safety
            /// 1. As for [`call::invoke`].
            unsafe extern "C" fn invoke<S: Access, $($P: Parameter + 'static,)* R: Whole>(
                receiver: *mut Receiver, method: u32, frame: *const c_void, out: *mut c_void,
            ) -> i32
            where
                S::Target: Calls<$($P,)* R>,
            {
                if method != 0 {
                    // SAFETY: clause 1.
                    return unsafe { unknown_method(receiver, "", method) };
                }
                let _layouts = Signature::<$($P,)* R>::FRAME;
                let typed = |receiver, out| {
                    // SAFETY: clause 1: checked, and laid out as the frame says.
                    $(let $wire = unsafe {
                        describe::read::<$P::Wire>(frame, describe::offset_in_frame(_layouts, $index))
                    };)*
                    // SAFETY: clause 1.
                    unsafe { enter::<S, $($P,)* R>(receiver, $($wire,)* out) }
                };
                // SAFETY: clause 1.
                unsafe { call::invoke::<R>(receiver, Signature::<$($P,)* R>::METHOD, frame, out, typed) }
            }

            /// The caller's end of a call: of a closure that came from the other side.
            ///
            /// # Safety
            /// 1. `interface` is one of this signature, to which `state` belongs; both live for the call.
            #[inline]
            pub(crate) unsafe fn call<$($P: Parameter + 'static,)* R: Whole>(
                (interface, state): (*const InterfaceHeader, *mut ()), $($given: $P::Given<'_>,)*
            ) -> R {
                let arena = Arena::new();
                $(let $wire = $P::lend(&$given, &arena);)*
                let typed = |receiver, out| {
                    // SAFETY: clause 1.
                    let call = unsafe { (*interface.cast::<Interface<$($P,)* R>>()).call };
                    // SAFETY: clause 1.
                    unsafe { call(receiver, $($P::pass(&$wire),)* out) }
                };
                // SAFETY: clause 1.
                let owned = unsafe { call::exchange::<R>(interface, state, typed) };
                $($P::surrender($given);)*
                let result = owned.map(|owned| {
                    // SAFETY: E4, D5.
                    let value = unsafe { R::receive(owned, &arena) };
                    arena.settle();
                    value
                });
                settle(result)
            }
        }
    )*};
}

arities! {
    none();
    one(0 P0 a0 w0);
    two(0 P0 a0 w0, 1 P1 a1 w1);
    three(0 P0 a0 w0, 1 P1 a1 w1, 2 P2 a2 w2);
}

/// How a closure of this kind is reached.
macro_rules! reach {
    (Fn $S:ident $state:ident) => {
        $S::get($state)
    };
    (FnMut $S:ident $state:ident) => {
        $S::get_mut($state)?
    };
    (FnOnce $S:ident $state:ident) => {
        $S::once($state)?
    };
}

macro_rules! give_box {
    (FnOnce) => {
        fn give_box(value: Box<Self>) -> Object
        where
            Self: 'static,
        {
            object::give_once(value)
        }
    };
    ($kind:ident) => {};
}

macro_rules! once {
    (FnOnce) => {
        type_flags::ONCE
    };
    ($kind:ident) => {
        0
    };
}

macro_rules! exclusive {
    (Fn) => {
        false
    };
    ($kind:ident) => {
        true
    };
}

/// One kind, one shape, one set of markers.
macro_rules! closure {
    ($module:ident $kind:ident ($($A:ident $a:ident [$($bound:tt)*] [$($given:tt)*] $P:ident),*) [$($marker:ident $flag:ident),*]) => {
        #[diagnostic::do_not_recommend]
        #[allow(coherence_leak_check, reason = "a closure that takes a reference of any life is no closure of one type")]
        impl<'o, $($A: $($bound)*,)* R: Whole> ReferentParts for dyn $kind($($($given)*),*) -> R $(+ $marker)* + 'o {
            type Form = OfObject;
        }

        #[diagnostic::do_not_recommend]
        #[allow(coherence_leak_check, reason = "as above")]
        impl<'o, $($A: $($bound)*,)* R: Whole> Dynamic for dyn $kind($($($given)*),*) -> R $(+ $marker)* + 'o {
            // SAFETY: L1: a table for this very signature.
            const PROOF: Proof<Self> = unsafe { Proof::new() };
            type Short<'c> = dyn $kind($($($given)*),*) -> R $(+ $marker)* + 'c;
            const FLAGS: u32 = once!($kind) $(| type_flags::$flag)*;

            fn contract() -> &'static ContractDescriptor {
                <Self as $module::Calls<$($P<$A>,)* R>>::CONTRACT
            }
            fn table<S: Access<Target = Self>>() -> *const InterfaceHeader {
                $module::table::<S, $($P<$A>,)* R>()
            }
            fn boxed(proxy: Proxy<Self>) -> Box<Self>
            where
                Self: 'static,
            {
                // SAFETY: O3.
                Box::new(move |$($a: $($given)*),*| unsafe { $module::call::<$($P<$A>,)* R>(proxy.parts(), $($a),*) })
            }
            fn shared(proxy: Proxy<Self>) -> Arc<Self>
            where
                Self: 'static,
            {
                // SAFETY: O3.
                Arc::new(move |$($a: $($given)*),*| unsafe { $module::call::<$($P<$A>,)* R>(proxy.parts(), $($a),*) })
            }
            fn borrow<'c>(
                borrowed: Borrowed<'c, Self::Short<'c>>,
                arena: &'c Arena,
            ) -> &'c mut Self::Short<'c> {
                // SAFETY: O1.
                arena.hold(move |$($a: $($given)*),*| unsafe { $module::call::<$($P<$A>,)* R>(borrowed.parts(), $($a),*) })
            }
            give_box!($kind);
        }

        impl<'o, $($A: $($bound)*,)* R: Whole> $module::Calls<$($P<$A>,)* R>
            for dyn $kind($($($given)*),*) -> R $(+ $marker)* + 'o
        {
            const CONTRACT: &'static ContractDescriptor =
                $module::contract::<$($P<$A>,)* R>(exclusive!($kind));

            #[inline(always)]
            unsafe fn call<S: Access<Target = Self>>(
                state: *mut (), $($a: <$P<$A> as Parameter>::Given<'_>,)*
            ) -> Result<R, Fault> {
                // SAFETY: clause 1.
                let reached = unsafe { reach!($kind S state) };
                Ok(reached($($a),*))
            }
        }
    };
}

macro_rules! markers {
    ($module:ident $kind:ident $shape:tt) => {
        closure!($module $kind $shape []);
        closure!($module $kind $shape [Send SEND]);
        closure!($module $kind $shape [Sync SYNC]);
        closure!($module $kind $shape [Send SEND, Sync SYNC]);
    };
}

macro_rules! kinds {
    ($module:ident $shape:tt) => {
        markers!($module Fn $shape);
        markers!($module FnMut $shape);
        markers!($module FnOnce $shape);
    };
}

kinds!(none());
kinds!(one (A a [Whole] [A] Value));
kinds!(one (A a [?Sized + Shown] [&A] Reference));

/// Every mixture of values and references.
macro_rules! pairs {
    ($([$($first:tt)*])*) => {$(
        kinds!(two ($($first)*, B b [Whole] [B] Value));
        kinds!(two ($($first)*, B b [?Sized + Shown] [&B] Reference));
        kinds!(three ($($first)*, B b [Whole] [B] Value, C c [Whole] [C] Value));
        kinds!(three ($($first)*, B b [Whole] [B] Value, C c [?Sized + Shown] [&C] Reference));
        kinds!(three ($($first)*, B b [?Sized + Shown] [&B] Reference, C c [Whole] [C] Value));
        kinds!(three ($($first)*, B b [?Sized + Shown] [&B] Reference, C c [?Sized + Shown] [&C] Reference));
    )*};
}
pairs!([A a [Whole] [A] Value] [A a [?Sized + Shown] [&A] Reference]);
