//! What several tests share: texts that are pinned in files, and the system's C compiler.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "every test that includes this uses a part of it"
)]

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Compares a text with `snapshots/<name>.txt`. With `BLESS=1` in the environment the file is written instead.
///
/// Each of `places`, a path that differs from machine to machine, becomes its word, like `[FOLDER]`.
#[track_caller]
pub fn pinned(name: &str, text: &str, places: &[(&Path, &str)]) {
    let mut text = text.to_owned();
    for (place, word) in places {
        text = text.replace(&place.display().to_string(), word);
    }
    text.push('\n');
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/snapshots")
        .join(format!("{name}.txt"));
    if env::var_os("BLESS").is_some_and(|bless| bless == "1") {
        fs::write(&file, text).expect("the snapshot is written");
        return;
    }
    let expected = fs::read_to_string(&file).unwrap_or_default();
    let expected = expected.replace("\r\n", "\n");
    assert!(
        text == expected,
        "the text is not that of `{}`; if it is better, run the test again with BLESS=1\n--- pinned\n{expected}--- now\n{text}",
        file.display()
    );
}

/// Compiles `tests/c/<source>` to a shared library in a folder, with more arguments for the compiler.
///
/// # Panics
/// When there is no C compiler: `cc`, or what the variable `CC` names.
pub fn compiled(source: &str, folder: &Path, name: &str, more: &[&str]) -> PathBuf {
    let compiler = env::var("CC").unwrap_or_else(|_| "cc".to_owned());
    let library = folder.join(name);
    let output = Command::new(&compiler)
        .args([
            "-std=c11", "-Wall", "-Wextra", "-Werror", "-fPIC", "-shared",
        ])
        .arg("-o")
        .arg(&library)
        .arg(
            Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("tests/c")
                .join(source),
        )
        .args(more)
        .output();
    let output = output.unwrap_or_else(|error| {
        panic!("this test needs a C compiler, and `{compiler}` cannot be run: {error}; install one, or name it in the variable CC")
    });
    assert!(
        output.status.success(),
        "`{compiler}` cannot compile `{source}`:\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    library
}

/// Runs one test of this file in a process of its own, and returns what it wrote to standard error;
/// nothing in that process itself.
pub fn in_child(test: &str, environment: &[(&str, &str)]) -> Option<String> {
    if std::env::var_os("POLYPLUG_TEST_CHILD").is_some() {
        return None;
    }
    let output = Command::new(std::env::current_exe().expect("this test"))
        .args([test, "--exact", "--nocapture", "--test-threads=1"])
        .env("POLYPLUG_TEST_CHILD", "1")
        .envs(environment.iter().copied())
        .output()
        .expect("a child process");
    let (stdout, stderr) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr).into_owned(),
    );
    assert!(output.status.success(), "{stdout}\n{stderr}");
    assert!(stdout.contains("1 passed"), "{stdout}");
    Some(stderr)
}
