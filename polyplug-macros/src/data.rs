//! `#[data]`.

mod expand;
mod growing;
mod marks;
mod model;

use proc_macro2::TokenStream;

/// The attribute on an item.
pub(crate) fn attribute(arguments: TokenStream, item: TokenStream) -> TokenStream {
    match model::parse(&item) {
        Ok(parsed) => {
            let item = marks::unmarked(&parsed).unwrap_or(item);
            match model::Data::of(arguments, &parsed, &item) {
                Ok(data) => expand::expand(&data),
                Err(report) => report,
            }
        }
        Err(error) => {
            let error = error.to_compile_error();
            quote::quote!(#item #error)
        }
    }
}
