//! What a loader says of its language's values: how they are made, and how they are taken apart.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::implementation::Implementation;
use super::remote::Remote;
use super::views::{ContractView, Type, Variant};
use crate::fault::Fault;

/// Why a value of the language is none of the type that was expected: `expected a number, got a table`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfit(pub String);

impl Unfit {
    /// Says what was expected, and what there was.
    #[must_use]
    pub fn expected(expected: &str, got: &str) -> Self {
        Self(format!("expected {expected}, got {got}"))
    }
}

/// An object that a guest hands over: its own, or one that it was given.
pub enum Handed {
    /// Implemented by the guest.
    Own(Box<dyn Implementation>),
    /// Somebody else's, passed on.
    Remote(Remote),
}

impl core::fmt::Debug for Handed {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Own(_) => f.write_str("Own"),
            Self::Remote(remote) => write!(f, "Remote({remote:?})"),
        }
    }
}

/// The entries of a map: keys and values.
pub type Pairs<V> = Vec<(V, V)>;

/// A language, for the conversion of values that a descriptor leads. One method makes a value of each kind, one takes it
/// apart.
///
/// Making a value fails only when the language itself fails, for want of memory for example.
#[expect(
    clippy::missing_errors_doc,
    reason = "makers: a fault of the language; takers: the value is none"
)]
pub trait Language {
    /// A value of the language.
    type Value;

    /// Does something that may wait for other threads and call the language again: enters what a guest calls, and calls it. A
    /// language with a lock lets go of it meanwhile.
    fn outside<T>(&mut self, work: impl FnOnce() -> T) -> T {
        work()
    }

    /// `()`.
    fn unit(&mut self) -> Result<Self::Value, Fault>;
    /// `bool`.
    fn boolean(&mut self, value: bool) -> Result<Self::Value, Fault>;
    /// Integers to 64 bits with a sign.
    fn signed(&mut self, value: i64) -> Result<Self::Value, Fault>;
    /// Integers to 64 bits without a sign.
    fn unsigned(&mut self, value: u64) -> Result<Self::Value, Fault>;
    /// `i128`.
    fn wide_signed(&mut self, value: i128) -> Result<Self::Value, Fault>;
    /// `u128`.
    fn wide_unsigned(&mut self, value: u128) -> Result<Self::Value, Fault>;
    /// `f32`, `f64`.
    fn float(&mut self, value: f64) -> Result<Self::Value, Fault>;
    /// `char`.
    fn character(&mut self, value: char) -> Result<Self::Value, Fault>;
    /// `String`, `&str`.
    fn text(&mut self, value: &str) -> Result<Self::Value, Fault>;
    /// A list of `u8`, if the language has a type of its own for that; by default a list.
    fn bytes(&mut self, value: &[u8]) -> Result<Self::Value, Fault> {
        let mut values = Vec::with_capacity(value.len());
        for &byte in value {
            values.push(self.unsigned(u64::from(byte))?);
        }
        self.list(values)
    }
    /// A list, a slice or an array.
    fn list(&mut self, values: Vec<Self::Value>) -> Result<Self::Value, Fault>;
    /// A tuple.
    fn tuple(&mut self, values: Vec<Self::Value>) -> Result<Self::Value, Fault>;
    /// An option.
    fn option(&mut self, value: Option<Self::Value>) -> Result<Self::Value, Fault>;
    /// An option of something that may be nothing itself: `Option<Option<T>>`, `Option<()>`. By default as any other.
    fn nested_option(&mut self, value: Option<Self::Value>) -> Result<Self::Value, Fault> {
        self.option(value)
    }
    /// A result.
    fn result(&mut self, value: Result<Self::Value, Self::Value>) -> Result<Self::Value, Fault>;
    /// A struct: its fields in order. One that its writer does not know is missing.
    fn record(
        &mut self,
        ty: Type<'_>,
        fields: Vec<Option<Self::Value>>,
    ) -> Result<Self::Value, Fault>;
    /// A variant of an enum: its fields in order.
    fn variant(
        &mut self,
        ty: Type<'_>,
        variant: Variant<'_>,
        fields: Vec<Self::Value>,
    ) -> Result<Self::Value, Fault>;
    /// A map: pairs in order.
    fn map(&mut self, pairs: Vec<(Self::Value, Self::Value)>) -> Result<Self::Value, Fault>;
    /// A set: items in order.
    fn set(&mut self, items: Vec<Self::Value>) -> Result<Self::Value, Fault>;
    /// `Duration`.
    fn duration(&mut self, value: Duration) -> Result<Self::Value, Fault>;
    /// `SystemTime`: seconds since 1970, and nanoseconds after that.
    fn time(&mut self, seconds: i64, nanoseconds: u32) -> Result<Self::Value, Fault>;
    /// `PathBuf`, `&Path`.
    fn path(&mut self, value: &Path) -> Result<Self::Value, Fault>;
    /// A set of bits.
    fn flags(&mut self, ty: Type<'_>, bits: u64) -> Result<Self::Value, Fault>;
    /// `Fault`.
    fn fault(&mut self, fault: Fault) -> Result<Self::Value, Fault>;
    /// An object or a closure of the other side.
    fn object(&mut self, object: Remote) -> Result<Self::Value, Fault>;

    /// `bool`.
    fn to_boolean(&mut self, value: &Self::Value) -> Result<bool, Unfit>;
    /// Any integer that an `i128` holds.
    fn to_integer(&mut self, value: &Self::Value) -> Result<i128, Unfit>;
    /// `u128`.
    fn to_wide_unsigned(&mut self, value: &Self::Value) -> Result<u128, Unfit> {
        let value = self.to_integer(value)?;
        u128::try_from(value).map_err(|_negative| Unfit(format!("{value} is negative")))
    }
    /// `f32`, `f64`.
    fn to_float(&mut self, value: &Self::Value) -> Result<f64, Unfit>;
    /// `char`: by default a text of one.
    fn to_character(&mut self, value: &Self::Value) -> Result<char, Unfit> {
        let text = self.to_text(value)?;
        let mut characters = text.chars();
        match (characters.next(), characters.next()) {
            (Some(character), None) => Ok(character),
            _ => Err(Unfit(format!(
                "expected a text of one character, got one of {}",
                text.chars().count()
            ))),
        }
    }
    /// Text, which is UTF-8.
    fn to_text<'v>(&mut self, value: &'v Self::Value) -> Result<Cow<'v, str>, Unfit>;
    /// A list of `u8`, if the value is of the language's own type for that.
    fn to_bytes<'v>(&mut self, value: &'v Self::Value) -> Option<Cow<'v, [u8]>> {
        let _ = value;
        None
    }
    /// The items of a list.
    fn to_list(&mut self, value: &Self::Value) -> Result<Vec<Self::Value>, Unfit>;
    /// The parts of a tuple.
    fn to_tuple(&mut self, value: &Self::Value) -> Result<Vec<Self::Value>, Unfit> {
        self.to_list(value)
    }
    /// An option.
    fn to_option(&mut self, value: &Self::Value) -> Result<Option<Self::Value>, Unfit>;
    /// A result.
    fn to_result(&mut self, value: &Self::Value)
    -> Result<Result<Self::Value, Self::Value>, Unfit>;
    /// A field of a struct, by name; nothing when it is missing.
    fn to_field(&mut self, value: &Self::Value, name: &str) -> Result<Option<Self::Value>, Unfit>;
    /// The number of the variant among those of the type, and its fields in order.
    fn to_variant(
        &mut self,
        value: &Self::Value,
        ty: Type<'_>,
    ) -> Result<(usize, Vec<Self::Value>), Unfit>;
    /// The pairs of a map.
    fn to_map(&mut self, value: &Self::Value) -> Result<Pairs<Self::Value>, Unfit>;
    /// The items of a set.
    fn to_set(&mut self, value: &Self::Value) -> Result<Vec<Self::Value>, Unfit> {
        self.to_list(value)
    }
    /// `Duration`.
    fn to_duration(&mut self, value: &Self::Value) -> Result<Duration, Unfit>;
    /// Seconds since 1970, and nanoseconds after that.
    fn to_time(&mut self, value: &Self::Value) -> Result<(i64, u32), Unfit>;
    /// A path.
    fn to_path(&mut self, value: &Self::Value) -> Result<PathBuf, Unfit>;
    /// A set of bits.
    fn to_flags(&mut self, value: &Self::Value, ty: Type<'_>) -> Result<u64, Unfit>;
    /// A fault.
    fn to_fault(&mut self, value: &Self::Value) -> Result<Fault, Unfit>;
    /// An object of this contract, or a closure, whose contract has no id and one method, `call`.
    fn to_object(
        &mut self,
        value: &Self::Value,
        contract: ContractView<'_>,
    ) -> Result<Handed, Unfit>;
}
