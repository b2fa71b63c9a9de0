//! Unload and reload: one at a time on a module, with no lock of the runtime held while code of a plugin runs.
//!
//! A reload with a state goes through a *gate*, so that no update is lost: the module's pointer leads to a waiting generation;
//! new calls of threads that are not inside wait there, calls that are inside end, pins are given up; then the state is
//! saved, restored in the new version, the pointer swapped once for all contracts of the module, and the gate opened.
//! Whatever fails on the way, the pointer goes back to the old generation, which never stopped to be whole.

use core::time::Duration;
use std::sync::Arc;
use std::time::Instant;

use super::admission::Candidate;
use super::bundle;
use super::domain;
use super::events::Event;
use super::generation::{Gate, GenerationCore, Stage};
use super::module::{Module, ModuleCore};
use super::reaper;
use super::report::{CallHolder, Holders, ReloadReport, UnloadOutcome, UnloadReport};
use super::runtime::RuntimeInner;
use super::state;
use super::threads::{HoldReason, ThreadHolder};
use crate::error::{Error, Result};

/// Makes a module unreachable and hands it to the reaper; nothing when it was already. Waits for nothing.
pub(crate) fn withdraw(runtime: &RuntimeInner, module: &ModuleCore) -> Option<Arc<GenerationCore>> {
    let (offered, reserved) = {
        let mut state = module.state();
        if !state.loaded {
            return None;
        }
        state.loaded = false;
        state.needs.clear();
        (state.offered.clone(), state.reserved.clone())
    };
    runtime.write().remove(module, &offered, &reserved);
    // After that nobody finds it anew; what was found before is forgotten.
    runtime.fast.forget(module.stamp);
    let (old, _) = module.cell.swap(None);
    let old = old?;
    old.is_last();
    domain::pass_barrier();
    let values = module.each().map(|each| each.withdraw());
    {
        let mut state = module.state();
        state.last = Some(Arc::clone(&old));
        state.values = values.unwrap_or_default();
    }
    reaper::retire(Arc::clone(&old));
    Some(old)
}

/// See [`Module::unload`] and [`Module::unload_within`].
pub(crate) fn unload(module: &Module, limit: Option<Duration>) -> UnloadReport {
    let start = Instant::now();
    let core = &module.core;
    let report = |outcome| UnloadReport {
        module: core.source.clone(),
        outcome,
        holders: Holders::default(),
        dependents: Vec::new(),
        reason: None,
        waited: Duration::ZERO,
        cascaded: Vec::new(),
    };
    let Some(alone) = core.alone.begin() else {
        return report(UnloadOutcome::Busy);
    };
    let dependents = dependents(module);
    if !dependents.is_empty() && core.state().loaded {
        return UnloadReport {
            dependents,
            ..report(UnloadOutcome::Refused)
        };
    }
    let withdrawn = withdraw(module.runtime.inner(), core);
    drop(alone);
    if withdrawn.is_some() {
        module.runtime.tell(&Event::Unloading {
            module: core.source.clone(),
        });
    }
    let told = withdrawn.is_some();
    let Some(last) = withdrawn.or_else(|| core.state().last.clone()) else {
        return report(UnloadOutcome::Retiring);
    };
    // What the host provides to each plugin ends with the provision.
    let all: Vec<_> = [vec![last], core.state().values.clone()].concat();
    if let Some(limit) = limit {
        let until = end_of(start, limit);
        all.iter().for_each(|generation| wait(generation, until));
    }
    let report = receipt(&all, report(UnloadOutcome::Retiring), limit.is_some());
    let report = UnloadReport {
        waited: start.elapsed(),
        ..report
    };
    if told {
        module.runtime.tell(&Event::Unloaded {
            module: core.source.clone(),
            report: report.clone(),
        });
    }
    report
}

/// When a wait is over; in thirty years, when the limit is none.
fn end_of(start: Instant, limit: Duration) -> Instant {
    const NEVER: Duration = Duration::from_secs(1_000_000_000);
    start.checked_add(limit).unwrap_or(start + NEVER)
}

/// The names of the plugins in other modules that need this one.
fn dependents(module: &Module) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for dependent in module.dependents() {
        for need in &dependent.core.state().needs {
            if Arc::ptr_eq(&need.provider, &module.core) && !names.contains(&need.plugin) {
                names.push(need.plugin.clone());
            }
        }
    }
    names
}

/// See [`Module::unload_cascade`].
pub(crate) fn unload_cascade(module: &Module) -> UnloadReport {
    let mut cascaded = Vec::new();
    for dependent in module.dependents().into_iter().rev() {
        if dependent.is_loaded() {
            let mut report = unload_cascade(&dependent);
            cascaded.append(&mut report.cascaded);
            cascaded.push(report);
        }
    }
    UnloadReport {
        cascaded,
        ..unload(module, None)
    }
}

/// Waits for calls, pins and the end of the states, then for what holds the image and is about to let go.
fn wait(last: &GenerationCore, until: Instant) {
    if reaper::is_current() || domain::was_forked() {
        return;
    }
    let me = domain::current_thread();
    let only_me = || {
        let holders = holders(last);
        let others = holders.calls.iter().any(|call| call.thread != me);
        !others && !holders.calls.is_empty() && holders.pins == 0
    };
    let others = |threads: Vec<ThreadHolder>| {
        let mut threads = threads.into_iter();
        threads.any(|thread| thread.reason() == HoldReason::ThreadLocals)
    };
    let is_enough = |stage: Stage| match stage {
        Stage::Live => true,
        Stage::Draining => only_me(),
        // Instances, objects and thread-locals are not waited for: they end when their owners do.
        Stage::Finished => last
            .mapped
            .as_ref()
            .is_none_or(|mapped| mapped.holds() != 0 || others(mapped.threads())),
        Stage::Stays | Stage::Unmapped => true,
    };
    let stage = last.progress.wait(until, is_enough);
    // A thread that waits for the end of a module is not going to be the one that holds it.
    if stage == Stage::Finished
        && let Some(mapped) = &last.mapped
        && mapped.holds() == 0
        && last.cell.inside(last).is_empty()
    {
        // SAFETY: asked a line above; the states are gone at this stage.
        unsafe { mapped.end_thread_locals_here() };
        reaper::wake();
        last.progress.wait(until, is_enough);
    }
}

/// Who holds a version of a module.
pub(crate) fn holders(generation: &GenerationCore) -> Holders {
    let stage = generation.progress.stage();
    let mut holders = Holders::default();
    if stage >= Stage::Unmapped {
        return holders;
    }
    if stage <= Stage::Draining {
        let calls = generation.cell.inside(generation).into_iter();
        holders.calls = calls
            .map(|thread| CallHolder {
                thread,
                name: domain::name_of(thread),
            })
            .collect();
    }
    holders.pins = generation.pins();
    holders.instances = generation.instances();
    if let Some(mapped) = &generation.mapped {
        let instances: usize = holders.instances.iter().map(|(_, count)| count).sum();
        holders.objects = mapped.holds().saturating_sub(instances);
        holders.threads = mapped.threads();
        if mapped.stays().is_some() {
            // What runs at their end is never taken from them.
            let lasting = |thread: &ThreadHolder| thread.reason() != HoldReason::ThreadLocals;
            holders.threads.retain(lasting);
        }
    }
    holders
}

/// Fills in what is true of a module that is unloaded: of its last version first, then of what goes with it.
fn receipt(all: &[Arc<GenerationCore>], report: UnloadReport, waited: bool) -> UnloadReport {
    let holders = all.iter().map(|generation| holders(generation));
    let holders = holders.reduce(Holders::and).unwrap_or_default();
    let mapped = all.first().and_then(|last| last.mapped.as_ref());
    let stays = match mapped {
        Some(mapped) => mapped.stays(),
        None => Some("it is part of this program".to_owned()),
    };
    let stages = all.iter().map(|generation| generation.progress.stage());
    let stage = stages.min().unwrap_or(Stage::Live);
    let outcome = match stage {
        Stage::Unmapped => UnloadOutcome::Unmapped,
        Stage::Live | Stage::Draining if waited && !holders.is_empty() => {
            if holders.calls.is_empty() && holders.pins == 0 {
                UnloadOutcome::Retiring
            } else if holders.pins != 0 && holders.calls.is_empty() {
                UnloadOutcome::Held
            } else {
                UnloadOutcome::Retiring
            }
        }
        _ if !holders.is_empty() && holders.calls.is_empty() => UnloadOutcome::Held,
        Stage::Stays => UnloadOutcome::StaysMapped,
        _ => UnloadOutcome::Retiring,
    };
    UnloadReport {
        outcome,
        holders,
        reason: stays.filter(|_| outcome == UnloadOutcome::StaysMapped),
        ..report
    }
}

/// See [`Module::reload_within`].
pub(crate) fn reload(module: &Module, limit: Duration) -> Result<ReloadReport> {
    let core = &module.core;
    let name = || core.source.clone();
    let Some(alone) = core.alone.begin() else {
        return Err(Error::Busy { module: name() });
    };
    let Some(old) = core.current() else {
        return Err(Error::NotLoaded { module: name() });
    };
    if core.path.is_none() || core.state().settings.in_place {
        return Err(Error::NotReloadable { module: name() });
    }
    if domain::is_inside(old.head()) {
        return Err(Error::Reentrant { module: name() });
    }
    module.runtime.tell(&Event::Reloading { module: name() });
    let reloaded = replace(module, &old, limit);
    drop(alone);
    match &reloaded {
        Ok(report) => module.runtime.tell(&Event::Reloaded {
            module: name(),
            report: report.clone(),
        }),
        Err(error) => module.runtime.tell(&Event::Failed {
            module: name(),
            error: format!("{error:#}"),
            code: error.code(),
        }),
    }
    reloaded
}

/// Names that the new version has reserved beyond the old one's; given back unless it is published.
struct NewNames<'m> {
    runtime: &'m RuntimeInner,
    names: Vec<String>,
}

impl Drop for NewNames<'_> {
    fn drop(&mut self) {
        let mut registry = self.runtime.write();
        let reserved = super::registry::Reserved {
            names: core::mem::take(&mut self.names),
            ..Default::default()
        };
        registry.give_back(&reserved);
    }
}

/// The steps of a reload. When one fails, the old version is what it was.
fn replace(module: &Module, old: &Arc<GenerationCore>, limit: Duration) -> Result<ReloadReport> {
    let start = Instant::now();
    let core = &module.core;
    let runtime = module.runtime.inner();
    let path = core
        .path
        .as_deref()
        .unwrap_or_else(|| unreachable!("asked before"));
    let settings = core.state().settings.clone();
    let chosen = bundle::chosen(path)?;
    if let Some(bundle) = &chosen.bundle {
        bundle.check(&runtime.read(), Some(core.stamp))?;
    }
    let opened = module
        .runtime
        .open_module(&chosen.library, settings.init_options(), &settings)?;
    let candidate =
        Candidate::version(opened, core.source.clone(), core.cell, core.stamp, settings);
    let mut candidate = candidate.chosen(chosen)?.may_abort()?;
    candidate.leave_out()?;
    let names = candidate.names();
    let before = core.state().reserved.names.clone();
    let given: Vec<_> = names.iter().map(String::as_str).collect();
    runtime
        .write()
        .reserve_names(&given, &before, &core.source)?;
    let mut new_names = NewNames {
        runtime,
        names: names
            .iter()
            .filter(|name| !before.contains(name))
            .cloned()
            .collect(),
    };
    let needs = candidate.check(runtime)?;
    candidate.provide_each(runtime)?;

    let gated = gated(old, &candidate);
    let gate = if gated.is_empty() {
        None
    } else {
        Some(Closed::before(old, limit)?)
    };
    let waited = start.elapsed();
    let mut restored = Vec::new();
    for plugin in candidate.order() {
        let name = candidate.info()[plugin].name.clone();
        let mut saved = None;
        let mut previous = String::new();
        if let Some(before) = old.plugin(&name) {
            previous.clone_from(&before.info.version);
            if gated.contains(&plugin)
                && let Some(descriptor) = before.descriptor()
            {
                // SAFETY: G3; behind the gate nobody is inside, and the state lives as long as the generation.
                saved = unsafe { state::save(descriptor, before.state(), &name) }?;
            }
        }
        if saved.is_some() {
            restored.push(name);
        }
        candidate.construct(runtime, plugin, &previous, saved.as_deref())?;
    }

    // From here on nothing fails.
    let published = candidate.state();
    let number = old.number + 1;
    let new = candidate.into_generation(number);
    let (before_offered, before_names) = {
        let mut state = core.state();
        let before = (state.offered.clone(), state.reserved.names.clone());
        state.info = published.info;
        state.described = published.described;
        state.skipped = published.skipped;
        state.bundle = published.bundle;
        #[cfg(feature = "watch")]
        {
            state.print = published.print;
        }
        state.offered.clone_from(&published.offered);
        state.reserved.names.clone_from(&names);
        state.needs = needs;
        before
    };
    let lost = {
        let mut registry = runtime.write();
        let (_, lost) = core.cell.swap(Some(new));
        registry.replace(
            core,
            &before_offered,
            &published.offered,
            (&before_names, &names),
            &core.source,
        );
        lost
    };
    new_names.names.clear();
    runtime.fast.forget(core.stamp);
    drop(gate);
    domain::pass_barrier();
    reaper::retire(Arc::clone(old));
    Ok(ReloadReport {
        module: core.source.clone(),
        number,
        restored,
        lost: lost.into_iter().collect(),
        took: start.elapsed(),
        waited: if gated.is_empty() {
            Duration::ZERO
        } else {
            waited
        },
    })
}

/// The plugins of the new version that get the state of the old one, by number.
fn gated(old: &GenerationCore, new: &Candidate) -> Vec<usize> {
    let restores = |plugin: usize| {
        let descriptor = new.descriptor(plugin)?;
        // SAFETY: read at load, of an image that is mapped while the candidate lives.
        unsafe { (*descriptor).restore }
    };
    let saves = |name: &str| {
        let plugin = old.plugin(name)?;
        plugin.descriptor()?.save?;
        (!plugin.state().is_null()).then_some(())
    };
    let plugins = new.info().iter().enumerate();
    plugins
        .filter(|(number, info)| saves(&info.name).is_some() && restores(*number).is_some())
        .map(|(number, _)| number)
        .collect()
}

/// A gate that is closed, with nobody behind it; opened when dropped.
struct Closed {
    gate: Arc<Gate>,
}

impl Closed {
    fn before(old: &Arc<GenerationCore>, limit: Duration) -> Result<Self> {
        let until = end_of(Instant::now(), limit);
        let gate = Gate::before(old);
        old.cell.set_gate(Some(gate.head()));
        let closed = Self { gate };
        domain::pass_barrier();
        let mut pause = Duration::from_micros(20);
        loop {
            let inside = old.cell.inside(old);
            if inside.is_empty() && old.pins() == 0 {
                return Ok(closed);
            }
            if Instant::now() >= until {
                let mut holders = holders(old);
                // Instances and objects do not keep a state from being saved.
                holders.instances.clear();
                holders.objects = 0;
                holders.threads.clear();
                return Err(Error::ReloadTimeout {
                    module: old.source.clone(),
                    limit,
                    holders: holders.to_string(),
                });
            }
            std::thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(2));
        }
    }
}

impl Drop for Closed {
    fn drop(&mut self) {
        // Leads to the owned generation: the old one, or the new one when it was swapped in.
        self.gate.old.cell.set_gate(None);
        self.gate.open();
        domain::pass_barrier();
        reaper::retire_gate(Arc::clone(&self.gate));
    }
}
