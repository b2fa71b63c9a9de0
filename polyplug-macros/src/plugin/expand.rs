//! What a plugin's impl is printed as: the impl as written, who the plugin is, and its place in the distributed slice.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens as _, quote, quote_spanned};
use syn::visit_mut::{self, VisitMut};
use syn::{Expr, Path, Type, TypeTraitObject};

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
    let checks = checks(plugin);
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
fn checks(plugin: &Plugin<'_>) -> TokenStream {
    let state = plugin.state;
    let at = door::place(state);
    let near = plugin.door.moved(at);
    let contract = plugin.contract;
    quote_spanned! {at=>
        const _: fn() = || {
            use #near::{AdmitExclusive as _, AdmitShared as _};
            (&&#near::Admission::<#state, dyn #contract>::NEW).holds();
        };
    }
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
    let list = |objects: &[TypeTraitObject]| {
        let descriptors = objects.iter().map(|object| {
            let at = door::place(object);
            let near = door.moved(at);
            quote_spanned!(at=> <#object as #near::Contract>::DESCRIPTOR)
        });
        quote!(&[#(#descriptors),*])
    };
    let requires = list(&options.requires);
    let wants = list(&options.wants);
    quote! {
        struct __Metadata;
        impl #door::Metadata for __Metadata {
            const NAME: &'static #door::core::primitive::str = #name;
            const VERSION: &'static #door::core::primitive::str = #version;
            const DESCRIPTION: &'static #door::core::primitive::str = #description;
            const AUTHORS: &'static #door::core::primitive::str = #door::core::env!("CARGO_PKG_AUTHORS");
            const LICENSE: &'static #door::core::primitive::str = #door::core::env!("CARGO_PKG_LICENSE");
            const REPOSITORY: &'static #door::core::primitive::str = #door::core::env!("CARGO_PKG_REPOSITORY");
            const REQUIRES: &'static [&'static #door::abi::ContractDescriptor] = #requires;
            const WANTS: &'static [&'static #door::abi::ContractDescriptor] = #wants;
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
            let function = Function {
                call: "CallNew",
                refuse: "RefuseNew",
                arguments: &["__context"],
                path: new,
            };
            function.called(plugin, &quote!(Constructed::<#state>::into_result))
        }
    };
    let (keep, describe) = match &options.keep {
        None => (quote!(), quote!(described)),
        Some((save, restore)) => (keep(plugin, save, restore), quote!(described_keeping)),
    };
    let describe = door.at(at, &describe);
    quote! {
        struct __Construct;
        impl #door::Construct<#state> for __Construct {
            fn construct(
                __context: &#door::Context,
            ) -> #door::core::result::Result<#state, #door::BoxError> {
                #construct
            }
        }
        #keep
        fn __describe() -> &'static #door::abi::PluginDescriptor {
            <#state as #door::OptionsOnOneImplOnly>::describe().descriptor()
        }
    }
    .into_iter()
    .chain(quote_spanned! {at=>
        impl #near::OptionsOnOneImplOnly for #state {
            fn describe() -> #near::Description<Self> {
                #near::#describe::<#state, __Metadata, __Construct>()
            }
        }
    })
    .collect()
}

/// How the state survives a reload.
fn keep(plugin: &Plugin<'_>, save: &Expr, restore: &Expr) -> TokenStream {
    let Plugin { door, state, .. } = plugin;
    let save = Function {
        call: "CallSave",
        refuse: "RefuseSave",
        arguments: &["__state"],
        path: save,
    };
    let save = save.called(plugin, &quote!(Saved::into_bytes));
    let restore = Function {
        call: "CallRestore",
        refuse: "RefuseRestore",
        arguments: &["__context", "__saved"],
        path: restore,
    };
    let restore = restore.called(plugin, &quote!(Restored::<#state>::into_result));
    quote! {
        impl #door::Keep<#state> for __Construct {
            fn state_to_bytes(__state: &#state) -> #door::Vec<#door::core::primitive::u8> {
                #save
            }
            fn state_from_bytes(
                __context: &#door::Context,
                __saved: &[#door::core::primitive::u8],
            ) -> #door::core::result::Result<#state, #door::BoxError> {
                #restore
            }
        }
    }
}

/// A function that the author names.
struct Function<'a> {
    /// The trait by which it is called, if its arguments are right.
    call: &'a str,
    /// The trait that has the words otherwise.
    refuse: &'a str,
    arguments: &'a [&'a str],
    path: &'a Expr,
}

impl Function<'_> {
    /// Calls it, and converts what it returns; whatever is wrong is said at its path.
    fn called(&self, plugin: &Plugin<'_>, convert: &TokenStream) -> TokenStream {
        let Plugin { door, state, .. } = plugin;
        let path = with_self_type(self.path, state, door);
        let place = self.path.to_token_stream();
        let near = door.whole(&place, &quote!(#door::#convert));
        let here = door::place(self.path);
        let arguments = self.arguments.iter().map(|name| door.local(name, here));
        let named = door.whole(&place, &quote!(#door::Named::<_, #state>::new));
        let called = quote_spanned!(door::last(&place)=> #named(#path).call(#(#arguments),*));
        let (call, refuse) = (
            Ident::new(self.call, Span::call_site()),
            Ident::new(self.refuse, Span::call_site()),
        );
        quote! {
            use #door::{#call as _, #refuse as _};
            #near(#called)
        }
    }
}

/// `Self::new`, where there is no `Self`.
fn with_self_type(new: &Expr, state: &Type, door: &Door) -> Expr {
    struct Replace<'a>(&'a Type, &'a Door);
    impl VisitMut for Replace<'_> {
        fn visit_path_mut(&mut self, path: &mut Path) {
            if let (Type::Path(state), Some(first)) = (self.0, path.segments.first())
                && first.ident == "Self"
            {
                // Where the author wrote `Self`, so that what is wrong is said there.
                let state = self.1.at(first.ident.span(), &state.path.to_token_stream());
                if let Ok(mut whole) = syn::parse2::<Path>(state) {
                    whole.segments.extend(path.segments.iter().skip(1).cloned());
                    *path = whole;
                }
            }
            visit_mut::visit_path_mut(self, path);
        }
    }
    let mut new = new.clone();
    Replace(state, door).visit_expr_mut(&mut new);
    new
}
