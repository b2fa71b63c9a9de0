//! The descriptors of a contract as data of C and C++: what a plugin tells the host of the contract that it implements.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use polyplug::{ContractInfo, FieldInfo, MethodInfo, TypeInfo};

use crate::forms;

/// Functions that yield the types, then the contract and those of its closures.
pub(crate) struct Descriptors {
    snake: String,
    contract: ContractInfo,
    types: Vec<TypeInfo>,
    closures: Vec<(TypeInfo, ContractInfo)>,
    places: BTreeMap<usize, usize>,
}

impl Descriptors {
    pub(crate) fn new(contract: &ContractInfo) -> Self {
        let types = forms::types(contract);
        let numbers = types.iter().enumerate();
        Self {
            snake: forms::snake(contract),
            contract: contract.clone(),
            closures: forms::closures(contract),
            places: numbers.map(|(at, ty)| (ty.number(), at)).collect(),
            types,
        }
    }

    fn type_function(&self, ty: &TypeInfo) -> String {
        format!("{}_type_{}", self.snake, self.places[&ty.number()])
    }

    /// The function that yields the contract of an object.
    fn contract_function(&self, ty: &TypeInfo) -> String {
        match ty.contract() {
            None => "NULL".to_owned(),
            Some(contract) if contract.id().is_empty() => format!(
                "{}_closure_{}_contract",
                self.snake,
                self.closure_number(ty)
            ),
            Some(contract) => format!("{}_contract", forms::snake(&contract)),
        }
    }

    pub(crate) fn text(&self) -> String {
        let mut out = String::new();
        for ty in &self.types {
            writeln!(
                out,
                "static inline const PolyplugTypeDescriptor *{}(void);",
                self.type_function(ty)
            )
            .expect("a string");
        }
        for (ty, _) in &self.closures {
            writeln!(
                out,
                "static inline const PolyplugContractDescriptor *{}(void);",
                self.contract_function(ty)
            )
            .expect("a string");
        }
        out.push('\n');
        for ty in &self.types {
            self.ty(&mut out, ty);
        }
        for (ty, closure) in &self.closures {
            let name = self.contract_function(ty);
            self.contract(&mut out, closure, name.trim_end_matches("_contract"));
        }
        self.contract(&mut out, &self.contract, &self.snake);
        out
    }

    fn closure_number(&self, ty: &TypeInfo) -> usize {
        let text = ty.to_string();
        let same = |known: &(TypeInfo, ContractInfo)| known.0.to_string() == text;
        self.closures.iter().position(same).unwrap_or_default()
    }

    fn ty(&self, out: &mut String, ty: &TypeInfo) {
        writeln!(
            out,
            "// {ty}\nstatic inline const PolyplugTypeDescriptor *{}(void) {{",
            self.type_function(ty)
        )
        .expect("a string");
        let elements: Vec<_> = ty
            .elements()
            .iter()
            .map(|element| self.type_function(element))
            .collect();
        let elements = array(out, "const PolyplugTypeFunction elements", &elements);
        let fields = self.fields(out, "field", &ty.fields());
        let mut variants = Vec::new();
        for (at, variant) in ty.variants().iter().enumerate() {
            let fields = self.fields(out, &format!("variant_{at}_field"), variant.fields());
            writeln!(
                out,
                "    static const PolyplugVariantDescriptor variant_{at} = {{ sizeof(PolyplugVariantDescriptor), {}u, {}, {}, {fields} }};",
                variant.tag(), text(variant.name()), text(variant.docs())
            )
            .expect("a string");
            variants.push(format!("&variant_{at}"));
        }
        let variants = list(out, "    ", "VariantDescriptor", "variants", &variants);
        writeln!(
            out,
            "    static const PolyplugTypeDescriptor type = {{ sizeof(PolyplugTypeDescriptor), {}, {}, 0, {}, {}, {}, {}, {}, {}, {}, \
             {elements}, {}, {fields}, {variants}, {} }};\n    return &type;\n}}\n",
            ty.kind().number(), ty.flags(), text(ty.name()), text(ty.docs()), ty.lent().size, ty.lent().align, ty.owned().size,
            ty.owned().align, ty.length(), ty.elements().len(), self.contract_function(ty)
        )
        .expect("a string");
    }

    fn fields(&self, out: &mut String, prefix: &str, fields: &[FieldInfo]) -> String {
        let mut names = Vec::new();
        for (at, field) in fields.iter().enumerate() {
            let place = at.to_string();
            let name = if field.name().is_empty() {
                &place
            } else {
                field.name()
            };
            writeln!(
                out,
                "    static const PolyplugFieldDescriptor {prefix}_{at} = {{ sizeof(PolyplugFieldDescriptor), {}, {}, {}, {}, {}, {} }};",
                if field.has_default() { "POLYPLUG_FIELD_FLAGS_DEFAULT" } else { "0" },
                text(name), text(field.docs()), self.type_function(field.ty()), field.lent_offset(), field.owned_offset()
            )
            .expect("a string");
            names.push(format!("&{prefix}_{at}"));
        }
        list(
            out,
            "    ",
            "FieldDescriptor",
            &format!("{prefix}s"),
            &names,
        )
    }

    fn contract(&self, out: &mut String, contract: &ContractInfo, prefix: &str) {
        let mut methods = Vec::new();
        for method in contract.methods() {
            let name = format!("{prefix}_method_{}", method.name());
            self.method(out, &method, &name);
            methods.push(format!("&{name}"));
        }
        let methods = list(
            out,
            "",
            "MethodDescriptor",
            &format!("{prefix}_methods"),
            &methods,
        );
        let flags = flags(&[
            (contract.is_host_contract(), "POLYPLUG_CONTRACT_FLAGS_HOST"),
            (contract.is_exclusive(), "POLYPLUG_CONTRACT_FLAGS_EXCLUSIVE"),
            (contract.is_pinned(), "POLYPLUG_CONTRACT_FLAGS_PINNED"),
        ]);
        write!(
            out,
            "static const PolyplugContractDescriptor {prefix}_contract_data = {{ sizeof(PolyplugContractDescriptor), {flags}, {}, {}, {}, \
             {}, {}, {}u, {methods}, NULL, NULL }};\n\
             static inline const PolyplugContractDescriptor *{prefix}_contract(void) {{\n    return &{prefix}_contract_data;\n}}\n\n",
            contract.version().major, contract.version().minor, text(contract.id()), text(contract.name()), text(contract.docs()),
            contract.order()
        )
        .expect("a string");
    }

    fn method(&self, out: &mut String, method: &MethodInfo, name: &str) {
        let mut arguments = Vec::new();
        for (at, argument) in method.arguments().iter().enumerate() {
            writeln!(
                out,
                "static const PolyplugArgumentDescriptor {name}_argument_{at} = {{ sizeof(PolyplugArgumentDescriptor), {}, {}, {}, {} }};",
                argument.passing().number(), text(argument.name()), self.type_function(&argument.type_info()), argument.offset()
            )
            .expect("a string");
            arguments.push(format!("&{name}_argument_{at}"));
        }
        let arguments = list(
            out,
            "",
            "ArgumentDescriptor",
            &format!("{name}_arguments"),
            &arguments,
        );
        let flags = flags(&[
            (method.has_default(), "POLYPLUG_METHOD_FLAGS_DEFAULT"),
            (method.is_exclusive(), "POLYPLUG_METHOD_FLAGS_EXCLUSIVE"),
            (
                method.borrows_from_arguments(),
                "POLYPLUG_METHOD_FLAGS_BORROWS",
            ),
            (
                method.borrows_from_plugin(),
                "POLYPLUG_METHOD_FLAGS_BORROWS_OBJECT",
            ),
        ]);
        writeln!(
            out,
            "static const PolyplugMethodDescriptor {name} = {{ sizeof(PolyplugMethodDescriptor), {flags}, {}, {}, {arguments}, {}, {}, {} }};",
            text(method.name()), text(method.docs()), self.type_function(&method.result_type()), method.frame().size,
            method.frame().align
        )
        .expect("a string");
    }
}

fn flags(flags: &[(bool, &str)]) -> String {
    let set: Vec<_> = flags
        .iter()
        .filter(|flag| flag.0)
        .map(|flag| flag.1)
        .collect();
    if set.is_empty() {
        "0".to_owned()
    } else {
        set.join(" | ")
    }
}

/// An array inside a function; how it is named, or null when it is empty.
fn array(out: &mut String, declaration: &str, items: &[String]) -> String {
    if items.is_empty() {
        return "NULL".to_owned();
    }
    writeln!(
        out,
        "    static {declaration}[] = {{ {} }};",
        items.join(", ")
    )
    .expect("a string");
    declaration
        .rsplit(' ')
        .next()
        .unwrap_or_default()
        .to_owned()
}

/// A list of pointers to entries.
fn list(out: &mut String, indent: &str, ty: &str, name: &str, items: &[String]) -> String {
    if items.is_empty() {
        return "{ NULL, 0 }".to_owned();
    }
    writeln!(
        out,
        "{indent}static const Polyplug{ty} *const {name}[] = {{ {} }};",
        items.join(", ")
    )
    .expect("a string");
    format!("{{ {name}, {} }}", items.len())
}

/// Text as a slice that is a constant. A literal of C11 has 4,095 bytes; documentation that is longer ends there.
pub(crate) fn text(text: &str) -> String {
    if text.is_empty() {
        return "{ NULL, 0 }".to_owned();
    }
    let text = &text[..text.floor_char_boundary(4000)];
    format!("{{ (const uint8_t *){}, {} }}", quoted(text), text.len())
}

/// A literal of C.
pub(crate) fn quoted(text: &str) -> String {
    let mut out = "\"".to_owned();
    for byte in text.bytes() {
        match byte {
            b'"' | b'\\' | b'?' => {
                out.push('\\');
                out.push(byte.into());
            }
            b'\n' => out.push_str("\\n"),
            b' '..=b'~' => out.push(byte.into()),
            _ => write!(out, "\\{byte:03o}").expect("a string"),
        }
    }
    out + "\""
}
