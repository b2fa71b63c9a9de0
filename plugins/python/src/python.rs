//! The interpreter: how it starts, who may use it when, its objects, and what it raises.
//!
//! What is always true:
//!
//! * **P1** An [`Object`] is made, used and dropped only on a thread that has entered the interpreter; outside it lies in a
//!   [`Held`]. It has one count of its own.
//! * **P2** The state of a thread that is kept in [`OWN`] was made here, for this thread, and ends with it.
//! * **P3** The interpreter is never finalised by us. When somebody else does, nothing enters it any more.

use core::cell::Cell;
use core::ffi::{CStr, c_char, c_int, c_void};
use core::marker::PhantomData;
use core::mem::ManuallyDrop;
use core::ptr::{self, NonNull};
use std::ffi::CString;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use std::{env, fs, process, thread};

use polyplug::Fault;

use crate::api::{self, Api, PyObject, ROOM_BEFORE, ThreadState, Vectorcall, api};
use crate::library;

/// What became of the search for an interpreter.
enum Start {
    Not,
    Ready {
        /// Whether it was started here.
        ours: bool,
    },
}

static START: Mutex<Start> = Mutex::new(Start::Not);

thread_local! {
    /// P2. Without a destructor: to touch it is a memory access.
    static OWN: Cell<*mut ThreadState> = const { Cell::new(ptr::null_mut()) };
    static END: End = const { End };
}

/// Gives up the state of a thread at its end.
struct End;

impl Drop for End {
    fn drop(&mut self) {
        let own = OWN.replace(ptr::null_mut());
        if own.is_null() || is_over(api()) {
            return;
        }
        // SAFETY: P2: this thread's, and counted once by `PyGILState_Ensure`; 1 is `PyGILState_UNLOCKED`.
        unsafe {
            (api().PyEval_RestoreThread)(own);
            (api().PyGILState_Release)(1);
        }
    }
}

/// Whether the interpreter has ended, or is about to.
fn is_over(api: &Api) -> bool {
    // SAFETY: both may be asked at any time.
    unsafe { (api.is_finalizing)() != 0 || (api.Py_IsInitialized)() == 0 }
}

/// Sees to it that there is an interpreter. Whether it was started here: nobody but plugins uses it then.
///
/// # Errors
/// Why there is none.
pub(crate) fn start() -> Result<bool, String> {
    let mut start = START.lock().unwrap_or_else(PoisonError::into_inner);
    if let Start::Ready { ours } = *start {
        return Ok(ours);
    }
    let found = library::find()?;
    let mut api = found.api;
    // Two copies of this library may start at once; what is between them is the file system.
    let path = env::temp_dir().join(format!("polyplug-python-{}", process::id()));
    let lock = fs::File::create(&path).and_then(|file| file.lock().map(|()| file));
    // SAFETY: may be asked at any time.
    let ours = unsafe { (api.Py_IsInitialized)() } == 0;
    if ours {
        if let (Some(set), Some(program)) = (api.set_program_name, &found.program)
            && let Ok(program) = CString::new(program.as_encoded_bytes())
        {
            // SAFETY: before it is initialised; a text that is never freed.
            unsafe { set((api.decode_text)(program.as_ptr(), ptr::null_mut())) };
        }
        // SAFETY: nobody else initialises it meanwhile. Without handlers of signals, which are the host's.
        let own = unsafe {
            (api.Py_InitializeEx)(0);
            api.complete();
            (api.PyEval_SaveThread)()
        };
        // Made for this thread, and never ends: nobody finalises (P2, P3).
        OWN.set(own);
    } else {
        // SAFETY: it is initialised.
        unsafe { api.complete() };
    }
    if lock.is_ok() {
        // Whoever waits for it has it open.
        drop(fs::remove_file(&path));
    }
    drop(lock);
    api::publish(api);
    *start = Start::Ready { ours };
    Ok(ours)
}

/// What is done when an interpreter is left.
enum Leave {
    /// It was entered before.
    Nothing,
    Save,
    /// The thread keeps no state: it is about to end.
    Release(c_int),
}

/// The interpreter, entered by this thread: it holds the lock.
pub(crate) struct Entered {
    leave: Leave,
    thread: PhantomData<*const ()>,
}

impl Drop for Entered {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: this thread entered, and everything since then was left again.
        unsafe {
            match self.leave {
                Leave::Nothing => {}
                Leave::Save => _ = (api().PyEval_SaveThread)(),
                Leave::Release(before) => (api().PyGILState_Release)(before),
            }
        }
    }
}

/// Waits for the lock of the interpreter, unless this thread has it.
///
/// # Errors
/// When the interpreter has ended.
#[inline]
pub(crate) fn enter() -> Result<Entered, Fault> {
    let api = api();
    let own = OWN.get();
    if own.is_null() {
        return enter_first(api);
    }
    enter_with(api, own)
}

#[inline]
fn enter_with(api: &Api, own: *mut ThreadState) -> Result<Entered, Fault> {
    // SAFETY: may be asked at any time; only this thread makes it its own.
    let leave = if unsafe { (api.current_thread_state)() } == own {
        Leave::Nothing
    } else {
        if is_over(api) {
            return Err(ended());
        }
        // SAFETY: this thread's state, which does not have the lock.
        unsafe { (api.PyEval_RestoreThread)(own) };
        Leave::Save
    };
    Ok(Entered {
        leave,
        thread: PhantomData,
    })
}

/// On a thread that has no state of ours: with that of somebody else, who may end it, or with a new one.
#[cold]
fn enter_first(api: &Api) -> Result<Entered, Fault> {
    if is_over(api) {
        return Err(ended());
    }
    // SAFETY: may be asked at any time.
    let theirs = unsafe { (api.PyGILState_GetThisThreadState)() };
    if !theirs.is_null() {
        return enter_with(api, theirs);
    }
    // SAFETY: a thread without a state gets one, with the lock.
    let before = unsafe { (api.PyGILState_Ensure)() };
    let leave = if END.try_with(|_| ()).is_ok() {
        // SAFETY: as above.
        OWN.set(unsafe { (api.PyGILState_GetThisThreadState)() });
        Leave::Save
    } else {
        Leave::Release(before)
    };
    Ok(Entered {
        leave,
        thread: PhantomData,
    })
}

fn ended() -> Fault {
    Fault::new("the Python interpreter of this process has ended, and its plugins with it")
}

/// Does something in the interpreter.
///
/// # Errors
/// As for [`enter`].
pub(crate) fn with<T>(work: impl FnOnce(&Entered) -> T) -> Result<T, Fault> {
    let entered = enter()?;
    Ok(work(&entered))
}

/// Lets go of the lock while something else is done, which may wait for others.
pub(crate) fn outside<T>(_: &Entered, work: impl FnOnce() -> T) -> T {
    struct Back(*mut ThreadState);
    impl Drop for Back {
        fn drop(&mut self) {
            if is_over(api()) {
                // There is nothing to go back to, and frames of the interpreter cannot be unwound (P3).
                loop {
                    thread::sleep(Duration::from_secs(3600));
                }
            }
            // SAFETY: what `outside` saved.
            unsafe { (api().PyEval_RestoreThread)(self.0) };
        }
    }
    // SAFETY: this thread has entered.
    let back = Back(unsafe { (api().PyEval_SaveThread)() });
    let result = work();
    drop(back);
    result
}

/// An object of Python's (P1).
pub(crate) struct Object(NonNull<PyObject>);

impl Clone for Object {
    #[inline]
    fn clone(&self) -> Self {
        // SAFETY: P1.
        unsafe { (api().Py_IncRef)(self.0.as_ptr()) };
        Self(self.0)
    }
}

impl Drop for Object {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: P1.
        unsafe { (api().Py_DecRef)(self.0.as_ptr()) };
    }
}

/// Something that is called, with its receiver if it has one.
pub(crate) struct Bound {
    pub(crate) function: Object,
    pub(crate) receiver: Option<Object>,
    /// Calls the function.
    pub(crate) way: Vectorcall,
}

/// An exception that was raised.
pub(crate) struct Raised(pub(crate) Object);

pub(crate) type Answer<T = Object> = Result<T, Raised>;

impl Object {
    /// # Safety
    /// 1. A live object, of which one count is given, while the interpreter is entered.
    #[inline]
    pub(crate) unsafe fn of(object: *mut PyObject) -> Option<Self> {
        NonNull::new(object).map(Self)
    }

    /// # Safety
    /// 1. A live object, while the interpreter is entered.
    #[inline]
    pub(crate) unsafe fn borrowed(object: *mut PyObject) -> Self {
        // SAFETY: clause 1.
        unsafe {
            (api().Py_IncRef)(object);
            Self(NonNull::new_unchecked(object))
        }
    }

    pub(crate) fn as_ptr(&self) -> *mut PyObject {
        self.0.as_ptr()
    }

    /// Gives the count away.
    pub(crate) fn into_ptr(self) -> *mut PyObject {
        ManuallyDrop::new(self).0.as_ptr()
    }

    pub(crate) fn is(&self, other: *mut PyObject) -> bool {
        self.as_ptr() == other
    }

    pub(crate) fn is_none(&self) -> bool {
        self.is(api().none)
    }

    /// Its type.
    pub(crate) fn ty(&self) -> *mut PyObject {
        // SAFETY: P1; the stable interface shows this field.
        unsafe { (*self.as_ptr()).ty }
    }

    /// Whether it is one of this type, or of one that inherits from it.
    pub(crate) fn is_a(&self, ty: *mut PyObject) -> bool {
        // SAFETY: two types.
        self.ty() == ty || unsafe { (api().PyType_IsSubtype)(self.ty(), ty) } != 0
    }

    pub(crate) fn is_callable(&self) -> bool {
        // SAFETY: P1.
        unsafe { (api().PyCallable_Check)(self.as_ptr()) != 0 }
    }
}

/// Something of the interpreter's that lives outside; it is let go of inside.
pub(crate) struct Held<T>(ManuallyDrop<T>);

// SAFETY: P1: what is in it is touched by who has entered the interpreter only, one at a time.
unsafe impl<T> Send for Held<T> {}
// SAFETY: as above.
unsafe impl<T> Sync for Held<T> {}

impl<T> Held<T> {
    pub(crate) fn new(_: &Entered, value: T) -> Self {
        Self(ManuallyDrop::new(value))
    }

    /// The value, for who has entered.
    #[inline]
    pub(crate) fn value<'h>(&'h self, _: &'h Entered) -> &'h T {
        &self.0
    }
}

impl<T> Drop for Held<T> {
    fn drop(&mut self) {
        // Without an interpreter it stays where it is (P3).
        if let Ok(entered) = enter() {
            // SAFETY: once, at the end.
            unsafe { ManuallyDrop::drop(&mut self.0) };
            drop(entered);
        }
    }
}

impl Entered {
    /// The interpreter, of a function that it calls.
    ///
    /// # Safety
    /// 1. This thread has entered it, until the value is gone.
    pub(crate) unsafe fn already() -> Self {
        Self {
            leave: Leave::Nothing,
            thread: PhantomData,
        }
    }

    /// What a function of Python's returned: a new object, or none and an exception.
    ///
    /// # Safety
    /// 1. As [`Object::of`] says, or null with an exception set.
    #[inline]
    unsafe fn answer(&self, object: *mut PyObject) -> Answer {
        // SAFETY: clause 1.
        unsafe { Object::of(object) }.ok_or_else(|| self.raised())
    }

    fn done(&self, code: c_int) -> Answer<()> {
        if code < 0 { Err(self.raised()) } else { Ok(()) }
    }

    /// The exception that is set, which is taken.
    #[cold]
    pub(crate) fn raised(&self) -> Raised {
        let (mut ty, mut value, mut trace) = (ptr::null_mut(), ptr::null_mut(), ptr::null_mut());
        let api = api();
        // SAFETY: three places; what was there is owned by them now, and made whole.
        unsafe {
            (api.PyErr_Fetch)(&raw mut ty, &raw mut value, &raw mut trace);
            (api.PyErr_NormalizeException)(&raw mut ty, &raw mut value, &raw mut trace);
            if !trace.is_null() && !value.is_null() {
                (api.PyException_SetTraceback)(value, trace);
            }
            drop(Object::of(trace));
            let ty = Object::of(ty);
            match Object::of(value).or(ty) {
                Some(value) => Raised(value),
                // No function of Python's fails without.
                None => Raised(Object::borrowed(api.system_error)),
            }
        }
    }

    /// Raises an exception in the function of Python's that called us.
    pub(crate) fn raise(&self, raised: Raised) {
        // SAFETY: an exception, and its type.
        unsafe { (api().PyErr_SetObject)(raised.0.ty(), raised.0.as_ptr()) };
    }

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
        unsafe { self.answer((api().PyLong_FromLongLong)(value)) }
    }

    pub(crate) fn unsigned(&self, value: u64) -> Answer {
        // SAFETY: entered.
        unsafe { self.answer((api().PyLong_FromUnsignedLongLong)(value)) }
    }

    /// An integer of any size, of its digits.
    pub(crate) fn integer(&self, digits: &str) -> Answer {
        let digits = CString::new(digits).unwrap_or_default();
        // SAFETY: entered; a text that ends with a zero.
        unsafe {
            self.answer((api().PyLong_FromString)(
                digits.as_ptr(),
                ptr::null_mut(),
                10,
            ))
        }
    }

    pub(crate) fn float(&self, value: f64) -> Answer {
        // SAFETY: entered.
        unsafe { self.answer((api().PyFloat_FromDouble)(value)) }
    }

    pub(crate) fn text(&self, text: &str) -> Answer {
        let (start, len) = (text.as_ptr().cast(), text.len().cast_signed());
        // SAFETY: entered; text of that length.
        unsafe { self.answer((api().PyUnicode_FromStringAndSize)(start, len)) }
    }

    pub(crate) fn bytes(&self, bytes: &[u8]) -> Answer {
        let (start, len) = (bytes.as_ptr().cast(), bytes.len().cast_signed());
        // SAFETY: entered; bytes of that length.
        unsafe { self.answer((api().PyBytes_FromStringAndSize)(start, len)) }
    }

    pub(crate) fn byte_array(&self, bytes: &[u8]) -> Answer {
        let (start, len) = (bytes.as_ptr().cast(), bytes.len().cast_signed());
        // SAFETY: entered; bytes of that length.
        unsafe { self.answer((api().PyByteArray_FromStringAndSize)(start, len)) }
    }

    pub(crate) fn list(&self, items: impl ExactSizeIterator<Item = Object>) -> Answer {
        // SAFETY: entered; every place of the new list is filled, with a count of its own.
        unsafe {
            let list = self.answer((api().PyList_New)(items.len().cast_signed()))?;
            for (place, item) in (0..).zip(items) {
                (api().PyList_SetItem)(list.as_ptr(), place, item.into_ptr());
            }
            Ok(list)
        }
    }

    pub(crate) fn tuple(&self, items: impl ExactSizeIterator<Item = Object>) -> Answer {
        // SAFETY: entered; every place of the new tuple is filled, with a count of its own.
        unsafe {
            let tuple = self.answer((api().PyTuple_New)(items.len().cast_signed()))?;
            for (place, item) in (0..).zip(items) {
                (api().PyTuple_SetItem)(tuple.as_ptr(), place, item.into_ptr());
            }
            Ok(tuple)
        }
    }

    pub(crate) fn set(&self, items: impl Iterator<Item = Object>) -> Answer {
        // SAFETY: entered.
        unsafe {
            let set = self.answer((api().PySet_New)(ptr::null_mut()))?;
            for item in items {
                self.done((api().PySet_Add)(set.as_ptr(), item.as_ptr()))?;
            }
            Ok(set)
        }
    }

    pub(crate) fn dictionary(&self, pairs: impl Iterator<Item = (Object, Object)>) -> Answer {
        // SAFETY: entered.
        unsafe {
            let made = self.answer((api().PyDict_New)())?;
            for (key, value) in pairs {
                let (key, value) = (key.as_ptr(), value.as_ptr());
                self.done((api().PyDict_SetItem)(made.as_ptr(), key, value))?;
            }
            Ok(made)
        }
    }

    /// Calls something.
    pub(crate) fn call(&self, function: &Object, arguments: &[Object]) -> Answer {
        self.call_with(function, None, arguments)
    }

    /// Calls something, with a receiver before its arguments if there is one.
    pub(crate) fn call_with(
        &self,
        function: &Object,
        receiver: Option<&Object>,
        arguments: &[Object],
    ) -> Answer {
        let mut given = Vec::with_capacity(arguments.len() + 2);
        given.push(ptr::null_mut());
        given.extend(receiver.into_iter().chain(arguments).map(Object::as_ptr));
        // SAFETY: entered; that many objects, with a place before them.
        unsafe {
            self.answer((api().PyObject_Vectorcall)(
                function.as_ptr(),
                given.as_ptr().add(1),
                (given.len() - 1) | ROOM_BEFORE,
                ptr::null_mut(),
            ))
        }
    }

    /// Takes a bound method apart, which saves a step in each call.
    pub(crate) fn bound(&self, method: Object) -> Answer<Bound> {
        let (function, receiver) = if method.ty() == api().method_type {
            let receiver = self.get(&method, c"__self__")?;
            (self.get(&method, c"__func__")?, Some(receiver))
        } else {
            (method, None)
        };
        let mut way = api().PyObject_Vectorcall;
        // What anything else is called with may change with its class.
        if function.ty() == api().function_type
            // SAFETY: entered.
            && let Some(found) = unsafe { (api().PyVectorcall_Function)(function.as_ptr()) }
        {
            way = found;
        }
        Ok(Bound {
            function,
            receiver,
            way,
        })
    }

    pub(crate) fn get(&self, object: &Object, name: &CStr) -> Answer {
        // SAFETY: entered; a text that ends with a zero.
        unsafe {
            self.answer((api().PyObject_GetAttrString)(
                object.as_ptr(),
                name.as_ptr(),
            ))
        }
    }

    /// An attribute, if it is there.
    pub(crate) fn find(&self, object: &Object, name: &Object) -> Answer<Option<Object>> {
        // SAFETY: entered.
        let found =
            unsafe { self.answer((api().PyObject_GetAttr)(object.as_ptr(), name.as_ptr())) };
        match found {
            Ok(found) => Ok(Some(found)),
            Err(Raised(error)) if error.is_a(api().attribute_error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// What a dictionary has under a key.
    pub(crate) fn item(&self, dictionary: &Object, key: &Object) -> Option<Object> {
        let (dictionary, key) = (dictionary.as_ptr(), key.as_ptr());
        // SAFETY: entered; what is found is the dictionary's own count.
        unsafe {
            let found = (api().PyDict_GetItemWithError)(dictionary, key);
            if found.is_null() {
                (api().PyErr_Clear)();
                return None;
            }
            Some(Object::borrowed(found))
        }
    }

    /// The items of anything that can be iterated.
    pub(crate) fn items(&self, object: &Object) -> Answer<Vec<Object>> {
        let api = api();
        let raw = object.as_ptr();
        // SAFETY: entered; lists and tuples lend their items, at places that they have. Nothing runs in between.
        unsafe {
            if object.ty() == api.list_type {
                let items = 0..(api.PyList_Size)(raw);
                let item = |place| Object::borrowed((api.PyList_GetItem)(raw, place));
                return Ok(items.map(item).collect());
            }
            if object.is_a(api.tuple_type) {
                let items = 0..(api.PyTuple_Size)(raw);
                let item = |place| Object::borrowed((api.PyTuple_GetItem)(raw, place));
                return Ok(items.map(item).collect());
            }
            let iterator = self.answer((api.PyObject_GetIter)(raw))?;
            let mut items = Vec::new();
            while let Some(item) = Object::of((api.PyIter_Next)(iterator.as_ptr())) {
                items.push(item);
            }
            // Its end, or an exception: told apart by whether one is set.
            let (mut ty, mut value, mut trace) =
                (ptr::null_mut(), ptr::null_mut(), ptr::null_mut());
            (api.PyErr_Fetch)(&raw mut ty, &raw mut value, &raw mut trace);
            if ty.is_null() {
                return Ok(items);
            }
            (api.PyErr_NormalizeException)(&raw mut ty, &raw mut value, &raw mut trace);
            drop((Object::of(ty), Object::of(trace)));
            Err(Raised(Object::of(value).unwrap_or_else(|| self.none())))
        }
    }

    /// Puts something into a dictionary.
    pub(crate) fn put(&self, dictionary: &Object, key: &str, value: &Object) -> Answer<()> {
        let key = self.text(key)?;
        let (dictionary, key, value) = (dictionary.as_ptr(), key.as_ptr(), value.as_ptr());
        // SAFETY: entered.
        self.done(unsafe { (api().PyDict_SetItem)(dictionary, key, value) })
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
        let pairs = unsafe { self.answer((api().PyMapping_Items)(mapping.as_ptr())) }?;
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
        unsafe { self.answer((api().PyNumber_Index)(object.as_ptr())) }
    }

    /// The value of an integer, if 64 bits with a sign hold it.
    pub(crate) fn to_signed(&self, integer: &Object) -> Option<i64> {
        let mut overflow = 0;
        // SAFETY: entered; an integer, so that nothing is raised.
        let value =
            unsafe { (api().PyLong_AsLongLongAndOverflow)(integer.as_ptr(), &raw mut overflow) };
        (overflow == 0).then_some(value)
    }

    pub(crate) fn to_float(&self, object: &Object) -> Answer<f64> {
        // SAFETY: entered. The one value that tells of an exception is a number too.
        let value = unsafe { (api().PyFloat_AsDouble)(object.as_ptr()) };
        if value == -1.0 {
            let mut set = [ptr::null_mut(); 3];
            let [ty, error, trace] = &mut set;
            // SAFETY: three places.
            unsafe {
                (api().PyErr_Fetch)(ty, error, trace);
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
            let start = (api().PyUnicode_AsUTF8AndSize)(text.as_ptr(), &raw mut len);
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
        let shown = unsafe { self.answer((api().PyObject_ASCII)(text.as_ptr())) };
        shown.map_or_else(|_| "?".to_owned(), |shown| self.shown(&shown))
    }

    /// The text of anything: `str(..)`.
    pub(crate) fn shown(&self, object: &Object) -> String {
        // SAFETY: entered.
        let shown = unsafe { self.answer((api().PyObject_Str)(object.as_ptr())) };
        let text = shown.and_then(|shown| self.to_text(&shown).map(ToOwned::to_owned));
        text.unwrap_or_else(|_| "?".to_owned())
    }

    /// What is in `bytes`, a `bytearray` or a `memoryview`.
    pub(crate) fn to_bytes(&self, object: &Object) -> Answer<Vec<u8>> {
        let (mut start, mut len): (*mut c_char, isize) = (ptr::null_mut(), 0);
        // SAFETY: entered; `bytes` do not change.
        unsafe {
            let bytes = self.answer((api().PyBytes_FromObject)(object.as_ptr()))?;
            let code =
                (api().PyBytes_AsStringAndSize)(bytes.as_ptr(), &raw mut start, &raw mut len);
            self.done(code)?;
            Ok(core::slice::from_raw_parts(start.cast::<u8>(), len.cast_unsigned()).to_vec())
        }
    }

    /// Something of ours as an object, which drops it.
    pub(crate) fn capsule<T: Kept>(&self, value: T) -> Answer {
        unsafe extern "C" fn end<T: Kept>(capsule: *mut PyObject) {
            // SAFETY: called once, with a capsule that was made below.
            let value = unsafe {
                let pointer = (api().PyCapsule_GetPointer)(capsule, T::name().as_ptr().cast());
                (!pointer.is_null()).then(|| Box::from_raw(pointer.cast::<T>()))
            };
            // SAFETY: Python calls this entered.
            let entered = unsafe { Entered::already() };
            let dropped = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                outside(&entered, || drop(value));
            }));
            // There is nobody to be told, and nothing may leave this function.
            core::mem::forget(dropped);
        }
        let pointer = Box::into_raw(Box::new(value)).cast::<c_void>();
        // SAFETY: entered; a static name, and a destructor for just this type.
        unsafe {
            self.answer((api().PyCapsule_New)(
                pointer,
                T::name().as_ptr().cast(),
                Some(end::<T>),
            ))
        }
    }

    /// What is in a capsule of this kind.
    pub(crate) fn kept<'o, T: Kept>(&self, capsule: &'o Object) -> Option<&'o T> {
        let raw = capsule.as_ptr();
        if capsule.ty() != api().capsule_type {
            return None;
        }
        let name = T::name().as_ptr().cast();
        // SAFETY: entered, a capsule. Its name is the very static of this image: it was made here, and holds this type.
        unsafe {
            let is_ours = (api().PyCapsule_GetName)(raw) == name;
            let pointer = is_ours.then(|| (api().PyCapsule_GetPointer)(raw, name));
            pointer.and_then(|pointer| pointer.cast::<T>().as_ref())
        }
    }

    /// Runs a text of ours, in a namespace of its own, which is returned.
    pub(crate) fn run(&self, text: &CStr, name: &CStr) -> Answer {
        // SAFETY: entered; texts that end with a zero.
        unsafe {
            let code = (api().Py_CompileString)(text.as_ptr(), name.as_ptr(), api::WHOLE_FILE);
            let code = self.answer(code)?;
            let space = self.answer((api().PyDict_New)())?;
            let builtins = (api().PyEval_GetBuiltins)();
            let raw = space.as_ptr();
            self.done((api().PyDict_SetItemString)(
                raw,
                c"__builtins__".as_ptr(),
                builtins,
            ))?;
            let name = self.answer((api().PyUnicode_InternFromString)(name.as_ptr()))?;
            self.done((api().PyDict_SetItemString)(
                raw,
                c"__name__".as_ptr(),
                name.as_ptr(),
            ))?;
            self.answer((api().PyEval_EvalCode)(code.as_ptr(), raw, raw))?;
            Ok(space)
        }
    }

    /// A native function as an object; it gets nothing but its arguments.
    pub(crate) fn function(&self, definition: &'static api::MethodDefinition) -> Answer {
        let null = ptr::null_mut();
        // SAFETY: entered; a static description.
        unsafe { self.answer((api().PyCMethod_New)(definition, null, null, null)) }
    }
}

/// What may lie in a capsule.
///
/// # Safety
/// 1. The name is a static of this image, of this type alone, and ends with a zero: capsules are told apart by its address.
pub(crate) unsafe trait Kept: Send + 'static {
    /// What Python calls such capsules.
    fn name() -> &'static [u8];
}
