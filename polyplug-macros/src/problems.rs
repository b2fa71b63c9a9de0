//! Everything that is wrong with an item, gathered, so that it is said at once.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};

/// The mistakes found so far.
#[derive(Default)]
pub(crate) struct Problems {
    errors: Vec<syn::Error>,
}

impl Problems {
    /// `what` is wrong with these tokens, in one lowercase sentence; `help` says what to write instead.
    pub(crate) fn at(
        &mut self,
        tokens: &impl ToTokens,
        what: impl AsRef<str>,
        help: impl AsRef<str>,
    ) {
        let tokens = tokens.to_token_stream();
        self.errors.push(syn::Error::new_spanned(
            tokens,
            format!("{}\nhelp: {}", what.as_ref(), help.as_ref()),
        ));
    }

    /// A mistake that a parser found.
    pub(crate) fn push(&mut self, error: syn::Error) {
        self.errors.push(error);
    }

    /// Nothing, or the errors beside the item as it was written, so that what depends on it stays lit.
    pub(crate) fn report(self, item: &TokenStream) -> Result<(), TokenStream> {
        let errors: TokenStream = self
            .errors
            .iter()
            .map(syn::Error::to_compile_error)
            .collect();
        if errors.is_empty() {
            Ok(())
        } else {
            Err(quote!(#item #errors))
        }
    }
}

/// A single mistake, with what to write instead.
pub(crate) fn mistake(
    tokens: &impl ToTokens,
    what: impl AsRef<str>,
    help: impl AsRef<str>,
) -> syn::Error {
    syn::Error::new_spanned(
        tokens,
        format!("{}\nhelp: {}", what.as_ref(), help.as_ref()),
    )
}
