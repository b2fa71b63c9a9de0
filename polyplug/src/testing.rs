//! For the tests of contracts and of plugins (feature `testing`, meant for dev-dependencies).
//!
//! What is held: nothing. Who may touch it: tests.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use crate::contract::Contract;
use crate::host::model::Copier;

pub use context::TestContext;

mod compare;
mod context;
mod golden;

use compare::{Change, Weight};
use golden::Golden;

/// The variable that lets [`contract_unchanged`] write.
const BLESS: &str = "POLYPLUG_BLESS";

/// Fails when a contract is no longer what it was, unless it grew as contracts may.
///
/// Keeps a file `<id>-<major>.txt` in `folder`, which is relative to the package that is tested: one line for each method,
/// type and field. It is part of the source: commit it.
///
/// | since the file was written | what happens |
/// | --- | --- |
/// | there is none yet | it is written; the test passes and says so |
/// | nothing changed | the test passes |
/// | something that others were built against is gone or is another | the test fails, whatever the environment says |
/// | the contract grew, under the same minor version | the test fails, and asks for the next minor |
/// | the contract grew, under a higher minor version; or changed where it breaks nobody | the test fails, and passes with `POLYPLUG_BLESS=1` in the environment, which writes the file anew |
///
/// What a contract may grow by: methods with default bodies, default bodies of methods, fields with `#[data(default)]` at
/// the end of a `#[polyplug::data(non_exhaustive)]` struct, variants at the end of such an enum.
///
/// ```no_run
/// #[polyplug::contract(id = "demo.greeter", version = "1.0")]
/// pub trait Greeter {
///     fn greet(&self, name: &str) -> String;
/// }
///
/// // In a test of the contract crate:
/// polyplug::testing::contract_unchanged::<dyn Greeter>("contracts/");
/// # fn main() {}
/// ```
///
/// # Panics
/// When the test fails, with a line for each difference and what to do about it.
#[track_caller]
pub fn contract_unchanged<C: ?Sized + Contract>(folder: impl AsRef<Path>) {
    let package = env::var_os("CARGO_MANIFEST_DIR").map_or_else(PathBuf::new, PathBuf::from);
    let folder = package.join(folder);
    let blessed = env::var_os(BLESS).is_some_and(|bless| bless == "1");
    match judge(&now::<C>(), &folder, blessed) {
        Ok(Some(note)) => eprintln!("{note}"),
        Ok(None) => {}
        Err(reason) => panic!("{reason}"),
    }
}

/// The contract as it is.
#[track_caller]
fn now<C: ?Sized + Contract>() -> Golden {
    let mut copier = Copier::default();
    // SAFETY: this image's own descriptor.
    let index = unsafe { copier.contract(C::DESCRIPTOR) };
    let index = index.unwrap_or_else(|malformed| panic!("{malformed}"));
    Golden::of(&copier.finish(), index)
}

/// Compares with the file in the folder, and writes it where that is right: what to tell, or why not.
fn judge(now: &Golden, folder: &Path, blessed: bool) -> Result<Option<String>, String> {
    let file = folder.join(format!("{}-{}.txt", now.id, now.major));
    let shown = file.display();
    let text = now.to_string();
    let write = |what: &str| {
        fs::create_dir_all(folder)
            .and_then(|()| fs::write(&file, &text))
            .map_err(|error| format!("`{shown}` cannot be written: {error}"))?;
        Ok(Some(format!("note: {what} `{shown}`; commit it")))
    };
    let before = match fs::read_to_string(&file) {
        Ok(before) => before.replace("\r\n", "\n"),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return write("the contract was not pinned yet, and is now, in");
        }
        Err(error) => return Err(format!("`{shown}` cannot be read: {error}")),
    };
    if before == text {
        return Ok(None);
    }
    let before = Golden::parse(&before).map_err(|reason| {
        format!("`{shown}` is not as it was written: {reason}; restore it, or delete it and run the test again")
    })?;
    let changes = compare::changes(&before, now);
    let (old, new) = (before.version(), now.version());
    let heaviest = changes.iter().map(|change| change.weight).max();
    let grown = heaviest == Some(Weight::Growth);
    let lines = listed(&changes, heaviest);
    let id = &now.id;
    if heaviest == Some(Weight::Break) {
        return Err(format!(
            "contract `{id}` breaks what was built against version {old}:\n{lines}\
             undo that, or give the contract the version {}.0, which is pinned in a file of its own; \
             if version {old} was never published, delete `{shown}` and run the test again",
            now.major + 1,
        ));
    }
    if now.minor < before.minor {
        return Err(format!(
            "contract `{id}` went back from version {old} to {new}; set it to {old} again"
        ));
    }
    if grown && now.minor == before.minor {
        return Err(format!(
            "contract `{id}` grew, but still is version {old}:\n{lines}\
             write `version = \"{}.{}\"`, and run the test again with {BLESS}=1",
            now.major,
            before.minor + 1,
        ));
    }
    if blessed {
        return write("the contract is pinned anew in");
    }
    let what = if grown {
        format!("grew from version {old} to {new}")
    } else {
        format!("changed from version {old} to {new} where it breaks nobody")
    };
    Err(format!(
        "contract `{id}` {what}:\n{lines}if that is meant, run the test again with {BLESS}=1, which writes `{shown}` anew"
    ))
}

/// The changes that weigh most, a line each; with less weight they go without saying.
fn listed(changes: &[Change], weight: Option<Weight>) -> String {
    let changes = changes
        .iter()
        .filter(|change| Some(change.weight) == weight);
    changes
        .map(|change| format!("  {}\n", change.text))
        .collect()
}
