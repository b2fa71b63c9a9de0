//! The traits that `#[contract]` implements for `dyn YourTrait`, and how an interface finds its object.

use core::fmt;
use core::marker::PhantomData;

use polyplug_abi::{ContractDescriptor, InterfaceHeader, fault_kind};

use crate::fault::Fault;

/// `dyn YourTrait`, where the trait has `#[polyplug::contract]` or `#[polyplug::host_contract]`.
///
/// Implemented by those macros; never by hand.
///
/// # Safety
/// * **K1** `Interface` is `repr(C)`: an [`InterfaceHeader`], then one function pointer (or nullable function pointer,
///   for a method with a default body) a method, in the order of `DESCRIPTOR`, with the signatures it describes.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a contract",
    label = "not a contract",
    note = "help: put `#[polyplug::contract(id = \"..\", version = \"1.0\")]` on the trait, and write `dyn Trait` here"
)]
pub unsafe trait Contract {
    /// The table of functions.
    #[doc(hidden)]
    type Interface: 'static;
    /// What the contract looks like.
    #[doc(hidden)]
    const DESCRIPTOR: &'static ContractDescriptor;
}

/// What the macros implement for `dyn YourTrait`; [`Contract`] follows from it. Two traits, so that the compiler names no
/// generated code when something is no contract.
///
/// # Safety
/// K1.
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
    /// [`Shared`] or [`Exclusive`].
    type Use;
}

/// The contract has no `&mut self` methods: many call one plugin at once.
#[derive(Debug)]
pub enum Shared {}

/// The contract has `&mut self` methods: each caller has an object of its own.
#[derive(Debug)]
pub enum Exclusive {}

// SAFETY: K1 is that of the parts.
#[diagnostic::do_not_recommend]
unsafe impl<C: ?Sized + ContractParts> Contract for C {
    type Interface = <C as ContractParts>::Interface;
    const DESCRIPTOR: &'static ContractDescriptor = <C as ContractParts>::DESCRIPTOR;
}

/// A contract whose methods all take `&self`, so that many callers can share one plugin.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a contract",
    label = "not a contract",
    note = "help: put `#[polyplug::contract(id = \"..\", version = \"1.0\")]` on the trait, and write `dyn Trait` here"
)]
pub trait SharedContract: Contract {}

impl<C: ?Sized + ContractParts> SharedContract for C where C::Use: ManyCallersOf<C> {}

/// The use of a contract that many callers share; asked so that what is wrong is said of the contract.
///
/// # Safety
/// The methods of the contract take `&self`.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{C}` is exclusive: its `&mut self` methods are for one caller alone",
    label = "an exclusive contract has no shared callers",
    note = "help: ask for an object of your own with `runtime.create::<{C}>()`, or let every method take `&self`"
)]
pub unsafe trait ManyCallersOf<C: ?Sized> {}
// SAFETY: what [`Shared`] says.
unsafe impl<C: ?Sized> ManyCallersOf<C> for Shared {}

/// No contract: what a pinned one lends could outlive the plugin that a caller follows. Asked so that there are words for it.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` is pinned: a `Caller` does not implement it, because what it lends could outlive the plugin",
    label = "a pinned contract",
    note = "help: pin the caller first: `polyplug::Caller::pin(&caller)?`; or ask for an object of your own with `runtime.create::<{Self}>()`"
)]
pub trait PinTheCallerFirst {}

/// A contract whose instances may be called by several threads at once: shared, or exclusive with `Sync` as supertrait.
///
/// # Safety
/// Plugin types that implement it are `Sync`.
#[doc(hidden)]
pub unsafe trait SyncInstance {}

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
pub trait HostContract: Contract {}

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

/// A closure that makes a value for a plugin, whose name it is given.
#[doc(hidden)]
pub trait MakesForEach {
    /// The value.
    type Value;
}

impl<F: Fn(&str) -> T, T> MakesForEach for F {
    type Value = T;
}

/// A closure that makes providers of the contract `C`, one for each plugin: `|plugin: &str| value`, where it and the value
/// are `Send + Sync + 'static`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not make a provider of `{C}` for each plugin",
    label = "must be `Fn(&str) -> Value + Send + Sync + 'static`, with a value that implements the trait",
    note = "help: `provide_each` calls it with the name of each plugin that asks"
)]
pub trait ProviderForEach<C: ?Sized>:
    MakesForEach<Value: ProviderOf<C>>
    + Fn(&str) -> <Self as MakesForEach>::Value
    + Send
    + Sync
    + 'static
{
}

impl<C: ?Sized, F, T: ProviderOf<C>> ProviderForEach<C> for F where
    F: Fn(&str) -> T + Send + Sync + 'static
{
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
/// * **K4** `get` returns the object that the interface's maker put behind `state`; so do `get_mut` and `once`, or a fault.
pub unsafe trait Access {
    /// What the functions work on.
    type Target: ?Sized;

    /// The object.
    ///
    /// # Safety
    /// 1. `state` is the state that belongs to the interface, and lives for `'a`.
    unsafe fn get<'a>(state: *mut ()) -> &'a Self::Target;

    /// The object, for one caller alone.
    ///
    /// # Safety
    /// 1. As for [`Access::get`].
    /// 2. Nobody else is inside the object.
    ///
    /// # Errors
    /// When the object was lent or shared to be read only.
    #[cold]
    unsafe fn get_mut<'a>(_: *mut ()) -> Result<&'a mut Self::Target, Fault> {
        Err(Fault::of_kind(
            fault_kind::UNKNOWN_METHOD,
            "a `&mut self` method of an object that was lent as `&` or shared as `Arc`",
        ))
    }

    /// The object, to be used up.
    ///
    /// # Safety
    /// 1. and 2. As for [`Access::get_mut`].
    ///
    /// # Errors
    /// When the object cannot be used up, or was.
    #[cold]
    unsafe fn once(_: *mut ()) -> Result<Box<Self::Target>, Fault> {
        Err(Fault::of_kind(
            fault_kind::UNKNOWN_METHOD,
            "a closure that can be called once was lent, not given",
        ))
    }
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
    #[inline(always)]
    unsafe fn get_mut<'a>(state: *mut ()) -> Result<&'a mut T, Fault> {
        // SAFETY: clauses 1 and 2, kept by the caller.
        Ok(unsafe { &mut *state.cast::<T>() })
    }
}

/// The state is the address of a reference to the object.
pub(crate) struct ByReference<T: ?Sized>(PhantomData<T>);

// SAFETY: K4: the state of such an interface is the address of a `&T`.
unsafe impl<T: ?Sized> Access for ByReference<T> {
    type Target = T;

    #[inline(always)]
    unsafe fn get<'a>(state: *mut ()) -> &'a T {
        // SAFETY: clause 1, kept by the caller.
        unsafe { *state.cast::<&'a T>() }
    }
}

/// The state is the address of an exclusive reference to the object.
pub(crate) struct ByExclusiveReference<T: ?Sized>(PhantomData<T>);

// SAFETY: K4: the state of such an interface is the address of a `&mut T`.
unsafe impl<T: ?Sized> Access for ByExclusiveReference<T> {
    type Target = T;

    #[inline(always)]
    unsafe fn get<'a>(state: *mut ()) -> &'a T {
        // SAFETY: clause 1, kept by the caller.
        unsafe { *state.cast::<&'a T>() }
    }
    #[inline(always)]
    unsafe fn get_mut<'a>(state: *mut ()) -> Result<&'a mut T, Fault> {
        // SAFETY: clauses 1 and 2, kept by the caller.
        Ok(unsafe { &mut **state.cast::<*mut T>() })
    }
}

impl<T: ?Sized> fmt::Debug for ByExclusiveReference<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ByExclusiveReference")
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
