//! How the program fails, and with which exit code.

use std::fmt;
use std::process::ExitCode;

/// Why there is no result.
#[derive(Debug)]
pub(crate) enum Failure {
    /// What was asked for does not make sense: exit code 2, as for arguments that do not parse.
    Usage(String),
    /// It made sense and did not work: exit code 1.
    Run(String),
}

impl Failure {
    /// The code that the program ends with.
    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Usage(_) => 2,
            Self::Run(_) => 1,
        })
    }
}

impl From<polyplug::Error> for Failure {
    fn from(error: polyplug::Error) -> Self {
        Self::Run(format!("{error:#}"))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(message) => write!(f, "{message}\n\nFor more information, try '--help'."),
            Self::Run(message) => f.write_str(message),
        }
    }
}
