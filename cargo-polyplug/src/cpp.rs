//! The C++ header of one contract: its types, an abstract class with its methods, and what stands between these and the functions of C.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use polyplug::{ArgumentInfo, ContractInfo, MethodInfo, Passing, TypeInfo, TypeKind};

use crate::cpp_types::{CppTypes, class, class_name};
use crate::forms::{self, Form, Forms, camel, comment, declared, snake, word};
use crate::header::{Signature, argument_name};

/// A method in C++.
struct CppMethod {
    name: String,
    /// The type of what it returns.
    result: String,
    /// Types and names.
    parameters: Vec<String>,
    /// The parameters, as they are passed on.
    values: Vec<String>,
    /// The types of the parameters alone.
    types: Vec<String>,
    /// `polyplug::Signature<..>`.
    signature: String,
}

/// The name of the file, and what stands in it.
pub(crate) fn header(contract: &ContractInfo) -> Result<(String, String), String> {
    let snake = snake(contract);
    let camel = camel(&snake);
    let loud = snake.to_uppercase();
    let mut forms = Forms::new(contract);
    let methods = contract.methods();
    // In the order of the header of C: what types are called depends on it.
    for method in &methods {
        Signature::of(&mut forms, method)?;
    }
    let closures: Vec<_> = forms::closures(contract)
        .into_iter()
        .map(|(_, closure)| closure)
        .enumerate()
        .collect();
    for (_, closure) in &closures {
        for method in closure.methods() {
            Signature::of(&mut forms, &method)?;
        }
    }
    let mut types = CppTypes::new(contract, &mut forms);
    let declarations = types.define_all()?;
    let mut closure_types = String::new();
    let mut closure_names = String::new();
    for (at, closure) in &closures {
        for method in closure.methods() {
            let method = CppMethod::of(&mut types, &method)?;
            writeln!(closure_names, "struct Closure{at};").expect("a string");
            closure_type(&mut closure_types, &snake, &camel, *at, closure, &method);
        }
    }
    let methods = methods
        .iter()
        .map(|method| Ok((method, CppMethod::of(&mut types, method)?)))
        .collect::<Result<Vec<_>, String>>()?;

    let name = class_name(contract);
    let mut out = format!(
        "// The contract `{contract}` for C++17. Written by `cargo polyplug headers --language cpp`; do not edit.\n\
         #ifndef POLYPLUG_CONTRACT_{loud}_HPP\n#define POLYPLUG_CONTRACT_{loud}_HPP\n\n\
         #include \"{snake}.h\"\n#include \"polyplug_calls.hpp\"\n\n\
         namespace {snake} {{\nclass {name};\n{declarations}{closure_names}}}  // namespace {snake}\n\n"
    );
    let others: BTreeSet<_> = forms::mentioned(contract)
        .iter()
        .map(forms::snake)
        .collect();
    for other in others.iter().filter(|other| **other != snake) {
        writeln!(out, "#include \"{other}.hpp\"").expect("a string");
    }
    write!(
        out,
        "\nnamespace {snake} {{\n\n{closure_types}{}",
        types.definitions
    )
    .expect("a string");
    if !types.operators.is_empty() {
        writeln!(out, "{}", types.operators).expect("a string");
    }
    abstract_class(&mut out, contract, &name, &methods);
    write!(out, "}}  // namespace {snake}\n\n").expect("a string");
    if !types.shapes.is_empty() {
        write!(
            out,
            "namespace polyplug::wire {{\n{}}}  // namespace polyplug::wire\n\n{}\n",
            types.shapes, types.assertions
        )
        .expect("a string");
    }
    signatures(&mut out, &snake, &name, &methods);
    table(&mut out, contract, &snake, &camel, &name, &methods);
    write!(
        out,
        "/// What stands for `{snake}::{name}`.\ntemplate <> struct polyplug::Described<{snake}::{name}> {{\n\
         \x20   static const PolyplugContractDescriptor *contract() {{ return &{snake}_contract_data; }}\n\
         \x20   template <class T> using Table = {camel}<T>;\n    template <class Via> using Remote = {snake}::Remote<Via>;\n}};\n\n#endif\n"
    )
    .expect("a string");
    Ok((format!("{snake}.hpp"), out))
}

/// The class that implementations derive from, if they want to.
fn abstract_class(
    out: &mut String,
    contract: &ContractInfo,
    name: &str,
    methods: &[(&MethodInfo, CppMethod)],
) {
    comment(out, "", contract.docs());
    if !contract.docs().is_empty() {
        out.push_str("///\n");
    }
    write!(
        out,
        "/// Implemented by a class of a plugin or a host, which need not derive from it, and by `Remote`.\n\
         class {name} {{\npublic:\n    virtual ~{name}() = default;\n"
    )
    .expect("a string");
    for (method, cpp) in methods {
        comment(out, "    ", method.docs());
        writeln!(
            out,
            "    virtual {} = 0;",
            declared(
                &cpp.result,
                &format!("{}({})", cpp.name, cpp.parameters.join(", "))
            )
        )
        .expect("a string");
    }
    out.push_str("};\n\n");
}

/// The description of a closure. What its signature needs of the types is defined later.
fn closure_type(
    out: &mut String,
    snake: &str,
    camel: &str,
    at: usize,
    closure: &ContractInfo,
    method: &CppMethod,
) {
    write!(
        out,
        "/// `{}`\nstruct Closure{at} {{\n    using Function = std::function<{}({})>;\n    using Interface = {camel}Closure{at};\n\
         \x20   using Signature = {};\n\
         \x20   static constexpr uint64_t order = {}u;\n\
         \x20   static constexpr const PolyplugContractDescriptor *data = &{snake}_closure_{at}_contract_data;\n\
         \x20   static constexpr auto call = {snake}_closure_{at}_call;\n}};\n\n",
        closure.methods().first().map(ToString::to_string).unwrap_or_default(),
        method.result,
        method.types.join(", "),
        method.signature,
        closure.order()
    )
    .expect("a string");
}

/// What the arguments and results of the methods are, and the class that calls them.
fn signatures(out: &mut String, snake: &str, name: &str, methods: &[(&MethodInfo, CppMethod)]) {
    write!(out, "namespace {snake} {{\n\nnamespace signatures {{\n").expect("a string");
    for (_, cpp) in methods {
        writeln!(out, "using {} = {};", cpp.name, cpp.signature).expect("a string");
    }
    write!(
        out,
        "}}  // namespace signatures\n\n/// Somebody else's, called through `Via`. A fault is thrown as a `polyplug::Fault`.\n\
         template <class Via> class Remote final : public {name} {{\npublic:\n    explicit Remote(Via via) : via_(std::move(via)) {{}}\n\
         \x20   const Via &via() const {{ return via_; }}\n"
    )
    .expect("a string");
    for (at, (_, cpp)) in methods.iter().enumerate() {
        let head = declared(
            &cpp.result,
            &format!("{}({})", cpp.name, cpp.parameters.join(", ")),
        );
        let values: String = cpp
            .values
            .iter()
            .map(|value| format!(", {value}"))
            .collect();
        let answer = if cpp.result == "void" { "" } else { "return " };
        writeln!(
            out,
            "    {head} override {{ {answer}signatures::{}::call(via_, {at}{values}); }}",
            cpp.name
        )
        .expect("a string");
    }
    write!(
        out,
        "\nprivate:\n    Via via_;\n}};\n\n}}  // namespace {snake}\n\n"
    )
    .expect("a string");
}

/// What makes a class an implementation.
fn table(
    out: &mut String,
    contract: &ContractInfo,
    snake: &str,
    camel: &str,
    name: &str,
    methods: &[(&MethodInfo, CppMethod)],
) {
    let loud = snake.to_uppercase();
    write!(
        out,
        "/// Makes a class an implementation of `{contract}`: it has the methods of `{snake}::{name}`; those with a default body may be\n\
         /// left out.\ntemplate <class T> struct {camel} {{\n    using Class = typename polyplug::Target<T>::Type;\n"
    )
    .expect("a string");
    let mut entries = String::new();
    for (method, cpp) in methods {
        let CppMethod { name, .. } = cpp;
        let slot = method.name();
        let otherwise = if method.has_default() {
            "return nullptr;".to_owned()
        } else {
            format!(
                "static_assert({slot}Is, \"the class lacks the method `{name}`, or it takes other arguments\");"
            )
        };
        write!(
            out,
            "    struct {slot}Call {{\n\
             \x20       template <class U, class... V> static auto call(U &target, V &&...values) -> decltype(target.{name}(std::forward<V>(values)...)) {{\n\
             \x20           return target.{name}(std::forward<V>(values)...);\n        }}\n    }};\n\
             \x20   static constexpr bool {slot}Is = {snake}::signatures::{name}::template callable<Class, {slot}Call>;\n\
             \x20   static constexpr auto {slot}_slot() -> decltype({camel}Interface::{name}) {{\n\
             \x20       if constexpr ({slot}Is) return polyplug::Thunk<{snake}::signatures::{name}, T, {slot}Call>::function();\n\
             \x20       else {otherwise}\n    }}\n"
        )
        .expect("a string");
        write!(entries, ", {slot}_slot()").expect("a string");
    }
    write!(
        out,
        "\n    static int32_t invoke(PolyplugReceiver *receiver, uint32_t method, const void *frame, void *out) {{\n\
         \x20       if (!polyplug_admit(receiver, &{snake}_contract_data, method, frame, out)) return POLYPLUG_INVOKE_CODE_FAULT;\n\
         \x20       int32_t code = {snake}_call(&table, receiver, method, frame, out);\n\
         \x20       return code < 0 ? polyplug_no_method(receiver, method) : code;\n    }}\n\n\
         \x20   static constexpr {camel}Interface table = {{\n\
         \x20       {{ sizeof({camel}Interface), {loud}_METHODS, 0, 0, {}u, &{snake}_contract_data, invoke }}{entries} }};\n}};\n\n",
        contract.order()
    )
    .expect("a string");
}

impl CppMethod {
    fn of(types: &mut CppTypes<'_>, method: &MethodInfo) -> Result<Self, String> {
        let mut cpp = Self {
            name: word(method.name()),
            result: String::new(),
            parameters: Vec::new(),
            values: Vec::new(),
            types: Vec::new(),
            signature: String::new(),
        };
        let result = method.result_type();
        let mut parts = Vec::new();
        if result.is_scalar() {
            cpp.result = types.natural(&result)?;
            parts.push(format!(
                "polyplug::result::Scalar<{}>",
                types.codec(&result)?
            ));
        } else if result.owned().size == 0 {
            cpp.result = "void".to_owned();
            parts.push("polyplug::result::None".to_owned());
        } else {
            cpp.result = types.natural(&result)?;
            let place = types.forms.place(&result, Form::Owned)?;
            parts.push(format!(
                "polyplug::result::Out<{}, {place}>",
                types.codec(&result)?
            ));
        }
        for (at, argument) in method.arguments().iter().enumerate() {
            let name = argument_name(argument, at);
            let (ty, pass, is_moved) = argument_of(types, argument)?;
            cpp.values.push(if is_moved {
                format!("std::move({name})")
            } else {
                name.clone()
            });
            cpp.parameters.push(declared_reference(&ty, &name));
            cpp.types.push(ty);
            parts.push(format!("polyplug::pass::{pass}"));
        }
        cpp.signature = format!("polyplug::Signature<{}>", parts.join(", "));
        Ok(cpp)
    }
}

fn declared_reference(ty: &str, name: &str) -> String {
    if ty.ends_with('&') {
        format!("{ty}{name}")
    } else {
        declared(ty, name)
    }
}

/// The type of a parameter, how it is passed, and whether it is moved.
fn argument_of(
    types: &mut CppTypes<'_>,
    argument: &ArgumentInfo,
) -> Result<(String, String, bool), String> {
    let ty = argument.type_info();
    let place = |types: &mut CppTypes<'_>, ty: &TypeInfo| types.forms.place(ty, Form::Lent);
    let is_text = matches!(ty.kind(), TypeKind::STRING | TypeKind::TEXT);
    Ok(match argument.passing() {
        Passing::TEXT => ("std::string_view".to_owned(), "Text".to_owned(), false),
        Passing::SLICE | Passing::SLICE_MUT => {
            let (natural, codec, place) =
                (types.natural(&ty)?, types.codec(&ty)?, place(types, &ty)?);
            let place = match argument.passing() {
                Passing::SLICE if place.ends_with('*') => format!("{place}const"),
                Passing::SLICE => format!("const {place}"),
                _ => place,
            };
            let parameter = match (argument.passing(), ty.is_plain()) {
                (Passing::SLICE_MUT, _) => format!("polyplug::Span<{natural}>"),
                (_, true) => format!("polyplug::Span<const {natural}>"),
                _ => format!("const std::vector<{natural}> &"),
            };
            (parameter, format!("Slice<{codec}, {place}>"), false)
        }
        Passing::OBJECT | Passing::OBJECT_MUT => match class(&ty) {
            Some(class) => (format!("{class} &"), format!("Object<{class}>"), false),
            None => {
                let natural = types.natural(&ty)?;
                let closure = natural.trim_end_matches("::Function").to_owned();
                (
                    format!("const {natural} &"),
                    format!("Closure<{closure}>"),
                    false,
                )
            }
        },
        Passing::SINK => (
            format!("{} &", types.natural(&ty)?),
            format!("Sink<{}>", types.codec(&ty)?),
            false,
        ),
        _ if ty.is_scalar() => (
            types.natural(&ty)?,
            format!("Scalar<{}>", types.codec(&ty)?),
            false,
        ),
        passing => {
            let way = if passing == Passing::REFERENCE {
                "Reference"
            } else {
                "Value"
            };
            let pass = format!("{way}<{}, {}>", types.codec(&ty)?, place(types, &ty)?);
            let natural = types.natural(&ty)?;
            match way {
                _ if is_text => ("std::string_view".to_owned(), pass, false),
                "Reference" => (format!("const {natural} &"), pass, false),
                _ => (natural, pass, true),
            }
        }
    })
}
