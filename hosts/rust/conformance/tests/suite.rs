//! The runner itself: it runs all that is in the file, and fails when something is not as the file has it.

use std::path::Path;
use std::process::Command;
use std::{fs, str};

use fixture_harness::{Folder, fixture};
use serde_json::{Value as Json, json};

/// The file of the cases.
fn file() -> Json {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../plugins/fixtures/conformance/cases.json");
    let text = fs::read(path).expect("the cases");
    serde_json::from_slice(&text).expect("the cases are JSON")
}

/// Those cases of the file that have these names.
fn only(file: &Json, names: &[&str]) -> Vec<Json> {
    let cases = file["cases"].as_array().expect("cases").iter();
    cases
        .filter(|case| names.iter().any(|name| case["name"] == *name))
        .cloned()
        .collect()
}

/// Whether the runner ended well, and its lines: name, word, detail.
fn run(name: &str, file: &Json) -> (bool, Vec<[String; 3]>) {
    let folder = Folder::new(name);
    let cases = folder.file("cases.json", file.to_string().as_bytes());
    let output = Command::new(env!("CARGO_BIN_EXE_conformance-host"))
        .args([&fixture("conformance-api"), &fixture("conformance-peer")])
        .arg("-")
        .args([&fixture("conformance-guest"), &cases])
        .arg("rust")
        .output()
        .expect("the runner starts");
    let lines = str::from_utf8(&output.stdout).expect("text").lines();
    let lines = lines.map(|line| {
        let mut parts = line.splitn(3, '\t').map(str::to_owned);
        [(); 3].map(|()| parts.next().expect("three parts"))
    });
    (output.status.success(), lines.collect())
}

#[test]
fn every_case_of_the_file_is_reported_in_its_order() {
    let file = file();
    let (well, lines) = run("suite-all", &file);
    let cases = file["cases"].as_array().expect("cases");
    let names: Vec<_> = cases.iter().map(|case| case["name"].clone()).collect();
    let reported: Vec<_> = lines.iter().map(|line| json!(line[0])).collect();
    assert_eq!(reported, names);
    let failed: Vec<_> = lines.iter().filter(|line| line[1] == "failed").collect();
    assert!(well && failed.is_empty(), "{failed:?}");
    // Safe Rust cannot lie; nothing else is left out.
    let cannot = lines.iter().filter(|line| line[1] == "cannot");
    assert!(cannot.into_iter().all(|line| line[0].starts_with("lie-")));
}

#[test]
fn what_is_not_as_the_file_has_it_fails() {
    let file = file();
    for (case, change, detail) in [
        (
            "u64-max",
            json!({ "result": "18446744073709551614" }),
            "expected",
        ),
        (
            "f64-negative-zero",
            json!({ "result": 0.0 }),
            "expected 0.0",
        ),
        ("text-nul", json!({ "result": "a" }), "expected \"a\""),
        (
            "change-bytes",
            json!({ "after": [[1, 2, 255]] }),
            "what was changed",
        ),
        (
            "desk-fault",
            json!({ "fault": { "message": "another" } }),
            "the fault says",
        ),
        (
            "desk-fault",
            json!({ "fault": null, "result": null }),
            "a fault:",
        ),
        (
            "struct",
            json!({ "fault": { "kind": "invalid-value" } }),
            "no fault",
        ),
        ("struct", json!({ "arguments": [] }), "no item 0"),
        (
            "struct",
            json!({ "method": "nothing_such" }),
            "does not call",
        ),
        (
            "closure-lent",
            json!({ "name": "closure-unheard-of" }),
            "no code for it",
        ),
    ] {
        let mut cases = only(&file, &[case]);
        let fields = cases[0].as_object_mut().expect("a case");
        for (key, value) in change.as_object().expect("changes") {
            match value {
                Json::Null if key == "fault" => drop(fields.remove(key)),
                _ => drop(fields.insert(key.clone(), value.clone())),
            }
        }
        let (well, lines) = run("suite-wrong", &json!({ "cases": cases, "cannot": [] }));
        assert!(!well, "{case}: {lines:?}");
        assert_eq!(lines[0][1], "failed", "{lines:?}");
        assert!(lines[0][2].contains(detail), "{lines:?}");
    }
}

#[test]
fn what_fails_and_is_listed_cannot_be_done_and_what_is_listed_and_passes_passed() {
    let file = file();
    let rows = |role: &str, with: &[&str]| json!([{ "language": "rust", "role": role, "case": "lie-text", "with": with, "why": "so" }]);
    for (cannot, well, word) in [
        (rows("guest", &["rust"]), true, "cannot"),
        (rows("host", &["rust", "lua"]), true, "cannot"),
        (rows("guest", &["lua"]), false, "failed"),
        (json!([]), false, "failed"),
        (
            json!([{ "language": "rust", "role": "guest", "feature": "invalid values" }]),
            true,
            "cannot",
        ),
        (
            json!([{ "language": "lua", "role": "guest", "case": "lie-text" }]),
            false,
            "failed",
        ),
    ] {
        let cases = only(&file, &["lie-text"]);
        let (ended_well, lines) = run("suite-listed", &json!({ "cases": cases, "cannot": cannot }));
        assert_eq!((ended_well, lines[0][1].as_str()), (well, word), "{cannot}");
    }
    let cases = only(&file, &["text"]);
    let listed = json!([{ "language": "rust", "role": "guest", "case": "text", "why": "so" }]);
    let (well, lines) = run("suite-listed", &json!({ "cases": cases, "cannot": listed }));
    assert_eq!((well, lines[0][1].as_str()), (true, "passed"));
}
