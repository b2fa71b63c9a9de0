//! `#[contract]` and `#[host_contract]`.

mod expand;
mod model;

pub(crate) use model::{docs, head};
use proc_macro2::TokenStream;

/// Who provides the contract.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// Plugins do.
    Plugin,
    /// The host does.
    Host,
}

/// The attribute on an item.
pub(crate) fn attribute(arguments: TokenStream, item: TokenStream, side: Side) -> TokenStream {
    let trait_item = match model::parse(&item, side) {
        Ok(trait_item) => trait_item,
        Err(error) => {
            let error = error.to_compile_error();
            return quote::quote!(#item #error);
        }
    };
    match model::Contract::of(arguments, &trait_item, &item, side) {
        Ok(contract) => expand::expand(&contract),
        Err(report) => report,
    }
}
