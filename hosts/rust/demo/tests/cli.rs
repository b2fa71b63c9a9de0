//! The program as its users meet it: arguments, exit codes, and the whole pipeline with real plugins.
//!
//! The plugins are dev-dependencies, so cargo has put their libraries beside this test.

use std::env::consts::DLL_EXTENSION;
use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Output};

use fixture_harness::{Folder, fixture};
use flate2::read::GzDecoder;

/// The stages, in the order of the pipeline.
const STAGES: [&str; 4] = ["redact", "words", "markdown", "gzip"];

const TEXT: &str = "# Title\n\nWrite to ada@example.org, or don't.\n\nOne more line of text.\n";

/// What the program said.
struct Answer {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl From<Output> for Answer {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("the program prints text");
        Self {
            code: output.status.code(),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }
}

impl Answer {
    #[track_caller]
    fn is(&self, code: i32) -> &Self {
        assert_eq!(
            self.code,
            Some(code),
            "\n--- stdout\n{}\n--- stderr\n{}",
            self.stdout,
            self.stderr
        );
        self
    }

    #[track_caller]
    fn prints(&self, words: &[&str]) -> &Self {
        contains("stdout", &self.stdout, words);
        self
    }

    #[track_caller]
    fn complains(&self, words: &[&str]) -> &Self {
        contains("stderr", &self.stderr, words);
        self
    }

    /// The cells of the row of the closing table that starts with `stage`.
    #[track_caller]
    fn row(&self, stage: &str) -> Vec<&str> {
        let (_, closing) = self
            .stdout
            .split_once("\nResult\n")
            .expect("a closing table");
        closing
            .lines()
            .map(|line| line.trim_matches('│').split('┆').map(str::trim).collect())
            .find(|row: &Vec<_>| row[0] == stage)
            .unwrap_or_else(|| panic!("no row `{stage}` in\n{closing}"))
    }
}

#[track_caller]
fn contains(stream: &str, text: &str, words: &[&str]) {
    for word in words {
        assert!(text.contains(word), "no `{word}` in {stream}:\n{text}");
    }
}

/// Runs the program in `folder`.
fn demo(folder: &Path, args: &[&str]) -> Answer {
    Command::new(env!("CARGO_BIN_EXE_demo-host"))
        .args(args)
        .current_dir(folder)
        .output()
        .expect("the program starts")
        .into()
}

fn write(folder: &Folder, name: &str, bytes: &[u8]) {
    let _path = folder.file(name, bytes);
}

/// A folder with `plugins/`, all four stages in it, and `text.md`.
fn ready(name: &str) -> Folder {
    let folder = Folder::new(name);
    let plugins = folder.path().join("plugins");
    fs::create_dir(&plugins).expect("a folder for the plugins");
    for stage in STAGES {
        let library = fixture(&format!("stage-{stage}"));
        let file = library.file_name().expect("a library has a name");
        fs::copy(&library, plugins.join(file)).expect("a copy of the library");
    }
    write(&folder, "text.md", TEXT.as_bytes());
    folder
}

const USUAL: [&str; 4] = ["--plugins", "plugins", "--input", "text.md"];

fn with<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&USUAL, more].concat()
}

fn gunzip(file: &Path) -> String {
    let bytes = fs::read(file).expect("the result");
    let mut text = String::new();
    GzDecoder::new(bytes.as_slice())
        .read_to_string(&mut text)
        .expect("a gzip file with text in it");
    text
}

#[test]
fn help_names_every_option() {
    demo(Path::new("."), &["--help"]).is(0).prints(&[
        "Usage:",
        "--plugins <DIR>",
        "--input <FILE>",
        "--only <NAME>",
        "--output <FILE>",
        "--sabotage",
        "--missing <NAME=WHY>",
    ]);
}

#[test]
fn bad_arguments_are_told_with_exit_code_2() {
    let here = Path::new(".");
    demo(here, &["--plugin", "x"])
        .is(2)
        .complains(&["--plugin", "--plugins"]);
    demo(here, &[]).is(2).complains(&["--plugins <DIR>"]);
    demo(here, &["--plugins"]).is(2).complains(&["DIR"]);
}

#[test]
fn a_folder_that_is_not_there_or_empty_is_told_with_exit_code_2() {
    let folder = Folder::new("no-plugins");
    write(&folder, "text.md", TEXT.as_bytes());
    write(&folder, "notes.txt", b"not a library by its name");
    demo(folder.path(), &USUAL)
        .is(2)
        .complains(&["cannot read the plugin folder `plugins`"]);
    demo(folder.path(), &["--plugins", ".", "--input", "text.md"])
        .is(2)
        .prints(&["skipped notes.txt: "])
        .complains(&["no plugin in `.` is a stage"]);
    fs::create_dir(folder.path().join("empty")).expect("a folder");
    demo(folder.path(), &["--plugins", "empty", "--input", "text.md"])
        .is(2)
        .complains(&["the plugin folder `empty` is empty"]);
}

#[test]
fn an_input_that_is_not_there_is_told_with_exit_code_2() {
    let folder = Folder::new("no-input");
    demo(folder.path(), &USUAL)
        .is(2)
        .complains(&["cannot read the input `text.md`"]);
}

#[test]
fn a_stage_that_is_not_there_is_told_with_those_that_are() {
    let folder = ready("unknown-stage");
    let answer = demo(folder.path(), &with(&["--only", "zip"]));
    answer
        .is(2)
        .complains(&["no stage `zip`", "redact, words, markdown, gzip"]);
    assert_eq!(answer.stdout, "");
}

#[test]
fn all_stages_run_in_their_order() {
    let folder = ready("pipeline");
    let answer = demo(folder.path(), &with(&["--output", "out.gz"]));
    answer.is(0).prints(&[
        "Compresses with gzip",
        "demo.stage 1.0",
        "demo.progress 1.0",
        "fn run(input: &[u8], options: &Options) -> Result<Output, StageError>",
        "1. redact",
        "2. words",
        "3. markdown",
        "4. gzip",
        "e-mail: 1 removed",
        "headings: 1",
        "Wrote",
    ]);
    assert_eq!(answer.stderr, "");
    for stage in STAGES.iter().chain(&["all"]) {
        let row = answer.row(stage);
        let [_, outcome, before, after, change, time, reports] = row[..] else {
            panic!("a short row: {row:?}");
        };
        assert!(outcome == "done" || *stage == "all", "{row:?}");
        assert!(before.ends_with('B') && after.ends_with('B'), "{row:?}");
        assert!(change.ends_with('%') && time.ends_with(" ms"), "{row:?}");
        let reports: u64 = reports.parse().expect("a number");
        assert!(reports > 0, "`{stage}` never called the host");
    }

    let page = gunzip(&folder.path().join("out.gz"));
    assert!(page.contains("<title>text.md</title>"), "{page}");
    assert!(page.contains("<h1>Title</h1>"), "{page}");
    assert!(page.contains("Write to [e-mail removed], or"), "{page}");
}

#[test]
fn only_runs_what_it_names() {
    let folder = ready("only");
    let answer = demo(
        folder.path(),
        &with(&["--only", "redact", "--output", "out.md"]),
    );
    answer.is(0).prints(&["1. redact"]);
    assert!(!answer.stdout.contains("2. "), "{}", answer.stdout);
    let text = fs::read_to_string(folder.path().join("out.md")).expect("the result");
    assert_eq!(text, TEXT.replace("ada@example.org", "[e-mail removed]"));
}

#[test]
fn the_host_survives_a_panic_and_says_where_it_was() {
    let folder = ready("sabotage");
    let answer = demo(folder.path(), &with(&["--sabotage", "--output", "out.gz"]));
    assert_eq!(answer.stderr, "");
    let source = Path::new("words").join("src").join("lib.rs");
    answer.is(0).prints(&[
        "survived: plugin `words` panicked at ",
        &format!("{}:", source.display()),
        "demo.stage.run: asked to panic half-way",
    ]);
    assert_eq!(answer.row("words")[1], "panicked");
    assert!(gunzip(&folder.path().join("out.gz")).contains("<h1>Title</h1>"));
}

#[test]
fn sabotage_of_stages_that_do_not_panic_is_told_too() {
    let folder = ready("no-sabotage");
    demo(
        folder.path(),
        &with(&["--sabotage", "--only", "redact,gzip"]),
    )
    .is(0)
    .prints(&["Nobody broke"]);
}

#[test]
fn a_library_that_is_no_plugin_is_skipped_with_the_reason() {
    let folder = ready("strangers");
    let stranger = format!("plugins/stranger.{DLL_EXTENSION}");
    write(&folder, &stranger, b"this is no library at all");
    demo(folder.path(), &USUAL)
        .is(0)
        .prints(&[&format!("skipped stranger.{DLL_EXTENSION}: "), "4. gzip"]);

    let folder = Folder::new("only-strangers");
    fs::create_dir(folder.path().join("plugins")).expect("a folder for the plugins");
    write(&folder, "text.md", TEXT.as_bytes());
    write(&folder, &stranger, b"this is no library at all");
    demo(folder.path(), &USUAL)
        .is(2)
        .prints(&["skipped stranger"])
        .complains(&["no plugin in `plugins` is a stage"]);
}

#[test]
fn what_is_missing_is_in_the_table_and_the_rest_runs() {
    let folder = ready("missing");
    write(&folder, "plugins/contents.py", b"import polyplug\n");
    let answer = demo(
        folder.path(),
        &with(&["--missing", "typography=there is no compiler"]),
    );
    answer.is(0).prints(&[
        "skipped contents.py: ",
        "no loader for `.py`",
        "there is no compiler",
        "4. gzip",
    ]);
    let row = answer
        .stdout
        .lines()
        .find(|line| line.contains("typography"))
        .expect("a row");
    assert!(row.contains("missing"), "{row}");
    demo(folder.path(), &with(&["--missing", "typography"]))
        .is(2)
        .complains(&["why it is missing"]);
}

#[test]
fn a_stage_that_says_no_ends_the_run_with_exit_code_1() {
    let folder = ready("not-text");
    write(&folder, "text.md", b"caf\xe9");
    let answer = demo(folder.path(), &with(&["--sabotage", "--output", "out.gz"]));
    answer
        .is(1)
        .complains(&["the pipeline stopped at `redact`", "from byte 3 on"]);
    assert!(!answer.stdout.contains("panicked"), "{}", answer.stdout);
    assert!(!folder.path().join("out.gz").exists());
}
