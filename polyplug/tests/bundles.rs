//! Bundles: folders with a manifest. What is loaded, what is refused and with which words, and that nothing outside of the
//! folder is read.
#![cfg(all(feature = "bundle", target_os = "linux"))]

#[path = "support/mod.rs"]
mod support;

use std::env::consts::{ARCH, OS};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use fixture_harness::{Folder, fixture};
use lifecycle_api::{Orders, Version, Word};
use polyplug::{Error, Runtime, UnloadOutcome};
use support::pinned;
use tally_api::{Reader, Tally};

/// A folder with a manifest and the library of a fixture, `plugin.so`. In the text `HERE` stands for this platform.
fn bundle(folder: &Folder, name: &str, library: &str, manifest: &str) -> PathBuf {
    let path = folder.path().join(name);
    fs::create_dir_all(&path).expect("a folder");
    fs::copy(fixture(library), path.join("plugin.so")).expect("a library");
    describe(&path, manifest);
    path
}

fn describe(bundle: &Path, manifest: &str) {
    let manifest = manifest.replace("HERE", &format!("{OS}-{ARCH}"));
    fs::write(bundle.join("polyplug.toml"), manifest).expect("a manifest");
}

const DUO: &str = r#"
name = "duo"
version = "0.1.0"
description = "Two tallies"

[files]
HERE = "plugin.so"
"#;

/// Loading fails in these words, and so does inspecting; nothing is left behind.
#[track_caller]
fn refused(case: &str, folder: &Folder, path: &Path) -> Error {
    let runtime = Runtime::new();
    let error = runtime.load(path).expect_err(case);
    assert!(runtime.modules().is_empty());
    let again = runtime.load(path).expect_err(case);
    assert_eq!(again.to_string(), error.to_string());
    let text = format!("code: {}\n\n{{:#}}: {error:#}", error.code());
    let text = text.replace(&format!("{OS}-{ARCH}"), "[PLATFORM]");
    let place = fs::canonicalize(folder.path()).expect("the folder");
    pinned(case, &text, &[(&place, "[FOLDER]")]);
    error
}

#[test]
fn a_bundle_is_loaded_as_one_module() {
    let folder = Folder::new("bundle-good");
    let path = bundle(&folder, "tallies", "duo", DUO);
    let info = polyplug::inspect(&path).expect("a bundle");
    assert_eq!(info.bundle().expect("it").name(), "duo");
    assert_eq!(info.plugins().len(), 2);
    assert!(info.path().ends_with("tallies/plugin.so"));
    let runtime = Runtime::new();
    let module = runtime.load(&path).expect("a bundle");
    let canonical = fs::canonicalize(&path).expect("the folder");
    assert_eq!(module.path(), Some(canonical.as_path()));
    let described = module.bundle().expect("it was loaded from one");
    assert_eq!(described.folder(), canonical);
    assert_eq!(described.library(), canonical.join("plugin.so"));
    assert_eq!(
        (
            described.name(),
            described.version(),
            described.description()
        ),
        ("duo", "0.1.0", "Two tallies")
    );
    let tally = runtime.get_from::<dyn Tally>("duo").expect("a caller");
    assert_eq!(tally.add(3), 3);
    assert_eq!(runtime.load(&path).unwrap_err().code(), "already-loaded");
    assert_ne!(module.unload().outcome(), UnloadOutcome::Refused);
    runtime.load(&path).expect("its path is free again");
    // A plain library has none.
    let plain = runtime.load(fixture("counter")).expect("a library");
    assert!(plain.bundle().is_none());
}

#[test]
fn mistakes_in_the_manifest_are_told_with_their_lines() {
    let folder = Folder::new("bundle-mistakes");
    let cases = [
        ("unknown_key", "\n\nnmae = \"duo\"\n".to_owned()),
        (
            "unknown_key_in_table",
            format!("{DUO}[requires]\ncontract = []\n"),
        ),
        ("unknown_platform", DUO.replace("HERE", "linux-x86_46")),
        ("no_toml", DUO.replace("\"duo\"", "duo")),
        ("twice", format!("name = \"duo\"{DUO}")),
        ("no_name", DUO.replace("name = \"duo\"", "")),
        (
            "no_files",
            "name = \"duo\"\nversion = \"0.1.0\"\n".to_owned(),
        ),
        ("wrong_kind", DUO.replace("\"0.1.0\"", "0.1")),
        ("empty", DUO.replace("\"0.1.0\"", "\"\"")),
        (
            "no_version",
            format!("{DUO}[requires]\ncontracts = [\n  \"fixture.tally\",\n]\n"),
        ),
        ("config_no_table", format!("{DUO}[config]\nstart = 3\n")),
        (
            "config_no_json",
            format!("{DUO}[config.duo]\nstart = nan\n"),
        ),
    ];
    for (case, manifest) in cases {
        let path = bundle(&folder, case, "duo", &manifest);
        let error = refused(&format!("bundle_{case}"), &folder, &path);
        assert_eq!(error.code(), "bundle-invalid", "{error:#}");
        let inspected = polyplug::inspect(&path).expect_err(case);
        assert_eq!(inspected.to_string(), error.to_string());
    }
}

#[test]
fn nothing_outside_of_the_folder_is_read() {
    let folder = Folder::new("bundle-confined");
    let _ = folder.file("outside.so", &fs::read(fixture("duo")).expect("a library"));
    let _ = folder.file("outside.toml", DUO.as_bytes());
    let outside = folder.path().join("outside.so");
    for (case, file) in [
        ("parent", "../outside.so"),
        ("absolute", "/outside.so"),
        ("windows", "C:\\\\outside.dll"),
    ] {
        let path = bundle(&folder, case, "duo", &DUO.replace("plugin.so", file));
        let error = refused(&format!("bundle_path_{case}"), &folder, &path);
        assert_eq!(error.code(), "bundle-path", "{error:#}");
    }
    // A path that leaves is refused whatever platform it is for.
    let elsewhere = format!("{DUO}windows-aarch64 = \"../outside.dll\"\n");
    let path = bundle(&folder, "elsewhere", "duo", &elsewhere);
    assert_eq!(Runtime::new().load(path).unwrap_err().code(), "bundle-path");

    let link = bundle(&folder, "link", "duo", DUO);
    fs::remove_file(link.join("plugin.so")).expect("it is there");
    symlink(&outside, link.join("plugin.so")).expect("a link");
    let error = refused("bundle_path_link", &folder, &link);
    assert_eq!(error.code(), "bundle-path");

    let through = bundle(
        &folder,
        "through",
        "duo",
        &DUO.replace("plugin.so", "up/outside.so"),
    );
    symlink(folder.path(), through.join("up")).expect("a link");
    assert_eq!(
        Runtime::new().load(&through).unwrap_err().code(),
        "bundle-path"
    );

    let manifest = bundle(&folder, "manifest", "duo", DUO);
    fs::remove_file(manifest.join("polyplug.toml")).expect("it is there");
    symlink(
        folder.path().join("outside.toml"),
        manifest.join("polyplug.toml"),
    )
    .expect("a link");
    let error = refused("bundle_path_manifest", &folder, &manifest);
    assert_eq!(error.code(), "bundle-path");

    // A link that stays inside is fine, and so is a link to the folder itself.
    let inside = bundle(
        &folder,
        "inside",
        "duo",
        &DUO.replace("plugin.so", "now.so"),
    );
    symlink("plugin.so", inside.join("now.so")).expect("a link");
    symlink(&inside, folder.path().join("named")).expect("a link");
    Runtime::new()
        .load(folder.path().join("named"))
        .expect("all of it lies in the folder");
}

#[test]
fn what_is_not_there_is_named() {
    let folder = Folder::new("bundle-missing");
    let other = DUO.replace("HERE", "windows-x86_64") + "macos-aarch64 = \"libplugin.dylib\"\n";
    let path = bundle(&folder, "platform", "duo", &other);
    let error = refused("bundle_platform", &folder, &path);
    assert_eq!(error.code(), "bundle-platform");
    let path = bundle(&folder, "file", "duo", &DUO.replace("plugin.so", "none.so"));
    let error = refused("bundle_file_missing", &folder, &path);
    assert_eq!(error.code(), "file-missing");
    let path = bundle(&folder, "folder", "duo", &DUO.replace("plugin.so", "sub"));
    fs::create_dir(path.join("sub")).expect("a folder");
    let error = refused("bundle_file_folder", &folder, &path);
    assert_eq!(error.code(), "file-missing");
}

#[test]
fn the_manifest_must_agree_with_the_library() {
    let folder = Folder::new("bundle-agree");
    let path = bundle(&folder, "version", "duo", &DUO.replace("0.1.0", "0.2.0"));
    let error = refused("bundle_other_version", &folder, &path);
    assert_eq!(error.code(), "bundle-mismatch");
    let path = bundle(
        &folder,
        "name",
        "counter",
        &DUO.replace("\"duo\"", "\"tellers\""),
    );
    let error = refused("bundle_other_name", &folder, &path);
    assert_eq!(error.code(), "bundle-mismatch");
    assert_eq!(
        polyplug::inspect(&path).unwrap_err().code(),
        "bundle-mismatch"
    );
    let config = format!("{DUO}[config.south]\nstart = 3\n");
    let path = bundle(&folder, "config", "duo", &config);
    let error = refused("bundle_config_of_nobody", &folder, &path);
    assert_eq!(error.code(), "bundle-mismatch");
    // Of several plugins none needs to have the bundle's name; the version is the bundle's own then.
    let own = DUO
        .replace("\"duo\"", "\"tallies\"")
        .replace("0.1.0", "33.0.0");
    let path = bundle(&folder, "own", "duo", &own);
    let module = Runtime::new().load(path).expect("a name of its own");
    assert_eq!(module.bundle().expect("one").version(), "33.0.0");
}

#[test]
fn what_is_required_is_checked_before_anything_is_opened() {
    let folder = Folder::new("bundle-requires");
    let requires = |requires: &str| format!("{DUO}[requires]\n{requires}\n");
    let cases = [
        ("contract", "contracts = [\"fixture.readers 2.1\"]"),
        ("minor", "contracts = [\"fixture.reader 2.9\"]"),
        ("plugin", "plugins = [\"counters\"]"),
    ];
    for (case, text) in cases {
        let path = bundle(&folder, case, "duo", &requires(text));
        // Not even a library: it is not looked at.
        fs::write(path.join("plugin.so"), "nothing").expect("written");
        refused(&format!("bundle_requires_{case}"), &folder, &path);
        let runtime = Runtime::new();
        let tuned = runtime.load(fixture("peer-reader"));
        assert_eq!(tuned.unwrap_err().code(), "missing-peer");
        runtime.load(fixture("counter")).expect("a library");
        let error = runtime.load(&path).expect_err("it is not there");
        assert_eq!(error.code(), "bundle-requires", "{error:#}");
        match case {
            "plugin" => assert!(
                error.to_string().contains("(there is `counter`)"),
                "{error}"
            ),
            _ => assert!(
                error
                    .to_string()
                    .contains("nothing that is loaded offers it"),
                "{error}"
            ),
        }
    }
    // An older one is named.
    let runtime = Runtime::new();
    runtime.load(fixture("duo")).expect("a library");
    let error = runtime
        .load(folder.path().join("minor"))
        .expect_err("it is older");
    assert!(
        error
            .to_string()
            .contains("`north` offers only the older `fixture.reader 2.1`"),
        "{error}"
    );
    // What is there is held, as what a plugin requires is.
    let own = requires("contracts = [\"fixture.counter 1.0\"]\nplugins = [\"counter\"]");
    let path = bundle(&folder, "held", "duo", &own);
    let runtime = Runtime::new();
    let counter = runtime.load(fixture("counter")).expect("a library");
    let module = runtime.load(&path).expect("all is there");
    assert_eq!(
        module.bundle().expect("one").requires(),
        ["fixture.counter 1.0", "counter"]
    );
    let report = counter.unload();
    assert_eq!(report.outcome(), UnloadOutcome::Refused);
    assert_eq!(report.dependents(), ["duo"]);
    assert_eq!(module.dependencies().len(), 1);
}

#[test]
fn a_folder_of_bundles_and_libraries_is_loaded_in_order() {
    let folder = Folder::new("bundle-folder");
    let after = format!("{DUO}[requires]\nplugins = [\"counter\"]\n");
    bundle(&folder, "a-duo", "duo", &after);
    fs::copy(fixture("counter"), folder.path().join("z.so")).expect("a library");
    // A library that requires what the bundle offers.
    fs::copy(fixture("peer-reader"), folder.path().join("0.so")).expect("a library");
    bundle(&folder, "broken", "duo", "nmae = 3");
    fs::create_dir(folder.path().join("plain")).expect("a folder");
    let runtime = Runtime::new();
    let report = runtime.load_dir(folder.path()).expect("a folder");
    let name = |path: &Path| path.file_name().unwrap_or_default().to_owned();
    let loaded: Vec<_> = report
        .loaded()
        .iter()
        .filter_map(|module| module.path().map(name))
        .collect();
    assert_eq!(loaded, ["z.so", "a-duo", "0.so"], "{report}");
    assert_eq!(report.failed().len(), 1, "{report}");
    assert_eq!(report.failed()[0].1.code(), "bundle-invalid");
    assert_eq!(report.skipped().len(), 1, "{report}");
    let reader = runtime.get_from::<dyn Reader>("peer-reader").expect("it");
    assert_eq!(reader.total(), 0);
    let again = runtime.load_dir(folder.path()).expect("a folder");
    assert!(again.loaded().is_empty(), "{again}");

    // Without what it requires, and when that is there and fails.
    fs::remove_file(folder.path().join("z.so")).expect("it is there");
    let report = Runtime::new().load_dir(folder.path()).expect("a folder");
    let why = |report: &polyplug::LoadReport, name: &str| {
        let mut failed = report.failed().iter();
        let (_, error) = failed.find(|(path, _)| path.ends_with(name)).expect(name);
        (error.code(), error.to_string())
    };
    assert_eq!(why(&report, "a-duo").0, "bundle-requires");
    assert_eq!(why(&report, "0.so").0, "peer-not-loaded");
    let after = format!("{DUO}[requires]\nplugins = [\"versioned\"]\n");
    describe(&folder.path().join("a-duo"), &after);
    fs::copy(fixture("versioned-one"), folder.path().join("z.so")).expect("a library");
    let report = Runtime::new().load_dir(folder.path()).expect("a folder");
    let (code, text) = why(&report, "a-duo");
    assert_eq!(code, "bundle-requires");
    assert!(
        text.contains("requires `versioned`: it is there with `versioned`, which could not be loaded: plugin `versioned` needs the host contract"),
        "{text}"
    );
}

struct Answers;

impl Orders for Answers {
    fn now(&self) -> u64 {
        7
    }
    fn mode(&self) -> String {
        String::new()
    }
    fn act(&self, _: &str) -> String {
        String::new()
    }
    fn keep(&self, _: Box<dyn Word>) {}
}

#[test]
fn a_reload_reads_the_manifest_again() {
    let folder = Folder::new("bundle-reload");
    let first = DUO.replace("\"duo\"", "\"versioned\"");
    let path = bundle(&folder, "versioned", "versioned-one", &first);
    fs::copy(fixture("versioned-two"), path.join("next.so")).expect("a library");
    let runtime = Runtime::new();
    runtime.provide::<dyn Orders>(Answers).expect("provided");
    let module = runtime.load(&path).expect("a bundle");
    let version = runtime.get::<dyn Version>().expect("a caller");
    assert_eq!(version.version().1, 1);
    // Whatever is wrong with the new manifest, the old version serves on, and its description is what it was.
    let next = first.replace("plugin.so", "next.so");
    for (wrong, code) in [
        ("nmae = 1".to_owned(), "bundle-invalid"),
        (next.replace("HERE", "windows-x86"), "bundle-platform"),
        (next.replace("0.1.0", "0.2.0"), "bundle-mismatch"),
        (next.replace("next.so", "../next.so"), "bundle-path"),
        (
            format!("{next}[requires]\nplugins = [\"versioned\"]"),
            "bundle-requires",
        ),
    ] {
        describe(&path, &wrong);
        let error = module.reload().expect_err(code);
        assert_eq!(error.code(), code, "{error:#}");
        assert_eq!(version.version().1, 1);
        let library = module.bundle().expect("one").library().to_owned();
        assert!(library.ends_with("plugin.so"));
    }
    let next = next.replace("Two tallies", "The second");
    describe(&path, &next);
    let report = module.reload().expect("a good manifest");
    assert_eq!(report.number(), 2);
    assert_eq!(version.version().1, 2);
    let described = module.bundle().expect("one");
    assert_eq!(described.description(), "The second");
    assert!(described.library().ends_with("next.so"));
}

#[cfg(feature = "config")]
#[test]
fn what_the_host_configures_comes_before_the_manifest() {
    use std::collections::HashMap;

    let folder = Folder::new("bundle-config");
    let manifest = |start: u32| {
        let name = DUO.replace("\"duo\"", "\"tuned\"");
        format!("{name}[config.tuned]\nstart = {start}\nwords = {{ before = \"so \" }}\n")
    };
    let path = bundle(&folder, "tuned", "tuned", &manifest(40));
    let runtime = Runtime::new();
    let module = runtime.load(&path).expect("a bundle");
    let tally = runtime.get::<dyn Tally>().expect("a caller");
    assert_eq!(tally.add(2), 42);
    assert_eq!(tally.words("pears"), "so pears");
    // A new manifest counts from the reload on.
    describe(&path, &manifest(50));
    assert_eq!(tally.add(2), 42);
    module.reload().expect("reloaded");
    assert_eq!(tally.add(2), 52);
    // The host's takes the place of all of it.
    runtime
        .configure("tuned", &HashMap::from([("start", 60)]))
        .expect("plain data");
    module.reload().expect("reloaded");
    assert_eq!(tally.add(2), 62);
    assert_eq!(tally.words("pears"), "pears");
    // Also when it was there first.
    let runtime = Runtime::new();
    runtime
        .configure("tuned", &HashMap::from([("start", 70)]))
        .expect("plain data");
    runtime.load(&path).expect("a bundle");
    assert_eq!(runtime.get::<dyn Tally>().expect("a caller").add(2), 72);
    // A mistake in it is the plugin's error, as ever.
    describe(&path, &manifest(50).replace("start", "strat"));
    let error = Runtime::new().load(&path).expect_err("no such key");
    assert!(format!("{error:#}").contains("at `strat`"), "{error:#}");
}
