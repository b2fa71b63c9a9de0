//! What a plugin's impl is printed as: the impl as written, who the plugin is, and its place in the distributed slice.

use proc_macro2::TokenStream;
use quote::{ToTokens as _, quote, quote_spanned};
use syn::visit_mut::{self, VisitMut};
use syn::{Expr, Path, Type};

use super::model::{Options, Plugin};
use crate::door::{self, Door};

/// The whole expansion.
pub(crate) fn expand(plugin: &Plugin<'_>) -> TokenStream {
    let Plugin {
        tokens,
        door,
        state,
        options,
        written,
        ..
    } = plugin;
    let nothing = Options::default();
    let given = options.as_ref().unwrap_or(&nothing);
    let metadata = metadata(door, given);
    let describe = match options {
        Some(options) => described(plugin, options),
        None => {
            // The type's span: if it has no `Default`, the error belongs there.
            let at = door::place(state);
            let find = door.local("__find", at);
            let call = quote_spanned!(at=> (&&#find).describe().descriptor());
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
    let offer = offer(plugin);
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
                    #offer, __WRITTEN, __describe,
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

/// What must be true of the types, said at the types.
fn checks(plugin: &Plugin<'_>, options: &Options) -> TokenStream {
    let state = plugin.state;
    let at = door::place(state);
    let near = plugin.door.moved(at);
    let contract = plugin.contract;
    let state = quote_spanned! {at=>
        const _: fn() = || {
            use #near::{AdmitExclusive as _, AdmitShared as _};
            (&&#near::Admission::<#state, dyn #contract>::NEW).holds();
        };
    };
    let requires = options.requires.iter().map(|object| {
        let at = door::place(object);
        let near = plugin.door.moved(at);
        quote_spanned!(at=> const _: () = <#object as #near::HostContract>::HOLDS;)
    });
    quote!(#state #(#requires)*)
}

/// The functions of the plugin's type, asked for at the name of the contract.
fn offer(plugin: &Plugin<'_>) -> TokenStream {
    let Plugin {
        state, contract, ..
    } = plugin;
    let at = door::place(contract);
    let near = plugin.door.moved(at);
    quote_spanned!(at=> <dyn #contract as #near::OfferedBy<#state>>::OFFER)
}

fn metadata(door: &Door, options: &Options) -> TokenStream {
    let from = |given: &Option<syn::LitStr>, variable: &str| {
        given.as_ref().map_or_else(
            || quote!(#door::core::env!(#variable)),
            |text| text.to_token_stream(),
        )
    };
    let name = from(&options.name, "CARGO_PKG_NAME");
    let version = from(&options.version, "CARGO_PKG_VERSION");
    let description = from(&options.description, "CARGO_PKG_DESCRIPTION");
    let requires = &options.requires;
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
                &[#(<#requires as #door::Contract>::DESCRIPTOR),*];
        }
    }
}

/// The descriptor of a plugin whose options stand here.
fn described(plugin: &Plugin<'_>, options: &Options) -> TokenStream {
    let Plugin { door, state, .. } = plugin;
    let at = door::place(state);
    let near = door.moved(at);
    let construct = match &options.new {
        None => {
            let make = quote_spanned!(at=> <#state as #near::DefaultPlugin>::make());
            quote!(#door::core::result::Result::Ok(#make))
        }
        Some(new) => {
            let new = with_self_type(new, state);
            let at = door::place(&new);
            let (near, context) = (door.moved(at), door.local("__context", at));
            quote_spanned!(at=> #near::constructed::<#state, _>(#new, #context))
        }
    };
    quote! {
        struct __Construct;
        impl #door::Construct<#state> for __Construct {
            fn construct(
                __context: &#door::Context,
            ) -> #door::core::result::Result<#state, #door::BoxError> {
                #construct
            }
        }
        fn __describe() -> &'static #door::abi::PluginDescriptor {
            <#state as #door::OptionsOnOneImplOnly>::describe().descriptor()
        }
    }
    .into_iter()
    .chain(quote_spanned! {at=>
        impl #near::OptionsOnOneImplOnly for #state {
            fn describe() -> #near::Description<Self> {
                #near::described::<#state, __Metadata, __Construct>()
            }
        }
    })
    .collect()
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
