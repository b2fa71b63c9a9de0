//! The one path through which expansions refer to the runtime.

use proc_macro2::{Delimiter, Group, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::spanned::Spanned as _;
use syn::{Path, Type};

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

/// A body whose braces stand at that place, for what is said of a whole body. What is in it stays where it is:
/// `unsafe` must be the expansion's.
pub(crate) fn body(at: Span, tokens: TokenStream) -> TokenTree {
    let mut body = Group::new(Delimiter::Brace, tokens);
    body.set_span(at);
    TokenTree::Group(body)
}

/// The place of the only type that is not surely known, if there is one only. A guess for messages, never for meaning.
pub(crate) fn place_of_one<'a>(types: impl Iterator<Item = &'a Type>) -> Option<Span> {
    const KNOWN: [&str; 16] = [
        "bool", "char", "i8", "i16", "i32", "i64", "isize", "u8", "u16", "u32", "u64", "usize",
        "f32", "f64", "String", "()",
    ];
    let mut unknown =
        types.filter(|ty| !KNOWN.contains(&ty.to_token_stream().to_string().as_str()));
    let first = unknown.next()?;
    unknown.next().is_none().then(|| place(first))
}

/// The same door, seen from that place.
pub(crate) fn moved(door: &TokenStream, place: Span) -> TokenStream {
    let moved = |mut token: TokenTree| {
        token.set_span(place);
        token
    };
    door.clone().into_iter().map(moved).collect()
}
