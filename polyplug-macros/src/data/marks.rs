//! Our attributes inside a type: `#[data(default)]` on fields, `#[data(other)]` on a variant.

use proc_macro2::{Ident, TokenStream};
use quote::ToTokens as _;
use syn::{Attribute, DataEnum, DeriveInput, Expr, Fields, Meta};

use crate::arguments::{self, Argument, Value};
use crate::problems::Problems;

/// What is filled in for a field.
pub(crate) enum Filling {
    /// Its type's `Default`.
    Standard,
    /// The value of this expression.
    Expression(Expr),
}

/// Whether it is ours: `#[data(..)]`, `#[polyplug::data(..)]`.
fn is_mark(attribute: &Attribute) -> bool {
    let last = attribute.path().segments.last();
    last.is_some_and(|last| last.ident == "data")
}

/// The type without our attributes inside, if there are any.
pub(crate) fn unmarked(item: &DeriveInput) -> Option<TokenStream> {
    fn clean(attributes: &mut Vec<Attribute>, found: &mut bool) {
        *found |= attributes.iter().any(is_mark);
        attributes.retain(|attribute| !is_mark(attribute));
    }
    let mut found = false;
    let mut item = item.clone();
    match &mut item.data {
        syn::Data::Struct(data) => {
            for field in &mut data.fields {
                clean(&mut field.attrs, &mut found);
            }
        }
        syn::Data::Enum(data) => {
            for variant in &mut data.variants {
                clean(&mut variant.attrs, &mut found);
                for field in &mut variant.fields {
                    clean(&mut field.attrs, &mut found);
                }
            }
        }
        syn::Data::Union(_) => {}
    }
    found.then(|| item.into_token_stream())
}

/// The one option that may stand at a place inside the type.
fn mark(attributes: &[Attribute], known: &str, problems: &mut Problems) -> Option<Argument> {
    let mut found: Option<Argument> = None;
    for attribute in attributes.iter().filter(|attribute| is_mark(attribute)) {
        let Meta::List(list) = &attribute.meta else {
            problems.at(
                attribute,
                format!("`data` says nothing here without its option `{known}`"),
                format!("write `#[data({known})]`, or leave it out"),
            );
            continue;
        };
        for argument in arguments::parse(list.tokens.clone(), &[known], problems) {
            if found.is_some() {
                problems.at(
                    &argument.key,
                    format!("`{known}` is given twice"),
                    "leave one of them out",
                );
            } else {
                found = Some(argument);
            }
        }
    }
    found
}

/// What is filled in for each field of a struct.
pub(crate) fn defaults(
    fields: &Fields,
    may_grow: bool,
    problems: &mut Problems,
) -> Vec<Option<Filling>> {
    let mut added = false;
    let mut defaults = Vec::new();
    for field in fields {
        let mark = mark(&field.attrs, "default", problems);
        if let Some(mark) = &mark
            && !may_grow
        {
            problems.at(
                &mark.key,
                "a field has a default only where fields may be added",
                "write `#[polyplug::data(non_exhaustive)]` on the struct, or leave `default` out",
            );
        } else if mark.is_none() && added {
            let place = field.ident.as_ref().map_or_else(
                || field.ty.to_token_stream(),
                |ident| ident.to_token_stream(),
            );
            problems.at(
                &place,
                "a field without a default stands behind one with a default: fields are added at the end, and what was added has a default",
                "write `#[data(default)]` on it, or move it before the first field with a default if no version has been published yet",
            );
        }
        added |= mark.is_some();
        defaults.push(mark.map(|mark| match mark.value {
            Value::Expression(expression) => Filling::Expression(expression),
            _ => Filling::Standard,
        }));
    }
    defaults
}

/// Which variant of an enum stands for those that are unknown.
pub(crate) fn other(
    data: &DataEnum,
    may_grow: bool,
    name: &Ident,
    problems: &mut Problems,
) -> Option<usize> {
    let mut found = None;
    for (index, variant) in data.variants.iter().enumerate() {
        for field in &variant.fields {
            if let Some(mark) = mark(&field.attrs, "default", problems) {
                problems.at(
                    &mark.key,
                    "a field of a variant has no default: variants are added whole",
                    "put the fields into a `#[polyplug::data(non_exhaustive)]` struct of their own, or add another variant",
                );
            }
        }
        let Some(mark) = mark(&variant.attrs, "other", problems) else {
            continue;
        };
        mark.flag(problems);
        if !may_grow {
            problems.at(
                &mark.key,
                "a variant stands for unknown ones only where variants may be added",
                "write `#[polyplug::data(non_exhaustive)]` on the enum, or leave `other` out",
            );
        } else if found.is_some() {
            problems.at(
                &mark.key,
                "only one variant can stand for those that are unknown",
                "leave `other` out on one of them",
            );
        } else {
            found = Some(index);
        }
        if variant.fields.len() > 1 {
            problems.at(
                &variant.fields,
                "the variant for unknown ones holds nothing but their tag",
                "write it without fields, or with one field of type `u32`",
            );
        }
    }
    if may_grow && found.is_some() && data.variants.len() == 1 {
        problems.at(
            name,
            "an enum whose only variant stands for unknown ones has no value that could be sent",
            "add a variant",
        );
    }
    let bare = data
        .variants
        .iter()
        .any(|variant| variant.fields.is_empty());
    if may_grow && found.is_none() && !bare && !data.variants.is_empty() {
        problems.at(
            name,
            "an enum that may grow needs a variant that can stand for unknown ones",
            "add `#[data(other)] Unknown`, or any variant without fields",
        );
    }
    found
}
