//! Asking cargo: where the workspace and its target directory are, and how its commands are spelled and run.

use std::collections::BTreeMap;
use std::env;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

/// Tells cargo where to build.
pub(crate) const TARGET_VARIABLE: &str = "CARGO_TARGET_DIR";

/// The workspace that the command was called in, as cargo describes it.
#[derive(Debug)]
pub(crate) struct Workspace {
    /// The folder of the workspace's `Cargo.toml`.
    pub(crate) root: PathBuf,
    /// Where cargo builds: `CARGO_TARGET_DIR`, a configuration file, or `target`.
    pub(crate) target: PathBuf,
    packages: Vec<String>,
}

/// The part of `cargo metadata` that we read.
#[derive(Deserialize)]
struct Metadata {
    workspace_root: PathBuf,
    target_directory: PathBuf,
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
}

/// The part of cargo's JSON messages that we read.
#[derive(Deserialize)]
struct Message {
    reason: String,
    target: Option<MessageTarget>,
    filenames: Option<Vec<PathBuf>>,
    executable: Option<PathBuf>,
}

#[derive(Deserialize)]
struct MessageTarget {
    name: String,
}

impl Workspace {
    /// The workspace around the current directory.
    pub(crate) fn find() -> Result<Self> {
        let output =
            Invocation::cargo(["metadata", "--format-version", "1", "--no-deps"]).output()?;
        let metadata: Metadata = serde_json::from_slice(&output)
            .context("cannot read the answer of `cargo metadata`")?;
        Ok(Self {
            root: metadata.workspace_root,
            target: metadata.target_directory,
            packages: metadata
                .packages
                .into_iter()
                .map(|package| package.name)
                .collect(),
        })
    }

    /// Fails, naming them all, when one of `packages` is not a member.
    pub(crate) fn require<'a>(&self, packages: impl IntoIterator<Item = &'a str>) -> Result<()> {
        let missing: Vec<_> = packages
            .into_iter()
            .filter(|wanted| !self.packages.iter().any(|name| name == wanted))
            .collect();
        if !missing.is_empty() {
            bail!("the workspace has no package {}", quoted(&missing));
        }
        Ok(())
    }

    /// Cargo in the workspace's root, with the target directory as it is seen from where the command was called.
    pub(crate) fn cargo<'a>(&self, args: impl IntoIterator<Item = &'a str>) -> Invocation {
        Invocation::cargo(args)
            .directory(&self.root)
            .hidden_variable(TARGET_VARIABLE, &self.target)
    }

    /// Builds `package`'s library as a cdylib in the release profile, by a cargo command of its own so that no other
    /// package's features reach it, and returns the file.
    pub(crate) fn build_cdylib(
        &self,
        package: &str,
        change: impl FnOnce(Invocation) -> Invocation,
    ) -> Result<PathBuf> {
        let build = self
            .cargo(["rustc", "--release", "--lib", "--crate-type", "cdylib"])
            .args([
                "--message-format",
                "json-render-diagnostics",
                "--package",
                package,
            ]);
        let messages = change(build).output()?;
        let crate_name = package.replace('-', "_");
        String::from_utf8_lossy(&messages)
            .lines()
            .filter_map(|line| serde_json::from_str::<Message>(line).ok())
            .filter(|message| message.reason == "compiler-artifact")
            .filter(|message| {
                message
                    .target
                    .as_ref()
                    .is_some_and(|target| target.name == crate_name)
            })
            .filter_map(|message| message.filenames)
            .flatten()
            .find(|file| file.extension() == Some(OsStr::new(env::consts::DLL_EXTENSION)))
            .with_context(|| {
                format!("cargo built `{package}` but reported no shared library of it")
            })
    }

    /// Builds `package`'s program in the release profile, and returns the file.
    pub(crate) fn build_program(&self, package: &str) -> Result<PathBuf> {
        let messages = self
            .cargo([
                "build",
                "--quiet",
                "--release",
                "--bins",
                "--message-format",
            ])
            .args(["json-render-diagnostics", "--package", package])
            .output()?;
        String::from_utf8_lossy(&messages)
            .lines()
            .filter_map(|line| serde_json::from_str::<Message>(line).ok())
            .find_map(|message| message.executable)
            .with_context(|| format!("cargo built `{package}` but reported no program of it"))
    }
}

/// How a program ended that had a limit.
#[derive(Debug)]
pub(crate) enum Ended {
    /// By itself.
    InTime {
        /// Whether its exit code was 0.
        success: bool,
        /// Its exit code, or the signal, in words.
        how: String,
    },
    /// It was killed.
    Late,
}

/// One command as it will be run, and as it is shown.
#[derive(Debug)]
pub(crate) struct Invocation {
    shown: Vec<String>,
    variables: BTreeMap<String, OsString>,
    command: Command,
}

impl Invocation {
    /// The cargo that runs us.
    fn cargo<'a>(args: impl IntoIterator<Item = &'a str>) -> Self {
        let program = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        Self::named("cargo", &program).args(args)
    }

    /// Any other program.
    pub(crate) fn program(program: impl AsRef<OsStr>) -> Self {
        let program = program.as_ref();
        Self::named(&program.to_string_lossy(), program)
    }

    fn named(name: &str, program: &OsStr) -> Self {
        Self {
            shown: vec![name.to_owned()],
            variables: BTreeMap::new(),
            command: Command::new(program),
        }
    }

    /// Adds arguments.
    pub(crate) fn args(mut self, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        for arg in args {
            self.shown.push(arg.as_ref().to_string_lossy().into_owned());
            self.command.arg(arg);
        }
        self
    }

    /// Sets an environment variable, and shows it.
    pub(crate) fn variable(mut self, name: &str, value: impl Into<OsString>) -> Self {
        let value = value.into();
        self.command.env(name, &value);
        self.variables.insert(name.to_owned(), value);
        self
    }

    /// Sets an environment variable whose value is a path of this machine: it is not shown.
    pub(crate) fn hidden_variable(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Runs in `directory`.
    pub(crate) fn directory(mut self, directory: &Path) -> Self {
        self.command.current_dir(directory);
        self
    }

    /// Sends what the program prints to our stderr, so that our stdout stays ours.
    pub(crate) fn printing_to_stderr(mut self) -> Self {
        self.command.stdout(io::stderr());
        self
    }

    /// Runs it and returns how it ended.
    pub(crate) fn status(mut self) -> Result<ExitStatus> {
        self.command
            .status()
            .with_context(|| format!("cannot run `{self}`"))
    }

    /// Runs it and fails unless it succeeds.
    pub(crate) fn run(self) -> Result<()> {
        let shown = self.to_string();
        let status = self.status()?;
        if !status.success() {
            bail!("`{shown}` failed ({status})");
        }
        Ok(())
    }

    /// Runs it, hands on each line that it prints, and fails unless it succeeds. Its stderr is ours.
    pub(crate) fn run_by_line(mut self, mut line: impl FnMut(&str)) -> Result<()> {
        let mut child = self
            .command
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot run `{self}`"))?;
        let printed = child.stdout.take().map(BufReader::new);
        for printed in printed.into_iter().flat_map(BufRead::lines) {
            line(&printed.with_context(|| format!("cannot read what `{self}` prints"))?);
        }
        let status = child
            .wait()
            .with_context(|| format!("cannot wait for `{self}`"))?;
        if !status.success() {
            bail!("`{self}` failed ({status})");
        }
        Ok(())
    }

    /// Runs it, kills it when it takes too long, and returns the lines that it printed. Its stderr is ours.
    pub(crate) fn lines_within(mut self, limit: Duration) -> Result<(Vec<String>, Ended)> {
        let mut child = self
            .command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot run `{self}`"))?;
        let printed = child.stdout.take().map(BufReader::new);
        let (sender, receiver) = mpsc::channel();
        let reader = thread::spawn(move || {
            let mut lines = Vec::new();
            for line in printed.into_iter().flat_map(|printed| printed.split(b'\n')) {
                let Ok(line) = line else { break };
                lines.push(
                    String::from_utf8_lossy(&line)
                        .trim_end_matches('\r')
                        .to_owned(),
                );
            }
            // Nobody waits any more when it was killed.
            let _ = sender.send(());
            lines
        });
        // It ends when it has closed what it prints to, or soon after.
        let in_time = receiver.recv_timeout(limit).is_ok();
        if !in_time {
            child
                .kill()
                .with_context(|| format!("cannot end `{self}`"))?;
        }
        let status = child
            .wait()
            .with_context(|| format!("cannot wait for `{self}`"))?;
        let ended = if in_time {
            Ended::InTime {
                success: status.success(),
                how: status.to_string(),
            }
        } else {
            Ended::Late
        };
        let Ok(lines) = reader.join() else {
            bail!("the lines of `{self}` could not be read")
        };
        Ok((lines, ended))
    }

    /// Runs it, fails unless it succeeds, and returns what it printed. Its stderr is ours.
    pub(crate) fn output(mut self) -> Result<Vec<u8>> {
        let output = self
            .command
            .stderr(Stdio::inherit())
            .output()
            .with_context(|| format!("cannot run `{self}`"))?;
        if !output.status.success() {
            bail!("`{self}` failed ({})", output.status);
        }
        Ok(output.stdout)
    }

    /// Whether it runs and succeeds, in silence.
    pub(crate) fn succeeds(mut self) -> bool {
        let quiet = self
            .command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        quiet.status().is_ok_and(|status| status.success())
    }
}

impl fmt::Display for Invocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, value) in &self.variables {
            let value = value.to_string_lossy();
            if value.contains(' ') {
                write!(f, "{name}='{value}' ")?
            } else {
                write!(f, "{name}={value} ")?
            }
        }
        for (position, word) in self.shown.iter().enumerate() {
            let space = if position == 0 { "" } else { " " };
            if word.is_empty() || word.contains([' ', '*']) {
                write!(f, "{space}'{word}'")?;
            } else {
                write!(f, "{space}{word}")?;
            }
        }
        Ok(())
    }
}

/// `a`, `b` and `c`, in backticks, for a message.
pub(crate) fn quoted(names: &[&str]) -> String {
    names
        .iter()
        .map(|name| format!("`{name}`"))
        .collect::<Vec<_>>()
        .join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_shown_as_a_shell_would_take_it() {
        let shown = Invocation::cargo(["test", "--test", "*"])
            .variable("RUSTFLAGS", "-D warnings")
            .to_string();
        assert_eq!(shown, "RUSTFLAGS='-D warnings' cargo test --test '*'");
    }

    #[test]
    fn a_missing_package_is_named() {
        let workspace = Workspace {
            root: "r".into(),
            target: "t".into(),
            packages: vec!["here".into()],
        };
        assert!(workspace.require(["here"]).is_ok());
        let error = workspace
            .require(["here", "gone", "lost"])
            .map_err(|error| error.to_string());
        assert_eq!(
            error,
            Err("the workspace has no package `gone`, `lost`".to_owned())
        );
    }
}
