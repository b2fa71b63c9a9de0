//! The quick start, done as its page says: build the plugin, run the host.
#![cfg(target_os = "linux")] // the host names the file as Linux does

use std::path::Path;
use std::process::Command;

#[test]
fn the_host_greets_through_the_plugin() {
    let here = Path::new(env!("CARGO_TARGET_TMPDIR")).join("quickstart");
    let build = Command::new(env!("CARGO"))
        .args(["rustc", "--quiet", "--release", "--package", "hello"])
        .args(["--crate-type", "cdylib", "--target-dir"])
        .arg(here.join("target"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        // Where a target is named, libraries are one folder deeper; the page names none.
        .env_remove("CARGO_BUILD_TARGET")
        .status()
        .expect("cargo starts");
    assert!(build.success());

    let host = Command::new(env!("CARGO_BIN_EXE_quickstart"))
        .current_dir(&here)
        .output()
        .expect("the host starts");
    assert_eq!(String::from_utf8_lossy(&host.stderr), "");
    assert_eq!(String::from_utf8_lossy(&host.stdout), "Hello, world!\n");
    assert!(host.status.success());
}
