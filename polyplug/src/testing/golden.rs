//! A contract as text: a line for each method, type and field, which can be read back.

use core::fmt;
use std::collections::HashSet;

use polyplug_abi::{method_flags, type_kind};

use crate::host::model::{ArgumentModel, Catalog, FieldModel, MethodModel, TypeModel};

/// What a contract promises.
#[derive(Debug, PartialEq)]
pub(super) struct Golden {
    pub(super) id: String,
    pub(super) major: u32,
    pub(super) minor: u32,
    /// `contract` or `host contract`.
    pub(super) side: String,
    pub(super) name: String,
    pub(super) methods: Vec<Method>,
    pub(super) types: Vec<Type>,
}

#[derive(Debug, PartialEq)]
pub(super) struct Method {
    pub(super) name: String,
    /// Between the parentheses, and behind them.
    pub(super) arguments: Vec<String>,
    pub(super) result: String,
    pub(super) marks: Vec<String>,
}

/// A type of an author's.
#[derive(Debug, PartialEq)]
pub(super) struct Type {
    /// `struct`, `enum`, `flags`, `object`.
    pub(super) kind: String,
    pub(super) name: String,
    /// What is said of it on its own line.
    pub(super) is: String,
    pub(super) marks: Vec<String>,
    pub(super) parts: Vec<Part>,
}

/// A field, a variant, or a field of a variant.
#[derive(Debug, PartialEq)]
pub(super) struct Part {
    /// `field`, `variant`, `other`.
    pub(super) kind: String,
    pub(super) name: String,
    pub(super) is: String,
    pub(super) marks: Vec<String>,
    pub(super) parts: Vec<Part>,
}

pub(super) const DEFAULT: &str = "default";
pub(super) const GROWS: &str = "non_exhaustive";

impl Method {
    pub(super) fn has_default(&self) -> bool {
        has(&self.marks, DEFAULT)
    }

    /// All that a caller relies on: without the names of arguments.
    pub(super) fn shape(&self) -> (Vec<&str>, &str, Vec<&String>) {
        let types = self.arguments.iter();
        let types = types.map(|argument| {
            argument
                .split_once(": ")
                .map_or(argument.as_str(), |(_, ty)| ty)
        });
        let marks = self.marks.iter().filter(|mark| *mark != DEFAULT);
        (types.collect(), &self.result, marks.collect())
    }

    /// As in Rust, nearly.
    pub(super) fn signature(&self) -> String {
        let result = if self.result.is_empty() {
            String::new()
        } else {
            format!(" -> {}", self.result)
        };
        let marks = self.marks.iter().filter(|mark| *mark != DEFAULT);
        let marks: String = marks.map(|mark| format!(" [{mark}]")).collect();
        format!(
            "{}({}){result}{marks}",
            self.name,
            self.arguments.join(", ")
        )
    }
}

impl Type {
    pub(super) fn grows(&self) -> bool {
        has(&self.marks, GROWS)
    }
}

impl Part {
    pub(super) fn has_default(&self) -> bool {
        has(&self.marks, DEFAULT)
    }

    /// `name: Type`, or `Name { fields }`.
    pub(super) fn shown(&self) -> String {
        if self.kind == "field" {
            format!("{}: {}", self.name, self.is)
        } else if self.parts.is_empty() {
            self.name.clone()
        } else {
            format!("{} {}", self.name, braced(&self.parts))
        }
    }

    /// All that another side relies on.
    pub(super) fn same(&self, other: &Self) -> bool {
        self.shown() == other.shown()
    }
}

/// `{ x: u32, y: u32 }`.
pub(super) fn braced(parts: &[Part]) -> String {
    let parts: Vec<_> = parts.iter().map(Part::shown).collect();
    format!("{{ {} }}", parts.join(", "))
}

fn has(marks: &[String], wanted: &str) -> bool {
    marks.iter().any(|mark| mark == wanted)
}

impl Golden {
    pub(super) fn version(&self) -> String {
        format!("{}.{}", self.major, self.minor)
    }

    /// A contract as it was copied from its descriptor.
    pub(super) fn of(catalog: &Catalog, index: usize) -> Self {
        let contract = &catalog.contracts[index];
        let methods = contract.methods.iter();
        let methods = methods.map(|method| method_of(catalog, method)).collect();
        let mut reached = Reached {
            catalog,
            seen: HashSet::new(),
            types: Vec::new(),
        };
        for method in &contract.methods {
            reached.method(method);
        }
        let mut types = reached.types;
        types.sort_by(|one, other| (&one.kind, &one.name).cmp(&(&other.kind, &other.name)));
        // A type may be described several times in one program.
        types.dedup();
        Self {
            id: contract.id.clone(),
            major: contract.major,
            minor: contract.minor,
            side: if contract.host {
                "host contract"
            } else {
                "contract"
            }
            .to_owned(),
            name: contract.name.clone(),
            methods,
            types,
        }
    }

    /// What was written.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut golden: Option<Self> = None;
        for (number, line) in text.lines().enumerate() {
            if line.trim().is_empty() || line.starts_with('#') {
                continue;
            }
            let fits = match &mut golden {
                None => {
                    golden = head(line);
                    golden.is_some()
                }
                Some(golden) => golden.add(line).is_some(),
            };
            if !fits {
                return Err(format!("line {} says nothing: `{line}`", number + 1));
            }
        }
        golden.ok_or_else(|| "it is empty".to_owned())
    }

    fn add(&mut self, line: &str) -> Option<()> {
        let depth = (line.len() - line.trim_start().len()) / 2;
        let (line, marks) = marks_of(line.trim());
        let (kind, rest) = line.split_once(' ')?;
        let (name, is) = rest.split_once(": ").unwrap_or((rest, ""));
        let part = || Part {
            kind: kind.to_owned(),
            name: name.to_owned(),
            is: is.to_owned(),
            marks: marks.clone(),
            parts: Vec::new(),
        };
        match (depth, kind) {
            (0, "trait") => self.name = rest.to_owned(),
            (0, "method") => {
                let (name, rest) = rest.split_once('(')?;
                let (arguments, result) = closed(rest)?;
                self.methods.push(Method {
                    name: name.to_owned(),
                    arguments: pieces(arguments),
                    result: result.strip_prefix(" -> ").unwrap_or_default().to_owned(),
                    marks,
                });
            }
            (0, "struct" | "enum" | "flags" | "object") => self.types.push(Type {
                kind: kind.to_owned(),
                name: name.to_owned(),
                is: is.to_owned(),
                marks,
                parts: Vec::new(),
            }),
            (1, "field" | "variant" | "other") => self.types.last_mut()?.parts.push(part()),
            (2, "field") => self.types.last_mut()?.parts.last_mut()?.parts.push(part()),
            _ => return None,
        }
        Some(())
    }
}

fn head(line: &str) -> Option<Golden> {
    let (rest, version) = line.rsplit_once(' ')?;
    let (side, id) = rest.rsplit_once(' ')?;
    let (major, minor) = version.split_once('.')?;
    (side == "contract" || side == "host contract").then_some(())?;
    Some(Golden {
        id: id.to_owned(),
        major: major.parse().ok()?,
        minor: minor.parse().ok()?,
        side: side.to_owned(),
        name: String::new(),
        methods: Vec::new(),
        types: Vec::new(),
    })
}

/// The line without the marks at its end, and the marks.
fn marks_of(mut line: &str) -> (&str, Vec<String>) {
    let mut marks = Vec::new();
    while let Some((rest, mark)) = line
        .strip_suffix(']')
        .and_then(|line| line.rsplit_once(" ["))
        .filter(|(_, mark)| {
            mark.chars()
                .all(|letter| letter.is_ascii_lowercase() || " _".contains(letter))
        })
    {
        marks.insert(0, mark.to_owned());
        line = rest;
    }
    (line, marks)
}

/// What stands before the parenthesis that closes, and behind it.
fn closed(text: &str) -> Option<(&str, &str)> {
    let mut depth = 0_usize;
    for (at, letter) in text.char_indices() {
        match letter {
            '(' => depth += 1,
            ')' if depth == 0 => return Some((&text[..at], &text[at + 1..])),
            ')' => depth -= 1,
            _ => {}
        }
    }
    None
}

/// What stands between the commas, but for those inside brackets.
fn pieces(text: &str) -> Vec<String> {
    let mut pieces = Vec::new();
    let (mut depth, mut piece, mut before) = (0_i32, String::new(), ' ');
    for letter in text.chars() {
        match letter {
            '(' | '[' | '<' => depth += 1,
            // `->` opens nothing.
            '>' if before == '-' => {}
            ')' | ']' | '>' => depth -= 1,
            ',' if depth == 0 => {
                pieces.push(core::mem::take(&mut piece).trim().to_owned());
                before = letter;
                continue;
            }
            _ => {}
        }
        piece.push(letter);
        before = letter;
    }
    if !piece.trim().is_empty() {
        pieces.push(piece.trim().to_owned());
    }
    pieces
}

fn method_of(catalog: &Catalog, method: &MethodModel) -> Method {
    let receiver = if method.exclusive {
        "&mut self"
    } else {
        "&self"
    };
    let argument = |argument: &ArgumentModel| {
        let name = if argument.name.is_empty() {
            "_"
        } else {
            &argument.name
        };
        format!("{name}: {}", catalog.argument_type(argument))
    };
    let arguments = method.arguments.iter().map(argument);
    let marks = [
        (
            method.borrows & method_flags::BORROWS != 0,
            "borrows from its arguments",
        ),
        (
            method.borrows & method_flags::BORROWS_OBJECT != 0,
            "borrows from the object",
        ),
        (method.has_default, DEFAULT),
    ];
    let result = catalog.type_name(method.result);
    Method {
        name: method.name.clone(),
        arguments: core::iter::once(receiver.to_owned())
            .chain(arguments)
            .collect(),
        result: if result == "()" {
            String::new()
        } else {
            result
        },
        marks: marked(&marks),
    }
}

fn marked(marks: &[(bool, &str)]) -> Vec<String> {
    let marks = marks.iter().filter(|(holds, _)| *holds);
    marks.map(|(_, mark)| (*mark).to_owned()).collect()
}

/// The types that a contract's methods reach.
struct Reached<'a> {
    catalog: &'a Catalog,
    seen: HashSet<usize>,
    types: Vec<Type>,
}

impl Reached<'_> {
    fn method(&mut self, method: &MethodModel) {
        for argument in &method.arguments {
            self.ty(argument.ty);
        }
        self.ty(method.result);
    }

    fn ty(&mut self, index: usize) {
        if !self.seen.insert(index) {
            return;
        }
        let ty = &self.catalog.types[index];
        if let Some(written) = self.written(ty) {
            self.types.push(written);
        }
        let fields = ty.fields.iter();
        let fields = fields.chain(ty.variants.iter().flat_map(|variant| &variant.fields));
        for part in fields
            .map(|field| field.ty)
            .chain(ty.elements.iter().copied())
        {
            self.ty(part);
        }
        if let Some(contract) = ty
            .contract
            .map(|contract| &self.catalog.contracts[contract])
            && contract.id.is_empty()
        {
            // A closure; a contract of its own is pinned by itself.
            contract
                .methods
                .iter()
                .for_each(|method| self.method(method));
        }
    }

    fn written(&self, ty: &TypeModel) -> Option<Type> {
        let grows = matches!(ty.kind, type_kind::GROWING_STRUCT | type_kind::GROWING_ENUM);
        let fields = |fields: &[FieldModel]| fields.iter().map(|field| self.field(field)).collect();
        let (kind, is, parts) = match ty.kind {
            type_kind::STRUCT | type_kind::GROWING_STRUCT => {
                ("struct", String::new(), fields(&ty.fields))
            }
            type_kind::ENUM | type_kind::GROWING_ENUM => {
                let variants = ty.variants.iter().map(|variant| Part {
                    kind: if variant.other { "other" } else { "variant" }.to_owned(),
                    name: variant.name.clone(),
                    is: String::new(),
                    marks: Vec::new(),
                    parts: fields(&variant.fields),
                });
                ("enum", String::new(), variants.collect())
            }
            type_kind::FLAGS => {
                let integer = ty.elements.first();
                let integer =
                    integer.map_or_else(String::new, |&integer| self.catalog.type_name(integer));
                ("flags", integer, Vec::new())
            }
            type_kind::OBJECT => {
                let contract = &self.catalog.contracts[ty.contract?];
                if contract.id.is_empty() {
                    return None;
                }
                return Some(Type {
                    kind: "object".to_owned(),
                    name: contract.name.clone(),
                    is: format!("{} {}", contract.id, contract.major),
                    marks: Vec::new(),
                    parts: Vec::new(),
                });
            }
            _ => return None,
        };
        Some(Type {
            kind: kind.to_owned(),
            name: ty.name.clone(),
            is,
            marks: marked(&[(grows, GROWS)]),
            parts,
        })
    }

    fn field(&self, field: &FieldModel) -> Part {
        Part {
            kind: "field".to_owned(),
            name: field.name.clone(),
            is: self.catalog.type_name(field.ty),
            marks: marked(&[(field.has_default, DEFAULT)]),
            parts: Vec::new(),
        }
    }
}

impl fmt::Display for Golden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "# What others were built against. Written by a test, `polyplug::testing::contract_unchanged`; commit it."
        )?;
        writeln!(f, "{} {} {}", self.side, self.id, self.version())?;
        writeln!(f, "trait {}\n", self.name)?;
        for method in &self.methods {
            let default = if method.has_default() {
                " [default]"
            } else {
                ""
            };
            writeln!(f, "method {}{default}", method.signature())?;
        }
        for ty in &self.types {
            writeln!(f)?;
            line(f, "", &ty.kind, &ty.name, &ty.is, &ty.marks)?;
            for part in &ty.parts {
                line(f, "  ", &part.kind, &part.name, &part.is, &part.marks)?;
                for field in &part.parts {
                    line(f, "    ", &field.kind, &field.name, &field.is, &field.marks)?;
                }
            }
        }
        Ok(())
    }
}

fn line(
    f: &mut fmt::Formatter<'_>,
    before: &str,
    kind: &str,
    name: &str,
    is: &str,
    marks: &[String],
) -> fmt::Result {
    write!(f, "{before}{kind} {name}")?;
    if !is.is_empty() {
        write!(f, ": {is}")?;
    }
    for mark in marks {
        write!(f, " [{mark}]")?;
    }
    writeln!(f)
}
