//! What changed between two versions of one contract, and what that does to those who were built before.

use super::golden::{Golden, Method, Part, Type, braced};

/// What a change does to others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Weight {
    /// Nothing.
    Nothing,
    /// They do without it.
    Growth,
    /// They no longer fit.
    Break,
}

#[derive(Debug)]
pub(super) struct Change {
    pub(super) weight: Weight,
    pub(super) text: String,
}

pub(super) fn changes(before: &Golden, now: &Golden) -> Vec<Change> {
    let mut found = Found(Vec::new());
    if before.side != now.side {
        found.breaks(format!("it was a {}, and is a {}", before.side, now.side));
    }
    if before.name != now.name {
        found.nothing(format!(
            "trait `{}` is now called `{}`",
            before.name, now.name
        ));
    }
    found.methods(&before.methods, &now.methods);
    for old in &before.types {
        let same = now
            .types
            .iter()
            .filter(|new| new.kind == old.kind && new.name == old.name);
        // Two types may have one name.
        let same: Vec<_> = same.collect();
        match same.iter().find(|new| *old == ***new).or(same.first()) {
            Some(new) => found.ty(old, new),
            None => found.lost(old, now),
        }
    }
    if found.0.is_empty() {
        found.nothing("the order, or types that nobody had before".to_owned());
    }
    found.0
}

struct Found(Vec<Change>);

impl Found {
    fn nothing(&mut self, text: String) {
        self.0.push(Change {
            weight: Weight::Nothing,
            text,
        });
    }

    fn grows(&mut self, text: String) {
        self.0.push(Change {
            weight: Weight::Growth,
            text,
        });
    }

    fn breaks(&mut self, text: String) {
        self.0.push(Change {
            weight: Weight::Break,
            text,
        });
    }

    fn methods(&mut self, before: &[Method], now: &[Method]) {
        for old in before {
            let name = &old.name;
            let Some(new) = now.iter().find(|new| new.name == *name) else {
                self.breaks(format!(
                    "method `{name}` is gone: put `{}` back; others call it",
                    old.signature()
                ));
                continue;
            };
            if old.shape() != new.shape() {
                self.breaks(format!(
                    "method `{name}` was `{}`, and is `{}`: put it back, and give the new one another name and a default body",
                    old.signature(),
                    new.signature()
                ));
            } else if old.signature() != new.signature() {
                self.nothing(format!(
                    "method `{name}` has other names of arguments: was `{}`, is `{}`",
                    old.signature(),
                    new.signature()
                ));
            }
            match (old.has_default(), new.has_default()) {
                (true, false) => self.breaks(format!(
                    "method `{name}` has no default body any more: put it back; others leave the method out"
                )),
                (false, true) => self.grows(format!("method `{name}` has a default body now")),
                _ => {}
            }
        }
        for new in now {
            if before.iter().any(|old| old.name == new.name) {
                continue;
            }
            let signature = new.signature();
            if new.has_default() {
                self.grows(format!("method `{signature}` is new"));
            } else {
                self.breaks(format!(
                    "method `{signature}` is new and has no default body: give it one, so that those without it can do without it"
                ));
            }
        }
    }

    /// A type that is no longer reached. Where it was used says so itself, unless another kind has taken its name.
    fn lost(&mut self, old: &Type, now: &Golden) {
        match now.types.iter().find(|new| new.name == old.name) {
            Some(new) => self.breaks(format!(
                "type `{}` was {} `{}`, and is {} `{}`: give the new one another name",
                old.name,
                article(&old.kind),
                old.kind,
                article(&new.kind),
                new.kind
            )),
            None => self.nothing(format!("type `{}` is not used any more", old.name)),
        }
    }

    fn ty(&mut self, old: &Type, new: &Type) {
        let place = format!("{} `{}`", old.kind, old.name);
        if old.is != new.is {
            self.breaks(format!("{place} was `{}`, and is `{}`", old.is, new.is));
        }
        match (old.grows(), new.grows()) {
            (true, true) if old.kind == "struct" => self.growing_struct(&place, old, new),
            (true, true) => self.growing_enum(&place, old, new),
            (false, false) => self.closed(&place, old, new),
            (grew, _) => {
                let word = |grows| {
                    if grows {
                        "was `non_exhaustive`, and is not"
                    } else {
                        "is `non_exhaustive` now, and was not"
                    }
                };
                self.breaks(format!(
                    "{place} {}: that is another type; give it another name",
                    word(grew)
                ));
            }
        }
    }

    fn closed(&mut self, place: &str, old: &Type, new: &Type) {
        if same(&old.parts, &new.parts) {
            return;
        }
        self.breaks(format!(
            "{place} was `{}`, and is `{}`: it is not `non_exhaustive`, so it stays as it is; put it back, and give the new one another name",
            braced(&old.parts),
            braced(&new.parts)
        ));
    }

    fn growing_struct(&mut self, place: &str, old: &Type, new: &Type) {
        for (index, field) in old.parts.iter().enumerate() {
            let now = new.parts.get(index);
            let Some(now) = now.filter(|now| now.name == field.name) else {
                self.breaks(format!(
                    "{place}: field `{}` is no longer number {}: put it back; fields are added at the end",
                    field.shown(),
                    index + 1
                ));
                return;
            };
            if !field.same(now) {
                self.breaks(format!(
                    "{place}: field `{}` was `{}`, and is `{}`: put it back, and add another field for the new type",
                    field.name, field.is, now.is
                ));
            }
            match (field.has_default(), now.has_default()) {
                (true, false) => self.breaks(format!(
                    "{place}: field `{}` has no default any more: put `#[data(default)]` back; others do not send it",
                    field.name
                )),
                (false, true) => self.nothing(format!("{place}: field `{}` has a default now", field.name)),
                _ => {}
            }
        }
        for field in new.parts.iter().skip(old.parts.len()) {
            if field.has_default() {
                self.grows(format!("{place}: field `{}` is new", field.shown()));
            } else {
                self.breaks(format!(
                    "{place}: field `{}` is new and has no default: write `#[data(default)]` on it",
                    field.shown()
                ));
            }
        }
    }

    fn growing_enum(&mut self, place: &str, old: &Type, new: &Type) {
        let sent = |ty: &Type| -> Vec<String> {
            let sent = ty.parts.iter().filter(|part| part.kind == "variant");
            sent.map(Part::shown).collect()
        };
        let (before, now) = (sent(old), sent(new));
        for (index, variant) in before.iter().enumerate() {
            match now.get(index) {
                Some(now) if now == variant => {}
                Some(now) => {
                    self.breaks(format!(
                        "{place}: variant number {index} was `{variant}`, and is `{now}`: put it back; variants are added at the end"
                    ));
                    return;
                }
                None => {
                    self.breaks(format!(
                        "{place}: variant `{variant}` is gone: put it back; others send it"
                    ));
                    return;
                }
            }
        }
        for variant in now.iter().skip(before.len()) {
            self.grows(format!("{place}: variant `{variant}` is new"));
        }
        let other = |ty: &Type| {
            ty.parts
                .iter()
                .find(|part| part.kind == "other")
                .map(Part::shown)
        };
        if other(old) != other(new) {
            self.nothing(format!(
                "{place}: another variant stands for unknown ones, or none"
            ));
        }
    }
}

fn same(old: &[Part], new: &[Part]) -> bool {
    old.len() == new.len() && old.iter().zip(new).all(|(old, new)| old.same(new))
}

fn article(kind: &str) -> &'static str {
    if kind.starts_with(['e', 'o']) {
        "an"
    } else {
        "a"
    }
}
