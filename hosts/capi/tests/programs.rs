//! Programs in C11 and C++17 that use libpolyplug: compiled here, with warnings as errors, and run.
#![cfg(unix)]

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use fixture_harness::{Folder, fixture};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Compiles a program against libpolyplug.
fn compiled(folder: &Folder, source: &str) -> PathBuf {
    let library = folder.path().join("libpolyplug.so");
    std::fs::copy(fixture("polyplug-capi"), library).expect("the library can be copied");
    let source = root().join(source);
    let is_cpp = source
        .extension()
        .is_some_and(|extension| extension == "cpp");
    let (variable, usual, standard) = if is_cpp {
        ("CXX", "c++", "-std=c++17")
    } else {
        ("CC", "cc", "-std=c11")
    };
    let compiler = env::var(variable).unwrap_or_else(|_| usual.to_owned());
    let program = folder.path().join("program");
    let output = Command::new(&compiler)
        .args([
            standard, "-O1", "-g", "-Wall", "-Wextra", "-Werror", "-pthread",
        ])
        .arg("-I")
        .arg(root().join("hosts/capi/include"))
        .arg("-I")
        .arg(root().join("hosts/cpp/include"))
        .arg("-I")
        .arg(root().join("plugins/c/include"))
        .arg("-I")
        .arg(root().join("plugins/cpp/include"))
        .arg(&source)
        .arg("-o")
        .arg(&program)
        .arg("-L")
        .arg(folder.path())
        .arg("-lpolyplug")
        .arg(format!("-Wl,-rpath,{}", folder.path().display()))
        .output();
    let output = output.unwrap_or_else(|error| {
        panic!("this test needs `{compiler}` ({error}): install one, or name it in the variable {variable}")
    });
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    program
}

/// Runs a program, which must end well, and answers what it printed.
fn run(source: &str, arguments: &[&Path]) -> String {
    let name = Path::new(source).file_name().expect("a file");
    let folder = Folder::new(&format!("program-{}", name.to_string_lossy()));
    let output = Command::new(compiled(&folder, source))
        .args(arguments)
        .output()
        .expect("the program runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{source}: {}\n{text}{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    text
}

#[test]
fn a_host_in_c_learns_calls_provides_and_unloads() {
    let said = run(
        "hosts/capi/tests/c/uses.c",
        &[&fixture("greeter"), &fixture("counter")],
    );
    assert_eq!(said, "all is well\n");
}

#[test]
fn functions_that_stay_on_one_thread_are_not_called_on_another() {
    let said = run(
        "hosts/capi/tests/c/home.c",
        &[&fixture("counter"), &fixture("greeter")],
    );
    assert_eq!(said, "all is well\n");
}

#[test]
fn wrong_handles_are_errors() {
    let said = run("hosts/capi/tests/c/wrong.c", &[]);
    assert!(said.ends_with(" refusals\n"), "{said}");
}

#[test]
fn a_host_in_cpp_has_handles_exceptions_and_typed_calls() {
    let said = run(
        "hosts/capi/tests/cpp/uses.cpp",
        &[&fixture("greeter"), &fixture("counter")],
    );
    assert_eq!(said, "all is well\n");
}

#[test]
fn the_examples_greet() {
    let world = Path::new("world");
    let said = run("hosts/c/greet.c", &[&fixture("greeter"), world]);
    assert_eq!(said, "Hello, world!\n");
    let said = run("hosts/cpp/greet.cpp", &[&fixture("greeter"), world]);
    assert_eq!(said, "Hello, world!\n2 + 3 = 5\n");
}
