//! Implementation detail of `polyplug`: its attribute macros. Their documentation is on the re-exports there.
//!
//! Each macro is a small compiler in a folder of its own: `model` turns tokens into our own nouns and says all that is wrong
//! with them, each under the word that caused it; `expand` only prints. An expansion refers to one place,
//! `polyplug::__private`, and each generated function is a few lines that call a helper there.

mod arguments;
mod carry;
mod contract;
mod data;
mod door;
mod plugin;
mod problems;

use proc_macro::TokenStream;

/// See `polyplug::contract`.
#[proc_macro_attribute]
pub fn contract(arguments: TokenStream, item: TokenStream) -> TokenStream {
    contract::attribute(arguments.into(), item.into(), contract::Side::Plugin).into()
}

/// See `polyplug::host_contract`.
#[proc_macro_attribute]
pub fn host_contract(arguments: TokenStream, item: TokenStream) -> TokenStream {
    contract::attribute(arguments.into(), item.into(), contract::Side::Host).into()
}

/// See `polyplug::plugin`.
#[proc_macro_attribute]
pub fn plugin(arguments: TokenStream, item: TokenStream) -> TokenStream {
    plugin::attribute(arguments.into(), item.into()).into()
}

/// See `polyplug::data`.
#[proc_macro_attribute]
pub fn data(arguments: TokenStream, item: TokenStream) -> TokenStream {
    data::attribute(arguments.into(), item.into()).into()
}
