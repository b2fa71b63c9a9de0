//! What a module offers, as text and as JSON.

use std::fmt::Write as _;

use polyplug::{ArgumentInfo, ContractInfo, MethodInfo, ModuleInfo, PluginInfo};
use serde_json::{Value, json};

/// For people.
pub(crate) fn text(module: &ModuleInfo) -> String {
    let mut out = format!("{}\n", module.path().display());
    for plugin in module.plugins() {
        write!(out, "\nplugin {} {}", plugin.name(), plugin.version()).expect("a string");
        if !plugin.description().is_empty() {
            write!(out, ": {}", plugin.description()).expect("a string");
        }
        out.push('\n');
        for (label, value) in [
            ("authors", plugin.authors().join(", ")),
            ("licence", plugin.license().to_owned()),
            ("repository", plugin.repository().to_owned()),
            ("offers", list(plugin.contracts())),
            ("requires", list(plugin.requires())),
        ] {
            if !value.is_empty() {
                writeln!(out, "  {label}: {value}").expect("a string");
            }
        }
    }
    for contract in module.contracts() {
        let marks = [
            (contract.is_host_contract(), "provided by the host"),
            (contract.is_exclusive(), "exclusive"),
            (contract.is_pinned(), "pinned"),
        ];
        let marks: Vec<_> = marks
            .iter()
            .filter(|mark| mark.0)
            .map(|mark| mark.1)
            .collect();
        write!(out, "\ncontract {contract} ({})", contract.name()).expect("a string");
        if !marks.is_empty() {
            write!(out, ", {}", marks.join(", ")).expect("a string");
        }
        out.push('\n');
        indented(&mut out, "  ", contract.docs());
        for method in contract.methods() {
            let default = if method.has_default() {
                "  [has a default]"
            } else {
                ""
            };
            writeln!(out, "  fn {}{default}", method.signature()).expect("a string");
            indented(&mut out, "      ", method.docs());
        }
    }
    out
}

fn list(contracts: &[ContractInfo]) -> String {
    let contracts: Vec<_> = contracts.iter().map(ToString::to_string).collect();
    contracts.join(", ")
}

fn indented(out: &mut String, by: &str, docs: &str) {
    for line in docs.lines() {
        writeln!(out, "{}", format!("{by}{line}").trim_end()).expect("a string");
    }
}

/// For programs.
pub(crate) fn json(module: &ModuleInfo) -> Value {
    json!({
        "path": module.path().display().to_string(),
        "plugins": module.plugins().iter().map(plugin).collect::<Vec<_>>(),
        "contracts": module.contracts().iter().map(contract).collect::<Vec<_>>(),
    })
}

fn plugin(plugin: &PluginInfo) -> Value {
    let names = |contracts: &[ContractInfo]| {
        contracts
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
    };
    json!({
        "name": plugin.name(),
        "version": plugin.version(),
        "description": plugin.description(),
        "authors": plugin.authors(),
        "license": plugin.license(),
        "repository": plugin.repository(),
        "offers": names(plugin.contracts()),
        "requires": names(plugin.requires()),
    })
}

fn contract(contract: &ContractInfo) -> Value {
    json!({
        "id": contract.id(),
        "major": contract.version().major,
        "minor": contract.version().minor,
        "name": contract.name(),
        "docs": contract.docs(),
        "host": contract.is_host_contract(),
        "exclusive": contract.is_exclusive(),
        "pinned": contract.is_pinned(),
        "methods": contract.methods().iter().map(method).collect::<Vec<_>>(),
    })
}

fn method(method: &MethodInfo) -> Value {
    json!({
        "name": method.name(),
        "docs": method.docs(),
        "signature": method.signature(),
        "default": method.has_default(),
        "arguments": method.arguments().iter().map(argument).collect::<Vec<_>>(),
        "result": method.result(),
        "frame": { "size": method.frame().size, "align": method.frame().align },
    })
}

fn argument(argument: &ArgumentInfo) -> Value {
    json!({ "name": argument.name(), "type": argument.ty(), "offset": argument.offset() })
}
