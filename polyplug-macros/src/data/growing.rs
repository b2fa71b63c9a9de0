//! What data that may grow is printed as: nodes behind pointers, read field by field.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use syn::Type;
use syn::ext::IdentExt as _;

use super::expand::{each, error_of, objects, point};
use super::marks::Filling;
use super::model::{Data, Field, Variant};
use crate::door::{Door, ask};

/// A struct: `{ u32 size; fields.. }`.
pub(crate) fn structure(data: &Data<'_>, variant: &Variant<'_>) -> TokenStream {
    let Data {
        door, ident, docs, ..
    } = data;
    let (name, fields) = (&variant.name, &variant.fields);
    let members: Vec<_> = fields.iter().map(|field| &field.member).collect();
    let types: Vec<_> = fields.iter().map(|field| field.ty).collect();
    let each = |member: TokenStream| each(door, &types, &member);
    let (lent, owned) = (each(quote!(Lent)), each(quote!(Owned)));
    let (lent_layouts, owned_layouts) = (each(quote!(LENT)), each(quote!(OWNED)));
    let (lend, give, surrender) = (
        each(quote!(lend)),
        each(quote!(give)),
        each(quote!(surrender)),
    );
    let (take, receive) = (each(quote!(take)), each(quote!(receive)));
    let functions = each(quote!(FUNCTION));
    let error_of = error_of(data);
    // The size comes first.
    let offset = |layouts: &TokenStream, index: usize| {
        let index = index + 1;
        quote!(const { #door::offset_in_frame(#layouts, #index) })
    };
    let (of_lent, of_owned) = (quote!(__LENT), quote!(__OWNED));
    let descriptors =
        fields
            .iter()
            .zip(&functions)
            .enumerate()
            .map(|(index, (field, function))| {
                let Field { name, docs, .. } = field;
                let (lent, owned) = (offset(&of_lent, index), offset(&of_owned, index));
                let described = quote!(#door::field(#name, #docs, #function, #lent, #owned));
                match field.default {
                    Some(_) => quote!(&#door::defaulted(#described)),
                    None => quote!(&#described),
                }
            });
    let taken = fields
        .iter()
        .zip(&take)
        .enumerate()
        .map(|(index, (field, take))| {
            let offset = offset(&of_lent, index);
            match &field.default {
                Some(_) => {
                    let default = default_of(field);
                    quote!(match __node.added(#offset) {
                        #door::core::option::Option::Some(__field) => #take(__field, __arena),
                        #door::core::option::Option::None => <Self as __Defaults>::#default(),
                    })
                }
                None => quote!(#take(__node.field(#offset), __arena)),
            }
        });
    let received = fields.iter().zip(&receive).enumerate().map(|(index, (field, receive))| {
        let offset = offset(&of_owned, index);
        let read = quote!(#door::core::ptr::read);
        match &field.default {
            Some(_) => {
                let default = default_of(field);
                quote!(match __node.added(#offset) {
                    #door::core::option::Option::Some(__field) => #receive(#read(__field), __arena),
                    #door::core::option::Option::None => <Self as __Defaults>::#default(),
                })
            }
            None => quote!(#receive(#read(__node.field(#offset)), __arena)),
        }
    });
    let point = |tokens: TokenStream| point(door, &types, tokens);
    let safe = point(quote! {
        #[inline]
        fn lend(&self, __arena: &#door::Arena) -> Self::Lent {
            let __node = __Lent(const { #door::size_word(__LENT) }, #(#lend(&self.#members, __arena),)* ());
            #door::lend_struct::<Self, __Lent>(__node, __arena)
        }
        #[inline]
        fn give(self) -> Self::Owned {
            let __node = __Owned(const { #door::size_word(__OWNED) }, #(#give(self.#members),)* ());
            #door::give_struct::<Self, __Owned>(__node)
        }
        #[inline]
        fn surrender(self) {
            #(#surrender(self.#members);)*
        }
    });
    let taken = point(quote!(Self { #(#members: #taken),* }));
    let received = point(quote!(Self { #(#members: #received),* }));
    let (defaults, objects) = (defaults(data, fields), objects(door, &types));
    quote! {
        #objects
        #[repr(C)]
        struct __Lent(#door::core::primitive::u32, #(#lent,)* ());
        #[repr(C)]
        struct __Owned(#door::core::primitive::u32, #(#owned,)* ());

        const __LENT: &[#door::core::alloc::Layout] =
            &[#door::core::alloc::Layout::new::<#door::core::primitive::u32>(), #(#lent_layouts),*];
        const __OWNED: &[#door::core::alloc::Layout] =
            &[#door::core::alloc::Layout::new::<#door::core::primitive::u32>(), #(#owned_layouts),*];

        #defaults

        unsafe impl #door::Data for #ident {
            type Lent = #door::abi::Grown;
            type Owned = #door::abi::Grown;
            type Taken<'call> = Self;
            type Travel = #door::ByAddress;
            type Bits = #door::NotPlain;
            type Objects = __Objects;
            const TYPE: &'static #door::abi::TypeDescriptor =
                &#door::growing_structure::<Self>(#name, #docs, const { &[#(#descriptors),*] });

            #safe
            unsafe fn take<'call>(__lent: &Self::Lent, __arena: &'call #door::Arena) -> Self {
                unsafe {
                    let __node = #door::Node::lent(__lent, const { #door::size_word(__LENT) });
                    #taken
                }
            }
            unsafe fn receive(__owned: Self::Owned, __arena: &#door::Arena) -> Self {
                unsafe {
                    let __node = #door::Node::owned(__owned, const { #door::size_word(__OWNED) });
                    #received
                }
            }
            #error_of
        }
    }
}

/// The function that fills a field in.
fn default_of(field: &Field<'_>) -> Ident {
    format_ident!("__default{}", field.binding)
}

/// Those functions: safe ones, so that an author's expression is not inside `unsafe` of ours.
fn defaults(data: &Data<'_>, fields: &[Field<'_>]) -> TokenStream {
    let Data { door, ident, .. } = data;
    let mut heads = Vec::new();
    let mut bodies = Vec::new();
    for field in fields {
        let (name, ty) = (default_of(field), field.ty);
        let body = match &field.default {
            None => continue,
            Some(Filling::Expression(expression)) => quote!(#expression),
            Some(Filling::Standard) => {
                let default = quote!(<#ty as #door::core::default::Default>::default());
                door.over(&quote!(#ty), &default)
            }
        };
        heads.push(quote!(fn #name() -> #ty;));
        bodies.push(quote!(fn #name() -> #ty { #body }));
    }
    if heads.is_empty() {
        return TokenStream::new();
    }
    quote! {
        trait __Defaults {
            #(#heads)*
        }
        impl __Defaults for #ident {
            #(#bodies)*
        }
    }
}

/// An enum: `{ u32 tag; payload }`.
pub(crate) fn enumeration(
    data: &Data<'_>,
    variants: &[Variant<'_>],
    other: Option<&Variant<'_>>,
) -> TokenStream {
    let Data {
        door, ident, docs, ..
    } = data;
    let name = ident.unraw().to_string();
    let error_of = error_of(data);
    let types: Vec<_> = variants
        .iter()
        .flat_map(|variant| &variant.fields)
        .map(|field| field.ty)
        .collect();
    let point = |tokens: TokenStream| point(door, &types, tokens);
    let tagged: Vec<Tagged<'_>> = variants
        .iter()
        .zip(0_u32..)
        .map(|(variant, tag)| Tagged { door, variant, tag })
        .collect();
    let payloads = tagged.iter().map(Tagged::payloads);
    let descriptors = tagged.iter().map(Tagged::descriptor);
    let described_other = other.map(|variant| {
        let Variant { name, docs, .. } = variant;
        quote!(&#door::variant(#door::abi::OTHER_TAG, #name, #docs, &[]))
    });
    let arms = |way: Way| {
        let arms = tagged.iter().map(|variant| variant.written(way));
        let other = other.map(|other| {
            let other = other.ident;
            let bare = bare(door, &quote!(#door::abi::OTHER_TAG));
            match way {
                Way::Surrender => quote!(Self::#other { .. } => {}),
                _ => quote!(Self::#other { .. } => #bare),
            }
        });
        quote!(#(#arms,)* #other)
    };
    let (lend, give, surrender) = (arms(Way::Lend), arms(Way::Give), arms(Way::Surrender));
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
    let unknown = match other {
        Some(other) => {
            let ident = other.ident;
            let tags = other.fields.iter().map(|field| {
                let (member, ty) = (&field.member, field.ty);
                let of = door.over(&quote!(#ty), &quote!(<#ty as #door::OtherTag>::of));
                quote!(#member: #of(__tag))
            });
            quote!(__tag => Self::#ident { #(#tags),* })
        }
        None => {
            // The model has seen to it that there is one.
            let stand_in = variants.iter().find(|variant| variant.fields.is_empty());
            let ident = stand_in.map(|variant| variant.ident);
            quote!(__tag => {
                #door::unknown_variant(<Self as #door::Data>::TYPE, __tag, __arena);
                Self::#ident {}
            })
        }
    };
    let from = |way: &TokenStream| {
        let arms = tagged.iter().map(|variant| variant.read(way));
        point(quote!(match __node.tag() { #(#arms,)* #unknown }))
    };
    let (taken, received) = (from(&quote!(take)), from(&quote!(receive)));
    let objects = objects(door, &types);
    quote! {
        #objects
        #(#payloads)*

        unsafe impl #door::Data for #ident {
            type Lent = #door::abi::Grown;
            type Owned = #door::abi::Grown;
            type Taken<'call> = Self;
            type Travel = #door::ByAddress;
            type Bits = #door::NotPlain;
            type Objects = __Objects;
            const TYPE: &'static #door::abi::TypeDescriptor =
                &#door::growing_enumeration::<Self>(#name, #docs, const { &[#(#descriptors,)* #described_other] });

            #safe
            unsafe fn take<'call>(__lent: &Self::Lent, __arena: &'call #door::Arena) -> Self {
                unsafe {
                    let mut __node = #door::VariantNode::lent(__lent);
                    #taken
                }
            }
            unsafe fn receive(__owned: Self::Owned, __arena: &#door::Arena) -> Self {
                unsafe {
                    let mut __node = #door::VariantNode::owned(__owned);
                    #received
                }
            }
            #error_of
        }
    }
}

/// A variant without fields, on the wire.
fn bare(door: &Door, tag: &TokenStream) -> TokenStream {
    quote!(#door::bare_variant(const { &#door::abi::GrownVariant::bare(#tag) }))
}

/// A variant with its tag.
struct Tagged<'a> {
    door: &'a Door,
    variant: &'a Variant<'a>,
    tag: u32,
}

/// From a value to the wire, or to nothing.
#[derive(Clone, Copy, PartialEq)]
enum Way {
    Lend,
    Give,
    Surrender,
}

impl Tagged<'_> {
    fn types(&self) -> Vec<&Type> {
        self.variant.fields.iter().map(|field| field.ty).collect()
    }

    fn each(&self, member: &TokenStream) -> Vec<TokenStream> {
        each(self.door, &self.types(), member)
    }

    /// The type of its payload, lent or owned.
    fn payload(&self, form: &str) -> Ident {
        format_ident!("__{form}{}", self.tag)
    }

    fn payloads(&self) -> TokenStream {
        if self.variant.fields.is_empty() {
            return TokenStream::new();
        }
        let (lent, owned) = (self.each(&quote!(Lent)), self.each(&quote!(Owned)));
        let (of_lent, of_owned) = (self.payload("Lent"), self.payload("Owned"));
        quote! {
            #[repr(C)]
            struct #of_lent(#(#lent,)* ());
            #[repr(C)]
            struct #of_owned(#(#owned,)* ());
        }
    }

    fn descriptor(&self) -> TokenStream {
        let Self { door, tag, .. } = self;
        let Variant {
            name, docs, fields, ..
        } = self.variant;
        let (lent, owned) = (self.each(&quote!(LENT)), self.each(&quote!(OWNED)));
        let functions = self.each(&quote!(FUNCTION));
        let fields = fields
            .iter()
            .zip(functions)
            .enumerate()
            .map(|(index, (field, function))| {
                let Field { name, docs, .. } = field;
                quote!(&#door::field(
                    #name, #docs, #function,
                    #door::offset_in_frame(&[#(#lent),*], #index),
                    #door::offset_in_frame(&[#(#owned),*], #index),
                ))
            });
        quote!(&#door::variant(#tag, #name, #docs, const { &[#(#fields),*] }))
    }

    fn written(&self, way: Way) -> TokenStream {
        let Self { door, variant, tag } = self;
        let ident = variant.ident;
        let members = variant.fields.iter().map(|field| &field.member);
        let bindings: Vec<_> = variant.fields.iter().map(|field| &field.binding).collect();
        let pattern = quote!(Self::#ident { #(#members: #bindings),* });
        let convert = |member: TokenStream| self.each(&member);
        match way {
            Way::Surrender => {
                let surrender = convert(quote!(surrender));
                quote!(#pattern => { #(#surrender(#bindings);)* })
            }
            _ if bindings.is_empty() => {
                let bare = bare(door, &quote!(#tag));
                quote!(#pattern => #bare)
            }
            Way::Lend => {
                let (lend, payload) = (convert(quote!(lend)), self.payload("Lent"));
                quote!(#pattern => #door::lend_variant::<Self, #payload>(
                    #tag, #payload(#(#lend(#bindings, __arena),)* ()), __arena,
                ))
            }
            Way::Give => {
                let (give, payload) = (convert(quote!(give)), self.payload("Owned"));
                quote!(#pattern => #door::give_variant::<Self, #payload>(
                    #tag, #payload(#(#give(#bindings),)* ()),
                ))
            }
        }
    }

    fn read(&self, way: &TokenStream) -> TokenStream {
        let Self { door, variant, tag } = self;
        let ident = variant.ident;
        let lent = *way.to_string() == *"take";
        let layouts = self.each(&if lent { quote!(LENT) } else { quote!(OWNED) });
        let fields = variant.fields.iter().enumerate().map(|(index, field)| {
            let member = &field.member;
            let convert = ask(door, field.ty, &quote!(Data), way);
            let field =
                quote!(__node.field(const { #door::offset_in_frame(&[#(#layouts),*], #index) }));
            let wire = if lent {
                field
            } else {
                quote!(#door::core::ptr::read(#field))
            };
            quote!(#member: #convert(#wire, __arena))
        });
        quote!(#tag => {
            __node.know();
            Self::#ident { #(#fields),* }
        })
    }
}
