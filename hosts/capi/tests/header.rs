//! The C header of libpolyplug, written from the sources. It is checked in: a test fails when it is not what the sources say, and
//! `BLESS=1` writes it anew. And what the library exports is what the header says, and nothing else.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::{env, fs};

use fixture_harness::fixture;
use object::{Object as _, ObjectSymbol as _};

/// The files that the header is made of, in the order in which it is read.
const SOURCES: [&str; 10] = [
    "handle", "error", "module", "contract", "fault", "call", "provide", "events", "log", "runtime",
];

const HEAD: &str = "\
// The C API of libpolyplug: the runtime of polyplug for hosts in other languages.
//
// Written from the crate `polyplug-capi` by its test `header`; do not edit. C11 and C++17.
//
// * Handles start with a word that says what they are. Null and handles of another kind are errors, never a crash. A handle is
//   released once, with `polyplug_release`, whatever it is.
// * A text is a pointer and a length in bytes; or `POLYPLUG_TERMINATED` in the place of the length, and a zero at its end.
//   Texts that come back end with a zero as well.
// * What fails answers null or `POLYPLUG_FAILED`, and gives an error to who hands in a place for one.
// * Any thread may call any function. Functions that are handed over may be called on any thread, and must not unwind.";

fn file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("include/polyplug_host.h")
}

fn header() -> String {
    let config = cbindgen::Config {
        language: cbindgen::Language::C,
        cpp_compat: true,
        header: Some(HEAD.to_owned()),
        include_guard: Some("POLYPLUG_HOST_H".to_owned()),
        no_includes: true,
        sys_includes: vec!["stddef.h".to_owned(), "stdint.h".to_owned()],
        includes: vec!["polyplug.h".to_owned()],
        after_includes: Some(
            "\n/// In the place of the length of a text: it ends with a zero.\n#define POLYPLUG_TERMINATED SIZE_MAX"
                .to_owned(),
        ),
        style: cbindgen::Style::Both,
        usize_is_size_t: true,
        line_length: 120,
        tab_width: 4,
        documentation_style: cbindgen::DocumentationStyle::Cxx,
        ..cbindgen::Config::default()
    };
    let mut bindings = cbindgen::Builder::new().with_config(config);
    for name in SOURCES {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("src/{name}.rs"));
        bindings = bindings.with_src(path);
    }
    let mut text = Vec::new();
    bindings
        .generate()
        .expect("cbindgen reads the sources")
        .write(&mut text);
    let text = String::from_utf8(text).expect("a header is text");
    // What is asked of callers stands at the head, once.
    let text = text.replace("///\n/// # Safety\n/// The crate's.\n", "");
    let text = text.replace("/// # Safety\n/// The crate's.\n", "");
    text.replace("/// # Safety\n/// The crate's. ", "/// ")
}

#[test]
fn the_header_says_what_the_sources_say() {
    let now = header();
    if env::var_os("BLESS").is_some_and(|bless| bless == "1") {
        fs::write(file(), now).expect("the header can be written");
        return;
    }
    let published = fs::read_to_string(file()).expect("the header is checked in");
    assert!(
        published == now,
        "`{}` is not what the sources say: run this test with BLESS=1",
        file().display()
    );
}

/// The functions that the header declares.
fn declared() -> BTreeSet<String> {
    let text = fs::read_to_string(file()).expect("the header is checked in");
    let code = text.lines().filter(|line| !line.starts_with("//"));
    let words = code.flat_map(|line| line.split(|c: char| !c.is_alphanumeric() && c != '_'));
    let names = words.filter(|word| word.starts_with("polyplug_"));
    names.map(ToOwned::to_owned).collect()
}

#[test]
#[cfg(target_os = "linux")]
fn the_library_exports_what_the_header_says_and_nothing_else() {
    let bytes = fs::read(fixture("polyplug-capi")).expect("the library");
    let library = object::File::parse(&*bytes).expect("a library");
    let exported: BTreeSet<_> = library
        .dynamic_symbols()
        .filter(|symbol| symbol.is_definition())
        .map(|symbol| symbol.name().expect("a name").to_owned())
        .collect();
    let mut expected = declared();
    expected.remove("polyplug_host");
    expected.remove("polyplug_h");
    // The entry point that whatever is built with `polyplug` has.
    expected.insert("polyplug_init".to_owned());
    assert_eq!(exported, expected);
    assert!(exported.len() > 35, "{exported:?}");
}

#[test]
fn every_function_is_called_with_handles_that_are_none() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/c/wrong.c");
    let program = fs::read_to_string(path).expect("the program");
    for name in declared() {
        if name != "polyplug_h" && name != "polyplug_runtime_new" {
            assert!(
                program.contains(&format!("{name}(")),
                "`{name}` is not tried in wrong.c"
            );
        }
    }
}
