//! Files in Python that are refused, and what they are told.

mod support;

use greeter_api::Greeter;
use polyplug::Runtime;
use support::{load, plugin, runtime};

fn refused(runtime: &Runtime, text: impl AsRef<[u8]>) -> String {
    let error = load(runtime, text).expect_err("it is refused");
    assert_eq!(error.code(), "source-refused", "{error}");
    assert_eq!(runtime.modules().len(), 1, "only the loader is there");
    let text = error.to_string();
    assert!(text.contains("plugin.py"), "{text}");
    text
}

#[track_caller]
fn says(runtime: &Runtime, text: impl AsRef<[u8]>, expected: &str) {
    let said = refused(runtime, text);
    assert!(said.contains(expected), "expected `{expected}` in:\n{said}");
}

#[test]
fn files_that_are_no_plugins_are_refused() {
    let Some(runtime) = runtime() else { return };
    for (text, expected) in [
        ("retrun 1", "plugin.py:1: SyntaxError: invalid syntax"),
        (
            "\n\nraise ValueError('no luck')",
            "plugin.py:3: ValueError: no luck",
        ),
        (
            "\nimport sys\nsys.exit('enough')",
            "plugin.py:3: SystemExit: enough",
        ),
        (
            "",
            "there is no plugin in it; write one as a class with @polyplug.plugin(implements=\"..\") before it",
        ),
        (
            "nothing.field",
            "plugin.py:1: NameError: name 'nothing' is not defined",
        ),
        (
            "import not_there",
            "plugin.py:1: ModuleNotFoundError: No module named 'not_there'",
        ),
        (
            "import polyplug.log",
            "plugin.py:1: ModuleNotFoundError: no module named `polyplug.log`",
        ),
        ("\0", "SyntaxError"),
    ] {
        says(&runtime, text, expected);
    }
    says(&runtime, b"x = '\xFF\xFE'", "SyntaxError");
}

#[test]
fn descriptions_that_are_none_are_refused() {
    let Some(runtime) = runtime() else { return };
    for (description, expected) in [
        (
            "",
            "plugin.py:3: TypeError: plugin `some-plugin`: `implements` is missing, as in implements=\"demo.greeter\"",
        ),
        (
            "implements=5",
            "plugin `some-plugin`: `implements` must be a text, or a list of texts, and is 5",
        ),
        (
            "implements=['demo.greeter', 5]",
            "`implements` must be a text, or a list of texts, and is ['demo.greeter', 5]",
        ),
        (
            "implements='demo.greeter', name=5",
            "plugin `5`: `name` is a int, and must be a text",
        ),
        (
            "implements='demo.greeter', implemnts=''",
            "got an unexpected keyword argument 'implemnts'",
        ),
        (
            "implements='demo.greter'",
            "plugin `some-plugin`: contract `demo.greter` in `implements` is not known; known are `demo.greeter 1.0`",
        ),
        (
            "implements='demo.greeter 2'",
            "contract `demo.greeter 2` in `implements` is not known",
        ),
        (
            "implements='demo.greeter 1.7'",
            "contract `demo.greeter 1.7` in `implements` is not known",
        ),
        (
            "implements='demo.greeter', requires='demo.nothing'",
            "contract `demo.nothing` in `requires` is not known",
        ),
    ] {
        let text = format!(
            "import polyplug\n\n@polyplug.plugin({description})\nclass SomePlugin:\n    def greet(self, name): return name\n"
        );
        says(&runtime, text, expected);
    }
    says(
        &runtime,
        "import polyplug\n@polyplug.plugin\nclass P: pass",
        "polyplug.plugin takes what it implements, as in @polyplug.plugin(implements=\"demo.greeter\")",
    );
    says(
        &runtime,
        "import polyplug\n@polyplug.plugin(implements='demo.greeter')\ndef p(): pass",
        "polyplug.plugin belongs before a class, and this is a function",
    );
    says(
        &runtime,
        plugin(
            "demo.greeter",
            "def greet(self, name): return name\n@polyplug.save\ndef to_text(self): return ''",
        ),
        "plugin `written`: `@polyplug.save` and `@polyplug.restore` belong together, and one of them is missing",
    );
    says(
        &runtime,
        "import polyplug\npolyplug.types('demo.nothing')",
        "contract `demo.nothing` is not",
    );
}

#[test]
fn methods_that_do_not_fit_are_named() {
    let Some(runtime) = runtime() else { return };
    for (body, expected) in [
        (
            "def gret(self, name): pass",
            "plugin `written` implements contract `demo.greeter`, and has no method `greet`, which has no default body; \
             write `def greet(self, name):`",
        ),
        (
            "greet = 5",
            "plugin `written`: `greet`, a method of contract `demo.greeter`, is 5, and must be a function",
        ),
        (
            "def greet(self): pass",
            "plugin `written`: `greet`, a method of contract `demo.greeter`, is written `greet(self)`, and is called as `greet(self, name)`",
        ),
        (
            "def greet(self, name, more): pass",
            "is written `greet(self, name, more)`, and is called as `greet(self, name)`",
        ),
        (
            "def greet(name): pass",
            "is written `greet(name)`, and is called as `greet(self, name)`",
        ),
        (
            "@staticmethod\ndef greet(a, b): pass",
            "is written `greet(a, b)`, and is called as",
        ),
        (
            "def greet(self, name): return name\ndef add(self, a): pass",
            "`add`, a method of contract `demo.greeter`, is written `add(self, a)`, and is called as `add(self, a, b)`",
        ),
    ] {
        says(&runtime, plugin("demo.greeter", body), expected);
    }
    // What can be called with the arguments will do, however it is written.
    for body in [
        "def greet(self, *arguments): return arguments[0]",
        "def greet(self, name, more=None): return name",
        "@staticmethod\ndef greet(name): return name",
        "@classmethod\ndef greet(cls, name): return name",
        "greet = staticmethod(str)",
        "import functools\n@functools.lru_cache\ndef greet(self, name): return name",
    ] {
        let module = load(&runtime, plugin("demo.greeter", body)).expect(body);
        let greeter = module.get::<dyn Greeter>().expect("a caller");
        assert_eq!(greeter.greet("you"), "you", "{body}");
        drop(module.unload());
    }
}

#[test]
fn constructors_that_fail_refuse_the_load() {
    let Some(runtime) = runtime() else { return };
    for (body, expected) in [
        (
            "def __init__(self): raise ValueError('no paper')",
            vec!["no paper", "plugin.py:4"],
        ),
        (
            "def __init__(self, more): pass",
            vec!["missing 1 required positional argument: 'more'"],
        ),
        (
            "def __init__(self): self.context.host('demo.log')",
            vec!["contract `demo.log` is not in `requires`, `wants` or `implements` of the plugin"],
        ),
        (
            "__slots__ = ()",
            vec!["its class has no place for the attribute `context`; put it into `__slots__`"],
        ),
    ] {
        let body = format!("{body}\ndef greet(self, name): return name");
        let error = load(&runtime, plugin("demo.greeter", &body)).expect_err("it is refused");
        assert_eq!(runtime.modules().len(), 1);
        let mut text = error.to_string();
        let mut source = std::error::Error::source(&error);
        while let Some(reason) = source {
            text = format!("{text}: {reason}");
            source = reason.source();
        }
        for expected in expected {
            assert!(text.contains(expected), "expected `{expected}` in:\n{text}");
        }
    }
}
