//! What a contract is printed as: the trait as written, its interface, the two ends of every call, its descriptor.

use proc_macro2::{Delimiter, Group, Span, TokenStream};
use quote::{ToTokens, format_ident, quote};
use syn::{Ident, Lifetime, Type};

use super::Side;
use super::model::{Argument, Contract, Method, Origin};
use crate::carry::{self, Passing};
use crate::door::{Door, alias, ask, holds_pointer, is_standard, place};

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
    let bridge = bridge(contract);
    let run_default = run_default(contract);
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
            #bridge
            #run_default
            #defaults
            #(#callers)*
            #handles
        };
    }
}

impl Method<'_> {
    /// Where nothing is borrowed.
    fn fixed_result(&self) -> TokenStream {
        self.result
            .map_or_else(|| quote!(()), |ty| carry::fixed(ty).into_token_stream())
    }

    /// In the caller's end, where the receiver's lifetime has a name.
    fn result(&self) -> TokenStream {
        let receiver = self.receiver_lifetime().to_string();
        self.result.map_or_else(
            || quote!(()),
            |ty| {
                carry::with_lifetime(ty, &receiver, |lifetime| lifetime.is_none())
                    .into_token_stream()
            },
        )
    }

    fn receiver_lifetime(&self) -> Lifetime {
        self.receiver
            .clone()
            .unwrap_or_else(|| Lifetime::new("'__self", Span::call_site()))
    }

    /// Tokens of ours that say something about the whole signature, where the type lies that most likely cannot cross: the
    /// first that is not all words of the standard library. Decides only where an error points.
    fn point(&self, door: &Door, tokens: &TokenStream) -> TokenStream {
        let of = |argument: &Argument<'_>| match argument.passing {
            Passing::Value(ty)
            | Passing::Reference(ty)
            | Passing::Slice(ty)
            | Passing::MutableSlice(ty)
            | Passing::Sink(ty) => Some(quote!(#ty)),
            Passing::Object(ty) | Passing::MutableObject(ty) => Some(quote!(#ty)),
            Passing::Text => None,
        };
        let result = self.result.map(|ty| quote!(#ty));
        let mut types = self.arguments.iter().filter_map(of).chain(result.clone());
        if let Some(suspect) = types.find(|ty| !is_standard(ty)) {
            return door.over(&suspect, tokens);
        }
        // Known words in places where not all of them may stand.
        let of = |argument: &Argument<'_>| match argument.passing {
            Passing::MutableSlice(ty) | Passing::Sink(ty) => Some(quote!(#ty)),
            Passing::Value(ty) if holds_pointer(&quote!(#ty)) => Some(quote!(#ty)),
            _ => None,
        };
        let risky = |ty: &TokenStream| self.origin.is_some() || holds_pointer(ty);
        let mut types = self.arguments.iter().filter_map(of);
        match types.next().or_else(|| result.filter(risky)) {
            Some(suspect) => door.over(&suspect, tokens),
            None => tokens.clone(),
        }
    }

    fn named(&self, prefix: &str) -> Ident {
        format_ident!("__{prefix}_{}", self.name, span = Span::call_site())
    }

    /// What is true of it, of `method_flags`.
    fn flags(&self, door: &Door) -> TokenStream {
        let flags = [
            (self.default.is_some(), quote!(DEFAULT)),
            (self.exclusive, quote!(EXCLUSIVE)),
            (
                matches!(self.origin, Some(Origin::Arguments(_))),
                quote!(BORROWS),
            ),
            (
                matches!(self.origin, Some(Origin::Receiver)),
                quote!(BORROWS_OBJECT),
            ),
        ];
        let flags = flags.iter().filter(|(holds, _)| *holds);
        let flags = flags.map(|(_, flag)| quote!(| #door::abi::method_flags::#flag));
        quote!(0 #(#flags)*)
    }
}

/// The names that an argument has in the two ends of a call.
struct Names {
    /// As the author's method takes it, and as it stands in the C signature.
    value: Ident,
    length: Ident,
    /// What is made of it for the call.
    lent: Ident,
    /// What came back.
    held: Ident,
}

impl Argument<'_> {
    fn names(&self) -> Names {
        let value = &self.ident;
        Names {
            value: value.clone(),
            length: format_ident!("{value}_len"),
            lent: format_ident!("{value}_lent"),
            held: format_ident!("{value}_held"),
        }
    }

    /// Its parameters in the C signature: names and types.
    fn flat(&self, door: &Door) -> Vec<(Ident, TokenStream)> {
        let Names { value, length, .. } = self.names();
        let length = (length, quote!(#door::core::primitive::usize));
        let object = quote!(*const #door::abi::Object);
        match self.passing {
            Passing::Value(ty) => {
                let ty = carry::fixed(ty);
                vec![(value, alias(door, &ty, &quote!(ArgumentOf)))]
            }
            Passing::Reference(ty) => {
                let ty = carry::fixed(ty);
                let pointed = alias(door, &ty, &quote!(PointedOf));
                vec![(value, door.over(&quote!(#ty), &quote!(*const #pointed)))]
            }
            Passing::Slice(ty) => {
                let ty = carry::fixed(ty);
                let lent = data(door, &ty, &quote!(Lent));
                vec![
                    (value, door.over(&quote!(#ty), &quote!(*const #lent))),
                    length,
                ]
            }
            Passing::Text => vec![(value, quote!(*const #door::core::primitive::u8)), length],
            Passing::Object(_) | Passing::MutableObject(_) => vec![(value, object)],
            Passing::MutableSlice(ty) => {
                let lent = ask(door, &slice_of(ty), &quote!(Mutable), &quote!(Pointed));
                vec![
                    (value, door.over(&quote!(#ty), &quote!(*mut #lent))),
                    length,
                ]
            }
            Passing::Sink(ty) => {
                let lent = ask(door, ty, &quote!(Mutable), &quote!(Pointed));
                vec![(value, door.over(&quote!(#ty), &quote!(*mut #lent)))]
            }
        }
    }

    /// The layouts of these parameters.
    fn layouts(&self, door: &Door) -> Vec<TokenStream> {
        let word = quote!(#door::core::alloc::Layout::new::<#door::core::primitive::usize>());
        match self.passing {
            Passing::Value(ty) => vec![data(door, &carry::fixed(ty), &quote!(ARGUMENT))],
            Passing::Reference(_)
            | Passing::Object(_)
            | Passing::MutableObject(_)
            | Passing::Sink(_) => vec![word],
            Passing::Slice(_) | Passing::MutableSlice(_) | Passing::Text => {
                vec![word.clone(), word]
            }
        }
    }

    /// Caller: what is made before the call, and what is passed.
    fn lend(&self, door: &Door) -> (TokenStream, TokenStream) {
        let Names {
            value,
            length,
            lent,
            ..
        } = self.names();
        match self.passing {
            Passing::Value(ty) => {
                let ty = carry::open(ty);
                let (lend, pass) = (
                    data(door, &ty, &quote!(lend)),
                    data(door, &ty, &quote!(pass)),
                );
                (
                    quote!(let #lent = #lend(&#value, &__arena);),
                    quote!(#pass(&#lent)),
                )
            }
            Passing::Reference(ty) => {
                let point = ask(door, &carry::open(ty), &quote!(Referent), &quote!(point));
                (quote!(let #lent = #point(#value, &__arena);), quote!(#lent))
            }
            Passing::Slice(ty) => {
                let lend = data(door, &carry::open(ty), &quote!(lend_slice));
                (
                    quote!(let #lent = #lend(#value, &__arena);),
                    quote!(#lent.ptr.cast(), #lent.len),
                )
            }
            Passing::Text => (quote!(), quote!(#value.as_ptr(), #value.len())),
            Passing::Object(ty) => (
                door.over(&quote!(#ty), &quote!(let #lent = #door::lend(&#value);)),
                quote!(&raw const #lent),
            ),
            Passing::MutableObject(ty) => (
                door.over(
                    &quote!(#ty),
                    &quote!(let mut #value = #value; let #lent = #door::lend_mut(&mut #value);),
                ),
                quote!(&raw const #lent),
            ),
            Passing::MutableSlice(ty) => {
                let lend = ask(door, &slice_of(ty), &quote!(Mutable), &quote!(lend));
                (
                    quote!(let (#lent, #length) = #lend(#value, &__arena);),
                    quote!(#lent, #length),
                )
            }
            Passing::Sink(ty) => {
                let lend = ask(door, ty, &quote!(Mutable), &quote!(lend));
                (
                    quote!(let (#lent, _) = #lend(#value, &__arena);),
                    quote!(#lent),
                )
            }
        }
    }

    /// Caller, as soon as the call was made: the objects in the argument are the callee's.
    fn surrender(&self, door: &Door) -> TokenStream {
        let Passing::Value(ty) = self.passing else {
            return quote!();
        };
        let (value, surrender) = (
            &self.ident,
            data(door, &carry::open(ty), &quote!(surrender)),
        );
        quote!(#surrender(#value);)
    }

    /// Caller, after a call without a fault: what came back, and its becoming the caller's.
    fn come_back(&self, door: &Door) -> Option<(TokenStream, TokenStream)> {
        let Passing::Sink(ty) = self.passing else {
            return None;
        };
        let Names {
            value, lent, held, ..
        } = self.names();
        let member = |member: TokenStream| ask(door, ty, &quote!(Mutable), &member);
        let (come_back, commit) = (member(quote!(come_back)), member(quote!(commit)));
        let name = &self.name;
        Some((
            quote!(let #held = #come_back(#lent, #name, __checked, &__arena).map_err(__explain)?;),
            quote!(#commit(#value, #held);),
        ))
    }

    /// Callee: what is made of the parameters, what is passed to the method, and what is done when it returned.
    fn take(&self, door: &Door) -> (TokenStream, TokenStream, TokenStream) {
        let Names {
            value,
            length,
            held,
            ..
        } = self.names();
        let nothing = TokenStream::new;
        match self.passing {
            Passing::Value(ty) => {
                let accept = data(door, &carry::fixed(ty), &quote!(accept));
                (
                    quote!(let #value = #accept(#value, &__arena);),
                    quote!(#value),
                    nothing(),
                )
            }
            Passing::Reference(ty) => {
                let look = ask(door, &carry::fixed(ty), &quote!(Referent), &quote!(look));
                (
                    quote!(let #value = #look(#value, &__arena);),
                    quote!(#value),
                    nothing(),
                )
            }
            Passing::Slice(ty) => {
                let take = data(door, &carry::fixed(ty), &quote!(take_slice));
                (
                    quote!(let #value = #take(#value, #length, &__arena);),
                    quote!(#value),
                    nothing(),
                )
            }
            Passing::Text => (
                quote!(let #value = #door::text(#value, #length, &__arena);),
                quote!(#value),
                nothing(),
            ),
            Passing::Object(ty) | Passing::MutableObject(ty) => {
                let mutable = matches!(self.passing, Passing::MutableObject(_));
                let way = if carry::is_closure(ty) {
                    quote!(borrow_object)
                } else {
                    quote!(take_object)
                };
                let ty = carry::fixed(&Type::TraitObject(ty.clone()));
                let take = door.over(
                    &quote!(#ty),
                    &quote!(let mut #value = #door::#way::<#ty>(#value, &__arena);),
                );
                let passed = match (way.to_string() == "borrow_object", mutable) {
                    (true, _) => quote!(#value),
                    (false, true) => quote!(&mut #value),
                    (false, false) => quote!(&#value),
                };
                (take, passed, nothing())
            }
            Passing::MutableSlice(ty) => {
                let take = ask(door, &slice_of(ty), &quote!(Mutable), &quote!(take));
                (
                    quote!(let #value = #take(#value, #length, &__arena);),
                    quote!(#value),
                    nothing(),
                )
            }
            Passing::Sink(ty) => {
                let member = |member: TokenStream| ask(door, ty, &quote!(Mutable), &member);
                let (take, hand_over) = (member(quote!(take)), member(quote!(hand_over)));
                (
                    quote!(let #held = #take(#value, 0, &__arena);),
                    quote!(&mut *#held),
                    quote!(#hand_over(#value, #held);),
                )
            }
        }
    }

    /// Its type and way of passing, as the descriptor says it.
    fn describe(&self, door: &Door) -> (TokenStream, TokenStream) {
        let known = |passing: TokenStream| quote!(#door::abi::passing::#passing);
        let function = |ty: &Type| data(door, &carry::fixed(ty), &quote!(FUNCTION));
        match self.passing {
            Passing::Value(ty) => (known(quote!(VALUE)), function(ty)),
            Passing::Reference(ty) => {
                let ty = carry::fixed(ty);
                let member = |member: TokenStream| ask(door, &ty, &quote!(Referent), &member);
                (member(quote!(PASSING)), member(quote!(POINTED)))
            }
            Passing::Slice(ty) => (known(quote!(SLICE)), function(ty)),
            Passing::Text => (known(quote!(TEXT)), quote!(#door::text_function())),
            Passing::Object(ty) | Passing::MutableObject(ty) => {
                let passing = if matches!(self.passing, Passing::Object(_)) {
                    quote!(OBJECT)
                } else {
                    quote!(OBJECT_MUT)
                };
                let ty = carry::fixed(&Type::TraitObject(ty.clone()));
                (
                    known(passing),
                    ask(door, &ty, &quote!(AnyObject), &quote!(LENT)),
                )
            }
            Passing::MutableSlice(ty) => (
                known(quote!(SLICE_MUT)),
                ask(door, &slice_of(ty), &quote!(Mutable), &quote!(POINTED)),
            ),
            Passing::Sink(ty) => (
                known(quote!(SINK)),
                ask(door, ty, &quote!(Mutable), &quote!(POINTED)),
            ),
        }
    }
}

/// `[T]`, which lies where `T` lies.
fn slice_of(ty: &Type) -> TokenStream {
    let mut slice = Group::new(Delimiter::Bracket, ty.to_token_stream());
    slice.set_span(place(ty));
    slice.into_token_stream()
}

/// `<T as Data>::member`.
fn data(door: &Door, ty: &impl ToTokens, member: &TokenStream) -> TokenStream {
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
    fn of(door: &Door, method: &Method<'_>) -> Self {
        let (names, types) = method
            .arguments
            .iter()
            .flat_map(|argument| argument.flat(door))
            .unzip();
        let result = method.fixed_result();
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
        let function = method.point(
            door,
            &quote!(
                unsafe extern "C" fn(*mut #door::abi::Receiver, #(#types,)* #out) -> #returned
            ),
        );
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
        let field = method.point(door, &quote!(#name: #function));
        quote!(#(#cfgs)* #field,)
    });
    let side = if contract.side == Side::Host {
        quote!(HostContract)
    } else {
        quote!(PluginContract)
    };
    let usage = if contract.exclusive() {
        quote!(Exclusive)
    } else {
        quote!(Shared)
    };
    let sync = if !contract.exclusive() || contract.has_supertrait("Sync") {
        let quiet = &door.quiet;
        quote!(#quiet unsafe impl<'object> #door::SyncInstance for dyn #ident + 'object {})
    } else {
        quote!()
    };
    let quiet = &door.quiet;
    let markers: [&[&str]; 4] = [&[], &["Send"], &["Sync"], &["Send", "Sync"]];
    let objects = markers.map(|markers| object(contract, markers));
    let objects = objects.iter();
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

        #quiet
        unsafe impl<'object> #door::ContractParts for dyn #ident + 'object {
            type Interface = __Interface;
            type Use = #door::#usage;
            const DESCRIPTOR: &'static #door::abi::ContractDescriptor = __DESCRIPTOR;
        }

        #quiet
        impl<'object> #door::#side for dyn #ident + 'object {}
        #sync

        #quiet
        unsafe impl<__T: #ident> #door::ImplementedBy<__T> for dyn #ident {
            const INTERFACE: *const #door::abi::InterfaceHeader = __Table::<#door::Direct<__T>>::HEADER;
        }

        #(#objects)*
    }
}

/// `dyn Trait` as an object, with these markers.
fn object(contract: &Contract<'_>, markers: &[&str]) -> TokenStream {
    let Contract { door, item, .. } = contract;
    let ident = &item.ident;
    let flags = markers
        .iter()
        .map(|marker| format_ident!("{}", marker.to_uppercase()));
    let markers: Vec<_> = markers
        .iter()
        .map(|marker| format_ident!("{marker}"))
        .collect();
    let object = quote!(dyn #ident #(+ #door::core::marker::#markers)*);
    let dynamic = quote! {
        const PROOF: #door::Proof<Self> = unsafe { #door::Proof::new() };
        type Short<'call> = #object + 'call;
        const FLAGS: #door::core::primitive::u32 = 0 #(| #door::abi::type_flags::#flags)*;

        fn contract() -> &'static #door::abi::ContractDescriptor {
            __DESCRIPTOR
        }
        fn table<__S: #door::Access<Target = Self>>() -> *const #door::abi::InterfaceHeader {
            __Table::<__S>::HEADER
        }
        fn boxed(__proxy: #door::Proxy<Self>) -> #door::Box<Self>
        where
            Self: 'static,
        {
            #door::Box::new(__proxy)
        }
        fn shared(__proxy: #door::Proxy<Self>) -> #door::Arc<Self>
        where
            Self: 'static,
        {
            #door::share(__proxy)
        }
        fn borrow<'call>(
            __borrowed: #door::Borrowed<'call, Self::Short<'call>>,
            __arena: &'call #door::Arena,
        ) -> &'call mut Self::Short<'call> {
            __arena.hold(__borrowed)
        }
    };
    let proof = quote! {
        const PROOF: #door::Proof<(#door::Proof<Self>, #door::Proof<dyn #ident>)> =
            unsafe { #door::Proof::new() };
    };
    let impls = [
        (quote!(ReferentParts), quote!(type Form = #door::OfObject;)),
        (quote!(ObjectOf<dyn #ident>), proof),
        (quote!(Dynamic), dynamic),
    ];
    impls
        .into_iter()
        .map(|(of, body)| {
            listed(
                door,
                ident,
                &quote!(impl<'object> #door::#of for #object + 'object),
                body,
            )
        })
        .collect()
}

/// An impl that lies at the trait's name: the compiler lists such impls when something else lacks one, and shall not
/// speak of generated code then.
fn listed(door: &Door, ident: &Ident, head: &TokenStream, body: TokenStream) -> TokenStream {
    let head = door.at(ident.span(), head);
    let mut body = Group::new(Delimiter::Brace, body);
    body.set_span(ident.span());
    let quiet = &door.quiet;
    quote!(#quiet #head #body)
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
    let flags = [
        (contract.side == Side::Host, quote!(HOST)),
        (contract.exclusive(), quote!(EXCLUSIVE)),
        (contract.pinned, quote!(PINNED)),
    ];
    let flags = flags.iter().filter(|(holds, _)| *holds);
    let flags = flags.map(|(_, flag)| quote!(| #door::abi::contract_flags::#flag));
    let names = methods.iter().map(|method| {
        let (cfgs, name) = (&method.cfgs, &method.name);
        quote!(#(#cfgs)* #name,)
    });
    let indices = methods.iter().map(|method| {
        let (cfgs, name, index) = (&method.cfgs, &method.name, method.named("index"));
        quote!(#(#cfgs)* const #index: #door::core::primitive::u32 = #door::index_of(__NAMES, #name);)
    });
    let descriptors = methods.iter().map(|method| {
        let Method {
            cfgs, name, docs, ..
        } = method;
        let (frame, flags) = (method.named("frame"), method.flags(door));
        let result = data(door, &method.fixed_result(), &quote!(FUNCTION));
        let mut flat = 0_usize;
        let arguments = method.arguments.iter().map(|argument| {
            let (passing, ty) = argument.describe(door);
            let index = flat;
            flat += argument.flat(door).len();
            let name = &argument.name;
            quote!(&#door::argument(#passing, #name, #ty, #door::offset_in_frame(#frame, #index)))
        });
        quote! {
            #(#cfgs)*
            &#door::method(#flags, #name, #docs, const { &[#(#arguments),*] }, #frame, #result),
        }
    });
    let defaults = if methods.iter().any(|method| method.default.is_some()) {
        quote!(#door::core::option::Option::Some(__run_default))
    } else {
        quote!(#door::core::option::Option::None)
    };
    // What polyplug itself has is no news to anybody.
    let entry = door.quiet.is_empty().then(|| {
        quote! {
            #[#door::linkme::distributed_slice(#door::CONTRACTS)]
            #[linkme(crate = #door::linkme)]
            static __CONTRACT: #door::ContractEntry = unsafe { #door::ContractEntry::new(__DESCRIPTOR) };
        }
    });
    quote! {
            const __NAMES: &[&#door::core::primitive::str] = &[#(#names)*];
            #(#indices)*
            const __METHODS: &[&#door::abi::MethodDescriptor] = &[#(#descriptors)*];
            const __DESCRIPTOR: &'static #door::abi::ContractDescriptor =
                &#door::contract(0 #(#flags)*, #major, #minor, #id, #name, #docs, __NAMES, __METHODS, __bridge, #defaults);

    #entry
        }
}

/// The layouts of a method's flattened arguments, in order.
fn frame(door: &Door, method: &Method<'_>) -> TokenStream {
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
    let (cfgs, callee, name) = (&method.cfgs, method.named("enter"), method.ident);
    let (takes, rest): (Vec<_>, Vec<_>) = method
        .arguments
        .iter()
        .map(|argument| argument.take(door))
        .map(|(take, value, done)| (take, (value, done)))
        .unzip();
    let (values, dones): (Vec<_>, Vec<_>) = rest.into_iter().unzip();
    let result = method.fixed_result();
    let call = quote!(#ident::#name(__this, #(#values),*));
    let enter = if method.exclusive {
        quote!(enter_exclusive)
    } else {
        quote!(enter)
    };
    let enter = data(door, &result, &enter);
    let give = if method.origin.is_some() {
        door.over(&result, &quote!(#door::Borrows::lend_back))
    } else {
        quote!(#door::Data::give)
    };
    let body = method.point(
        door,
        &quote! {
            #enter::<__S>(__receiver, __out, |__this| {
                let __arena = #door::Arena::new();
                #(#takes)*
                __arena.settle();
                let __result = #give(#call);
                #(#dones)*
                __result
            })
        },
    );
    quote! {
        #(#cfgs)*
        #[inline(never)]
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

/// The arms of an erased entry: each method's number, and the call of its function for objects that are found so.
fn arms(
    contract: &Contract<'_>,
    access: &TokenStream,
    which: impl Fn(&Method<'_>) -> bool,
) -> Vec<TokenStream> {
    let Contract { door, .. } = contract;
    let methods = contract.methods.iter().filter(|method| which(method));
    let arm = methods.map(|method| {
        let Signature { types, .. } = Signature::of(door, method);
        let invoke = data(door, &method.fixed_result(), &quote!(invoke));
        let cfgs = &method.cfgs;
        let (index, frame, callee) = (method.named("index"), method.named("frame"), method.named("enter"));
        let parts = 0..types.len();
        let call = method.point(door, &quote! {
            #invoke(
                __receiver, __METHODS[#index as #door::core::primitive::usize], __frame, __place,
                |__receiver, __out| #callee::<#access>(
                    __receiver,
                    #(#door::read::<#types>(__frame, const { #door::offset_in_frame(#frame, #parts) }),)*
                    __out,
                ),
            )
        });
        quote!(#(#cfgs)* #index => #call,)
    });
    arm.collect()
}

/// The erased entry.
fn invoke(contract: &Contract<'_>) -> TokenStream {
    let Contract { door, item, id, .. } = contract;
    let ident = &item.ident;
    let arms = arms(contract, &quote!(__S), |_| true);
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

/// The erased entry of the default bodies, for callers who have none, on objects that lack them.
fn run_default(contract: &Contract<'_>) -> TokenStream {
    let Contract { door, item, id, .. } = contract;
    let ident = &item.ident;
    let has_default = |method: &Method<'_>| method.default.is_some();
    if !contract.methods.iter().any(has_default) {
        return TokenStream::new();
    }
    let arms = arms(
        contract,
        &quote!(#door::Implemented<dyn #ident>),
        has_default,
    );
    quote! {
        unsafe extern "C" fn __run_default(
            __receiver: *mut #door::abi::Receiver,
            __method: #door::core::primitive::u32,
            __frame: *const #door::core::ffi::c_void,
            __place: *mut #door::core::ffi::c_void,
        ) -> #door::core::primitive::i32 {
            unsafe {
                #door::on_implementor::<dyn #ident>(__receiver, |__receiver| match __method {
                    #(#arms)*
                    _ => #door::unknown_method(__receiver, #id, __method),
                })
            }
        }
    }
}

/// The interface for implementations in other languages: each function packs its arguments, and passes them on.
fn bridge(contract: &Contract<'_>) -> TokenStream {
    let Contract { door, methods, .. } = contract;
    let functions = methods.iter().map(|method| {
        let Signature {
            names,
            types,
            out,
            returned,
        } = Signature::of(door, method);
        let (cfgs, bridge, index) = (&method.cfgs, method.named("bridge"), method.named("index"));
        let pass_on = data(door, &method.fixed_result(), &quote!(bridge));
        // Of types that are inferred: where nothing is written, nothing can be elided.
        let parts = (0..names.len()).map(|part| format_ident!("__P{part}"));
        let parts: Vec<_> = parts.collect();
        let body = method.point(
            door,
            &quote! {
                #[repr(C)]
                struct __Frame<#(#parts),*>(#(#parts),*);
                let __packed = __Frame(#(#names),*);
                #pass_on(__receiver, __DESCRIPTOR, #index, (&raw const __packed).cast(), __out)
            },
        );
        quote! {
            #(#cfgs)*
            unsafe extern "C" fn #bridge(
                __receiver: *mut #door::abi::Receiver, #(#names: #types,)* __out: #out,
            ) -> #returned {
                unsafe { #body }
            }
        }
    });
    let fields = methods.iter().map(|method| {
        let (cfgs, name, bridge) = (&method.cfgs, method.ident, method.named("bridge"));
        let function = if method.default.is_some() {
            quote!(#door::core::option::Option::Some(#bridge))
        } else {
            quote!(#bridge)
        };
        let field = method.point(door, &quote!(#name: #function));
        quote!(#(#cfgs)* #field,)
    });
    quote! {
        #(#functions)*

        unsafe extern "C" fn __bridge() -> *const #door::abi::InterfaceHeader {
            const TABLE: &'static __Interface = &__Interface {
                __header: #door::bridge_header::<__Interface>(__DESCRIPTOR, __bridge_erased),
                #(#fields)*
            };
            (TABLE as *const __Interface).cast()
        }

        unsafe extern "C" fn __bridge_erased(
            __receiver: *mut #door::abi::Receiver,
            __method: #door::core::primitive::u32,
            __frame: *const #door::core::ffi::c_void,
            __place: *mut #door::core::ffi::c_void,
        ) -> #door::core::primitive::i32 {
            unsafe { #door::bridge_invoke(__receiver, __DESCRIPTOR, __method, __frame, __place) }
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
    let index = method.named("index");
    let arguments = &method.arguments;
    let names: Vec<_> = arguments.iter().map(|argument| &argument.ident).collect();
    let types = arguments.iter().map(|argument| argument.ty);
    let receiver = method.receiver_lifetime();
    let named = method.receiver.is_none().then(|| quote!(#receiver,));
    let lifetimes = method.generics.params.iter();
    let (lends, passed): (Vec<_>, Vec<_>) =
        arguments.iter().map(|argument| argument.lend(door)).unzip();
    let surrenders = arguments.iter().map(|argument| argument.surrender(door));
    let (come_backs, commits): (Vec<_>, Vec<_>) = arguments
        .iter()
        .filter_map(|argument| argument.come_back(door))
        .unzip();
    let (find, function) = find(door, method, &names);
    let lends = method.point(door, &quote!(#(#lends)*));
    let made = quote! {
        |__interface, __receiver, __out| {
            let __returned = #function(__receiver, #(#passed,)* __out);
            #(#surrenders)*
            __returned
        }
    };
    let (origins, finish) = match &method.origin {
        None => {
            let finish = data(door, &result, &quote!(finish));
            (
                quote!(),
                quote!(#finish(__session, #index, &__arena, #made)),
            )
        }
        Some(origin) => {
            let finish = ask(
                door,
                &result,
                &quote!(Borrows<'_>),
                &quote!(finish_borrowed),
            );
            let (regions, origins) = regions(door, method, origin);
            (
                regions,
                quote!(#finish(__session, #index, &__arena, #origins, #made)),
            )
        }
    };
    let (before, after) = if come_backs.is_empty() {
        (quote!(), quote!())
    } else {
        (
            quote! {
                let __checked = !__session.is_rust();
                let __explain = |__fault| #door::explain::<dyn #ident, __H>(__handle, #index, __fault);
            },
            quote!(#(#come_backs)* __arena.settle(); #(#commits)*),
        )
    };
    let body = method.point(
        door,
        &quote! {
            let __result = #finish?;
            #after
            #door::core::result::Result::Ok(__result)
        },
    );
    quote! {
        #(#cfgs)*
        #[inline]
        fn #call<#named #(#lifetimes,)* __H: #door::Handle<dyn #ident>>(
            __handle: &#receiver __H, #(#names: #types),*
        ) -> #result {
            let mut __call = || -> #door::core::result::Result<#result, #door::Fault> {
                let __session = #door::begin::<dyn #ident, __H>(__handle, #index)?;
                #find
                let __arena = #door::Arena::new();
                #origins
                #lends
                #before
                unsafe { #body }
            };
            #door::settle(__call(), |__fault| {
                use #door::{RaiseAsError as _, RaiseByUnwinding as _};
                (&&#door::Raise::<#result>::NEW).raise(__fault)
            })
        }
    }
}

/// The function of a method; when the provider lacks it, the default body runs instead.
fn find(door: &Door, method: &Method<'_>, names: &[&Ident]) -> (TokenStream, TokenStream) {
    let name = method.ident;
    if method.default.is_none() {
        return (quote!(), quote!((__interface.#name)));
    }
    let default = method.named("default");
    let this = match (&method.origin, method.exclusive) {
        (Some(Origin::Arguments(_)), true) => quote!(&mut __still),
        (Some(Origin::Arguments(_)), false) => quote!(&__still),
        // Also when no reference is seen: a lifetime of the object's may hide in a path, as in `Cow<'_, str>`.
        (_, true) => quote!(unsafe { #door::unbound_mut(&mut __still) }),
        (_, false) => quote!(unsafe { #door::unbound(&__still) }),
    };
    let find = quote! {
        let #door::core::option::Option::Some(__function) = __session.interface().#name else {
            // A variable: what is made inside of an `unsafe` block would be gone at its end (edition 2024).
            let mut __still = __session.still();
            return #door::core::result::Result::Ok(__Defaults::#default(#this, #(#names),*));
        };
    };
    (find, quote!(__function))
}

/// The memory that a result may borrow from.
fn regions(door: &Door, method: &Method<'_>, origin: &Origin) -> (TokenStream, TokenStream) {
    let Origin::Arguments(indices) = origin else {
        return (quote!(), quote!(#door::core::option::Option::None));
    };
    let regions = indices.iter().map(|&index| {
        let argument = &method.arguments[index];
        let value = &argument.ident;
        let ty = match argument.passing {
            Passing::Text => quote!(#door::core::primitive::str),
            Passing::Slice(ty) => {
                let ty = carry::open(ty);
                slice_of(&ty)
            }
            Passing::Reference(ty) => carry::open(ty).into_token_stream(),
            _ => return quote!(#door::Region::EMPTY),
        };
        let region = ask(door, &ty, &quote!(Referent), &quote!(region));
        quote!(#region(#value))
    });
    (
        quote!(let __origins = [#(#regions),*];),
        quote!(#door::core::option::Option::Some(&__origins)),
    )
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
            let (head, call) = (handled(method), method.named("leave"));
            let names = method.arguments.iter().map(|argument| &argument.ident);
            // The author's own word: where a `macro_rules` wrote the attribute alone, ours would mean another.
            let this = method.item.sig.receiver().map(|this| this.self_token);
            quote!(#head { #call(#this, #(#names),*) })
        })
        .collect();
    let mut handles = vec![quote!(impl #ident for #door::Instance<dyn #ident>)];
    if !contract.exclusive() {
        handles.push(quote!(impl #ident for #door::Pinned<dyn #ident>));
        // What it follows may go away at any time, and so would what is borrowed from it.
        if !contract.pinned {
            handles.push(quote!(impl #ident for #door::Caller<dyn #ident>));
        }
    }
    let supertraits = item.supertraits.iter();
    let bounds =
        quote!(?#door::core::marker::Sized + #door::ObjectOf<dyn #ident> #(+ #supertraits)*);
    handles.push(quote!(impl<ObjectBehind: #bounds> #ident for #door::Borrowed<'_, ObjectBehind>));
    handles.push(quote!(impl<ObjectBehind: #bounds> #ident for #door::Proxy<ObjectBehind>));
    let impls = handles.iter().map(|handle| {
        let handle = listed(door, ident, handle, quote!(#(#bodies)*));
        quote!(#[automatically_derived] #handle)
    });
    let refused = (contract.pinned && !contract.exclusive()).then(|| {
        // An impl that holds for no caller: so the compiler has words for a call on one.
        let heads = methods.iter().map(handled);
        let bodies = quote!(#(#heads { #door::core::unreachable!() })*);
        let bounds = quote!(?#door::core::marker::Sized + #door::PinTheCallerFirst);
        let head = quote!(impl<CalledContract: #bounds> #ident for #door::Caller<CalledContract>);
        listed(door, ident, &head, bodies)
    });
    quote!(#(#impls)* #refused)
}

/// The head of a method in the impl of a handle.
fn handled(method: &Method<'_>) -> TokenStream {
    let (cfgs, name, output) = (&method.cfgs, method.ident, &method.item.sig.output);
    let names = method.arguments.iter().map(|argument| &argument.ident);
    let types = method.arguments.iter().map(|argument| argument.ty);
    let lifetimes = method.generics.params.iter();
    let receiver = &method.item.sig.inputs[0];
    quote!(#(#cfgs)* #[inline] fn #name<#(#lifetimes),*>(#receiver, #(#names: #types),*) #output)
}
