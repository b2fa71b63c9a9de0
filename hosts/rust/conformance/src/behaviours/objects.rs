//! Objects, streams, and plugins of other kinds than the shared one.

use std::sync::Arc;

use anyhow::{Context, Result};
use conformance_api::{Job, Lines, Listener, Objects, Shelf};
use polyplug::Caller;

use crate::ears::{Deaf, Ears, Stream, heard};
use crate::stage::Stage;
use crate::{equal, faulted, gone};

fn objects(stage: &Stage) -> Result<Caller<dyn Objects>> {
    stage.get()
}

pub(super) fn lent(stage: &Stage) -> Result<()> {
    let ears = Ears::new("ears");
    equal(objects(stage)?.tell(&ears, 3), 2)?;
    equal(heard(&ears.heard), ["time 0", "time 1", "time 2"])
}

pub(super) fn lent_inside(stage: &Stage) -> Result<()> {
    let ears = Ears::new("ears");
    equal(
        objects(stage)?.tell_all(vec![Some(&ears), None, Some(&ears)]),
        1,
    )?;
    equal(heard(&ears.heard), ["all", "all"])
}

pub(super) fn made(stage: &Stage) -> Result<()> {
    let objects = objects(stage)?;
    let listener = objects.listener("größer");
    equal(listener.name(), "größer")?;
    equal((listener.hear("a"), listener.hear("b")), (0, 1))?;
    // The desk may have one that it was given.
    let alive = objects.alive();
    drop(listener);
    equal(objects.alive(), alive - 1)
}

pub(super) fn dropped(stage: &Stage) -> Result<()> {
    let objects = objects(stage)?;
    let before = objects.alive();
    let listener = objects.listener("a");
    equal(objects.alive(), before + 1)?;
    drop(listener);
    equal(objects.alive(), before)
}

pub(super) fn there_and_back(stage: &Stage) -> Result<()> {
    let ears = Ears::new("ears");
    let sounds = Arc::clone(&ears.heard);
    let ears: Arc<dyn Listener + Send + Sync> = Arc::new(ears);
    let back = objects(stage)?.there_and_back(Arc::clone(&ears));
    equal(back.hear("home"), 0)?;
    equal(heard(&sounds), ["home"])?;
    drop((ears, back));
    gone(stage, &sounds)
}

pub(super) fn kept(stage: &Stage) -> Result<()> {
    let objects = objects(stage)?;
    let ears = Ears::new("ears");
    let sounds = Arc::clone(&ears.heard);
    ears.hear("before");
    equal(objects.keep(Some(Arc::new(ears))), 0)?;
    equal(objects.keep(None), 1)?;
    equal(heard(&sounds), ["before", "farewell"])?;
    gone(stage, &sounds)
}

pub(super) fn list(stage: &Stage) -> Result<()> {
    let objects = objects(stage)?;
    let before = objects.alive();
    let listeners = objects.listeners(3);
    let names: Vec<_> = listeners
        .iter()
        .map(|(name, listener)| (name.as_str(), listener.as_ref().map(|it| it.name())))
        .collect();
    let own = |name: &str| Some(name.to_owned());
    let golden = [
        ("number 0", own("number 0")),
        ("number 1", None),
        ("number 2", own("number 2")),
    ];
    equal(names, golden)?;
    equal(objects.alive(), before + 2)?;
    drop(listeners);
    equal(objects.alive(), before)
}

pub(super) fn inside_data(stage: &Stage) -> Result<()> {
    let ears = Ears::new("ears");
    let sounds = Arc::clone(&ears.heard);
    let job = Job {
        name: "job".to_owned(),
        listener: Some(Box::new(ears)),
        work: Box::new(|value| value + 10),
    };
    let mut job = objects(stage)?.run(job, 2);
    equal(heard(&sounds), ["job 10", "job 11"])?;
    equal(job.name.as_str(), "job!")?;
    equal((job.work)(5), 15)?;
    drop(job);
    gone(stage, &sounds)
}

pub(super) fn fails(stage: &Stage) -> Result<()> {
    let objects = objects(stage)?;
    faulted(|| objects.tell(&Deaf, 1), "deaf 🎈").map(drop)
}

pub(super) fn stream_made(stage: &Stage) -> Result<()> {
    let mut lines = objects(stage)?.lines("a\n🎈\nc");
    equal(lines.next().as_deref(), Some("a"))?;
    equal(lines.read(), 1)?;
    equal(lines.next().as_deref(), Some("🎈"))?;
    equal(lines.next().as_deref(), Some("c"))?;
    equal(lines.next(), None)?;
    lines.rewind();
    equal(lines.next().as_deref(), Some("a"))
}

pub(super) fn stream_lent(stage: &Stage) -> Result<()> {
    let alive = Arc::new(());
    let mut stream = Stream::new(&["x", "y"], &alive);
    equal(objects(stage)?.read_all(&mut stream), ["x", "y"])?;
    equal(stream.next(), None)
}

pub(super) fn stream_given(stage: &Stage) -> Result<()> {
    let alive = Arc::new(());
    let stream = Stream::new(&["1", "2", "3", "4"], &alive);
    equal(objects(stage)?.consume(Box::new(stream)), 4)?;
    gone(stage, &alive)
}

pub(super) fn stream_of_its_own(stage: &Stage) -> Result<()> {
    let mut one = stage.module.create::<dyn Lines>()?;
    let mut other = stage.module.create::<dyn Lines>()?;
    equal(one.next().as_deref(), Some("first"))?;
    equal(other.next().as_deref(), Some("first"))?;
    equal(one.next().as_deref(), Some("second"))?;
    equal(one.next().as_deref(), Some("third"))?;
    equal(one.next(), None)?;
    equal(other.skip(1), 1)?;
    equal(other.next().as_deref(), Some("third"))
}

pub(super) fn pinned(stage: &Stage) -> Result<()> {
    let shelf = stage.module.get::<dyn Shelf>().context("no shelf")?;
    let shelf = Caller::pin(&shelf)?;
    equal(shelf.title(), "Moby Dick")?;
    equal(shelf.numbers(), [1, 2, 3])?;
    equal((shelf.number(1), shelf.number(9)), (Some(&2), None))
}
