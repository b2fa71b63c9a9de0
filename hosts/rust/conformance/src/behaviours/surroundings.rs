//! What a guest has of its host, and what the host knows of the guest.

use anyhow::{Context, Result, bail};
use conformance_api::Life;
use tracing::Level;

use crate::equal;
use crate::stage::{Files, Stage};

pub(super) fn log(stage: &Stage) -> Result<()> {
    stage.get::<dyn Life>()?.log("a line 🎈");
    let record = crate::log::find("a line 🎈").context("it did not arrive")?;
    equal(record.level, Level::INFO)?;
    equal(record.plugin.contains("conformance"), true)
}

pub(super) fn desk_write(stage: &Stage) -> Result<()> {
    let life = stage.get::<dyn Life>()?;
    let first = life.write("a\0b 🎈");
    equal(life.write(""), first + 1)?;
    let lines = stage.desk.lines.lock().expect("nobody panics with it");
    equal(&lines[first as usize - 1..], ["a\0b 🎈", ""])
}

pub(super) fn desk_missing(files: &Files) -> Result<()> {
    let runtime = Stage::without_desk(files)?;
    match runtime.load(&files.guest) {
        Err(error) => equal(error.code(), "missing-host-contract"),
        Ok(_) => bail!("it was loaded"),
    }
}

pub(super) fn plugin(stage: &Stage) -> Result<()> {
    let plugins = stage.module.plugins();
    let guest = plugins
        .iter()
        .find(|plugin| plugin.name() == "conformance-guest")
        .context("no plugin of that name")?;
    equal(guest.version(), "1.2.3")?;
    equal(guest.description(), "The conformance guest")?;
    equal(guest.license(), "MIT OR Apache-2.0")?;
    equal(guest.repository(), "https://example.org/conformance")
}

pub(super) fn contracts(stage: &Stage) -> Result<()> {
    let plugins = stage.module.plugins();
    let offered: Vec<_> = plugins
        .iter()
        .filter(|plugin| plugin.name() == "conformance-guest")
        .flat_map(|plugin| plugin.contracts())
        .map(|contract| format!("{} {}", contract.id(), contract.version()))
        .collect();
    for name in ["values", "life", "closures", "objects", "lies"] {
        let wanted = format!("conformance.{name} 1.0");
        if !offered.contains(&wanted) {
            bail!("`{wanted}` is not among {offered:?}");
        }
    }
    Ok(())
}

pub(super) fn provider(stage: &Stage) -> Result<()> {
    let providers: Vec<_> = stage
        .runtime
        .providers::<dyn Life>()
        .iter()
        .map(|provider| provider.plugin().to_owned())
        .collect();
    equal(providers, ["conformance-guest"])
}
