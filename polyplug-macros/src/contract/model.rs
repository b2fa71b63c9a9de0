//! A trait as a contract: what its methods are called, what they take and return, and what is wrong with them.

use proc_macro2::{Ident, TokenStream};
use quote::format_ident;
use syn::ext::IdentExt as _;
use syn::visit::{self, Visit};
use syn::{
    Attribute, Block, FnArg, Generics, ItemTrait, LitStr, Pat, ReceiverKind, ReturnType, TraitItem,
    TraitItemFn, Type, TypeParamBound,
};

use super::Side;
use crate::arguments::{self, Value};
use crate::carry::{self, Passing};
use crate::door::door;
use crate::problems::{Problems, mistake};

/// A contract that can be expanded.
pub(crate) struct Contract<'a> {
    pub(crate) item: &'a ItemTrait,
    pub(crate) tokens: &'a TokenStream,
    pub(crate) door: TokenStream,
    pub(crate) side: Side,
    pub(crate) id: LitStr,
    pub(crate) major: u32,
    pub(crate) minor: u32,
    pub(crate) docs: String,
    pub(crate) methods: Vec<Method<'a>>,
}

/// A method of a contract.
pub(crate) struct Method<'a> {
    pub(crate) item: &'a TraitItemFn,
    /// As written, perhaps raw.
    pub(crate) ident: &'a Ident,
    /// Without `r#`.
    pub(crate) name: String,
    pub(crate) docs: String,
    /// `#[cfg(..)]` attributes, to be repeated wherever the method leaves a trace.
    pub(crate) cfgs: Vec<&'a Attribute>,
    /// Lifetimes only.
    pub(crate) generics: &'a Generics,
    pub(crate) arguments: Vec<Argument<'a>>,
    /// Absent: `()`.
    pub(crate) result: Option<&'a Type>,
    pub(crate) default: Option<&'a Block>,
}

/// An argument of a method, without the receiver.
pub(crate) struct Argument<'a> {
    /// Our own name for it.
    pub(crate) ident: Ident,
    /// The author's name for it; empty for a pattern.
    pub(crate) name: String,
    pub(crate) ty: &'a Type,
    pub(crate) passing: Passing<'a>,
}

/// The trait behind the attribute.
pub(crate) fn parse(item: &TokenStream, side: Side) -> syn::Result<ItemTrait> {
    syn::parse2(item.clone()).map_err(|error| {
        let attribute = if side == Side::Host { "host_contract" } else { "contract" };
        match syn::parse2::<syn::Item>(item.clone()) {
            Ok(other) => mistake(
                &head(&other),
                format!("`#[polyplug::{attribute}]` stands on a trait only"),
                "write it on the trait whose methods shall cross; for an `impl` use `#[polyplug::plugin]`, for a type `#[polyplug::data]`",
            ),
            Err(_) => error,
        }
    })
}

/// The word that says what an item is.
pub(crate) fn head(item: &syn::Item) -> TokenStream {
    use quote::ToTokens as _;
    match item {
        syn::Item::Fn(item) => item.sig.fn_token.to_token_stream(),
        syn::Item::Struct(item) => item.struct_token.to_token_stream(),
        syn::Item::Enum(item) => item.enum_token.to_token_stream(),
        syn::Item::Impl(item) => item.impl_token.to_token_stream(),
        syn::Item::Mod(item) => item.mod_token.to_token_stream(),
        syn::Item::Trait(item) => item.trait_token.to_token_stream(),
        syn::Item::Type(item) => item.type_token.to_token_stream(),
        syn::Item::Union(item) => item.union_token.to_token_stream(),
        other => other.to_token_stream(),
    }
}

impl<'a> Contract<'a> {
    /// Reads the attribute and the trait; everything that is wrong is reported at once.
    pub(crate) fn of(
        arguments: TokenStream,
        item: &'a ItemTrait,
        tokens: &'a TokenStream,
        side: Side,
    ) -> Result<Self, TokenStream> {
        let mut problems = Problems::default();
        let arguments = arguments::parse(arguments, &["id", "version", "crate"], &mut problems);
        let (mut id, mut version, mut renamed) = (None, None, None);
        for argument in &arguments {
            match (&argument.value, argument.key.to_string().as_str()) {
                (Value::Path(path), _) => renamed = Some(path),
                (_, "id") => id = argument.text(&mut problems),
                _ => version = argument.text(&mut problems),
            }
        }
        let given = |key: &str| arguments.iter().any(|argument| argument.key == key);
        if !given("id") {
            problems.at(
                &item.ident,
                "the contract has no id",
                "write `#[polyplug::contract(id = \"vendor.thing\", version = \"1.0\")]`",
            );
        }
        if !given("version") {
            problems.at(
                &item.ident,
                "the contract has no version",
                "add `version = \"1.0\"` to the attribute",
            );
        }
        check_id(id.as_ref(), &mut problems);
        let (major, minor) = version
            .as_ref()
            .map_or((0, 0), |version| parse_version(version, &mut problems));
        check_trait(item, &mut problems);
        let methods: Vec<_> = item
            .items
            .iter()
            .filter_map(|item| Method::of(item, &mut problems))
            .collect();
        problems.report(tokens)?;
        let id = id.unwrap_or_else(|| LitStr::new("", item.ident.span()));
        Ok(Self {
            item,
            tokens,
            door: door(renamed),
            side,
            id,
            major,
            minor,
            docs: docs(&item.attrs),
            methods,
        })
    }
}

fn check_id(id: Option<&LitStr>, problems: &mut Problems) {
    let Some(id) = id else { return };
    let text = id.value();
    let parts: Vec<_> = text.split('.').collect();
    let good = |part: &&str| {
        !part.is_empty()
            && part
                .chars()
                .all(|letter| letter.is_ascii_alphanumeric() || letter == '_' || letter == '-')
    };
    if parts.len() < 2 || !parts.iter().all(good) {
        problems.at(
            id,
            format!("`{text}` is no contract id"),
            "use at least two words of ASCII letters, digits, `-` and `_` with dots between them, such as \"vendor.thing\"",
        );
    }
}

fn parse_version(version: &LitStr, problems: &mut Problems) -> (u32, u32) {
    let text = version.value();
    let parsed = text
        .split_once('.')
        .and_then(|(major, minor)| Some((major.parse().ok()?, minor.parse().ok()?)));
    parsed.unwrap_or_else(|| {
        problems.at(
            version,
            format!("`{text}` is no contract version"),
            "write major and minor, such as \"1.0\"; a contract has no patch version",
        );
        (0, 0)
    })
}

fn check_trait(item: &ItemTrait, problems: &mut Problems) {
    if !item.generics.params.is_empty() {
        problems.at(
            &item.generics,
            "a contract cannot be generic",
            "write one contract for each type, or use a `#[polyplug::data]` enum",
        );
    }
    if let Some(clause) = &item.generics.where_clause {
        problems.at(
            clause,
            "a contract cannot have a `where` clause",
            "leave it out",
        );
    }
    if let Some(word) = &item.unsafety {
        problems.at(
            word,
            "a contract cannot be an `unsafe` trait",
            "leave `unsafe` out",
        );
    }
    for bound in &item.supertraits {
        let fine = match bound {
            TypeParamBound::Trait(bound) => bound
                .path
                .segments
                .last()
                .is_some_and(|last| last.ident == "Send" || last.ident == "Sync"),
            _ => false,
        };
        if fine {
            continue;
        }
        if matches!(bound, TypeParamBound::Lifetime(_)) {
            problems.at(bound, "a contract cannot have a lifetime as supertrait: objects are lent for single calls", "leave it out");
        } else {
            problems.at(
                bound,
                "a contract's supertraits can only be `Send` and `Sync`",
                "make it a contract of its own, which a plugin offers beside this one",
            );
        }
    }
    if item.items.is_empty() {
        problems.at(
            &item.ident,
            "a contract without methods is of no use",
            "add a method: `fn name(&self);`",
        );
    }
}

impl<'a> Method<'a> {
    fn of(item: &'a TraitItem, problems: &mut Problems) -> Option<Self> {
        let item = match item {
            TraitItem::Fn(item) => item,
            TraitItem::Const(item) => {
                problems.at(
                    &item.const_token,
                    "a contract cannot have a constant: it would be the caller's, not the plugin's",
                    "make it a method that returns the value",
                );
                return None;
            }
            TraitItem::Type(item) => {
                problems.at(
                    &item.type_token,
                    "a contract cannot have an associated type: both sides must know every type",
                    "write the type itself, or a `#[polyplug::data]` type",
                );
                return None;
            }
            other => {
                problems.at(
                    other,
                    "only methods can stand in a contract",
                    "write the method out",
                );
                return None;
            }
        };
        let sig = &item.sig;
        if let Some(word) = &sig.asyncness {
            problems.at(
                word,
                "a contract method cannot be `async` yet",
                "leave `async` out, and call it from a thread that may block",
            );
        }
        if let Some(word) = &sig.constness {
            problems.at(
                word,
                "a contract method cannot be `const`",
                "leave `const` out",
            );
        }
        if let Some(word) = &sig.abi {
            problems.at(
                word,
                "a contract method has the ABI that polyplug gives it",
                "leave `extern` out",
            );
        }
        check_generics(&sig.generics, problems);
        let mut inputs = sig.inputs.iter();
        match inputs.next() {
            Some(FnArg::Receiver(receiver)) => check_receiver(receiver, problems),
            _ => {
                problems.at(
                    &sig.ident,
                    "a contract method needs a receiver",
                    "add `&self` as the first argument",
                );
                inputs = sig.inputs.iter();
            }
        }
        let mut arguments = Vec::new();
        for (index, input) in inputs.enumerate() {
            let FnArg::Typed(input) = input else { continue };
            let name = match &*input.pat {
                Pat::Ident(pattern) => pattern.ident.unraw().to_string(),
                _ => String::new(),
            };
            if let Some(passing) = Passing::of(&input.ty, problems) {
                arguments.push(Argument {
                    ident: format_ident!("__{index}"),
                    name,
                    ty: &input.ty,
                    passing,
                });
            }
        }
        let result = match &sig.output {
            ReturnType::Default => None,
            ReturnType::Type(_, ty) => {
                carry::check_result(ty, problems);
                Some(&**ty)
            }
        };
        if let Some(body) = &item.default {
            check_default(body, problems);
        }
        Some(Self {
            item,
            ident: &sig.ident,
            name: sig.ident.unraw().to_string(),
            docs: docs(&item.attrs),
            cfgs: item
                .attrs
                .iter()
                .filter(|attribute| attribute.path().is_ident("cfg"))
                .collect(),
            generics: &sig.generics,
            arguments,
            result,
            default: item.default.as_ref(),
        })
    }
}

fn check_generics(generics: &Generics, problems: &mut Problems) {
    for parameter in &generics.params {
        match parameter {
            syn::GenericParam::Lifetime(_) => {}
            syn::GenericParam::Type(parameter) => problems.at(
                parameter,
                "a contract method cannot be generic: the plugin is compiled before its callers are known",
                "write a concrete type, take `&dyn Trait` of a contract, or use a `#[polyplug::data]` enum",
            ),
            syn::GenericParam::Const(parameter) => problems.at(
                parameter,
                "a contract method cannot be generic: the plugin is compiled before its callers are known",
                "write a number, or take a slice",
            ),
        }
    }
    if let Some(clause) = &generics.where_clause {
        problems.at(
            clause,
            "a contract method cannot have a `where` clause",
            "leave it out",
        );
    }
}

fn check_receiver(receiver: &syn::Receiver, problems: &mut Problems) {
    let mutable = match &receiver.kind {
        ReceiverKind::Reference(_, _, mutable) => mutable.is_some(),
        ReceiverKind::Typed(_, ty) => match &**ty {
            Type::Reference(reference) => reference.mutability.is_some(),
            _ => return by_value(receiver, problems),
        },
        _ => return by_value(receiver, problems),
    };
    if mutable {
        problems.at(
            receiver,
            "a `&mut self` method cannot stand in a contract yet",
            "take `&self`, and keep what changes behind a `Mutex` or an atomic",
        );
    }
}

fn by_value(receiver: &syn::Receiver, problems: &mut Problems) {
    problems.at(
        receiver,
        "a contract method cannot take `self` by value: the plugin keeps its state",
        "take `&self`",
    );
}

/// A default body is compiled a second time, for plugins that lack the method.
fn check_default(body: &Block, problems: &mut Problems) {
    struct Statics<'p>(&'p mut Problems);
    impl<'ast> Visit<'ast> for Statics<'_> {
        fn visit_item_static(&mut self, item: &'ast syn::ItemStatic) {
            self.0.at(
                &item.static_token,
                "a default body cannot declare a `static`: every module would have its own",
                "move the state into the plugin, or the `static` out of the body",
            );
            visit::visit_item_static(self, item);
        }
    }
    Statics(problems).visit_block(body);
}

/// The text of doc comments, one line each.
pub(crate) fn docs(attributes: &[Attribute]) -> String {
    let mut lines = Vec::new();
    for attribute in attributes {
        if let syn::Meta::NameValue(pair) = &attribute.meta
            && pair.path.is_ident("doc")
            && let syn::Expr::Lit(literal) = &pair.value
            && let syn::Lit::Str(text) = &literal.lit
        {
            let text = text.value();
            lines.push(text.strip_prefix(' ').unwrap_or(&text).to_owned());
        }
    }
    lines.join("\n")
}
