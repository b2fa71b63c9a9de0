//! Steps with a name: announced, run one after the other, timed, and summed up.

use std::fmt;
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::cargo::Invocation;

/// A step that cannot run here, because the machine lacks something. It is told, and fails nothing.
#[derive(Debug)]
pub(crate) struct Missing {
    /// What is not there.
    pub(crate) what: String,
    /// The command that installs it.
    pub(crate) install: String,
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, install } = self;
        write!(f, "this machine lacks {what}; install it: {install}")
    }
}

impl std::error::Error for Missing {}

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

/// How steps are run.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Rules {
    /// The first failure is the end.
    pub(crate) fail_fast: bool,
    /// What the machine lacks is a failure.
    pub(crate) nothing_missing: bool,
}

/// Runs the steps and says at the end which ones failed. Whether all passed.
pub(crate) fn run(steps: Vec<Step<'_>>, rules: Rules) -> bool {
    let count = steps.len();
    let start = Instant::now();
    let mut failed = Vec::new();
    let mut left_out = Vec::new();
    let mut missing = Vec::new();
    for (position, Step { name, shown, work }) in steps.into_iter().enumerate() {
        if rules.fail_fast && !failed.is_empty() {
            left_out.push(name);
            continue;
        }
        println!("\n== {}/{count} {name}: {shown}", position + 1);
        let start = Instant::now();
        let outcome = work();
        let took = Seconds(start.elapsed());
        match outcome {
            Ok(()) => println!("== {name}: passed in {took}"),
            Err(error) if error.is::<Missing>() => {
                println!("== {name}: MISSING: {error}");
                missing.push(format!("{name}: {error}"));
                if rules.nothing_missing {
                    failed.push(name);
                }
            }
            Err(error) => {
                println!("== {name}: FAILED in {took}: {error:#}");
                failed.push(name);
            }
        }
    }

    println!(
        "\n{} of {count} steps passed in {}",
        count
            - failed.len()
            - left_out.len()
            - if rules.nothing_missing {
                0
            } else {
                missing.len()
            },
        Seconds(start.elapsed())
    );
    if !failed.is_empty() {
        println!("failed: {}", failed.join(", "));
    }
    if !left_out.is_empty() {
        println!("not run: {}", left_out.join(", "));
    }
    for missing in missing {
        println!("missing: {missing}");
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
            Rules::default()
        ));
        assert_eq!(runs.get(), 2);
        let fail_fast = Rules {
            fail_fast: true,
            ..Rules::default()
        };
        assert!(!run(
            vec![step("a", false, &runs), step("b", true, &runs)],
            fail_fast
        ));
        assert_eq!(runs.get(), 3);
        assert!(run(vec![step("b", true, &runs)], fail_fast));
    }

    #[test]
    fn what_the_machine_lacks_fails_nothing_unless_nothing_may_be_missing() {
        let lacking = || {
            Step::check("a", "", || {
                Err(Missing {
                    what: "a language".to_owned(),
                    install: "install it".to_owned(),
                }
                .into())
            })
        };
        let mut rules = Rules {
            fail_fast: true,
            ..Rules::default()
        };
        assert!(run(vec![lacking()], rules));
        rules.nothing_missing = true;
        assert!(!run(vec![lacking()], rules));
    }
}
