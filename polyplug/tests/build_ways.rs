//! A plugin crate without a `[lib]` section, built by cargo in every way that people build, then loaded and called.

#[path = "support/mod.rs"]
mod support;

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use fixture_harness::fixture;
use growth_api::Growth;
use polyplug::{FaultKind, Runtime, inspect};
use support::pinned;
use tally_api::{Reader, Tally};

/// One way to build, as variables of cargo's release or dev profile, without `CARGO_PROFILE_`.
struct Way {
    name: &'static str,
    profile: &'static str,
    settings: &'static [(&'static str, &'static str)],
    features: &'static str,
}

const fn release(name: &'static str, settings: &'static [(&'static str, &'static str)]) -> Way {
    Way {
        name,
        profile: "release",
        settings,
        features: "",
    }
}

const WAYS: [Way; 9] = [
    Way {
        name: "debug",
        profile: "dev",
        settings: &[],
        features: "",
    },
    release("release", &[]),
    release("lto = \"fat\"", &[("LTO", "fat")]),
    release("codegen-units = 1", &[("CODEGEN_UNITS", "1")]),
    release("codegen-units = 16", &[("CODEGEN_UNITS", "16")]),
    release("opt-level = \"z\"", &[("OPT_LEVEL", "z")]),
    release("strip = true", &[("STRIP", "true")]),
    release(
        "all that make it small",
        &[
            ("LTO", "fat"),
            ("CODEGEN_UNITS", "1"),
            ("OPT_LEVEL", "z"),
            ("STRIP", "true"),
        ],
    ),
    Way {
        name: "with the runtime in the plugin",
        profile: "release",
        settings: &[],
        features: "host",
    },
];

/// Where cargo builds for this test: below the folder that this very test was built into, but not in it, because
/// the cargo that runs the test may hold the lock on that.
fn target_folder() -> PathBuf {
    let library = fixture("duo");
    let folder = library.ancestors().nth(2).expect("the folder of a profile");
    folder.join("build-ways")
}

/// Builds a package of this workspace as a library. Answers the file.
fn built(package: &str, way: &Way) -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("Cargo.toml");
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let target = target_folder();
    let mut command = Command::new(cargo);
    command
        .args(["rustc", "--quiet", "--offline", "--crate-type", "cdylib"])
        .args(["--package", package, "--profile", way.profile])
        .args(["--features", way.features])
        .arg("--manifest-path")
        .arg(manifest)
        .arg("--target-dir")
        .arg(&target);
    // The variables of the outer build are not for this one.
    for (variable, _) in env::vars_os() {
        let name = variable.to_string_lossy();
        let outer = ["CARGO_PROFILE_", "CARGO_BUILD_", "CARGO_ENCODED_"];
        if outer.iter().any(|prefix| name.starts_with(prefix)) || name == "RUSTFLAGS" {
            command.env_remove(&variable);
        }
    }
    let folder = if way.profile == "dev" {
        "debug"
    } else {
        "release"
    };
    // Without debug information the builds are quicker, and what is tested is the same.
    let profile = way.profile.to_uppercase();
    command.env(format!("CARGO_PROFILE_{profile}_DEBUG"), "0");
    for (setting, value) in way.settings {
        command.env(format!("CARGO_PROFILE_{profile}_{setting}"), value);
    }
    let output = command.output().expect("cargo runs");
    assert!(
        output.status.success(),
        "{}: {}",
        way.name,
        String::from_utf8_lossy(&output.stderr)
    );
    let name = package.replace('-', "_");
    target.join(folder).join(format!(
        "{}{name}{}",
        env::consts::DLL_PREFIX,
        env::consts::DLL_SUFFIX
    ))
}

/// Everything that can be asked of the plugins in `ways`.
fn call(runtime: &Runtime, path: &Path) {
    let module = runtime.load(path).expect("loaded");
    let names: Vec<_> = module
        .plugins()
        .iter()
        .map(|plugin| plugin.name().to_owned())
        .collect();
    assert_eq!(names, ["one", "two"]);
    let tally = runtime.get::<dyn Tally>().expect("a caller");
    assert_eq!(tally.add(40), 40);
    assert_eq!(tally.add(2), 42);
    assert_eq!(tally.words("pears"), "42 pears");
    let reader = |name: &str| runtime.get_from::<dyn Reader>(name).expect("a caller");
    assert_eq!((reader("one").total(), reader("two").total()), (42, 2));
    let own = runtime.create::<dyn Tally>().expect("an instance");
    assert_eq!(own.add(1), 1);
    assert_eq!(runtime.providers::<dyn Reader>().len(), 2);
}

/// One test, because cargo builds one at a time in one folder, and the ways share what they can.
#[test]
fn d04_every_way_to_build_keeps_every_registration() {
    let mut times = Vec::new();
    for way in &WAYS {
        let start = Instant::now();
        let path = built("ways", way);
        let runtime = Runtime::new();
        call(&runtime, &path);
        let fault = runtime
            .get::<dyn Tally>()
            .expect("a caller")
            .fail()
            .expect_err("it panics");
        assert_eq!(fault.kind(), FaultKind::Panicked, "{}", way.name);
        assert_eq!(fault.message(), "one has failed", "{}", way.name);
        times.push((way.name, start.elapsed()));
    }

    // `panic = "abort"`: refused, unless it is allowed.
    let start = Instant::now();
    let abort = release("panic = \"abort\"", &[("PANIC", "abort")]);
    let path = built("ways", &abort);
    let runtime = Runtime::new();
    for _ in 0..2 {
        let error = runtime
            .load(&path)
            .expect_err("a panic would end the process");
        assert_eq!(error.code(), "panic-abort");
        assert!(runtime.modules().is_empty() && runtime.plugins().is_empty());
        let text = format!(
            "code: {}\n\n{{}}: {error}\n\n{{:#}}: {error:#}",
            error.code()
        );
        let folder = path.parent().expect("a folder");
        pinned("panic_abort", &text, &[(folder, "[FOLDER]")]);
    }
    runtime.load(fixture("duo")).expect("a good module");
    assert_eq!(
        runtime.get::<dyn Tally>().expect("a caller").words("x"),
        "exactly 0 x"
    );
    call(&Runtime::builder().allow_panic_abort(true).build(), &path);
    assert_eq!(inspect(&path).expect("inspected").plugins().len(), 2);
    times.push((abort.name, start.elapsed()));

    // A contract crate alone, without a `[lib]` section, and with one that already says cdylib.
    for contracts in ["tally-api", "growth-api"] {
        let start = Instant::now();
        let path = built(contracts, &WAYS[1]);
        let info = inspect(&path).expect("inspected");
        assert!(info.plugins().is_empty());
        assert!(!info.contracts().is_empty());
        let runtime = Runtime::new();
        runtime.load(&path).expect("a contract module");
        assert_eq!(runtime.contracts().len(), info.contracts().len());
        times.push((contracts, start.elapsed()));
    }

    // `crate-type = ["rlib", "cdylib"]` in the manifest, optimised.
    let start = Instant::now();
    let path = built("growth-old", &WAYS[2]);
    let runtime = Runtime::new();
    runtime.load(path).expect("loaded");
    assert_eq!(runtime.get::<dyn Growth>().expect("a caller").b(), 15);
    times.push(("crate-type = [\"rlib\", \"cdylib\"]", start.elapsed()));

    for (name, time) in times {
        println!("{:>6.1} s  {name}", time.as_secs_f64());
    }
}
