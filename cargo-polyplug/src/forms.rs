//! The wire forms of the types of a contract, in the words of C: what each is called, and how it is defined.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use polyplug::{ContractInfo, FieldInfo, Memory, TypeInfo, TypeKind};

/// The form of an argument, or that of a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Form {
    Lent,
    Owned,
}

/// The contracts of the objects in the signatures of a contract.
pub(crate) fn mentioned(contract: &ContractInfo) -> Vec<ContractInfo> {
    let objects = types(contract).into_iter().filter_map(|ty| ty.contract());
    objects
        .filter(|contract| !contract.id().is_empty())
        .collect()
}

/// Every type that a contract reaches, those of its closures included, in the order in which it is met.
pub(crate) fn types(contract: &ContractInfo) -> Vec<TypeInfo> {
    let mut found = Vec::new();
    walk(contract, &mut BTreeSet::new(), &mut found);
    found
}

/// The closures in the signatures of a contract, in the order in which they are met. Two descriptions of one type are one: how many there are
/// depends on how the contract's library was built.
pub(crate) fn closures(contract: &ContractInfo) -> Vec<(TypeInfo, ContractInfo)> {
    let mut found: Vec<(TypeInfo, ContractInfo)> = Vec::new();
    for ty in types(contract) {
        let is_known = |known: &(TypeInfo, ContractInfo)| known.0.to_string() == ty.to_string();
        if let Some(closure) = ty.contract().filter(|contract| contract.id().is_empty())
            && !found.iter().any(is_known)
        {
            found.push((ty, closure));
        }
    }
    found
}

fn walk(contract: &ContractInfo, seen: &mut BTreeSet<usize>, found: &mut Vec<TypeInfo>) {
    for method in contract.methods() {
        for argument in method.arguments() {
            reach(&argument.type_info(), seen, found);
        }
        reach(&method.result_type(), seen, found);
    }
}

fn reach(ty: &TypeInfo, seen: &mut BTreeSet<usize>, found: &mut Vec<TypeInfo>) {
    if !seen.insert(ty.number()) {
        return;
    }
    found.push(ty.clone());
    for part in parts(ty) {
        reach(&part, seen, found);
    }
    if let Some(contract) = ty.contract().filter(|contract| contract.id().is_empty()) {
        walk(&contract, seen, found);
    }
}

/// The types that a type is made of.
pub(crate) fn parts(ty: &TypeInfo) -> Vec<TypeInfo> {
    let fields = ty.fields().into_iter();
    let variants = ty.variants();
    let payloads = variants.iter().flat_map(|variant| variant.fields().iter());
    let mut parts = ty.elements();
    parts.extend(fields.map(|field| field.ty().clone()));
    parts.extend(payloads.map(|field| field.ty().clone()));
    parts
}

/// `demo.greeter` as it stands in names of functions; another major than the first is part of it.
pub(crate) fn snake(contract: &ContractInfo) -> String {
    let letters = contract.id().chars();
    let name: String = letters
        .map(|letter| {
            if letter.is_ascii_alphanumeric() {
                letter
            } else {
                '_'
            }
        })
        .collect();
    match contract.version().major {
        0 | 1 => name,
        major => format!("{name}_v{major}"),
    }
}

/// `some_words` as `SomeWords`.
pub(crate) fn camel(words: &str) -> String {
    let words = words.split('_').map(|word| {
        let mut letters = word.chars();
        let first = letters.next().map(|letter| letter.to_ascii_uppercase());
        first.into_iter().chain(letters).collect::<String>()
    });
    words.collect()
}

/// A name that neither C nor C++ keeps for itself.
pub(crate) fn word(name: &str) -> String {
    const KEPT: &str = " alignas alignof and asm auto bool break case catch char class const constexpr continue decltype default \
        delete do double dynamic_cast else enum explicit export extern false float for friend frame goto if inline int interface \
        long mutable namespace new noexcept not nullptr operator or out private protected public receiver register \
        reinterpret_cast restrict return short signed sizeof static static_assert static_cast struct switch template this \
        thread_local throw true try typedef typeid typename union unsigned using virtual void volatile wchar_t while xor ";
    let name: String = name
        .chars()
        .map(|letter| {
            if letter.is_ascii_alphanumeric() {
                letter
            } else {
                '_'
            }
        })
        .collect();
    if KEPT.contains(&format!(" {name} ")) {
        name + "_"
    } else {
        name
    }
}

/// The name of a field, of a tuple by its place.
pub(crate) fn field_name(field: &FieldInfo, at: usize) -> String {
    match field.name() {
        name if name.is_empty() || name.starts_with(|first: char| first.is_ascii_digit()) => {
            format!("_{at}")
        }
        name => word(name),
    }
}

/// Documentation as comments.
pub(crate) fn comment(out: &mut String, indent: &str, docs: &str) {
    for line in docs.lines() {
        // A backslash at the end would continue the comment.
        let line = line.trim_end().trim_end_matches('\\');
        writeln!(out, "{}", format!("{indent}/// {line}").trim_end()).expect("a string");
    }
}

/// A pointer to values that are not changed.
pub(crate) fn pointer(to: &str) -> String {
    match to {
        to if to.ends_with('*') => format!("{to}const *"),
        to => format!("const {to} *"),
    }
}

/// `type name`.
pub(crate) fn declared(ty: &str, name: &str) -> String {
    match ty {
        ty if ty.ends_with('*') => format!("{ty}{name}"),
        ty => format!("{ty} {name}"),
    }
}

/// The definitions of one header.
pub(crate) struct Forms {
    camel: String,
    names: BTreeMap<usize, String>,
    taken: BTreeSet<String>,
    done: BTreeSet<(usize, Form)>,
    pending: Vec<(TypeInfo, Form)>,
    /// Names, declared before all definitions.
    pub(crate) declarations: String,
    /// Definitions, each behind those that it holds.
    pub(crate) definitions: String,
}

impl Forms {
    pub(crate) fn new(contract: &ContractInfo) -> Self {
        Self {
            camel: camel(&snake(contract)),
            names: BTreeMap::new(),
            taken: BTreeSet::new(),
            done: BTreeSet::new(),
            pending: Vec::new(),
            declarations: String::new(),
            definitions: String::new(),
        }
    }

    /// Defines a type and all that it is made of.
    pub(crate) fn all(&mut self, ty: &TypeInfo, form: Form) -> Result<(), String> {
        self.pending.push((ty.clone(), form));
        while let Some((ty, form)) = self.pending.pop() {
            self.define(&ty, form)?;
        }
        Ok(())
    }

    /// What a type is called when it is a part of the name of another.
    pub(crate) fn name(&mut self, ty: &TypeInfo) -> String {
        if let Some(name) = self.names.get(&ty.number()) {
            return name.clone();
        }
        if !ty.name().is_empty() {
            // Two types of two modules may have one name.
            let name = word(ty.name());
            let mut unique = name.clone();
            let mut number = 2;
            while !self.taken.insert(unique.clone()) {
                unique = format!("{name}{number}");
                number += 1;
            }
            self.names.insert(ty.number(), unique.clone());
            return unique;
        }
        let mut elements = ty.elements();
        elements.extend(ty.fields().iter().map(|field| field.ty().clone()));
        let elements: String = elements.iter().map(|element| self.name(element)).collect();
        let kind = match ty.kind() {
            TypeKind::OBJECT => "Object".to_owned(),
            TypeKind::ARRAY => format!("Array{}", ty.length()),
            kind => kind_name(kind.name()),
        };
        format!("{kind}{elements}")
    }

    /// The name of a struct in one form; one name when both forms are one.
    pub(crate) fn form_name(&mut self, ty: &TypeInfo, form: Form) -> String {
        let name = self.name(ty);
        let suffix = match form {
            _ if !has_two_forms(ty, &mut BTreeSet::new()) => "",
            Form::Lent => "Lent",
            Form::Owned => "Owned",
        };
        format!("{}{name}{suffix}", self.camel)
    }

    /// The type of a place that holds a value.
    pub(crate) fn place(&mut self, ty: &TypeInfo, form: Form) -> Result<String, String> {
        let element = |forms: &mut Self, form| forms.place(&first(ty)?, form);
        Ok(match ty.kind() {
            TypeKind::BOOL | TypeKind::U8 => "uint8_t".to_owned(),
            TypeKind::CHAR | TypeKind::U32 => "uint32_t".to_owned(),
            TypeKind::I8 => "int8_t".to_owned(),
            TypeKind::I16 => "int16_t".to_owned(),
            TypeKind::I32 => "int32_t".to_owned(),
            TypeKind::I64 => "int64_t".to_owned(),
            TypeKind::U16 => "uint16_t".to_owned(),
            TypeKind::U64 => "uint64_t".to_owned(),
            TypeKind::ISIZE => "intptr_t".to_owned(),
            TypeKind::USIZE => "size_t".to_owned(),
            TypeKind::F32 => "float".to_owned(),
            TypeKind::F64 => "double".to_owned(),
            TypeKind::UNIT => "void".to_owned(),
            TypeKind::STRING | TypeKind::LIST | TypeKind::MAP | TypeKind::SET | TypeKind::PATH => {
                match form {
                    Form::Lent => "PolyplugSlice".to_owned(),
                    Form::Owned => "PolyplugBuffer".to_owned(),
                }
            }
            TypeKind::TEXT | TypeKind::SLICE | TypeKind::BORROWED_PATH => {
                "PolyplugSlice".to_owned()
            }
            TypeKind::REFERENCE => pointer(&element(self, Form::Lent)?),
            TypeKind::BOX => match form {
                Form::Lent => pointer(&element(self, form)?),
                Form::Owned => "PolyplugBuffer".to_owned(),
            },
            TypeKind::FAULT => "PolyplugFaultRecord *".to_owned(),
            TypeKind::OBJECT => "PolyplugObject".to_owned(),
            TypeKind::FLAGS => element(self, form)?,
            TypeKind::GROWING_STRUCT | TypeKind::GROWING_ENUM => "PolyplugGrown".to_owned(),
            TypeKind::ENUM if ty.is_scalar() => "uint32_t".to_owned(),
            TypeKind::ARRAY
            | TypeKind::OPTION
            | TypeKind::RESULT
            | TypeKind::TUPLE
            | TypeKind::STRUCT
            | TypeKind::ENUM
            | TypeKind::U128
            | TypeKind::I128
            | TypeKind::DURATION
            | TypeKind::SYSTEM_TIME => self.form_name(ty, form),
            _ => {
                return Err(format!(
                    "`{ty}` is of a kind that this version does not know: take a newer `cargo-polyplug`"
                ));
            }
        })
    }

    /// The type of a scalar in a signature.
    pub(crate) fn scalar(&mut self, ty: &TypeInfo) -> Result<String, String> {
        Ok(match self.place(ty, Form::Lent)?.as_str() {
            "uint8_t" | "uint16_t" => "uint32_t".to_owned(),
            "int8_t" | "int16_t" => "int32_t".to_owned(),
            wide => wide.to_owned(),
        })
    }

    /// Defines what a place for the type needs, and puts off what is behind pointers.
    fn define(&mut self, ty: &TypeInfo, form: Form) -> Result<(), String> {
        let form = if has_two_forms(ty, &mut BTreeSet::new()) {
            form
        } else {
            Form::Lent
        };
        if !self.done.insert((ty.number(), form)) {
            return Ok(());
        }
        let element = ty.elements().first().cloned();
        match ty.kind() {
            TypeKind::LIST | TypeKind::MAP | TypeKind::SET | TypeKind::BOX => {
                self.pending.push((first(ty)?, form));
            }
            TypeKind::SLICE | TypeKind::REFERENCE => self.pending.push((first(ty)?, Form::Lent)),
            TypeKind::U128 | TypeKind::I128 => {
                self.body(
                    ty,
                    form,
                    "    uint64_t low, high;\n",
                    &[("high".to_owned(), 8)],
                )?;
            }
            TypeKind::DURATION => {
                self.body(
                    ty,
                    form,
                    "    uint64_t secs;\n    uint32_t nanos;\n",
                    &[("nanos".to_owned(), 8)],
                )?;
            }
            TypeKind::SYSTEM_TIME => {
                let body = "    /// Since 1970.\n    int64_t secs;\n    uint32_t nanos;\n";
                self.body(ty, form, body, &[("nanos".to_owned(), 8)])?;
            }
            TypeKind::ARRAY => {
                let element = element.ok_or_else(|| no_element(ty))?;
                self.define(&element, form)?;
                let place = self.place(&element, form)?;
                let body = format!(
                    "    {};\n",
                    declared(&place, &format!("items[{}]", ty.length()))
                );
                self.body(ty, form, &body, &[("items".to_owned(), 0)])?;
            }
            TypeKind::OPTION => {
                let element = element.ok_or_else(|| no_element(ty))?;
                let mut body = "    /// 0: none; 1: some.\n    uint32_t tag;\n".to_owned();
                self.member(&mut body, "    ", &element, form, "value")?;
                self.body(ty, form, &body, &[("tag".to_owned(), 0)])?;
            }
            TypeKind::RESULT => {
                let elements = ty.elements();
                let mut body = String::new();
                for (element, name) in elements.iter().zip(["ok", "err"]) {
                    self.member(&mut body, "        ", element, form, name)?;
                }
                let body = union(&body);
                let body = format!("    /// 0: ok; 1: err.\n    uint32_t tag;\n{body}");
                self.body(ty, form, &body, &[("tag".to_owned(), 0)])?;
            }
            TypeKind::STRUCT | TypeKind::TUPLE => {
                let (body, offsets) = self.fields(&ty.fields(), "    ", form)?;
                self.body(ty, form, &body, &offsets)?;
            }
            TypeKind::ENUM if ty.is_scalar() => self.tags(ty),
            TypeKind::ENUM => {
                self.tags(ty);
                let mut body = String::new();
                let mut offsets = vec![("tag".to_owned(), 0)];
                for variant in ty.variants() {
                    let (inside, places) = self.fields(variant.fields(), "            ", form)?;
                    if inside.is_empty() {
                        continue;
                    }
                    let name = word(&variant_name(variant.name()));
                    comment(&mut body, "        ", variant.docs());
                    write!(body, "        struct {{\n{inside}        }} {name};\n")
                        .expect("a string");
                    offsets.extend(
                        places
                            .into_iter()
                            .map(|(field, offset)| (format!("as.{name}.{field}"), offset)),
                    );
                }
                let body = format!(
                    "    /// Which of the variants.\n    uint32_t tag;\n{}",
                    union(&body)
                );
                self.body(ty, form, &body, &offsets)?;
            }
            TypeKind::GROWING_STRUCT => {
                let (body, offsets) = self.fields(&ty.fields(), "    ", form)?;
                let body = format!(
                    "    /// Where the last field ends that the writer knows, in bytes.\n    uint32_t size;\n{body}"
                );
                let name = self.form_name(ty, form);
                self.named(&name, ty.docs(), &body, None, &offsets);
            }
            TypeKind::GROWING_ENUM => {
                self.tags(ty);
                for variant in ty.variants() {
                    let (body, offsets) = self.fields(variant.fields(), "    ", form)?;
                    if !body.is_empty() {
                        let name = format!("{}_{}", self.form_name(ty, form), word(variant.name()));
                        self.named(&name, variant.docs(), &body, None, &offsets);
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// A member of a struct or union; nothing for what takes no place.
    fn member(
        &mut self,
        body: &mut String,
        indent: &str,
        ty: &TypeInfo,
        form: Form,
        name: &str,
    ) -> Result<(), String> {
        if ty.lent().size == 0 {
            return Ok(());
        }
        self.define(ty, form)?;
        let place = self.place(ty, form)?;
        writeln!(body, "{indent}{}; // {ty}", declared(&place, name)).expect("a string");
        Ok(())
    }

    /// Fields in order, and where they lie.
    fn fields(
        &mut self,
        fields: &[FieldInfo],
        indent: &str,
        form: Form,
    ) -> Result<(String, Vec<(String, usize)>), String> {
        let mut body = String::new();
        let mut offsets = Vec::new();
        for (at, field) in fields.iter().enumerate() {
            if field.ty().lent().size == 0 {
                continue;
            }
            let name = field_name(field, at);
            comment(&mut body, indent, field.docs());
            self.member(&mut body, indent, field.ty(), form, &name)?;
            let offset = match form {
                Form::Lent => field.lent_offset(),
                Form::Owned => field.owned_offset(),
            };
            offsets.push((name, offset));
        }
        Ok((body, offsets))
    }

    /// The struct of a type.
    fn body(
        &mut self,
        ty: &TypeInfo,
        form: Form,
        body: &str,
        offsets: &[(String, usize)],
    ) -> Result<(), String> {
        let Memory { size, .. } = match form {
            Form::Lent => ty.lent(),
            Form::Owned => ty.owned(),
        };
        if size == 0 {
            return Ok(());
        }
        let name = self.form_name(ty, form);
        let docs = match ty.docs() {
            "" => format!("`{ty}`"),
            docs => format!("`{ty}`: {docs}"),
        };
        self.named(&name, &docs, body, Some(size), offsets);
        Ok(())
    }

    fn named(
        &mut self,
        name: &str,
        docs: &str,
        body: &str,
        size: Option<usize>,
        offsets: &[(String, usize)],
    ) {
        // Two types with one form have one name: an option of a list of each of two closures.
        let declaration = format!("typedef struct {name} {name};\n");
        if self.declarations.contains(&declaration) {
            return;
        }
        self.declarations += &declaration;
        let out = &mut self.definitions;
        comment(out, "", docs);
        write!(out, "struct {name} {{\n{body}}};\n").expect("a string");
        if let Some(size) = size {
            writeln!(
                out,
                "static_assert(sizeof({name}) == {size}, \"another layout than the contract's\");"
            )
            .expect("a string");
        }
        for (field, offset) in offsets {
            writeln!(out, "static_assert(offsetof({name}, {field}) == {offset}, \"another layout than the contract's\");").expect("a string");
        }
        out.push('\n');
    }

    /// The numbers of the variants of an enum.
    fn tags(&mut self, ty: &TypeInfo) {
        let ty_name = self.name(ty);
        let name = format!("{}{ty_name}", self.camel);
        let first = format!("enum {name}Tag {{\n");
        if self.definitions.contains(&first) {
            return;
        }
        self.definitions += &first;
        for variant in ty.variants() {
            comment(&mut self.definitions, "    ", variant.docs());
            // The number that stands for unknown variants is larger than an `int` of C.
            if !variant.is_other() {
                writeln!(
                    self.definitions,
                    "    {name}_{} = {},",
                    word(variant.name()),
                    variant.tag()
                )
                .expect("a string");
            }
        }
        self.definitions += "};\n\n";
    }
}

/// A union behind a tag, when there is something in it.
fn union(body: &str) -> String {
    match body {
        "" => String::new(),
        body => format!("    union {{\n{body}    }} as;\n"),
    }
}

/// `NotText` as `not_text`.
pub(crate) fn variant_name(name: &str) -> String {
    let mut out = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.push(letter.to_ascii_lowercase());
    }
    out
}

fn first(ty: &TypeInfo) -> Result<TypeInfo, String> {
    ty.elements().first().cloned().ok_or_else(|| no_element(ty))
}

fn no_element(ty: &TypeInfo) -> String {
    format!("the description of `{ty}` does not say what it is made of")
}

/// Whether the form of a result is another than that of an argument.
fn has_two_forms(ty: &TypeInfo, seen: &mut BTreeSet<usize>) -> bool {
    match ty.kind() {
        TypeKind::STRING
        | TypeKind::LIST
        | TypeKind::MAP
        | TypeKind::SET
        | TypeKind::PATH
        | TypeKind::BOX => true,
        TypeKind::TEXT | TypeKind::SLICE | TypeKind::BORROWED_PATH | TypeKind::REFERENCE => false,
        _ => seen.insert(ty.number()) && parts(ty).iter().any(|part| has_two_forms(part, seen)),
    }
}

/// `GROWING_STRUCT` as `GrowingStruct`.
fn kind_name(name: &str) -> String {
    name.split('_')
        .map(|word| {
            let (first, rest) = word.split_at(word.len().min(1));
            format!("{first}{}", rest.to_lowercase())
        })
        .collect()
}
