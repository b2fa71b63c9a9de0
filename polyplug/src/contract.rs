//! The traits that `#[contract]` implements for `dyn YourTrait`, and how an interface finds its object.

use core::fmt;
use core::marker::PhantomData;

use polyplug_abi::{ContractDescriptor, InterfaceHeader, TypeFunction};

use crate::describe::object_function;

/// `dyn YourTrait`, where the trait has `#[polyplug::contract]` or `#[polyplug::host_contract]`.
///
/// Implemented by those macros; never by hand.
///
/// # Safety
/// * **K1** `Interface` is `repr(C)`: an [`InterfaceHeader`], then one function pointer (or nullable function pointer,
///   for a method with a default body) a method, in the order of `DESCRIPTOR`, with the signatures it describes.
/// * **K2** `BY_REFERENCE` is such an interface, whose state is the address of a `&Self`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a contract",
    label = "not a contract",
    note = "help: put `#[polyplug::contract(id = \"..\", version = \"1.0\")]` on the trait, and write `dyn Trait` here"
)]
pub unsafe trait Contract {
    /// The table of functions.
    #[doc(hidden)]
    type Interface: 'static;
    /// The contract itself: what is no contract has no objects to lend.
    #[doc(hidden)]
    type Object: ?Sized;
    /// What the contract looks like.
    #[doc(hidden)]
    const DESCRIPTOR: &'static ContractDescriptor;
    /// The functions for a borrowed object.
    #[doc(hidden)]
    const BY_REFERENCE: *const InterfaceHeader;
    /// The descriptor of an object of this contract.
    #[doc(hidden)]
    const FUNCTION: TypeFunction = object_function::<Self>();
}

/// What the macros implement for `dyn YourTrait`; [`Contract`] follows from it. Two traits, so that the compiler names no
/// generated code when something is no contract.
///
/// # Safety
/// K1 and K2.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a contract",
    label = "not a contract",
    note = "help: put `#[polyplug::contract(id = \"..\", version = \"1.0\")]` on the trait, and write `dyn Trait` here"
)]
pub unsafe trait ContractParts {
    /// The table of functions.
    type Interface: 'static;
    /// What the contract looks like.
    const DESCRIPTOR: &'static ContractDescriptor;
    /// The functions for a borrowed object.
    const BY_REFERENCE: *const InterfaceHeader;
}

// SAFETY: K1 and K2 are those of the parts.
#[diagnostic::do_not_recommend]
unsafe impl<C: ?Sized + ContractParts> Contract for C {
    type Interface = <C as ContractParts>::Interface;
    type Object = C;
    const DESCRIPTOR: &'static ContractDescriptor = <C as ContractParts>::DESCRIPTOR;
    const BY_REFERENCE: *const InterfaceHeader = <C as ContractParts>::BY_REFERENCE;
}

/// A contract whose methods all take `&self`, so that many callers can share one plugin.
///
/// # Safety
/// No method takes `&mut self`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a contract that callers can share",
    label = "not a contract",
    note = "help: write `dyn Trait`, with `#[polyplug::contract(id = \"..\", version = \"1.0\")]` on the trait"
)]
pub unsafe trait SharedContract: Contract {}

/// A contract that plugins implement.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a contract that plugins implement",
    label = "not a plugin contract",
    note = "help: only a trait with `#[polyplug::contract(..)]` can stand here; the host implements a `#[polyplug::host_contract(..)]` and gives it to `Runtime::provide`"
)]
pub trait PluginContract: Contract {}

/// A contract that only the host provides.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a host contract",
    label = "not a host contract",
    note = "help: only a trait with `#[polyplug::host_contract(..)]` can stand here"
)]
pub trait HostContract: Contract {
    /// Asked of every requirement.
    #[doc(hidden)]
    const HOLDS: () = ();
}

/// `T` implements this contract: there is an interface for it.
///
/// # Safety
/// * **K3** `INTERFACE` is a `Self::Interface` whose state is the address of a `T`.
pub unsafe trait ImplementedBy<T>: Contract {
    /// The functions for a `T`.
    #[doc(hidden)]
    const INTERFACE: *const InterfaceHeader;
}

/// A value that provides the contract `C`: any `T` that implements the trait and is `Send + Sync + 'static`.
///
/// # Safety
/// K3, of what `interface` returns.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not provide `{C}`",
    label = "must implement the trait and be `Send + Sync + 'static`",
    note = "help: write `impl Trait for {Self}`, and keep what changes behind a `Mutex` or an atomic"
)]
pub unsafe trait ProviderOf<C: ?Sized>: Send + Sync + 'static {
    /// The functions for this value.
    #[doc(hidden)]
    fn interface() -> *const InterfaceHeader;
}

// SAFETY: K3 of the contract's own interface.
#[diagnostic::do_not_recommend]
unsafe impl<C: ?Sized + ImplementedBy<T>, T: Send + Sync + 'static> ProviderOf<C> for T {
    fn interface() -> *const InterfaceHeader {
        <C as ImplementedBy<T>>::INTERFACE
    }
}

/// A contract that plugins implement, and that `T` does implement.
///
/// # Safety
/// K3, of `OFFER`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a contract that plugins implement",
    label = "not a plugin contract",
    note = "help: only a trait with `#[polyplug::contract(..)]` can stand here; the host implements a `#[polyplug::host_contract(..)]` and gives it to `Runtime::provide`"
)]
pub unsafe trait OfferedBy<T> {
    /// The functions for a `T`.
    #[doc(hidden)]
    const OFFER: *const InterfaceHeader;
}

// SAFETY: K3 of the contract's own interface.
#[diagnostic::do_not_recommend]
unsafe impl<C: ?Sized + PluginContract + ImplementedBy<T>, T> OfferedBy<T> for C {
    const OFFER: *const InterfaceHeader = <C as ImplementedBy<T>>::INTERFACE;
}

/// How a function of an interface gets from the state to the object.
///
/// # Safety
/// * **K4** `get` returns the object that the interface's maker put behind `state`.
pub unsafe trait Access {
    /// What the functions work on.
    type Target: ?Sized;

    /// The object.
    ///
    /// # Safety
    /// 1. `state` is the state that belongs to the interface, and lives for `'a`.
    unsafe fn get<'a>(state: *mut ()) -> &'a Self::Target;
}

/// The state is the object.
pub struct Direct<T>(PhantomData<T>);

// SAFETY: K4: the state of such an interface is the address of a `T` (K3).
unsafe impl<T> Access for Direct<T> {
    type Target = T;

    #[inline(always)]
    unsafe fn get<'a>(state: *mut ()) -> &'a T {
        // SAFETY: clause 1, kept by the caller.
        unsafe { &*state.cast::<T>() }
    }
}

/// The state is the address of a reference to the object.
pub struct ByReference<T: ?Sized>(PhantomData<T>);

// SAFETY: K4: the state of such an interface is the address of a `&T` (K2).
unsafe impl<T: ?Sized> Access for ByReference<T> {
    type Target = T;

    #[inline(always)]
    unsafe fn get<'a>(state: *mut ()) -> &'a T {
        // SAFETY: clause 1, kept by the caller.
        unsafe { *state.cast::<&'a T>() }
    }
}

impl<T> fmt::Debug for Direct<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Direct")
    }
}

impl<T: ?Sized> fmt::Debug for ByReference<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ByReference")
    }
}

/// A number made of method names in order (FNV-1a, 64 bits): equal numbers, equal names in equal order.
#[must_use]
pub const fn order_of(names: &[&str]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut index = 0;
    while index < names.len() {
        let bytes = names[index].as_bytes();
        let mut at = 0;
        while at <= bytes.len() {
            // The byte after the last stands for the end of a name; it is in no UTF-8 text.
            let byte = if at < bytes.len() { bytes[at] } else { 0xFF };
            hash = (hash ^ byte as u64).wrapping_mul(0x0100_0000_01b3);
            at += 1;
        }
        index += 1;
    }
    hash
}
