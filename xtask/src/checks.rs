//! What the project promises about its weight: crates, bytes, build time. Each check measures one figure and knows
//! its limit.

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::time::Instant;

use anyhow::{Context, Result};

use crate::cargo::{TARGET_VARIABLE, Workspace};

/// The checks that every test run makes.
pub(crate) const QUICK: [Check; 3] = [
    Check {
        name: "host crates",
        what: What::Crates("polyplug"),
        limit: 25.0,
    },
    Check {
        name: "plugin crates",
        what: What::Crates(PLUGIN),
        limit: 12.0,
    },
    Check {
        name: "plugin size",
        what: What::Size(PLUGIN),
        limit: 450.0,
    },
];

/// The checks that only the benches make, because they take clean builds.
pub(crate) const SLOW: [Check; 3] = [
    Check {
        name: "clean build",
        what: What::CleanBuild("polyplug"),
        limit: 15.0,
    },
    Check {
        name: "expansion time",
        what: What::ExpansionTime(SIXTY),
        limit: 2.0,
    },
    Check {
        name: "expansion code",
        what: What::ExpansionCode(SIXTY),
        limit: 100.0,
    },
];

/// The package whose contract is one only with the feature `contract`; otherwise it is the same as plain Rust.
const SIXTY: &str = "bench-sixty";

/// The package that stands for a small plugin.
const PLUGIN: &str = "hello";

/// How many cores the clean build may use.
const CORES: &str = "2";

/// One promise.
#[derive(Debug)]
pub(crate) struct Check {
    /// What it is called.
    pub(crate) name: &'static str,
    what: What,
    limit: f64,
}

/// What a check measures, of which package.
#[derive(Debug)]
enum What {
    /// The packages that end up in a build of it, itself and macros included.
    Crates(&'static str),
    /// KiB of its stripped release library.
    Size(&'static str),
    /// Seconds from an empty target directory.
    CleanBuild(&'static str),
    /// Seconds that the contract adds to a clean debug build of the package.
    ExpansionTime(&'static str),
    /// KiB of machine code that the contract adds to its release library, both ends of all calls.
    ExpansionCode(&'static str),
}

/// What a check found.
#[derive(Debug)]
pub(crate) struct Figure {
    name: String,
    value: f64,
    limit: f64,
    unit: &'static str,
}

impl Check {
    /// Measures.
    pub(crate) fn measure(&self, workspace: &Workspace) -> Result<Figure> {
        let (value, unit) = match self.what {
            What::Crates(package) => (crates(workspace, package)?, ""),
            What::Size(package) => (size(workspace, package)?, " KiB"),
            What::CleanBuild(package) => (clean_build(workspace, package)?, " s"),
            What::ExpansionTime(package) => (expansion_time(workspace, package)?, " s"),
            What::ExpansionCode(package) => (expansion_code(workspace, package)?, " KiB"),
        };
        Ok(Figure {
            name: self.to_string(),
            value,
            limit: self.limit,
            unit,
        })
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.what {
            What::Crates(package) => write!(f, "crates in a build of `{package}`"),
            What::Size(package) => write!(f, "`{package}` as a stripped release library"),
            What::CleanBuild(package) => write!(f, "clean build of `{package}` on {CORES} cores"),
            What::ExpansionTime(_) => write!(f, "what a contract of 60 methods adds to a build"),
            What::ExpansionCode(_) => write!(f, "what a contract of 60 methods adds to the code"),
        }
    }
}

impl Figure {
    /// Whether the value keeps the limit.
    pub(crate) fn met(&self) -> bool {
        self.value <= self.limit
    }

    /// The value, with its unit.
    pub(crate) fn value(&self) -> String {
        self.amount(self.value)
    }

    /// The limit, with its unit.
    pub(crate) fn limit(&self) -> String {
        self.amount(self.limit)
    }

    fn amount(&self, amount: f64) -> String {
        let decimals = usize::from(amount.fract() != 0.0);
        format!("{amount:.decimals$}{}", self.unit)
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: {} (at most {})",
            self.name,
            self.value(),
            self.limit()
        )
    }
}

fn crates(workspace: &Workspace, package: &str) -> Result<f64> {
    workspace.require([package])?;
    let tree = workspace
        .cargo([
            "tree",
            "--edges",
            "normal",
            "--prefix",
            "none",
            "--package",
            package,
        ])
        .output()?;
    Ok(unique_crates(&String::from_utf8_lossy(&tree)) as f64)
}

/// How many different `name version` pairs stand in the answer of `cargo tree --prefix none`.
fn unique_crates(tree: &str) -> usize {
    let crates: BTreeSet<_> = tree
        .lines()
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            Some((words.next()?, words.next()))
        })
        .collect();
    crates.len()
}

fn size(workspace: &Workspace, package: &str) -> Result<f64> {
    workspace.require([package])?;
    // A directory of its own: the changed profile would rebuild everything in the usual one, twice.
    let library = workspace.build_cdylib(package, |build| {
        build
            .variable("CARGO_PROFILE_RELEASE_STRIP", "true")
            .hidden_variable(
                TARGET_VARIABLE,
                workspace.target.join("checks").join("size"),
            )
    })?;
    let bytes = fs::metadata(&library)
        .with_context(|| format!("cannot see `{}`", library.display()))?
        .len();
    Ok(bytes as f64 / 1024.0)
}

fn clean_build(workspace: &Workspace, package: &str) -> Result<f64> {
    workspace.require([package])?;
    // Fetching is not building.
    workspace
        .cargo(["fetch", "--locked"])
        .printing_to_stderr()
        .run()?;
    let target = workspace.target.join("checks").join("clean-build");
    if target.exists() {
        fs::remove_dir_all(&target)
            .with_context(|| format!("cannot empty `{}`", target.display()))?;
    }
    let start = Instant::now();
    workspace
        .cargo(["build", "--jobs", CORES, "--package", package])
        .hidden_variable(TARGET_VARIABLE, &target)
        .printing_to_stderr()
        .run()?;
    Ok(start.elapsed().as_secs_f64())
}

/// Builds of the package without its contract and with it.
const WITHOUT_AND_WITH: [&[&str]; 2] = [&[], &["--features", "contract"]];

fn expansion_time(workspace: &Workspace, package: &str) -> Result<f64> {
    workspace.require([package])?;
    let target = workspace.target.join("checks").join("expansion");
    let mut seconds = [0.0; 2];
    for (features, seconds) in WITHOUT_AND_WITH.into_iter().zip(&mut seconds) {
        let build = || {
            workspace
                .cargo(["build", "--jobs", CORES, "--package", package])
                .args(features)
                .variable("CARGO_INCREMENTAL", "0")
                .hidden_variable(TARGET_VARIABLE, &target)
        };
        build().printing_to_stderr().run()?;
        // All but the package itself is built now.
        let mut times = Vec::new();
        for _ in 0..3 {
            workspace
                .cargo(["clean", "--package", package])
                .hidden_variable(TARGET_VARIABLE, &target)
                .printing_to_stderr()
                .run()?;
            let start = Instant::now();
            build().printing_to_stderr().run()?;
            times.push(start.elapsed().as_secs_f64());
        }
        times.sort_by(f64::total_cmp);
        *seconds = times[1];
    }
    Ok((seconds[1] - seconds[0]).max(0.0))
}

fn expansion_code(workspace: &Workspace, package: &str) -> Result<f64> {
    use object::{Object as _, ObjectSection as _, SectionKind};
    workspace.require([package])?;
    let mut bytes = [0; 2];
    for (features, bytes) in WITHOUT_AND_WITH.into_iter().zip(&mut bytes) {
        let library = workspace.build_cdylib(package, |build| {
            build.args(features).hidden_variable(
                TARGET_VARIABLE,
                workspace.target.join("checks").join("size"),
            )
        })?;
        let file =
            fs::read(&library).with_context(|| format!("cannot read `{}`", library.display()))?;
        let object = object::File::parse(&*file)
            .with_context(|| format!("cannot understand `{}`", library.display()))?;
        let code = object
            .sections()
            .filter(|section| section.kind() == SectionKind::Text);
        *bytes = code.map(|section| section.size()).sum();
    }
    Ok((bytes[1] as f64 - bytes[0] as f64) / 1024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crate_is_counted_once_for_each_version() {
        let tree =
            "a v1.0.0\nb v1.0.0 (proc-macro)\n\nc v1.0.0\nb v1.0.0 (proc-macro) (*)\nb v2.0.0\n";
        assert_eq!(unique_crates(tree), 4);
    }

    #[test]
    fn a_figure_at_its_limit_is_met() {
        let figure = |value| Figure {
            name: String::new(),
            value,
            limit: 450.0,
            unit: " KiB",
        };
        assert!(figure(450.0).met() && !figure(450.1).met());
        assert_eq!(
            (figure(450.04).value(), figure(3.0).limit()),
            ("450.0 KiB".into(), "450 KiB".into())
        );
    }
}
