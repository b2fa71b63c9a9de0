//! Faults, and what comes after them.

use anyhow::{Result, bail};
use conformance_api::{Life, Problem, Values};
use polyplug::FaultKind;

use crate::stage::Stage;
use crate::{equal, faulted};

pub(super) fn after_lies(stage: &Stage) -> Result<()> {
    equal(stage.get::<dyn Values>()?.measure("größer 🎈"), (13, 8))
}

pub(super) fn throw(stage: &Stage) -> Result<()> {
    let life = stage.get::<dyn Life>()?;
    let fault = faulted(|| life.throw("boom 🎈"), "boom 🎈")?;
    let kinds = [FaultKind::Panicked, FaultKind::Threw, FaultKind::Raised];
    equal(kinds.contains(&fault.kind()), true)?;
    equal(
        (fault.plugin(), fault.contract(), fault.method()),
        ("conformance-guest", "conformance.life", "throw"),
    )
}

pub(super) fn throw_place(stage: &Stage) -> Result<()> {
    let life = stage.get::<dyn Life>()?;
    let fault = faulted(|| life.throw("boom"), "boom")?;
    if fault.location().is_none() && fault.trace().is_none() {
        bail!("neither a place nor a traceback");
    }
    Ok(())
}

pub(super) fn throw_into(stage: &Stage) -> Result<()> {
    match stage.get::<dyn Life>()?.throw_into("into") {
        Err(Problem::Fault(fault)) if fault.message().contains("into") => Ok(()),
        other => bail!("{other:?}"),
    }
}
