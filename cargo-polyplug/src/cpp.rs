//! The C++ header of one contract: what stands between its C functions and the methods of a class.

use std::fmt::Write as _;

use polyplug::{ArgumentInfo, ContractInfo, MethodInfo, Passing, TypeInfo, TypeKind};

use crate::forms::{Form, Forms, camel, comment, snake, word};
use crate::header::{Signature, argument_name};

/// The name of the file, and what stands in it.
pub(crate) fn header(contract: &ContractInfo) -> Result<(String, String), String> {
    let snake = snake(contract);
    let camel = camel(&snake);
    let loud = snake.to_uppercase();
    let mut forms = Forms::new(contract);
    let mut list = String::new();
    let mut thunks = String::new();
    let mut slots = String::new();
    for method in contract.methods() {
        let signature = Signature::of(&mut forms, &method)?;
        let name = word(method.name());
        let mut parameters = Vec::new();
        let mut values = Vec::new();
        for (at, argument) in method.arguments().iter().enumerate() {
            let (ty, value) = argument_of(&mut forms, argument, &argument_name(argument, at))?;
            parameters.push(format!("{ty} {}", argument_name(argument, at)));
            values.push(value);
        }
        let result = result_of(&mut forms, &method)?;
        comment(&mut list, "///   ", method.docs());
        writeln!(list, "///   {result} {name}({});", parameters.join(", ")).expect("a string");
        let call = format!(
            "static_cast<T *>(receiver->state)->{name}({})",
            values.join(", ")
        );
        let body = match (
            signature.returns.as_str(),
            signature.names.last().map(String::as_str),
        ) {
            ("void", Some("out")) => {
                format!("polyplug::guarded(receiver, [&] {{ *out = polyplug::owned({call}); }});")
            }
            ("void", _) => format!("polyplug::guarded(receiver, [&] {{ {call}; }});"),
            (returns, _) => format!(
                "return polyplug::guarded(receiver, [&] {{ return static_cast<{returns}>({call}); }});"
            ),
        };
        write!(
            thunks,
            "    template <class T_> struct {0}Is {{\n\
             \x20       template <class U, class = decltype(&U::{name})> static std::true_type find(int);\n\
             \x20       template <class U> static std::false_type find(long);\n\
             \x20       static constexpr bool there = decltype(find<T_>(0))::value;\n    }};\n\
             \x20   static {1} {name}({2}) {{\n        {body}\n    }}\n",
            method.name(), signature.returns, signature.parameters
        )
        .expect("a string");
        match method.has_default() {
            true => write!(
                slots,
                "    static constexpr auto {0}_slot() -> decltype({camel}Interface::{name}) {{\n\
                 \x20       if constexpr ({0}Is<T>::there) return &{name};\n        else return nullptr;\n    }}\n",
                method.name()
            ),
            false => write!(
                slots,
                "    static constexpr auto {0}_slot() -> decltype({camel}Interface::{name}) {{\n\
                 \x20       static_assert({0}Is<T>::there, \"the class lacks the method `{name}`\");\n        return &{name};\n    }}\n",
                method.name()
            ),
        }
        .expect("a string");
    }
    let entries: String = contract
        .methods()
        .iter()
        .map(|method| format!(", {}_slot()", method.name()))
        .collect();
    let out = format!(
        "// The contract `{contract}` for classes of C++17. Written by `cargo polyplug headers --language cpp`; do not edit.\n\
         #ifndef POLYPLUG_CONTRACT_{loud}_HPP\n#define POLYPLUG_CONTRACT_{loud}_HPP\n\n\
         #include \"{snake}.h\"\n#include \"polyplug_plugin.hpp\"\n\n\
         /// Makes a class an implementation of `{contract}`. It has these methods; those with a default body may be left out:\n///\n{list}\
         template <class T> struct {camel} {{\n{thunks}{slots}\n\
         \x20   static int32_t invoke(PolyplugReceiver *receiver, uint32_t method, const void *frame, void *out) {{\n\
         \x20       if (!polyplug_admit(receiver, &{snake}_contract_data, method, frame, out)) return POLYPLUG_INVOKE_CODE_FAULT;\n\
         \x20       int32_t code = {snake}_call(&table, receiver, method, frame, out);\n\
         \x20       return code < 0 ? polyplug_no_method(receiver, method) : code;\n    }}\n\n\
         \x20   static constexpr {camel}Interface table = {{\n\
         \x20       {{ sizeof({camel}Interface), {loud}_METHODS, 0, 0, {}u, &{snake}_contract_data, invoke }}{entries} }};\n}};\n\n#endif\n",
        contract.order()
    );
    Ok((format!("{snake}.hpp"), out))
}

/// The type of a parameter of the class, and what makes it from those of the C function.
fn argument_of(
    forms: &mut Forms,
    argument: &ArgumentInfo,
    name: &str,
) -> Result<(String, String), String> {
    let ty = argument.type_info();
    Ok(match argument.passing() {
        Passing::TEXT => (
            "std::string_view".to_owned(),
            format!("polyplug::text({name}, {name}_len)"),
        ),
        Passing::SLICE => {
            let element = forms.place(&ty, Form::Lent)?;
            (
                format!("polyplug::Span<const {element}>"),
                format!("{{ {name}, {name}_len }}"),
            )
        }
        Passing::SLICE_MUT => {
            let element = forms.place(&ty, Form::Lent)?;
            (
                format!("polyplug::Span<{element}>"),
                format!("{{ {name}, {name}_len }}"),
            )
        }
        Passing::OBJECT | Passing::OBJECT_MUT => {
            ("const PolyplugObject &".to_owned(), format!("*{name}"))
        }
        Passing::SINK => ("PolyplugSink &".to_owned(), format!("*{name}")),
        _ if ty.is_scalar() => {
            let scalar = scalar(forms, &ty)?;
            let value = format!("static_cast<{scalar}>({name})");
            (scalar, value)
        }
        _ => match ty.kind() {
            TypeKind::STRING | TypeKind::TEXT => (
                "std::string_view".to_owned(),
                format!("polyplug::text(*{name})"),
            ),
            TypeKind::LIST | TypeKind::MAP | TypeKind::SET | TypeKind::SLICE => {
                let element = forms.place(&ty.elements()[0], Form::Lent)?;
                (
                    format!("polyplug::Span<const {element}>"),
                    format!("polyplug::span<const {element}>(*{name})"),
                )
            }
            TypeKind::UNIT => ("const void *".to_owned(), name.to_owned()),
            _ => (
                format!("const {} &", forms.place(&ty, Form::Lent)?),
                format!("*{name}"),
            ),
        },
    })
}

/// The type that a method of the class returns.
fn result_of(forms: &mut Forms, method: &MethodInfo) -> Result<String, String> {
    let ty = method.result_type();
    Ok(match ty.kind() {
        _ if ty.is_scalar() => scalar(forms, &ty)?,
        TypeKind::STRING => "std::string".to_owned(),
        TypeKind::LIST if ty.elements()[0].kind() == TypeKind::STRING => {
            "std::vector<std::string>".to_owned()
        }
        TypeKind::LIST => format!(
            "std::vector<{}>",
            forms.place(&ty.elements()[0], Form::Owned)?
        ),
        _ => forms.place(&ty, Form::Owned)?,
    })
}

/// A scalar as its own type, not widened.
fn scalar(forms: &mut Forms, ty: &TypeInfo) -> Result<String, String> {
    Ok(match ty.kind() {
        TypeKind::BOOL => "bool".to_owned(),
        TypeKind::CHAR => "char32_t".to_owned(),
        _ => forms.place(ty, Form::Lent)?,
    })
}
