//! Closures of the host's in the guest, and of the guest's in the host.

use std::sync::{Arc, Mutex};

use anyhow::{Context, Result};
use conformance_api::{Closures, Life};
use polyplug::{Caller, Fault};

use crate::stage::Stage;
use crate::{equal, faulted, gone};

fn closures(stage: &Stage) -> Result<Caller<dyn Closures>> {
    stage.get()
}

pub(super) fn lent(stage: &Stage) -> Result<()> {
    equal(closures(stage)?.each(4, &|value| value * 2), [0, 2, 4, 6])
}

pub(super) fn that_changes(stage: &Stage) -> Result<()> {
    let mut seen = Vec::new();
    closures(stage)?.feed(&["a", "", "🎈"], &mut |text, index| {
        seen.push((text.to_owned(), index));
    });
    let golden = [("a", 0), ("", 1), ("🎈", 2)];
    equal(seen, golden.map(|(text, index)| (text.to_owned(), index)))
}

pub(super) fn optional(stage: &Stage) -> Result<()> {
    equal(closures(stage)?.perhaps(None), None)?;
    equal(closures(stage)?.perhaps(Some(&|| true)), Some(true))
}

pub(super) fn result(stage: &Stage) -> Result<()> {
    equal(
        closures(stage)?.checked(&|value| Ok(value + 40)).ok(),
        Some(42),
    )
}

pub(super) fn fails(stage: &Stage) -> Result<()> {
    let checked = closures(stage)?.checked(&|_| Err(Fault::new("no 🎈")));
    let fault = checked.err().context("no fault")?;
    equal(fault.message().contains("the closure said"), true)?;
    equal(fault.message().contains("no 🎈"), true)
}

pub(super) fn kept(stage: &Stage) -> Result<()> {
    let closures = closures(stage)?;
    let alive = Arc::new(());
    let adding = || {
        let (mut sum, alive) = (0, Arc::clone(&alive));
        Box::new(move |value| {
            let _ = &alive;
            sum += value;
            sum
        })
    };
    equal(closures.keep(adding()).is_none(), true)?;
    equal(closures.kept(2).ok(), Some(2))?;
    equal(closures.kept(3).ok(), Some(5))?;
    let mut first = closures.keep(adding()).context("the first is given back")?;
    equal(first(10), 15)?;
    drop(first);
    equal((closures.forget(), closures.forget()), (true, false))?;
    gone(stage, &alive)
}

pub(super) fn not_kept(stage: &Stage) -> Result<()> {
    let fault = closures(stage)?.kept(1).err().context("no fault")?;
    equal(fault.message().contains("nothing is kept"), true)
}

pub(super) fn once(stage: &Stage) -> Result<()> {
    let answer = closures(stage)?.once(Box::new(|text| text + "!"), "a".to_owned());
    equal(answer, "a!")
}

pub(super) fn shared(stage: &Stage) -> Result<()> {
    let twice = closures(stage)?.twice(Arc::new(|value| value * 3));
    equal(twice(2), 18)?;
    let elsewhere = std::thread::spawn(move || twice(2)).join();
    equal(elsewhere.ok(), Some(18))
}

pub(super) fn made(stage: &Stage) -> Result<()> {
    equal(closures(stage)?.adder(5)(37), 42)
}

pub(super) fn panics(stage: &Stage) -> Result<()> {
    let closures = closures(stage)?;
    let seen = Mutex::new(Vec::new());
    let stopping = |value| {
        seen.lock().expect("nobody panics with it").push(value);
        if value == 2 {
            std::panic::resume_unwind(Box::new("stop 🎈".to_owned()));
        }
        value
    };
    faulted(|| closures.each(5, &stopping), "stop 🎈")?;
    equal(
        seen.into_inner().expect("nobody panicked with it"),
        [0, 1, 2],
    )
}

pub(super) fn enter(stage: &Stage) -> Result<()> {
    let life = stage.get::<dyn Life>()?;
    let each = closures(stage)?.each(3, &|value| life.add(value.into(), 1) as u32);
    equal(each, [1, 2, 3])
}
