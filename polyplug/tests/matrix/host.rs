//! A host of one version under plugins of all versions.

use fixture_harness::fixture;
use polyplug::{Caller, Runtime};

use super::contract::{Desk, Plan, TheDesk, plan_lines};

/// What becomes of a plugin under this host.
#[allow(dead_code, reason = "not every host meets all of them")]
pub(crate) enum Outcome {
    /// What its methods answer, in order.
    Works(&'static [&'static str]),
    /// It is not loaded: the words, and a line for each difference.
    Refused(&'static [&'static str]),
    /// It is loaded, and is no provider of this version of the contract.
    Another(&'static str),
}

use Outcome::{Another, Refused, Works};

/// Loads each plugin into a runtime of its own, and calls every method.
pub(crate) fn check(table: &[(&str, Outcome)]) {
    for (plugin, outcome) in table {
        let runtime = Runtime::new();
        runtime.provide::<dyn Desk>(TheDesk).expect("provided");
        match (runtime.load(fixture(plugin)), outcome) {
            (Ok(_), Works(expected)) => {
                let plan = runtime.get::<dyn Plan>().expect(plugin);
                lines(&plan_lines(&plan), expected, plugin);
                let pinned = Caller::pin(&plan).expect(plugin);
                lines(&plan_lines(&pinned), expected, plugin);
                let instance = runtime.create::<dyn Plan>().expect(plugin);
                lines(&plan_lines(&instance), expected, plugin);
            }
            (Ok(_), Another(expected)) => {
                let error = runtime.get::<dyn Plan>().expect_err(plugin);
                assert_eq!(error.to_string(), *expected, "{plugin}");
            }
            (Err(error), Refused(expected)) => {
                let text = format!("{error:#}");
                let text = text.replace(&fixture(plugin).display().to_string(), "[FILE]");
                let found: Vec<_> = text.lines().map(|line| line.trim().to_owned()).collect();
                lines(&found, expected, plugin);
            }
            (Ok(_), Refused(_)) => panic!("{plugin} was loaded"),
            (Err(error), _) => panic!("{plugin} was refused: {error:#}"),
        }
    }
}

fn lines(found: &[String], expected: &[&str], plugin: &str) {
    for (found, expected) in found.iter().zip(expected) {
        assert_eq!(found, expected, "{plugin}");
    }
    assert_eq!(found.len(), expected.len(), "{plugin}: {found:#?}");
}
