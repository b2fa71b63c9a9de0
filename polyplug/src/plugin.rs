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
    /// Contracts that must be provided before the plugin is constructed: the host's, and those of other plugins.
    const REQUIRES: &'static [&'static ContractDescriptor];
    /// Contracts whose providers are loaded first, if they are there.
    const WANTS: &'static [&'static ContractDescriptor];
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

/// How a state survives a reload: what the old version saves, the new one is made from.
///
/// No method has the name of an option: where an author has not written `Self::save` yet, the compiler would propose this trait.
pub trait Keep<T> {
    /// What to keep.
    fn state_to_bytes(state: &T) -> Vec<u8>;
    /// Makes a state from what an earlier version saved.
    ///
    /// # Errors
    /// Whatever the plugin's function returns.
    fn state_from_bytes(context: &Context, saved: &[u8]) -> Result<T, BoxError>;
}

/// What `new` may return: the plugin, or a `Result` of it.
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

impl<T, E: ConstructorError> Constructed<T> for Result<T, E> {
    fn into_result(self) -> Result<T, BoxError> {
        self.map_err(ConstructorError::into_box)
    }
}

/// What `restore` may return: the plugin, or a `Result` of it.
#[diagnostic::on_unimplemented(
    message = "`restore` returns `{Self}`, which makes no `{T}`",
    label = "wrong return type",
    note = "help: write `fn restore(context: &polyplug::Context, saved: &[u8]) -> Result<Self, E>` with `E: Into<Box<dyn Error + Send + Sync>>`, or `-> Self`"
)]
pub trait Restored<T> {
    /// As a result.
    ///
    /// # Errors
    /// Those of `restore`.
    fn into_result(self) -> Result<T, BoxError>;
}

impl<T> Restored<T> for T {
    fn into_result(self) -> Result<T, BoxError> {
        Ok(self)
    }
}

impl<T, E: ConstructorError> Restored<T> for Result<T, E> {
    fn into_result(self) -> Result<T, BoxError> {
        self.map_err(ConstructorError::into_box)
    }
}

/// The error of `new` and `restore`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the error of a constructor: it makes no `Box<dyn Error + Send + Sync>`",
    label = "wrong error type",
    note = "help: return an error that implements `std::error::Error` and is `Send + Sync + 'static`, a `String`, or `Box<dyn Error + Send + Sync>` itself"
)]
pub trait ConstructorError {
    /// As any error.
    fn into_box(self) -> BoxError;
}

#[diagnostic::do_not_recommend]
impl<E: Into<BoxError>> ConstructorError for E {
    fn into_box(self) -> BoxError {
        self.into()
    }
}

/// What `save` may return.
#[diagnostic::on_unimplemented(
    message = "`save` returns `{Self}`, which is not `Vec<u8>`",
    label = "wrong return type",
    note = "help: write `fn save(&self) -> Vec<u8>`; a panic in it keeps the old version in place"
)]
pub trait Saved {
    /// The bytes.
    fn into_bytes(self) -> Vec<u8>;
}

impl Saved for Vec<u8> {
    fn into_bytes(self) -> Vec<u8> {
        self
    }
}

/// A value that the author names as `new`, `save` or `restore`. `Named::<_, T>::new(f).call(..)` calls it by value if it is a
/// function of the right arguments. Otherwise it is called by reference, which does not compile: asked outright whether
/// something is such a function, the compiler would answer in its own words.
pub struct Named<F, T>(F, PhantomData<fn() -> T>);

impl<F, T> Named<F, T> {
    /// Names it.
    pub const fn new(function: F) -> Self {
        Self(function, PhantomData)
    }
}

impl<F, T> fmt::Debug for Named<F, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Named")
    }
}

/// `new` is a function of the context.
pub trait CallNew {
    /// What it returns.
    type Made;
    /// Calls it.
    fn call(self, context: &Context) -> Self::Made;
}

impl<F: FnOnce(&Context) -> R, R, T> CallNew for Named<F, T> {
    type Made = R;
    fn call(self, context: &Context) -> R {
        (self.0)(context)
    }
}

/// `new` is something else.
pub trait RefuseNew {
    /// What is named.
    type Function;
    /// The plugin.
    type State;
    /// Does not compile.
    fn call(&self, context: &Context) -> Self::State
    where
        Self::Function: Constructor;
}

impl<F, T> RefuseNew for Named<F, T> {
    type Function = F;
    type State = T;
    fn call(&self, _: &Context) -> T
    where
        F: Constructor,
    {
        self.0.never()
    }
}

/// What may be named as `new`, where it is no such function: nothing.
#[diagnostic::on_unimplemented(
    message = "`new` must be a function that takes `&Context` alone",
    label = "wrong signature, or no function",
    note = "help: write `fn new(context: &polyplug::Context) -> Self`, or `-> Result<Self, E>` with `E: Into<Box<dyn Error + Send + Sync>>`"
)]
pub trait Constructor {
    /// Nobody gets here.
    fn never<T>(&self) -> T;
}

/// `save` is a function of the state.
pub trait CallSave<T> {
    /// What it returns.
    type Saved;
    /// Calls it.
    fn call(self, state: &T) -> Self::Saved;
}

impl<F: FnOnce(&T) -> R, R, T> CallSave<T> for Named<F, T> {
    type Saved = R;
    fn call(self, state: &T) -> R {
        (self.0)(state)
    }
}

/// `save` is something else.
pub trait RefuseSave {
    /// What is named.
    type Function;
    /// The plugin.
    type State;
    /// Does not compile.
    fn call(&self, state: &Self::State) -> Vec<u8>
    where
        Self::Function: Saver;
}

impl<F, T> RefuseSave for Named<F, T> {
    type Function = F;
    type State = T;
    fn call(&self, _: &T) -> Vec<u8>
    where
        F: Saver,
    {
        self.0.never()
    }
}

/// What may be named as `save`, where it is no such function: nothing.
#[diagnostic::on_unimplemented(
    message = "`save` must be a function that takes `&Self` alone and returns bytes of its own",
    label = "wrong signature, or no function",
    note = "help: write `fn save(&self) -> Vec<u8>`"
)]
pub trait Saver {
    /// Nobody gets here.
    fn never(&self) -> Vec<u8>;
}

/// `restore` is a function of the context and of what was saved.
pub trait CallRestore {
    /// What it returns.
    type Made;
    /// Calls it.
    fn call(self, context: &Context, saved: &[u8]) -> Self::Made;
}

impl<F: FnOnce(&Context, &[u8]) -> R, R, T> CallRestore for Named<F, T> {
    type Made = R;
    fn call(self, context: &Context, saved: &[u8]) -> R {
        (self.0)(context, saved)
    }
}

/// `restore` is something else.
pub trait RefuseRestore {
    /// What is named.
    type Function;
    /// The plugin.
    type State;
    /// Does not compile.
    fn call(&self, context: &Context, saved: &[u8]) -> Self::State
    where
        Self::Function: Restorer;
}

impl<F, T> RefuseRestore for Named<F, T> {
    type Function = F;
    type State = T;
    fn call(&self, _: &Context, _: &[u8]) -> T
    where
        F: Restorer,
    {
        self.0.never()
    }
}

/// What may be named as `restore`, where it is no such function: nothing.
#[diagnostic::on_unimplemented(
    message = "`restore` must be a function that takes `&Context` and `&[u8]`",
    label = "wrong signature, or no function",
    note = "help: write `fn restore(context: &polyplug::Context, saved: &[u8]) -> Result<Self, E>` with `E: Into<Box<dyn Error + Send + Sync>>`, or `-> Self`"
)]
pub trait Restorer {
    /// Nobody gets here.
    fn never<T>(&self) -> T;
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

/// The descriptor of the plugin type `T`, which keeps nothing over a reload.
#[must_use]
pub fn described<T: 'static, M: Metadata, K: Construct<T>>() -> Description<T> {
    Description(Described::<T, M, K>::FORGETS, PhantomData)
}

/// The descriptor of the plugin type `T`, which saves and restores.
#[must_use]
pub fn described_keeping<T: 'static, M: Metadata, K: Construct<T> + Keep<T>>() -> Description<T> {
    Description(Described::<T, M, K>::KEEPS, PhantomData)
}

struct Described<T, M, K>(PhantomData<(T, M, K)>);

impl<T: 'static, M: Metadata, K: Construct<T>> Described<T, M, K> {
    const FORGETS: &'static PluginDescriptor = &Self::FIELDS;

    const FIELDS: PluginDescriptor = PluginDescriptor {
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
        wants: List::of(M::WANTS),
        save: None,
        restore: None,
        data: core::ptr::null_mut(),
    };
}

impl<T: 'static, M: Metadata, K: Construct<T> + Keep<T>> Described<T, M, K> {
    const KEEPS: &'static PluginDescriptor = &PluginDescriptor {
        save: Some(save::<T, K>),
        restore: Some(restore::<T, K>),
        ..Self::FIELDS
    };
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
    let make = || {
        // SAFETY: clause 1.
        let context = unsafe { Context::retain(context) };
        K::construct(&context)
    };
    // SAFETY: clause 1.
    unsafe { deliver(receiver, error, make) }
}

/// See [`PluginDescriptor::restore`].
///
/// # Safety
/// 1. As for [`construct`].
/// 2. `saved` points to `saved_len` bytes that live for the call, or `saved_len` is 0.
unsafe extern "C" fn restore<T, K: Keep<T>>(
    receiver: *mut Receiver,
    context: *const ContextRecord,
    saved: *const u8,
    saved_len: usize,
    error: *mut Buffer,
) -> *mut () {
    let make = || {
        // SAFETY: clause 1.
        let context = unsafe { Context::retain(context) };
        let saved = if saved_len == 0 {
            &[]
        } else {
            // SAFETY: clause 2.
            unsafe { core::slice::from_raw_parts(saved, saved_len) }
        };
        K::state_from_bytes(&context, saved)
    };
    // SAFETY: clause 1.
    unsafe { deliver(receiver, error, make) }
}

/// A state that `make` makes, or null and why.
///
/// # Safety
/// 1. `receiver` is a fresh receiver, `error` a place for a buffer.
unsafe fn deliver<T>(
    receiver: *mut Receiver,
    error: *mut Buffer,
    make: impl FnOnce() -> Result<T, BoxError>,
) -> *mut () {
    let outcome = panics::contain(|| match make() {
        Ok(state) => Ok(Box::new(state)),
        Err(error) => Err(levels(error.as_ref())),
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

/// See [`PluginDescriptor::save`].
///
/// # Safety
/// 1. `receiver.state` was made by [`construct`] or [`restore`] for the same `T` and lives for the call, shared with others at
///    most; `out` is a place for a buffer.
unsafe extern "C" fn save<T, K: Keep<T>>(receiver: *mut Receiver, out: *mut Buffer) {
    // SAFETY: clause 1.
    let state = unsafe { &*(*receiver).state.cast::<T>() };
    match panics::contain(|| K::state_to_bytes(state).give()) {
        // SAFETY: clause 1.
        Ok(bytes) => unsafe { out.write(bytes) },
        // SAFETY: clause 1.
        Err(fault) => unsafe { (*receiver).fault = fault.into_raw() },
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
/// 1. `receiver.state` was made by [`construct`] or [`restore`] for the same `T`, and is not used again.
unsafe extern "C" fn destroy<T>(receiver: *mut Receiver) {
    // SAFETY: clause 1.
    let state = unsafe { (*receiver).state }.cast::<T>();
    // SAFETY: clause 1.
    if let Err(fault) = panics::contain(|| drop(unsafe { Box::from_raw(state) })) {
        // SAFETY: clause 1.
        unsafe { (*receiver).fault = fault.into_raw() };
    }
}
