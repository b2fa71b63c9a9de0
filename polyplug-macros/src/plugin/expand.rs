//! What a plugin's impl is printed as: the impl as written, who the plugin is, and its place in the distributed slice.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens as _, quote, quote_spanned};
use syn::spanned::Spanned as _;
use syn::visit_mut::{self, VisitMut};
use syn::{Expr, Path, Type};

use super::model::{Options, Plugin};
use crate::door::{ask, object, over};

/// The whole expansion.
pub(crate) fn expand(plugin: &Plugin<'_>) -> TokenStream {
    let Plugin {
        tokens,
        door,
        state,
        contract,
        options,
        written,
    } = plugin;
    let nothing = Options::default();
    let given = options.as_ref().unwrap_or(&nothing);
    let metadata = metadata(door, given);
    let describe = match options {
        Some(options) => described(plugin, options),
        None => {
            // The type's span: if it has no `Default`, the error belongs there.
            let call = quote_spanned!(here(state)=> (&&__find).describe());
            quote! {
                fn __describe() -> &'static #door::abi::PluginDescriptor {
                    use #door::{FindDefault as _, FindOptions as _};
                    let __find = #door::Find::<#state, __Metadata>::NEW;
                    #call
                }
            }
        }
    };
    let written = written
        .iter()
        .map(|(name, cfgs)| quote!(#(#cfgs)* #door::abi::Slice::text(#name),));
    let checks = checks(plugin, given);
    let interface = ask(
        door,
        &object(contract),
        &quote!(ImplementedBy<#state>),
        &quote!(INTERFACE),
    );
    quote! {
        #tokens

        #[allow(
            warnings, clippy::all, clippy::pedantic, clippy::nursery, clippy::restriction,
            reason = "generated code"
        )]
        const _: () = {
            #checks
            #metadata
            #describe

            const __WRITTEN: &[#door::abi::Slice] = &[#(#written)*];
            static __ENTRY: #door::OfferEntry = unsafe {
                #door::OfferEntry::new::<#state>(
                    #interface, __WRITTEN, __describe,
                )
            };

            #[#door::linkme::distributed_slice(#door::OFFERS)]
            #[linkme(crate = #door::linkme)]
            static __OFFER: &'static #door::OfferEntry = &__ENTRY;

            #[used]
            #[cfg_attr(target_vendor = "apple", unsafe(link_section = "__DATA,__mod_init_func"))]
            #[cfg_attr(windows, unsafe(link_section = ".CRT$XCU"))]
            #[cfg_attr(not(any(target_vendor = "apple", windows)), unsafe(link_section = ".init_array"))]
            static __COUNT: extern "C" fn() = {
                extern "C" fn __count() {
                    #door::count_offer();
                }
                __count
            };
        };
    }
}

/// A span whose hygiene is the expansion's and whose place is the user's.
fn here(ty: &Type) -> Span {
    Span::call_site().located_at(ty.span())
}

/// What must be true of the types, said at the types.
fn checks(plugin: &Plugin<'_>, options: &Options) -> TokenStream {
    let Plugin {
        door,
        state,
        contract,
        ..
    } = plugin;
    let holds = quote!(HOLDS);
    let is_state = ask(door, state, &quote!(PluginState), &holds);
    let is_contract = ask(door, &object(contract), &quote!(PluginContract), &holds);
    let are_host_contracts = options
        .requires
        .iter()
        .map(|required| ask(door, required, &quote!(HostContract), &holds));
    quote! {
        const _: () = #is_contract;
        const _: () = #is_state;
        #(const _: () = #are_host_contracts;)*
    }
}

fn metadata(door: &TokenStream, options: &Options) -> TokenStream {
    let from = |given: &Option<syn::LitStr>, variable: &str| {
        given.as_ref().map_or_else(
            || quote!(#door::core::env!(#variable)),
            |text| text.to_token_stream(),
        )
    };
    let name = from(&options.name, "CARGO_PKG_NAME");
    let version = from(&options.version, "CARGO_PKG_VERSION");
    let description = from(&options.description, "CARGO_PKG_DESCRIPTION");
    let requires = options
        .requires
        .iter()
        .map(|required| ask(door, required, &quote!(Contract), &quote!(DESCRIPTOR)));
    quote! {
        struct __Metadata;
        impl #door::Metadata for __Metadata {
            const NAME: &'static #door::core::primitive::str = #name;
            const VERSION: &'static #door::core::primitive::str = #version;
            const DESCRIPTION: &'static #door::core::primitive::str = #description;
            const AUTHORS: &'static #door::core::primitive::str = #door::core::env!("CARGO_PKG_AUTHORS");
            const LICENSE: &'static #door::core::primitive::str = #door::core::env!("CARGO_PKG_LICENSE");
            const REPOSITORY: &'static #door::core::primitive::str = #door::core::env!("CARGO_PKG_REPOSITORY");
            const REQUIRES: &'static [&'static #door::abi::ContractDescriptor] =
                &[#(#requires),*];
        }
    }
}

/// The descriptor of a plugin whose options stand here.
fn described(plugin: &Plugin<'_>, options: &Options) -> TokenStream {
    let Plugin { door, state, .. } = plugin;
    let (construct, make) = match &options.new {
        None => (quote!(#door::ByDefault), quote!()),
        Some(new) => {
            let new = with_self_type(new, state);
            let call = quote_spanned!(Span::call_site().located_at(new.span())=> #door::constructed::<#state, _>(#new, __context));
            let make = quote! {
                struct __Construct;
                impl #door::Construct<#state> for __Construct {
                    fn construct(
                        __context: &#door::Context,
                    ) -> #door::core::result::Result<#state, #door::BoxError> {
                        #call
                    }
                }
            };
            (quote!(__Construct), make)
        }
    };
    let call = quote_spanned!(here(state)=> #door::described::<#state, __Metadata, #construct>());
    // A second one conflicts: said at the type.
    let options = over(
        &state.to_token_stream(),
        &quote! {
            impl #door::PluginOptions for #state {
                fn describe() -> &'static #door::abi::PluginDescriptor {
                    #call
                }
            }
        },
    );
    quote! {
        #make
        #options
        fn __describe() -> &'static #door::abi::PluginDescriptor {
            <#state as #door::PluginOptions>::describe()
        }
    }
}

/// `Self::new`, where there is no `Self`.
fn with_self_type(new: &Expr, state: &Type) -> Expr {
    struct Replace<'a>(&'a Type);
    impl VisitMut for Replace<'_> {
        fn visit_path_mut(&mut self, path: &mut Path) {
            if let (Type::Path(state), Some(first)) = (self.0, path.segments.first())
                && first.ident == "Self"
            {
                let rest: Vec<_> = path.segments.iter().skip(1).cloned().collect();
                *path = state.path.clone();
                path.segments.extend(rest);
            }
            visit_mut::visit_path_mut(self, path);
        }
    }
    let mut new = new.clone();
    Replace(state).visit_expr_mut(&mut new);
    new
}
