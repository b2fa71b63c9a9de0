//! What must not compile, and the words it must fail with. `TRYBUILD=overwrite cargo test -p ui-tests` writes the
//! goldens anew.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const TOPICS: [&str; 4] = ["contract", "plugin", "data", "host"];
/// The compiler that wrote the goldens. Others say the same in other words.
const PINNED: &str = "1.95.";

/// What the compiler says without a place for words of ours: two impls of one trait, and a function that is not there.
const NO_WORDS: [&str; 2] = ["error[E0119]", "error[E0599]: no function"];

/// The mistakes that newcomers make, each with a case.
const NEWCOMERS: [&str; 42] = [
    "contract/generic-method",
    "contract/impl-trait-argument",
    "contract/impl-trait-result",
    "contract/async-method",
    "contract/self-by-value",
    "contract/static-method",
    "contract/associated-type",
    "contract/associated-const",
    "contract/unknown-type-deep-inside",
    "contract/static-argument",
    "contract/static-result",
    "contract/static-inside-result",
    "contract/result-that-borrows",
    "contract/missing-id",
    "contract/bad-version",
    "contract/mut-bool-slice",
    "contract/boxed-text",
    "plugin/inherent-impl",
    "plugin/not-send-sync",
    "plugin/no-default",
    "plugin/new-of-wrong-argument",
    "plugin/new-of-wrong-result",
    "plugin/options-twice",
    "plugin/save-of-wrong-argument",
    "plugin/save-of-wrong-result",
    "plugin/save-that-may-fail",
    "plugin/save-without-restore",
    "plugin/save-that-is-not-there",
    "plugin/restore-of-wrong-argument",
    "plugin/restore-of-wrong-result",
    "plugin/restore-of-wrong-error",
    "plugin/wants-without-dyn",
    "plugin/wants-alone",
    "data/reference-field",
    "data/union",
    "data/generic-struct",
    "data/with-drop",
    "host/get-of-exclusive",
    "host/get-of-a-type",
    "host/get-of-no-contract",
    "host/caller-of-pinned",
    "host/call-of-pinned",
];

#[test]
fn newcomers() {
    let cases = cases();
    for mistake in NEWCOMERS {
        let file = format!("{mistake}.rs");
        assert!(
            cases.iter().any(|case| case.ends_with(&file)),
            "no case `{mistake}`"
        );
    }
}

#[test]
fn goldens() {
    if let Err(found) = pinned() {
        eprintln!(
            "SKIPPED: the goldens are for the stable compiler {PINNED}x, and this is {found}; nothing was compared"
        );
        return;
    }
    let cases = trybuild::TestCases::new();
    for topic in TOPICS {
        cases.compile_fail(format!("tests/{topic}/*.rs"));
    }
}

/// Whether this is the pinned compiler; otherwise which it is.
fn pinned() -> Result<(), String> {
    let compiler = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(compiler)
        .args(["--version", "--verbose"])
        .output()
        .map_err(|error| format!("unknown ({error})"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let release = text
        .lines()
        .find_map(|line| line.strip_prefix("release: "))
        .unwrap_or("unknown");
    let stable = release.starts_with(PINNED) && !release.contains('-');
    if stable {
        Ok(())
    } else {
        Err(release.to_owned())
    }
}

/// Every golden speaks to the author of the code, of that code.
#[test]
fn manners() {
    let mut faults = Vec::new();
    let cases = cases();
    assert!(cases.len() >= 100, "only {} cases", cases.len());
    for case in cases {
        let golden = case.with_extension("stderr");
        let name = golden.display();
        let Ok(text) = fs::read_to_string(&golden) else {
            faults.push(format!("{name}: missing"));
            continue;
        };
        for inside in ["originates in", "in this procedural macro expansion"] {
            if text.contains(inside) {
                faults.push(format!("{name}: speaks of generated code: `{inside}`"));
            }
        }
        // Names of ours start with two underscores; lines of the compiler's drawings have more.
        let hidden = |at: usize| text[at + 2..].starts_with(|letter: char| letter.is_alphabetic());
        if text.match_indices("__").any(|(at, _)| hidden(at)) {
            faults.push(format!("{name}: speaks of generated code: `__`"));
        }
        for message in messages(&text) {
            faults.extend(
                complaints(message)
                    .into_iter()
                    .map(|complaint| format!("{name}: {complaint}: {message}")),
            );
        }
    }
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

/// The errors of a golden, each with what belongs to it.
fn messages(text: &str) -> Vec<&str> {
    let starts: Vec<_> = text
        .match_indices("error")
        .map(|(at, _)| at)
        .filter(|&at| at == 0 || text[..at].ends_with('\n'))
        .collect();
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    starts
        .iter()
        .zip(ends)
        .map(|(&start, end)| &text[start..end])
        .collect()
}

/// What is wrong with the words of an error.
fn complaints(message: &str) -> Vec<&'static str> {
    let mut complaints = Vec::new();
    let first = message
        .lines()
        .next()
        .and_then(|line| line.split_once(": "));
    let lower = first
        .and_then(|(_, words)| words.chars().next())
        .is_some_and(|letter| letter.is_lowercase() || letter == '`');
    if !lower {
        complaints.push("does not start in lower case");
    }
    let no_words = NO_WORDS.iter().any(|code| message.starts_with(code));
    if !no_words && !message.contains("help:") {
        complaints.push("does not say what to write instead");
    }
    complaints
}

/// Every case, in order.
fn cases() -> Vec<PathBuf> {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let mut cases: Vec<_> = TOPICS
        .iter()
        .flat_map(|topic| fs::read_dir(tests.join(topic)).expect("a folder of cases"))
        .map(|entry| entry.expect("an entry of the folder").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .collect();
    cases.sort();
    cases
}
