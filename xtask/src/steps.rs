//! Steps with a name: announced, run one after the other, timed, and summed up.

use std::fmt;
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::cargo::Invocation;

/// One thing to do.
pub(crate) struct Step<'a> {
    name: &'static str,
    shown: String,
    work: Box<dyn FnOnce() -> Result<()> + 'a>,
}

impl<'a> Step<'a> {
    /// A step that runs one command.
    pub(crate) fn command(name: &'static str, command: Invocation) -> Self {
        Self {
            name,
            shown: command.to_string(),
            work: Box::new(|| command.run()),
        }
    }

    /// A step that runs our own code; `shown` says what it does.
    pub(crate) fn check(
        name: &'static str,
        shown: impl Into<String>,
        work: impl FnOnce() -> Result<()> + 'a,
    ) -> Self {
        Self {
            name,
            shown: shown.into(),
            work: Box::new(work),
        }
    }
}

impl fmt::Display for Step<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<14} {}", self.name, self.shown)
    }
}

/// Prints the steps.
pub(crate) fn list(steps: &[Step<'_>]) {
    for step in steps {
        println!("  {step}");
    }
}

/// Runs the steps and says at the end which ones failed. Whether all passed.
pub(crate) fn run(steps: Vec<Step<'_>>, fail_fast: bool) -> bool {
    let count = steps.len();
    let start = Instant::now();
    let mut failed = Vec::new();
    let mut left_out = Vec::new();
    for (position, Step { name, shown, work }) in steps.into_iter().enumerate() {
        if fail_fast && !failed.is_empty() {
            left_out.push(name);
            continue;
        }
        println!("\n== {}/{count} {name}: {shown}", position + 1);
        let start = Instant::now();
        let outcome = work();
        let took = Seconds(start.elapsed());
        match outcome {
            Ok(()) => println!("== {name}: passed in {took}"),
            Err(error) => {
                println!("== {name}: FAILED in {took}: {error:#}");
                failed.push(name);
            }
        }
    }

    println!(
        "\n{} of {count} steps passed in {}",
        count - failed.len() - left_out.len(),
        Seconds(start.elapsed())
    );
    if !failed.is_empty() {
        println!("failed: {}", failed.join(", "));
    }
    if !left_out.is_empty() {
        println!("not run: {}", left_out.join(", "));
    }
    failed.is_empty()
}

/// A duration to a tenth of a second.
struct Seconds(Duration);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1} s", self.0.as_secs_f64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;
    use std::rc::Rc;

    fn step(name: &'static str, passes: bool, runs: &Rc<Cell<u32>>) -> Step<'static> {
        let runs = Rc::clone(runs);
        Step::check(name, "", move || {
            runs.set(runs.get() + 1);
            if passes {
                Ok(())
            } else {
                Err(anyhow::anyhow!("no"))
            }
        })
    }

    #[test]
    fn a_failure_does_not_stop_the_others_unless_asked() {
        let runs = Rc::default();
        assert!(!run(
            vec![step("a", false, &runs), step("b", true, &runs)],
            false
        ));
        assert_eq!(runs.get(), 2);
        assert!(!run(
            vec![step("a", false, &runs), step("b", true, &runs)],
            true
        ));
        assert_eq!(runs.get(), 3);
        assert!(run(vec![step("b", true, &runs)], true));
    }
}
