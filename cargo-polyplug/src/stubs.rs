//! The skeleton of a plugin in C.

use std::fmt::Write as _;

use polyplug::ContractInfo;

use crate::descriptors::quoted;
use crate::forms::{comment, declared, snake};
use crate::header;

/// A plugin whose methods all say that they are not written yet; those with a default body are left to it.
pub(crate) fn stubs(contract: &ContractInfo, name: &str) -> Result<String, String> {
    if contract.is_host_contract() {
        return Err(format!(
            "`{}` is a host contract: only a host provides it",
            contract.id()
        ));
    }
    let file = snake(contract);
    let mut out = format!(
        "// A plugin that implements `{contract}`. Build it with the folders of `{file}.h` and of the headers of polyplug:\n\
         //   cc -std=c11 -fPIC -shared -fvisibility=hidden -I.. -o plugin.so plugin.c\n\
         #include \"{file}.h\"\n#include \"polyplug_plugin.h\"\n\n\
         /// The state of the plugin.\ntypedef struct {{\n    int nothing_yet;\n}} State;\n\n"
    );
    let mut functions = Vec::new();
    for (method, signature) in header::signatures(contract)? {
        if method.has_default() {
            writeln!(out, "// `{method}` is left to its default body.\n").expect("a string");
            functions.push("NULL".to_owned());
            continue;
        }
        comment(&mut out, "", method.docs());
        let function = format!("plugin_{}", method.name());
        let head = declared(
            &signature.returns,
            &format!("{function}({})", signature.parameters),
        );
        let unused: Vec<_> = signature
            .names
            .iter()
            .map(|name| format!("(void){name}"))
            .collect();
        let unused = match unused.is_empty() {
            true => String::new(),
            false => format!("    {};\n", unused.join(", ")),
        };
        let result = if signature.returns == "void" {
            ""
        } else {
            "    return 0;\n"
        };
        write!(
            out,
            "static {head} {{\n    // State *state = receiver->state;\n{unused}    polyplug_throw(receiver, \"`{}` is not written yet\");\n{result}}}\n\n",
            method.name()
        )
        .expect("a string");
        functions.push(function);
    }
    let loud = file.to_uppercase();
    write!(
        out,
        "{loud}_INTERFACE(plugin_interface, {})\n\n\
         static void *plugin_construct(PolyplugReceiver *receiver, const PolyplugContextRecord *context, PolyplugBuffer *error) {{\n\
         \x20   (void)context, (void)error;\n    State *state = calloc(1, sizeof *state);\n\
         \x20   if (!state) polyplug_throw(receiver, \"out of memory\");\n    return state;\n}}\n\n\
         static void plugin_destroy(PolyplugReceiver *receiver) {{\n    free(receiver->state);\n}}\n\n\
         static const PolyplugPluginDescriptor PLUGIN = {{\n    .size = sizeof PLUGIN,\n    .name = POLYPLUG_TEXT({}),\n\
         \x20   .version = POLYPLUG_TEXT(\"0.1.0\"),\n    .construct = plugin_construct,\n    .destroy = plugin_destroy,\n}};\n\n\
         // It starts no threads and leaves nothing behind that the process would call: the library may be unmapped.\n\
         POLYPLUG_MODULE(POLYPLUG_MODULE_FLAGS_MAY_UNMAP, POLYPLUG_OFFER(&PLUGIN, &plugin_interface.head))\n",
        functions.join(", "),
        quoted(name)
    )
    .expect("a string");
    Ok(out)
}
