//! The header of one contract: types, functions, frames, descriptors.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use polyplug::{ArgumentInfo, ContractInfo, MethodInfo, Passing};

use crate::descriptors::Descriptors;
use crate::forms::{self, Form, Forms, camel, comment, declared, pointer, snake, word};

/// How a method looks in C.
pub(crate) struct Signature {
    /// The type of what is returned.
    pub(crate) returns: String,
    /// Everything between the parentheses.
    pub(crate) parameters: String,
    /// The names of the parameters, without the receiver.
    pub(crate) names: Vec<String>,
    /// The members of the frame, with their offsets.
    frame: Vec<(String, String, usize)>,
    /// What each parameter is, read from the frame.
    from_frame: Vec<String>,
    /// The type of what `out` points to.
    out: Option<String>,
}

pub(crate) fn argument_name(argument: &ArgumentInfo, at: usize) -> String {
    match argument.name() {
        "" => format!("argument_{at}"),
        name => word(name),
    }
}

impl Signature {
    pub(crate) fn of(forms: &mut Forms, method: &MethodInfo) -> Result<Self, String> {
        let mut parameters = vec!["PolyplugReceiver *receiver".to_owned()];
        let mut names = Vec::new();
        let mut frame = Vec::new();
        let mut from_frame = Vec::new();
        for (at, argument) in method.arguments().iter().enumerate() {
            let name = argument_name(argument, at);
            let ty = argument.type_info();
            forms.all(&ty, Form::Lent)?;
            let (ty, sequence) = match argument.passing() {
                Passing::VALUE if ty.is_scalar() => (forms.scalar(&ty)?, false),
                Passing::VALUE | Passing::REFERENCE => {
                    (pointer(&forms.place(&ty, Form::Lent)?), false)
                }
                Passing::TEXT => ("const uint8_t *".to_owned(), true),
                Passing::SLICE => (pointer(&forms.place(&ty, Form::Lent)?), true),
                Passing::SLICE_MUT => (format!("{} *", forms.place(&ty, Form::Lent)?), true),
                Passing::OBJECT | Passing::OBJECT_MUT => {
                    ("const PolyplugObject *".to_owned(), false)
                }
                Passing::SINK => {
                    // What is written to it is handed over.
                    forms.all(&ty, Form::Owned)?;
                    ("PolyplugSink *".to_owned(), false)
                }
                _ => {
                    return Err(format!(
                        "`{argument}` crosses in a way that this version does not know: take a newer `cargo-polyplug`"
                    ));
                }
            };
            parameters.push(declared(&ty, &name));
            names.push(name.clone());
            if sequence {
                let length = format!("{name}_len");
                parameters.push(declared("size_t", &length));
                names.push(length);
                let writable = argument.passing() == Passing::SLICE_MUT;
                let ty = if writable {
                    format!("({ty})(uintptr_t)")
                } else {
                    format!("({ty})")
                };
                from_frame.push(format!("{ty}(frame_->{name}.ptr)"));
                from_frame.push(format!("frame_->{name}.len"));
                frame.push(("PolyplugSlice".to_owned(), name, argument.offset()));
            } else {
                from_frame.push(format!("frame_->{name}"));
                frame.push((ty, name, argument.offset()));
            }
        }
        let result = method.result_type();
        forms.all(&result, Form::Owned)?;
        let mut returns = "void".to_owned();
        let mut out = None;
        if result.is_scalar() {
            returns = forms.scalar(&result)?;
        } else if result.owned().size != 0 {
            let place = forms.place(&result, Form::Owned)?;
            parameters.push(declared(&format!("{place} *").replace("* *", "**"), "out"));
            names.push("out".to_owned());
            out = Some(place);
        }
        Ok(Self {
            returns,
            parameters: parameters.join(", "),
            names,
            frame,
            from_frame,
            out,
        })
    }
}

/// The name of the file, and what stands in it.
pub(crate) fn header(contract: &ContractInfo) -> Result<(String, String), String> {
    let snake = snake(contract);
    let camel = camel(&snake);
    let loud = snake.to_uppercase();
    let mut forms = Forms::new(contract);
    let methods = contract.methods();
    let signatures = methods
        .iter()
        .map(|method| Signature::of(&mut forms, method));
    let signatures = signatures.collect::<Result<Vec<_>, _>>()?;
    let methods: Vec<_> = methods.iter().zip(&signatures).collect();
    let closures = closures(&mut forms, contract, &camel)?;

    let mut out = format!(
        "// The contract `{contract}` for C11 and C++17. Written by `cargo polyplug headers`; do not edit.\n\
         #ifndef POLYPLUG_CONTRACT_{loud}_H\n#define POLYPLUG_CONTRACT_{loud}_H\n\n\
         #include <assert.h>\n\n#include \"polyplug.h\"\n\n\
         #if UINTPTR_MAX != UINT64_MAX\n#error \"this header describes layouts of 64-bit targets\"\n#endif\n\n\
         #ifdef __cplusplus\nextern \"C\" {{\n#endif\n\n\
         /// The description of the contract.\nstatic inline const PolyplugContractDescriptor *{snake}_contract(void);\n\n"
    );
    let others: BTreeSet<_> = forms::mentioned(contract)
        .iter()
        .map(forms::snake)
        .collect();
    for other in others.iter().filter(|other| **other != snake) {
        writeln!(out, "#include \"{other}.h\"").expect("a string");
    }
    if !forms.declarations.is_empty() {
        write!(out, "\n{}\n", forms.declarations).expect("a string");
    }
    out += &forms.definitions;

    numbers(&mut out, &methods, &snake, &loud);
    comment(&mut out, "", contract.docs());
    write!(
        out,
        "typedef struct {camel}Interface {{\n    PolyplugInterfaceHeader head;\n"
    )
    .expect("a string");
    for (method, signature) in &methods {
        out.push('\n');
        comment(&mut out, "    ", method.docs());
        let note = if method.has_default() {
            " May be null: it has a default body."
        } else {
            ""
        };
        writeln!(
            out,
            "    /// `{method}`{}{note}",
            if note.is_empty() { "" } else { "." }
        )
        .expect("a string");
        writeln!(
            out,
            "    {};",
            declared(
                &signature.returns,
                &format!("(*{})({})", word(method.name()), signature.parameters)
            )
        )
        .expect("a string");
    }
    write!(out, "}} {camel}Interface;\n\n").expect("a string");
    out += &closures.types;
    frames(&mut out, &methods, &format!("{camel}Frame_"))?;
    out += &Descriptors::new(contract).text();
    out += &closures.entries;
    erased(
        &mut out,
        &methods,
        &snake,
        &format!("{camel}Interface"),
        &format!("{camel}Frame_"),
    );
    let table = Table {
        contract,
        name: format!("{loud}_INTERFACE"),
        interface: format!("{camel}Interface"),
        prefix: snake.clone(),
    };
    table.write(&mut out, &methods);
    out += "#ifdef __cplusplus\n}  // extern \"C\"\n#endif\n\n#endif\n";
    Ok((format!("{snake}.h"), out))
}

/// What closures need.
#[derive(Default)]
struct Closures {
    /// The types of their functions, and their frames.
    types: String,
    /// What makes tables of functions, behind the descriptions.
    entries: String,
}

fn closures(forms: &mut Forms, contract: &ContractInfo, camel: &str) -> Result<Closures, String> {
    let mut out = Closures::default();
    let snake = snake(contract);
    for (at, (ty, closure)) in forms::closures(contract).iter().enumerate() {
        for method in closure.methods() {
            let signature = Signature::of(forms, &method)?;
            let name = format!("{camel}Closure{at}");
            write!(
                out.types,
                "/// The functions of `{ty}`.\ntypedef struct {name} {{\n    PolyplugInterfaceHeader head;\n    {};\n}} {name};\n\n",
                declared(&signature.returns, &format!("(*call)({})", signature.parameters))
            )
            .expect("a string");
            let methods = [(&method, &signature)];
            let frame = format!("{name}Frame_");
            frames(&mut out.types, &methods, &frame)?;
            let prefix = format!("{snake}_closure_{at}");
            erased(&mut out.entries, &methods, &prefix, &name, &frame);
            let table = Table {
                contract: closure,
                name: prefix.to_uppercase(),
                interface: name,
                prefix,
            };
            table.write(&mut out.entries, &methods);
        }
    }
    Ok(out)
}

fn numbers(out: &mut String, methods: &[(&MethodInfo, &Signature)], snake: &str, loud: &str) {
    writeln!(
        out,
        "/// The numbers of the methods.\nenum {snake}_method {{"
    )
    .expect("a string");
    for (at, (method, _)) in methods.iter().enumerate() {
        writeln!(
            out,
            "    {loud}_METHOD_{} = {at},",
            method.name().to_uppercase()
        )
        .expect("a string");
    }
    write!(out, "    {loud}_METHODS = {}\n}};\n\n", methods.len()).expect("a string");
}

fn frames(
    out: &mut String,
    methods: &[(&MethodInfo, &Signature)],
    prefix: &str,
) -> Result<(), String> {
    for (method, signature) in methods {
        if signature.frame.is_empty() {
            continue;
        }
        let name = format!("{prefix}{}", method.name());
        writeln!(
            out,
            "/// The arguments of `{}`, as `invoke` takes them.\ntypedef struct {name} {{",
            method.name()
        )
        .expect("a string");
        for (ty, member, _) in &signature.frame {
            // `()` takes no place.
            writeln!(out, "    {};", declared(ty, member)).expect("a string");
        }
        writeln!(out, "}} {name};").expect("a string");
        writeln!(
            out,
            "static_assert(sizeof({name}) == {}, \"another layout than the contract's\");",
            method.frame().size
        )
        .expect("a string");
        for (_, member, offset) in &signature.frame {
            writeln!(out, "static_assert(offsetof({name}, {member}) == {offset}, \"another layout than the contract's\");").expect("a string");
        }
        out.push('\n');
    }
    Ok(())
}

/// The erased entry over the typed functions.
fn erased(
    out: &mut String,
    methods: &[(&MethodInfo, &Signature)],
    snake: &str,
    interface: &str,
    frame: &str,
) {
    write!(
        out,
        "/// Calls a method by its number, with its arguments in a frame: what `invoke` does when it has checked\n\
         /// them. Answers one of\n\
         /// `POLYPLUG_INVOKE_CODE_...`, or -1 when there is no such method.\n\
         static inline int32_t {snake}_call(\n    const {interface} *functions, PolyplugReceiver *receiver, uint32_t method, const void *frame, void *out) {{\n\
         \x20   (void)frame, (void)out;\n    switch (method) {{\n"
    )
    .expect("a string");
    for (at, (method, signature)) in methods.iter().enumerate() {
        let name = word(method.name());
        writeln!(
            out,
            "    case {at}: {{\n        if (!functions->{name}) return -1;"
        )
        .expect("a string");
        if !signature.frame.is_empty() {
            let frame = format!("{frame}{}", method.name());
            writeln!(
                out,
                "        const {frame} *frame_ = (const {frame} *)frame;"
            )
            .expect("a string");
        }
        let mut arguments = vec!["receiver".to_owned()];
        arguments.extend(signature.from_frame.iter().cloned());
        if let Some(place) = &signature.out {
            arguments.push(format!(
                "({})out",
                format!("{place} *").replace("* *", "**")
            ));
        }
        let call = format!("functions->{name}({})", arguments.join(", "));
        match signature.returns.as_str() {
            "void" => writeln!(out, "        {call};"),
            returns => writeln!(out, "        *({returns} *)out = {call};"),
        }
        .expect("a string");
        out.push_str("        break;\n    }\n");
    }
    out.push_str("    default: return -1;\n    }\n    return receiver->fault ? POLYPLUG_INVOKE_CODE_FAULT : POLYPLUG_INVOKE_CODE_VALUE;\n}\n\n");
}

/// What makes a table of functions.
struct Table<'c> {
    contract: &'c ContractInfo,
    /// The macro.
    name: String,
    /// The type of the table.
    interface: String,
    /// What the names of its functions start with.
    prefix: String,
}

impl Table<'_> {
    fn write(&self, out: &mut String, methods: &[(&MethodInfo, &Signature)]) {
        let names: Vec<_> = methods
            .iter()
            .map(|(method, _)| format!("{}_function", method.name()))
            .collect();
        let parameters: String = names.iter().map(|name| format!(", {name}")).collect();
        let Self {
            contract,
            name,
            interface,
            prefix,
        } = self;
        write!(
            out,
            "/// Defines `name`, the table of these functions, in order; NULL for a method that is left to its default body. Include\n\
             /// `polyplug_plugin.h` before it is used.\n\
             #define {name}(name{parameters}) \\\n\
             \x20   static int32_t name##_invoke(PolyplugReceiver *receiver, uint32_t method, const void *frame, void *out); \\\n\
             \x20   static const {interface} name = {{ \\\n\
             \x20       {{ sizeof({interface}), {}, 0, 0, {}u, &{prefix}_contract_data, name##_invoke }}{parameters} }}; \\\n\
             \x20   static int32_t name##_invoke(PolyplugReceiver *receiver, uint32_t method, const void *frame, void *out) {{ \\\n\
             \x20       if (!polyplug_admit(receiver, &{prefix}_contract_data, method, frame, out)) return POLYPLUG_INVOKE_CODE_FAULT; \\\n\
             \x20       int32_t code = {prefix}_call(&name, receiver, method, frame, out); \\\n\
             \x20       return code < 0 ? polyplug_no_method(receiver, method) : code; \\\n\
             \x20   }}\n\n",
            methods.len(),
            contract.order()
        )
        .expect("a string");
    }
}

/// The parameters of a method whose body does nothing with them.
pub(crate) fn signatures(contract: &ContractInfo) -> Result<Vec<(MethodInfo, Signature)>, String> {
    let mut forms = Forms::new(contract);
    let methods = contract.methods().into_iter();
    methods
        .map(|method| Signature::of(&mut forms, &method).map(|signature| (method, signature)))
        .collect()
}
