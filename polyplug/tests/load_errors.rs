//! Every way in which a load or a lookup can fail: the code, the words, and that nothing is left behind.
#![cfg(target_os = "linux")]

#[path = "support/mod.rs"]
mod support;

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::atomic::{AtomicI32, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use fixture_harness::{Folder, fixture};
use polyplug::{Error, Module, Runtime};
use shape_api::Shape;
use support::{compiled, pinned};
use tally_api::{Mood, Reader, Tally};

/// The library that is good in every test.
const GOOD: &str = "duo";

/// What is there before and after.
fn content(runtime: &Runtime) -> String {
    format!(
        "{:?} {:?} {:?}",
        runtime.modules(),
        runtime.plugins(),
        runtime.contracts()
    )
}

/// The error's code and both its texts, pinned under the name of the case.
#[track_caller]
fn said(case: &str, error: &Error, folder: &Path) {
    let target = fixture(GOOD);
    let target = target.parent().expect("the folder of the libraries");
    let canonical = |path: &Path| fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let text = format!(
        "code: {}\n\n{{}}: {error}\n\n{{:#}}: {error:#}",
        error.code()
    );
    assert_eq!(format!("{error:?}"), format!("{error:#}"));
    pinned(
        case,
        &text,
        &[
            (&canonical(folder), "[FOLDER]"),
            (folder, "[FOLDER]"),
            (&canonical(target), "[TARGET]"),
            (target, "[TARGET]"),
        ],
    );
}

/// The runtime still loads a good module, and a call works.
#[track_caller]
fn still_works(runtime: &Runtime) {
    let module = runtime.load(fixture(GOOD)).expect("a good module");
    let tally = module.get::<dyn Tally>().expect("a caller");
    assert_eq!(tally.words("apples"), "exactly 0 apples");
}

/// Loading fails with that code and those words, leaves nothing behind, and a good module can be loaded after it.
#[track_caller]
fn refused_by(runtime: &Runtime, case: &str, code: &str, path: &Path, folder: &Path) {
    let before = content(runtime);
    let error = match runtime.load(path) {
        Ok(module) => panic!("{module:?} was loaded"),
        Err(error) => error,
    };
    assert_eq!(error.code(), code, "{error:#}");
    assert_eq!(content(runtime), before);
    said(case, &error, folder);
    // Nor does it stand in its own way: the second time is like the first.
    let again = runtime.load(path).map(|module| format!("{module:?}"));
    assert_eq!(again.unwrap_err().to_string(), error.to_string());
    assert_eq!(content(runtime), before);
    still_works(runtime);
}

#[track_caller]
fn refused(case: &str, code: &str, path: &Path, folder: &Path) {
    refused_by(&Runtime::new(), case, code, path, folder);
}

#[test]
fn the_quickstart_with_a_wrong_path() {
    let runtime = Runtime::new();
    let path = Path::new("target/release/libhello.so");
    let error = runtime.load(path).expect_err("no such file");
    assert_eq!(error.code(), "file-missing");
    let here = std::env::current_dir().expect("the current directory");
    // What `fn main() -> polyplug::Result<()>` prints.
    let text = format!("Error: {error:?}");
    pinned("quickstart_wrong_path", &text, &[(&here, "[FOLDER]")]);
    still_works(&runtime);
}

#[test]
fn a_missing_file_says_what_was_tried_and_what_is_near() {
    let folder = Folder::new("missing");
    fs::copy(fixture(GOOD), folder.path().join("libhello.so")).expect("a library beside");
    let file = |name: &str| folder.path().join(name);
    let refused = |case: &str, name: &str| {
        refused(case, "file-missing", &file(name), folder.path());
    };
    refused("missing_near", "libhelo.so");
    refused("missing_far", "wonderful.so");
    refused("missing_without_extension", "wonderful");
    refused("missing_folder", "nowhere/libhello.so");
    refused("missing_is_folder", "");
    symlink("gone.so", file("dangling.so")).expect("a link");
    refused("missing_dangling", "dangling.so");
}

#[test]
fn a_file_that_is_no_shared_library_is_named() {
    let folder = Folder::new("no-library");
    let good = fs::read(fixture(GOOD)).expect("a library");
    let refused = |case: &str, name: &str, bytes: &[u8]| {
        let path = folder.file(name, bytes);
        refused(case, "not-a-library", &path, folder.path());
    };
    refused("empty", "empty.so", b"");
    refused(
        "text",
        "lib.so",
        b"//! A plugin, not yet compiled.\nfn main() {}\n",
    );
    refused(
        "script",
        "libc.so",
        b"/* GNU ld script */\nGROUP ( libc.so.6 )\n",
    );
    refused("truncated", "half.so", &good[..good.len() / 2]);
    refused("truncated_in_head", "head.so", &good[..40]);
    refused(
        "archive",
        "libhello.rlib",
        b"!<arch>\n\0\0\x01\xff\xfe\0binary",
    );
    let mut executable = good.clone();
    executable[16] = 2;
    refused("executable", "hello", &executable);
    executable[16] = 1;
    refused("object", "hello.o", &executable);
}

#[test]
fn every_truncation_of_a_library_is_an_error() {
    let folder = Folder::new("cut");
    let good = fs::read(fixture(GOOD)).expect("a library");
    let runtime = Runtime::new();
    for part in 0..64 {
        let path = folder.file("cut.so", &good[..good.len() / 64 * part]);
        let error = runtime.load(&path).expect_err("a part of a library");
        assert_eq!(error.code(), "not-a-library", "{part}/64: {error}");
    }
    still_works(&runtime);
}

#[test]
fn another_machine_is_named() {
    let folder = Folder::new("machine");
    let mut bytes = fs::read(fixture(GOOD)).expect("a library");
    let other: u8 = if cfg!(target_arch = "aarch64") {
        62
    } else {
        183
    };
    bytes[18] = other;
    let path = folder.file("libhello.so", &bytes);
    let runtime = Runtime::new();
    let error = runtime.load(&path).expect_err("another machine");
    assert_eq!(error.code(), "wrong-architecture");
    if cfg!(target_arch = "x86_64") {
        said("wrong_architecture", &error, folder.path());
    }
    for (case, head) in [
        ("wrong_system_windows", b"MZ\x90\0".as_slice()),
        ("wrong_system_macos", &[0xCF, 0xFA, 0xED, 0xFE]),
    ] {
        let path = folder.file("hello.dll", head);
        let error = runtime.load(&path).expect_err("another system");
        assert_eq!(error.code(), "wrong-architecture");
        if cfg!(target_arch = "x86_64") {
            said(case, &error, folder.path());
        }
    }
    still_works(&runtime);
}

#[test]
fn a_file_that_cannot_be_read_says_why() {
    // A file that nobody can read from its beginning, whatever their rights.
    let process = format!("/proc/{}", std::process::id());
    let path = Path::new("/proc/self/mem");
    refused("unreadable", "unreadable", path, Path::new(&process));
}

#[test]
fn a06_the_entry_point_must_lie_in_the_library_itself() {
    let folder = Folder::new("no-plugin");
    let path = compiled("library.c", folder.path(), "libanswer.so", &[]);
    refused("not_a_plugin", "not-a-plugin", &path, folder.path());

    fs::copy(fixture(GOOD), folder.path().join("libduo.so")).expect("a plugin beside");
    let beside = format!("-L{}", folder.path().display());
    let linked = [&beside, "-Wl,--no-as-needed", "-Wl,-rpath,$ORIGIN", "-lduo"];
    let path = compiled("library.c", folder.path(), "liblinks.so", &linked);
    refused("links_to_a_plugin", "not-a-plugin", &path, folder.path());
}

#[test]
fn an_unresolved_symbol_is_named() {
    let folder = Folder::new("unresolved");
    let path = compiled("unresolved.c", folder.path(), "libhello.so", &[]);
    refused(
        "unresolved_symbol",
        "unresolved-symbol",
        &path,
        folder.path(),
    );
}

#[test]
fn a04_a_library_that_shares_its_statics_with_its_versions_is_refused() {
    const NEVER_UNMAP: &str = "-DFLAGS=8";
    let folder = Folder::new("unique");
    let lies = |name: &str, more: &[&str]| {
        let arguments: Vec<&str> = [&["-DLIE=NOTHING"], more].concat();
        compiled("lies.c", folder.path(), name, &arguments)
    };
    let path = lies("libunique.so", &["-DUNIQUE"]);
    refused("shared_symbol", "shared-symbol", &path, folder.path());
    let runtime = Runtime::new();
    let declared = lies("libdeclared.so", &["-DUNIQUE", NEVER_UNMAP]);
    let module = runtime.load(declared).expect("one that stays by intention");
    let report = module.unload_within(std::time::Duration::from_secs(10));
    assert!(
        report.to_string().contains("never to be unmapped"),
        "{report}"
    );
    // With the symbol kept to itself it is a library like others.
    let hidden = lies("libhidden.so", &["-DUNIQUE", "-DHIDDEN"]);
    runtime.load(hidden).expect("one that shares nothing");
}

#[test]
fn a_library_that_is_missing_is_named() {
    let folder = Folder::new("needs");
    compiled("library.c", folder.path(), "libneeded.so", &[]);
    let beside = format!("-L{}", folder.path().display());
    let linked = [&beside, "-Wl,--no-as-needed", "-lneeded"];
    let path = compiled("library.c", folder.path(), "libneeds.so", &linked);
    refused("missing_dependency", "open-failed", &path, folder.path());
}

#[test]
fn another_binary_interface_is_refused() {
    let folder = Folder::new("abi");
    let path = compiled("lies.c", folder.path(), "libhello.so", &["-DLIE=OTHER_ABI"]);
    refused("abi_version", "abi-version", &path, folder.path());
    let path = compiled("lies.c", folder.path(), "libcode.so", &["-DLIE=OTHER_CODE"]);
    refused("init_failed", "init-failed", &path, folder.path());
    let path = compiled("lies.c", folder.path(), "libempty.so", &["-DLIE=EMPTY"]);
    refused("nothing_offered", "nothing-offered", &path, folder.path());
}

#[test]
fn d03_a_module_in_c_without_lies_loads() {
    let folder = Folder::new("honest");
    let path = compiled("lies.c", folder.path(), "libhonest.so", &["-DLIE=NOTHING"]);
    let runtime = Runtime::new();
    let module = runtime.load(path).expect("a well-formed module");
    assert_eq!(module.plugins()[0].name(), "honest");
    assert_eq!(runtime.contracts()[0].to_string(), "fixture.lies 1.0");
}

#[test]
fn c11_entries_of_a_later_version_are_read_as_far_as_they_are_known() {
    let folder = Folder::new("grown");
    let path = compiled("lies.c", folder.path(), "libgrown.so", &["-DLIE=GROWN"]);
    let runtime = Runtime::new();
    let module = runtime.load(path).expect("entries may grow at their ends");
    assert_eq!(module.plugins()[0].name(), "honest");
}

#[test]
fn c03_registrations_that_lie_are_errors() {
    let folder = Folder::new("lies");
    let mut reasons = String::new();
    let runtime = Runtime::new();
    let before = content(&runtime);
    for lie in [
        "NULL_LIST",
        "HUGE_LIST",
        "NULL_OFFER",
        "SKEWED_OFFER",
        "SMALL_OFFER",
        "NULL_PLUGIN",
        "SMALL_PLUGIN",
        "NO_NAME",
        "NULL_NAME",
        "LONG_NAME",
        "NAME_NO_UTF8",
        "NULL_CONSTRUCT",
        "NULL_DESTROY",
        "NULL_INTERFACE",
        "SMALL_INTERFACE",
        "FEW_METHODS",
        "NULL_INVOKE",
        "WRITTEN_TOO_MUCH",
        "NULL_CONTRACT",
        "SMALL_CONTRACT",
        "HUGE_METHODS",
        "NULL_METHOD",
        "NULL_RESULT",
        "NULL_TYPE",
        "NULL_ELEMENT",
        "NULL_ELEMENTS",
        "HUGE_ELEMENTS",
        "NULL_ARGUMENT_TYPE",
        "SAYS_RUST",
    ] {
        let name = format!("lib{lie}.so");
        let path = compiled("lies.c", folder.path(), &name, &[&format!("-DLIE={lie}")]);
        let error = runtime.load(&path).expect_err(lie);
        let Error::MalformedModule { reason, .. } = &error else {
            panic!("{lie}: {error:#}");
        };
        reasons.push_str(&format!("{lie}: {reason}\n"));
        let inspected = polyplug::inspect(&path).expect_err(lie);
        assert_eq!(inspected.code(), "malformed-module");
        if lie == "HUGE_LIST" {
            said("malformed", &error, folder.path());
        }
    }
    pinned("malformed_reasons", reasons.trim_end(), &[]);
    assert_eq!(content(&runtime), before);
    still_works(&runtime);
}

#[test]
fn c12_another_shape_of_a_contract_is_refused_with_a_diff() {
    // This program knows the contract, because the test names it.
    let runtime = Runtime::new();
    assert!(runtime.providers::<dyn Shape>().is_empty());
    let path = fixture("shape-other");
    let folder = path.parent().expect("a folder");
    refused_by(
        &runtime,
        "contract_mismatch",
        "contract-mismatch",
        &path,
        folder,
    );
}

/// A host in some mood, which counts the states that were made and not destroyed.
struct Host {
    mood: AtomicU32,
    alive: AtomicI32,
    seen: Mutex<Vec<i32>>,
}

/// What the host provides of it.
struct Shared(Arc<Host>);

impl Mood for Shared {
    fn today(&self) -> u32 {
        self.0.mood.load(Ordering::SeqCst)
    }
    fn lives(&self, change: i32) {
        let on_reaper = std::thread::current().name() == Some("polyplug-reaper");
        // A5: states end on the reaper; one that ends elsewhere is never counted as gone, and the test waits in vain.
        if change > 0 || on_reaper {
            self.0.alive.fetch_add(change, Ordering::SeqCst);
        }
        self.0.seen.lock().expect("not poisoned").push(change);
    }
}

impl Host {
    fn in_mood(mood: u32) -> Arc<Self> {
        Arc::new(Self {
            mood: AtomicU32::new(mood),
            alive: AtomicI32::new(0),
            seen: Mutex::default(),
        })
    }

    /// The reaper destroys states on a thread of its own.
    fn wait_until_gone(&self) {
        for _ in 0..1000 {
            if self.alive.load(Ordering::SeqCst) == 0 {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        panic!("a state of a module that failed to load is still alive");
    }
}

#[test]
fn a_required_host_contract_must_be_provided() {
    let path = fixture("moody");
    let folder = path.parent().expect("a folder");
    let (case, code) = ("missing_host_contract", "missing-host-contract");
    refused(case, code, &path, folder);
}

#[test]
fn a_constructor_that_fails_fails_the_load() {
    let path = fixture("moody");
    let folder = path.parent().expect("a folder");
    for (mood, case, code) in [
        (1, "constructor_failed", "constructor-failed"),
        (2, "constructor_panicked", "constructor-panicked"),
    ] {
        let runtime = Runtime::new();
        let host = Host::in_mood(mood);
        runtime
            .provide::<dyn Mood>(Shared(Arc::clone(&host)))
            .expect("provided");
        refused_by(&runtime, case, code, &path, folder);
        // The first plugin of the library had been constructed, each time.
        host.wait_until_gone();
        let seen = host.seen.lock().expect("not poisoned").clone();
        assert_eq!(seen.iter().filter(|&&change| change == 1).count(), 2);
        // On a better day the same file loads into the same runtime.
        host.mood.store(0, Ordering::SeqCst);
        let module = runtime.load(&path).expect("a better day");
        let reader = module.get::<dyn Reader>().expect("a caller");
        assert_eq!(reader.total(), 7);
        assert_eq!(host.alive.load(Ordering::SeqCst), 1);
    }
}

#[test]
fn names_are_unique() {
    let folder = Folder::new("names");
    let copy = folder.path().join("libcopy.so");
    fs::copy(fixture(GOOD), &copy).expect("a copy");
    let runtime = Runtime::new();
    let module = runtime.load(&copy).expect("loaded");
    let before = content(&runtime);
    let error = runtime.load(fixture(GOOD)).expect_err("the same names");
    assert_eq!(error.code(), "duplicate-name");
    said("duplicate_name", &error, folder.path());
    assert_eq!(content(&runtime), before);
    assert_eq!(module.get::<dyn Tally>().expect("a caller").add(1), 1);
    runtime.load(fixture("kinds")).expect("other names");
}

#[test]
fn d05_names_are_unique_within_a_library() {
    let path = fixture("twins");
    let folder = path.parent().expect("a folder");
    refused("duplicate_name_within", "duplicate-name", &path, folder);
}

#[test]
fn a_module_is_loaded_once() {
    let folder = Folder::new("once");
    let runtime = Runtime::new();
    let path = fixture(GOOD);
    let module = runtime.load(&path).expect("loaded");
    let before = content(&runtime);
    let link = folder.path().join("libother.so");
    symlink(&path, &link).expect("another name for the same file");
    for again in [&path, &link, &path.with_extension("")] {
        let error = runtime.load(again).expect_err("loaded already");
        assert_eq!(error.code(), "already-loaded");
        said("already_loaded", &error, folder.path());
    }
    assert_eq!(content(&runtime), before);
    assert_eq!(module.get::<dyn Tally>().expect("a caller").add(1), 1);
    runtime.load(fixture("kinds")).expect("another module");
    still_works(&Runtime::new());
}

#[test]
fn d04_lost_registrations_are_an_error() {
    let path = fixture("lost");
    let folder = path.parent().expect("a folder");
    refused("lost_registrations", "lost-registrations", &path, folder);
    let error = polyplug::inspect(&path).expect_err("one is missing");
    assert_eq!(error.code(), "lost-registrations");
}

#[test]
fn nothing_is_linked_into_this_test() {
    let runtime = Runtime::new();
    let error = runtime.load_linked().expect_err("nothing linked");
    assert_eq!(error.code(), "nothing-linked");
    said("nothing_linked", &error, Path::new("/"));
    let again = runtime.load_linked().expect_err("still nothing");
    assert_eq!(again.code(), "nothing-linked");
    assert!(runtime.modules().is_empty());
    still_works(&runtime);
}

/// Like `fixture.tally`, but for a slip.
#[polyplug::contract(id = "fixture.taly", version = "1.0")]
trait Slip {
    fn add(&self, amount: u64) -> u64;
}

/// Like nothing that is loaded.
#[polyplug::contract(id = "audio.synthesizer", version = "3.1")]
trait Unlike {
    fn play(&self);
}

/// The contract of that id, one major later.
#[polyplug::contract(id = "fixture.tally", version = "2.0")]
trait NextMajor {
    fn add(&self, amount: u64) -> u64;
}

#[test]
fn no_provider_lists_what_is_there() {
    let nowhere = Path::new("/nowhere");
    let runtime = Runtime::new();
    let error = runtime.get::<dyn Tally>().expect_err("nothing loaded");
    assert_eq!(error.code(), "no-provider");
    said("no_provider_nothing_loaded", &error, nowhere);
    still_works(&runtime);
    let error = runtime.get::<dyn Slip>().expect_err("a slip");
    said("no_provider_near", &error, nowhere);
    let error = runtime.get::<dyn NextMajor>().expect_err("another major");
    said("no_provider_other_major", &error, nowhere);
    let error = runtime.create::<dyn Unlike>().expect_err("unlike all");
    said("no_provider_far", &error, nowhere);
    assert!(runtime.providers::<dyn Unlike>().is_empty());
    let module = &runtime.modules()[0];
    let error = module.get::<dyn Unlike>().expect_err("not in it");
    assert_eq!(error.code(), "no-provider");
    let error = runtime.get_from::<dyn Tally>("nort").expect_err("a slip");
    assert_eq!(error.code(), "no-plugin");
    said("no_plugin_near", &error, nowhere);
    let error = runtime.get_from::<dyn Tally>("x").expect_err("nobody");
    said("no_plugin_far", &error, nowhere);
    assert_eq!(runtime.get::<dyn Tally>().expect("there").add(0), 0);
}

#[test]
fn a_provided_value_makes_no_instances() {
    let runtime = Runtime::new();
    runtime
        .provide::<dyn Mood>(Shared(Host::in_mood(0)))
        .expect("provided");
    let error = runtime.create::<dyn Mood>().expect_err("one value");
    assert_eq!(error.code(), "not-constructible");
    said("not_constructible", &error, Path::new("/nowhere"));
    still_works(&runtime);
}

struct Nothing;

// SAFETY: never called.
#[expect(unsafe_code, reason = "what a binding does")]
unsafe impl polyplug::DynamicProvider for Nothing {
    unsafe fn call(
        &self,
        _: u32,
        _: *const core::ffi::c_void,
        _: *mut core::ffi::c_void,
    ) -> Result<polyplug::DynamicAnswer, polyplug::Fault> {
        Ok(polyplug::DynamicAnswer::Value)
    }
}

#[test]
fn a_binding_is_told_what_it_cannot_have() {
    let teacher = Runtime::new();
    teacher.load(fixture("greeter")).expect("loaded");
    let words = teacher.contract("fixture.words", 1).expect("described");
    let words = polyplug::DynamicContract::new(&words);
    let runtime = Runtime::new();
    let error = runtime
        .dynamic_provide(&words, "host", Box::new(Nothing))
        .expect_err("nothing that describes it");
    assert_eq!(error.code(), "not-described");
    said("not_described", &error, Path::new("/nowhere"));
    let tally = teacher
        .contract("fixture.words.tally", 1)
        .expect("described");
    let tally = polyplug::DynamicContract::new(&tally);
    let error = teacher.dynamic_get(&tally, None).expect_err("exclusive");
    assert_eq!(error.code(), "only-instances");
    said("only_instances", &error, Path::new("/nowhere"));
    still_works(&runtime);
}

/// Every load of one file at once: one wins, and the others say so.
#[test]
fn loads_race_for_a_file() {
    let runtime = Runtime::new();
    let outcomes: Vec<Result<Module, Error>> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| runtime.load(fixture(GOOD))))
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().expect("no panic"))
            .collect()
    });
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    for error in outcomes.into_iter().filter_map(Result::err) {
        assert_eq!(error.code(), "already-loaded");
    }
    assert_eq!(runtime.modules().len(), 1);
}
