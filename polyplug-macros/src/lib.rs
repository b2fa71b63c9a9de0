//! Doors.
use proc_macro::TokenStream;
#[proc_macro_attribute] pub fn contract(_: TokenStream, i: TokenStream) -> TokenStream { i }
#[proc_macro_attribute] pub fn host_contract(_: TokenStream, i: TokenStream) -> TokenStream { i }
#[proc_macro_attribute] pub fn plugin(_: TokenStream, i: TokenStream) -> TokenStream { i }
#[proc_macro_attribute] pub fn data(_: TokenStream, i: TokenStream) -> TokenStream { i }
