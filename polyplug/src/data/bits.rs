//! Which bit patterns of a type are values, as far as it decides how the type may cross: told in the type system, so that
//! what is wrong is said at the author's own type.

use super::Data;

/// One of `AnyBits`, `SomeBits`, `NotPlain`, or what is made of them.
pub trait Bits {
    /// What a type is that is made of this and another.
    type And<Other: Bits>: Bits;
    /// Values pass by address.
    const PLAIN: bool;
    /// Every pattern is a value.
    const ANY: bool;
}

/// Plain, and every pattern is a value: integers and floats to 64 bits, and what is made of them.
#[derive(Debug)]
pub enum AnyBits {}

/// Plain, but some patterns are no values: `bool`, `char`, and what is made of them.
#[derive(Debug)]
pub enum SomeBits {}

/// What crosses in another form than it has.
#[derive(Debug)]
pub enum NotPlain {}

impl Bits for AnyBits {
    type And<Other: Bits> = Other;
    const PLAIN: bool = true;
    const ANY: bool = true;
}

impl Bits for SomeBits {
    type And<Other: Bits> = SomeOf<Other>;
    const PLAIN: bool = true;
    const ANY: bool = false;
}

impl Bits for NotPlain {
    type And<Other: Bits> = Self;
    const PLAIN: bool = false;
    const ANY: bool = false;
}

/// `Other`, with some patterns that are no values.
#[derive(Debug)]
pub struct SomeOf<Other>(core::marker::PhantomData<Other>);

impl<Other: Bits> Bits for SomeOf<Other> {
    type And<Another: Bits> = SomeOf<Other::And<Another>>;
    const PLAIN: bool = Other::PLAIN;
    const ANY: bool = false;
}

/// Bits of a type that passes by address.
pub trait PlainBits: Bits {}
impl PlainBits for AnyBits {}
impl PlainBits for SomeBits {}
impl<Other: PlainBits> PlainBits for SomeOf<Other> {}

/// A type whose values may be changed in place by the other side: a number of at most 64 bits, or an array or
/// [`#[polyplug::data]`](macro@crate::data) struct of such.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be changed in place by a plugin",
    label = "not every bit pattern of this type is a value",
    note = "help: only integers, floats, and arrays and structs of them can stand in `&mut [..]`; take `&mut Vec<{Self}>`, which is checked"
)]
pub trait InPlace: Data {}

#[diagnostic::do_not_recommend]
impl<T: Data<Bits = AnyBits>> InPlace for T {}

/// A type that passes by address: a scalar of at most 64 bits, or an array or [`#[polyplug::data]`](macro@crate::data)
/// struct of such.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be borrowed by a result: it is copied on its way",
    label = "this type does not pass by address",
    note = "help: return an owned value; only text, numbers, and arrays and structs of them can be borrowed"
)]
pub trait Plain: Data {}

#[diagnostic::do_not_recommend]
impl<T: Data> Plain for T where T::Bits: PlainBits {}

/// What a type is that is made of types with these bits.
#[doc(hidden)]
pub type And<One, Other> = <One as Bits>::And<Other>;

/// An integer that can hold a set of bits.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot hold a set of bits",
    label = "not an unsigned integer",
    note = "help: write `u8`, `u16`, `u32` or `u64`"
)]
pub trait FlagsInteger: Data {
    /// Asked of the field of every set of bits.
    const HOLDS: () = ();
}

impl FlagsInteger for u8 {}
impl FlagsInteger for u16 {}
impl FlagsInteger for u32 {}
impl FlagsInteger for u64 {}
