//! Which interpreter is taken, and what is said when there is none: in processes of their own, for each has one interpreter.

mod support;

use std::env;
use std::process::Command;

use greeter_api::Greeter;
use kinds_api::Kinds;
use support::{file, load, plugin, runtime};

/// Set in the processes that are started here.
const CHILD: &str = "POLYPLUG_TEST_CHILD";

/// What such a process does: loads a plugin, and says which Python it is in.
#[test]
fn child() {
    if env::var_os(CHILD).is_none() {
        return;
    }
    let text = plugin(
        "demo.greeter",
        "def greet(self, name):\n    import sys, _struct, _ctypes, math, json\n    print('flushed', file=sys.stdout)\n    return f'{sys.version_info[0]}.{sys.version_info[1]} {sys.prefix}'",
    );
    let runtime = polyplug::Runtime::new();
    runtime.load_linked().expect("the loader");
    match load(&runtime, text) {
        Ok(module) => {
            let greeter = module.get::<dyn Greeter>().expect("a caller");
            println!("FOUND {}", greeter.greet(""));
            runtime.load(file("kinds.py")).expect("it loads");
            kinds_api::exercise(&runtime.get::<dyn Kinds>().expect("a caller"));
        }
        Err(error) => println!("ERROR {error}"),
    }
}

/// What a process with these variables says.
fn said(variables: &[(&str, &str)]) -> String {
    let mut child = Command::new(env::current_exe().expect("this test"));
    child
        .args(["--exact", "child", "--nocapture"])
        .env(CHILD, "1");
    child.env_remove("POLYPLUG_PYTHON");
    child.envs(variables.iter().copied());
    let done = child.output().expect("it runs");
    let text = String::from_utf8_lossy(&done.stdout);
    let line = text.lines().find_map(|line| {
        let at = line.find("FOUND ").or_else(|| line.find("ERROR "))?;
        Some(line[at..].to_owned())
    });
    assert!(
        done.status.success(),
        "{text}{}",
        String::from_utf8_lossy(&done.stderr)
    );
    let line = line.expect("a word");
    // The interpreter never ends, and what was printed is there.
    assert!(
        line.starts_with("ERROR") || text.contains("flushed"),
        "{text}"
    );
    line
}

#[test]
fn every_python_of_this_machine_will_do() {
    if runtime().is_none() {
        return;
    }
    assert!(said(&[]).starts_with("FOUND 3."));
    // Those on the path under their own names, and what the variable names besides.
    let more = env::var("POLYPLUG_TEST_PYTHONS").unwrap_or_default();
    let known = (11..=15).map(|minor| format!("python3.{minor}"));
    for python in known.chain(
        more.split(':')
            .filter(|name| !name.is_empty())
            .map(ToOwned::to_owned),
    ) {
        let asked = Command::new(&python)
            .args(["-c", "import sys, sysconfig; print('%d.%d' % sys.version_info[:2], sys.prefix, sysconfig.get_config_var('Py_ENABLE_SHARED'))"])
            .output();
        // A library is no program.
        let asked = asked.map(|asked| String::from_utf8_lossy(&asked.stdout).into_owned());
        let asked = asked.unwrap_or_default();
        let mut parts = asked.split_whitespace();
        let (version, prefix) = (parts.next(), parts.next());
        if (version.is_none() && !python.contains(".so")) || parts.next() == Some("0") {
            continue;
        }
        let found = said(&[("POLYPLUG_PYTHON", &python)]);
        println!("{python}: {found}");
        match (version, prefix) {
            (Some(version), Some(prefix)) => assert_eq!(found, format!("FOUND {version} {prefix}")),
            _ => assert!(found.starts_with("FOUND 3."), "{found}"),
        }
    }
}

#[test]
fn what_is_named_and_will_not_do_is_an_error() {
    let error = said(&[("POLYPLUG_PYTHON", "/not/there/python3")]);
    assert!(
        error
            .contains("the variable POLYPLUG_PYTHON names `/not/there/python3`: it does not run: "),
        "{error}"
    );
    let error = said(&[("POLYPLUG_PYTHON", "/not/there/libpython3.11.so.1.0")]);
    assert!(
        error.contains("names `/not/there/libpython3.11.so.1.0`: "),
        "{error}"
    );
    let this = env::current_exe().expect("this test");
    let error = said(&[("POLYPLUG_PYTHON", &this.to_string_lossy())]);
    assert!(error.contains("ERROR "), "{error}");
}

#[test]
fn without_a_python_on_the_path_a_well_known_name_is_tried() {
    let answer = said(&[("PATH", "")]);
    assert!(
        answer.starts_with("FOUND 3.")
            || (answer.contains("no library of Python 3.11 or newer was found; install one")
                && answer.contains("`libpython3.11")),
        "{answer}"
    );
}
