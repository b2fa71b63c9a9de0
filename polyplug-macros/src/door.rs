//! The one path through which expansions refer to the runtime.

use proc_macro2::TokenStream;
use quote::quote;
use syn::Path;

/// `::polyplug::__private`, or below the path that `crate = ..` names.
pub(crate) fn door(renamed: Option<&Path>) -> TokenStream {
    match renamed {
        Some(path) => quote!(#path::__private),
        None => quote!(::polyplug::__private),
    }
}
