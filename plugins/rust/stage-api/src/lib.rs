//! The contracts of the example pipeline: what a stage offers, what it gets of its host, and what passes between them.
//!
//! The host in `hosts/rust/demo` and the plugins beside this folder know each other through this crate alone.

use std::error::Error;
use std::fmt;

use polyplug::Fault;

/// One step of a pipeline: bytes in, bytes out.
#[polyplug::contract(id = "demo.stage", version = "1.0")]
pub trait Stage {
    /// Where the stage wants to stand: a pipeline runs from the lowest position to the highest.
    fn position(&self) -> u32;

    /// What the stage takes and what it gives, for people.
    fn describe(&self) -> String;

    /// Does the work.
    ///
    /// A panic in here arrives at the caller as [`StageError::Broken`].
    fn run(&self, input: &[u8], options: &Options) -> Result<Output, StageError>;
}

/// Where a stage tells how far it is. The host provides it; reports of one stage belong to the stage that runs.
#[polyplug::host_contract(id = "demo.progress", version = "1.0")]
pub trait Progress {
    /// `done` of `total` are done. The unit is the stage's own: bytes, words, rules.
    fn report(&self, done: u64, total: u64);
}

/// What a stage may want to know of the run it is part of.
#[polyplug::data]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// What the text is called, without its folder.
    pub title: String,
    /// Asks a stage that can do so to panic half-way, to see what its host does then.
    pub sabotage: bool,
}

/// What a stage made.
#[polyplug::data]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Output {
    /// What the next stage gets.
    pub bytes: Vec<u8>,
    /// What a person might want to know about it.
    pub notes: Vec<Note>,
}

/// Something that a stage noticed, as a row of a table.
#[polyplug::data]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// What was counted or measured.
    pub label: String,
    /// The outcome, ready to be read.
    pub value: String,
}

impl Note {
    /// A note.
    pub fn new(label: impl Into<String>, value: impl ToString) -> Self {
        Self {
            label: label.into(),
            value: value.to_string(),
        }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.label, self.value)
    }
}

/// Why a stage made nothing.
#[polyplug::data]
#[derive(Clone, Debug)]
pub enum StageError {
    /// The stage works on text, and the input is none.
    NotText {
        /// So many bytes are UTF-8; the next one is not.
        valid_up_to: u64,
    },
    /// The stage knows the reason.
    Failed {
        /// In the words of the stage.
        reason: String,
    },
    /// The plugin did not answer: it panicked, or is gone.
    Broken(Fault),
}

/// The input as text, for stages that need it.
///
/// # Errors
/// [`StageError::NotText`] when it is not UTF-8.
pub fn text(input: &[u8]) -> Result<&str, StageError> {
    str::from_utf8(input).map_err(|error| StageError::NotText {
        valid_up_to: error.valid_up_to() as u64,
    })
}

/// What a call yields instead of an answer becomes an answer too: with this, a panic is an `Err`.
impl From<Fault> for StageError {
    fn from(fault: Fault) -> Self {
        Self::Broken(fault)
    }
}

impl fmt::Display for StageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotText { valid_up_to } => {
                write!(f, "the input is not UTF-8 text from byte {valid_up_to} on")
            }
            Self::Failed { reason } => f.write_str(reason),
            Self::Broken(fault) => write!(f, "{fault}"),
        }
    }
}

impl Error for StageError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_are_no_text_are_told_with_their_place() {
        assert!(matches!(text(b"plain"), Ok("plain")));
        let error = text(b"caf\xe9!").expect_err("Latin-1 is not UTF-8");
        assert_eq!(
            error.to_string(),
            "the input is not UTF-8 text from byte 3 on"
        );
    }
}
