//! The binary interface of polyplug, ABI 1: every `repr(C)` type that both sides of a plugin boundary read.
//!
//! If changing a line could break a plugin that was built last year, that line lives here; nothing else does.
//! There is no behaviour in this crate beyond constructors, views and questions about sizes.
//!
//! The rules that hold everywhere:
//!
//! * signatures hold only scalars and pointers, never a struct by value;
//! * every struct that can grow starts with its own size in bytes, and grows only at its end;
//! * arrays of such structs are arrays of pointers, so that both sides may know a different size;
//! * layouts are asserted beside the types (on 64-bit targets) and printed in a checked-in table.
#![no_std]
#![expect(
    unsafe_code,
    reason = "raw views over memory that the other side owns; each states its precondition"
)]

#[macro_use]
mod frozen;

mod context;
mod descriptor;
mod entry;
mod fault;
mod grown;
mod guest;
mod host;
mod interface;
mod link;
mod log;
mod receiver;
mod sequence;
mod thread;

pub use context::{ContextRecord, ContextTable, asked};
pub use descriptor::{
    ArgumentDescriptor, ContractDescriptor, ContractFunction, FieldDescriptor, MethodDescriptor,
    OTHER_TAG, TypeDescriptor, TypeFunction, VariantDescriptor, contract_flags, field_flags,
    method_flags, passing, type_flags, type_kind,
};
pub use entry::{
    ENTRY_SYMBOL, InitFunction, Offer, PluginDescriptor, Registration, init_code, init_options,
    module_flags,
};
pub use fault::{FaultParts, FaultRecord, FaultTable, fault_kind};
pub use grown::{Grown, GrownVariant, ReleaseGrownFunction};
pub use guest::{BridgeFunction, Guest, GuestFunction, GuestModule};
pub use host::Host;
pub use interface::{Implementor, InterfaceHeader, InvokeFunction, interface_flags, invoke_code};
pub use link::{Cell, Generation, HAZARDS, Hold, HoldTable, Link, ThreadRecord, Way, barrier};
pub use log::{
    LogRecord, LogSite, LogSiteParts, LogTable, LogValue, log_interest, log_kind, log_level,
    log_parent, log_span, log_value,
};
pub use receiver::{Call, Receiver};
pub use sequence::{Buffer, List, Object, ReleaseFunction, Sink, Slice};
pub use thread::{ThreadDestructor, ThreadStart, ThreadTable, exit_order};

/// The version of this binary interface. A module that speaks another one is refused at load.
pub const ABI_VERSION: u32 = 1;
