//! Nothing of its own but what a doctest shows best: the tests beside it hold what must not compile, and what must compile
//! wherever it stands.

/// What generated code must promise cannot be promised by safe code (rule C14): these traits are `unsafe`, and what is
/// registered cannot be made without saying so.
///
/// ```compile_fail,E0200
/// trait Mine {}
/// impl polyplug::SharedContract for dyn Mine {}
/// ```
///
/// ```compile_fail,E0200
/// struct Mine;
/// trait Contract {}
/// impl polyplug::ImplementedBy<Mine> for dyn Contract {
///     const INTERFACE: *const polyplug::__private::abi::InterfaceHeader = core::ptr::null();
/// }
/// ```
///
/// ```compile_fail,E0133
/// use polyplug::__private::{Contract, ContractEntry};
/// #[polyplug::contract(id = "mine.own", version = "1.0")]
/// pub trait Mine {
///     fn greet(&self);
/// }
/// static ENTRY: ContractEntry = ContractEntry::new(<dyn Mine as Contract>::DESCRIPTOR);
/// # fn main() {}
/// ```
///
/// The same, promised:
///
/// ```
/// use polyplug::__private::{Contract, ContractEntry};
/// #[polyplug::contract(id = "mine.own", version = "1.0")]
/// pub trait Mine {
///     fn greet(&self);
/// }
/// // SAFETY: a descriptor that the macro wrote.
/// static ENTRY: ContractEntry = unsafe { ContractEntry::new(<dyn Mine as Contract>::DESCRIPTOR) };
/// # fn main() {}
/// ```
pub mod c14 {}
