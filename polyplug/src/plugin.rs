//! What `#[plugin]` says of a type: who it is, how its state is made and destroyed.

use core::fmt;
use core::marker::PhantomData;
use std::error::Error as StdError;

use polyplug_abi::{
    Buffer, ContextRecord, ContractDescriptor, List, PluginDescriptor, Receiver, Slice,
};

use crate::context::Context;
use crate::contract::SharedContract;
use crate::data::Data;
use crate::panics;

/// An error of any kind, as constructors return it.
pub type BoxError = Box<dyn StdError + Send + Sync>;

/// Who a plugin is and what it needs; the defaults come from its Cargo.toml.
pub trait Metadata {
    /// Unique in a runtime.
    const NAME: &'static str;
    /// Semantic version.
    const VERSION: &'static str;
    /// One line, or empty.
    const DESCRIPTION: &'static str;
    /// Separated by colons, or empty.
    const AUTHORS: &'static str;
    /// SPDX expression, or empty.
    const LICENSE: &'static str;
    /// Address of the source, or empty.
    const REPOSITORY: &'static str;
    /// Host contracts that must be provided before the plugin is constructed.
    const REQUIRES: &'static [&'static ContractDescriptor];
}

/// How a state is made.
pub trait Construct<T> {
    /// Makes it.
    ///
    /// # Errors
    /// Whatever the plugin's constructor returns.
    fn construct(context: &Context) -> Result<T, BoxError>;
}

/// The way of a plugin that names no constructor.
#[derive(Debug)]
pub(crate) enum ByDefault {}

impl<T: DefaultPlugin> Construct<T> for ByDefault {
    fn construct(_: &Context) -> Result<T, BoxError> {
        Ok(T::make())
    }
}

/// A plugin type that can be made without a constructor.
#[diagnostic::on_unimplemented(
    message = "polyplug cannot construct `{Self}`: it has no `Default` and the plugin names no `new`",
    label = "no `Default`",
    note = "help: put `#[derive(Default)]` on the type, or write `#[polyplug::plugin(new = {Self}::new)]`"
)]
pub trait DefaultPlugin {
    /// Makes it.
    fn make() -> Self;
}

#[diagnostic::do_not_recommend]
impl<T: Default> DefaultPlugin for T {
    fn make() -> Self {
        T::default()
    }
}

/// What a constructor may return: the plugin, or a `Result` of it.
#[diagnostic::on_unimplemented(
    message = "`new` returns `{Self}`, which makes no `{T}`",
    label = "wrong return type",
    note = "help: write `fn new(context: &polyplug::Context) -> Self`, or `-> Result<Self, E>` with `E: Into<Box<dyn Error + Send + Sync>>`"
)]
pub trait Constructed<T> {
    /// As a result.
    ///
    /// # Errors
    /// The constructor's.
    fn into_result(self) -> Result<T, BoxError>;
}

impl<T> Constructed<T> for T {
    fn into_result(self) -> Result<T, BoxError> {
        Ok(self)
    }
}

impl<T, E: Into<BoxError>> Constructed<T> for Result<T, E> {
    fn into_result(self) -> Result<T, BoxError> {
        self.map_err(Into::into)
    }
}

/// What may be named as `new`: a function of the context.
#[diagnostic::on_unimplemented(
    message = "`new` is no function of the context",
    label = "wrong arguments",
    note = "help: write `fn new(context: &polyplug::Context) -> Self`, or `-> Result<Self, E>` with `E: Into<Box<dyn Error + Send + Sync>>`"
)]
pub trait Constructor<R> {
    /// Calls it.
    fn call(self, context: &Context) -> R;
}

#[diagnostic::do_not_recommend]
impl<F: FnOnce(&Context) -> R, R> Constructor<R> for F {
    fn call(self, context: &Context) -> R {
        self(context)
    }
}

/// Calls the constructor that a plugin names.
///
/// # Errors
/// The constructor's.
pub fn constructed<T, R: Constructed<T>>(
    new: impl Constructor<R>,
    context: &Context,
) -> Result<T, BoxError> {
    new.call(context).into_result()
}

/// What may be a plugin of a contract that many callers share.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a plugin: many threads call it at once, so it must be `Send + Sync + 'static`",
    label = "not `Send + Sync + 'static`",
    note = "help: keep what changes behind a `Mutex` or an atomic instead of a `Cell` or `RefCell`, and share with `Arc` instead of `Rc`"
)]
pub trait PluginState: Send + Sync + 'static {}

#[diagnostic::do_not_recommend]
impl<T: Send + Sync + 'static> PluginState for T {}

/// What may be a plugin of an exclusive contract.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a plugin: its owner may be on another thread than the one that made it, so it must be `Send + 'static`",
    label = "not `Send + 'static`",
    note = "help: share with `Arc` instead of `Rc`"
)]
pub trait ExclusivePluginState: Send + 'static {}

#[diagnostic::do_not_recommend]
impl<T: Send + 'static> ExclusivePluginState for T {}

/// Asks whether a type may be a plugin of a contract, which depends on the contract. Chosen by autoref:
/// `(&Admission::<T, dyn C>::NEW).holds()`.
pub struct Admission<T, C: ?Sized>(PhantomData<(*const T, *const C)>);

impl<T, C: ?Sized> Admission<T, C> {
    /// The only value.
    pub const NEW: Self = Self(PhantomData);
}

impl<T, C: ?Sized> fmt::Debug for Admission<T, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Admission")
    }
}

/// The contract is shared.
pub trait AdmitShared<T> {
    /// Holds.
    fn holds(&self)
    where
        T: PluginState;
}

impl<T, C: ?Sized + SharedContract> AdmitShared<T> for &Admission<T, C> {
    fn holds(&self)
    where
        T: PluginState,
    {
    }
}

/// The contract is exclusive.
pub trait AdmitExclusive<T> {
    /// Holds.
    fn holds(&self)
    where
        T: ExclusivePluginState;
}

impl<T, C: ?Sized> AdmitExclusive<T> for Admission<T, C> {
    fn holds(&self)
    where
        T: ExclusivePluginState,
    {
    }
}

/// The options of a plugin, written on exactly one of its impls.
pub trait OptionsOnOneImplOnly: Sized {
    /// The description that those options make.
    fn describe() -> Description<Self>;
}

/// The descriptor of the plugin type `T`. Only [`described`] makes one, so that none can describe another type.
pub struct Description<T>(&'static PluginDescriptor, PhantomData<fn() -> T>);

impl<T> Description<T> {
    /// As modules register it.
    #[must_use]
    pub fn descriptor(self) -> &'static PluginDescriptor {
        self.0
    }
}

impl<T> fmt::Debug for Description<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Description")
    }
}

/// The descriptor of the plugin type `T`.
#[must_use]
pub fn described<T: 'static, M: Metadata, K: Construct<T>>() -> Description<T> {
    struct Described<T, M, K>(PhantomData<(T, M, K)>);
    impl<T: 'static, M: Metadata, K: Construct<T>> Described<T, M, K> {
        const DESCRIPTOR: &'static PluginDescriptor = &PluginDescriptor {
            size: size_of::<PluginDescriptor>() as u32,
            flags: 0,
            name: Slice::text(M::NAME),
            version: Slice::text(M::VERSION),
            description: Slice::text(M::DESCRIPTION),
            authors: Slice::text(M::AUTHORS),
            license: Slice::text(M::LICENSE),
            repository: Slice::text(M::REPOSITORY),
            requires: List::of(M::REQUIRES),
            construct: construct::<T, K>,
            destroy: destroy::<T>,
            wants: List::EMPTY,
            save: None,
            restore: None,
        };
    }
    Description(Described::<T, M, K>::DESCRIPTOR, PhantomData)
}

/// Finds the descriptor of a plugin from one of its impls that has no options: another impl's, or the default one.
/// Chosen by autoref: `(&Find::<T, M>::NEW).describe()`.
pub struct Find<T, M>(PhantomData<(T, M)>);

impl<T, M> Find<T, M> {
    /// The only value.
    pub const NEW: Self = Self(PhantomData);
}

impl<T, M> fmt::Debug for Find<T, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Find")
    }
}

/// Another impl has the options.
pub trait FindOptions {
    /// The plugin type.
    type State;
    /// The description.
    fn describe(&self) -> Description<Self::State>;
}

impl<T: OptionsOnOneImplOnly, M> FindOptions for &Find<T, M> {
    type State = T;
    fn describe(&self) -> Description<T> {
        T::describe()
    }
}

/// No impl has options.
pub trait FindDefault {
    /// The plugin type.
    type State;
    /// The description.
    fn describe(&self) -> Description<Self::State>
    where
        Self::State: DefaultPlugin;
}

impl<T: 'static, M: Metadata> FindDefault for Find<T, M> {
    type State = T;
    fn describe(&self) -> Description<T>
    where
        T: DefaultPlugin,
    {
        described::<T, M, ByDefault>()
    }
}

/// See [`PluginDescriptor::construct`].
///
/// # Safety
/// 1. `receiver` is a fresh receiver, `context` a live context, `error` a place for a buffer.
unsafe extern "C" fn construct<T, K: Construct<T>>(
    receiver: *mut Receiver,
    context: *const ContextRecord,
    error: *mut Buffer,
) -> *mut () {
    let outcome = panics::contain(|| {
        // SAFETY: clause 1.
        let context = unsafe { Context::retain(context) };
        match K::construct(&context) {
            Ok(state) => Ok(Box::new(state)),
            Err(error) => Err(levels(error.as_ref())),
        }
    });
    match outcome {
        Ok(Ok(state)) => Box::into_raw(state).cast(),
        Ok(Err(chain)) => {
            // SAFETY: clause 1.
            unsafe { error.write(chain.give()) };
            core::ptr::null_mut()
        }
        Err(fault) => {
            // SAFETY: clause 1.
            unsafe { (*receiver).fault = fault.into_raw() };
            core::ptr::null_mut()
        }
    }
}

/// The levels of an error, outermost first.
fn levels(error: &(dyn StdError + 'static)) -> Vec<String> {
    core::iter::successors(Some(error), |error: &&(dyn std::error::Error + 'static)| {
        (*error).source()
    })
    .map(ToString::to_string)
    .collect()
}

/// See [`PluginDescriptor::destroy`].
///
/// # Safety
/// 1. `receiver.state` was made by [`construct`] for the same `T`, and is not used again.
unsafe extern "C" fn destroy<T>(receiver: *mut Receiver) {
    // SAFETY: clause 1.
    let state = unsafe { (*receiver).state }.cast::<T>();
    // SAFETY: clause 1.
    if let Err(fault) = panics::contain(|| drop(unsafe { Box::from_raw(state) })) {
        // SAFETY: clause 1.
        unsafe { (*receiver).fault = fault.into_raw() };
    }
}
