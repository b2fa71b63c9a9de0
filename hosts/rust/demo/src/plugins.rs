//! From a folder to the stages of a pipeline.

use std::error::Error as _;
use std::path::{Path, PathBuf};

use polyplug::{Caller, Error, LoadReport, Runtime};
use stage_api::Stage;

use crate::failure::Failure;

/// What became of the files of the folder that are not in the pipeline.
#[derive(Debug, Default)]
pub(crate) struct Absent {
    /// Plugins that cannot be loaded, and why: what they need is missing, or they are broken.
    pub(crate) missing: Vec<(String, String)>,
    /// What is no plugin.
    pub(crate) skipped: Vec<(String, String)>,
}

/// A stage that can run.
#[derive(Debug)]
pub(crate) struct Ready {
    pub(crate) name: String,
    pub(crate) position: u32,
    pub(crate) description: String,
    pub(crate) stage: Caller<dyn Stage>,
}

/// Loads all plugins in the folder, in every language whose loader lies there as well. One that cannot be loaded does not
/// stop the others.
pub(crate) fn load(runtime: &Runtime, folder: &Path) -> Result<Absent, Failure> {
    let report = runtime.load_dir(folder).map_err(|error| {
        let reason = match &error {
            Error::UnreadableFolder { .. } => error.source().map(ToString::to_string),
            _ => None,
        };
        Failure::Usage(format!(
            "cannot read the plugin folder `{}`: {}",
            folder.display(),
            reason.unwrap_or_else(|| format!("{error:#}"))
        ))
    })?;
    if report.loaded().is_empty() && report.failed().is_empty() && report.skipped().is_empty() {
        return Err(Failure::Usage(format!(
            "the plugin folder `{}` is empty",
            folder.display()
        )));
    }
    Ok(absent(&report))
}

fn absent(report: &LoadReport) -> Absent {
    let name = |path: &PathBuf| {
        let name = path.file_name().unwrap_or(path.as_os_str());
        name.to_string_lossy().into_owned()
    };
    let failed = report.failed().iter();
    let skipped = report.skipped().iter();
    Absent {
        missing: failed
            .map(|(path, error)| (name(path), format!("{error:#}")))
            .collect(),
        skipped: skipped
            .map(|(path, why)| (name(path), why.clone()))
            .collect(),
    }
}

/// The stages that the loaded plugins offer, in the order of the pipeline.
pub(crate) fn stages(runtime: &Runtime) -> Result<Vec<Ready>, Failure> {
    let mut stages = Vec::new();
    for provider in runtime.providers::<dyn Stage>() {
        let stage = provider.get()?;
        // These two return no `Result`, so a panic in them would go through this function. Not here.
        let (position, description) = polyplug::catch(|| (stage.position(), stage.describe()))
            .map_err(|fault| Failure::Run(fault.to_string()))?;
        stages.push(Ready {
            name: provider.plugin().to_owned(),
            position,
            description,
            stage,
        });
    }
    stages.sort_by(|a, b| (a.position, &a.name).cmp(&(b.position, &b.name)));
    Ok(stages)
}

/// Those of the stages that are named; all of them when none is.
pub(crate) fn only(mut stages: Vec<Ready>, names: &[String]) -> Result<Vec<Ready>, Failure> {
    if let Some(unknown) = names
        .iter()
        .find(|name| stages.iter().all(|stage| stage.name != **name))
    {
        let known: Vec<_> = stages.iter().map(|stage| stage.name.as_str()).collect();
        return Err(Failure::Usage(format!(
            "there is no stage `{unknown}`; there are: {}",
            known.join(", ")
        )));
    }
    if !names.is_empty() {
        stages.retain(|stage| names.contains(&stage.name));
    }
    Ok(stages)
}
