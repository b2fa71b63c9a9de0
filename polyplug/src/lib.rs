//! polyplug: a Rust trait is the whole interface.
//!
//! Annotate a trait with [`#[polyplug::contract]`](macro@contract), and plugins can implement it and hosts can call it across
//! a stable binary interface, at the price of a C function pointer.
#![expect(
    unsafe_code,
    reason = "each module that needs it states its numbered truths at its top"
)]

pub use polyplug_macros::{contract, data, host_contract, plugin};

pub use call::{Borrowed, Handle};
pub use context::Context;
pub use contract::{
    Contract, HostContract, ImplementedBy, PluginContract, ProviderOf, SharedContract,
};
pub use data::Data;
pub use error::{Error, Result};
pub use fault::{Fault, FaultKind, Location, catch};
pub use handles::{Caller, Instance, Pinned};

#[cfg(feature = "host")]
pub use host::*;

// Named in messages of the compiler, which take the shortest path.
#[doc(hidden)]
pub use contract::OfferedBy;
#[doc(hidden)]
pub use plugin::{
    Constructed, Constructor, DefaultPlugin, FindDefault, OptionsOnOneImplOnly, PluginState,
    constructed,
};

mod call;
mod check;
mod context;
mod contract;
mod data;
mod describe;
mod entry;
mod error;
mod fault;
mod handles;
#[cfg(feature = "host")]
mod host;
mod image;
mod panics;
mod plugin;

/// What generated code calls. Use it and you are on your own: it changes without notice.
#[doc(hidden)]
pub mod __private {
    pub use core;
    pub use linkme;
    pub use std::boxed::Box;

    pub use polyplug_abi as abi;

    pub use crate::call::{
        Borrowed, Handle, Raise, RaiseAsError, RaiseByUnwinding, begin, enter, invoke, lend_object,
        settle, take_object, unknown_method,
    };
    pub use crate::context::Context;
    pub use crate::contract::{
        Access, ByReference, Contract, Direct, HostContract, ImplementedBy, OfferedBy,
        PluginContract, SharedContract, order_of,
    };
    pub use crate::data::{
        Arena, ArgumentOf, ByAddress, ByValue, Data, NoOut, OutOf, ReturnOf, Scalar, Travel,
        descriptor_of, lend_reference, lend_slice, take_reference, take_slice, type_function,
    };
    pub use crate::describe::{
        argument, contract, enumeration, field, index_of, interface_header, method,
        object_function, offset_in_frame, offset_in_variant, structure, text_function, variant,
    };
    pub use crate::entry::{CONTRACTS, OFFERS, OfferEntry, count_offer};
    pub use crate::fault::Fault;
    pub use crate::handles::{Caller, Instance, Pinned};
    pub use crate::plugin::{
        BoxError, Construct, Constructed, Constructor, DefaultPlugin, Find, FindDefault,
        FindOptions, Metadata, OptionsOnOneImplOnly, PluginState, constructed, described,
    };
}
