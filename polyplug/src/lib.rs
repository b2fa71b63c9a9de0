//! polyplug: a Rust trait is the whole interface.
//!
//! Annotate a trait with [`#[polyplug::contract]`](macro@contract), and plugins can implement it and hosts can call it
//! across a stable binary interface, at the price of a C function pointer: no interface language, no build step, no
//! wrapper types in signatures, no `unsafe` in your code.
//!
//! # Quickstart
//!
//! Three crates. The contract is shared by the host and the plugins:
//!
//! ```
//! #[polyplug::contract(id = "demo.greeter", version = "1.0")]
//! pub trait Greeter {
//!     fn greet(&self, name: &str) -> String;
//!     /// Plugins may leave out what has a default body.
//!     fn add(&self, a: u32, b: u32) -> u32 {
//!         a + b
//!     }
//! }
//! # fn main() {}
//! ```
//!
//! A plugin is a library that implements it, built with `cargo rustc --crate-type cdylib`:
//!
//! ```standalone_crate
//! # #[polyplug::contract(id = "demo.greeter", version = "1.0")]
//! # pub trait Greeter { fn greet(&self, name: &str) -> String; }
//! #[derive(Default)]
//! struct Hello;
//!
//! #[polyplug::plugin]
//! impl Greeter for Hello {
//!     fn greet(&self, name: &str) -> String {
//!         format!("Hello, {name}!")
//!     }
//! }
//! # fn main() {}
//! ```
//!
//! The host loads it, asks for the contract, and calls it as if it were its own:
//!
//! ```no_run
//! # #[polyplug::contract(id = "demo.greeter", version = "1.0")]
//! # pub trait Greeter { fn greet(&self, name: &str) -> String; }
//! # fn main() -> polyplug::Result<()> {
//! let runtime = polyplug::Runtime::new();
//! runtime.load("target/release/libhello.so")?;
//! let greeter = runtime.get::<dyn Greeter>()?;
//! println!("{}", greeter.greet("world"));
//! # Ok(())
//! # }
//! ```
//!
//! # Where to read on
//!
//! | | |
//! | --- | --- |
//! | [`contract`](macro@contract), [`host_contract`](macro@host_contract) | traits that cross: from the host to plugins, and back |
//! | [`plugin`](macro@plugin), [`Context`] | implementations, and what they see of the host |
//! | [`data`](macro@data) | your own structs and enums in signatures |
#![cfg_attr(
    feature = "host",
    doc = "| [`Runtime`], [`Module`] | loading and finding plugins |"
)]
//! | [`Caller`], [`Pinned`], [`Instance`] | the three handles, which all implement the contract |
//! | [`Fault`], [`catch`](fn@catch), [`Error`] | what goes wrong in a call, and everywhere else |
//!
//! # Features
//!
//! | | |
//! | --- | --- |
//! | `host` | the runtime; on by default, left out by plugins |
//! | `watch` | a folder is watched, and modules are loaded again when their files change: `Runtime::watch`; off by default |
//! | `config` | `Runtime::configure` and `Context::config`; off by default, added by each side that uses it |
//! | `testing` | tests that a contract is what it was; off by default |
//! | `bundle` | folders with a manifest are loaded as one module; on by default |
//! | `tracing` | what a plugin says with `tracing` or `log` arrives in the host's `tracing` subscriber, with its name in the field `plugin`; on by default, added back by plugins |
#![expect(
    unsafe_code,
    reason = "each module that needs it states its numbered truths at its top"
)]

/// Makes a trait a contract: an interface that plugins implement and hosts call.
///
/// ```standalone_crate
/// #[polyplug::contract(id = "demo.counter", version = "1.0")]
/// pub trait Counter {
///     /// Counts the words of a text.
///     fn count(&self, text: &str) -> usize;
///     /// Plugins may leave this out.
///     fn is_empty(&self, text: &str) -> bool {
///         self.count(text) == 0
///     }
/// }
///
/// #[derive(Default)]
/// struct Words;
///
/// #[polyplug::plugin]
/// impl Counter for Words {
///     fn count(&self, text: &str) -> usize {
///         text.split_whitespace().count()
///     }
/// }
///
/// # #[cfg(feature = "host")]
/// fn main() -> polyplug::Result<()> {
///     let runtime = polyplug::Runtime::new();
///     runtime.load_linked()?; // a plugin in a file: `runtime.load(path)?`
///     let counter = runtime.get::<dyn Counter>()?;
///     assert_eq!(counter.count("two words"), 2);
///     assert!(counter.is_empty(""));
///     Ok(())
/// }
/// # #[cfg(not(feature = "host"))]
/// # fn main() {}
/// ```
///
/// # Options
///
/// | option | meaning |
/// | --- | --- |
/// | `id = "vendor.thing"` | who the contract is: two or more words with dots between them; never changes |
/// | `version = "1.0"` | major and minor; contracts of two majors have nothing to do with each other |
/// | `pinned` | results may borrow from `&self`; only [`Pinned`] and [`Instance`] implement the contract then |
/// | `crate = path` | where `polyplug` is, if not at `::polyplug` |
///
/// # Methods
///
/// When every method takes `&self`, the contract is *shared*: one plugin serves all callers, from many threads at once.
/// With a `&mut self` method it is *exclusive*: each caller has an [`Instance`] of its own, and asking for a [`Caller`] does
/// not compile.
///
/// A method with a default body may be left out by plugins, also by those that were built before the method was there;
/// the caller's body runs instead. `#[cfg(..)]`, documentation and lifetimes on references are fine; type parameters,
/// `async`, constants and associated types are not. Supertraits can be `Send` and `Sync`.
///
/// # Types that may stand in a signature
///
/// | | where | how it crosses |
/// | --- | --- | --- |
/// | `bool`, `char`, integers to 128 bits, `f32`, `f64`, `()` | anywhere | as they are |
/// | `&str`, `String`, `Cow<str>` | anywhere | `&str` by address, owned text is copied |
/// | `&[T]`, `Vec<T>`, `[T; N]` | anywhere | slices of plain `T` by address, the others are copied |
/// | `Option<T>`, `Result<T, E>`, tuples to eight parts, `Box<T>` | anywhere | as their parts |
/// | `HashMap`, `BTreeMap`, `HashSet`, `BTreeSet` | anywhere; keys own what they hold | copied |
/// | `Duration`, `SystemTime`, `&Path`, `PathBuf` | anywhere | copied; paths are bytes on Unix |
/// | structs and enums with [`#[polyplug::data]`](macro@data) | anywhere | plain ones by address behind `&`, the others are copied |
/// | [`Fault`] | anywhere | counted |
/// | `&T` | arguments, and inside other types | plain `T` by address, others are copied |
/// | `&mut [T]` of numbers and plain data of them | arguments | by address, changed in place |
/// | `&mut String`, `&mut Vec<T>` | arguments | copied there and back; unchanged after a fault |
/// | `&dyn Fn(..)`, `&mut dyn FnMut(..)` | arguments; `&dyn Fn` inside other types | lent for the call |
/// | `Box<dyn Fn(..)>`, `FnMut`, `FnOnce`, `Arc<dyn Fn(..)>`, with `Send` and `Sync` as written | anywhere | handed over, or counted |
/// | `&dyn C`, `&mut dyn C`, where `C` is a contract | arguments; `&dyn C` inside other types | lent for the call |
/// | `Box<dyn C>`, `Arc<dyn C>` | anywhere | handed over, or counted |
/// | `&'a str`, `&'a [T]`, `&'a T` of plain `T` | results | a part of an argument, or with `pinned` of the plugin |
///
/// *Plain* is a number of at most 64 bits, a `bool`, a `char`, or an array or data struct of plain. "Anywhere" is as an
/// argument, as a result, and inside other types and data. Types are recognised by the trait [`Data`], not by their
/// spelling: aliases and a crate's own `Result<T>` work. Anything else is a compile error at the type, which says what to
/// write instead. The book has an example of each.
///
/// ```standalone_crate
/// # #[cfg(feature = "host")]
/// # fn main() -> polyplug::Result<()> {
/// /// Exclusive: each caller reads alone.
/// #[polyplug::contract(id = "demo.lines", version = "1.0")]
/// pub trait Lines {
///     fn next(&mut self) -> Option<String>;
/// }
///
/// /// Pinned: results borrow from the plugin.
/// #[polyplug::contract(id = "demo.shelf", version = "1.0", pinned)]
/// pub trait Shelf {
///     fn title(&self) -> &str;
///     fn each(&self, visit: &mut dyn FnMut(&str));
/// }
///
/// #[derive(Default)]
/// struct Book {
///     read: u32,
/// }
///
/// #[polyplug::plugin(name = "lines")]
/// impl Lines for Book {
///     fn next(&mut self) -> Option<String> {
///         self.read += 1;
///         (self.read < 3).then(|| format!("line {}", self.read))
///     }
/// }
///
/// #[derive(Default)]
/// struct Shelved;
///
/// #[polyplug::plugin(name = "shelf")]
/// impl Shelf for Shelved {
///     fn title(&self) -> &str {
///         "Moby Dick"
///     }
///     fn each(&self, visit: &mut dyn FnMut(&str)) {
///         self.title().split(' ').for_each(visit);
///     }
/// }
///
/// let runtime = polyplug::Runtime::new();
/// runtime.load_linked()?;
/// let mut lines = runtime.create::<dyn Lines>()?; // not `get`: it is exclusive
/// assert_eq!(std::iter::from_fn(|| lines.next()).count(), 2);
/// let shelf = polyplug::Caller::pin(&runtime.get::<dyn Shelf>()?)?;
/// assert_eq!(shelf.title(), "Moby Dick");
/// let mut words = Vec::new();
/// shelf.each(&mut |word: &str| words.push(word.to_owned()));
/// assert_eq!(words, ["Moby", "Dick"]);
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "host"))]
/// # fn main() {}
/// ```
///
/// # What it generates
///
/// The trait stays as you wrote it. Beside it come a `repr(C)` table with one function a method, and the two ends of
/// each call: the callee's, which contains panics, and the caller's, through which [`Caller`], [`Pinned`] and
/// [`Instance`] implement the trait: all three a shared contract, `Instance` an exclusive one. `dyn YourTrait` becomes a [`Contract`], with a static description of all methods
/// and types.
///
/// # Errors
///
/// A plugin that panics, or is gone, answers with a [`Fault`]. A method that returns `Result<T, E>` with `E: From<Fault>`
/// returns it as an `Err`; any other method raises it like a panic, and [`catch`](fn@catch) catches it.
///
/// ```standalone_crate
/// # #[cfg(feature = "host")]
/// # fn main() -> polyplug::Result<()> {
/// #[polyplug::contract(id = "demo.divider", version = "1.0")]
/// pub trait Divider {
///     fn divide(&self, a: i32, b: i32) -> Result<i32, polyplug::Fault>;
///     fn halve(&self, a: i32, parts: i32) -> i32;
/// }
///
/// #[derive(Default)]
/// struct Plain;
///
/// #[polyplug::plugin]
/// impl Divider for Plain {
///     fn divide(&self, a: i32, b: i32) -> Result<i32, polyplug::Fault> {
///         Ok(a / b)
///     }
///     fn halve(&self, a: i32, parts: i32) -> i32 {
///         a / parts
///     }
/// }
///
/// let runtime = polyplug::Runtime::new();
/// runtime.load_linked()?;
/// let divider = runtime.get::<dyn Divider>()?;
/// assert_eq!(divider.divide(6, 3).unwrap(), 2);
/// assert!(divider.divide(1, 0).is_err());
/// assert!(polyplug::catch(|| divider.halve(1, 0)).is_err());
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "host"))]
/// # fn main() {}
/// ```
pub use polyplug_macros::contract;

/// Makes a struct or an enum cross.
///
/// ```
/// #[polyplug::data]
/// #[derive(Clone, Debug, PartialEq)]
/// pub struct Page {
///     pub title: String,
///     pub parts: Vec<Part>,
/// }
///
/// #[polyplug::data]
/// #[derive(Clone, Debug, PartialEq)]
/// pub enum Part {
///     Rule,
///     Text(String),
///     Nested { page: Box<Page> },
/// }
///
/// #[polyplug::contract(id = "demo.printer", version = "1.0")]
/// pub trait Printer {
///     fn lines(&self, page: &Page) -> Vec<String>;
/// }
/// # fn main() {}
/// ```
///
/// Fields can have every type that may stand "anywhere" in the table at [`contract`](macro@contract) but `&str`, `&[T]` and
/// `&Path`: data owns what it holds, objects and closures included. Also the type itself, behind a `Vec` or `Box`. Data has
/// no references, no parameters, no `Drop`, at least one field or variant, no layout of its own and no `#[cfg(..)]`
/// inside: both sides must see the same.
///
/// *Plain* structs, whose fields are numbers, `bool`, `char`, or arrays and structs of them, pass by reference and in
/// slices without being copied. Everything else is copied once, into the memory of the side that receives it.
///
/// # Options
///
/// | option | meaning |
/// | --- | --- |
/// | `flags` | the struct's one field, an unsigned integer, is a set of bits: it crosses as that integer, and bits that this side has no name for are kept |
/// | `non_exhaustive` | fields, or variants, may be added in a later minor version of the contract |
/// | `crate = path` | where `polyplug` is, if not at `::polyplug` |
///
/// ```
/// #[polyplug::data(flags)]
/// #[derive(Clone, Copy, Debug, PartialEq, Eq)]
/// pub struct Style(pub u32);
///
/// impl Style {
///     pub const BOLD: Self = Self(1);
///     pub const ITALIC: Self = Self(2);
/// }
///
/// #[polyplug::contract(id = "demo.styler", version = "1.0")]
/// pub trait Styler {
///     fn heavier(&self, style: Style, all: &[Style]) -> Style;
/// }
/// # fn main() {}
/// ```
///
/// Inside a type with `non_exhaustive`:
///
/// | where | option | meaning |
/// | --- | --- | --- |
/// | a field of a struct | `#[data(default)]` | it was added: filled in with its type's `Default` when the other side does not know it |
/// | a field of a struct | `#[data(default = expression)]` | the same, with the value of the expression |
/// | a variant | `#[data(other)]` | stands for variants that this side does not know; without fields, or with a `u32` for their tag |
///
/// ```
/// #[polyplug::data(non_exhaustive)]
/// #[derive(Clone, Debug, PartialEq)]
/// pub struct Frame {
///     pub name: String,
///     /// Since 1.1.
///     #[data(default = 12)]
///     pub size: u32,
/// }
///
/// #[polyplug::data(non_exhaustive)]
/// #[derive(Clone, Debug, PartialEq)]
/// pub enum Event {
///     Opened(String),
///     #[data(other)]
///     Unknown,
/// }
/// # fn main() {}
/// ```
///
/// Fields and variants are added at the end. Whatever the reader of a value does not know is left to its writer, who
/// releases it. Without an `other` variant an unknown one is a fault of kind [`UnknownVariant`](FaultKind::UnknownVariant).
/// All other data is closed: a contract whose data differs is refused at load.
///
/// # What it generates
///
/// `#[repr(C)]` on a struct, and an implementation of [`Data`]: the form in which values cross, the way there and back,
/// and a static description of the fields. An enum, and data that grows, keeps the layout that Rust gives it. Nothing is
/// derived for you.
///
/// # Errors
///
/// A value that came from another language and is none of the type, such as a variant that does not exist, is a
/// [`Fault`], not a value. A field whose type cannot cross is a compile error.
pub use polyplug_macros::data;

/// Makes a trait a contract that only the host provides, and that plugins call.
///
/// ```standalone_crate
/// # #[cfg(feature = "host")]
/// # fn main() -> polyplug::Result<()> {
/// #[polyplug::host_contract(id = "demo.log", version = "1.0")]
/// pub trait Log {
///     fn write(&self, line: &str);
/// }
///
/// struct Stdout;
///
/// impl Log for Stdout {
///     fn write(&self, line: &str) {
///         println!("{line}");
///     }
/// }
///
/// let runtime = polyplug::Runtime::new();
/// runtime.provide::<dyn Log>(Stdout)?;
/// runtime.get::<dyn Log>()?.write("a plugin reaches it through its context");
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "host"))]
/// # fn main() {}
/// ```
///
/// Options, methods, types and errors are those of [`contract`](macro@contract), and so is what it generates; `dyn
/// YourTrait` becomes a [`HostContract`] instead of a [`PluginContract`]. A plugin asks its [`Context`] for it, and names
/// it in `requires(..)` of [`plugin`](macro@plugin) when it cannot do without, or in `wants(..)` when it can.
pub use polyplug_macros::host_contract;

/// Registers a type as a plugin: on `impl Contract for Type`, once for each contract that the type offers.
///
/// All impls of one type are one plugin with one state. It is made when the module is loaded, and called by many threads
/// at once, so the type must be `Send + Sync + 'static`. A type whose contracts are all exclusive is made anew for each
/// caller instead, and must be `Send + 'static`.
///
/// ```standalone_crate
/// use polyplug::Context;
///
/// #[polyplug::contract(id = "demo.greeter", version = "1.0")]
/// pub trait Greeter {
///     fn greet(&self, name: &str) -> String;
/// }
///
/// struct Hello {
///     word: String,
/// }
///
/// impl Hello {
///     fn new(context: &Context) -> Result<Self, std::num::ParseIntError> {
///         let _ = "7".parse::<u32>()?;
///         Ok(Self { word: format!("Hello from {}", context.plugin()) })
///     }
/// }
///
/// #[polyplug::plugin(name = "hello", new = Self::new)]
/// impl Greeter for Hello {
///     fn greet(&self, name: &str) -> String {
///         format!("{}, {name}!", self.word)
///     }
/// }
///
/// # #[cfg(feature = "host")]
/// fn main() -> polyplug::Result<()> {
///     let runtime = polyplug::Runtime::new();
///     runtime.load_linked()?;
///     let greeter = runtime.get::<dyn Greeter>()?;
///     assert_eq!(greeter.greet("world"), "Hello from hello, world!");
///     Ok(())
/// }
/// # #[cfg(not(feature = "host"))]
/// # fn main() {}
/// ```
///
/// # Options
///
/// On exactly one of the impls of a type:
///
/// | option | meaning | default |
/// | --- | --- | --- |
/// | `name = ".."` | the plugin's name, unique in a runtime | the package's |
/// | `version = ".."` | three numbers | the package's |
/// | `description = ".."` | one line | the package's |
/// | `new = path` | `fn(&Context) -> Self`, or `-> Result<Self, E>` with `E: Into<Box<dyn Error + Send + Sync>>` | `Default` |
/// | `save = path` | `fn(&Self) -> Vec<u8>`: what the state keeps over a reload; together with `restore` | nothing is kept |
/// | `restore = path` | `fn(&Context, &[u8]) -> Result<Self, E>`, or `-> Self`: makes the state from what an earlier version saved | |
/// | `requires(dyn Log, ..)` | contracts, of the host or of other plugins, without which the plugin is not loaded | none |
/// | `wants(dyn Peer, ..)` | contracts whose providers are loaded before the plugin, if they are there at all | none |
/// | `crate = path` | where `polyplug` is; may stand on every impl | `::polyplug` |
///
/// Authors, licence and repository are the package's.
///
/// # Saving and restoring
///
/// Without `save` and `restore` a reload makes a new state as if the plugin were loaded for the first time. With them, the
/// old version saves, and the new one restores instead of being constructed. What the bytes mean is between versions of the
/// plugin alone, so the first thing in them should say how to read the rest:
///
/// ```standalone_crate
/// use polyplug::Context;
/// use std::sync::Mutex;
///
/// #[polyplug::contract(id = "demo.notes", version = "1.0")]
/// pub trait Notes {
///     fn add(&self, line: &str);
///     fn count(&self) -> usize;
/// }
///
/// #[derive(Default)]
/// struct Notebook {
///     lines: Mutex<Vec<String>>,
/// }
///
/// impl Notebook {
///     /// Called on the old version.
///     fn save(&self) -> Vec<u8> {
///         let lines = self.lines.lock().unwrap();
///         format!("notes 1\n{}", lines.join("\n")).into_bytes()
///     }
///
///     /// Called on the new version, in place of a constructor.
///     fn restore(_: &Context, saved: &[u8]) -> Result<Self, String> {
///         let text = std::str::from_utf8(saved).map_err(|error| error.to_string())?;
///         let lines = text.strip_prefix("notes 1\n").ok_or("saved by a version that I do not know")?;
///         Ok(Self { lines: Mutex::new(lines.lines().map(str::to_owned).collect()) })
///     }
/// }
///
/// #[polyplug::plugin(name = "notebook", save = Self::save, restore = Self::restore)]
/// impl Notes for Notebook {
///     fn add(&self, line: &str) {
///         self.lines.lock().unwrap().push(line.to_owned());
///     }
///     fn count(&self) -> usize {
///         self.lines.lock().unwrap().len()
///     }
/// }
///
/// # fn main() {
/// let old = Notebook::default();
/// old.add("milk");
/// old.add("bread");
/// assert_eq!(old.save(), b"notes 1\nmilk\nbread");
/// # }
/// ```
///
/// An error or a panic in either of them refuses the reload, and the old version goes on.
///
/// # What it generates
///
/// The impl stays as you wrote it. Beside it come a description of the plugin, the functions that construct, save, restore
/// and drop its state, and an entry in the list that the library hands over when it is loaded. Nothing is exported by name
/// but that list's door, so plugins can be linked into one program.
///
/// # Errors
///
/// A constructor that fails or panics refuses the whole module: see [`Error::ConstructorFailed`] and
/// [`Error::ConstructorPanicked`]. A panic in a method is a [`Fault`] in the caller, and the plugin goes on.
pub use polyplug_macros::plugin;

#[cfg(any(feature = "host", feature = "loader"))]
pub use self::kinds::{Memory, Passing, TypeKind};
pub use call::Handle;
pub use context::Context;
#[doc(hidden)]
pub use contract::ContractParts;
pub use contract::{
    Contract, HostContract, ImplementedBy, PluginContract, ProviderForEach, ProviderOf,
    SharedContract,
};
pub use data::{Borrows, Data, InPlace, Mutable, Plain, Referent};
#[doc(hidden)]
pub use data::{FlagsInteger, OtherTag, Whole, WithoutDrop};
#[doc(hidden)]
pub use data::{HasDrop, ReferentParts};
pub use error::{Error, Result};
pub use fault::{Fault, FaultKind, Location, catch};
pub use handles::{Caller, Instance, Pinned};
#[cfg(any(feature = "host", feature = "loader"))]
pub use loader::{Known, Loader, Opened, Source};
#[doc(hidden)]
pub use object::{AnyObject, Dynamic, borrow_object, lend, lend_mut, take_object};
pub use object::{Borrowed, Proxy};

#[cfg(feature = "host")]
pub use host::*;

// Named in messages of the compiler, which take the shortest path.
#[doc(hidden)]
pub use contract::{Exclusive, ManyCallersOf, OfferedBy, PinTheCallerFirst, Shared};
#[doc(hidden)]
pub use plugin::{
    AdmitExclusive, AdmitShared, Constructed, Constructor, ConstructorError, DefaultPlugin,
    Description, ExclusivePluginState, FindDefault, OptionsOnOneImplOnly, PluginState, RefuseNew,
    RefuseRestore, RefuseSave, Restored, Restorer, Saved, Saver,
};

mod bridge;
mod call;
mod check;
mod closure;
mod context;
mod contract;
mod data;
mod describe;
mod discard;
mod entry;
mod error;
mod fault;
#[cfg(feature = "loader")]
pub mod guest;
mod handles;
#[cfg(feature = "host")]
mod host;
mod image;
#[cfg(any(feature = "host", feature = "loader"))]
mod kinds;
#[cfg(any(feature = "host", feature = "loader"))]
mod loader;
mod log;
mod object;
mod own_thread;
mod panics;
mod plugin;
mod reclaim;
#[cfg(feature = "testing")]
pub mod testing;
mod threads;

/// What generated code calls. Use it and you are on your own: it changes without notice.
#[doc(hidden)]
pub mod __private {
    pub use core;
    pub use linkme;
    pub use std::boxed::Box;
    pub use std::vec::Vec;

    pub use polyplug_abi as abi;

    pub use crate::bridge::{Implemented, bridge_invoke, on_implementor};
    pub use crate::call::{
        Handle, Raise, RaiseAsError, RaiseByUnwinding, begin, explain, settle, text, unbound,
        unbound_mut, unknown_method,
    };
    pub use crate::context::Context;
    pub use crate::contract::{
        Access, Contract, ContractParts, Direct, Exclusive, HostContract, ImplementedBy, OfferedBy,
        PinTheCallerFirst, PluginContract, Shared, SharedContract, SyncInstance, order_of,
    };
    pub use crate::data::{
        And, AnyBits, Arena, ArgumentOf, Bits, Borrows, ByAddress, ByValue, Data, DropCheck,
        ErrorFromFault, ErrorOf, FlagsInteger, HasDrop, HasNoDrop, Mutable, NoErrorFromFault,
        NoOut, Node, NotPlain, OfObject, OtherTag, OutOf, PointedOf, Referent, ReferentParts,
        Region, ReturnOf, Scalar, Travel, VariantNode, bare_variant, give_struct, give_variant,
        lend_struct, lend_variant, size_word, unknown_variant,
    };
    pub use crate::describe::{
        argument, bridge_header, contract, defaulted, enumeration, field, flags,
        growing_enumeration, growing_structure, index_of, interface_header, method,
        offset_in_frame, offset_in_variant, read, structure, text_function, variant,
    };
    pub use crate::entry::{
        CONTRACTS, ContractEntry, NEVER_UNMAP, OFFERS, OfferEntry, count_offer,
    };
    pub use crate::fault::Fault;
    pub use crate::handles::{Caller, Instance, Pinned};
    pub use crate::object::{
        AnyObject, Borrowed, Dynamic, ObjectOf, Proof, Proxy, borrow_object, lend, lend_mut, share,
        take_object,
    };
    pub use crate::plugin::{
        Admission, AdmitExclusive, AdmitShared, BoxError, CallNew, CallRestore, CallSave,
        Construct, Constructed, DefaultPlugin, Description, Find, FindDefault, FindOptions, Keep,
        Metadata, Named, OptionsOnOneImplOnly, PluginState, RefuseNew, RefuseRestore, RefuseSave,
        Restored, Saved, described, described_keeping,
    };
    pub use std::sync::Arc;
}
