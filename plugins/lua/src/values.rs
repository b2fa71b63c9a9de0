//! Values of contracts as values of Lua. The page "Plugins in Lua" of the book has the table.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::time::Duration;

use mlua::{Function, LuaString, Table, UserDataRef, Value};
use polyplug::guest::{ContractView, Field, Handed, Language, Remote, Type, Unfit, Variant};
use polyplug::{Fault, TypeKind};

use crate::natives::{FaultValue, RemoteValue, remote_of};
use crate::object::LuaObject;
use crate::vm::{Held, Inner, Vm};

/// Integers to this one are exact as a Lua number.
const EXACT: u64 = 1 << 53;

/// The language of a machine that was entered.
pub(crate) struct Values<'i>(pub(crate) &'i Inner);

fn unfit<T>(expected: &str, got: &Value) -> Result<T, Unfit> {
    Err(Unfit::expected(expected, &kind(got)))
}

/// What a value is called in messages.
pub(crate) fn kind(value: &Value) -> String {
    match value {
        Value::Nil => "nil".to_owned(),
        Value::Integer(_) | Value::Number(_) => "a number".to_owned(),
        Value::LightUserData(pointer) if pointer.0.is_null() => "polyplug.none".to_owned(),
        Value::Other(_) => "a value of the ffi".to_owned(),
        other => format!("a {}", other.type_name()),
    }
}

/// The key of a field in a table: its name; in a tuple its number, from 1.
enum Key<'n> {
    Name(&'n str),
    Number(usize),
}

fn key(name: &str) -> Key<'_> {
    match name.parse::<usize>() {
        Ok(number) => Key::Number(number + 1),
        Err(_) => Key::Name(name),
    }
}

fn field_key<'d>(field: Field<'d>, position: usize) -> Key<'d> {
    match field.name() {
        "" => Key::Number(position + 1),
        name => key(name),
    }
}

impl Values<'_> {
    fn table(&self) -> Result<Table, Fault> {
        let table = self.0.lua.create_table();
        table.map_err(|error| self.0.failed(&error))
    }

    fn put(&self, table: &Table, key: &Key<'_>, value: Value) -> Result<(), Fault> {
        let set = match key {
            Key::Name(name) => table.raw_set(*name, value),
            Key::Number(number) => table.raw_set(*number, value),
        };
        set.map_err(|error| self.0.failed(&error))
    }

    fn get(table: &Table, key: &Key<'_>) -> Result<Value, Unfit> {
        let found = match key {
            Key::Name(name) => table.get::<Value>(*name),
            Key::Number(number) => table.get::<Value>(*number),
        };
        found.map_err(|error| Unfit(error.to_string()))
    }

    fn bytes_of(&self, value: &[u8]) -> Result<Value, Fault> {
        let text = self.0.lua.create_string(value);
        text.map(Value::String)
            .map_err(|error| self.0.failed(&error))
    }

    /// A table with one value that its metatable tells apart.
    fn marked(&self, meta: &Table, key: &str, value: Value) -> Result<Value, Fault> {
        let table = self.table()?;
        self.put(&table, &Key::Name(key), value)?;
        table
            .set_metatable(Some(meta.clone()))
            .map_err(|error| self.0.failed(&error))?;
        Ok(Value::Table(table))
    }

    /// What is in a table with this mark.
    fn unmarked(value: &Value, meta: &Table, key: &str) -> Option<Value> {
        let Value::Table(table) = value else {
            return None;
        };
        if table.metatable().as_ref() != Some(meta) {
            return None;
        }
        table.raw_get::<Value>(key).ok()
    }

    /// A result of a call as Lua returns it: a value, or nil and the reason.
    pub(crate) fn spread(&self, value: Value) -> Vec<Value> {
        if let Some(value) = Self::unmarked(&value, &self.0.face.ok, "ok") {
            return vec![value];
        }
        if let Some(reason) = Self::unmarked(&value, &self.0.face.err, "err") {
            let reason = if reason.is_nil() { Value::NULL } else { reason };
            return vec![Value::Nil, reason];
        }
        vec![value]
    }

    /// What a method returned, of the type `Result`: a value, or nil and the reason.
    pub(crate) fn gather(&self, value: Value, reason: Value) -> Result<Value, Fault> {
        if !value.is_nil() || reason.is_nil() {
            return Ok(value);
        }
        let reason = if is_none(&reason) { Value::Nil } else { reason };
        self.marked(&self.0.face.err, "err", reason)
    }

    /// A value of the configuration.
    pub(crate) fn json(&mut self, value: serde_json::Value) -> Result<Value, Fault> {
        match value {
            serde_json::Value::Null => Ok(Value::Nil),
            serde_json::Value::Bool(value) => Ok(Value::Boolean(value)),
            serde_json::Value::Number(number) => {
                if let Some(number) = number.as_i64() {
                    self.signed(number)
                } else if let Some(number) = number.as_u64() {
                    self.unsigned(number)
                } else {
                    Ok(Value::Number(number.as_f64().unwrap_or(f64::NAN)))
                }
            }
            serde_json::Value::String(text) => self.text(&text),
            serde_json::Value::Array(items) => {
                let items: Result<_, _> = items.into_iter().map(|item| self.json(item)).collect();
                self.list(items?)
            }
            serde_json::Value::Object(entries) => {
                let table = self.table()?;
                for (name, value) in entries {
                    let value = self.json(value)?;
                    let set = table.raw_set(name, value);
                    set.map_err(|error| self.0.failed(&error))?;
                }
                Ok(Value::Table(table))
            }
        }
    }

    fn halves(&self, make: &Function, bits: u64, high: f64) -> Result<Value, Fault> {
        let low = f64::from(bits as u32);
        make.call((high, low))
            .map_err(|error| self.0.failed(&error))
    }
}

/// What stands for an absent value where nil cannot.
fn is_none(value: &Value) -> bool {
    matches!(value, Value::LightUserData(pointer) if pointer.0.is_null())
}

/// A value that may stand in a table.
fn settable(value: Value) -> Value {
    if value.is_nil() { Value::NULL } else { value }
}

impl Language for Values<'_> {
    type Value = Value;

    fn unit(&mut self) -> Result<Value, Fault> {
        Ok(Value::Nil)
    }
    fn boolean(&mut self, value: bool) -> Result<Value, Fault> {
        Ok(Value::Boolean(value))
    }
    fn signed(&mut self, value: i64) -> Result<Value, Fault> {
        if value.unsigned_abs() <= EXACT {
            return Ok(Value::Number(value as f64));
        }
        let high = f64::from((value >> 32) as i32);
        self.halves(&self.0.face.signed, value.cast_unsigned(), high)
    }
    fn unsigned(&mut self, value: u64) -> Result<Value, Fault> {
        if value <= EXACT {
            return Ok(Value::Number(value as f64));
        }
        let high = f64::from((value >> 32) as u32);
        self.halves(&self.0.face.unsigned, value, high)
    }
    fn wide_signed(&mut self, value: i128) -> Result<Value, Fault> {
        match (i64::try_from(value), u64::try_from(value)) {
            (Ok(value), _) => self.signed(value),
            (_, Ok(value)) => self.unsigned(value),
            _ => self.text(&value.to_string()),
        }
    }
    fn wide_unsigned(&mut self, value: u128) -> Result<Value, Fault> {
        match u64::try_from(value) {
            Ok(value) => self.unsigned(value),
            Err(_) => self.text(&value.to_string()),
        }
    }
    fn float(&mut self, value: f64) -> Result<Value, Fault> {
        Ok(Value::Number(value))
    }
    fn character(&mut self, value: char) -> Result<Value, Fault> {
        self.text(value.encode_utf8(&mut [0; 4]))
    }
    fn text(&mut self, value: &str) -> Result<Value, Fault> {
        self.bytes_of(value.as_bytes())
    }
    fn bytes(&mut self, value: &[u8]) -> Result<Value, Fault> {
        self.bytes_of(value)
    }
    fn list(&mut self, values: Vec<Value>) -> Result<Value, Fault> {
        let table = self
            .0
            .lua
            .create_sequence_from(values.into_iter().map(settable));
        table
            .map(Value::Table)
            .map_err(|error| self.0.failed(&error))
    }
    fn tuple(&mut self, values: Vec<Value>) -> Result<Value, Fault> {
        self.list(values)
    }
    fn option(&mut self, value: Option<Value>) -> Result<Value, Fault> {
        match value {
            Some(value) if value.is_nil() || is_none(&value) => {
                self.marked(&self.0.face.some, "some", value)
            }
            Some(value) if Self::unmarked(&value, &self.0.face.some, "some").is_some() => {
                self.marked(&self.0.face.some, "some", value)
            }
            value => Ok(value.unwrap_or_default()),
        }
    }
    fn result(&mut self, value: Result<Value, Value>) -> Result<Value, Fault> {
        match value {
            Ok(value) => self.marked(&self.0.face.ok, "ok", value),
            Err(reason) => self.marked(&self.0.face.err, "err", reason),
        }
    }
    fn record(&mut self, ty: Type<'_>, fields: Vec<Option<Value>>) -> Result<Value, Fault> {
        let table = self.table()?;
        for (position, (field, value)) in ty.fields().zip(fields).enumerate() {
            if let Some(value) = value {
                self.put(&table, &field_key(field, position), value)?;
            }
        }
        Ok(Value::Table(table))
    }
    fn variant(
        &mut self,
        _: Type<'_>,
        variant: Variant<'_>,
        fields: Vec<Value>,
    ) -> Result<Value, Fault> {
        if fields.is_empty() {
            return self.text(variant.name());
        }
        let table = self.table()?;
        for (position, (field, value)) in variant.fields().zip(fields).enumerate() {
            self.put(&table, &field_key(field, position), value)?;
        }
        let name = self.text(variant.name())?;
        self.put(&table, &Key::Name("variant"), name)?;
        Ok(Value::Table(table))
    }
    fn map(&mut self, pairs: Vec<(Value, Value)>) -> Result<Value, Fault> {
        let is_key = |key: &Value| {
            matches!(
                key,
                Value::String(_) | Value::Integer(_) | Value::Number(_) | Value::Boolean(_)
            )
        };
        if pairs.iter().all(|(key, _)| is_key(key)) {
            let table = self.table()?;
            for (key, value) in pairs {
                let set = table.raw_set(key, settable(value));
                set.map_err(|error| self.0.failed(&error))?;
            }
            return Ok(Value::Table(table));
        }
        let mut items = Vec::with_capacity(pairs.len());
        for (key, value) in pairs {
            items.push(self.list(vec![key, value])?);
        }
        let items = self.list(items)?;
        if let Value::Table(table) = &items {
            let marked = table.set_metatable(Some(self.0.face.map.clone()));
            marked.map_err(|error| self.0.failed(&error))?;
        }
        Ok(items)
    }
    fn set(&mut self, items: Vec<Value>) -> Result<Value, Fault> {
        self.list(items)
    }
    fn duration(&mut self, value: Duration) -> Result<Value, Fault> {
        let seconds = self.unsigned(value.as_secs())?;
        self.moment(seconds, value.subsec_nanos())
    }
    fn time(&mut self, seconds: i64, nanoseconds: u32) -> Result<Value, Fault> {
        let seconds = self.signed(seconds)?;
        self.moment(seconds, nanoseconds)
    }
    #[cfg(unix)]
    fn path(&mut self, value: &Path) -> Result<Value, Fault> {
        use std::os::unix::ffi::OsStrExt as _;
        self.bytes_of(value.as_os_str().as_bytes())
    }
    #[cfg(not(unix))]
    fn path(&mut self, value: &Path) -> Result<Value, Fault> {
        match value.to_str() {
            Some(text) => self.text(text),
            None => Err(Fault::new(format!("{} is not Unicode", value.display()))),
        }
    }
    fn flags(&mut self, _: Type<'_>, bits: u64) -> Result<Value, Fault> {
        self.unsigned(bits)
    }
    fn fault(&mut self, fault: Fault) -> Result<Value, Fault> {
        let value = self.0.lua.create_userdata(FaultValue(fault));
        value
            .map(Value::UserData)
            .map_err(|error| self.0.failed(&error))
    }
    fn object(&mut self, object: Remote) -> Result<Value, Fault> {
        let value = self.0.lua.create_userdata(RemoteValue(object));
        value
            .map(Value::UserData)
            .map_err(|error| self.0.failed(&error))
    }

    fn to_boolean(&mut self, value: &Value) -> Result<bool, Unfit> {
        match value {
            Value::Boolean(value) => Ok(*value),
            other => unfit("a boolean", other),
        }
    }
    fn to_integer(&mut self, value: &Value) -> Result<i128, Unfit> {
        match value {
            Value::Integer(value) => Ok((*value).into()),
            Value::Number(value) if value.fract() == 0.0 && value.abs() < 1e38 => {
                Ok(*value as i128)
            }
            Value::Number(value) => Err(Unfit(format!("expected an integer, got {value}"))),
            Value::Other(_) => {
                let text: Option<String> = self
                    .0
                    .face
                    .integer
                    .call(value)
                    .map_err(|error| Unfit(error.to_string()))?;
                let digits = text
                    .as_deref()
                    .map(|text| text.trim_end_matches(['U', 'L']));
                match digits.and_then(|digits| digits.parse().ok()) {
                    Some(value) => Ok(value),
                    None => unfit("an integer", value),
                }
            }
            Value::String(text) => {
                let digits = text.to_string_lossy().parse::<i128>().ok();
                let beyond = digits.filter(|value| {
                    i64::try_from(*value).is_err() && u64::try_from(*value).is_err()
                });
                match beyond {
                    Some(value) => Ok(value),
                    None => unfit("an integer", value),
                }
            }
            other => unfit("an integer", other),
        }
    }
    fn to_wide_unsigned(&mut self, value: &Value) -> Result<u128, Unfit> {
        if let Value::String(text) = value
            && let Ok(value) = text.to_string_lossy().parse::<u128>()
            && u64::try_from(value).is_err()
        {
            return Ok(value);
        }
        let value = self.to_integer(value)?;
        u128::try_from(value).map_err(|_negative| Unfit(format!("{value} is negative")))
    }
    fn to_float(&mut self, value: &Value) -> Result<f64, Unfit> {
        match value {
            Value::Number(value) => Ok(*value),
            Value::Integer(value) => Ok(*value as f64),
            other => unfit("a number", other),
        }
    }
    fn to_text<'v>(&mut self, value: &'v Value) -> Result<Cow<'v, str>, Unfit> {
        let Value::String(text) = value else {
            return unfit("a string", value);
        };
        match core::str::from_utf8(&text.as_bytes()) {
            Ok(text) => Ok(Cow::Owned(text.to_owned())),
            Err(error) => Err(Unfit(format!(
                "the string is not UTF-8 at byte {}",
                error.valid_up_to()
            ))),
        }
    }
    fn to_bytes<'v>(&mut self, value: &'v Value) -> Option<Cow<'v, [u8]>> {
        match value {
            Value::String(bytes) => Some(Cow::Owned(bytes.as_bytes().to_vec())),
            _ => None,
        }
    }
    fn to_list(&mut self, value: &Value) -> Result<Vec<Value>, Unfit> {
        let Value::Table(table) = value else {
            return unfit("a list", value);
        };
        let items = table.sequence_values::<Value>();
        items
            .map(|item| item.map_err(|error| Unfit(error.to_string())))
            .collect()
    }
    fn to_option(&mut self, value: &Value) -> Result<Option<Value>, Unfit> {
        if value.is_nil() || is_none(value) {
            return Ok(None);
        }
        Ok(Some(
            Self::unmarked(value, &self.0.face.some, "some").unwrap_or_else(|| value.clone()),
        ))
    }
    fn to_result(&mut self, value: &Value) -> Result<Result<Value, Value>, Unfit> {
        if let Some(reason) = Self::unmarked(value, &self.0.face.err, "err") {
            return Ok(Err(reason));
        }
        let value = Self::unmarked(value, &self.0.face.ok, "ok").unwrap_or_else(|| value.clone());
        Ok(Ok(value))
    }
    fn to_field(&mut self, value: &Value, name: &str) -> Result<Option<Value>, Unfit> {
        let Value::Table(table) = value else {
            return unfit("a table with the fields of a struct", value);
        };
        let found = Self::get(table, &key(name))?;
        Ok((!found.is_nil()).then_some(found))
    }
    fn to_variant(&mut self, value: &Value, ty: Type<'_>) -> Result<(usize, Vec<Value>), Unfit> {
        let (name, table): (LuaString, _) = match value {
            Value::String(name) => (name.clone(), None),
            Value::Table(table) => match Self::get(table, &Key::Name("variant"))? {
                Value::String(name) => (name, Some(table)),
                other => return unfit("the name of a variant in `variant`", &other),
            },
            other => return unfit("the name of a variant", other),
        };
        let name = name.to_string_lossy();
        let mut variants = ty.variants().enumerate();
        let Some((number, variant)) = variants.find(|(_, variant)| variant.name() == name) else {
            return Err(Unfit(format!("`{}` has no variant `{name}`", ty.name())));
        };
        let mut fields = Vec::new();
        for (position, field) in variant.fields().enumerate() {
            fields.push(match table {
                Some(table) => Self::get(table, &field_key(field, position))?,
                None => {
                    return Err(Unfit(format!(
                        "variant `{name}` has fields: give a table with `variant` and them"
                    )));
                }
            });
        }
        Ok((number, fields))
    }
    fn to_map(&mut self, value: &Value) -> Result<Vec<(Value, Value)>, Unfit> {
        let Value::Table(table) = value else {
            return unfit("a table as a map", value);
        };
        if table.metatable().as_ref() == Some(&self.0.face.map) {
            let mut pairs = Vec::new();
            for item in self.to_list(value)? {
                let mut parts = self.to_list(&item)?.into_iter();
                match (parts.next(), parts.next(), parts.next()) {
                    (Some(key), Some(value), None) => pairs.push((key, value)),
                    _ => return Err(Unfit("expected pairs of a key and a value".to_owned())),
                }
            }
            return Ok(pairs);
        }
        let pairs = table.pairs::<Value, Value>();
        pairs
            .map(|pair| pair.map_err(|error| Unfit(error.to_string())))
            .collect()
    }
    fn to_duration(&mut self, value: &Value) -> Result<Duration, Unfit> {
        if let Value::Integer(_) | Value::Number(_) = value {
            let seconds = self.to_float(value)?;
            return Duration::try_from_secs_f64(seconds)
                .map_err(|error| Unfit(format!("{seconds} seconds: {error}")));
        }
        let (seconds, nanoseconds) = self.read_moment(value)?;
        match u64::try_from(seconds) {
            Ok(seconds) => Ok(Duration::new(seconds, nanoseconds)),
            Err(_) => Err(Unfit(format!("{seconds} seconds are out of range"))),
        }
    }
    fn to_time(&mut self, value: &Value) -> Result<(i64, u32), Unfit> {
        let (seconds, nanoseconds) = if let Value::Integer(_) | Value::Number(_) = value {
            let seconds = self.to_float(value)?;
            let whole = seconds.floor();
            if !whole.is_finite() {
                return Err(Unfit(format!("{seconds} seconds are out of range")));
            }
            let nanoseconds = ((seconds - whole) * 1e9) as u32;
            (whole as i128, nanoseconds.min(999_999_999))
        } else {
            self.read_moment(value)?
        };
        match i64::try_from(seconds) {
            Ok(seconds) => Ok((seconds, nanoseconds)),
            Err(_) => Err(Unfit(format!("{seconds} seconds are out of range"))),
        }
    }
    #[cfg(unix)]
    fn to_path(&mut self, value: &Value) -> Result<PathBuf, Unfit> {
        use std::os::unix::ffi::OsStringExt as _;
        match value {
            Value::String(path) => {
                let bytes = path.as_bytes().to_vec();
                Ok(std::ffi::OsString::from_vec(bytes).into())
            }
            other => unfit("a path", other),
        }
    }
    #[cfg(not(unix))]
    fn to_path(&mut self, value: &Value) -> Result<PathBuf, Unfit> {
        Ok(self.to_text(value)?.into_owned().into())
    }
    fn to_flags(&mut self, value: &Value, ty: Type<'_>) -> Result<u64, Unfit> {
        let bits = self.to_integer(value)?;
        let most = match ty.element(0).kind() {
            TypeKind::U8 => u64::from(u8::MAX),
            TypeKind::U16 => u64::from(u16::MAX),
            TypeKind::U32 => u64::from(u32::MAX),
            _ => u64::MAX,
        };
        match u64::try_from(bits) {
            Ok(bits) if bits <= most => Ok(bits),
            _ => Err(Unfit(format!(
                "{bits} is out of range, which is 0 to {most}"
            ))),
        }
    }
    fn to_fault(&mut self, value: &Value) -> Result<Fault, Unfit> {
        match value {
            Value::String(message) => Ok(Fault::thrown(
                &self.0.name(),
                &message.to_string_lossy(),
                None,
                "",
            )),
            Value::UserData(fault) => {
                let fault: mlua::Result<UserDataRef<FaultValue>> = fault.borrow();
                match fault {
                    Ok(fault) => Ok(fault.0.clone()),
                    Err(_) => unfit("a fault or a string", value),
                }
            }
            other => unfit("a fault or a string", other),
        }
    }
    fn to_object(&mut self, value: &Value, contract: ContractView<'_>) -> Result<Handed, Unfit> {
        let is_closure = contract.id().is_empty();
        match value {
            Value::UserData(remote) => match remote_of(remote) {
                Some(remote) => return Ok(Handed::Remote(remote)),
                None => return unfit("an object", value),
            },
            Value::Function(_) if is_closure => {}
            Value::Table(table) if !is_closure => {
                for method in contract.methods().filter(|method| !method.has_default()) {
                    let found = Self::get(table, &Key::Name(method.name()))?;
                    if !found.is_function() {
                        return Err(Unfit(format!(
                            "the table has no method `{}` of contract `{}`",
                            method.name(),
                            contract.id()
                        )));
                    }
                }
            }
            other if is_closure => return unfit("a function", other),
            other => {
                let expected = format!("an object of contract `{}`", contract.id());
                return unfit(&expected, other);
            }
        }
        let vm = Vm::of(&self.0.lua).map_err(|error| Unfit(error.to_string()))?;
        let object = LuaObject(Held::new(&vm, value.clone()));
        Ok(Handed::Own(Box::new(object)))
    }
}

impl Values<'_> {
    fn moment(&mut self, seconds: Value, nanoseconds: u32) -> Result<Value, Fault> {
        let table = self.table()?;
        self.put(&table, &Key::Name("seconds"), seconds)?;
        let nanoseconds = Value::Number(nanoseconds.into());
        self.put(&table, &Key::Name("nanoseconds"), nanoseconds)?;
        Ok(Value::Table(table))
    }

    fn read_moment(&mut self, value: &Value) -> Result<(i128, u32), Unfit> {
        let Value::Table(table) = value else {
            return unfit("seconds, or a table with seconds and nanoseconds", value);
        };
        let seconds = Self::get(table, &Key::Name("seconds"))?;
        let seconds = self.to_integer(&seconds)?;
        let nanoseconds = match Self::get(table, &Key::Name("nanoseconds"))? {
            Value::Nil => 0,
            given => self.to_integer(&given)?,
        };
        match u32::try_from(nanoseconds) {
            Ok(nanoseconds) if nanoseconds < 1_000_000_000 => Ok((seconds, nanoseconds)),
            _ => Err(Unfit(format!(
                "{nanoseconds} nanoseconds are out of range, which is 0 to 999999999"
            ))),
        }
    }
}
