//! Questions about an author's type whose answers the trait system has only by autoref: has it a `Drop`, does it come from a
//! fault.

use core::fmt;
use core::marker::PhantomData;

use crate::fault::Fault;

/// Asks whether a type has a `Drop` of its own. Chosen by autoref: `(&DropCheck::<T>::NEW).holds()`.
pub struct DropCheck<T>(PhantomData<fn() -> T>);

impl<T> DropCheck<T> {
    /// The only value.
    pub const NEW: Self = Self(PhantomData);
}

/// What no type with a `Drop` is.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot cross: it has a `Drop`, and its parts change hands one by one",
    label = "data with a `Drop`",
    note = "help: leave the `Drop` out, or make the type a contract and pass it as `Box<dyn Trait>`"
)]
pub trait WithoutDrop {}

/// The type has a `Drop`.
pub trait HasDrop<T> {
    /// Does not hold.
    fn holds(&self)
    where
        T: WithoutDrop;
}

#[expect(drop_bounds, reason = "the very question")]
impl<T: Drop> HasDrop<T> for DropCheck<T> {
    fn holds(&self)
    where
        T: WithoutDrop,
    {
    }
}

/// The type has none.
pub trait HasNoDrop {
    /// Holds.
    fn holds(&self);
}

impl<T> HasNoDrop for &DropCheck<T> {
    fn holds(&self) {}
}

/// Makes an error from a fault, if the error type can. Chosen by autoref: `(&ErrorOf::<E>::NEW).make(fault)`.
pub struct ErrorOf<E>(PhantomData<fn() -> E>);

impl<E> ErrorOf<E> {
    /// The only value.
    pub const NEW: Self = Self(PhantomData);
}

/// The error comes from a fault.
pub trait ErrorFromFault<E> {
    /// Makes it.
    ///
    /// # Errors
    /// None.
    fn make(&self, fault: Fault) -> Result<E, Fault>;
}

impl<E: From<Fault>> ErrorFromFault<E> for ErrorOf<E> {
    fn make(&self, fault: Fault) -> Result<E, Fault> {
        Ok(E::from(fault))
    }
}

/// The error does not.
pub trait NoErrorFromFault<E> {
    /// Gives the fault back.
    ///
    /// # Errors
    /// Always.
    fn make(&self, fault: Fault) -> Result<E, Fault>;
}

impl<E> NoErrorFromFault<E> for &ErrorOf<E> {
    fn make(&self, fault: Fault) -> Result<E, Fault> {
        Err(fault)
    }
}

impl<T> fmt::Debug for DropCheck<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DropCheck")
    }
}

impl<E> fmt::Debug for ErrorOf<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ErrorOf")
    }
}
