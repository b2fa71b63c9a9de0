//! What data is printed as: the type as written, its wire form, and the way between the two.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::Type;
use syn::ext::IdentExt as _;

use super::growing;
use super::model::{Data, Field, Shape, Variant};
use crate::door::{Door, ask, is_standard};

/// The whole expansion.
pub(crate) fn expand(data: &Data<'_>) -> TokenStream {
    let tokens = data.tokens;
    let (layout, body) = match &data.shape {
        // One layout with the wire form, so that plain values pass by address.
        Shape::Struct(variant) => (quote!(#[repr(C)]), structure(data, variant)),
        Shape::Choice(variants) => (quote!(), choice(data, variants)),
        Shape::Enum(variants) => (quote!(), enumeration(data, variants)),
        Shape::Flags(field) => (quote!(#[repr(transparent)]), flags(data, field)),
        Shape::GrowingStruct(variant) => (quote!(), growing::structure(data, variant)),
        Shape::GrowingEnum { variants, other } => (
            quote!(),
            growing::enumeration(data, variants, other.as_ref()),
        ),
    };
    let no_drop = no_drop(data);
    quote! {
        #layout
        #tokens

        #[allow(
            warnings, clippy::all, clippy::pedantic, clippy::nursery, clippy::restriction,
            reason = "generated code"
        )]
        const _: () = {
            #body
            #no_drop
        };
    }
}

/// Asks, at the name of the type, whether it has a `Drop` of its own.
fn no_drop(data: &Data<'_>) -> TokenStream {
    let Data { door, ident, .. } = data;
    let near = door.moved(ident.span());
    quote_spanned! {ident.span()=>
        const _: fn() = || {
            use #near::{HasDrop as _, HasNoDrop as _};
            (&#near::DropCheck::<#ident>::NEW).holds();
        };
    }
}

/// What becomes of a fault where this type was expected as an error.
pub(super) fn error_of(data: &Data<'_>) -> TokenStream {
    let Data { door, .. } = data;
    quote! {
        fn error_of(__fault: #door::Fault) -> #door::core::result::Result<Self, #door::Fault> {
            use #door::{ErrorFromFault as _, NoErrorFromFault as _};
            (&#door::ErrorOf::<Self>::NEW).make(__fault)
        }
    }
}

/// What all of these types make of one.
fn bits(door: &Door, types: &[&Type]) -> TokenStream {
    let none = point(door, types, quote!(#door::AnyBits));
    types.iter().rev().fold(none, |rest, ty| {
        let bits = ask(door, ty, &quote!(Data), &quote!(Bits));
        let (start, end) = (
            point(door, types, quote!(#door::And)),
            point(door, types, quote!(<)),
        );
        let (comma, close) = (point(door, types, quote!(,)), point(door, types, quote!(>)));
        quote!(#start #end #bits #comma #rest #close)
    })
}

/// What stands for the objects of all of these types: a type of its own, so that data may contain itself.
pub(super) fn objects(door: &Door, types: &[&Type]) -> TokenStream {
    let objects = types.iter().map(|ty| {
        let objects = ask(door, ty, &quote!(Data), &quote!(Objects));
        door.over(
            &quote!(#ty),
            &quote!(#door::core::marker::PhantomData<#objects>),
        )
    });
    quote!(pub struct __Objects(#(#objects,)* ());)
}

/// Tokens of ours that say something about all fields, where the type lies that most likely cannot cross.
pub(super) fn point(door: &Door, types: &[&Type], tokens: TokenStream) -> TokenStream {
    let mut types = types.iter().map(|ty| quote!(#ty));
    match types.find(|ty| !is_standard(ty)) {
        Some(suspect) => door.over(&suspect, &tokens),
        None => tokens,
    }
}

/// `<T as Data>::member`, for each type.
pub(super) fn each(door: &Door, types: &[&Type], member: &TokenStream) -> Vec<TokenStream> {
    types
        .iter()
        .map(|ty| ask(door, ty, &quote!(Data), member))
        .collect()
}

fn structure(data: &Data<'_>, variant: &Variant<'_>) -> TokenStream {
    let Data {
        door, ident, docs, ..
    } = data;
    let name = &variant.name;
    let fields = &variant.fields;
    let members: Vec<_> = fields.iter().map(|field| &field.member).collect();
    let types: Vec<_> = fields.iter().map(|field| field.ty).collect();
    let each = |member: TokenStream| each(door, &types, &member);
    let (lent, owned) = (each(quote!(Lent)), each(quote!(Owned)));
    let (lent_layouts, owned_layouts) = (each(quote!(LENT)), each(quote!(OWNED)));
    let (lend, take) = (each(quote!(lend)), each(quote!(take)));
    let (give, receive) = (each(quote!(give)), each(quote!(receive)));
    let (bits, surrender) = (bits(door, &types), each(quote!(surrender)));
    let objects = objects(door, &types);
    let error_of = error_of(data);
    let functions = each(quote!(FUNCTION));
    let descriptors =
        fields
            .iter()
            .zip(&functions)
            .enumerate()
            .map(|(index, (field, function))| {
                let Field { name, docs, .. } = field;
                quote!(&#door::field(
                    #name, #docs, #function,
                    #door::offset_in_frame(__LENT, #index), #door::offset_in_frame(__OWNED, #index),
                ))
            });
    let point = |tokens: TokenStream| point(door, &types, tokens);
    // The last field decides whether a struct has a size: with one that surely has, what is wrong with a type of the
    // author's is said once, at that type.
    let end = if variant.named {
        syn::Member::Named(quote::format_ident!("__end"))
    } else {
        syn::Member::Unnamed(syn::Index::from(members.len()))
    };
    let wire = |name: TokenStream, types: Vec<TokenStream>| {
        if variant.named {
            quote!(#[repr(C)] pub struct #name { #(#members: #types,)* #end: () })
        } else {
            quote!(#[repr(C)] pub struct #name(#(#types,)* ());)
        }
    };
    let (lent_wire, owned_wire) = (wire(quote!(__Lent), lent), wire(quote!(__Owned), owned));
    let safe = point(quote! {
        #[inline]
        fn lend(&self, __arena: &#door::Arena) -> Self::Lent {
            __Lent { #(#members: #lend(&self.#members, __arena),)* #end: () }
        }
        #[inline]
        fn give(self) -> Self::Owned {
            __Owned { #(#members: #give(self.#members),)* #end: () }
        }
        #[inline]
        fn surrender(self) {
            #(#surrender(self.#members);)*
        }
    });
    let taken = point(quote!(Self { #(#members: #take(&__lent.#members, __arena)),* }));
    let received = point(quote!(Self { #(#members: #receive(__owned.#members, __arena)),* }));
    quote! {
        #lent_wire
        #owned_wire
        #objects

        const __LENT: &[#door::core::alloc::Layout] = &[#(#lent_layouts),*];
        const __OWNED: &[#door::core::alloc::Layout] = &[#(#owned_layouts),*];

        unsafe impl #door::Data for #ident {
            type Lent = __Lent;
            type Owned = __Owned;
            type Taken<'call> = Self;
            type Travel = #door::ByAddress;
            type Bits = #bits;
            type Objects = __Objects;
            const TYPE: &'static #door::abi::TypeDescriptor =
                &#door::structure::<Self>(#name, #docs, const { &[#(#descriptors),*] });

            #safe
            #[inline]
            unsafe fn take<'call>(__lent: &Self::Lent, __arena: &'call #door::Arena) -> Self {
                unsafe { #taken }
            }
            #[inline]
            unsafe fn receive(__owned: Self::Owned, __arena: &#door::Arena) -> Self {
                unsafe { #received }
            }
            #error_of
        }
    }
}

fn choice(data: &Data<'_>, variants: &[Variant<'_>]) -> TokenStream {
    let Data {
        door, ident, docs, ..
    } = data;
    let (name, error_of) = (ident.unraw().to_string(), error_of(data));
    let tags: Vec<_> = (0_u32..).take(variants.len()).collect();
    let patterns: Vec<_> = variants.iter().map(|variant| empty(variant)).collect();
    let descriptors = variants.iter().zip(&tags).map(|(variant, tag)| {
        let Variant { name, docs, .. } = variant;
        quote!(&#door::variant(#tag, #name, #docs, &[]))
    });
    quote! {
        unsafe impl #door::Data for #ident {
            type Lent = #door::core::primitive::u32;
            type Owned = #door::core::primitive::u32;
            type Taken<'call> = Self;
            type Travel = #door::ByValue;
            type Bits = #door::NotPlain;
            type Objects = ();
            const TYPE: &'static #door::abi::TypeDescriptor =
                &#door::enumeration::<Self>(true, #name, #docs, const { &[#(#descriptors),*] });

            #[inline]
            fn lend(&self, _: &#door::Arena) -> #door::core::primitive::u32 {
                match self { #(Self::#patterns => #tags),* }
            }
            #[inline]
            unsafe fn take(__lent: &#door::core::primitive::u32, _: &#door::Arena) -> Self {
                match *__lent { #(#tags => Self::#patterns,)* _ => unsafe { #door::core::hint::unreachable_unchecked() } }
            }
            #[inline]
            fn give(self) -> #door::core::primitive::u32 {
                match self { #(Self::#patterns => #tags),* }
            }
            #[inline]
            unsafe fn receive(__owned: #door::core::primitive::u32, __arena: &#door::Arena) -> Self {
                unsafe { <Self as #door::Data>::take(&__owned, __arena) }
            }
            #error_of
        }

        unsafe impl #door::Scalar for #ident {
            type Wide = #door::core::primitive::u32;
            #[inline]
            fn widen(__lent: &#door::core::primitive::u32) -> #door::core::primitive::u32 {
                *__lent
            }
            #[inline]
            fn narrow(__wide: #door::core::primitive::u32) -> #door::core::primitive::u32 {
                __wide
            }
            #[inline]
            fn bits(__wide: #door::core::primitive::u32) -> #door::core::primitive::u64 {
                __wide as #door::core::primitive::u64
            }
        }
    }
}

/// A variant without fields, however it is written.
fn empty(variant: &Variant<'_>) -> TokenStream {
    let ident = variant.ident;
    quote!(#ident {})
}

fn enumeration(data: &Data<'_>, variants: &[Variant<'_>]) -> TokenStream {
    let Data {
        door, ident, docs, ..
    } = data;
    let (name, error_of) = (ident.unraw().to_string(), error_of(data));
    let all = || variants.iter().flat_map(|variant| &variant.fields);
    let types: Vec<_> = all().map(|field| field.ty).collect();
    let wire = |name: TokenStream, member: &TokenStream| {
        let wires = variants.iter().map(|variant| {
            let types: Vec<_> = variant.fields.iter().map(|field| field.ty).collect();
            let (ident, types) = (variant.ident, each(door, &types, member));
            quote!(#ident(#(#types),*))
        });
        quote!(#[repr(C, u32)] pub enum #name { #(#wires),* })
    };
    let (lent_wire, owned_wire) = (
        wire(quote!(__Lent), &quote!(Lent)),
        wire(quote!(__Owned), &quote!(Owned)),
    );
    let descriptors = variants.iter().zip(0_u32..).map(|(variant, tag)| {
        let Variant {
            name, docs, fields, ..
        } = variant;
        let types: Vec<_> = fields.iter().map(|field| field.ty).collect();
        let of_variant = |member: TokenStream| each(door, &types, &member);
        let (lent, owned) = (of_variant(quote!(LENT)), of_variant(quote!(OWNED)));
        let functions = of_variant(quote!(FUNCTION));
        let fields = fields
            .iter()
            .zip(functions)
            .enumerate()
            .map(|(index, (field, function))| {
                let Field { name, docs, .. } = field;
                quote!(&#door::field(
                    #name, #docs, #function,
                    #door::offset_in_variant(__LENT, &[#(#lent),*], #index),
                    #door::offset_in_variant(__OWNED, &[#(#owned),*], #index),
                ))
            });
        quote!(&#door::variant(#tag, #name, #docs, const { &[#(#fields),*] }))
    });
    let of_all = |member: TokenStream| each(door, &types, &member);
    let objects = objects(door, &types);
    let (lent_layouts, owned_layouts) = (of_all(quote!(LENT)), of_all(quote!(OWNED)));
    let arms = |from_wire: bool, way: &TokenStream, form: &TokenStream| -> TokenStream {
        let arms = variants.iter().map(|variant| {
            let ident = variant.ident;
            let members: Vec<_> = variant.fields.iter().map(|field| &field.member).collect();
            let bindings: Vec<_> = variant.fields.iter().map(|field| &field.binding).collect();
            let types = variant.fields.iter().map(|field| field.ty);
            let arena = match way.to_string().as_str() {
                "give" | "surrender" => quote!(),
                _ => quote!(, __arena),
            };
            let values: Vec<_> = types
                .zip(&bindings)
                .map(|(ty, binding)| {
                    let convert = ask(door, ty, &quote!(Data), way);
                    quote!(#convert(#binding #arena))
                })
                .collect();
            if *way.to_string() == *"surrender" {
                quote!(Self::#ident { #(#members: #bindings),* } => { #(#values;)* })
            } else if from_wire {
                quote!(#form::#ident(#(#bindings),*) => Self::#ident { #(#members: #values),* })
            } else {
                quote!(Self::#ident { #(#members: #bindings),* } => #form::#ident(#(#values),*))
            }
        });
        quote!(#(#arms,)*)
    };
    let lend = arms(false, &quote!(lend), &quote!(__Lent));
    let take = arms(true, &quote!(take), &quote!(__Lent));
    let give = arms(false, &quote!(give), &quote!(__Owned));
    let receive = arms(true, &quote!(receive), &quote!(__Owned));
    let surrender = arms(false, &quote!(surrender), &quote!());
    let point = |tokens: TokenStream| point(door, &types, tokens);
    let safe = point(quote! {
        #[inline]
        fn lend(&self, __arena: &#door::Arena) -> Self::Lent {
            match self { #lend }
        }
        #[inline]
        fn give(self) -> Self::Owned {
            match self { #give }
        }
        #[inline]
        fn surrender(self) {
            match self { #surrender }
        }
    });
    let taken = point(quote!(match __lent { #take }));
    let received = point(quote!(match __owned { #receive }));
    quote! {
        #lent_wire
        #owned_wire
        #objects

        const __LENT: &[#door::core::alloc::Layout] = &[#(#lent_layouts),*];
        const __OWNED: &[#door::core::alloc::Layout] = &[#(#owned_layouts),*];

        unsafe impl #door::Data for #ident {
            type Lent = __Lent;
            type Owned = __Owned;
            type Taken<'call> = Self;
            type Travel = #door::ByAddress;
            type Bits = #door::NotPlain;
            type Objects = __Objects;
            const TYPE: &'static #door::abi::TypeDescriptor =
                &#door::enumeration::<Self>(false, #name, #docs, const { &[#(#descriptors),*] });

            #safe
            #[inline]
            unsafe fn take<'call>(__lent: &Self::Lent, __arena: &'call #door::Arena) -> Self {
                unsafe { #taken }
            }
            #[inline]
            unsafe fn receive(__owned: Self::Owned, __arena: &#door::Arena) -> Self {
                unsafe { #received }
            }
            #error_of
        }
    }
}

/// A set of bits: its integer.
fn flags(data: &Data<'_>, field: &Field<'_>) -> TokenStream {
    let Data {
        door, ident, docs, ..
    } = data;
    let (name, member, ty) = (ident.unraw().to_string(), &field.member, field.ty);
    let wide = door.over(&quote!(#ty), &quote!(<#ty as #door::Scalar>::Wide));
    let integer = |member: TokenStream| ask(door, &ty, &quote!(FlagsInteger), &member);
    let (all, widen, narrow, to_bits) = (
        integer(quote!(HOLDS)),
        ask(door, &ty, &quote!(Scalar), &quote!(widen)),
        ask(door, &ty, &quote!(Scalar), &quote!(narrow)),
        ask(door, &ty, &quote!(Scalar), &quote!(bits)),
    );
    quote! {
        const _: () = #all;

        unsafe impl #door::Data for #ident {
            type Lent = #ty;
            type Owned = #ty;
            type Taken<'call> = Self;
            type Travel = #door::ByValue;
            type Bits = #door::AnyBits;
            type Objects = ();
            const TYPE: &'static #door::abi::TypeDescriptor = &#door::flags::<Self, #ty>(#name, #docs);

            #[inline]
            fn lend(&self, _: &#door::Arena) -> #ty {
                self.#member
            }
            #[inline]
            unsafe fn take(__lent: &#ty, _: &#door::Arena) -> Self {
                Self { #member: *__lent }
            }
            #[inline]
            fn give(self) -> #ty {
                self.#member
            }
            #[inline]
            unsafe fn receive(__owned: #ty, _: &#door::Arena) -> Self {
                Self { #member: __owned }
            }
        }

        unsafe impl #door::Scalar for #ident {
            type Wide = #wide;
            #[inline]
            fn widen(__lent: &#ty) -> Self::Wide {
                #widen(__lent)
            }
            #[inline]
            fn narrow(__wide: Self::Wide) -> #ty {
                #narrow(__wide)
            }
            #[inline]
            fn bits(__wide: Self::Wide) -> #door::core::primitive::u64 {
                #to_bits(__wide)
            }
        }
    }
}
