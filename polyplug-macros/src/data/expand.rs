//! What data is printed as: the type as written, its wire form, and the way between the two.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};

use super::model::{Data, Field, Shape, Variant};
use crate::door;

/// The whole expansion.
pub(crate) fn expand(data: &Data<'_>) -> TokenStream {
    let tokens = data.tokens;
    let (layout, body) = match &data.shape {
        // One layout with the wire form, so that plain values pass by address.
        Shape::Struct(variant) => (quote!(#[repr(C)]), structure(data, variant)),
        Shape::Choice(variants) => (quote!(), choice(data, variants)),
        Shape::Enum(variants) => (quote!(), enumeration(data, variants)),
    };
    quote! {
        #layout
        #tokens

        #[allow(
            warnings, clippy::all, clippy::pedantic, clippy::nursery, clippy::restriction,
            reason = "generated code"
        )]
        const _: () = {
            #body
        };
    }
}

impl Field<'_> {
    /// Something of the trait `Data` for its type, asked for at the type.
    fn of(&self, door: &TokenStream, name: &str) -> TokenStream {
        let at = door::place(self.ty);
        let near = door::moved(door, at);
        let (ty, name) = (self.ty, proc_macro2::Ident::new(name, at));
        quote_spanned!(at=> <#ty as #near::Data>::#name)
    }

    /// Its descriptor, asked for at the type.
    fn describe(&self, door: &TokenStream) -> TokenStream {
        let at = door::place(self.ty);
        let near = door::moved(door, at);
        let ty = self.ty;
        quote_spanned!(at=> { let _: () = <#ty as #near::Data>::ASKED; #near::field::<#ty> })
    }
}

fn structure(data: &Data<'_>, variant: &Variant<'_>) -> TokenStream {
    let Data {
        door, ident, docs, ..
    } = data;
    let name = &variant.name;
    let fields = &variant.fields;
    let members: Vec<_> = fields.iter().map(|field| &field.member).collect();
    let ask = |name: &str| -> Vec<_> { fields.iter().map(|field| field.of(door, name)).collect() };
    let (lent_types, owned_types) = (ask("Lent"), ask("Owned"));
    let at =
        door::place_of_one(fields.iter().map(|field| field.ty)).unwrap_or_else(|| ident.span());
    let wire_lent = quote_spanned!(at=> __Wire<#(#lent_types),*>);
    let wire_owned = quote_spanned!(at=> __Wire<#(#owned_types),*>);
    let (plain, lend, take, give, receive) = (
        ask("PLAIN"),
        ask("lend"),
        ask("take"),
        ask("give"),
        ask("receive"),
    );
    let parameters: Vec<_> = fields.iter().map(|field| &field.parameter).collect();
    let wire = if variant.named {
        quote!(pub struct __Wire<#(#parameters),*> { #(#members: #parameters),* })
    } else {
        quote!(pub struct __Wire<#(#parameters),*>(#(#parameters),*);)
    };
    let descriptors = fields.iter().map(|field| {
        let Field {
            member, name, docs, ..
        } = field;
        let describe = field.describe(door);
        quote!(&#describe(
            #name, #docs,
            #door::core::mem::offset_of!(<#ident as #door::Data>::Lent, #member),
            #door::core::mem::offset_of!(<#ident as #door::Data>::Owned, #member),
        ))
    });
    let (lent, lent_ref) = (
        quote_spanned!(at=> Self::Lent),
        quote_spanned!(at=> &Self::Lent),
    );
    let owned = quote_spanned!(at=> Self::Owned);
    let lend = door::body(
        at,
        quote!(__Wire { #(#members: #lend(&self.#members, __arena)),* }),
    );
    let take = door::body(
        at,
        quote!(unsafe { Self { #(#members: #take(&__lent.#members)),* } }),
    );
    let give = door::body(at, quote!(__Wire { #(#members: #give(self.#members)),* }));
    let receive = door::body(
        at,
        quote!(unsafe { Self { #(#members: #receive(__owned.#members)),* } }),
    );
    quote! {
        #[repr(C)]
        #wire

        unsafe impl #door::Data for #ident {
            type Lent = #wire_lent;
            type Owned = #wire_owned;
            type Travel = #door::ByAddress;
            const PLAIN: #door::core::primitive::bool = true #(&& #plain)*;
            const TYPE: &'static #door::abi::TypeDescriptor =
                &#door::structure::<Self>(#name, #docs, const { &[#(#descriptors),*] });

            #[inline]
            fn lend(&self, __arena: &#door::Arena) -> #lent #lend
            #[inline]
            unsafe fn take(__lent: #lent_ref) -> Self #take
            #[inline]
            fn give(self) -> #owned #give
            #[inline]
            unsafe fn receive(__owned: #owned) -> Self #receive
        }
    }
}

fn choice(data: &Data<'_>, variants: &[Variant<'_>]) -> TokenStream {
    let Data {
        door, ident, docs, ..
    } = data;
    let name = ident.to_string();
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
            type Travel = #door::ByValue;
            const PLAIN: #door::core::primitive::bool = false;
            const TYPE: &'static #door::abi::TypeDescriptor =
                &#door::enumeration::<Self>(true, #name, #docs, const { &[#(#descriptors),*] });

            #[inline]
            fn lend(&self, _: &#door::Arena) -> #door::core::primitive::u32 {
                match self { #(Self::#patterns => #tags),* }
            }
            #[inline]
            unsafe fn take(__lent: &#door::core::primitive::u32) -> Self {
                match *__lent { #(#tags => Self::#patterns,)* _ => unsafe { #door::core::hint::unreachable_unchecked() } }
            }
            #[inline]
            fn give(self) -> #door::core::primitive::u32 {
                match self { #(Self::#patterns => #tags),* }
            }
            #[inline]
            unsafe fn receive(__owned: #door::core::primitive::u32) -> Self {
                unsafe { <Self as #door::Data>::take(&__owned) }
            }
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
    let name = ident.to_string();
    let all = || variants.iter().flat_map(|variant| &variant.fields);
    let ask = |name: &str| -> Vec<_> { all().map(|field| field.of(door, name)).collect() };
    let (lent_types, owned_types) = (ask("Lent"), ask("Owned"));
    let at = door::place_of_one(all().map(|field| field.ty)).unwrap_or_else(|| ident.span());
    let wire_lent = quote_spanned!(at=> __Wire<#(#lent_types),*>);
    let wire_owned = quote_spanned!(at=> __Wire<#(#owned_types),*>);
    let parameters: Vec<_> = all().map(|field| &field.parameter).collect();
    let wires = variants.iter().map(|variant| {
        let (ident, fields) = (
            variant.ident,
            variant.fields.iter().map(|field| &field.parameter),
        );
        quote!(#ident(#(#fields),*))
    });
    let descriptors = variants.iter().zip(0_u32..).map(|(variant, tag)| {
        let Variant {
            name, docs, fields, ..
        } = variant;
        let (lent, owned): (Vec<_>, Vec<_>) = fields
            .iter()
            .map(|field| (field.of(door, "Lent"), field.of(door, "Owned")))
            .unzip();
        let fields = fields.iter().enumerate().map(|(index, field)| {
            let Field { name, docs, .. } = field;
            let describe = field.describe(door);
            quote!(&#describe(
                #name, #docs,
                #door::offset_in_variant::<<#ident as #door::Data>::Lent>(
                    &[#(#door::core::alloc::Layout::new::<#lent>()),*], #index,
                ),
                #door::offset_in_variant::<<#ident as #door::Data>::Owned>(
                    &[#(#door::core::alloc::Layout::new::<#owned>()),*], #index,
                ),
            ))
        });
        quote!(&#door::variant(#tag, #name, #docs, const { &[#(#fields),*] }))
    });
    let arms =
        |from_wire: bool, way: &TokenStream| -> TokenStream {
            let arms = variants.iter().map(|variant| {
            let ident = variant.ident;
            let members: Vec<_> = variant.fields.iter().map(|field| &field.member).collect();
            let bindings: Vec<_> = variant.fields.iter().map(|field| &field.binding).collect();
            let arena = if *way.to_string() == *"lend" { quote!(, __arena) } else { quote!() };
            let values: Vec<_> = variant
                .fields
                .iter()
                .map(|field| {
                    let (way, binding) = (field.of(door, &way.to_string()), &field.binding);
                    quote!(#way(#binding #arena))
                })
                .collect();
            if from_wire {
                quote!(__Wire::#ident(#(#bindings),*) => Self::#ident { #(#members: #values),* })
            } else {
                quote!(Self::#ident { #(#members: #bindings),* } => __Wire::#ident(#(#values),*))
            }
        });
            quote!(#(#arms,)*)
        };
    let lend = arms(false, &quote!(lend));
    let take = arms(true, &quote!(take));
    let give = arms(false, &quote!(give));
    let receive = arms(true, &quote!(receive));
    let (lent, lent_ref) = (
        quote_spanned!(at=> Self::Lent),
        quote_spanned!(at=> &Self::Lent),
    );
    let owned = quote_spanned!(at=> Self::Owned);
    let lend = door::body(at, quote!(match self { #lend }));
    let take = door::body(at, quote!(unsafe { match __lent { #take } }));
    let give = door::body(at, quote!(match self { #give }));
    let receive = door::body(at, quote!(unsafe { match __owned { #receive } }));
    quote! {
        #[repr(C, u32)]
        pub enum __Wire<#(#parameters),*> { #(#wires),* }

        unsafe impl #door::Data for #ident {
            type Lent = #wire_lent;
            type Owned = #wire_owned;
            type Travel = #door::ByAddress;
            const PLAIN: #door::core::primitive::bool = false;
            const TYPE: &'static #door::abi::TypeDescriptor =
                &#door::enumeration::<Self>(false, #name, #docs, const { &[#(#descriptors),*] });

            #[inline]
            fn lend(&self, __arena: &#door::Arena) -> #lent #lend
            #[inline]
            unsafe fn take(__lent: #lent_ref) -> Self #take
            #[inline]
            fn give(self) -> #owned #give
            #[inline]
            unsafe fn receive(__owned: #owned) -> Self #receive
        }
    }
}
