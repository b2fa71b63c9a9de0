//! An impl as a plugin: whose it is, of which contract, with which options.

use proc_macro2::TokenStream;
use syn::ext::IdentExt as _;
use syn::{Attribute, Expr, ImplItem, ItemImpl, LitStr, Path, Type, TypeTraitObject};

use crate::arguments::{self, Argument, Value};
use crate::contract::head;
use crate::door::{self, Door};
use crate::problems::{Problems, mistake};

/// A plugin's impl that can be expanded.
pub(crate) struct Plugin<'a> {
    pub(crate) tokens: &'a TokenStream,
    pub(crate) door: Door,
    /// The plugin's type.
    pub(crate) state: &'a Type,
    /// The contract's trait.
    pub(crate) contract: &'a Path,
    /// Absent: the other impls of the type may have them.
    pub(crate) options: Option<Options>,
    /// The methods that are written out, with their `#[cfg(..)]`.
    pub(crate) written: Vec<(String, Vec<&'a Attribute>)>,
}

/// What the attribute says.
#[derive(Default)]
pub(crate) struct Options {
    pub(crate) name: Option<LitStr>,
    pub(crate) version: Option<LitStr>,
    pub(crate) description: Option<LitStr>,
    pub(crate) new: Option<Expr>,
    /// `save` and `restore`: both, or none.
    pub(crate) keep: Option<(Expr, Expr)>,
    pub(crate) requires: Vec<TypeTraitObject>,
    pub(crate) wants: Vec<TypeTraitObject>,
}

const NEW: &str = "fn new(context: &polyplug::Context) -> Self";
const SAVE: &str = "fn save(&self) -> Vec<u8>";
const RESTORE: &str = "fn restore(context: &polyplug::Context, saved: &[u8]) -> Result<Self, E>";

/// The impl behind the attribute.
pub(crate) fn parse(item: &TokenStream) -> syn::Result<ItemImpl> {
    syn::parse2(item.clone()).map_err(|error| match syn::parse2::<syn::Item>(item.clone()) {
        Ok(other) => mistake(
            &head(&other),
            "`#[polyplug::plugin]` stands on an `impl` only",
            "write it on `impl Contract for YourType`; for a trait use `#[polyplug::contract]`, for a type that crosses `#[polyplug::data]`",
        ),
        Err(_) => error,
    })
}

impl<'a> Plugin<'a> {
    /// Reads the attribute and the impl; everything that is wrong is reported at once.
    pub(crate) fn of(
        arguments: TokenStream,
        item: &'a ItemImpl,
        tokens: &'a TokenStream,
    ) -> Result<Self, TokenStream> {
        let mut problems = Problems::default();
        let known = [
            "name",
            "version",
            "description",
            "new",
            "save",
            "restore",
            "requires",
            "wants",
            "crate",
        ];
        let home = door::home(&arguments, item.impl_token.span);
        let arguments = arguments::parse(arguments, &known, &mut problems);
        let mut renamed = None;
        let mut options = Options::default();
        let (mut save, mut restore) = (None, None);
        let mut any = false;
        for argument in &arguments {
            let key = argument.key.to_string();
            any |= key != "crate";
            match (&argument.value, key.as_str()) {
                (Value::Path(path), _) => renamed = Some(path),
                (Value::Objects(objects), "requires") => options.requires.clone_from(objects),
                (Value::Objects(objects), _) => options.wants.clone_from(objects),
                (_, "new") => options.new = function(argument, NEW, &mut problems),
                (_, "save") => save = function(argument, SAVE, &mut problems),
                (_, "restore") => restore = function(argument, RESTORE, &mut problems),
                (_, "name") => options.name = argument.text(&mut problems),
                (_, "version") => options.version = argument.text(&mut problems),
                _ => options.description = argument.text(&mut problems),
            }
        }
        if let Some(name) = &options.name {
            check_name(name, &mut problems);
        }
        if let Some(version) = &options.version {
            check_version(version, &mut problems);
        }
        check_pair(&arguments, &mut problems);
        options.keep = save.zip(restore);
        if !item.generics.params.is_empty() {
            problems.at(
                &item.generics,
                "a plugin's impl cannot be generic: the host asks for one type",
                "write the impl for a concrete type",
            );
        }
        if let Some(word) = &item.unsafety {
            problems.at(
                word,
                "a plugin's impl is not `unsafe`",
                "leave `unsafe` out",
            );
        }
        let contract = item.trait_.as_ref().map(|(path, _)| path);
        if contract.is_none() {
            problems.at(&item.self_ty, "a plugin implements a contract", "write `impl Contract for Type`, where the trait `Contract` has `#[polyplug::contract]`");
        }
        problems.report(tokens)?;
        let Some(contract) = contract else {
            return Err(tokens.clone());
        };
        let written = item.items.iter().filter_map(|item| match item {
            ImplItem::Fn(method) => {
                let cfgs = method
                    .attrs
                    .iter()
                    .filter(|attribute| attribute.path().is_ident("cfg"))
                    .collect();
                Some((method.sig.ident.unraw().to_string(), cfgs))
            }
            _ => None,
        });
        Ok(Self {
            tokens,
            door: Door::new(renamed, home),
            state: &item.self_ty,
            contract,
            options: any.then_some(options),
            written: written.collect(),
        })
    }
}

fn check_name(name: &LitStr, problems: &mut Problems) {
    let text = name.value();
    let fine = !text.is_empty()
        && text
            .chars()
            .all(|letter| letter.is_ascii_alphanumeric() || "_-.".contains(letter));
    if !fine {
        problems.at(
            name,
            format!("`{text}` is no plugin name"),
            "use ASCII letters, digits, `-`, `_` and `.`",
        );
    } else if text == "host" {
        problems.at(
            name,
            "`host` is the name under which the host provides its own values",
            "choose another name",
        );
    }
}

fn check_version(version: &LitStr, problems: &mut Problems) {
    let text = version.value();
    let core = text.split(['-', '+']).next().unwrap_or_default();
    let parts: Vec<_> = core.split('.').collect();
    if parts.len() != 3 || parts.iter().any(|part| part.parse::<u64>().is_err()) {
        problems.at(
            version,
            format!("`{text}` is no semantic version"),
            "write three numbers, such as \"1.0.0\"",
        );
    }
}

/// The path of a function, where only that will do.
fn function(argument: &Argument, signature: &str, problems: &mut Problems) -> Option<Expr> {
    let key = &argument.key;
    let help = format!("write `{key} = Type::{key}`, with `{signature}`");
    match &argument.value {
        Value::Expression(path @ Expr::Path(_)) => return Some(path.clone()),
        Value::Expression(other) => {
            problems.at(other, format!("`{key}` takes the path of a function"), help);
        }
        _ => problems.at(key, format!("`{key}` takes the path of a function"), help),
    }
    None
}

/// `save` and `restore` belong together.
fn check_pair(arguments: &[Argument], problems: &mut Problems) {
    let find = |key| arguments.iter().find(|argument| argument.key == key);
    match (find("save"), find("restore")) {
        (Some(save), None) => problems.at(
            &save.key,
            "`save` stands without `restore`: nobody would read what it saves",
            format!("both belong together: add `restore = Type::restore`, with `{RESTORE}`"),
        ),
        (None, Some(restore)) => problems.at(
            &restore.key,
            "`restore` stands without `save`: there would be nothing to read",
            format!("both belong together: add `save = Type::save`, with `{SAVE}`"),
        ),
        _ => {}
    }
}
