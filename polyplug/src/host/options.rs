//! How libraries are loaded: what a runtime does by default, and what a single load does otherwise.

use core::fmt;
use std::path::Path;
use std::sync::Arc;

use polyplug_abi::init_options;

use crate::plugin::BoxError;

/// What is to be loaded, before anything of it has run.
#[derive(Debug)]
pub struct LoadCandidate<'c> {
    pub(crate) path: &'c Path,
    pub(crate) bytes: &'c [u8],
}

impl LoadCandidate<'_> {
    /// The file that was asked for.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.path
    }

    /// What will be mapped: the bytes of the private copy, which nobody changes after this look at them.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.bytes
    }
}

/// What to do with a contract whose shape is not the one that this program knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mismatch {
    /// The module is refused, with [`Error::ContractMismatch`](crate::Error::ContractMismatch).
    #[default]
    RefuseModule,
    /// The contract is left out, and [`Module::skipped`](crate::Module::skipped) says so. A plugin of which nothing is left
    /// is left out itself; a module of which nothing is left is refused.
    SkipContract,
}

/// A contract that was left out of a module, because its shape is not the one that this program knows.
#[derive(Clone, Debug)]
pub struct SkippedContract {
    pub(crate) plugin: String,
    pub(crate) contract: String,
    pub(crate) reason: String,
}

impl SkippedContract {
    /// The plugin that offers it.
    #[must_use]
    pub fn plugin(&self) -> &str {
        &self.plugin
    }

    /// Its id and version, as the plugin has it.
    #[must_use]
    pub fn contract(&self) -> &str {
        &self.contract
    }

    /// What differs, and what to do.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

impl fmt::Display for SkippedContract {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}` of plugin `{}` is left out: {}",
            self.contract, self.plugin, self.reason
        )
    }
}

type Verify = dyn Fn(&LoadCandidate<'_>) -> Result<(), BoxError> + Send + Sync;

/// Who is asked before a library is opened.
#[derive(Clone)]
pub(crate) struct Verifier(Arc<Verify>);

impl Verifier {
    pub(crate) fn new<E: Into<BoxError>>(
        verify: impl Fn(&LoadCandidate<'_>) -> Result<(), E> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(move |candidate| {
            verify(candidate).map_err(Into::into)
        }))
    }

    pub(crate) fn ask(&self, candidate: &LoadCandidate<'_>) -> Result<(), BoxError> {
        (self.0)(candidate)
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Verifier")
    }
}

/// What holds for one module.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settings {
    pub(crate) allow_panic_abort: bool,
    pub(crate) plugin_panic_output: bool,
    pub(crate) in_place: bool,
    /// It stands in for a host in a test of a plugin.
    pub(crate) for_tests: bool,
    pub(crate) mismatch: Mismatch,
    pub(crate) verify: Option<Verifier>,
}

impl Settings {
    pub(crate) fn init_options(&self) -> u32 {
        if self.plugin_panic_output {
            init_options::PANIC_OUTPUT
        } else {
            0
        }
    }

    /// To look at a library.
    pub(crate) fn allow_all() -> Self {
        Self {
            allow_panic_abort: true,
            ..Self::default()
        }
    }
}

/// How one module shall be loaded, where that is not as its runtime was built; see [`Runtime::load_with`]. It holds for the
/// reloads of that module, too.
///
/// [`Runtime::load_with`]: crate::Runtime::load_with
#[derive(Clone, Debug, Default)]
pub struct LoadOptions {
    allow_panic_abort: Option<bool>,
    plugin_panic_output: Option<bool>,
    in_place: Option<bool>,
    mismatch: Option<Mismatch>,
    verify: Option<Verifier>,
}

impl LoadOptions {
    /// As the runtime was built.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// See [`Builder::allow_panic_abort`](crate::Builder::allow_panic_abort).
    #[must_use]
    pub fn allow_panic_abort(mut self, allow: bool) -> Self {
        self.allow_panic_abort = Some(allow);
        self
    }

    /// See [`Builder::plugin_panic_output`](crate::Builder::plugin_panic_output).
    #[must_use]
    pub fn plugin_panic_output(mut self, output: bool) -> Self {
        self.plugin_panic_output = Some(output);
        self
    }

    /// See [`Builder::in_place`](crate::Builder::in_place).
    #[must_use]
    pub fn in_place(mut self, in_place: bool) -> Self {
        self.in_place = Some(in_place);
        self
    }

    /// See [`Builder::mismatch`](crate::Builder::mismatch).
    #[must_use]
    pub fn mismatch(mut self, mismatch: Mismatch) -> Self {
        self.mismatch = Some(mismatch);
        self
    }

    /// Asks this one in the place of the runtime's; see [`Builder::verify`](crate::Builder::verify).
    #[must_use]
    pub fn verify<E: Into<BoxError>>(
        mut self,
        verify: impl Fn(&LoadCandidate<'_>) -> Result<(), E> + Send + Sync + 'static,
    ) -> Self {
        self.verify = Some(Verifier::new(verify));
        self
    }

    pub(crate) fn over(self, usual: &Settings) -> Settings {
        Settings {
            allow_panic_abort: self.allow_panic_abort.unwrap_or(usual.allow_panic_abort),
            plugin_panic_output: self
                .plugin_panic_output
                .unwrap_or(usual.plugin_panic_output),
            in_place: self.in_place.unwrap_or(usual.in_place),
            for_tests: usual.for_tests,
            mismatch: self.mismatch.unwrap_or(usual.mismatch),
            verify: self.verify.or_else(|| usual.verify.clone()),
        }
    }
}
