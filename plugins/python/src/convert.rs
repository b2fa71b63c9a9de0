//! Plain values as objects of Python's, and back: what [`Values`](crate::values::Values) is made of.

use core::ffi::c_char;
use core::ptr;
use std::ffi::CString;

use crate::api::api;
use crate::interpreter::Entered;
use crate::python::{Answer, Object, Raised};

impl Entered {
    pub(crate) fn none(&self) -> Object {
        // SAFETY: it lives for ever.
        unsafe { Object::borrowed(api().none) }
    }

    pub(crate) fn boolean(&self, value: bool) -> Object {
        // SAFETY: they live for ever.
        unsafe { Object::borrowed(if value { api().yes } else { api().no }) }
    }

    pub(crate) fn signed(&self, value: i64) -> Answer {
        // SAFETY: entered.
        unsafe { self.answer(api().PyLong_FromLongLong(value)) }
    }

    pub(crate) fn unsigned(&self, value: u64) -> Answer {
        // SAFETY: entered.
        unsafe { self.answer(api().PyLong_FromUnsignedLongLong(value)) }
    }

    /// An integer of any size, of its digits.
    pub(crate) fn integer(&self, digits: &str) -> Answer {
        let digits = CString::new(digits).unwrap_or_default();
        // SAFETY: entered; a text that ends with a zero.
        unsafe { self.answer(api().PyLong_FromString(digits.as_ptr(), ptr::null_mut(), 10)) }
    }

    pub(crate) fn float(&self, value: f64) -> Answer {
        // SAFETY: entered.
        unsafe { self.answer(api().PyFloat_FromDouble(value)) }
    }

    pub(crate) fn text(&self, text: &str) -> Answer {
        let (start, len) = (text.as_ptr().cast(), text.len().cast_signed());
        // SAFETY: entered; text of that length.
        unsafe { self.answer(api().PyUnicode_FromStringAndSize(start, len)) }
    }

    pub(crate) fn bytes(&self, bytes: &[u8]) -> Answer {
        let (start, len) = (bytes.as_ptr().cast(), bytes.len().cast_signed());
        // SAFETY: entered; bytes of that length.
        unsafe { self.answer(api().PyBytes_FromStringAndSize(start, len)) }
    }

    pub(crate) fn byte_array(&self, bytes: &[u8]) -> Answer {
        let (start, len) = (bytes.as_ptr().cast(), bytes.len().cast_signed());
        // SAFETY: entered; bytes of that length.
        unsafe { self.answer(api().PyByteArray_FromStringAndSize(start, len)) }
    }

    pub(crate) fn list(&self, items: impl ExactSizeIterator<Item = Object>) -> Answer {
        // SAFETY: entered; every place of the new list is filled, with a count of its own.
        unsafe {
            let list = self.answer(api().PyList_New(items.len().cast_signed()))?;
            for (place, item) in (0..).zip(items) {
                api().PyList_SetItem(list.as_ptr(), place, item.into_ptr());
            }
            Ok(list)
        }
    }

    pub(crate) fn tuple(&self, items: impl ExactSizeIterator<Item = Object>) -> Answer {
        // SAFETY: entered; every place of the new tuple is filled, with a count of its own.
        unsafe {
            let tuple = self.answer(api().PyTuple_New(items.len().cast_signed()))?;
            for (place, item) in (0..).zip(items) {
                api().PyTuple_SetItem(tuple.as_ptr(), place, item.into_ptr());
            }
            Ok(tuple)
        }
    }

    pub(crate) fn set(&self, items: impl Iterator<Item = Object>) -> Answer {
        // SAFETY: entered.
        unsafe {
            let set = self.answer(api().PySet_New(ptr::null_mut()))?;
            for item in items {
                self.done(api().PySet_Add(set.as_ptr(), item.as_ptr()))?;
            }
            Ok(set)
        }
    }

    pub(crate) fn dictionary(&self, pairs: impl Iterator<Item = (Object, Object)>) -> Answer {
        // SAFETY: entered.
        unsafe {
            let made = self.answer(api().PyDict_New())?;
            for (key, value) in pairs {
                let (key, value) = (key.as_ptr(), value.as_ptr());
                self.done(api().PyDict_SetItem(made.as_ptr(), key, value))?;
            }
            Ok(made)
        }
    }

    /// The items of anything that can be iterated.
    pub(crate) fn items(&self, object: &Object) -> Answer<Vec<Object>> {
        let api = api();
        let raw = object.as_ptr();
        // SAFETY: entered; lists and tuples lend their items, at places that they have. Nothing runs in between.
        unsafe {
            if object.ty() == api.list_type {
                let items = 0..api.PyList_Size(raw);
                let item = |place| Object::borrowed(api.PyList_GetItem(raw, place));
                return Ok(items.map(item).collect());
            }
            if object.is_a(api.tuple_type) {
                let items = 0..api.PyTuple_Size(raw);
                let item = |place| Object::borrowed(api.PyTuple_GetItem(raw, place));
                return Ok(items.map(item).collect());
            }
            let iterator = self.answer(api.PyObject_GetIter(raw))?;
            let mut items = Vec::new();
            while let Some(item) = Object::of(api.PyIter_Next(iterator.as_ptr())) {
                items.push(item);
            }
            // Its end, or an exception: told apart by whether one is set.
            let (mut ty, mut value, mut trace) =
                (ptr::null_mut(), ptr::null_mut(), ptr::null_mut());
            api.PyErr_Fetch(&raw mut ty, &raw mut value, &raw mut trace);
            if ty.is_null() {
                return Ok(items);
            }
            api.PyErr_NormalizeException(&raw mut ty, &raw mut value, &raw mut trace);
            drop((Object::of(ty), Object::of(trace)));
            Err(Raised(Object::of(value).unwrap_or_else(|| self.none())))
        }
    }

    /// What a value is called in messages.
    pub(crate) fn kind(&self, object: &Object) -> String {
        if object.is_none() {
            return "None".to_owned();
        }
        // SAFETY: a type, which is an object.
        let ty = unsafe { Object::borrowed(object.ty()) };
        let name = self.get(&ty, c"__name__").map(|name| self.shown(&name));
        let name = name.unwrap_or_else(|_| "?".to_owned());
        let is_vowel = name.starts_with(['a', 'e', 'i', 'o', 'A', 'E', 'I', 'O']);
        format!("{} {name}", if is_vowel { "an" } else { "a" })
    }

    /// Keys and values of a mapping.
    pub(crate) fn pairs(&self, mapping: &Object) -> Answer<Vec<(Object, Object)>> {
        // SAFETY: entered.
        let pairs = unsafe { self.answer(api().PyMapping_Items(mapping.as_ptr())) }?;
        let mut read = Vec::new();
        for pair in self.items(&pairs)? {
            let mut parts = self.items(&pair)?.into_iter();
            if let (Some(key), Some(value)) = (parts.next(), parts.next()) {
                read.push((key, value));
            }
        }
        Ok(read)
    }

    /// An integer as an object of Python's own type, of anything that is one.
    pub(crate) fn to_integer(&self, object: &Object) -> Answer {
        // SAFETY: entered.
        unsafe { self.answer(api().PyNumber_Index(object.as_ptr())) }
    }

    /// The value of an integer, if 64 bits with a sign hold it.
    pub(crate) fn to_signed(&self, integer: &Object) -> Option<i64> {
        let mut overflow = 0;
        // SAFETY: entered; an integer, so that nothing is raised.
        let value =
            unsafe { api().PyLong_AsLongLongAndOverflow(integer.as_ptr(), &raw mut overflow) };
        (overflow == 0).then_some(value)
    }

    pub(crate) fn to_float(&self, object: &Object) -> Answer<f64> {
        // SAFETY: entered. The one value that tells of an exception is a number too.
        let value = unsafe { api().PyFloat_AsDouble(object.as_ptr()) };
        if value == -1.0 {
            let mut set = [ptr::null_mut(); 3];
            let [ty, error, trace] = &mut set;
            // SAFETY: three places.
            unsafe {
                api().PyErr_Fetch(ty, error, trace);
                let found = set.map(|part| Object::of(part));
                if let [Some(ty), error, _] = found {
                    return Err(Raised(error.unwrap_or(ty)));
                }
            }
        }
        Ok(value)
    }

    /// A text, as it lies in its object.
    pub(crate) fn to_text<'o>(&self, text: &'o Object) -> Answer<&'o str> {
        let mut len = 0;
        // SAFETY: entered; the object keeps the text as long as it lives.
        unsafe {
            let start = api().PyUnicode_AsUTF8AndSize(text.as_ptr(), &raw mut len);
            if start.is_null() {
                return Err(self.raised());
            }
            let bytes = core::slice::from_raw_parts(start.cast::<u8>(), len.cast_unsigned());
            Ok(core::str::from_utf8_unchecked(bytes))
        }
    }

    /// A text that is no Unicode, with escapes for what is none.
    pub(crate) fn escaped(&self, text: &Object) -> String {
        // SAFETY: entered.
        let shown = unsafe { self.answer(api().PyObject_ASCII(text.as_ptr())) };
        shown.map_or_else(|_| "?".to_owned(), |shown| self.shown(&shown))
    }

    /// The text of anything: `str(..)`.
    pub(crate) fn shown(&self, object: &Object) -> String {
        // SAFETY: entered.
        let shown = unsafe { self.answer(api().PyObject_Str(object.as_ptr())) };
        let text = shown.and_then(|shown| self.to_text(&shown).map(ToOwned::to_owned));
        text.unwrap_or_else(|_| "?".to_owned())
    }

    /// What is in `bytes`, a `bytearray` or a `memoryview`.
    pub(crate) fn to_bytes(&self, object: &Object) -> Answer<Vec<u8>> {
        let (mut start, mut len): (*mut c_char, isize) = (ptr::null_mut(), 0);
        // SAFETY: entered; `bytes` do not change.
        unsafe {
            let bytes = self.answer(api().PyBytes_FromObject(object.as_ptr()))?;
            let code = api().PyBytes_AsStringAndSize(bytes.as_ptr(), &raw mut start, &raw mut len);
            self.done(code)?;
            Ok(core::slice::from_raw_parts(start.cast::<u8>(), len.cast_unsigned()).to_vec())
        }
    }
}
