//! A context without a host, for tests of a plugin.

use core::fmt;
use core::ops::Deref;

use crate::context::Context;
use crate::contract::{HostContract, PluginContract, ProviderOf, SharedContract};
use crate::host::Runtime;
use crate::host::for_tests::Home;

/// What [`Context::for_tests`] returns: a [`Context`] with what the test gives it, and nothing else.
///
/// It is one, by `Deref`: `Plugin::new(&context)` takes it. Keep it as long as the plugin is used. A plugin's clone of the
/// context does not keep it, as it does not keep a host: when this is dropped everything asked of the clone is an error, and
/// callers got from it fault. So a test can also see what the plugin does then.
///
/// ```
/// use polyplug::{Caller, Context};
///
/// #[polyplug::host_contract(id = "demo.clock", version = "1.0")]
/// pub trait Clock {
///     fn hour(&self) -> u32;
/// }
///
/// // What is tested.
/// struct Greeting {
///     clock: Caller<dyn Clock>,
/// }
///
/// impl Greeting {
///     fn new(context: &Context) -> polyplug::Result<Self> {
///         Ok(Self { clock: context.host()? })
///     }
///     fn word(&self) -> &'static str {
///         if self.clock.hour() < 12 { "Good morning" } else { "Hello" }
///     }
/// }
///
/// // The test.
/// struct Stopped(u32);
///
/// impl Clock for Stopped {
///     fn hour(&self) -> u32 {
///         self.0
///     }
/// }
///
/// let context = Context::for_tests().with_host::<dyn Clock>(Stopped(9));
/// assert_eq!(Greeting::new(&context).unwrap().word(), "Good morning");
/// ```
#[must_use = "the plugin's own clone does not keep what the test gave"]
pub struct TestContext {
    context: Context,
    runtime: Runtime,
    home: Home,
    previous_version: String,
}

impl TestContext {
    pub(crate) fn new() -> Self {
        let (runtime, home) = (Runtime::builder().for_tests().build(), Home::new());
        let context = home.context(&runtime, "plugin", "");
        Self {
            context,
            runtime,
            home,
            previous_version: String::new(),
        }
    }

    /// A host contract, as the test plays the host: the plugin gets it with [`Context::host`].
    ///
    /// # Panics
    /// When this contract was given already.
    #[track_caller]
    pub fn with_host<H: ?Sized + HostContract + SharedContract>(
        self,
        value: impl ProviderOf<H>,
    ) -> Self {
        let given = self.runtime.provide::<H>(value);
        self.given(given)
    }

    /// Another plugin of that name with this contract: the plugin gets it with [`Context::peer`] and [`Context::peers`], in the
    /// order in which they are given.
    ///
    /// # Panics
    /// When there is a plugin of that name already, or the name is `host`.
    #[track_caller]
    pub fn with_peer<P: ?Sized + PluginContract + SharedContract>(
        self,
        name: &str,
        value: impl ProviderOf<P>,
    ) -> Self {
        let given = self.runtime.provide_peer::<P>(name, value);
        self.given(given)
    }

    /// What the plugin is configured with, in the place of what was given before: it reads that with [`Context::config`].
    ///
    /// # Panics
    /// When it cannot be written as JSON.
    #[cfg(feature = "config")]
    #[track_caller]
    pub fn with_config(self, config: &impl serde::Serialize) -> Self {
        let given = self.runtime.configure(self.context.plugin(), config);
        self.given(given)
    }

    /// What the plugin is called; `plugin` without this.
    pub fn named(mut self, name: &str) -> Self {
        self.runtime.rename_config(self.context.plugin(), name);
        self.context = self
            .home
            .context(&self.runtime, name, &self.previous_version);
        self
    }

    /// The version of the plugin that this one replaces, as in a reload: see [`Context::previous_version`].
    pub fn replacing(mut self, version: &str) -> Self {
        version.clone_into(&mut self.previous_version);
        self.context = self
            .home
            .context(&self.runtime, self.context.plugin(), version);
        self
    }

    #[track_caller]
    fn given<T>(self, given: crate::Result<T>) -> Self {
        match given {
            Ok(_) => self,
            Err(error) => panic!("{error:#}"),
        }
    }
}

impl Deref for TestContext {
    type Target = Context;

    fn deref(&self) -> &Context {
        &self.context
    }
}

impl fmt::Debug for TestContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TestContext({})", self.context.plugin())
    }
}
