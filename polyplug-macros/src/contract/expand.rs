//! What a contract is printed as: the trait as written, its interface, the two ends of every call, its descriptor.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::Ident;

use super::Side;
use super::model::{Argument, Contract, Method};
use crate::carry::Passing;
use crate::door;

/// The whole expansion.
pub(crate) fn expand(contract: &Contract<'_>) -> TokenStream {
    let Contract { tokens, door, .. } = contract;
    let interface = interface(contract);
    let descriptor = descriptor(contract);
    let frames = contract.methods.iter().map(|method| frame(door, method));
    let callees = contract
        .methods
        .iter()
        .map(|method| callee(contract, method));
    let invoke = invoke(contract);
    let defaults = defaults(contract);
    let callers = contract
        .methods
        .iter()
        .map(|method| caller(contract, method));
    let handles = handles(contract);
    quote! {
        #tokens

        #[allow(
            warnings, clippy::all, clippy::pedantic, clippy::nursery, clippy::restriction,
            reason = "generated code"
        )]
        const _: () = {
            #interface
            #descriptor
            #(#frames)*
            #(#callees)*
            #invoke
            #defaults
            #(#callers)*
            #handles
        };
    }
}

impl Method<'_> {
    fn result(&self) -> TokenStream {
        self.result.map_or_else(|| quote!(()), |ty| quote!(#ty))
    }

    /// `OutOf` and `ReturnOf` its result.
    fn places(&self, door: &TokenStream, at: Span) -> (TokenStream, TokenStream) {
        let result = self.result();
        let door = &door::moved(door, at);
        (
            quote_spanned!(at=> #door::OutOf<#result>),
            quote_spanned!(at=> #door::ReturnOf<#result>),
        )
    }

    /// Where something that is wrong with one of its types is said, when it is not known with which: at the only one
    /// that can be wrong, or at its name.
    fn place(&self) -> Span {
        let types = self
            .arguments
            .iter()
            .filter_map(|argument| match argument.passing {
                Passing::Value(ty) | Passing::Reference(ty) | Passing::Slice(ty) => Some(ty),
                Passing::Text | Passing::Object(_) => None,
            });
        door::place_of_one(types.chain(self.result)).unwrap_or_else(|| self.ident.span())
    }

    fn named(&self, prefix: &str) -> Ident {
        format_ident!(
            "__{prefix}_{}",
            self.name,
            span = proc_macro2::Span::call_site()
        )
    }
}

impl Argument<'_> {
    /// Where something that is wrong with its type is said.
    fn place(&self) -> Span {
        match self.passing {
            Passing::Value(ty) | Passing::Reference(ty) | Passing::Slice(ty) => door::place(ty),
            Passing::Object(ty) => door::place(ty),
            Passing::Text => door::place(self.ty),
        }
    }

    /// Its parameters in the C signature: names and types.
    fn flat(&self, door: &TokenStream) -> Vec<(Ident, TokenStream)> {
        let at = self.place();
        let door = &door::moved(door, at);
        let name = &self.ident;
        let length = format_ident!("{name}_len");
        match self.passing {
            Passing::Value(ty) => vec![(name.clone(), quote_spanned!(at=> #door::ArgumentOf<#ty>))],
            Passing::Reference(ty) => vec![(
                name.clone(),
                quote_spanned!(at=> *const <#ty as #door::Data>::Lent),
            )],
            Passing::Slice(ty) => vec![
                (
                    name.clone(),
                    quote_spanned!(at=> *const <#ty as #door::Data>::Lent),
                ),
                (length, quote!(#door::core::primitive::usize)),
            ],
            Passing::Text => vec![
                (name.clone(), quote!(*const #door::core::primitive::u8)),
                (length, quote!(#door::core::primitive::usize)),
            ],
            Passing::Object(_) => vec![(name.clone(), quote!(*const #door::abi::Object))],
        }
    }

    /// Caller: what is made before the call, and what is passed.
    fn lend(&self, door: &TokenStream) -> (TokenStream, TokenStream) {
        let at = self.place();
        let door = &door::moved(door, at);
        let name = &self.ident;
        match self.passing {
            Passing::Value(ty) => (
                quote_spanned!(at=> let #name = <#ty as #door::Data>::lend(&#name, &__arena);),
                quote_spanned!(at=> <<#ty as #door::Data>::Travel as #door::Travel<#ty>>::pass(&#name)),
            ),
            Passing::Reference(ty) => (
                quote_spanned!(at=> let _: () = <#ty as #door::Data>::ASKED; let #name = #door::lend_reference::<#ty>(#name, &__arena);),
                quote!(#name),
            ),
            Passing::Slice(ty) => (
                quote_spanned!(at=> let _: () = <#ty as #door::Data>::ASKED; let #name = #door::lend_slice::<#ty>(#name, &__arena);),
                quote!(#name.ptr.cast(), #name.len),
            ),
            Passing::Text => (quote!(), quote!(#name.as_ptr(), #name.len())),
            Passing::Object(ty) => (
                quote_spanned!(at=> let _: () = <#ty as #door::Contract>::ASKED; let #name = #door::lend_object::<#ty>(&#name);),
                quote!(&raw const #name),
            ),
        }
    }

    /// Callee: what is made of the parameters, and what is passed to the method.
    fn take(&self, door: &TokenStream) -> (TokenStream, TokenStream) {
        let at = self.place();
        let door = &door::moved(door, at);
        let name = &self.ident;
        let length = format_ident!("{name}_len");
        match self.passing {
            Passing::Value(ty) => (
                quote_spanned!(at=> let #name = <<#ty as #door::Data>::Travel as #door::Travel<#ty>>::accept(#name);),
                quote!(#name),
            ),
            Passing::Reference(ty) => (
                quote_spanned!(at=> let _: () = <#ty as #door::Data>::ASKED; let #name = #door::take_reference::<#ty>(#name);),
                quote!(&#name),
            ),
            Passing::Slice(ty) => (
                quote_spanned!(at=> let _: () = <#ty as #door::Data>::ASKED; let #name = #door::take_slice::<#ty>(#name, #length);),
                quote!(&#name),
            ),
            Passing::Text => (
                quote!(let #name = #door::abi::Slice { ptr: #name, len: #length }.str();),
                quote!(#name),
            ),
            Passing::Object(ty) => (
                quote_spanned!(at=> let _: () = <#ty as #door::Contract>::ASKED; let #name = #door::take_object::<#ty>(#name);),
                quote!(&#name),
            ),
        }
    }

    /// Its type and way of passing, as the descriptor says it.
    fn describe(&self, door: &TokenStream) -> (TokenStream, TokenStream) {
        let at = self.place();
        let door = &door::moved(door, at);
        match self.passing {
            Passing::Value(ty) => (
                quote!(VALUE),
                quote_spanned!(at=> <#ty as #door::Data>::FUNCTION),
            ),
            Passing::Reference(ty) => (
                quote!(REFERENCE),
                quote_spanned!(at=> <#ty as #door::Data>::FUNCTION),
            ),
            Passing::Slice(ty) => (
                quote!(SLICE),
                quote_spanned!(at=> <#ty as #door::Data>::FUNCTION),
            ),
            Passing::Text => (quote!(TEXT), quote!(#door::text_function())),
            Passing::Object(ty) => (
                quote!(OBJECT),
                quote_spanned!(at=> { let _: () = <#ty as #door::Contract>::ASKED; #door::object_function::<#ty>() }),
            ),
        }
    }
}

/// Name, types and results of a method's C signature.
fn signature(
    door: &TokenStream,
    method: &Method<'_>,
) -> (Vec<Ident>, Vec<TokenStream>, TokenStream) {
    let (names, types) = method
        .arguments
        .iter()
        .flat_map(|argument| argument.flat(door))
        .unzip();
    (names, types, method.result())
}

/// The `repr(C)` table, the traits that say it is one, and the way to make it for any object.
fn interface(contract: &Contract<'_>) -> TokenStream {
    let Contract {
        door,
        item,
        methods,
        ..
    } = contract;
    let ident = &item.ident;
    let fields = methods.iter().map(|method| {
        let (_, types, _) = signature(door, method);
        let (out, returned) = method.places(door, method.place());
        let (cfgs, name) = (&method.cfgs, method.ident);
        let at = method.place();
        let near = door::moved(door, at);
        let function = quote_spanned!(at=>
            unsafe extern "C" fn(*mut #near::abi::Receiver, #(#types,)* #out) -> #returned
        );
        let function = if method.default.is_some() {
            quote_spanned!(at=> #near::core::option::Option<#function>)
        } else {
            function
        };
        quote!(#(#cfgs)* #name: #function,)
    });
    let functions = methods.iter().map(|method| {
        let (cfgs, name, callee) = (&method.cfgs, method.ident, method.named("enter"));
        let function = quote!(#callee::<__S>);
        let function = if method.default.is_some() {
            quote!(#door::core::option::Option::Some(#function))
        } else {
            function
        };
        quote!(#(#cfgs)* #name: #function,)
    });
    let side = if contract.side == Side::Host {
        quote!(HostContract)
    } else {
        quote!(PluginContract)
    };
    quote! {
        #[repr(C)]
        pub struct __Interface {
            __header: #door::abi::InterfaceHeader,
            #(#fields)*
        }

        struct __Table<__S>(#door::core::marker::PhantomData<__S>);

        impl<__S: #door::Access> __Table<__S>
        where
            <__S as #door::Access>::Target: #ident,
        {
            const TABLE: &'static __Interface = &__Interface {
                __header: #door::interface_header::<__Interface>(__DESCRIPTOR, __invoke::<__S>),
                #(#functions)*
            };
            const HEADER: *const #door::abi::InterfaceHeader = (Self::TABLE as *const __Interface).cast();
        }

        unsafe impl<'__o> #door::Contract for dyn #ident + '__o {
            type Interface = __Interface;
            type Object = dyn #ident + '__o;
            const DESCRIPTOR: &'static #door::abi::ContractDescriptor = __DESCRIPTOR;
            const BY_REFERENCE: *const #door::abi::InterfaceHeader =
                __Table::<#door::ByReference<dyn #ident + '__o>>::HEADER;
        }

        impl<'__o> #door::SharedContract for dyn #ident + '__o {}
        impl<'__o> #door::#side for dyn #ident + '__o {}

        unsafe impl<__T: #ident> #door::ImplementedBy<__T> for dyn #ident {
            const INTERFACE: *const #door::abi::InterfaceHeader = __Table::<#door::Direct<__T>>::HEADER;
        }
    }
}

/// The static reflection data, and its place in the distributed slice.
fn descriptor(contract: &Contract<'_>) -> TokenStream {
    let Contract {
        door,
        item,
        id,
        major,
        minor,
        docs,
        methods,
        ..
    } = contract;
    let name = item.ident.to_string();
    let host = contract.side == Side::Host;
    let names = methods.iter().map(|method| {
        let (cfgs, name) = (&method.cfgs, &method.name);
        quote!(#(#cfgs)* #name,)
    });
    let indices = methods.iter().map(|method| {
        let (cfgs, name, index) = (&method.cfgs, &method.name, method.named("index"));
        quote!(#(#cfgs)* const #index: #door::core::primitive::u32 = #door::index_of(__NAMES, #name);)
    });
    let descriptors = methods.iter().map(|method| {
        let Method { cfgs, name, docs, .. } = method;
        let (frame, result, default) = (method.named("frame"), method.result(), method.default.is_some());
        let function = {
            let at = method.result.map_or_else(Span::call_site, door::place);
            let near = door::moved(door, at);
            quote_spanned!(at=> <#result as #near::Data>::FUNCTION)
        };
        let mut flat = 0_usize;
        let layouts: Vec<_> = method
            .arguments
            .iter()
            .flat_map(|argument| {
                let at = argument.place();
                let near = door::moved(door, at);
                let layout = move |(_, ty)| quote_spanned!(at=> #near::core::alloc::Layout::new::<#ty>());
                argument.flat(door).into_iter().map(layout)
            })
            .collect();
        let arguments = method.arguments.iter().map(|argument| {
            let (passing, ty) = argument.describe(door);
            let index = flat;
            flat += argument.flat(door).len();
            let name = &argument.name;
            quote!(&#door::argument(#door::abi::passing::#passing, #name, #ty, #door::offset_in_frame(&[#(#layouts),*], #index)))
        });
        quote! {
            #(#cfgs)*
            &#door::method::<#frame>(
                #default, #name, #docs, const { &[#(#arguments),*] }, #function,
            ),
        }
    });
    quote! {
        const __NAMES: &[&#door::core::primitive::str] = &[#(#names)*];
        #(#indices)*
        const __METHODS: &[&#door::abi::MethodDescriptor] = &[#(#descriptors)*];
        const __DESCRIPTOR: &'static #door::abi::ContractDescriptor =
            &#door::contract(#host, #major, #minor, #id, #name, #docs, __NAMES, __METHODS);

        #[#door::linkme::distributed_slice(#door::CONTRACTS)]
        #[linkme(crate = #door::linkme)]
        static __CONTRACT: &'static #door::abi::ContractDescriptor = __DESCRIPTOR;
    }
}

/// The flattened arguments of a method as one struct.
fn frame(door: &TokenStream, method: &Method<'_>) -> TokenStream {
    let (_, types, _) = signature(door, method);
    let (cfgs, frame) = (&method.cfgs, method.named("frame"));
    quote! {
        #(#cfgs)*
        #[repr(C)]
        struct #frame(#(#types,)* ());
    }
}

/// The callee's end of a method.
fn callee(contract: &Contract<'_>, method: &Method<'_>) -> TokenStream {
    let Contract { door, item, .. } = contract;
    let ident = &item.ident;
    let (names, types, result) = signature(door, method);
    let at = method.result.map_or_else(Span::call_site, door::place);
    let (out, returned) = method.places(door, at);
    let (cfgs, callee, name) = (&method.cfgs, method.named("enter"), method.ident);
    let (takes, values): (Vec<_>, Vec<_>) = method
        .arguments
        .iter()
        .map(|argument| argument.take(door))
        .unzip();
    let body = door::body(
        method.place(),
        quote! {
            unsafe {
                #door::enter::<__S, #result>(__receiver, __out, |__this| {
                    #(#takes)*
                    #ident::#name(__this, #(#values),*)
                })
            }
        },
    );
    quote! {
        #(#cfgs)*
        unsafe extern "C" fn #callee<__S: #door::Access>(
            __receiver: *mut #door::abi::Receiver, #(#names: #types,)* __out: #out,
        ) -> #returned
        where
            <__S as #door::Access>::Target: #ident,
        #body
    }
}

/// The erased entry.
fn invoke(contract: &Contract<'_>) -> TokenStream {
    let Contract { door, item, id, .. } = contract;
    let ident = &item.ident;
    let arms = contract.methods.iter().map(|method| {
        let (names, _, result) = signature(door, method);
        let cfgs = &method.cfgs;
        let (index, frame, callee) = (
            method.named("index"),
            method.named("frame"),
            method.named("enter"),
        );
        let parts = (0..names.len()).map(syn::Index::from);
        quote! {
            #(#cfgs)*
            #index => #door::invoke::<#result>(
                __receiver, __METHODS[#index as #door::core::primitive::usize], __frame, __place,
                |__receiver, __out| {
                    let __frame = __frame.cast::<#frame>();
                    #callee::<__S>(__receiver, #((*__frame).#parts,)* __out)
                },
            ),
        }
    });
    quote! {
        unsafe extern "C" fn __invoke<__S: #door::Access>(
            __receiver: *mut #door::abi::Receiver,
            __method: #door::core::primitive::u32,
            __frame: *const #door::core::ffi::c_void,
            __place: *mut #door::core::ffi::c_void,
        ) -> #door::core::primitive::i32
        where
            <__S as #door::Access>::Target: #ident,
        {
            unsafe {
                match __method {
                    #(#arms)*
                    _ => #door::unknown_method(__receiver, #id, __method),
                }
            }
        }
    }
}

/// The default bodies a second time, for providers that lack the method.
fn defaults(contract: &Contract<'_>) -> TokenStream {
    let Contract { door, item, .. } = contract;
    let ident = &item.ident;
    let mut bodies = contract
        .methods
        .iter()
        .filter_map(|method| {
            let body = method.default?;
            let mut sig = method.item.sig.clone();
            sig.ident = method.named("default");
            let cfgs = &method.cfgs;
            Some(quote!(#(#cfgs)* #sig #body))
        })
        .peekable();
    if bodies.peek().is_none() {
        return TokenStream::new();
    }
    quote! {
        trait __Defaults: #ident {
            #(#bodies)*
        }
        impl<__T: #ident + ?#door::core::marker::Sized> __Defaults for __T {}
    }
}

/// The caller's end of a method, for every handle.
fn caller(contract: &Contract<'_>, method: &Method<'_>) -> TokenStream {
    let Contract { door, item, .. } = contract;
    let ident = &item.ident;
    let (cfgs, call, result) = (&method.cfgs, method.named("leave"), method.result());
    let (name, index) = (method.ident, method.named("index"));
    let names: Vec<_> = method
        .arguments
        .iter()
        .map(|argument| &argument.ident)
        .collect();
    let types = method.arguments.iter().map(|argument| argument.ty);
    let lifetimes = method.generics.params.iter();
    let (lends, passed): (Vec<_>, Vec<_>) = method
        .arguments
        .iter()
        .map(|argument| argument.lend(door))
        .unzip();
    let (find, function) = if method.default.is_some() {
        let default = method.named("default");
        let find = quote! {
            let #door::core::option::Option::Some(__function) = __session.interface().#name else {
                return #door::core::result::Result::Ok(__Defaults::#default(&__session.still(), #(#names),*));
            };
        };
        (find, quote!(__function))
    } else {
        (quote!(), quote!((__interface.#name)))
    };
    quote! {
        #(#cfgs)*
        #[inline]
        fn #call<#(#lifetimes,)* __H: #door::Handle<dyn #ident>>(__handle: &__H, #(#names: #types),*) -> #result {
            let __call = || -> #door::core::result::Result<#result, #door::Fault> {
                let __session = #door::begin::<dyn #ident, __H>(__handle)?;
                #find
                let __arena = #door::Arena::new();
                #(#lends)*
                unsafe {
                    __session.finish::<#result>(#index as #door::core::primitive::usize, |__interface, __receiver, __out| {
                        #function(__receiver, #(#passed,)* __out)
                    })
                }
            };
            #door::settle(__call(), |__fault| {
                use #door::{RaiseAsError as _, RaiseByUnwinding as _};
                (&&#door::Raise::<#result>::NEW).raise(__fault)
            })
        }
    }
}

/// The trait, for each of the handles.
fn handles(contract: &Contract<'_>) -> TokenStream {
    let Contract {
        door,
        item,
        methods,
        ..
    } = contract;
    let ident = &item.ident;
    let bodies: Vec<_> = methods
        .iter()
        .map(|method| {
            let (cfgs, name, call, result) = (
                &method.cfgs,
                method.ident,
                method.named("leave"),
                method.result(),
            );
            let names: Vec<_> = method
                .arguments
                .iter()
                .map(|argument| &argument.ident)
                .collect();
            let types = method.arguments.iter().map(|argument| argument.ty);
            let lifetimes = method.generics.params.iter();
            let receiver = &method.item.sig.inputs[0];
            quote! {
                #(#cfgs)*
                #[inline]
                fn #name<#(#lifetimes),*>(#receiver, #(#names: #types),*) -> #result {
                    #call(self, #(#names),*)
                }
            }
        })
        .collect();
    let handles = [
        quote!(#door::Caller<dyn #ident>),
        quote!(#door::Pinned<dyn #ident>),
        quote!(#door::Instance<dyn #ident>),
        quote!(#door::Borrowed<'_, dyn #ident>),
    ];
    let impls = handles.iter().map(|handle| {
        quote! {
            #[automatically_derived]
            impl #ident for #handle {
                #(#bodies)*
            }
        }
    });
    quote!(#(#impls)*)
}
