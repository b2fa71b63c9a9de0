//! `#[plugin]`.

mod expand;
mod model;

use proc_macro2::TokenStream;

/// The attribute on an item.
pub(crate) fn attribute(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let parsed = match model::parse(&item) {
        Ok(parsed) => parsed,
        Err(error) => {
            let error = error.to_compile_error();
            return quote::quote!(#item #error);
        }
    };
    match model::Plugin::of(arguments, &parsed, &item) {
        Ok(plugin) => expand::expand(&plugin),
        Err(report) => report,
    }
}
