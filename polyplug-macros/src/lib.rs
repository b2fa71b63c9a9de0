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

#[cfg(test)]
mod tests {
    //! What every expansion owes the author's own item, and the crate it lands in.

    use proc_macro2::{TokenStream, TokenTree};
    use quote::quote;

    use super::{contract, data, plugin};

    /// The expansions of three items, each with the item.
    fn expansions() -> [(TokenStream, TokenStream); 3] {
        let a_trait = quote! {
            /// Greets.
            #[must_use]
            pub trait Greeter: Send {
                /// Says hello.
                fn greet(&self, /* who */ name: &str, _: Vec<Option<Style>>) -> String;
                fn add(&self, mut a: u32, (b, c): (u32, u32)) -> u32 { a += b; a + c }
            }
        };
        let an_impl = quote!(impl some::Greeter for Hello { fn greet(&self) {} });
        let a_struct = quote! {
            #[derive(Clone)]
            struct Style { /** Loud. */ loud: bool, r#type: String }
        };
        let of_trait = contract::attribute(
            quote!(id = "a.b", version = "1.0"),
            a_trait.clone(),
            contract::Side::Plugin,
        );
        let of_impl = plugin::attribute(quote!(new = Hello::new), an_impl.clone());
        let of_struct = data::attribute(quote!(), a_struct.clone());
        [
            (a_trait, of_trait),
            (an_impl, of_impl),
            (a_struct, of_struct),
        ]
    }

    #[test]
    fn the_item_stands_first_and_as_it_was_written() {
        for (item, expansion) in expansions() {
            let expansion = expansion.to_string();
            // Data alone gets one word more, before it: its layout.
            let expansion = expansion
                .strip_prefix("# [repr (C)] ")
                .unwrap_or(&expansion);
            assert!(expansion.starts_with(&item.to_string()), "{expansion}");
        }
    }

    #[test]
    fn an_item_with_mistakes_is_kept_beside_them() {
        let item = quote!(
            trait Greeter {
                fn greet<T>(&self, name: T);
                fn new() -> Self;
            }
        );
        let report =
            contract::attribute(quote!(), item.clone(), contract::Side::Plugin).to_string();
        assert!(report.starts_with(&item.to_string()), "{report}");
        // No id, no version, generic, no receiver: all at once.
        assert_eq!(report.matches("compile_error").count(), 4, "{report}");
    }

    #[test]
    fn nothing_of_the_prelude_is_named() {
        const PRELUDE: [&str; 9] = [
            "Some", "None", "Ok", "Err", "Default", "Sized", "Copy", "Clone", "Into",
        ];
        for (item, expansion) in expansions() {
            let ours = expansion.into_iter().skip(item.into_iter().count() + 2);
            bare(ours.collect(), &PRELUDE);
        }
    }

    /// Fails when one of the words stands there without a path before it.
    fn bare(tokens: TokenStream, words: &[&str]) {
        let mut behind_a_path = false;
        for token in tokens {
            match token {
                TokenTree::Group(group) => {
                    bare(group.stream(), words);
                    behind_a_path = false;
                }
                TokenTree::Punct(punct) => behind_a_path = punct.as_char() == ':',
                TokenTree::Ident(word) => {
                    let named = words.iter().any(|known| word == known);
                    assert!(
                        !named || behind_a_path,
                        "`{word}` may mean something else to the author"
                    );
                    behind_a_path = false;
                }
                TokenTree::Literal(_) => behind_a_path = false,
            }
        }
    }
}
