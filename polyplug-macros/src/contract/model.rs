//! A trait as a contract: what its methods are called, what they take and return, and what is wrong with them.

use proc_macro2::{Ident, TokenStream};
use quote::format_ident;
use syn::ext::IdentExt as _;
use syn::visit::{self, Visit};
use syn::{
    Attribute, Block, FnArg, Generics, ItemTrait, Lifetime, LitStr, Pat, ReceiverKind, ReturnType,
    TraitItem, TraitItemFn, Type, TypeParamBound,
};

use super::Side;
use crate::arguments::{self, Value};
use crate::carry::{self, Passing};
use crate::door::{self, Door};
use crate::problems::{Problems, mistake};

/// A contract that can be expanded.
pub(crate) struct Contract<'a> {
    pub(crate) item: &'a ItemTrait,
    pub(crate) tokens: &'a TokenStream,
    pub(crate) door: Door,
    pub(crate) side: Side,
    pub(crate) id: LitStr,
    pub(crate) major: u32,
    pub(crate) minor: u32,
    pub(crate) docs: String,
    /// Results may borrow from the object.
    pub(crate) pinned: bool,
    pub(crate) methods: Vec<Method<'a>>,
}

impl Contract<'_> {
    /// Some methods take `&mut self`.
    pub(crate) fn exclusive(&self) -> bool {
        self.methods.iter().any(|method| method.exclusive)
    }

    /// A supertrait of this name is there.
    pub(crate) fn has_supertrait(&self, name: &str) -> bool {
        self.item.supertraits.iter().any(|bound| match bound {
            TypeParamBound::Trait(bound) => {
                let last = bound.path.segments.last();
                last.is_some_and(|last| last.ident == name)
            }
            _ => false,
        })
    }
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
    /// It takes `&mut self`.
    pub(crate) exclusive: bool,
    /// The lifetime of the receiver, if it has a name.
    pub(crate) receiver: Option<Lifetime>,
    /// Absent: `()`.
    pub(crate) result: Option<&'a Type>,
    /// Absent: the result owns itself.
    pub(crate) origin: Option<Origin>,
    pub(crate) default: Option<&'a Block>,
}

/// What a result borrows from.
pub(crate) enum Origin {
    /// The object.
    Receiver,
    /// These arguments, by their index.
    Arguments(Vec<usize>),
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
        let home = door::home(&arguments, item.trait_token.span);
        let arguments = arguments::parse(
            arguments,
            &["id", "version", "pinned", "crate"],
            &mut problems,
        );
        let (mut id, mut version, mut renamed, mut pinned) = (None, None, None, false);
        for argument in &arguments {
            match (&argument.value, argument.key.to_string().as_str()) {
                (Value::Path(path), _) => renamed = Some(path),
                (_, "id") => id = argument.text(&mut problems),
                (_, "pinned") => pinned = argument.flag(&mut problems),
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
            .filter_map(|item| Method::of(item, side, pinned, &mut problems))
            .collect();
        check_exclusive(&methods, &mut problems);
        problems.report(tokens)?;
        let id = id.unwrap_or_else(|| LitStr::new("", item.ident.span()));
        Ok(Self {
            item,
            tokens,
            door: Door::new(renamed, home),
            side,
            id,
            major,
            minor,
            docs: docs(&item.attrs),
            pinned,
            methods,
        })
    }
}

/// Whether a contract is exclusive is known when it is read, before any `#[cfg]` is.
fn check_exclusive(methods: &[Method<'_>], problems: &mut Problems) {
    let mut exclusive = methods.iter().filter(|method| method.exclusive);
    if exclusive.clone().all(|method| !method.cfgs.is_empty())
        && let Some(method) = exclusive.next()
    {
        problems.at(
            &method.cfgs[0],
            "whether a contract is exclusive cannot depend on how it is built: both sides must agree",
            "leave `#[cfg]` out of one of the `&mut self` methods, or take `&self`",
        );
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
    fn of(item: &'a TraitItem, side: Side, pinned: bool, problems: &mut Problems) -> Option<Self> {
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
        let (mut exclusive, mut receiver_lifetime) = (false, None);
        match inputs.next() {
            Some(FnArg::Receiver(receiver)) => {
                if let Some((mutable, lifetime)) = check_receiver(receiver, side, problems) {
                    (exclusive, receiver_lifetime) = (mutable, lifetime);
                }
            }
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
        let mut origin = None;
        let result = match &sig.output {
            ReturnType::Default => None,
            ReturnType::Type(_, ty) => {
                if carry::check_result(ty, problems) {
                    let outlives = Outlives::of(&sig.generics);
                    origin = outlives.origin(
                        ty,
                        receiver_lifetime.as_ref(),
                        &arguments,
                        pinned,
                        problems,
                    );
                }
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
            exclusive,
            receiver: receiver_lifetime,
            result,
            origin,
            default: item.default.as_ref(),
        })
    }
}

fn check_generics(generics: &Generics, problems: &mut Problems) {
    for parameter in &generics.params {
        match parameter {
            syn::GenericParam::Lifetime(parameter) => {
                if let Some(bound) = parameter.bounds.iter().find(|bound| bound.ident == "static") {
                    problems.at(
                        bound,
                        "a reference that crosses cannot be `'static`: what it points to goes away with its module",
                        "leave the bound out",
                    );
                }
            }
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

/// Whether it is `&mut self`, and the name of its lifetime.
fn check_receiver(
    receiver: &syn::Receiver,
    side: Side,
    problems: &mut Problems,
) -> Option<(bool, Option<Lifetime>)> {
    let (mutable, lifetime) = match &receiver.kind {
        ReceiverKind::Reference(_, lifetime, mutable) => (mutable.is_some(), lifetime.clone()),
        ReceiverKind::Typed(_, ty) => match &**ty {
            Type::Reference(reference) => {
                (reference.mutability.is_some(), reference.lifetime.clone())
            }
            _ => return by_value(receiver, problems),
        },
        _ => return by_value(receiver, problems),
    };
    if mutable && side == Side::Host {
        problems.at(
            receiver,
            "a host contract is shared by all plugins, so its methods cannot take `&mut self`",
            "take `&self`, and keep what changes behind a `Mutex` or an atomic",
        );
        return None;
    }
    Some((mutable, lifetime.filter(|lifetime| lifetime.ident != "_")))
}

fn by_value(receiver: &syn::Receiver, problems: &mut Problems) -> Option<(bool, Option<Lifetime>)> {
    problems.at(
        receiver,
        "a contract method cannot take `self` by value: the plugin keeps its state",
        "take `&self`, or `&mut self`",
    );
    None
}

/// Which named lifetimes of a method outlive which.
struct Outlives(Vec<(Lifetime, Lifetime)>);

impl Outlives {
    fn of(generics: &Generics) -> Self {
        let mut pairs = Vec::new();
        for parameter in generics.lifetimes() {
            for bound in &parameter.bounds {
                pairs.push((parameter.lifetime.clone(), bound.clone()));
            }
        }
        Self(pairs)
    }

    fn holds(&self, long: &Lifetime, short: &Lifetime) -> bool {
        let mut reached = vec![long];
        let mut at = 0;
        while let Some(&lifetime) = reached.get(at) {
            if lifetime == short {
                return true;
            }
            for (from, to) in &self.0 {
                if from == lifetime && !reached.contains(&to) {
                    reached.push(to);
                }
            }
            at += 1;
        }
        false
    }

    /// Where a result that holds references may come from.
    fn origin(
        &self,
        result: &Type,
        receiver: Option<&Lifetime>,
        arguments: &[Argument<'_>],
        pinned: bool,
        problems: &mut Problems,
    ) -> Option<Origin> {
        let mut lifetimes = carry::lifetimes(result);
        if lifetimes.len() > 1 {
            problems.at(
                result,
                "a result can borrow for one lifetime only",
                "give its references one lifetime, or return owned types",
            );
            return None;
        }
        let lifetime = lifetimes.pop().flatten();
        let from_receiver = match (&lifetime, receiver) {
            (None, _) => true,
            (Some(lifetime), Some(receiver)) => self.holds(receiver, lifetime),
            (Some(_), None) => false,
        };
        if from_receiver {
            if !pinned {
                problems.at(
                    result,
                    "a result that borrows from `&self` would outlive an unloaded plugin",
                    "return an owned type, name the lifetime of the argument it comes from, or add `pinned` to the contract's attribute",
                );
                return None;
            }
            return Some(Origin::Receiver);
        }
        let lifetime = lifetime?;
        let lends = |argument: &Argument<'_>| match argument.ty {
            Type::Reference(reference) => {
                reference.mutability.is_none()
                    && reference
                        .lifetime
                        .as_ref()
                        .is_some_and(|named| self.holds(named, &lifetime))
            }
            _ => false,
        };
        let indices = (0..arguments.len())
            .filter(|&index| lends(&arguments[index]))
            .collect();
        Some(Origin::Arguments(indices))
    }
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
