//! The cases that are more than a call: what each does stands under `expects` in `cases.json`.

mod closures;
mod faults;
mod lifecycle;
mod objects;
mod surroundings;

use anyhow::{Result, bail};

use crate::stage::{Files, Stage};

/// Runs the one of that name.
///
/// # Errors
/// When it goes another way than the case says, or when there is none.
pub(crate) fn run(files: &Files, stage: &Stage, name: &str) -> Result<()> {
    match name {
        "after-lies" => faults::after_lies(stage),
        "throw" => faults::throw(stage),
        "throw-place" => faults::throw_place(stage),
        "throw-into-the-error" => faults::throw_into(stage),
        "log" => surroundings::log(stage),
        "desk-write" => surroundings::desk_write(stage),
        "desk-missing" => surroundings::desk_missing(files),
        "metadata-plugin" => surroundings::plugin(stage),
        "metadata-contracts" => surroundings::contracts(stage),
        "metadata-provider" => surroundings::provider(stage),
        "closure-lent" => closures::lent(stage),
        "closure-that-changes" => closures::that_changes(stage),
        "closure-optional" => closures::optional(stage),
        "closure-result" => closures::result(stage),
        "closure-fails" => closures::fails(stage),
        "closure-kept" => closures::kept(stage),
        "closure-not-kept" => closures::not_kept(stage),
        "closure-once" => closures::once(stage),
        "closure-shared" => closures::shared(stage),
        "closure-made" => closures::made(stage),
        "closure-panics" => closures::panics(stage),
        "enter-from-a-closure" => closures::enter(stage),
        "object-lent" => objects::lent(stage),
        "object-lent-inside" => objects::lent_inside(stage),
        "object-made" => objects::made(stage),
        "object-dropped" => objects::dropped(stage),
        "object-there-and-back" => objects::there_and_back(stage),
        "object-kept" => objects::kept(stage),
        "object-list" => objects::list(stage),
        "object-inside-data" => objects::inside_data(stage),
        "object-fails" => objects::fails(stage),
        "object-after-unload" => lifecycle::object_after_unload(files),
        "stream-made" => objects::stream_made(stage),
        "stream-lent" => objects::stream_lent(stage),
        "stream-given" => objects::stream_given(stage),
        "stream-of-its-own" => objects::stream_of_its_own(stage),
        "pinned" => objects::pinned(stage),
        "threads" => lifecycle::threads(stage),
        "threads-and-the-desk" => lifecycle::threads_and_the_desk(stage),
        "reload" => lifecycle::reload(files),
        "call-after-unload" => lifecycle::call_after_unload(files),
        "call-during-unload" => lifecycle::call_during_unload(files),
        "load-after-unload" => lifecycle::load_after_unload(files),
        _ => bail!("this host has no code for it"),
    }
}
