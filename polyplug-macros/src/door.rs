//! The one path through which expansions refer to the runtime, and how questions about a user's type are spelled so that
//! the answer "no" points at the type.

use proc_macro2::{Group, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::Path;
use syn::spanned::Spanned as _;

/// `::polyplug::__private`, or below the path that `crate = ..` names.
pub(crate) struct Door {
    path: TokenStream,
    /// Before an impl that the compiler shall not propose to users: of a contract that polyplug itself has.
    pub(crate) quiet: TokenStream,
    /// Where the locals of an expansion mean something: the author may have had a type from a `macro_rules` whose body wrote
    /// the attribute, or the other way round.
    home: Span,
}

impl Door {
    /// `home` is the span of a token that was written where the attribute was.
    pub(crate) fn new(renamed: Option<&Path>, home: Span) -> Self {
        let path = match renamed {
            Some(path) => quote!(#path::__private),
            None => quote!(::polyplug::__private),
        };
        let own = renamed.is_some_and(|path| path.is_ident("crate"));
        let quiet = if own {
            quote!(#[diagnostic::do_not_recommend])
        } else {
            TokenStream::new()
        };
        Self { path, quiet, home }
    }

    /// Tokens of ours that lie where `place` lies: at the part of it that most likely cannot cross, or over the whole of it.
    /// They must hold no `unsafe` that is a block or an item: such words keep the span of the expansion, so that crates which
    /// forbid them still compile.
    pub(crate) fn over(&self, place: &TokenStream, tokens: &TokenStream) -> TokenStream {
        if let Some(part) = suspect(place) {
            return self.at(part, tokens);
        }
        self.whole(place, tokens)
    }

    /// Tokens of ours that lie over the whole of `place`, as those of [`over`](Self::over) do.
    pub(crate) fn whole(&self, place: &TokenStream, tokens: &TokenStream) -> TokenStream {
        let (first, last) = ends(place);
        let mut tokens = tokens.clone().into_iter();
        let head: TokenStream = tokens.next().into_iter().collect();
        let (head, tail) = (self.at(first, &head), self.at(last, &tokens.collect()));
        quote!(#head #tail)
    }

    /// The same tokens, all of them at that place.
    pub(crate) fn at(&self, place: Span, tokens: &TokenStream) -> TokenStream {
        let tokens = tokens.clone().into_iter().map(|token| match token {
            TokenTree::Group(group) => {
                let mut moved = Group::new(group.delimiter(), self.at(place, &group.stream()));
                moved.set_span(place);
                TokenTree::Group(moved)
            }
            // This word alone means something by where it lies: the crate of the `macro_rules` that wrote it.
            TokenTree::Ident(word) if word == "$crate" => TokenTree::Ident(word),
            TokenTree::Ident(mut word) if is_local(&word) => {
                word.set_span(place.resolved_at(self.home));
                TokenTree::Ident(word)
            }
            mut other => {
                other.set_span(place);
                other
            }
        });
        tokens.collect()
    }

    /// A local of ours, which lies at that place.
    pub(crate) fn local(&self, name: &str, place: Span) -> Ident {
        Ident::new(name, place.resolved_at(self.home))
    }

    /// The same door, seen from that place.
    pub(crate) fn moved(&self, place: Span) -> TokenStream {
        self.at(place, &self.path)
    }
}

impl ToTokens for Door {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        self.path.to_tokens(tokens);
    }
}

/// The span of a token that was written where the attribute was: of its own arguments, or, when there are none, the word
/// that says what the item is.
pub(crate) fn home(arguments: &TokenStream, word: Span) -> Span {
    let first = arguments.clone().into_iter().next();
    first.map_or(word, |token| token.span())
}

/// Whether it is the name of a local of ours.
fn is_local(word: &Ident) -> bool {
    word != "__private" && word.to_string().starts_with("__")
}

/// `<T as door::Trait>::member`, which lies where `T` lies: the compiler then says at the user's own words, and
/// once, that `T` is no such thing.
pub(crate) fn ask(
    door: &Door,
    ty: &impl ToTokens,
    of: &TokenStream,
    member: &TokenStream,
) -> TokenStream {
    door.over(&ty.to_token_stream(), &quote!(<#ty as #door::#of>::#member))
}

/// `door::Alias<T>`, which lies where `T` lies.
pub(crate) fn alias(door: &Door, ty: &impl ToTokens, name: &TokenStream) -> TokenStream {
    door.over(&ty.to_token_stream(), &quote!(#door::#name<#ty>))
}

/// Where a type lies; the whole of it as far as the compiler lets us say.
pub(crate) fn place(ty: &impl ToTokens) -> Span {
    ty.span()
}

/// Whether every word of a type is one of the standard library's, or of ours. Decides only where an error points.
pub(crate) fn is_standard(ty: &TokenStream) -> bool {
    suspect(ty).is_none()
}

/// Whether a smart pointer stands in a type: not everything may stand behind one. Decides only where an error points.
pub(crate) fn holds_pointer(ty: &TokenStream) -> bool {
    ty.clone().into_iter().any(|token| match token {
        TokenTree::Ident(word) => word == "Box" || word == "Arc",
        TokenTree::Group(group) => holds_pointer(&group.stream()),
        _ => false,
    })
}

/// The part of a type that most likely cannot cross: the first word that is none of the standard library's, or of ours; the
/// last of its path. Decides only where an error points.
fn suspect(ty: &TokenStream) -> Option<Span> {
    const WORDS: &[&str] = &[
        "bool",
        "char",
        "i8",
        "i16",
        "i32",
        "i64",
        "i128",
        "isize",
        "u8",
        "u16",
        "u32",
        "u64",
        "u128",
        "usize",
        "f32",
        "f64",
        "str",
        "String",
        "Cow",
        "Vec",
        "Option",
        "Result",
        "Box",
        "Arc",
        "HashMap",
        "HashSet",
        "BTreeMap",
        "BTreeSet",
        "Duration",
        "SystemTime",
        "Path",
        "PathBuf",
        "Fn",
        "FnMut",
        "FnOnce",
        "Send",
        "Sync",
        "Fault",
        "dyn",
        "for",
        "static",
        "_",
        "polyplug",
        "std",
        "core",
        "alloc",
        "crate",
    ];
    let mut tokens = ty.clone().into_iter().peekable();
    let mut found = None;
    let mut lifetime = false;
    while let Some(token) = tokens.next() {
        let is_lifetime = core::mem::replace(
            &mut lifetime,
            matches!(&token, TokenTree::Punct(punct) if punct.as_char() == '\''),
        );
        match token {
            TokenTree::Ident(_) if is_lifetime => {}
            TokenTree::Ident(word) if !WORDS.iter().any(|known| word == known) => {
                found = Some(word.span())
            }
            TokenTree::Group(group) => found = found.or_else(|| suspect(&group.stream())),
            _ => {}
        }
        let path_goes_on =
            matches!(tokens.peek(), Some(TokenTree::Punct(punct)) if punct.as_char() == ':');
        if found.is_some() && !path_goes_on {
            return found;
        }
        if path_goes_on {
            // Both colons.
            tokens.next();
            tokens.next();
        }
    }
    found
}

/// Where the last token lies.
pub(crate) fn last(tokens: &TokenStream) -> Span {
    ends(tokens).1
}

/// Where the first and the last token lie.
fn ends(tokens: &TokenStream) -> (Span, Span) {
    let mut tokens = tokens.clone().into_iter();
    let open = |token: &TokenTree| match token {
        TokenTree::Group(group) => group.span_open(),
        other => other.span(),
    };
    let close = |token: &TokenTree| match token {
        TokenTree::Group(group) => group.span_close(),
        other => other.span(),
    };
    let Some(first) = tokens.next() else {
        return (Span::call_site(), Span::call_site());
    };
    let last = tokens.last();
    (open(&first), close(last.as_ref().unwrap_or(&first)))
}
