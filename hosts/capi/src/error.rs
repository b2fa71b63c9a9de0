//! Errors as values: a stable word, what happened, and the whole chain of causes.

use polyplug_abi::Slice as PolyplugSlice;

use crate::handle::{Kind, Texts, give_open};

/// What went wrong. The texts end with a zero, and live until it is released.
#[repr(C)]
#[derive(Debug)]
pub struct PolyplugError {
    /// What every handle starts with.
    pub tag: u64,
    /// A stable word, for programs.
    pub code: PolyplugSlice,
    /// What happened, what was expected, what to do.
    pub message: PolyplugSlice,
    /// The same with its causes, one a line.
    pub text: PolyplugSlice,
}

/// What went wrong, before anybody asked for it.
#[derive(Debug)]
pub(crate) struct Failure {
    code: &'static str,
    message: String,
    text: String,
}

impl Failure {
    pub(crate) fn new(code: &'static str, message: String) -> Self {
        Self {
            code,
            text: message.clone(),
            message,
        }
    }

    /// A fault, with its traceback.
    pub(crate) fn of_fault(fault: &polyplug::Fault) -> Self {
        Self {
            code: fault.code(),
            message: fault.to_string(),
            text: format!("{fault:#}"),
        }
    }

    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    pub(crate) fn hand_out(self) -> *mut PolyplugError {
        let mut texts = Texts::default();
        let error = PolyplugError {
            tag: PolyplugError::TAG,
            code: texts.add(self.code),
            message: texts.add(&self.message),
            text: texts.add(&self.text),
        };
        give_open(error, texts)
    }
}

impl From<polyplug::Error> for Failure {
    fn from(error: polyplug::Error) -> Self {
        Self {
            code: error.code(),
            message: error.to_string(),
            text: format!("{error:#}"),
        }
    }
}

impl From<polyplug::Fault> for Failure {
    fn from(fault: polyplug::Fault) -> Self {
        Self::of_fault(&fault)
    }
}
