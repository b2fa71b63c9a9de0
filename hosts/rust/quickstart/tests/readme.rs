//! The quickstart of the README, done as it stands there: its blocks are written to files, its commands are run.
#![cfg(target_os = "linux")] // the page names the library as Linux does

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(3)
        .expect("the repository")
        .to_owned()
}

/// The fenced blocks of a language.
fn blocks(page: &str, language: &str) -> Vec<String> {
    let start = format!("```{language}\n");
    let blocks = page.split(&start).skip(1);
    blocks
        .map(|rest| rest.split("```").next().expect("an end").to_owned())
        .collect()
}

/// The Rust blocks: the file that the first line names, and the rest.
fn files(page: &str) -> Vec<(String, String)> {
    blocks(page, "rust")
        .into_iter()
        .map(|block| {
            let (first, rest) = block.split_once('\n').expect("a first line");
            (first.trim_start_matches("// ").to_owned(), rest.to_owned())
        })
        .collect()
}

#[test]
fn the_quickstart_works_as_printed() {
    let repository = repository();
    let page = fs::read_to_string(repository.join("README.md")).expect("the README");
    let here = Path::new(env!("CARGO_TARGET_TMPDIR")).join("readme");
    let polyplug = repository.join("polyplug");
    let _ = fs::create_dir_all(&here);
    let write = |path: &str, text: &str| {
        let path = here.join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        if fs::read_to_string(&path).ok().as_deref() != Some(text) {
            fs::write(path, text).expect("a file");
        }
    };
    for (file, text) in files(&page) {
        write(&file, &text);
    }
    let manifest = |name: &str, features: &str, others: &str| {
        let text = format!(
            "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[dependencies]\n\
             polyplug = {{ path = {polyplug:?}{features} }}\n{others}"
        );
        write(&format!("{name}/Cargo.toml"), &text);
    };
    let api = "greeter-api = { path = \"../greeter-api\" }\n";
    manifest("greeter-api", ", default-features = false", "");
    manifest("hello", ", default-features = false", api);
    manifest("quickstart", "", api);
    write(
        "Cargo.toml",
        "[workspace]\nresolver = \"3\"\nmembers = [\"greeter-api\", \"hello\", \"quickstart\"]\n",
    );
    fs::copy(repository.join("Cargo.lock"), here.join("Cargo.lock"))
        .expect("the versions of the workspace");

    let commands = blocks(&page, "sh");
    let commands: Vec<_> = commands[0].lines().collect();
    assert_eq!(commands.len(), 2, "two commands");
    for command in &commands {
        let mut words = command.split(' ');
        assert_eq!(words.next(), Some("cargo"));
        let output = Command::new(env!("CARGO"))
            .args(words)
            .current_dir(&here)
            // The page is for somebody who has set none of these.
            .env_remove("CARGO_TARGET_DIR")
            .env_remove("CARGO_BUILD_TARGET")
            .env_remove("CARGO_BUILD_TARGET_DIR")
            .env_remove("RUSTFLAGS")
            .env("CARGO_NET_OFFLINE", "true")
            .output()
            .expect("cargo starts");
        let (stdout, stderr) = (
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr),
        );
        assert!(output.status.success(), "{command}\n{stderr}");
        if command.starts_with("cargo run") {
            assert_eq!(stdout, "Hello, world!\n");
        }
    }
}

/// Without documentation and blank lines.
fn code(text: &str) -> Vec<String> {
    let lines = text
        .lines()
        .map(|line| line.split(" // ").next().unwrap_or(line).trim());
    lines
        .filter(|line| !line.is_empty() && !line.starts_with("//"))
        .map(str::to_owned)
        .collect()
}

#[test]
fn the_crates_of_the_repository_are_the_blocks_of_the_page() {
    let repository = repository();
    let page = fs::read_to_string(repository.join("README.md")).expect("the README");
    for (file, text) in files(&page) {
        let folder = if file.starts_with("quickstart") {
            "hosts/rust"
        } else {
            "plugins/rust"
        };
        let path = repository.join(folder).join(&file);
        let ours = fs::read_to_string(&path).expect("the crate of the repository");
        assert_eq!(code(&text), code(&ours), "{}", path.display());
    }
    assert!(
        page.lines().count() <= 200,
        "a page for somebody who has five minutes"
    );
}
