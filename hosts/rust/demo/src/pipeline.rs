//! Running the stages one after another, with a stopwatch.

use std::time::{Duration, Instant};

use polyplug::Fault;
use stage_api::{Note, Options, Stage, StageError};

use crate::failure::Failure;
use crate::plugins::Ready;
use crate::progress::Screen;

/// What became of a run.
#[derive(Debug)]
pub(crate) struct Report {
    /// The stages that ran, in order. When a run stops early, the last one is the reason.
    pub(crate) steps: Vec<Step>,
    /// What the last stage that worked made.
    bytes: Vec<u8>,
    /// Whether plugins that broke are skipped.
    skips: bool,
}

/// What became of a stage.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) name: String,
    pub(crate) before: u64,
    pub(crate) after: u64,
    pub(crate) took: Duration,
    /// How often the plugin reported its progress to the host.
    pub(crate) reports: u64,
    pub(crate) outcome: Result<Vec<Note>, StageError>,
}

impl Step {
    /// The fault that ended the stage, if its plugin broke.
    fn fault(&self) -> Option<&Fault> {
        match &self.outcome {
            Err(StageError::Broken(fault)) => Some(fault),
            _ => None,
        }
    }
}

/// Runs `input` through the stages.
///
/// A stage that says no ends the run. So does one that breaks, unless it was asked to: then the next stage gets what the
/// broken one was given.
pub(crate) fn run(stages: &[Ready], input: Vec<u8>, options: &Options, screen: &Screen) -> Report {
    let mut report = Report {
        steps: Vec::new(),
        bytes: input,
        skips: options.sabotage,
    };
    for ready in stages {
        let before = report.bytes.len() as u64;
        let bar = screen.start(&ready.name);
        let start = Instant::now();
        let result = ready.stage.run(&report.bytes, options);
        let took = start.elapsed();

        let (reports, outcome) = match result {
            Ok(output) => {
                report.bytes = output.bytes;
                (bar.finish(), Ok(output.notes))
            }
            Err(error @ StageError::Broken(_)) => (bar.abandon("broke"), Err(error)),
            Err(error) => (bar.abandon("gave up"), Err(error)),
        };
        let step = Step {
            name: ready.name.clone(),
            before,
            after: report.bytes.len() as u64,
            took,
            reports,
            outcome,
        };
        report.steps.push(step);
        if report.stopped_by().is_some() {
            break;
        }
    }
    report
}

impl Report {
    /// The stage that ended the run, if one did.
    pub(crate) fn stopped_by(&self) -> Option<(&str, &StageError)> {
        let step = self.steps.last()?;
        let error = step.outcome.as_ref().err()?;
        let skipped = self.skips && step.fault().is_some();
        (!skipped).then_some((step.name.as_str(), error))
    }

    /// All stages as one; nothing when none ran.
    pub(crate) fn sum(&self) -> Option<Step> {
        Some(Step {
            name: "all".to_owned(),
            before: self.steps.first()?.before,
            after: self.steps.last()?.after,
            took: self.steps.iter().map(|step| step.took).sum(),
            reports: self.steps.iter().map(|step| step.reports).sum(),
            outcome: Ok(Vec::new()),
        })
    }

    /// How plugins broke while the run went on without them.
    pub(crate) fn survived(&self) -> impl Iterator<Item = &Fault> {
        self.steps
            .iter()
            .filter(|_| self.skips)
            .filter_map(Step::fault)
    }

    /// What the last stage made, or why there is nothing.
    pub(crate) fn into_result(self) -> Result<Vec<u8>, Failure> {
        match self.stopped_by() {
            Some((stage, error)) => Err(Failure::Run(format!(
                "the pipeline stopped at `{stage}`: {error}"
            ))),
            None => Ok(self.bytes),
        }
    }
}
