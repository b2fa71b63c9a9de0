//! One host with one guest: its runner is started, and what it says is judged.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use anyhow::Result;

use super::cases::{Case, Cases};
use super::languages::{Common, Program};
use crate::cargo::{Ended, Invocation};

/// How long a runner may take; nothing in the kit takes a tenth of it.
const LIMIT: Duration = Duration::from_secs(120);

/// What a runner says of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It went as the file has it.
    Passed,
    /// It did not.
    Failed,
    /// It did not, and the file says why it cannot.
    Cannot,
}

/// One host with one guest.
#[derive(Debug)]
pub(crate) struct Cell {
    /// The host's language.
    pub(crate) host: String,
    /// The guest's language.
    pub(crate) guest: String,
    /// By the name of the case.
    pub(crate) outcomes: BTreeMap<String, Outcome>,
    /// Everything that is not as it should be.
    pub(crate) problems: Vec<String>,
}

impl Cell {
    /// Starts the runner and judges what it prints.
    ///
    /// # Errors
    /// When it cannot be started.
    pub(crate) fn run(
        cases: &Cases,
        (host, program): (&str, &Program),
        (guest, loader, file): (&str, Option<&Path>, &Path),
        common: &Common,
    ) -> Result<Self> {
        let mut runner = Invocation::program(&program.program)
            .args(&program.arguments)
            .args([&common.contracts, &common.peer])
            .args([loader.unwrap_or(Path::new("-")), file, &common.cases])
            .args([guest]);
        for (name, value) in &program.variables {
            runner = runner.hidden_variable(name, value);
        }
        let (lines, ended) = runner.lines_within(LIMIT)?;
        Ok(Self::judge(cases, host, guest, &lines, &ended))
    }

    /// What the lines of a runner mean.
    fn judge(cases: &Cases, host: &str, guest: &str, lines: &[String], ended: &Ended) -> Self {
        let mut cell = Self {
            host: host.to_owned(),
            guest: guest.to_owned(),
            outcomes: BTreeMap::new(),
            problems: Vec::new(),
        };
        for line in lines {
            cell.take(cases, line);
        }
        let left_out: Vec<_> = cases
            .cases
            .iter()
            .map(|case| case.name.as_str())
            .filter(|name| !cell.outcomes.contains_key(*name))
            .collect();
        if let Some(first) = left_out.first() {
            let count = left_out.len();
            cell.problems.push(format!(
                "{count} cases are left out, the first is `{first}`"
            ));
        }
        let failed = cell.count(Outcome::Failed) > 0;
        match ended {
            Ended::InTime { success: true, .. } if failed => cell
                .problems
                .push("the runner ended well, though cases failed".to_owned()),
            Ended::InTime {
                success: false,
                how,
            } if !failed => {
                cell.problems
                    .push(format!("no case failed, but the runner ended with {how}"));
            }
            Ended::InTime { .. } => {}
            Ended::Late => cell.problems.push(format!(
                "the runner was ended: it had not after {} seconds",
                LIMIT.as_secs()
            )),
        }
        cell
    }

    /// Takes one line.
    fn take(&mut self, cases: &Cases, line: &str) {
        let mut parts = line.splitn(3, '\t');
        let name = parts.next().unwrap_or_default();
        let word = parts.next().unwrap_or_default();
        let detail = parts.next().unwrap_or_default();
        let Some(case) = cases.cases.iter().find(|case| case.name == name) else {
            self.problems
                .push(format!("a line that is about no case: {line}"));
            return;
        };
        let outcome = match word {
            "passed" => Outcome::Passed,
            "failed" => Outcome::Failed,
            "cannot" => Outcome::Cannot,
            _ => {
                self.problems
                    .push(format!("neither passed, failed nor cannot: {line}"));
                return;
            }
        };
        if self.outcomes.insert(case.name.clone(), outcome).is_some() {
            self.problems.push(format!("`{name}` is there twice"));
        }
        self.agree(cases, case, outcome, detail);
    }

    /// Whether the outcome is what the list of what cannot be done says.
    fn agree(&mut self, cases: &Cases, case: &Case, outcome: Outcome, detail: &str) {
        let name = &case.name;
        let row = cases.listed(case, &self.host, &self.guest).next();
        match (outcome, row) {
            (Outcome::Failed, _) => self.problems.push(format!("`{name}` failed: {detail}")),
            (Outcome::Cannot, None) => self.problems.push(format!(
                "`{name}` cannot be done, and the list does not say why: {detail}"
            )),
            (Outcome::Passed, Some(row)) => self.problems.push(format!(
                "`{name}` passed, but the list says that {} cannot: {}",
                row.language, row.why
            )),
            (Outcome::Passed, None) | (Outcome::Cannot, Some(_)) => {}
        }
    }

    /// How many cases went so.
    pub(crate) fn count(&self, outcome: Outcome) -> usize {
        self.outcomes
            .values()
            .filter(|&&other| other == outcome)
            .count()
    }

    /// In a line.
    pub(crate) fn summary(&self) -> String {
        let [passed, failed, cannot] =
            [Outcome::Passed, Outcome::Failed, Outcome::Cannot].map(|outcome| self.count(outcome));
        let mut text = format!("{passed} passed");
        for (count, word) in [
            (cannot, "cannot"),
            (failed, "FAILED"),
            (self.problems.len(), "PROBLEMS"),
        ] {
            if count > 0 {
                text.push_str(&format!(", {count} {word}"));
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(lines: &[&str], ended: &Ended) -> Vec<String> {
        let cases: Cases = serde_json::from_str(
            r#"{
                "cases": [{"name": "one", "feature": "f"}, {"name": "other", "feature": "g"}],
                "cannot": [{"language": "lua", "role": "guest", "case": "other", "why": "so"}]
            }"#,
        )
        .expect("cases");
        let lines: Vec<_> = lines.iter().map(|&line| line.to_owned()).collect();
        Cell::judge(&cases, "rust", "lua", &lines, ended).problems
    }

    const WELL: Ended = Ended::InTime {
        success: true,
        how: String::new(),
    };

    fn badly() -> Ended {
        Ended::InTime {
            success: false,
            how: "signal 11".to_owned(),
        }
    }

    #[test]
    fn a_runner_that_says_all_conforms() {
        assert!(judged(&["one\tpassed\t", "other\tcannot\tno"], &WELL).is_empty());
    }

    #[test]
    fn whatever_is_wrong_is_said() {
        let passed = "one\tpassed\t";
        let cannot = "other\tcannot\tno";
        for (lines, ended, problem) in [
            (
                &[passed][..],
                &WELL,
                "1 cases are left out, the first is `other`",
            ),
            (&[], &badly(), "2 cases are left out, the first is `one`"),
            (
                &["one\tfailed\tboom", cannot],
                &badly(),
                "`one` failed: boom",
            ),
            (
                &["one\tfailed\tboom", cannot],
                &WELL,
                "ended well, though cases failed",
            ),
            (
                &["one\tcannot\tno", cannot],
                &WELL,
                "the list does not say why: no",
            ),
            (
                &[passed, "other\tpassed\t"],
                &WELL,
                "the list says that lua cannot: so",
            ),
            (&[passed, passed, cannot], &WELL, "`one` is there twice"),
            (&[passed, "third\tpassed\t", cannot], &WELL, "about no case"),
            (
                &["one\tskipped\t", cannot],
                &WELL,
                "neither passed, failed nor cannot",
            ),
            (&[passed, cannot], &badly(), "ended with signal 11"),
            (
                &[passed, cannot],
                &Ended::Late,
                "it had not after 120 seconds",
            ),
        ] {
            let problems = judged(lines, ended);
            assert!(
                problems.iter().any(|other| other.contains(problem)),
                "`{problem}` is not among {problems:?}"
            );
        }
    }
}
