//! Plugins in C and C++, as an author outside this repository makes them: headers from a contract module, a compiler with its warnings
//! as errors, then the Rust runtime, with its checks on.
#![cfg(all(unix, target_pointer_width = "64"))]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use std::{env, fs};

use archive_api::{Archive, Entry};
use fixture_harness::{Folder, fixture};
use greeter_api::Greeter;
use polyplug::{Caller, FaultKind, Runtime, UnloadOutcome, catch};
use stage_api::{Options, Progress, Stage, StageError};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_cargo-polyplug"))
        .arg("polyplug")
        .args(arguments)
        .output()
        .expect("the command runs")
}

/// What the command prints when it succeeds.
#[track_caller]
fn printed(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).expect("text")
}

/// What the command says when it fails.
#[track_caller]
fn refused(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert!(!output.status.success(), "{arguments:?} succeeds");
    String::from_utf8(output.stderr).expect("text")
}

/// Writes the headers of a contract module to a folder.
#[track_caller]
fn headers(module: &str, folder: &Folder) {
    let module = fixture(module);
    let (module, out) = (
        module.display().to_string(),
        folder.path().display().to_string(),
    );
    printed(&["headers", &module, "--language", "cpp", "--out", &out]);
}

/// Runs a compiler with every warning an error.
#[track_caller]
fn compile(source: &Path, folder: &Folder, more: &[&str]) {
    let cpp = source
        .extension()
        .is_some_and(|extension| extension == "cpp");
    let (variable, compiler, standard) = if cpp {
        ("CXX", "c++", "-std=c++17")
    } else {
        ("CC", "cc", "-std=c11")
    };
    let compiler = env::var(variable).unwrap_or_else(|_| compiler.to_owned());
    let mut command = Command::new(&compiler);
    command.args([
        standard,
        "-Wall",
        "-Wextra",
        "-Wpedantic",
        "-Werror",
        "-fPIC",
        "-fvisibility=hidden",
    ]);
    if cpp && cfg!(target_os = "linux") {
        command.arg("-fno-gnu-unique");
    }
    for include in [
        root().join("plugins/c/include"),
        root().join("plugins/cpp/include"),
        folder.path().to_owned(),
    ] {
        command.arg("-I").arg(include);
    }
    let output = command.arg(source).args(more).output();
    let output = output.unwrap_or_else(|error| {
        panic!("this test needs `{compiler}` ({error}): install one, or name it in the variable {variable}")
    });
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Builds a plugin to a library in a folder.
#[track_caller]
fn built(source: &Path, folder: &Folder, name: &str) -> PathBuf {
    let library = folder.path().join(name);
    compile(
        source,
        folder,
        &["-shared", "-o", &library.display().to_string()],
    );
    library
}

/// Loads a greeter, and calls it through its typed face.
fn greet(folder: &str, source: &str, plugin: &str, greeting: &str) {
    let folder = Folder::new(folder);
    headers("greeter-api", &folder);
    let library = built(&root().join(source), &folder, "libplugin.so");

    let runtime = Runtime::new();
    runtime.configure(plugin, &"Good day").expect("configured");
    let module = runtime.load(&library).expect("loaded");
    let greeter = runtime.get::<dyn Greeter>().expect("a caller");
    assert_eq!(Caller::plugin(&greeter), plugin);
    assert_eq!(
        greeter.greet("größer"),
        format!("Good day from {greeting}, größer!")
    );
    let long = "x".repeat(1 << 20);
    assert_eq!(
        greeter.greet(&long).len(),
        format!("Good day from {greeting}, !").len() + (1 << 20)
    );
    // The body of the contract: the plugin has none.
    assert_eq!(greeter.add(2, 40), 42);
    let providers = runtime.providers::<dyn Greeter>();
    assert_eq!(providers[0].defaulted(), ["add"]);

    let fault = catch(|| greeter.greet("")).expect_err("nobody");
    assert_eq!(fault.kind(), FaultKind::Threw);
    assert_eq!(fault.message(), "nobody to greet");
    assert_eq!((fault.plugin(), fault.method()), (plugin, "greet"));

    runtime.configure(plugin, &"Welcome").expect("configured");
    module.reload().expect("reloaded");
    assert_eq!(
        greeter.greet("you"),
        format!("Welcome from {greeting}, you!")
    );

    let report = module.unload_within(Duration::from_secs(5));
    assert_eq!(report.outcome(), UnloadOutcome::Unmapped, "{report}");
    let fault = catch(|| greeter.greet("you")).expect_err("it is gone");
    assert_eq!(fault.kind(), FaultKind::Unloaded);
}

#[test]
fn a_greeter_in_c() {
    greet("greeter-c", "plugins/c/greeter/greeter.c", "greeter-c", "C");
}

#[test]
fn a_greeter_in_cpp() {
    greet(
        "greeter-cpp",
        "plugins/cpp/greeter/greeter.cpp",
        "greeter-cpp",
        "C++",
    );
}

#[test]
fn whatever_cpp_throws_is_a_fault() {
    let folder = Folder::new("throws-cpp");
    headers("greeter-api", &folder);
    let library = built(
        &root().join("plugins/cpp/greeter/greeter.cpp"),
        &folder,
        "libplugin.so",
    );
    let runtime = Runtime::new();
    let module = runtime.load(&library).expect("loaded");
    let greeter = runtime.get::<dyn Greeter>().expect("a caller");
    let fault = catch(|| greeter.greet("7")).expect_err("it throws a number");
    assert_eq!(fault.kind(), FaultKind::Threw);
    assert_eq!(
        fault.message(),
        "something was thrown that is no std::exception"
    );
    assert_eq!(greeter.greet("you"), "Hello from C++, you!");
    drop(greeter);
    module.unload_within(Duration::from_secs(5));

    // What a constructor throws is why it is not loaded.
    runtime.configure("greeter-cpp", &7).expect("configured");
    let error = runtime.load(&library).expect_err("it wants a string");
    assert_eq!(error.code(), "constructor-failed");
    assert!(
        format!("{error:#}").contains("a greeting is a string, not 7"),
        "{error:#}"
    );
    assert!(runtime.modules().is_empty());
}

#[test]
fn a_plugin_in_cpp_keeps_its_state_over_a_reload_and_calls_a_peer() {
    let folder = Folder::new("counting-cpp");
    headers("greeter-api", &folder);
    let peer = built(
        &root().join("plugins/c/greeter/greeter.c"),
        &folder,
        "libpeer.so",
    );
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cpp/counting.cpp");
    let library = built(&source, &folder, "libplugin.so");
    let runtime = Runtime::new();
    runtime.load(&peer).expect("loaded");
    let module = runtime.load(&library).expect("loaded");
    let greeter = module.get::<dyn Greeter>().expect("a caller");
    assert_eq!(greeter.greet("you"), "1 ");
    assert_eq!(greeter.add(1, 2), 1003);
    module.reload().expect("reloaded");
    assert_eq!(greeter.greet("you"), "2 1.2.3");

    // The fault of the peer goes through C++ as it is.
    let fault = catch(|| greeter.greet("peer")).expect_err("the peer greets nobody");
    assert_eq!(
        (fault.message(), fault.plugin()),
        ("nobody to greet", "greeter-c")
    );

    for count in 4..14 {
        assert_eq!(greeter.greet("you"), format!("{count} 1.2.3"));
    }
    // What cannot be restored stays as it was.
    let error = module.reload().expect_err("13 is not restored");
    assert!(
        format!("{error:#}").contains("13 is not restored"),
        "{error:#}"
    );
    assert_eq!(greeter.greet("you"), "14 1.2.3");
}

/// Notes what stages report.
#[derive(Clone, Default)]
struct Reports(Arc<Mutex<Vec<(u64, u64)>>>);

impl Progress for Reports {
    fn report(&self, done: u64, total: u64) {
        self.0.lock().expect("no panic").push((done, total));
    }
}

#[test]
fn a_stage_in_cpp_with_structs_lists_results_and_a_call_of_the_host() {
    let folder = Folder::new("lines-cpp");
    headers("stage-api", &folder);
    let library = built(
        &root().join("plugins/cpp/lines/lines.cpp"),
        &folder,
        "libplugin.so",
    );
    let runtime = Runtime::new();
    let module = runtime.load(&library).expect("loaded");
    let stage = runtime.get::<dyn Stage>().expect("a caller");
    let options = Options {
        title: "A title".to_owned(),
        sabotage: false,
    };

    // There is no such host contract yet: the fault of the call goes on through C++.
    let error = stage.run(b"one", &options).expect_err("no progress");
    assert!(
        matches!(&error, StageError::Broken(fault) if fault.message().contains("demo.progress")),
        "{error}"
    );

    let reports = Reports::default();
    runtime
        .provide::<dyn Progress>(reports.clone())
        .expect("provided");
    assert_eq!(stage.position(), 15);
    let output = stage.run(b"one\ntwo\n", &options).expect("it runs");
    assert_eq!(output.bytes, b"A title\n1 one\n2 two");
    assert_eq!(output.notes, [stage_api::Note::new("lines", 2)]);
    assert_eq!(*reports.0.lock().expect("no panic"), [(2, 2)]);
    let error = stage.run(b"a\0b", &options).expect_err("no text");
    assert!(
        matches!(error, StageError::NotText { valid_up_to: 1 }),
        "{error:?}"
    );
    let sabotage = Options {
        sabotage: true,
        ..options
    };
    let error = stage.run(b"one", &sabotage).expect_err("sabotaged");
    assert!(
        matches!(&error, StageError::Broken(fault) if fault.message() == "sabotaged"),
        "{error}"
    );
    drop(stage);
    let report = module.unload_within(Duration::from_secs(5));
    assert_eq!(report.outcome(), UnloadOutcome::Unmapped, "{report}");
}

fn entry(title: &str, text: &str, year: Option<u16>, tags: &[&str]) -> Entry {
    Entry {
        title: title.to_owned(),
        text: text.to_owned(),
        year,
        tags: tags.iter().map(|&tag| tag.to_owned()).collect(),
    }
}

#[test]
fn an_archive_in_cpp_gives_and_takes_structs_and_returns_an_object() {
    let folder = Folder::new("archive-cpp");
    headers("archive-api", &folder);
    let source = root().join("plugins/cpp/archive/archive.cpp");
    let library = built(&source, &folder, "libplugin.so");
    let runtime = Runtime::new();
    let module = runtime.load(&library).expect("loaded");
    let archive = runtime.get::<dyn Archive>().expect("a caller");
    let one = entry("one", "first\n\nlast", Some(u16::MAX), &["größer", "", "b"]);
    let two = entry("two", "", None, &[]);
    assert_eq!(archive.add(vec![two.clone(), one.clone()]), 2);
    assert_eq!(archive.add(Vec::new()), 2);
    assert_eq!(archive.titles(), ["one", "two"]);
    assert_eq!(archive.find("one"), Some(one.clone()));
    assert_eq!(archive.find("three"), None);

    let mut reader = archive.read("one");
    let fault = catch(|| archive.read("three").next()).expect_err("it is not there");
    assert_eq!(fault.message(), "there is no `three`");
    assert_eq!(archive.remove("one"), Ok(one));
    assert_eq!(archive.remove("one"), Err("there is no `one`".to_owned()));
    drop(archive);

    // The object outlives what made it, and its library stays for it.
    let report = module.unload_within(Duration::from_millis(200));
    assert_ne!(report.outcome(), UnloadOutcome::Unmapped, "{report}");
    let lines: Vec<_> = std::iter::from_fn(|| reader.next()).collect();
    assert_eq!(lines, ["first", "", "last"]);
    drop(reader);
}

#[test]
fn the_erased_entry_of_a_plugin_in_c_checks_what_it_is_given() {
    let folder = Folder::new("erased-c");
    headers("archive-api", &folder);
    headers("greeter-api", &folder);
    let program = folder.path().join("erased");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/c/erased.c");
    compile(&source, &folder, &["-o", &program.display().to_string()]);
    let output = Command::new(program).output().expect("it runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert_eq!(String::from_utf8_lossy(&output.stdout), "13 calls\n");
}

#[test]
fn headers_of_every_type_compile_as_c_and_as_cpp() {
    let folder = Folder::new("headers-all");
    for module in [
        "every-api",
        "matrix-1-2",
        "kinds-api",
        "growth-api",
        "stage-api",
        "guestbook-api",
        "greeter-api",
    ] {
        headers(module, &folder);
    }
    let mut count = 0;
    for entry in fs::read_dir(folder.path()).expect("the folder") {
        let header = entry
            .expect("an entry")
            .file_name()
            .into_string()
            .expect("a name");
        let Some(name) = header.strip_suffix(".h") else {
            continue;
        };
        if folder.path().join(format!("{name}.hpp")).is_file() {
            let text = format!("#include \"{name}.hpp\"\n");
            compile(
                &folder.file("class.cpp", text.as_bytes()),
                &folder,
                &["-fsyntax-only"],
            );
        }
        count += 1;
        let text = format!(
            "#include \"{header}\"\n#include \"polyplug_plugin.h\"\nconst PolyplugContractDescriptor *described(void);\n\
             const PolyplugContractDescriptor *described(void) {{ return {name}_contract(); }}\n"
        );
        compile(
            &folder.file("header.c", text.as_bytes()),
            &folder,
            &["-fsyntax-only"],
        );
        compile(
            &folder.file("header.cpp", text.as_bytes()),
            &folder,
            &["-fsyntax-only"],
        );
    }
    assert!(count > 8, "{count} headers");
}

#[test]
fn a_skeleton_compiles_loads_and_says_that_it_is_not_written() {
    for (module, contract) in [
        ("greeter-api", "demo.greeter"),
        ("every-api", "every.every"),
        ("kinds-api", "fixture.kinds"),
        ("matrix-1-2", "matrix.plan"),
    ] {
        let folder = Folder::new(&format!("stubs-{module}"));
        headers(module, &folder);
        let module = fixture(module).display().to_string();
        let source = folder.path().join("plugin.c");
        let out = source.display().to_string();
        let arguments = [
            "stubs",
            &module,
            "--contract",
            contract,
            "--name",
            "skeleton",
            "--out",
            &out,
        ];
        printed(&arguments);
        assert!(refused(&arguments).contains("is there already"));
        let library = built(&source, &folder, "libplugin.so");
        let runtime = Runtime::new();
        // Its description of the contract is the one of this program: a mismatch would be an error.
        runtime.load(&library).expect("loaded");
        if contract == "demo.greeter" {
            let greeter = runtime.get::<dyn Greeter>().expect("a caller");
            let fault = catch(|| greeter.greet("you")).expect_err("not written");
            assert_eq!(fault.message(), "`greet` is not written yet");
            assert_eq!(greeter.add(1, 2), 3);
        }
        let found = match contract {
            "demo.greeter" => runtime.get::<dyn Greeter>().is_ok(),
            "every.every" => runtime.get::<dyn every_api::Every>().is_ok(),
            "fixture.kinds" => runtime.get::<dyn kinds_api::Kinds>().is_ok(),
            _ => runtime.get::<dyn matrix_1_2::contract::Plan>().is_ok(),
        };
        assert!(found, "{contract}");
    }
}

#[test]
fn a_module_is_inspected_as_text_and_as_json() {
    let module = fixture("greeter-api").display().to_string();
    let text = printed(&["inspect", &module]);
    for line in [
        "contract demo.greeter 1.0 (Greeter)",
        "  Greets people, and can add.",
        "  fn greet(name: &str) -> String",
        "  fn add(a: u32, b: u32) -> u32  [has a default]",
    ] {
        assert!(
            text.lines().any(|printed| printed == line),
            "no `{line}` in\n{text}"
        );
    }
    let json = printed(&["inspect", &module, "--json"]);
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(
        json["contracts"][0]["methods"][0]["signature"],
        "greet(name: &str) -> String"
    );
    assert_eq!(json["contracts"][0]["methods"][1]["default"], true);

    let folder = Folder::new("inspect-c");
    headers("greeter-api", &folder);
    let library = built(
        &root().join("plugins/c/greeter/greeter.c"),
        &folder,
        "libplugin.so",
    );
    let text = printed(&["inspect", &library.display().to_string()]);
    assert!(
        text.contains("plugin greeter-c 1.0.0: Greets from C\n"),
        "{text}"
    );
    assert!(text.contains("  offers: demo.greeter 1.0\n"), "{text}");
}

#[test]
fn the_commands_of_the_book_work() {
    let folder = Folder::new("book");
    let place = folder.path();
    fs::create_dir_all(place.join("target/debug")).expect("a folder");
    fs::copy(
        fixture("greeter-api"),
        place.join("target/debug/libgreeter_api.so"),
    )
    .expect("a copy");
    let root = root().canonicalize().expect("the workspace");
    std::os::unix::fs::symlink(root.join("plugins"), place.join("plugins")).expect("a link");
    for source in [
        "plugins/c/greeter/greeter.c",
        "plugins/cpp/greeter/greeter.cpp",
    ] {
        let source = root.join(source);
        fs::copy(&source, place.join(source.file_name().expect("a name"))).expect("a copy");
    }
    let page = fs::read_to_string(root.join("docs/src/c-and-cpp.md")).expect("the page");
    let blocks = page.split("```sh\n").skip(1);
    let lines = blocks.flat_map(|block| block.split("```").next().unwrap_or_default().lines());
    let mut count = 0;
    for line in lines {
        let mut words = line.split(' ');
        let mut command = match (words.next(), words.clone().next()) {
            // Installing is not tried, and building the contract has been done.
            (Some("cargo"), Some("install" | "rustc")) => continue,
            (Some("cargo"), _) => Command::new(env!("CARGO_BIN_EXE_cargo-polyplug")),
            (Some(program), _) => Command::new(program),
            (None, _) => continue,
        };
        let output = command
            .args(words)
            .current_dir(place)
            .output()
            .expect("it runs");
        assert!(
            output.status.success(),
            "`{line}`: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        count += 1;
        if line.contains("-shared") {
            let runtime = Runtime::new();
            runtime.load(place.join("libgreeter.so")).expect("loaded");
            assert!(
                runtime
                    .get::<dyn Greeter>()
                    .expect("a caller")
                    .greet("you")
                    .starts_with("Hello from C")
            );
        }
    }
    assert_eq!(count, 5, "commands of the page");
}

#[test]
fn mistakes_are_told() {
    let nowhere = refused(&["inspect", "nowhere.so"]);
    assert!(
        nowhere.starts_with("error: ") && nowhere.contains("nowhere.so"),
        "{nowhere}"
    );
    let module = fixture("stage-api").display().to_string();
    let several = refused(&["stubs", &module]);
    assert!(
        several.contains("choose one with --contract, of `demo.progress`, `demo.stage`"),
        "{several}"
    );
    let host = refused(&["stubs", &module, "--contract", "demo.progress"]);
    assert!(host.contains("only a host provides it"), "{host}");
    let other = refused(&["stubs", &module, "--contract", "demo.other"]);
    assert!(
        other.contains("describes no contract `demo.other`"),
        "{other}"
    );
    let help = printed(&["--help"]);
    assert!(
        ["inspect", "headers", "stubs"]
            .iter()
            .all(|command| help.contains(command)),
        "{help}"
    );
}
