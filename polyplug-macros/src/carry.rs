//! How a type stands in a signature. References, objects and closures are recognised by their form; every other type
//! is asked through the trait `Data`, whatever it is called.

use syn::visit::{self, Visit};
use syn::{GenericArgument, PathArguments, Type, TypeParamBound, TypeReference, TypeTraitObject};

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
    /// `&dyn C`.
    Object(&'a TypeTraitObject),
}

impl<'a> Passing<'a> {
    /// Reads the form of an argument's type; what cannot cross is a problem.
    pub(crate) fn of(ty: &'a Type, problems: &mut Problems) -> Option<Self> {
        match ty {
            Type::Paren(inner) => Self::of(&inner.elem, problems),
            Type::Group(inner) => Self::of(&inner.elem, problems),
            Type::Reference(reference) => Self::of_reference(reference, problems),
            other => value(other, problems).then_some(Self::Value(other)),
        }
    }

    fn of_reference(reference: &'a TypeReference, problems: &mut Problems) -> Option<Self> {
        if let Some(lifetime) = &reference.lifetime
            && lifetime.ident == "static"
        {
            problems.at(
                lifetime,
                "a reference that crosses cannot be `'static`: what it points to goes away with its module",
                "leave the lifetime out, or pass an owned type",
            );
            return None;
        }
        let inner = ungroup(&reference.elem);
        if reference.mutability.is_some() {
            let (what, help) = match inner {
                Type::Slice(_) => (
                    "`&mut [T]` cannot stand in a contract yet",
                    "take `Vec<T>` and return `Vec<T>`",
                ),
                Type::TraitObject(_) => (
                    "`&mut dyn` cannot stand in a contract yet",
                    "take `&dyn Trait` of a contract with `&self` methods",
                ),
                _ => (
                    "`&mut` cannot stand in a contract yet",
                    "take the value and return the new one",
                ),
            };
            problems.at(reference, what, help);
            return None;
        }
        match inner {
            Type::Slice(slice) => value(&slice.elem, problems).then_some(Self::Slice(&slice.elem)),
            Type::Path(path)
                if path.qself.is_none()
                    && path
                        .path
                        .segments
                        .last()
                        .is_some_and(|last| last.ident == "str") =>
            {
                Some(Self::Text)
            }
            Type::TraitObject(object) => {
                check_object(object, problems).then_some(Self::Object(object))
            }
            Type::Reference(_) => {
                problems.at(
                    inner,
                    "a reference to a reference cannot cross",
                    "pass a single reference",
                );
                None
            }
            other => value(other, problems).then_some(Self::Reference(other)),
        }
    }
}

/// Reads the form of a result's type.
pub(crate) fn check_result(ty: &Type, problems: &mut Problems) {
    match ungroup(ty) {
        Type::Reference(reference) => {
            let is_static = reference
                .lifetime
                .as_ref()
                .is_some_and(|lifetime| lifetime.ident == "static");
            if is_static {
                problems.at(
                    ty,
                    "a result cannot be `'static`: what it points to goes away with its module",
                    "return an owned type, such as `String` or `Vec<T>`",
                );
            } else {
                problems.at(
                    ty,
                    "a result that borrows cannot stand in a contract yet",
                    "return an owned type, such as `String` or `Vec<T>`",
                );
            }
        }
        Type::ImplTrait(_) => problems.at(
            ty,
            "`impl Trait` is no type that can cross",
            "return a concrete type",
        ),
        Type::Never(_) => problems.at(
            ty,
            "a contract method cannot return `!`",
            "return `()`, or a `Result`",
        ),
        other => {
            value(other, problems);
        }
    }
}

fn ungroup(ty: &Type) -> &Type {
    match ty {
        Type::Paren(inner) => ungroup(&inner.elem),
        Type::Group(inner) => ungroup(&inner.elem),
        other => other,
    }
}

/// The trait of an object, without its marker bounds: exactly one contract, no closure.
fn check_object(object: &TypeTraitObject, problems: &mut Problems) -> bool {
    let mut fine = true;
    for bound in &object.bounds {
        let TypeParamBound::Trait(bound) = bound else {
            continue;
        };
        let Some(last) = bound.path.segments.last() else {
            continue;
        };
        if matches!(last.arguments, PathArguments::Parenthesized(_)) {
            problems.at(
                object,
                "a closure cannot stand in a contract yet",
                "take a `&dyn Trait` of a contract with one method",
            );
            fine = false;
        }
    }
    if object.bounds.len() > 1 {
        problems.at(
            object,
            "an object with more bounds than its contract cannot stand in a contract yet",
            "make `Send` and `Sync` supertraits of the contract, and write `&dyn Trait`",
        );
        fine = false;
    }
    fine
}

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
                    "take a `&dyn Trait` of a contract with one method",
                ),
                Type::Infer(_) => self.wrong(ty, "the type must be written out", "write the type"),
                Type::Never(_) => self.wrong(ty, "`!` cannot cross", "leave it out"),
                Type::TraitObject(_) => self.wrong(
                    ty,
                    "an owned object cannot stand in a contract yet",
                    "take `&dyn Trait`",
                ),
                Type::Slice(_) => self.wrong(
                    ty,
                    "a slice without a reference has no size",
                    "write `&[T]` or `Vec<T>`",
                ),
                Type::Reference(reference) => {
                    let is_static = reference
                        .lifetime
                        .as_ref()
                        .is_some_and(|lifetime| lifetime.ident == "static");
                    if is_static {
                        self.wrong(ty, "a reference that crosses cannot be `'static`: what it points to goes away with its module", "use an owned type, such as `String`");
                    } else {
                        self.wrong(
                            ty,
                            "a reference inside another type cannot cross yet",
                            "use an owned type inside, such as `String` for `&str`",
                        );
                    }
                }
                other => visit::visit_type(self, other),
            }
        }
        fn visit_generic_argument(&mut self, argument: &'ast GenericArgument) {
            // Lengths of arrays and constants are expressions, not types.
            if let GenericArgument::Type(ty) = argument {
                self.visit_type(ty);
            }
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
