//! The arguments of an attribute: `key = value` and `key(list)`, each at most once, unknown ones refused.

use proc_macro2::{Ident, TokenStream};
use syn::parse::{Parse, ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{Expr, LitStr, Path, Token, TypeTraitObject, parenthesized};

use crate::problems::{Problems, mistake};

/// What stands behind a key.
pub(crate) enum Value {
    /// `key = expression`.
    Expression(Expr),
    /// `key(dyn A, dyn B)`.
    Objects(Vec<TypeTraitObject>),
    /// `key(..)`, of a key that takes no contracts.
    Parentheses,
    /// `crate = path`.
    Path(Path),
    /// `key` alone.
    Flag,
}

/// The options that stand alone, or may.
const FLAGS: [&str; 5] = ["pinned", "flags", "non_exhaustive", "other", "default"];

/// The options that take contracts in parentheses.
const LISTS: [&str; 2] = ["requires", "wants"];

/// One argument.
pub(crate) struct Argument {
    pub(crate) key: Ident,
    pub(crate) value: Value,
}

impl Parse for Argument {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        use syn::ext::IdentExt as _;
        let start = input.fork().parse::<proc_macro2::TokenTree>().ok();
        let key = input.call(Ident::parse_any).map_err(|error| match start {
            Some(token) => mistake(
                &token,
                "an option starts with its name",
                "write `name = value`",
            ),
            None => error,
        })?;
        if key == "crate" {
            input.parse::<Token![=]>()?;
            return Ok(Self {
                key,
                value: Value::Path(input.parse()?),
            });
        }
        if input.peek(syn::token::Paren) {
            let content;
            parenthesized!(content in input);
            if !LISTS.iter().any(|list| key == list) {
                content.parse::<TokenStream>()?;
                return Ok(Self {
                    key,
                    value: Value::Parentheses,
                });
            }
            let objects = Punctuated::<TypeTraitObject, Token![,]>::parse_terminated(&content)
                .map_err(|error| {
                    mistake(
                        &key,
                        format!("`{key}` takes contracts: {error}"),
                        format!("write `{key}(dyn First, dyn Second)`"),
                    )
                })?;
            return Ok(Self {
                key,
                value: Value::Objects(objects.into_iter().collect()),
            });
        }
        if LISTS.iter().any(|list| key == list) {
            return Err(mistake(
                &key,
                format!("`{key}` takes contracts"),
                format!("write `{key}(dyn First, dyn Second)`"),
            ));
        }
        if input.is_empty() || input.peek(Token![,]) {
            return Ok(Self {
                key,
                value: Value::Flag,
            });
        }
        if !input.peek(Token![=]) {
            return Err(without_value(&key));
        }
        input.parse::<Token![=]>()?;
        Ok(Self {
            key,
            value: Value::Expression(ungroup(input.parse()?)),
        })
    }
}

fn without_value(key: &Ident) -> syn::Error {
    mistake(
        key,
        format!("`{key}` has no value"),
        format!("write `{key} = ..`"),
    )
}

/// Parses the arguments; keys that are not `known`, or stand twice, are problems.
pub(crate) fn parse(tokens: TokenStream, known: &[&str], problems: &mut Problems) -> Vec<Argument> {
    let parsed = match Punctuated::<Argument, Token![,]>::parse_terminated.parse2(tokens) {
        Ok(parsed) => parsed,
        Err(error) => {
            problems.push(with_help(error));
            return Vec::new();
        }
    };
    let mut arguments: Vec<Argument> = Vec::new();
    for argument in parsed {
        let key = argument.key.to_string();
        if !known.contains(&key.as_str()) {
            let known: Vec<_> = known.iter().map(|key| format!("`{key}`")).collect();
            problems.at(
                &argument.key,
                format!("there is no option `{key}`"),
                format!("the options are {}", known.join(", ")),
            );
        } else if arguments.iter().any(|other| other.key == argument.key) {
            problems.at(
                &argument.key,
                format!("`{key}` is given twice"),
                "leave one of them out",
            );
        } else if matches!(argument.value, Value::Flag) && !FLAGS.contains(&key.as_str()) {
            problems.push(without_value(&argument.key));
        } else {
            arguments.push(argument);
        }
    }
    arguments
}

/// A parser's own words say what it expected, not what to write.
fn with_help(error: syn::Error) -> syn::Error {
    let text = error.to_string();
    if text.contains("\nhelp: ") {
        return error;
    }
    let help = "write options as `name = value`, with commas between them";
    syn::Error::new(error.span(), format!("{text}\nhelp: {help}"))
}

impl Argument {
    /// Whether it stands alone, as it should.
    pub(crate) fn flag(&self, problems: &mut Problems) -> bool {
        if !matches!(self.value, Value::Flag) {
            let key = &self.key;
            problems.at(
                key,
                format!("`{key}` takes no value"),
                format!("write `{key}` alone"),
            );
        }
        true
    }

    /// The value, where only a string literal will do.
    pub(crate) fn text(&self, problems: &mut Problems) -> Option<LitStr> {
        if let Value::Expression(Expr::Lit(literal)) = &self.value
            && let syn::Lit::Str(text) = &literal.lit
        {
            return Some(text.clone());
        }
        let key = &self.key;
        problems.at(
            key,
            format!("`{key}` takes a string"),
            format!("write `{key} = \"..\"`"),
        );
        None
    }
}

/// The expression that a `macro_rules` passed on.
fn ungroup(expression: Expr) -> Expr {
    match expression {
        Expr::Group(group) => ungroup(*group.expr),
        other => other,
    }
}
