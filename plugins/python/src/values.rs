//! Values of contracts as values of Python: those that hosts in Python have too. The page "Plugins in Python" of the book has
//! the table.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::time::Duration;

use polyplug::Fault;
use polyplug::guest::{ContractView, Handed, Language, Remote, Type, Unfit, Variant};

use crate::api::api;
use crate::classes::{Made, Record, Variants, width};
use crate::file::{Face, File, exception, face};
use crate::interpreter::{Entered, outside};
use crate::natives::RemoteHandle;
use crate::object::PythonObject;
use crate::python::{Answer, Held, Object, Raised};

/// The language of a file whose interpreter was entered.
pub(crate) struct Values<'v> {
    pub(crate) py: &'v Entered,
    pub(crate) file: &'v File,
}

/// A name of a contract as one of Python: keywords get an underscore, numbers one in front.
pub(crate) fn identifier(name: &str) -> Cow<'_, str> {
    const KEYWORDS: [&str; 36] = [
        "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class",
        "continue", "def", "del", "elif", "else", "except", "finally", "for", "from", "global",
        "if", "import", "in", "is", "lambda", "nonlocal", "not", "or", "pass", "raise", "return",
        "try", "while", "with", "yield", "self",
    ];
    if name.starts_with(|first: char| first.is_ascii_digit()) {
        return Cow::Owned(format!("_{name}"));
    }
    let name = name.strip_prefix("r#").unwrap_or(name);
    if KEYWORDS.contains(&name) {
        return Cow::Owned(format!("{name}_"));
    }
    Cow::Borrowed(name)
}

impl Values<'_> {
    fn face(&self) -> Result<&Face, Fault> {
        face(self.py).map_err(|raised| self.fault_of(raised))
    }

    fn face_or_unfit(&self) -> Result<&Face, Unfit> {
        face(self.py).map_err(|raised| self.unfit_of(&raised))
    }

    fn fault_of(&self, raised: Raised) -> Fault {
        self.file.fault(self.py, raised)
    }

    fn made(&self, made: Answer) -> Result<Object, Fault> {
        made.map_err(|raised| self.fault_of(raised))
    }

    fn unfit<T>(&self, expected: &str, got: &Object) -> Result<T, Unfit> {
        Err(Unfit::expected(expected, &self.py.kind(got)))
    }

    /// What a value's own code raised when it was looked at.
    fn unfit_of(&self, Raised(error): &Raised) -> Unfit {
        Unfit(self.py.shown(error))
    }

    fn wide(&self, digits: &str) -> Result<Object, Fault> {
        self.made(self.py.integer(digits))
    }

    fn moment(&self, of: &Object, nanoseconds: i128) -> Result<Object, Fault> {
        let number = self.wide(&nanoseconds.to_string())?;
        self.made(self.py.call(of, &[number]))
    }

    /// Nanoseconds.
    fn to_moment(&self, value: &Object, is_time: bool) -> Result<i128, Unfit> {
        let arguments = [value.clone(), self.py.boolean(is_time)];
        let number = self.py.call(&self.face_or_unfit()?.moment, &arguments);
        let number = number.map_err(|raised| self.unfit_of(&raised))?;
        if number.is_none() {
            let expected = if is_time {
                "a datetime, or nanoseconds since 1970"
            } else {
                "a timedelta, or nanoseconds"
            };
            return self.unfit(expected, value);
        }
        self.whole(&number)
    }

    /// The value of an integer.
    fn whole(&self, integer: &Object) -> Result<i128, Unfit> {
        if let Some(value) = self.py.to_signed(integer) {
            return Ok(value.into());
        }
        let digits = self.py.shown(integer);
        digits.parse().map_err(|_beyond| out_of_range(&digits))
    }

    fn index(&self, value: &Object) -> Result<Object, Unfit> {
        if value.ty() == api().int_type {
            return Ok(value.clone());
        }
        let index = self.py.to_integer(value);
        index.or_else(|_raised| self.unfit("an integer", value))
    }

    /// An instance of a dataclass.
    fn instance(&self, record: &Record, fields: Vec<Option<Object>>) -> Result<Object, Fault> {
        let ordered = record.order.iter();
        let ordered: Vec<_> = ordered
            .map(|&number| fields[number].clone().unwrap_or_else(|| self.py.none()))
            .collect();
        self.made(self.py.call(&record.class, &ordered))
    }

    fn class_of(&self, ty: Type<'_>) -> Result<Made, Fault> {
        let class = self.file.classes.of(self.py, self.file, ty);
        class.map_err(|raised| self.fault_of(raised))
    }

    fn has(&self, value: &Object, name: &Object) -> bool {
        matches!(self.py.find(value, name), Ok(Some(_)))
    }

    /// Which variant a value is.
    fn variant_number(
        &self,
        value: &Object,
        ty: Type<'_>,
        known: &Variants,
    ) -> Result<usize, Unfit> {
        let py = self.py;
        if value.is_a(api().text_type) {
            let name = py.to_text(value).unwrap_or_default();
            let mut variants = ty.variants();
            return match variants.position(|variant| variant.name() == name) {
                Some(number) if known.variants[number].order.is_empty() => Ok(number),
                Some(_) => Err(Unfit(format!(
                    "variant `{name}` has fields: make one of its class, `{}.{name}(..)`",
                    ty.name()
                ))),
                None => Err(Unfit(format!("`{}` has no variant `{name}`", ty.name()))),
            };
        }
        if known.is_plain && value.is_a(api().int_type) && value.ty() != api().bool_type {
            let tag = self.whole(value)?;
            let found = ty
                .variants()
                .position(|variant| i128::from(variant.tag()) == tag);
            return found.ok_or_else(|| {
                Unfit(format!(
                    "`{}` has no variant of the number {tag}",
                    ty.name()
                ))
            });
        }
        if let Ok(Some(mark)) = py.find(value, &self.face_or_unfit()?.variant)
            && let Ok(mark) = py.items(&mark)
            && let [of, name] = &mark[..]
            && py.to_text(of).is_ok_and(|of| of == ty.name())
            && let Ok(name) = py.to_text(name)
            && let Some(number) = known.names.iter().position(|known| **known == *name)
        {
            return Ok(number);
        }
        let names: Vec<_> = known.names.iter().map(|name| &**name).collect();
        self.unfit(&format!("a `{}` ({})", ty.name(), names.join(", ")), value)
    }
}

fn out_of_range(digits: &str) -> Unfit {
    Unfit(format!("{digits} is out of range"))
}

impl Language for Values<'_> {
    type Value = Object;

    fn outside<T>(&mut self, work: impl FnOnce() -> T) -> T {
        outside(self.py, work)
    }

    fn unit(&mut self) -> Result<Object, Fault> {
        Ok(self.py.none())
    }
    fn boolean(&mut self, value: bool) -> Result<Object, Fault> {
        Ok(self.py.boolean(value))
    }
    fn signed(&mut self, value: i64) -> Result<Object, Fault> {
        self.made(self.py.signed(value))
    }
    fn unsigned(&mut self, value: u64) -> Result<Object, Fault> {
        self.made(self.py.unsigned(value))
    }
    fn wide_signed(&mut self, value: i128) -> Result<Object, Fault> {
        self.wide(&value.to_string())
    }
    fn wide_unsigned(&mut self, value: u128) -> Result<Object, Fault> {
        self.wide(&value.to_string())
    }
    fn float(&mut self, value: f64) -> Result<Object, Fault> {
        self.made(self.py.float(value))
    }
    fn character(&mut self, value: char) -> Result<Object, Fault> {
        self.text(value.encode_utf8(&mut [0; 4]))
    }
    fn text(&mut self, value: &str) -> Result<Object, Fault> {
        self.made(self.py.text(value))
    }
    fn bytes(&mut self, value: &[u8]) -> Result<Object, Fault> {
        self.made(self.py.bytes(value))
    }
    fn list(&mut self, values: Vec<Object>) -> Result<Object, Fault> {
        self.made(self.py.list(values.into_iter()))
    }
    fn tuple(&mut self, values: Vec<Object>) -> Result<Object, Fault> {
        self.made(self.py.tuple(values.into_iter()))
    }
    fn option(&mut self, value: Option<Object>) -> Result<Object, Fault> {
        Ok(value.unwrap_or_else(|| self.py.none()))
    }
    fn nested_option(&mut self, value: Option<Object>) -> Result<Object, Fault> {
        match value {
            Some(value) => self.made(self.py.call(&self.face()?.some, &[value])),
            None => Ok(self.py.none()),
        }
    }
    fn result(&mut self, value: Result<Object, Object>) -> Result<Object, Fault> {
        let face = self.face()?;
        self.made(match value {
            Ok(value) => self.py.call(&face.ok, &[value]),
            Err(reason) => self.py.call(&face.err, &[reason]),
        })
    }
    fn record(&mut self, ty: Type<'_>, fields: Vec<Option<Object>>) -> Result<Object, Fault> {
        match self.class_of(ty)? {
            Made::Struct(record) => self.instance(&record, fields),
            _ => Err(Fault::new(format!("`{}` is no struct", ty.name()))),
        }
    }
    fn variant(
        &mut self,
        ty: Type<'_>,
        variant: Variant<'_>,
        fields: Vec<Object>,
    ) -> Result<Object, Fault> {
        if let Made::Enum(known) = self.class_of(ty)?
            && let Some(number) = known
                .names
                .iter()
                .position(|name| **name == *variant.name())
        {
            let made = &known.variants[number];
            if known.is_plain {
                return Ok(made.class.clone());
            }
            return self.instance(made, fields.into_iter().map(Some).collect());
        }
        Err(Fault::new(format!("`{}` is no enum", ty.name())))
    }
    fn map(&mut self, pairs: Vec<(Object, Object)>) -> Result<Object, Fault> {
        let mut hashable = Vec::with_capacity(pairs.len());
        for (key, value) in pairs {
            hashable.push((self.hashable(key)?, value));
        }
        self.made(self.py.dictionary(hashable.into_iter()))
    }
    fn set(&mut self, items: Vec<Object>) -> Result<Object, Fault> {
        let items: Result<Vec<_>, _> = items.into_iter().map(|item| self.hashable(item)).collect();
        self.made(self.py.set(items?.into_iter()))
    }
    fn duration(&mut self, value: Duration) -> Result<Object, Fault> {
        let nanoseconds = i128::from(value.as_secs()) * 1_000_000_000;
        let of = &self.face()?.duration_of;
        self.moment(of, nanoseconds + i128::from(value.subsec_nanos()))
    }
    fn time(&mut self, seconds: i64, nanoseconds: u32) -> Result<Object, Fault> {
        let of = &self.face()?.time_of;
        self.moment(
            of,
            i128::from(seconds) * 1_000_000_000 + i128::from(nanoseconds),
        )
    }
    #[cfg(unix)]
    fn path(&mut self, value: &Path) -> Result<Object, Fault> {
        use std::os::unix::ffi::OsStrExt as _;
        let raw = self.bytes(value.as_os_str().as_bytes())?;
        self.made(self.py.call(&self.face()?.path_of, &[raw]))
    }
    #[cfg(not(unix))]
    fn path(&mut self, value: &Path) -> Result<Object, Fault> {
        let Some(text) = value.to_str() else {
            return Err(Fault::new(format!("{} is not Unicode", value.display())));
        };
        let raw = self.text(text)?;
        self.made(self.py.call(&self.face()?.path_of, &[raw]))
    }
    fn flags(&mut self, ty: Type<'_>, bits: u64) -> Result<Object, Fault> {
        let bits = self.unsigned(bits)?;
        match self.class_of(ty)? {
            Made::Flags(class) => self.made(self.py.call(&class, &[bits])),
            _ => Ok(bits),
        }
    }
    fn fault(&mut self, fault: Fault) -> Result<Object, Fault> {
        self.made(exception(self.py, fault))
    }
    fn object(&mut self, object: Remote) -> Result<Object, Fault> {
        self.file.classes.proxy(self.py, self.file, object)
    }

    fn to_boolean(&mut self, value: &Object) -> Result<bool, Unfit> {
        if value.is(api().yes) {
            Ok(true)
        } else if value.is(api().no) {
            Ok(false)
        } else {
            self.unfit("a bool", value)
        }
    }
    fn to_integer(&mut self, value: &Object) -> Result<i128, Unfit> {
        let index = self.index(value)?;
        self.whole(&index)
    }
    fn to_wide_unsigned(&mut self, value: &Object) -> Result<u128, Unfit> {
        let index = self.index(value)?;
        let digits = self.py.shown(&index);
        if digits.starts_with('-') {
            return Err(Unfit(format!("{digits} is negative")));
        }
        digits.parse().map_err(|_beyond| out_of_range(&digits))
    }
    fn to_float(&mut self, value: &Object) -> Result<f64, Unfit> {
        let float = self.py.to_float(value);
        float.or_else(|_raised| self.unfit("a number", value))
    }
    fn to_text<'v>(&mut self, value: &'v Object) -> Result<Cow<'v, str>, Unfit> {
        let no_unicode = |raised: &Raised| {
            Unfit(format!(
                "the text is no Unicode: {}",
                self.py.shown(&raised.0)
            ))
        };
        if value.is_a(api().text_type) {
            let text = self.py.to_text(value);
            return text
                .map(Cow::Borrowed)
                .map_err(|raised| no_unicode(&raised));
        }
        let face = self.face_or_unfit()?;
        if value.is_a(face.text.as_ptr())
            && let Ok(Some(inner)) = self.py.find(value, &face.value)
            && inner.is_a(api().text_type)
        {
            let text = self.py.to_text(&inner).map(ToOwned::to_owned);
            return text.map(Cow::Owned).map_err(|raised| no_unicode(&raised));
        }
        self.unfit("a text (str)", value)
    }
    fn to_bytes<'v>(&mut self, value: &'v Object) -> Option<Cow<'v, [u8]>> {
        let api = api();
        let kinds = [api.bytes_type, api.byte_array_type, api.memory_view_type];
        let is_bytes = kinds.iter().any(|&kind| value.is_a(kind));
        let bytes = is_bytes.then(|| self.py.to_bytes(value))?;
        bytes.ok().map(Cow::Owned)
    }
    fn to_list(&mut self, value: &Object) -> Result<Vec<Object>, Unfit> {
        if value.is_a(api().text_type) || value.is_a(api().dict_type) {
            return self.unfit("a list", value);
        }
        let items = self.py.items(value);
        items.or_else(|_raised| self.unfit("a list", value))
    }
    fn to_tuple(&mut self, value: &Object) -> Result<Vec<Object>, Unfit> {
        if !value.is_a(api().tuple_type) && !value.is_a(api().list_type) {
            return self.unfit("a tuple", value);
        }
        self.to_list(value)
    }
    fn to_option(&mut self, value: &Object) -> Result<Option<Object>, Unfit> {
        if value.is_none() {
            return Ok(None);
        }
        let face = self.face_or_unfit()?;
        if value.is_a(face.some.as_ptr()) {
            let inner = self.py.find(value, &face.value);
            return inner.map_err(|raised| self.unfit_of(&raised));
        }
        Ok(Some(value.clone()))
    }
    fn to_result(&mut self, value: &Object) -> Result<Result<Object, Object>, Unfit> {
        let face = self.face_or_unfit()?;
        let inner = |value: &Object| {
            let inner = self.py.find(value, &face.value);
            inner.map(|inner| inner.unwrap_or_else(|| self.py.none()))
        };
        let read = if value.is_a(face.err.as_ptr()) {
            inner(value).map(Err)
        } else if value.is_a(face.fault.as_ptr()) {
            Ok(Err(value.clone()))
        } else if value.is_a(face.ok.as_ptr()) {
            inner(value).map(Ok)
        } else {
            Ok(Ok(value.clone()))
        };
        read.map_err(|raised| self.unfit_of(&raised))
    }
    fn to_field(&mut self, value: &Object, name: &str) -> Result<Option<Object>, Unfit> {
        let api = api();
        if let Ok(number) = name.parse::<usize>()
            && (value.is_a(api.tuple_type) || value.is_a(api.list_type))
        {
            return Ok(self.to_list(value)?.into_iter().nth(number));
        }
        let scalars = [
            api.int_type,
            api.float_type,
            api.text_type,
            api.bytes_type,
            api.list_type,
        ];
        if value.is_none() || scalars.iter().any(|&scalar| value.is_a(scalar)) {
            return self.unfit("an object or a dict with the fields of a struct", value);
        }
        let key = self
            .py
            .text(&identifier(name))
            .map_err(|raised| self.unfit_of(&raised))?;
        if value.is_a(api.dict_type) {
            return Ok(self.py.item(value, &key));
        }
        let found = self.py.find(value, &key);
        found.map_err(|raised| self.unfit_of(&raised))
    }
    fn to_variant(&mut self, value: &Object, ty: Type<'_>) -> Result<(usize, Vec<Object>), Unfit> {
        let made = self.file.classes.of(self.py, self.file, ty);
        let Made::Enum(known) = made.map_err(|raised| self.unfit_of(&raised))? else {
            return Err(Unfit(format!("`{}` is no enum", ty.name())));
        };
        let number = self.variant_number(value, ty, &known)?;
        let mut fields = Vec::new();
        if let Some(variant) = ty.variants().nth(number) {
            for (position, field) in variant.fields().enumerate() {
                let position = position.to_string();
                let name = if field.name().is_empty() {
                    &position
                } else {
                    field.name()
                };
                let Some(found) = self.to_field(value, name)? else {
                    return Err(Unfit(format!("field `{name}` is missing")));
                };
                fields.push(found);
            }
        }
        Ok((number, fields))
    }
    fn to_map(&mut self, value: &Object) -> Result<Vec<(Object, Object)>, Unfit> {
        if !value.is_a(api().dict_type) && !self.has(value, &self.face_or_unfit()?.items) {
            return self.unfit("a dict", value);
        }
        let pairs = self.py.pairs(value);
        pairs.map_err(|raised| self.unfit_of(&raised))
    }
    fn to_set(&mut self, value: &Object) -> Result<Vec<Object>, Unfit> {
        if !value.is_a(api().set_type) && !value.is_a(api().frozen_set_type) {
            return self.unfit("a set", value);
        }
        let items = self.py.items(value);
        items.map_err(|raised| self.unfit_of(&raised))
    }
    fn to_duration(&mut self, value: &Object) -> Result<Duration, Unfit> {
        let nanoseconds = self.to_moment(value, false)?;
        let seconds = u64::try_from(nanoseconds.div_euclid(1_000_000_000));
        let rest = nanoseconds.rem_euclid(1_000_000_000) as u32;
        let length = seconds.map(|seconds| Duration::new(seconds, rest));
        length.map_err(|_beyond| out_of_range(&format!("{nanoseconds} nanoseconds")))
    }
    fn to_time(&mut self, value: &Object) -> Result<(i64, u32), Unfit> {
        let nanoseconds = self.to_moment(value, true)?;
        let seconds = i64::try_from(nanoseconds.div_euclid(1_000_000_000));
        let rest = nanoseconds.rem_euclid(1_000_000_000) as u32;
        let time = seconds.map(|seconds| (seconds, rest));
        time.map_err(|_beyond| out_of_range(&format!("{nanoseconds} nanoseconds")))
    }
    fn to_path(&mut self, value: &Object) -> Result<PathBuf, Unfit> {
        let raw = self.py.call(
            &self.face_or_unfit()?.raw_path,
            core::slice::from_ref(value),
        );
        let Ok(raw) = raw else {
            return self.unfit("a path", value);
        };
        #[cfg(unix)]
        {
            use std::os::unix::ffi::OsStringExt as _;
            let bytes = self
                .py
                .to_bytes(&raw)
                .map_err(|raised| self.unfit_of(&raised))?;
            Ok(std::ffi::OsString::from_vec(bytes).into())
        }
        #[cfg(not(unix))]
        Ok(self.to_text(&raw)?.into_owned().into())
    }
    fn to_flags(&mut self, value: &Object, ty: Type<'_>) -> Result<u64, Unfit> {
        let bits = self.to_integer(value)?;
        let most = u64::MAX >> (64 - width(ty));
        match u64::try_from(bits) {
            Ok(bits) if bits <= most => Ok(bits),
            _ => Err(Unfit(format!(
                "{bits} is out of range, which is 0 to {most}"
            ))),
        }
    }
    fn to_fault(&mut self, value: &Object) -> Result<Fault, Unfit> {
        if value.is_a(api().text_type) {
            let message = self.to_text(value)?;
            return Ok(self.file.thrown(&message));
        }
        if !value.is_a(api().base_exception) {
            return self.unfit("an exception, or a text", value);
        }
        Ok(self.fault_of(Raised(value.clone())))
    }
    fn to_object(&mut self, value: &Object, contract: ContractView<'_>) -> Result<Handed, Unfit> {
        let py = self.py;
        let face = self.face_or_unfit()?;
        if value.is_a(face.proxy.as_ptr()) {
            let handle = py.find(value, &face.remote).ok().flatten();
            return match handle
                .and_then(|handle| Some(py.kept::<RemoteHandle>(&handle)?.remote.clone()))
            {
                Some(remote) => Ok(Handed::Remote(remote)),
                None => self.unfit("an object", value),
            };
        }
        if contract.id().is_empty() {
            if !value.is_callable() {
                return self.unfit("something that can be called", value);
            }
        } else {
            let methods = contract.methods().filter(|method| !method.has_default());
            let methods: Answer<Vec<_>> = methods.map(|method| py.text(method.name())).collect();
            let missing = methods.and_then(|methods| {
                let methods = py.tuple(methods.into_iter())?;
                py.call(&face.missing_in, &[value.clone(), methods])
            });
            let missing = missing.map_err(|raised| self.unfit_of(&raised))?;
            if !missing.is_none() {
                return Err(Unfit(format!(
                    "{} has no method `{}` of contract `{}`",
                    py.kind(value),
                    py.shown(&missing),
                    contract.id()
                )));
            }
        }
        let Some(file) = self.file.keep() else {
            return Err(Unfit("the module is being unloaded".to_owned()));
        };
        let object = PythonObject {
            object: Held::new(py, value.clone()),
            file,
        };
        Ok(Handed::Own(Box::new(object)))
    }
}

impl Values<'_> {
    /// A value that may be a key.
    fn hashable(&self, value: Object) -> Result<Object, Fault> {
        if value.ty() != api().list_type {
            return Ok(value);
        }
        self.made(self.py.call(&self.face()?.hashable, &[value]))
    }
}
