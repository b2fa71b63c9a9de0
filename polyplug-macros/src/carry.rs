//! How a type stands in a signature. References, objects and closures are recognised by their form; every other type
//! is asked through the trait `Data`, whatever it is called.

use proc_macro2::Span;
use syn::visit::{self, Visit};
use syn::visit_mut::{self, VisitMut};
use syn::{
    GenericArgument, Lifetime, PathArguments, Type, TypeParamBound, TypeReference, TypeTraitObject,
};

use crate::problems::Problems;

/// How an argument crosses.
pub(crate) enum Passing<'a> {
    /// `T`.
    Value(&'a Type),
    /// `&T`.
    Reference(&'a Type),
    /// `&[T]`.
    Slice(&'a Type),
    /// `&str`.
    Text,
    /// `&dyn C`, `&dyn Fn(..)`.
    Object(&'a TypeTraitObject),
    /// `&mut [T]`.
    MutableSlice(&'a Type),
    /// `&mut dyn C`, `&mut dyn FnMut(..)`.
    MutableObject(&'a TypeTraitObject),
    /// `&mut String`, `&mut Vec<T>`.
    Sink(&'a Type),
}

impl<'a> Passing<'a> {
    /// Reads the form of an argument's type; what cannot cross is a problem.
    pub(crate) fn of(ty: &'a Type, problems: &mut Problems) -> Option<Self> {
        match ungroup(ty) {
            Type::Reference(reference) => Self::of_reference(reference, problems),
            other => value(other, problems).then_some(Self::Value(other)),
        }
    }

    fn of_reference(reference: &'a TypeReference, problems: &mut Problems) -> Option<Self> {
        if is_static(reference.lifetime.as_ref()) {
            problems.at(
                &reference.lifetime,
                "a reference that crosses cannot be `'static`: what it points to goes away with its module",
                "leave the lifetime out, or pass an owned type",
            );
            return None;
        }
        let inner = ungroup(&reference.elem);
        let mutable = reference.mutability.is_some();
        if mutable && !matches!(inner, Type::TraitObject(_)) && !lifetimes(inner).is_empty() {
            problems.at(
                inner,
                "what the other side changes cannot hold a reference: nobody knows how long what it puts there lives",
                "use owned data, such as `String` for `&str`; or take the value, and return the new one",
            );
            return None;
        }
        match inner {
            Type::Slice(slice) => value(&slice.elem, problems).then_some(if mutable {
                Self::MutableSlice(&slice.elem)
            } else {
                Self::Slice(&slice.elem)
            }),
            Type::Path(path) if !mutable && is_text(path) => Some(Self::Text),
            Type::TraitObject(object) => {
                check_object(object, true, problems).then_some(if mutable {
                    Self::MutableObject(object)
                } else {
                    Self::Object(object)
                })
            }
            Type::Reference(_) => {
                problems.at(
                    inner,
                    "a reference to a reference cannot cross",
                    "pass a single reference",
                );
                None
            }
            other => value(other, problems).then_some(if mutable {
                Self::Sink(other)
            } else {
                Self::Reference(other)
            }),
        }
    }
}

fn is_static(lifetime: Option<&Lifetime>) -> bool {
    lifetime.is_some_and(|lifetime| lifetime.ident == "static")
}

fn is_text(path: &syn::TypePath) -> bool {
    let last = path.path.segments.last();
    path.qself.is_none() && last.is_some_and(|last| last.ident == "str")
}

/// Reads the form of a result's type. Whether it borrows: it holds a reference.
pub(crate) fn check_result(ty: &Type, problems: &mut Problems) -> bool {
    match ungroup(ty) {
        Type::ImplTrait(_) => {
            problems.at(
                ty,
                "`impl Trait` is no type that can cross",
                "return a concrete type, or `Box<dyn Trait>` of a contract",
            );
            false
        }
        Type::Never(_) => {
            problems.at(
                ty,
                "a contract method cannot return `!`",
                "return `()`, or a `Result`",
            );
            false
        }
        Type::Reference(reference) if is_static(reference.lifetime.as_ref()) => {
            problems.at(
                ty,
                "a result cannot be `'static`: what it points to goes away with its module",
                "return an owned type, such as `String` or `Vec<T>`",
            );
            false
        }
        Type::Reference(reference) => {
            match ungroup(&reference.elem) {
                _ if reference.mutability.is_some() => problems.at(
                    ty,
                    "a result cannot be `&mut`: nobody knows when the other side is done with it",
                    "return an owned type, or take `&mut` as an argument",
                ),
                Type::TraitObject(_) => problems.at(
                    ty,
                    "a result cannot lend an object",
                    "return `Box<dyn Trait>` or `Arc<dyn Trait>`",
                ),
                Type::Slice(slice) => {
                    value(&slice.elem, problems);
                }
                Type::Path(path)
                    if path
                        .path
                        .segments
                        .last()
                        .is_some_and(|last| last.ident == "Path") =>
                {
                    problems.at(
                        ty,
                        "a result cannot borrow a path: it may be converted on its way",
                        "return `PathBuf`",
                    );
                }
                other => {
                    value(other, problems);
                }
            }
            true
        }
        other => {
            value(other, problems);
            holds_reference(other)
        }
    }
}

/// Whether a reference stands in the type, but for those in the signature of a closure.
fn holds_reference(ty: &Type) -> bool {
    struct Find(bool);
    impl<'ast> Visit<'ast> for Find {
        fn visit_type_reference(&mut self, _: &'ast TypeReference) {
            self.0 = true;
        }
        fn visit_type_trait_object(&mut self, _: &'ast TypeTraitObject) {}
        fn visit_expr(&mut self, _: &'ast syn::Expr) {}
    }
    let mut find = Find(false);
    find.visit_type(ty);
    find.0
}

fn ungroup(ty: &Type) -> &Type {
    match ty {
        Type::Paren(inner) => ungroup(&inner.elem),
        Type::Group(inner) => ungroup(&inner.elem),
        other => other,
    }
}

/// Whether the object is a closure.
pub(crate) fn is_closure(object: &TypeTraitObject) -> bool {
    object.bounds.iter().any(|bound| {
        matches!(bound, TypeParamBound::Trait(bound)
            if bound.path.segments.last().is_some_and(|last| matches!(last.arguments, PathArguments::Parenthesized(_))))
    })
}

/// The markers and the lifetime of an object, and what a closure takes.
fn check_object(object: &TypeTraitObject, borrowed: bool, problems: &mut Problems) -> bool {
    let mut fine = true;
    for bound in &object.bounds {
        match bound {
            TypeParamBound::Lifetime(lifetime) if !borrowed && lifetime.ident != "static" => {
                problems.at(
                    bound,
                    "an owned object cannot borrow: nobody knows when the other side drops it",
                    "leave the lifetime out, or take `&dyn Trait`",
                );
                fine = false;
            }
            TypeParamBound::Trait(bound) => {
                if let Some(last) = bound.path.segments.last()
                    && let PathArguments::Parenthesized(signature) = &last.arguments
                {
                    fine &= check_closure(object, signature, problems);
                }
            }
            _ => {}
        }
    }
    fine
}

/// What a closure takes and returns.
fn check_closure(
    object: &TypeTraitObject,
    signature: &syn::ParenthesizedGenericArguments,
    problems: &mut Problems,
) -> bool {
    const MOST: usize = 3;
    let mut fine = true;
    if signature.inputs.len() > MOST {
        problems.at(
            object,
            "a closure that crosses takes at most three arguments",
            "put them into a tuple or a `#[polyplug::data]` struct, or take `&dyn Trait` of a contract",
        );
        fine = false;
    }
    for input in signature.inputs.iter().map(|input| &input.ty) {
        match ungroup(input) {
            Type::Reference(reference) => {
                if reference.mutability.is_some() {
                    problems.at(
                        input,
                        "a closure that crosses cannot take `&mut`",
                        "let it take the value and return the new one, or take `&mut dyn Trait` of a contract",
                    );
                    fine = false;
                } else if is_static(reference.lifetime.as_ref()) {
                    problems.at(
                        input,
                        "a reference that crosses cannot be `'static`: what it points to goes away with its module",
                        "leave the lifetime out, or pass an owned type",
                    );
                    fine = false;
                } else if matches!(ungroup(&reference.elem), Type::TraitObject(_)) {
                    problems.at(
                        input,
                        "a closure that crosses cannot take an object by reference",
                        "let it take `Arc<dyn Trait>`, or take `&dyn Trait` of a contract in the closure's place",
                    );
                    fine = false;
                } else if let Type::Slice(slice) = ungroup(&reference.elem) {
                    fine &= value(&slice.elem, problems);
                } else {
                    fine &= value(&reference.elem, problems);
                }
            }
            other if holds_reference(other) => {
                problems.at(
                    input,
                    "a closure that crosses cannot take a reference inside another type",
                    "use an owned type inside, such as `String` for `&str`",
                );
                fine = false;
            }
            other => fine &= value(other, problems),
        }
    }
    if let syn::ReturnType::Type(_, ty) = &signature.output {
        if holds_reference(ty) {
            problems.at(
                ty,
                "the result of a closure that crosses cannot borrow",
                "return an owned type, such as `String` or `Vec<T>`",
            );
            fine = false;
        } else {
            fine &= value(ty, problems);
        }
    }
    fine
}

/// What looks its keys up.
const MAPS: [&str; 4] = ["HashMap", "HashSet", "BTreeMap", "BTreeSet"];

/// What owns or shares what it points to.
const POINTERS: [&str; 3] = ["Box", "Arc", "Rc"];

/// A type in the place of a value: what no value can be is a problem, at the very part of it.
pub(crate) fn value(ty: &Type, problems: &mut Problems) -> bool {
    struct Parts<'p> {
        problems: &'p mut Problems,
        fine: bool,
    }
    impl Parts<'_> {
        fn wrong(&mut self, ty: &Type, what: &str, help: &str) {
            self.problems.at(ty, what, help);
            self.fine = false;
        }
    }
    impl<'ast> Visit<'ast> for Parts<'_> {
        fn visit_type(&mut self, ty: &'ast Type) {
            match ty {
                Type::ImplTrait(_) => self.wrong(
                    ty,
                    "`impl Trait` is no type that can cross",
                    "take `&dyn Trait` of a contract, or a concrete type",
                ),
                Type::Ptr(_) => self.wrong(
                    ty,
                    "a raw pointer cannot cross",
                    "pass a reference, a slice or an owned type",
                ),
                Type::FnPtr(_) => self.wrong(
                    ty,
                    "a function pointer cannot cross: its code may be unloaded",
                    "take a closure: `&dyn Fn(..)`, or `Box<dyn Fn(..) + Send>` to keep it",
                ),
                Type::Infer(_) => self.wrong(ty, "the type must be written out", "write the type"),
                Type::Never(_) => self.wrong(ty, "`!` cannot cross", "leave it out"),
                Type::TraitObject(_) => self.wrong(
                    ty,
                    "an object without a pointer has no size",
                    "write `&dyn Trait`, `Box<dyn Trait>` or `Arc<dyn Trait>`",
                ),
                Type::Slice(_) => self.wrong(
                    ty,
                    "a slice without a reference has no size",
                    "write `&[T]` or `Vec<T>`",
                ),
                Type::Reference(reference) => {
                    if is_static(reference.lifetime.as_ref()) {
                        self.wrong(ty, "a reference that crosses cannot be `'static`: what it points to goes away with its module", "use an owned type, such as `String`");
                    } else if reference.mutability.is_some() {
                        self.wrong(
                            ty,
                            "`&mut` inside another type cannot cross",
                            "take the value and return the new one",
                        );
                    } else {
                        match ungroup(&reference.elem) {
                            Type::TraitObject(object) => {
                                self.fine &= check_object(object, true, self.problems);
                            }
                            Type::Slice(slice) => self.visit_type(&slice.elem),
                            other => self.visit_type(other),
                        }
                    }
                }
                other => visit::visit_type(self, other),
            }
        }
        fn visit_generic_argument(&mut self, argument: &'ast GenericArgument) {
            // Lengths of arrays and constants are expressions, not types.
            match argument {
                // Whatever holds it is a pointer, or the compiler says that it is none.
                GenericArgument::Type(Type::TraitObject(object)) => {
                    self.fine &= check_object(object, false, self.problems);
                }
                GenericArgument::Type(ty) => self.visit_type(ty),
                _ => {}
            }
        }
        fn visit_path_segment(&mut self, segment: &'ast syn::PathSegment) {
            // Decides only which words are said: the trait system refuses such keys under any name.
            if MAPS.iter().any(|map| segment.ident == map)
                && let PathArguments::AngleBracketed(arguments) = &segment.arguments
                && let Some(GenericArgument::Type(key)) = arguments.args.first()
                && holds_reference(key)
            {
                self.wrong(
                    key,
                    "a key cannot hold a reference: it must stay what it was while it is in the map",
                    "use an owned key, such as `String` for `&str`, or pass a slice of pairs",
                );
                return;
            }
            // The same.
            if POINTERS.iter().any(|pointer| segment.ident == pointer)
                && let PathArguments::AngleBracketed(arguments) = &segment.arguments
                && let Some(GenericArgument::Type(Type::Path(inner))) = arguments.args.first()
                && let Some(last) = inner.path.segments.last()
                && (inner.path.is_ident("str") || last.ident == "Path")
            {
                let instead = match inner.path.is_ident("str") {
                    true => "write `String`, or `&str` for an argument",
                    false => "write `PathBuf`, or `&Path` for an argument",
                };
                let what = format!("`{}<{}>` cannot cross", segment.ident, last.ident);
                self.problems.at(segment, what, instead);
                self.fine = false;
                return;
            }
            visit::visit_path_segment(self, segment);
        }
        fn visit_expr(&mut self, _: &'ast syn::Expr) {}
    }
    let mut parts = Parts {
        problems,
        fine: true,
    };
    parts.visit_type(ty);
    parts.fine
}

/// The type with this lifetime in the place of those that pass `which`; elided ones, where they can be seen, are asked
/// about as nothing. What a closure takes and returns has lifetimes of its own and stays.
pub(crate) fn with_lifetime(
    ty: &Type,
    lifetime: &str,
    which: impl Fn(Option<&Lifetime>) -> bool,
) -> Type {
    struct Replace<'l, F>(&'l str, F);
    impl<F: Fn(Option<&Lifetime>) -> bool> Replace<'_, F> {
        fn asks(&self, lifetime: Option<&Lifetime>) -> bool {
            (self.1)(lifetime.filter(|lifetime| lifetime.ident != "_"))
        }
    }
    impl<F: Fn(Option<&Lifetime>) -> bool> VisitMut for Replace<'_, F> {
        fn visit_lifetime_mut(&mut self, lifetime: &mut Lifetime) {
            if self.asks(Some(lifetime)) {
                *lifetime = Lifetime::new(self.0, lifetime.span());
            }
        }
        fn visit_type_reference_mut(&mut self, reference: &mut TypeReference) {
            if reference.lifetime.is_none() && self.asks(None) {
                let span: Span = reference.and_token.span;
                reference.lifetime = Some(Lifetime::new(self.0, span));
            } else if let Some(lifetime) = &mut reference.lifetime {
                self.visit_lifetime_mut(lifetime);
            }
            self.visit_type_mut(&mut reference.elem);
        }
        fn visit_path_segment_mut(&mut self, segment: &mut syn::PathSegment) {
            // The one type of the standard library whose lifetime is often left out altogether.
            if segment.ident == "Cow"
                && let PathArguments::AngleBracketed(arguments) = &mut segment.arguments
                && !arguments
                    .args
                    .iter()
                    .any(|argument| matches!(argument, GenericArgument::Lifetime(_)))
                && self.asks(None)
            {
                let lifetime = Lifetime::new(self.0, segment.ident.span());
                arguments
                    .args
                    .insert(0, GenericArgument::Lifetime(lifetime));
            }
            visit_mut::visit_path_segment_mut(self, segment);
        }
        fn visit_parenthesized_generic_arguments_mut(
            &mut self,
            _: &mut syn::ParenthesizedGenericArguments,
        ) {
        }
        fn visit_bound_lifetimes_mut(&mut self, _: &mut syn::BoundLifetimes) {}
        fn visit_type_fn_ptr_mut(&mut self, _: &mut syn::TypeFnPtr) {}
    }
    let mut ty = ty.clone();
    Replace(lifetime, which).visit_type_mut(&mut ty);
    ty
}

/// The type as it stands where nothing is borrowed: in tables and descriptors, and on the callee's side.
pub(crate) fn fixed(ty: &Type) -> Type {
    with_lifetime(ty, "'static", |_| true)
}

/// The type where the compiler finds its lifetimes out.
pub(crate) fn open(ty: &Type) -> Type {
    with_lifetime(ty, "'_", |_| true)
}

/// The lifetimes that stand in the type, each once; nothing for elided ones.
pub(crate) fn lifetimes(ty: &Type) -> Vec<Option<Lifetime>> {
    let found = std::cell::RefCell::new(Vec::new());
    with_lifetime(ty, "'_", |lifetime| {
        let lifetime = lifetime.cloned();
        let mut found = found.borrow_mut();
        if !found.contains(&lifetime) {
            found.push(lifetime);
        }
        false
    });
    found.into_inner()
}
