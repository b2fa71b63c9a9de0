//! Values for loaders that have no language of their own, and for tests.

use core::fmt;
use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::implementation::{Call, Implementation};
use super::language::{Handed, Language, Unfit};
use super::remote::Remote;
use super::views::{ContractView, Type, Variant};
use crate::fault::Fault;
use crate::kinds::TypeKind;

/// Any value that crosses.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Value {
    /// `()`.
    Unit,
    /// `bool`.
    Boolean(bool),
    /// Integers.
    Integer(i128),
    /// A `u128` beyond those.
    Large(u128),
    /// `f32`, `f64`.
    Float(f64),
    /// `char`.
    Character(char),
    /// Text.
    Text(String),
    /// Lists, slices, arrays, sets.
    Items(Vec<Value>),
    /// Tuples.
    Tuple(Vec<Value>),
    /// `None`.
    Absent,
    /// `Some`.
    Present(Box<Value>),
    /// `Ok`.
    Success(Box<Value>),
    /// `Err`.
    Failure(Box<Value>),
    /// A struct: names of its fields, and their values.
    Record(Vec<(String, Value)>),
    /// A variant: its name, and the values of its fields.
    Variant(String, Vec<Value>),
    /// A map.
    Pairs(Vec<(Value, Value)>),
    /// `Duration`.
    Span(Duration),
    /// `SystemTime`: seconds since 1970, and nanoseconds.
    Moment(i64, u32),
    /// A path.
    File(PathBuf),
    /// A set of bits.
    Bits(u64),
    /// `Fault`.
    Raised(Fault),
    /// An object or a closure of the other side.
    Remote(Remote),
    /// An object or a closure of the guest's.
    Own(Own),
}

/// An object or a closure of the guest's, as a value.
#[derive(Clone)]
pub struct Own(Arc<dyn Implementation>);

impl Own {
    /// Of an implementation.
    pub fn new(implementation: impl Implementation) -> Self {
        Self(Arc::new(implementation))
    }
}

impl Implementation for Own {
    fn call(&self, call: &mut Call<'_>) -> Result<(), Fault> {
        self.0.call(call)
    }
}

impl fmt::Debug for Own {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Own")
    }
}

impl Value {
    fn kind(&self) -> &'static str {
        match self {
            Self::Unit => "nothing",
            Self::Boolean(_) => "a boolean",
            Self::Integer(_) | Self::Large(_) => "an integer",
            Self::Float(_) => "a float",
            Self::Character(_) => "a character",
            Self::Text(_) => "a text",
            Self::Items(_) => "a list",
            Self::Tuple(_) => "a tuple",
            Self::Absent | Self::Present(_) => "an option",
            Self::Success(_) | Self::Failure(_) => "a result",
            Self::Record(_) => "a struct",
            Self::Variant(..) => "a variant",
            Self::Pairs(_) => "a map",
            Self::Span(_) => "a duration",
            Self::Moment(..) => "a time",
            Self::File(_) => "a path",
            Self::Bits(_) => "a set of bits",
            Self::Raised(_) => "a fault",
            Self::Remote(_) | Self::Own(_) => "an object",
        }
    }

    fn unfit<T>(&self, expected: &str) -> Result<T, Unfit> {
        Err(Unfit::expected(expected, self.kind()))
    }
}

/// The language of [`Value`].
#[derive(Clone, Copy, Debug, Default)]
pub struct Values;

impl Language for Values {
    type Value = Value;

    fn unit(&mut self) -> Result<Value, Fault> {
        Ok(Value::Unit)
    }
    fn boolean(&mut self, value: bool) -> Result<Value, Fault> {
        Ok(Value::Boolean(value))
    }
    fn signed(&mut self, value: i64) -> Result<Value, Fault> {
        Ok(Value::Integer(value.into()))
    }
    fn unsigned(&mut self, value: u64) -> Result<Value, Fault> {
        Ok(Value::Integer(value.into()))
    }
    fn wide_signed(&mut self, value: i128) -> Result<Value, Fault> {
        Ok(Value::Integer(value))
    }
    fn wide_unsigned(&mut self, value: u128) -> Result<Value, Fault> {
        Ok(i128::try_from(value).map_or(Value::Large(value), Value::Integer))
    }
    fn float(&mut self, value: f64) -> Result<Value, Fault> {
        Ok(Value::Float(value))
    }
    fn character(&mut self, value: char) -> Result<Value, Fault> {
        Ok(Value::Character(value))
    }
    fn text(&mut self, value: &str) -> Result<Value, Fault> {
        Ok(Value::Text(value.to_owned()))
    }
    fn list(&mut self, values: Vec<Value>) -> Result<Value, Fault> {
        Ok(Value::Items(values))
    }
    fn tuple(&mut self, values: Vec<Value>) -> Result<Value, Fault> {
        Ok(Value::Tuple(values))
    }
    fn option(&mut self, value: Option<Value>) -> Result<Value, Fault> {
        Ok(value.map_or(Value::Absent, |value| Value::Present(Box::new(value))))
    }
    fn result(&mut self, value: Result<Value, Value>) -> Result<Value, Fault> {
        Ok(match value {
            Ok(value) => Value::Success(Box::new(value)),
            Err(value) => Value::Failure(Box::new(value)),
        })
    }
    fn record(&mut self, ty: Type<'_>, fields: Vec<Option<Value>>) -> Result<Value, Fault> {
        let named = ty.fields().zip(fields);
        let known = named.filter_map(|(field, value)| Some((field.name().to_owned(), value?)));
        Ok(Value::Record(known.collect()))
    }
    fn variant(
        &mut self,
        _: Type<'_>,
        variant: Variant<'_>,
        fields: Vec<Value>,
    ) -> Result<Value, Fault> {
        Ok(Value::Variant(variant.name().to_owned(), fields))
    }
    fn map(&mut self, pairs: Vec<(Value, Value)>) -> Result<Value, Fault> {
        Ok(Value::Pairs(pairs))
    }
    fn set(&mut self, items: Vec<Value>) -> Result<Value, Fault> {
        Ok(Value::Items(items))
    }
    fn duration(&mut self, value: Duration) -> Result<Value, Fault> {
        Ok(Value::Span(value))
    }
    fn time(&mut self, seconds: i64, nanoseconds: u32) -> Result<Value, Fault> {
        Ok(Value::Moment(seconds, nanoseconds))
    }
    fn path(&mut self, value: &Path) -> Result<Value, Fault> {
        Ok(Value::File(value.to_owned()))
    }
    fn flags(&mut self, _: Type<'_>, bits: u64) -> Result<Value, Fault> {
        Ok(Value::Bits(bits))
    }
    fn fault(&mut self, fault: Fault) -> Result<Value, Fault> {
        Ok(Value::Raised(fault))
    }
    fn object(&mut self, object: Remote) -> Result<Value, Fault> {
        Ok(Value::Remote(object))
    }

    fn to_boolean(&mut self, value: &Value) -> Result<bool, Unfit> {
        match value {
            Value::Boolean(value) => Ok(*value),
            other => other.unfit("a boolean"),
        }
    }
    fn to_integer(&mut self, value: &Value) -> Result<i128, Unfit> {
        match value {
            Value::Integer(value) => Ok(*value),
            Value::Large(value) => Err(Unfit(format!("{value} is out of range"))),
            other => other.unfit("an integer"),
        }
    }
    fn to_wide_unsigned(&mut self, value: &Value) -> Result<u128, Unfit> {
        match value {
            Value::Large(value) => Ok(*value),
            Value::Integer(value) => {
                u128::try_from(*value).map_err(|_negative| Unfit(format!("{value} is negative")))
            }
            other => other.unfit("an integer"),
        }
    }
    fn to_float(&mut self, value: &Value) -> Result<f64, Unfit> {
        match value {
            Value::Float(value) => Ok(*value),
            other => other.unfit("a float"),
        }
    }
    fn to_character(&mut self, value: &Value) -> Result<char, Unfit> {
        match value {
            Value::Character(value) => Ok(*value),
            other => other.unfit("a character"),
        }
    }
    fn to_text<'v>(&mut self, value: &'v Value) -> Result<Cow<'v, str>, Unfit> {
        match value {
            Value::Text(value) => Ok(Cow::Borrowed(value)),
            other => other.unfit("a text"),
        }
    }
    fn to_list(&mut self, value: &Value) -> Result<Vec<Value>, Unfit> {
        match value {
            Value::Items(values) => Ok(values.clone()),
            other => other.unfit("a list"),
        }
    }
    fn to_tuple(&mut self, value: &Value) -> Result<Vec<Value>, Unfit> {
        match value {
            Value::Tuple(values) => Ok(values.clone()),
            other => other.unfit("a tuple"),
        }
    }
    fn to_option(&mut self, value: &Value) -> Result<Option<Value>, Unfit> {
        match value {
            Value::Absent => Ok(None),
            Value::Present(value) => Ok(Some((**value).clone())),
            other => other.unfit("an option"),
        }
    }
    fn to_result(&mut self, value: &Value) -> Result<Result<Value, Value>, Unfit> {
        match value {
            Value::Success(value) => Ok(Ok((**value).clone())),
            Value::Failure(value) => Ok(Err((**value).clone())),
            other => other.unfit("a result"),
        }
    }
    fn to_field(&mut self, value: &Value, name: &str) -> Result<Option<Value>, Unfit> {
        match value {
            Value::Record(fields) => {
                let mut fields = fields.iter();
                let found = fields.find(|(known, _)| known == name);
                Ok(found.map(|(_, value)| value.clone()))
            }
            other => other.unfit("a struct"),
        }
    }
    fn to_variant(&mut self, value: &Value, ty: Type<'_>) -> Result<(usize, Vec<Value>), Unfit> {
        let Value::Variant(name, fields) = value else {
            return value.unfit("a variant");
        };
        match ty.variants().position(|variant| variant.name() == name) {
            Some(number) => Ok((number, fields.clone())),
            None => Err(Unfit(format!("`{}` has no variant `{name}`", ty.name()))),
        }
    }
    fn to_map(&mut self, value: &Value) -> Result<Vec<(Value, Value)>, Unfit> {
        match value {
            Value::Pairs(pairs) => Ok(pairs.clone()),
            other => other.unfit("a map"),
        }
    }
    fn to_duration(&mut self, value: &Value) -> Result<Duration, Unfit> {
        match value {
            Value::Span(value) => Ok(*value),
            other => other.unfit("a duration"),
        }
    }
    fn to_time(&mut self, value: &Value) -> Result<(i64, u32), Unfit> {
        match value {
            Value::Moment(seconds, nanoseconds) => Ok((*seconds, *nanoseconds)),
            other => other.unfit("a time"),
        }
    }
    fn to_path(&mut self, value: &Value) -> Result<PathBuf, Unfit> {
        match value {
            Value::File(path) => Ok(path.clone()),
            other => other.unfit("a path"),
        }
    }
    fn to_flags(&mut self, value: &Value, ty: Type<'_>) -> Result<u64, Unfit> {
        debug_assert_eq!(ty.kind(), TypeKind::FLAGS);
        match value {
            Value::Bits(bits) => Ok(*bits),
            other => other.unfit("a set of bits"),
        }
    }
    fn to_fault(&mut self, value: &Value) -> Result<Fault, Unfit> {
        match value {
            Value::Raised(fault) => Ok(fault.clone()),
            other => other.unfit("a fault"),
        }
    }
    fn to_object(&mut self, value: &Value, _: ContractView<'_>) -> Result<Handed, Unfit> {
        match value {
            Value::Own(own) => Ok(Handed::Own(Box::new(own.clone()))),
            Value::Remote(remote) => Ok(Handed::Remote(remote.clone())),
            other => other.unfit("an object"),
        }
    }
}
