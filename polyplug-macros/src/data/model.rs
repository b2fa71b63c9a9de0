//! A struct or enum as data: its fields and variants, and what is wrong with them.

use proc_macro2::{Ident, TokenStream};
use quote::format_ident;
use syn::ext::IdentExt as _;
use syn::{Attribute, DeriveInput, Fields, Type};

use super::marks::{self, Filling};
use crate::arguments::{self, Value};
use crate::carry;
use crate::contract::{docs, head};
use crate::door::{self, Door};
use crate::problems::{Problems, mistake};

/// A type that can be expanded.
pub(crate) struct Data<'a> {
    pub(crate) tokens: &'a TokenStream,
    pub(crate) door: Door,
    pub(crate) ident: &'a Ident,
    pub(crate) docs: String,
    pub(crate) shape: Shape<'a>,
}

/// What kind of type it is.
pub(crate) enum Shape<'a> {
    Struct(Variant<'a>),
    /// Field-less.
    Choice(Vec<Variant<'a>>),
    Enum(Vec<Variant<'a>>),
    /// A set of bits, by its one field.
    Flags(Field<'a>),
    /// Which may get more fields.
    GrowingStruct(Variant<'a>),
    /// Which may get more variants.
    GrowingEnum {
        /// In the order of their tags.
        variants: Vec<Variant<'a>>,
        /// What stands for those that are unknown.
        other: Option<Variant<'a>>,
    },
}

/// A variant of an enum, or a struct as the only variant of itself.
pub(crate) struct Variant<'a> {
    pub(crate) ident: &'a Ident,
    pub(crate) name: String,
    pub(crate) docs: String,
    /// Fields in braces, not in parentheses.
    pub(crate) named: bool,
    pub(crate) fields: Vec<Field<'a>>,
}

/// A field.
pub(crate) struct Field<'a> {
    /// How it is reached: a name, or an index.
    pub(crate) member: syn::Member,
    pub(crate) name: String,
    pub(crate) docs: String,
    pub(crate) ty: &'a Type,
    /// Our own name for it, unique in the type.
    pub(crate) binding: Ident,
    /// What is filled in when the other side does not know it.
    pub(crate) default: Option<Filling>,
}

/// The type behind the attribute.
pub(crate) fn parse(item: &TokenStream) -> syn::Result<DeriveInput> {
    syn::parse2(item.clone()).map_err(|error| match syn::parse2::<syn::Item>(item.clone()) {
        Ok(other) => mistake(
            &head(&other),
            "`#[polyplug::data]` stands on a struct or an enum only",
            "write it on the type that shall cross; for a trait use `#[polyplug::contract]`, for an `impl` `#[polyplug::plugin]`",
        ),
        Err(_) => error,
    })
}

impl<'a> Data<'a> {
    /// Reads the attribute and the type; everything that is wrong is reported at once.
    pub(crate) fn of(
        arguments: TokenStream,
        item: &'a DeriveInput,
        tokens: &'a TokenStream,
    ) -> Result<Self, TokenStream> {
        let mut problems = Problems::default();
        let word = match &item.data {
            syn::Data::Struct(data) => data.struct_token.span,
            syn::Data::Enum(data) => data.enum_token.span,
            syn::Data::Union(data) => data.union_token.span,
        };
        let home = door::home(&arguments, word);
        let known = ["non_exhaustive", "flags", "crate"];
        let arguments = arguments::parse(arguments, &known, &mut problems);
        let option = |name: &str| arguments.iter().find(|argument| argument.key == name);
        let (flags, grows) = (option("flags"), option("non_exhaustive"));
        let is_flags = flags.is_some_and(|argument| argument.flag(&mut problems));
        let may_grow = grows.is_some_and(|argument| argument.flag(&mut problems));
        if let (true, Some(grows)) = (is_flags, grows) {
            problems.at(
                &grows.key,
                "a set of bits grows anyway: bits that are unknown are kept",
                "leave `non_exhaustive` out",
            );
        }
        let renamed = arguments.iter().find_map(|argument| match &argument.value {
            Value::Path(path) => Some(path),
            _ => None,
        });
        if !item.generics.params.is_empty() {
            problems.at(
                &item.generics,
                "data cannot be generic: its layout must be known to both sides",
                "write the type out for each parameter",
            );
        }
        for attribute in &item.attrs {
            if attribute.path().is_ident("repr") {
                problems.at(
                    attribute,
                    "polyplug gives data its layout",
                    "leave `#[repr(..)]` out",
                );
            }
        }
        let mut count = 0;
        let shape = match &item.data {
            syn::Data::Struct(data) => {
                let mut variant = variant(
                    &item.ident,
                    &item.attrs,
                    &data.fields,
                    &mut count,
                    &mut problems,
                );
                let defaults = marks::defaults(&data.fields, may_grow, &mut problems);
                for (field, default) in variant.fields.iter_mut().zip(defaults) {
                    field.default = default;
                }
                if variant.fields.is_empty() {
                    problems.at(
                        &item.ident,
                        "data without fields has nothing to carry",
                        "use `()`, or add a field",
                    );
                }
                match variant.fields.len() {
                    1 if is_flags => Shape::Flags(variant.fields.remove(0)),
                    _ if may_grow => Shape::GrowingStruct(variant),
                    _ => Shape::Struct(variant),
                }
            }
            syn::Data::Enum(data) => {
                if data.variants.is_empty() {
                    problems.at(
                        &item.ident,
                        "an enum without variants has no value that could cross",
                        "add a variant",
                    );
                }
                let variants: Vec<_> = data
                    .variants
                    .iter()
                    .map(|item| {
                        variant(
                            &item.ident,
                            &item.attrs,
                            &item.fields,
                            &mut count,
                            &mut problems,
                        )
                    })
                    .collect();
                let other = marks::other(data, may_grow, &item.ident, &mut problems);
                if may_grow {
                    let mut variants = variants;
                    let other = other.map(|other| variants.remove(other));
                    Shape::GrowingEnum { variants, other }
                } else if variants.iter().all(|variant| variant.fields.is_empty()) {
                    Shape::Choice(variants)
                } else {
                    Shape::Enum(variants)
                }
            }
            syn::Data::Union(data) => {
                problems.at(
                    &data.union_token,
                    "a union cannot cross: nobody knows which field is set",
                    "use an enum",
                );
                Shape::Choice(Vec::new())
            }
        };
        if let Some(argument) = flags
            && !matches!(shape, Shape::Flags(_))
        {
            problems.at(
                &argument.key,
                "a set of bits is a struct with one field, an unsigned integer",
                "write `struct Name(u32);` with a constant for each bit, or leave `flags` out",
            );
        }
        problems.report(tokens)?;
        Ok(Self {
            tokens,
            door: Door::new(renamed, home),
            ident: &item.ident,
            docs: docs(&item.attrs),
            shape,
        })
    }
}

fn variant<'a>(
    ident: &'a Ident,
    attributes: &[Attribute],
    fields: &'a Fields,
    count: &mut usize,
    problems: &mut Problems,
) -> Variant<'a> {
    let mut list = Vec::new();
    for attribute in attributes {
        if attribute.path().is_ident("cfg") {
            problems.at(
                attribute,
                "`#[cfg]` cannot stand in data: both sides must have one layout",
                "leave it out",
            );
        }
    }
    for (index, field) in fields.iter().enumerate() {
        for attribute in &field.attrs {
            if attribute.path().is_ident("cfg") {
                problems.at(
                    attribute,
                    "`#[cfg]` cannot stand in data: both sides must have one layout",
                    "leave it out",
                );
            }
        }
        if let Type::Reference(_) = &field.ty {
            problems.at(
                &field.ty,
                "data cannot hold a reference",
                "use an owned type, such as `String` for `&str` or `Vec<T>` for `&[T]`",
            );
        } else {
            carry::value(&field.ty, problems);
        }
        let member = match &field.ident {
            Some(ident) => syn::Member::Named(ident.clone()),
            None => syn::Member::Unnamed(syn::Index::from(index)),
        };
        let name = field
            .ident
            .as_ref()
            .map_or_else(|| index.to_string(), |ident| ident.unraw().to_string());
        list.push(Field {
            member,
            name,
            docs: docs(&field.attrs),
            ty: &field.ty,
            binding: format_ident!("__f{count}"),
            default: None,
        });
        *count += 1;
    }
    Variant {
        ident,
        name: ident.unraw().to_string(),
        docs: docs(attributes),
        named: matches!(fields, Fields::Named(_)),
        fields: list,
    }
}
