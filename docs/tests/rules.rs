//! The page of the rules names tests that are there.

use std::fs;
use std::path::Path;

/// The text of all tests and sources of the project, as far as rules name tests in them.
fn sources(folder: &Path, text: &mut String) {
    let entries = fs::read_dir(folder).expect("a folder of the project");
    for entry in entries {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            if !path.ends_with("target") {
                sources(&path, text);
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            text.push_str(&fs::read_to_string(&path).expect("a source"));
        }
    }
}

#[test]
fn every_rule_names_tests_that_are_there() {
    let book = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(book.join("src/rules.md")).expect("the page");
    let mut text = String::new();
    for folder in ["cargo-polyplug", "polyplug", "loom-tests", "ui-tests"] {
        sources(&book.join("..").join(folder), &mut text);
    }
    let rows: Vec<_> = page
        .lines()
        .filter(|line| {
            let rule = line.strip_prefix("| ").unwrap_or_default();
            let mut letters = rule.chars();
            letters.next().is_some_and(|letter| "ABCD".contains(letter))
                && letters.next().is_some_and(|digit| digit.is_ascii_digit())
        })
        .collect();
    assert_eq!(
        rows.len(),
        38,
        "nine of A, seven of B, seventeen of C, five of D"
    );
    for row in rows {
        let tests = row.rsplit_once(" | ").expect("three cells").1;
        let reason = !tests.trim_end_matches(" |").is_empty();
        assert!(reason, "no test and no reason: {row}");
        for test in tests.split('`').skip(1).step_by(2) {
            assert!(
                test.contains("::") || text.contains(&format!("fn {test}(")),
                "no test `{test}`: {row}"
            );
        }
    }
}
