//! Two shapes of one contract: do they fit, and if not, where do they differ.

use std::collections::HashSet;

use polyplug_abi::{method_flags, type_kind};

use super::model::{Catalog, FieldModel, MethodModel, TypeModel, VariantModel};

/// One side of a comparison: a contract, and how to call that side in a message.
#[derive(Clone, Copy)]
pub(crate) struct Side<'a> {
    pub(crate) catalog: &'a Catalog,
    pub(crate) contract: usize,
    pub(crate) name: &'a str,
}

/// What keeps a caller from using a provider: a line each, naming method, argument and field, and what each side has.
///
/// Methods that only the provider has are no difference; nor are methods with a default body that it lacks.
pub(crate) fn differences(provider: Side<'_>, caller: Side<'_>) -> Vec<String> {
    let mut comparison = Comparison {
        provider,
        caller,
        seen: HashSet::new(),
        lines: Vec::new(),
    };
    comparison.use_of(provider.contract, caller.contract, "");
    comparison.methods(provider.contract, caller.contract, "", true);
    comparison.lines
}

struct Comparison<'a> {
    provider: Side<'a>,
    caller: Side<'a>,
    seen: HashSet<(usize, usize)>,
    lines: Vec<String>,
}

impl Comparison<'_> {
    /// Whether both sides say that callers share a provider, or that each has its own.
    fn use_of(&mut self, provider: usize, caller: usize, place: &str) {
        let exclusive =
            |side: Side<'_>, contract: usize| side.catalog.contracts[contract].exclusive;
        let (theirs, ours) = (
            exclusive(self.provider, provider),
            exclusive(self.caller, caller),
        );
        if theirs == ours {
            return;
        }
        let word = |exclusive| {
            if exclusive {
                "takes `&mut self` in some methods"
            } else {
                "takes `&self` in all methods"
            }
        };
        self.lines.push(format!(
            "{place}the contract: {} {}, {} {}; a contract that becomes exclusive, or shared, is another major version",
            self.provider.name, word(theirs), self.caller.name, word(ours),
        ));
    }

    fn methods(&mut self, provider: usize, caller: usize, place: &str, all: bool) {
        let theirs = &self.provider.catalog.contracts[provider].methods;
        for method in &self.caller.catalog.contracts[caller].methods {
            let place = format!("{place}method `{}`", method.name);
            match theirs.iter().find(|their| their.name == method.name) {
                Some(their) => self.method(their, method, &place),
                None if method.has_default || !all => {}
                None => self.lines.push(format!(
                    "{place}: {} has `{}`, {} has no such method; give it a default body, so that older {} can do without it",
                    self.caller.name,
                    self.caller.catalog.signature(method),
                    self.provider.name,
                    if self.provider.name == "the host" { "hosts" } else { "plugins" },
                )),
            }
        }
    }

    fn method(&mut self, provider: &MethodModel, caller: &MethodModel, place: &str) {
        if provider.arguments.len() != caller.arguments.len() {
            let (theirs, ours) = (
                self.provider.catalog.signature(provider),
                self.caller.catalog.signature(caller),
            );
            self.different(place, &theirs, &ours);
            return;
        }
        if provider.exclusive != caller.exclusive {
            let word = |exclusive| if exclusive { "&mut self" } else { "&self" };
            self.different(
                &format!("{place}, receiver"),
                word(provider.exclusive),
                word(caller.exclusive),
            );
        }
        if provider.borrows != caller.borrows {
            let word = |borrows| match borrows {
                0 => "an owned result",
                method_flags::BORROWS => "a result that borrows from its arguments",
                _ => "a result that borrows from the object",
            };
            self.different(place, word(provider.borrows), word(caller.borrows));
        }
        for (their, our) in provider.arguments.iter().zip(&caller.arguments) {
            let name = if our.name.is_empty() {
                &their.name
            } else {
                &our.name
            };
            let place = format!("{place}, argument `{name}`");
            if their.passing == our.passing {
                self.types(their.ty, our.ty, &place);
            } else {
                let (theirs, ours) = (
                    self.provider.catalog.argument_type(their),
                    self.caller.catalog.argument_type(our),
                );
                self.different(&place, &theirs, &ours);
            }
        }
        self.types(provider.result, caller.result, &format!("{place}, result"));
    }

    fn different(&mut self, place: &str, provider: &str, caller: &str) {
        self.lines.push(format!(
            "{place}: {} has `{provider}`, {} has `{caller}`",
            self.provider.name, self.caller.name
        ));
    }

    fn types(&mut self, provider: usize, caller: usize, place: &str) {
        if !self.seen.insert((provider, caller)) {
            return;
        }
        let (their_catalog, our_catalog) = (self.provider.catalog, self.caller.catalog);
        let (their, our) = (&their_catalog.types[provider], &our_catalog.types[caller]);
        if closed(their.kind) == closed(our.kind) && their.kind != our.kind {
            let word = |kind| {
                if kind == closed(kind) {
                    "does not grow"
                } else {
                    "grows (`non_exhaustive`)"
                }
            };
            self.lines.push(format!(
                "{place}, type `{}`: {} has one that {}, {} has one that {}; data that begins or ceases to grow is another type: give it another name, in a new method or a new major version",
                our.name, self.provider.name, word(their.kind), self.caller.name, word(our.kind),
            ));
            return;
        }
        let same_shape = their.kind == our.kind
            && their.flags == our.flags
            && their.length == our.length
            && their.elements.len() == our.elements.len();
        if !same_shape {
            self.different(
                place,
                &their_catalog.type_name(provider),
                &our_catalog.type_name(caller),
            );
            return;
        }
        let before = self.lines.len();
        for (&their, &our) in their.elements.iter().zip(&our.elements) {
            self.types(their, our, place);
        }
        match our.kind {
            type_kind::GROWING_STRUCT => self.growing_fields(their, our, place),
            type_kind::ENUM | type_kind::GROWING_ENUM => self.variants(their, our, place),
            _ => self.fields(&their.fields, &our.fields, place, &our.name),
        }
        if let (Some(their), Some(our)) = (their.contract, our.contract) {
            let (their_contract, our_contract) =
                (&their_catalog.contracts[their], &our_catalog.contracts[our]);
            let id = |contract: &super::model::ContractModel| {
                format!("{} {}", contract.id, contract.major)
            };
            if id(their_contract) == id(our_contract) {
                let place = if our_contract.id.is_empty() {
                    format!("{place}, closure, ")
                } else {
                    format!("{place}, contract `{}`, ", our_contract.id)
                };
                self.use_of(their, our, &place);
                self.methods(their, our, &place, false);
            } else {
                let (theirs, ours) = (id(their_contract), id(our_contract));
                self.different(place, &theirs, &ours);
            }
        }
        if self.lines.len() == before && (their.lent != our.lent || their.owned != our.owned) {
            self.lines.push(format!(
                "{place}, type `{}`: {} lays it out in {} bytes, {} in {}",
                our_catalog.type_name(caller),
                self.provider.name,
                their.lent.0,
                self.caller.name,
                our.lent.0
            ));
        }
    }

    fn fields(&mut self, provider: &[FieldModel], caller: &[FieldModel], place: &str, owner: &str) {
        let names = |fields: &[FieldModel]| list_of(fields.iter().map(|field| &field.name));
        let (theirs, ours) = (names(provider), names(caller));
        if theirs != ours {
            let place = if owner.is_empty() {
                place.to_owned()
            } else {
                format!("{place}, fields of `{owner}`")
            };
            self.different(
                &place,
                &format!("{{ {} }}", theirs.join(", ")),
                &format!("{{ {} }}", ours.join(", ")),
            );
            return;
        }
        for (their, our) in provider.iter().zip(caller) {
            self.types(their.ty, our.ty, &format!("{place}, field `{}`", our.name));
        }
    }

    /// The fields that both sides know must agree; those that one side added must have a default.
    fn growing_fields(&mut self, provider: &TypeModel, caller: &TypeModel, place: &str) {
        let place = format!("{place}, fields of `{}`", caller.name);
        let common = provider.fields.len().min(caller.fields.len());
        let ((theirs, their_more), (ours, our_more)) = (
            provider.fields.split_at(common),
            caller.fields.split_at(common),
        );
        for (their, our) in theirs.iter().zip(ours) {
            if their.name != our.name {
                let names = |fields: &[FieldModel]| {
                    format!(
                        "{{ {} }}",
                        list_of(fields.iter().map(|field| &field.name)).join(", ")
                    )
                };
                self.lines.push(format!(
                    "{place}: {} has `{}` where {} has `{}`: {} against {}; fields can only be added at the end: put `{}` back where it was, or give the contract a new major version",
                    self.provider.name, their.name, self.caller.name, our.name,
                    quoted(&names(&provider.fields)), quoted(&names(&caller.fields)),
                    if their_more.len() > our_more.len() { &our.name } else { &their.name },
                ));
                return;
            }
        }
        for (their, our) in theirs.iter().zip(ours) {
            self.types(their.ty, our.ty, &format!("{place}, field `{}`", our.name));
        }
        let more = [
            (self.provider, self.caller, their_more),
            (self.caller, self.provider, our_more),
        ];
        for (side, other, more) in more {
            for field in more.iter().filter(|field| !field.has_default) {
                self.lines.push(format!(
                    "{place}, field `{}`: {} has `{}`, {} has no such field, and it has no default; write `#[data(default)]` on a field that is added, and keep one that was there",
                    field.name, side.name, side.catalog.type_name(field.ty), other.name,
                ));
            }
        }
    }

    /// The variants that both sides know must agree; of an enum that grows, one side may have more.
    fn variants(&mut self, provider: &TypeModel, caller: &TypeModel, place: &str) {
        let grows = caller.kind == type_kind::GROWING_ENUM;
        let (theirs, ours) = (known(provider), known(caller));
        let mut pairs = theirs.iter().zip(&ours);
        if !pairs.all(|(their, our)| their.name == our.name)
            || (!grows && theirs.len() != ours.len())
        {
            let names = |variants: &[&VariantModel]| {
                list_of(variants.iter().map(|variant| &variant.name)).join(" | ")
            };
            let place = format!("{place}, variants of `{}`", caller.name);
            self.different(&place, &names(&theirs), &names(&ours));
            if grows && let Some(line) = self.lines.last_mut() {
                line.push_str(
                    "; variants can only be added at the end: keep those that were there, in their order, or give the contract a new major version",
                );
            }
            return;
        }
        for (their, our) in theirs.into_iter().zip(ours) {
            let place = format!("{place}, variant `{}::{}`", caller.name, our.name);
            self.fields(&their.fields, &our.fields, &place, &caller.name);
        }
    }
}

/// The variants that can be sent.
fn known(ty: &TypeModel) -> Vec<&VariantModel> {
    ty.variants
        .iter()
        .filter(|variant| !variant.other)
        .collect()
}

/// The kind, or that of the same type if it did not grow.
fn closed(kind: u32) -> u32 {
    match kind {
        type_kind::GROWING_STRUCT => type_kind::STRUCT,
        type_kind::GROWING_ENUM => type_kind::ENUM,
        kind => kind,
    }
}

fn list_of<'a>(names: impl Iterator<Item = &'a String>) -> Vec<String> {
    names.cloned().collect()
}

fn quoted(text: &str) -> String {
    format!("`{text}`")
}
