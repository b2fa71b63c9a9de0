//! Threads, reloads and unloads.

use std::thread;
use std::time::Duration;

use anyhow::{Result, bail};
use conformance_api::{Life, Objects, Values};
use polyplug::FaultKind;

use crate::stage::{Files, Stage};
use crate::{equal, faulted};

/// Runs it on so many threads; the first error of one, or its panic.
fn on_threads(count: u32, work: impl Fn(u32) -> Result<()> + Sync) -> Result<()> {
    thread::scope(|scope| {
        let threads: Vec<_> = (0..count)
            .map(|number| {
                let work = &work;
                scope.spawn(move || work(number))
            })
            .collect();
        for thread in threads {
            match thread.join() {
                Ok(outcome) => outcome?,
                Err(_) => bail!("a thread panicked"),
            }
        }
        Ok(())
    })
}

pub(super) fn threads(stage: &Stage) -> Result<()> {
    let (life, values) = (stage.get::<dyn Life>()?, stage.get::<dyn Values>()?);
    on_threads(8, |number| {
        for turn in 0..200 {
            equal(life.add(number.into(), turn), u64::from(number) + turn)?;
            let text = format!("{number} of {turn} 🎈");
            equal(values.same_text(&text), text)?;
        }
        Ok(())
    })
}

pub(super) fn threads_and_the_desk(stage: &Stage) -> Result<()> {
    let life = stage.get::<dyn Life>()?;
    on_threads(4, |number| {
        for turn in 0..50 {
            let answer = life.lookup(&format!("{number} {turn}"));
            equal(answer, Some(format!("{number} {turn}?")))?;
        }
        Ok(())
    })
}

pub(super) fn reload(files: &Files) -> Result<()> {
    let stage = Stage::new(files)?;
    let life = stage.get::<dyn Life>()?;
    equal((life.count(), life.count()), (1, 2))?;
    stage.module.reload()?;
    equal(life.count(), 3)
}

pub(super) fn call_after_unload(files: &Files) -> Result<()> {
    let stage = Stage::new(files)?;
    let life = stage.get::<dyn Life>()?;
    equal(life.add(2, 3), 5)?;
    drop(stage.module.unload());
    let fault = faulted(|| life.add(2, 3), "")?;
    equal(fault.kind(), FaultKind::Unloaded)?;
    equal(stage.runtime.get::<dyn Life>().is_err(), true)
}

pub(super) fn call_during_unload(files: &Files) -> Result<()> {
    let stage = Stage::new(files)?;
    let life = stage.get::<dyn Life>()?;
    let waiting = thread::spawn(move || life.wait(200));
    thread::sleep(Duration::from_millis(60));
    drop(stage.module.unload());
    equal(waiting.join().ok(), Some(200))
}

pub(super) fn load_after_unload(files: &Files) -> Result<()> {
    let stage = Stage::new(files)?;
    drop(stage.module.unload());
    let module = stage.runtime.load(&files.guest)?;
    equal(module.get::<dyn Life>()?.add(2, 3), 5)
}

pub(super) fn object_after_unload(files: &Files) -> Result<()> {
    let stage = Stage::new(files)?;
    let listener = stage.get::<dyn Objects>()?.listener("later");
    drop(stage.module.unload());
    equal(listener.name(), "later")
}
