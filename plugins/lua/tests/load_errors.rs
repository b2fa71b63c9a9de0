//! Files in Lua that are refused, and what they are told.

mod support;

use greeter_api as _;
use support::{load, plugin, runtime};

fn refused(text: impl AsRef<[u8]>) -> String {
    let runtime = runtime();
    let error = load(&runtime, text).expect_err("it is refused");
    assert_eq!(error.code(), "source-refused", "{error}");
    assert_eq!(runtime.modules().len(), 1, "only the loader is there");
    let text = error.to_string();
    assert!(text.contains("plugin.lua"), "{text}");
    text
}

#[track_caller]
fn says(text: impl AsRef<[u8]>, expected: &str) {
    let said = refused(text);
    assert!(said.contains(expected), "expected `{expected}` in:\n{said}");
}

#[test]
fn files_that_are_no_plugins_are_refused() {
    says("retrun 1", "plugin.lua:1: ");
    says("\n\nerror('no luck')", "plugin.lua:3: no luck");
    says("error({ message = 'in a table' })", "in a table");
    says(
        "",
        "it returned nothing, and must return what polyplug.plugin{ .. } made",
    );
    says("return 5", "it returned a number, and must return");
    says(
        "return {}",
        "it returned a table that polyplug.plugin{ .. } did not make",
    );
    says(
        "return { {} }",
        "item 1 of what it returned is not made by polyplug.plugin{ .. }",
    );
    says(
        "local nothing; return nothing.field",
        "plugin.lua:1: attempt to index local 'nothing'",
    );
    says(b"\x1bLJ\x02", "attempt to load");
    says("require 'not.there'", "module 'not.there' not found");
}

#[test]
fn descriptions_that_are_none_are_refused() {
    let described = |description: &str| {
        format!("\nlocal plugin = polyplug.plugin {description}\nreturn plugin")
    };
    says(
        described("(5)"),
        "plugin.lua:2: polyplug.plugin expects a table, got a number",
    );
    says(
        described("{}"),
        "plugin.lua:2: plugin without a name: `name` is missing",
    );
    says(
        described("{ name = 5 }"),
        "plugin without a name: `name` is a number, and must be a string",
    );
    says(
        described("{ name = 'n' }"),
        "plugin `n`: `version` is missing, as in version = \"1.0.0\"",
    );
    says(
        described("{ name = 'n', version = '1.0.0' }"),
        "plugin `n`: `implements` is missing, as in implements = { \"demo.greeter\" }",
    );
    says(
        described("{ name = 'n', version = '1.0.0', implements = 'demo.greeter' }"),
        "plugin `n`: `implements` is a string, and must be a table",
    );
    says(
        described("{ name = 'n', version = '1.0.0', implements = { 5 } }"),
        "plugin `n`: `implements` holds a number, and must be a list of strings",
    );
    says(
        described("{ name = 'n', version = '1.0.0', implemnts = {} }"),
        "plugin `n`: unknown key `implemnts`; known are authors, description, implements, license,",
    );
    says(
        described(
            "{ name = 'n', version = '1.0.0', implements = { 'demo.greeter' }, save = print }",
        ),
        "plugin `n`: `save` and `restore` belong together, and one of them is missing",
    );
    says(
        described("{ name = 'n', version = '1.0.0', implements = { 'demo.greter' } }"),
        "plugin `n`: contract `demo.greter` in `implements` is not known; known are `demo.greeter 1.0`",
    );
    says(
        described("{ name = 'n', version = '1.0.0', implements = { 'demo.greeter 2' } }"),
        "contract `demo.greeter 2` in `implements` is not known",
    );
    says(
        described("{ name = 'n', version = '1.0.0', implements = { 'demo.greeter 1.7' } }"),
        "contract `demo.greeter 1.7` in `implements` is not known",
    );
}

#[test]
fn methods_that_are_missing_are_named() {
    says(
        plugin("demo.greeter", "function plugin:gret(name) end"),
        "plugin `written` implements contract `demo.greeter`, and has no method `greet`, which has no default body; \
         write `function plugin:greet(name)`",
    );
    says(
        plugin("demo.greeter", "plugin.greet = 5"),
        "plugin `written`: `greet`, a method of contract `demo.greeter`, is a number, and must be a function",
    );
}

#[test]
fn constructors_that_fail_refuse_the_load() {
    let constructed = |new: &str| {
        let runtime = runtime();
        let text = format!(
            "local plugin = polyplug.plugin {{ name = 'n', version = '1.0.0', implements = {{ 'demo.greeter' }}, new = {new} }}\n\
             function plugin:greet(name) return name end\n\
             return plugin"
        );
        let error = load(&runtime, text).expect_err("it is refused");
        assert_eq!(runtime.modules().len(), 1);
        let mut text = error.to_string();
        let mut source = std::error::Error::source(&error);
        while let Some(reason) = source {
            text = format!("{text}: {reason}");
            source = reason.source();
        }
        text
    };
    let text = constructed("function() error('no paper') end");
    assert!(text.contains("no paper"), "{text}");
    assert!(text.contains("plugin.lua:1"), "{text}");
    let text = constructed("function() end");
    assert!(
        text.contains("`new` of plugin `n` returned nothing, and must return the plugin's state"),
        "{text}"
    );
    let text = constructed("function(context) return context:host('demo.log') end");
    assert!(
        text.contains("contract `demo.log` is not in `requires` or `wants` of the plugin"),
        "{text}"
    );
}
