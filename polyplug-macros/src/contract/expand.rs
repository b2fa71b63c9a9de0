//! What a contract is printed as: the trait as written, its interface, the two ends of every call, its descriptor.

use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote};
use syn::Ident;

use super::Side;
use super::model::{Argument, Contract, Method};
use crate::carry::Passing;
use crate::door::{alias, ask, is_standard, over};

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

    /// Tokens of ours that say something about the whole signature, where the type lies that most likely cannot cross: the
    /// first that is not all words of the standard library. Decides only where an error points.
    fn point(&self, tokens: &TokenStream) -> TokenStream {
        let of = |argument: &Argument<'_>| match argument.passing {
            Passing::Value(ty) | Passing::Reference(ty) | Passing::Slice(ty) => Some(quote!(#ty)),
            Passing::Object(ty) => Some(quote!(#ty)),
            Passing::Text => None,
        };
        let result = self.result.map(|ty| quote!(#ty));
        let mut types = self.arguments.iter().filter_map(of).chain(result);
        match types.find(|ty| !is_standard(ty)) {
            Some(suspect) => over(&suspect, tokens),
            None => tokens.clone(),
        }
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
    /// Its parameters in the C signature: names and types.
    fn flat(&self, door: &TokenStream) -> Vec<(Ident, TokenStream)> {
        let name = &self.ident;
        let length = (
            format_ident!("{name}_len"),
            quote!(#door::core::primitive::usize),
        );
        let lent = |ty: &syn::Type| {
            let lent = data(door, ty, &quote!(Lent));
            (name.clone(), over(&quote!(#ty), &quote!(*const #lent)))
        };
        match self.passing {
            Passing::Value(ty) => vec![(name.clone(), alias(door, ty, &quote!(ArgumentOf)))],
            Passing::Reference(ty) => vec![lent(ty)],
            Passing::Slice(ty) => vec![lent(ty), length],
            Passing::Text => vec![
                (name.clone(), quote!(*const #door::core::primitive::u8)),
                length,
            ],
            Passing::Object(_) => vec![(name.clone(), quote!(*const #door::abi::Object))],
        }
    }

    /// The layouts of these parameters.
    fn layouts(&self, door: &TokenStream) -> Vec<TokenStream> {
        let word = quote!(#door::core::alloc::Layout::new::<#door::core::primitive::usize>());
        match self.passing {
            Passing::Value(ty) => vec![data(door, ty, &quote!(ARGUMENT))],
            Passing::Reference(_) | Passing::Object(_) => vec![word],
            Passing::Slice(_) | Passing::Text => vec![word.clone(), word],
        }
    }

    /// Caller: what is made before the call, and what is passed.
    fn lend(&self, door: &TokenStream) -> (TokenStream, TokenStream) {
        let name = &self.ident;
        match self.passing {
            Passing::Value(ty) => {
                let (lend, pass) = (data(door, ty, &quote!(lend)), data(door, ty, &quote!(pass)));
                (
                    quote!(let #name = #lend(&#name, &__arena);),
                    quote!(#pass(&#name)),
                )
            }
            Passing::Reference(ty) => {
                let lend = data(door, ty, &quote!(lend_reference));
                (quote!(let #name = #lend(#name, &__arena);), quote!(#name))
            }
            Passing::Slice(ty) => {
                let lend = data(door, ty, &quote!(lend_slice));
                (
                    quote!(let #name = #lend(#name, &__arena);),
                    quote!(#name.ptr.cast(), #name.len),
                )
            }
            Passing::Text => (quote!(), quote!(#name.as_ptr(), #name.len())),
            Passing::Object(ty) => (
                over(
                    &quote!(#ty),
                    &quote!(let #name = #door::lend_object(&#name);),
                ),
                quote!(&raw const #name),
            ),
        }
    }

    /// Callee: what is made of the parameters, and what is passed to the method.
    fn take(&self, door: &TokenStream) -> (TokenStream, TokenStream) {
        let name = &self.ident;
        let length = format_ident!("{name}_len");
        match self.passing {
            Passing::Value(ty) => {
                let accept = data(door, ty, &quote!(accept));
                (quote!(let #name = #accept(#name);), quote!(#name))
            }
            Passing::Reference(ty) => {
                let take = data(door, ty, &quote!(take_reference));
                (quote!(let #name = #take(#name);), quote!(&#name))
            }
            Passing::Slice(ty) => {
                let take = data(door, ty, &quote!(take_slice));
                (quote!(let #name = #take(#name, #length);), quote!(&#name))
            }
            Passing::Text => (
                quote!(let #name = #door::abi::Slice { ptr: #name, len: #length }.str();),
                quote!(#name),
            ),
            Passing::Object(ty) => (
                over(
                    &quote!(#ty),
                    &quote!(let #name = #door::take_object::<#ty>(#name);),
                ),
                quote!(&#name),
            ),
        }
    }

    /// Its type and way of passing, as the descriptor says it.
    fn describe(&self, door: &TokenStream) -> (TokenStream, TokenStream) {
        match self.passing {
            Passing::Value(ty) => (quote!(VALUE), data(door, ty, &quote!(FUNCTION))),
            Passing::Reference(ty) => (quote!(REFERENCE), data(door, ty, &quote!(FUNCTION))),
            Passing::Slice(ty) => (quote!(SLICE), data(door, ty, &quote!(FUNCTION))),
            Passing::Text => (quote!(TEXT), quote!(#door::text_function())),
            Passing::Object(ty) => (
                quote!(OBJECT),
                ask(door, ty, &quote!(Contract), &quote!(FUNCTION)),
            ),
        }
    }
}

/// `<T as Data>::member`.
fn data(door: &TokenStream, ty: &impl ToTokens, member: &TokenStream) -> TokenStream {
    ask(door, ty, &quote!(Data), member)
}

/// A method's C signature.
struct Signature {
    names: Vec<Ident>,
    types: Vec<TokenStream>,
    /// The type of the trailing parameter.
    out: TokenStream,
    returned: TokenStream,
}

impl Signature {
    fn of(door: &TokenStream, method: &Method<'_>) -> Self {
        let (names, types) = method
            .arguments
            .iter()
            .flat_map(|argument| argument.flat(door))
            .unzip();
        let result = method.result();
        let (out, returned) = (
            alias(door, &result, &quote!(OutOf)),
            alias(door, &result, &quote!(ReturnOf)),
        );
        Self {
            names,
            types,
            out,
            returned,
        }
    }
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
        let Signature {
            types,
            out,
            returned,
            ..
        } = Signature::of(door, method);
        let (cfgs, name) = (&method.cfgs, method.ident);
        let function = method.point(&quote!(
            unsafe extern "C" fn(*mut #door::abi::Receiver, #(#types,)* #out) -> #returned
        ));
        let function = if method.default.is_some() {
            quote!(#door::core::option::Option<#function>)
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
        let field = method.point(&quote!(#name: #function));
        quote!(#(#cfgs)* #field,)
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

        unsafe impl<'__o> #door::ContractParts for dyn #ident + '__o {
            type Interface = __Interface;
            const DESCRIPTOR: &'static #door::abi::ContractDescriptor = __DESCRIPTOR;
            const BY_REFERENCE: *const #door::abi::InterfaceHeader =
                __Table::<#door::ByReference<dyn #ident + '__o>>::HEADER;
        }

        unsafe impl<'__o> #door::SharedContract for dyn #ident + '__o {}
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
        let (frame, default) = (method.named("frame"), method.default.is_some());
        let result = data(door, &method.result(), &quote!(FUNCTION));
        let mut flat = 0_usize;
        let arguments = method.arguments.iter().map(|argument| {
            let (passing, ty) = argument.describe(door);
            let index = flat;
            flat += argument.flat(door).len();
            let name = &argument.name;
            quote!(&#door::argument(#door::abi::passing::#passing, #name, #ty, #door::offset_in_frame(#frame, #index)))
        });
        quote! {
            #(#cfgs)*
            &#door::method(#default, #name, #docs, const { &[#(#arguments),*] }, #frame, #result),
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
        static __CONTRACT: #door::ContractEntry = unsafe { #door::ContractEntry::new(__DESCRIPTOR) };
    }
}

/// The layouts of a method's flattened arguments, in order.
fn frame(door: &TokenStream, method: &Method<'_>) -> TokenStream {
    let layouts = method
        .arguments
        .iter()
        .flat_map(|argument| argument.layouts(door));
    let (cfgs, frame) = (&method.cfgs, method.named("frame"));
    quote! {
        #(#cfgs)*
        const #frame: &[#door::core::alloc::Layout] = &[#(#layouts),*];
    }
}

/// The callee's end of a method.
fn callee(contract: &Contract<'_>, method: &Method<'_>) -> TokenStream {
    let Contract { door, item, .. } = contract;
    let ident = &item.ident;
    let Signature {
        names,
        types,
        out,
        returned,
    } = Signature::of(door, method);
    let enter = data(door, &method.result(), &quote!(enter));
    let (cfgs, callee, name) = (&method.cfgs, method.named("enter"), method.ident);
    let (takes, values): (Vec<_>, Vec<_>) = method
        .arguments
        .iter()
        .map(|argument| argument.take(door))
        .unzip();
    let body = method.point(&quote! {
        #enter::<__S>(__receiver, __out, |__this| {
            #(#takes)*
            #ident::#name(__this, #(#values),*)
        })
    });
    quote! {
        #(#cfgs)*
        unsafe extern "C" fn #callee<__S: #door::Access>(
            __receiver: *mut #door::abi::Receiver, #(#names: #types,)* __out: #out,
        ) -> #returned
        where
            <__S as #door::Access>::Target: #ident,
        {
            unsafe { #body }
        }
    }
}

/// The erased entry.
fn invoke(contract: &Contract<'_>) -> TokenStream {
    let Contract { door, item, id, .. } = contract;
    let ident = &item.ident;
    let arms = contract.methods.iter().map(|method| {
        let Signature { types, .. } = Signature::of(door, method);
        let invoke = data(door, &method.result(), &quote!(invoke));
        let cfgs = &method.cfgs;
        let (index, frame, callee) = (method.named("index"), method.named("frame"), method.named("enter"));
        let parts = 0..types.len();
        let call = method.point(&quote! {
            #invoke(
                __receiver, __METHODS[#index as #door::core::primitive::usize], __frame, __place,
                |__receiver, __out| #callee::<__S>(
                    __receiver,
                    #(#door::read::<#types>(__frame, const { #door::offset_in_frame(#frame, #parts) }),)*
                    __out,
                ),
            )
        });
        quote!(#(#cfgs)* #index => #call,)
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
    let finish = data(door, &result, &quote!(finish));
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
    let lends = method.point(&quote!(#(#lends)*));
    let body = method.point(&quote! {
        #finish(__session, #index, |__interface, __receiver, __out| {
            #function(__receiver, #(#passed,)* __out)
        })
    });
    quote! {
        #(#cfgs)*
        #[inline]
        fn #call<#(#lifetimes,)* __H: #door::Handle<dyn #ident>>(__handle: &__H, #(#names: #types),*) -> #result {
            let __call = || -> #door::core::result::Result<#result, #door::Fault> {
                let __session = #door::begin::<dyn #ident, __H>(__handle, #index)?;
                #find
                let __arena = #door::Arena::new();
                #lends
                unsafe { #body }
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
