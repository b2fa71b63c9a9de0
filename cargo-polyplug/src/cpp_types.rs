//! The types of a contract in the words of C++17: what each is called, how it is defined, and the codec that it crosses with.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use polyplug::{ContractInfo, FieldInfo, TypeInfo, TypeKind, VariantInfo};

use crate::forms::{self, Form, Forms, comment, field_name, snake, word};

/// The types of one header.
pub(crate) struct CppTypes<'f> {
    pub(crate) forms: &'f mut Forms,
    namespace: String,
    /// Every type of the contract.
    types: Vec<TypeInfo>,
    /// As in Rust, in the order of their numbers.
    closures: Vec<String>,
    done: BTreeSet<usize>,
    keys: BTreeSet<usize>,
    /// The definitions of structs and enums.
    pub(crate) definitions: String,
    /// What compares them.
    pub(crate) operators: String,
    /// What they are made of.
    pub(crate) shapes: String,
    /// That they are as long as in C.
    pub(crate) assertions: String,
}

impl<'f> CppTypes<'f> {
    pub(crate) fn new(contract: &ContractInfo, forms: &'f mut Forms) -> Self {
        let types = forms::types(contract);
        let mut keys = BTreeSet::new();
        for ty in &types {
            if matches!(ty.kind(), TypeKind::MAP | TypeKind::SET) {
                key(&ty.elements()[0], ty.kind() == TypeKind::MAP, &mut keys);
            }
        }
        Self {
            forms,
            namespace: snake(contract),
            types,
            closures: forms::closures(contract)
                .iter()
                .map(|(ty, _)| ty.to_string())
                .collect(),
            done: BTreeSet::new(),
            keys,
            definitions: String::new(),
            operators: String::new(),
            shapes: String::new(),
            assertions: String::new(),
        }
    }

    /// Defines all of them, those that others hold first. Answers the declarations.
    pub(crate) fn define_all(&mut self) -> Result<String, String> {
        let mut declarations = String::new();
        let types = self.types.clone();
        for ty in &types {
            let name = self.short(ty);
            match ty.kind() {
                TypeKind::ENUM if ty.is_scalar() => self.choice(ty, &name),
                TypeKind::STRUCT
                | TypeKind::GROWING_STRUCT
                | TypeKind::ENUM
                | TypeKind::GROWING_ENUM => {
                    writeln!(declarations, "struct {name};").expect("a string");
                }
                TypeKind::FLAGS => {
                    let integer = self.natural(&ty.elements()[0])?;
                    comment(&mut self.definitions, "", ty.docs());
                    write!(self.definitions, "using {name} = {integer};\n\n").expect("a string");
                }
                _ => {}
            }
        }
        for ty in &types {
            self.define(ty)?;
        }
        Ok(declarations)
    }

    fn short(&mut self, ty: &TypeInfo) -> String {
        self.forms.name(ty)
    }

    fn full(&mut self, ty: &TypeInfo) -> String {
        let name = self.short(ty);
        format!("::{}::{name}", self.namespace)
    }

    /// The number of a closure.
    fn closure(&self, ty: &TypeInfo) -> usize {
        let text = ty.to_string();
        self.closures
            .iter()
            .position(|known| *known == text)
            .unwrap_or_default()
    }

    /// The type of C++ that stands for a type, inside others and as a result.
    pub(crate) fn natural(&mut self, ty: &TypeInfo) -> Result<String, String> {
        let elements = ty.elements();
        let mut element = |at: usize| match elements.get(at) {
            Some(element) => self.natural(element),
            None => Err(format!(
                "the description of `{ty}` does not say what it is made of"
            )),
        };
        Ok(match ty.kind() {
            TypeKind::UNIT => "std::monostate".to_owned(),
            TypeKind::BOOL => "bool".to_owned(),
            TypeKind::CHAR => "char32_t".to_owned(),
            TypeKind::STRING => "std::string".to_owned(),
            TypeKind::TEXT => "std::string_view".to_owned(),
            TypeKind::SLICE if elements.first().is_some_and(TypeInfo::is_plain) => {
                format!("polyplug::Span<const {}>", element(0)?)
            }
            TypeKind::LIST | TypeKind::SLICE => format!("std::vector<{}>", element(0)?),
            TypeKind::SET => format!("std::set<{}>", element(0)?),
            TypeKind::MAP => {
                let [key, value] = self.pair(ty)?;
                format!(
                    "std::map<{}, {}>",
                    self.natural(&key)?,
                    self.natural(&value)?
                )
            }
            TypeKind::REFERENCE if elements.first().is_some_and(TypeInfo::is_plain) => {
                format!("const {} *", element(0)?)
            }
            TypeKind::REFERENCE => element(0)?,
            TypeKind::BOX => format!("polyplug::Box<{}>", element(0)?),
            TypeKind::FAULT => "polyplug::Fault".to_owned(),
            TypeKind::U128 => "polyplug::U128".to_owned(),
            TypeKind::I128 => "polyplug::I128".to_owned(),
            TypeKind::DURATION => "polyplug::Duration".to_owned(),
            TypeKind::SYSTEM_TIME => "polyplug::Time".to_owned(),
            TypeKind::PATH => "std::filesystem::path".to_owned(),
            TypeKind::BORROWED_PATH => "polyplug::PathView".to_owned(),
            TypeKind::ARRAY => format!("std::array<{}, {}>", element(0)?, ty.length()),
            TypeKind::OPTION => format!("std::optional<{}>", element(0)?),
            TypeKind::RESULT => format!("polyplug::Result<{}, {}>", element(0)?, element(1)?),
            TypeKind::TUPLE => {
                let fields = ty.fields();
                let fields = fields.iter().map(|field| self.natural(field.ty()));
                format!(
                    "std::tuple<{}>",
                    fields.collect::<Result<Vec<_>, _>>()?.join(", ")
                )
            }
            TypeKind::OBJECT => match class(ty) {
                None => format!("Closure{}::Function", self.closure(ty)),
                Some(class) if ty.is_owned_object() => format!("std::unique_ptr<{class}>"),
                Some(class) if ty.is_shared_object() => format!("std::shared_ptr<{class}>"),
                Some(class) => format!("{class} *"),
            },
            TypeKind::STRUCT
            | TypeKind::ENUM
            | TypeKind::GROWING_STRUCT
            | TypeKind::GROWING_ENUM
            | TypeKind::FLAGS => self.full(ty),
            _ => self.forms.place(ty, Form::Lent)?,
        })
    }

    /// What it crosses with.
    pub(crate) fn codec(&mut self, ty: &TypeInfo) -> Result<String, String> {
        let elements = ty.elements();
        let mut codecs = Vec::new();
        if !matches!(
            ty.kind(),
            TypeKind::MAP | TypeKind::PATH | TypeKind::BORROWED_PATH | TypeKind::FLAGS
        ) {
            for element in &elements {
                codecs.push(self.codec(element)?);
            }
        }
        let inside = codecs.join(", ");
        let of = match ty.kind() {
            TypeKind::UNIT => "Unit".to_owned(),
            TypeKind::STRING => "String".to_owned(),
            TypeKind::TEXT => "Text".to_owned(),
            TypeKind::LIST => format!("List<{inside}>"),
            TypeKind::SLICE => format!("Slice<{inside}>"),
            TypeKind::SET => format!("Set<{inside}>"),
            TypeKind::MAP => {
                let [key, value] = self.pair(ty)?;
                format!("Map<{}, {}>", self.codec(&key)?, self.codec(&value)?)
            }
            TypeKind::REFERENCE => format!("Reference<{inside}>"),
            TypeKind::BOX => format!("Boxed<{inside}>"),
            TypeKind::FAULT => "Faulty".to_owned(),
            TypeKind::U128 | TypeKind::I128 => format!("Wide<{}>", self.natural(ty)?),
            TypeKind::DURATION | TypeKind::SYSTEM_TIME => format!("Timely<{}>", self.natural(ty)?),
            TypeKind::PATH => "Path".to_owned(),
            TypeKind::BORROWED_PATH => "BorrowedPath".to_owned(),
            TypeKind::ARRAY => format!("Array<{inside}, {}>", ty.length()),
            TypeKind::OPTION => format!("Option<{inside}>"),
            TypeKind::RESULT => format!("Outcome<{inside}>"),
            TypeKind::TUPLE => {
                let fields = ty.fields();
                let fields = fields.iter().map(|field| self.codec(field.ty()));
                format!(
                    "Tuple<{}>",
                    fields.collect::<Result<Vec<_>, _>>()?.join(", ")
                )
            }
            TypeKind::OBJECT => match class(ty) {
                None => {
                    let owner = match ty {
                        ty if ty.is_owned_object() => "UNIQUE",
                        ty if ty.is_shared_object() => "SHARED",
                        _ => "LENT",
                    };
                    let (namespace, number) = (self.namespace.clone(), self.closure(ty));
                    format!(
                        "Closure<::{namespace}::Closure{number}, polyplug::wire::Owner::{owner}>"
                    )
                }
                Some(class) if ty.is_owned_object() => format!("Unique<{class}>"),
                Some(class) if ty.is_shared_object() => format!("Shared<{class}>"),
                Some(class) => format!("Lent<{class}>"),
            },
            TypeKind::ENUM if ty.is_scalar() => {
                format!(
                    "Choice<{}, {}, {}>",
                    self.full(ty),
                    ty.variants().len(),
                    ty.is_plain()
                )
            }
            TypeKind::ENUM => format!("Enum<{}>", self.full(ty)),
            TypeKind::STRUCT => format!("Struct<{}>", self.full(ty)),
            TypeKind::GROWING_STRUCT => format!("GrowingStruct<{}>", self.full(ty)),
            TypeKind::GROWING_ENUM => format!("GrowingEnum<{}>", self.full(ty)),
            TypeKind::FLAGS => return self.codec(&elements[0]),
            _ => format!("Number<{}>", self.natural(ty)?),
        };
        Ok(format!("polyplug::wire::{of}"))
    }

    fn pair(&self, map: &TypeInfo) -> Result<[TypeInfo; 2], String> {
        let fields = map
            .elements()
            .first()
            .map(TypeInfo::fields)
            .unwrap_or_default();
        match fields.as_slice() {
            [key, value] => Ok([key.ty().clone(), value.ty().clone()]),
            _ => Err(format!(
                "the description of `{map}` does not say what it is made of"
            )),
        }
    }

    /// Defines a type, after those that it holds in place.
    fn define(&mut self, ty: &TypeInfo) -> Result<(), String> {
        match ty.kind() {
            TypeKind::ARRAY | TypeKind::OPTION | TypeKind::RESULT => {
                for element in ty.elements() {
                    self.define(&element)?;
                }
                return Ok(());
            }
            TypeKind::TUPLE => {
                for field in ty.fields() {
                    self.define(field.ty())?;
                }
                return Ok(());
            }
            TypeKind::STRUCT
            | TypeKind::GROWING_STRUCT
            | TypeKind::GROWING_ENUM
            | TypeKind::ENUM => {}
            _ => return Ok(()),
        }
        if ty.is_scalar() || !self.done.insert(ty.number()) {
            return Ok(());
        }
        let variants = ty.variants();
        let fields = ty.fields();
        for field in fields
            .iter()
            .chain(variants.iter().flat_map(VariantInfo::fields))
        {
            self.define(field.ty())?;
        }
        let name = self.short(ty);
        let full = self.full(ty);
        let is_enum = matches!(ty.kind(), TypeKind::ENUM | TypeKind::GROWING_ENUM);
        let mut definition = String::new();
        comment(&mut definition, "", ty.docs());
        writeln!(definition, "struct {name} {{").expect("a string");
        let shape = if is_enum {
            self.variants(&mut definition, &name, &full, &variants)?
        } else {
            self.fields(&mut definition, "    ", &fields)?;
            let members = self.members(&full, &fields)?;
            format!(
                "    using Fields = {members};\n    static constexpr bool is_plain = {};\n",
                ty.is_plain()
            )
        };
        let compared: Vec<_> = match is_enum {
            true => vec!["of".to_owned()],
            false => (fields.iter().enumerate())
                .filter(|field| !is_empty(field.1))
                .map(|(at, field)| field_name(field, at))
                .collect(),
        };
        self.compare(&mut definition, ty, &name, &compared);
        write!(definition, "}};\n\n").expect("a string");
        self.definitions += &definition;
        let codec = self.codec(ty)?;
        write!(
            self.shapes,
            "template <> struct Shape<{full}> {{\n    using Codec = {codec};\n{shape}}};\n"
        )
        .expect("a string");
        if matches!(ty.kind(), TypeKind::STRUCT | TypeKind::ENUM) {
            writeln!(
                self.assertions,
                "static_assert({codec}::lent_size == {} && {codec}::owned_size == {}, \"another layout than the contract's\");",
                ty.lent().size, ty.owned().size
            )
            .expect("a string");
        }
        if ty.is_plain() && ty.kind() == TypeKind::STRUCT {
            writeln!(
                self.assertions,
                "static_assert(sizeof({full}) == {}, \"another layout than the contract's\");",
                ty.lent().size
            )
            .expect("a string");
        }
        Ok(())
    }

    fn choice(&mut self, ty: &TypeInfo, name: &str) {
        let out = &mut self.definitions;
        comment(out, "", ty.docs());
        writeln!(out, "enum class {name} : uint32_t {{").expect("a string");
        for variant in ty.variants() {
            comment(out, "    ", variant.docs());
            writeln!(out, "    {} = {},", word(variant.name()), variant.tag()).expect("a string");
        }
        out.push_str("};\n\n");
    }

    fn fields(
        &mut self,
        out: &mut String,
        indent: &str,
        fields: &[FieldInfo],
    ) -> Result<(), String> {
        for (at, field) in fields.iter().enumerate() {
            if is_empty(field) {
                continue;
            }
            comment(out, indent, field.docs());
            let ty = self.natural(field.ty())?;
            // In a class inside another an initialiser would be known too late.
            let initial = if indent.len() > 4 { "" } else { "{}" };
            writeln!(
                out,
                "{indent}{}{initial};",
                forms::declared(&ty, &field_name(field, at))
            )
            .expect("a string");
        }
        Ok(())
    }

    fn members(&mut self, owner: &str, fields: &[FieldInfo]) -> Result<String, String> {
        let mut members = format!("Members<{owner}");
        for (at, field) in fields.iter().enumerate() {
            if !is_empty(field) {
                let codec = self.codec(field.ty())?;
                write!(
                    members,
                    ", Field<&{owner}::{}, {codec}>",
                    field_name(field, at)
                )
                .expect("a string");
            }
        }
        Ok(members + ">")
    }

    fn variants(
        &mut self,
        out: &mut String,
        name: &str,
        full: &str,
        variants: &[VariantInfo],
    ) -> Result<String, String> {
        let mut names = Vec::new();
        let mut shape = format!("    using Variants = OneOf<{full}");
        for variant in variants {
            // A class in another has another name than that.
            let inner = match word(variant.name()) {
                inner if inner == name => inner + "_",
                inner => inner,
            };
            comment(out, "    ", variant.docs());
            writeln!(out, "    struct {inner} {{").expect("a string");
            self.fields(out, "        ", variant.fields())?;
            if variant
                .fields()
                .iter()
                .all(|field| is_comparable(field.ty(), &mut BTreeSet::new()))
            {
                let fields = variant
                    .fields()
                    .iter()
                    .enumerate()
                    .filter(|field| !is_empty(field.1));
                let same: Vec<_> = fields.map(|(at, field)| field_name(field, at)).collect();
                self.compare_variant(out, name, full, &inner, &same);
            }
            writeln!(out, "    }};").expect("a string");
            let members = self.members(&format!("{full}::{inner}"), variant.fields())?;
            let tag = if variant.is_other() {
                u32::MAX
            } else {
                variant.tag()
            };
            write!(shape, ", Variant<{tag}u, {members}>").expect("a string");
            names.push(inner);
        }
        writeln!(out, "    std::variant<{}> of{{}};", names.join(", ")).expect("a string");
        Ok(shape + ">;\n")
    }

    /// What compares two values. Defined behind all types: what a list holds may be defined later.
    fn compare(&mut self, out: &mut String, ty: &TypeInfo, name: &str, fields: &[String]) {
        if !is_comparable(ty, &mut BTreeSet::new()) {
            return;
        }
        writeln!(out, "    bool operator==(const {name} &other) const;\n    bool operator!=(const {name} &other) const {{ return !(*this == other); }}")
            .expect("a string");
        writeln!(self.operators, "inline bool {name}::operator==([[maybe_unused]] const {name} &other) const {{ return {}; }}", same(fields))
            .expect("a string");
        if self.keys.contains(&ty.number()) {
            writeln!(out, "    bool operator<(const {name} &other) const;").expect("a string");
            let tie = |of: &str| {
                fields
                    .iter()
                    .map(|field| format!("{of}{field}"))
                    .collect::<Vec<_>>()
                    .join(", ")
            };
            writeln!(
                self.operators,
                "inline bool {name}::operator<([[maybe_unused]] const {name} &other) const {{ return std::tie({}) < std::tie({}); }}",
                tie(""), tie("other.")
            )
            .expect("a string");
        }
    }

    fn compare_variant(
        &mut self,
        out: &mut String,
        name: &str,
        full: &str,
        inner: &str,
        fields: &[String],
    ) {
        writeln!(out, "        bool operator==(const {inner} &other) const;").expect("a string");
        writeln!(
            self.operators,
            "inline bool {name}::{inner}::operator==([[maybe_unused]] const {inner} &other) const {{ return {}; }}",
            same(fields)
        )
        .expect("a string");
        if self.keys.iter().any(|&key| {
            self.types
                .iter()
                .any(|ty| ty.number() == key && full.ends_with(&format!("::{}", ty.name())))
        }) {
            writeln!(out, "        bool operator<(const {inner} &other) const;").expect("a string");
            let tie = |of: &str| {
                fields
                    .iter()
                    .map(|field| format!("{of}{field}"))
                    .collect::<Vec<_>>()
                    .join(", ")
            };
            writeln!(
                self.operators,
                "inline bool {name}::{inner}::operator<([[maybe_unused]] const {inner} &other) const {{ return std::tie({}) < std::tie({}); }}",
                tie(""), tie("other.")
            )
            .expect("a string");
        }
    }
}

/// The abstract class of an object's contract; nothing for a closure.
pub(crate) fn class(ty: &TypeInfo) -> Option<String> {
    let contract = ty.contract().filter(|contract| !contract.id().is_empty())?;
    Some(format!("::{}::{}", snake(&contract), class_name(&contract)))
}

/// The name of the abstract class of a contract.
pub(crate) fn class_name(contract: &ContractInfo) -> String {
    let is_taken = |ty: &TypeInfo| ty.name() == contract.name();
    match word(contract.name()) {
        name if forms::types(contract).iter().any(is_taken) => name + "Contract",
        name => name,
    }
}

fn same(fields: &[String]) -> String {
    let same: Vec<_> = fields
        .iter()
        .map(|field| format!("{field} == other.{field}"))
        .collect();
    if same.is_empty() {
        "true".to_owned()
    } else {
        same.join(" && ")
    }
}

/// What takes no place is no member.
fn is_empty(field: &FieldInfo) -> bool {
    field.ty().lent().size == 0
}

/// Whether values can be compared: not objects, faults, and what is lent.
fn is_comparable(ty: &TypeInfo, seen: &mut BTreeSet<usize>) -> bool {
    let is_value = !matches!(
        ty.kind(),
        TypeKind::OBJECT | TypeKind::FAULT | TypeKind::SLICE | TypeKind::REFERENCE
    );
    is_value
        && (!seen.insert(ty.number())
            || forms::parts(ty)
                .iter()
                .all(|part| is_comparable(part, seen)))
}

/// The types that stand in the keys of maps and in sets.
fn key(ty: &TypeInfo, is_pair: bool, keys: &mut BTreeSet<usize>) {
    if is_pair {
        if let Some(field) = ty.fields().first() {
            key(field.ty(), false, keys);
        }
    } else if keys.insert(ty.number()) {
        for part in forms::parts(ty) {
            key(&part, false, keys);
        }
    }
}
