//! From a folder to the stages of a pipeline.

use std::env::consts::DLL_EXTENSION;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use polyplug::{Caller, Runtime};
use stage_api::Stage;

use crate::failure::Failure;

/// A library that is in the folder and not in the pipeline.
#[derive(Debug)]
pub(crate) struct Skipped {
    pub(crate) path: PathBuf,
    pub(crate) reason: String,
}

/// A stage that can run.
#[derive(Debug)]
pub(crate) struct Ready {
    pub(crate) name: String,
    pub(crate) position: u32,
    pub(crate) description: String,
    pub(crate) stage: Caller<dyn Stage>,
}

/// The shared libraries in `folder`, by name, so that every run loads them in the same order.
pub(crate) fn libraries(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let list = || -> io::Result<Vec<PathBuf>> {
        fs::read_dir(folder)?
            .map(|entry| Ok(entry?.path()))
            .collect()
    };
    let mut paths = list().map_err(|error| {
        Failure::Usage(format!(
            "cannot read the plugin folder `{}`: {error}",
            folder.display()
        ))
    })?;
    paths.retain(|path| path.extension() == Some(OsStr::new(DLL_EXTENSION)));
    paths.sort();
    if paths.is_empty() {
        return Err(Failure::Usage(format!(
            "the plugin folder `{}` has no shared library (`*.{DLL_EXTENSION}`) in it",
            folder.display()
        )));
    }
    Ok(paths)
}

/// Loads them all. One that cannot be loaded is skipped with the reason; it does not stop the others.
pub(crate) fn load(runtime: &Runtime, libraries: &[PathBuf]) -> Vec<Skipped> {
    libraries
        .iter()
        .filter_map(|path| {
            let error = runtime.load(path).err()?;
            Some(Skipped {
                path: path.clone(),
                reason: format!("{error:#}"),
            })
        })
        .collect()
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
