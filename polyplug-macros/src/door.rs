//! The one path through which expansions refer to the runtime.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::Path;
use syn::spanned::Spanned as _;

/// `::polyplug::__private`, or below the path that `crate = ..` names.
pub(crate) fn door(renamed: Option<&Path>) -> TokenStream {
    match renamed {
        Some(path) => quote!(#path::__private),
        None => quote!(::polyplug::__private),
    }
}

/// The author's own span: what is wrong with a type is said there, as if the author had asked.
pub(crate) fn place(ty: &impl ToTokens) -> Span {
    ty.span()
}

/// The same door, seen from that place.
pub(crate) fn moved(door: &TokenStream, place: Span) -> TokenStream {
    let moved = |mut token: TokenTree| {
        token.set_span(place);
        token
    };
    door.clone().into_iter().map(moved).collect()
}
