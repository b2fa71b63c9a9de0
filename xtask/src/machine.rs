//! The machine that a measurement was made on, in one line.

use std::env;
use std::fmt;
use std::fs;
use std::thread;

use crate::cargo::Invocation;

/// What a reader needs to compare a figure with theirs.
#[derive(Debug)]
pub(crate) struct Machine {
    cpu: String,
    cores: usize,
    kernel: String,
    rustc: String,
}

impl Machine {
    /// This one. What the system does not tell is called unknown.
    pub(crate) fn this() -> Self {
        let unknown = || "unknown".to_owned();
        let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        let rustc = Invocation::program(rustc).args(["--version"]).output();
        Self {
            cpu: cpu_model().unwrap_or_else(|| format!("{} (model unknown)", env::consts::ARCH)),
            cores: thread::available_parallelism().map_or(0, usize::from),
            kernel: kernel().unwrap_or_else(|| env::consts::OS.to_owned()),
            rustc: rustc.map_or_else(
                |_| unknown(),
                |text| String::from_utf8_lossy(&text).trim().to_owned(),
            ),
        }
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}, {} cores, {}, {}",
            self.cpu, self.cores, self.kernel, self.rustc
        )
    }
}

fn cpu_model() -> Option<String> {
    let text = fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

fn kernel() -> Option<String> {
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").ok()?;
    Some(format!("Linux {}", release.trim()))
}
