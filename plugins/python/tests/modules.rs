//! What plugins import, and that they do not meet: files of one name, modules beside them, extension modules.

mod support;

use greeter_api::Greeter;
use polyplug::{Module, Runtime};
use support::{Folder, plugin, runtime};

fn greet(module: &Module, name: &str) -> String {
    module.get::<dyn Greeter>().expect("a caller").greet(name)
}

fn imports(runtime: &Runtime, folder: &Folder, name: &str, text: &str, answer: &str) -> Module {
    let body = format!("def greet(self, name):\n    {answer}");
    let text = format!(
        "{text}\n{}",
        plugin("demo.greeter", &body).replace("written", name)
    );
    let path = folder.write("plugin.py", text);
    runtime.load(path).expect("it loads")
}

#[test]
fn two_plugins_of_one_name_do_not_meet() {
    let Some(runtime) = runtime() else { return };
    let folders = [Folder::new(), Folder::new()];
    let names = ["one", "other"];
    let modules = [0, 1].map(|number| {
        let folder = &folders[number];
        folder.write("helper.py", format!("from . import deeper\nname = '{}'\ncount = 0\ndef who():\n    global count\n    count += 1\n    return f'{{name}} {{deeper.name}} {{count}}'\n", names[number]));
        folder.write("deeper.py", format!("name = '{}'\n", names[number].to_uppercase()));
        let answer = "global calls\n    calls += 1\n    import helper as late\n    return f'{name} {helper.who()} {calls} {late is helper}'";
        imports(&runtime, folder, names[number], "import helper\nfrom helper import who\ncalls = 0", answer)
    });
    assert_eq!(greet(&modules[0], "x"), "x one ONE 1 1 True");
    assert_eq!(greet(&modules[0], "x"), "x one ONE 2 2 True");
    assert_eq!(greet(&modules[1], "x"), "x other OTHER 1 1 True");
}

#[test]
fn one_file_loaded_by_two_runtimes_has_two_namespaces() {
    let (Some(one), Some(other)) = (runtime(), runtime()) else {
        return;
    };
    let folder = Folder::new();
    let answer = "global calls\n    calls += 1\n    return f'{name} {calls}'";
    let one = imports(&one, &folder, "one", "calls = 0", answer);
    let other = imports(&other, &folder, "one", "calls = 0", answer);
    assert_eq!(greet(&one, "a"), "a 1");
    assert_eq!(greet(&one, "a"), "a 2");
    assert_eq!(greet(&other, "a"), "a 1");
}

#[test]
fn packages_beside_a_plugin_are_its_own() {
    let Some(runtime) = runtime() else { return };
    let folder = Folder::new();
    for part in ["words", "words/deep"] {
        std::fs::create_dir_all(folder.write(".keep", "").with_file_name(part)).expect("a folder");
    }
    folder.write(
        "words/__init__.py",
        "from .kind import KIND\nimport polyplug\npolyplug.log.debug('words')\n",
    );
    folder.write("words/kind.py", "KIND = 'friendly'\n");
    folder.write(
        "words/deep/__init__.py",
        "from ..kind import KIND\nDEPTH = KIND + ' and deep'\n",
    );
    // One of the standard library's names: the plugin's own comes first, for the plugin.
    folder.write("colorsys.py", "mine = True\n");
    let text = "import words\nimport words.deep\nimport words.deep as deeper\nfrom words import kind, deep\nfrom words.deep import DEPTH\nimport colorsys\nfrom . import words as again\nimport importlib, dataclasses, pickle\n@dataclasses.dataclass\nclass Data:\n    at: int\n";
    let answer = "assert words.deep is deeper is deep and again is words and colorsys.mine\n    \
        assert pickle.loads(pickle.dumps(Data(1))) == Data(1)\n    \
        assert importlib.import_module('.kind', 'words' and words.__name__) is kind\n    \
        return f'{name} {words.KIND} {DEPTH}'";
    let module = imports(&runtime, &folder, "one", text, answer);
    assert_eq!(greet(&module, "a"), "a friendly friendly and deep");
    // Not a word of it is left in the folder.
    assert!(
        !folder
            .write(".keep", "")
            .with_file_name("__pycache__")
            .exists()
    );
    // A reload reads it anew.
    folder.write("words/kind.py", "KIND = 'frjendly'\n");
    drop(module.reload().expect("it reloads"));
    assert_eq!(greet(&module, "a"), "a frjendly frjendly and deep");
}

#[test]
fn the_host_of_the_interpreter_sees_nothing_of_it() {
    let Some(runtime) = runtime() else { return };
    let folder = Folder::new();
    folder.write("helper.py", "import sys\n");
    let answer = "import builtins, sys\n    \
        assert 'polyplug' not in sys.modules and 'helper' not in sys.modules\n    \
        assert builtins.print is not print\n    \
        return name";
    let module = imports(&runtime, &folder, "one", "import helper", answer);
    assert_eq!(greet(&module, "a"), "a");
}

#[test]
fn extension_modules_are_imported() {
    let Some(runtime) = runtime() else { return };
    let folder = Folder::new();
    let answer = "if name == 'optional':\n        try:\n            import sqlite3, ssl, bz2\n        except ImportError as error: return str(error)\n        \
        return sqlite3.connect(':memory:').execute('select 40 + 2').fetchone()[0] == 42 and 'all'\n    \
        import _struct, _ctypes, ctypes, math, json, array, _json, _datetime, select, _socket\n    \
        return f\"{_struct.pack('<H', 258)} {math.floor(2.5)} {json.dumps([1])} {ctypes.sizeof(ctypes.c_long)}\"";
    let module = imports(&runtime, &folder, "one", "", answer);
    assert_eq!(greet(&module, ""), "b'\\x02\\x01' 2 [1] 8");
    let optional = greet(&module, "optional");
    assert!(
        optional == "all" || optional.contains("No module named"),
        "{optional}"
    );
}
