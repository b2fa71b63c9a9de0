//! Objects of Python's: who counts them, how they are called, what they raise, and what of ours lies in them.
//!
//! What is always true:
//!
//! * **P1** An [`Object`] is made, used and dropped only on a thread that has entered the interpreter; outside it lies in a
//!   [`Held`]. It has one count of its own.

use core::ffi::{CStr, c_int, c_void};
use core::mem::ManuallyDrop;
use core::ptr::{self, NonNull};

use crate::api::{self, PyObject, ROOM_BEFORE, Vectorcall, api};
use crate::interpreter::{Entered, enter, is_over, outside};

/// An object of Python's (P1).
pub(crate) struct Object(NonNull<PyObject>);

impl Clone for Object {
    #[inline]
    fn clone(&self) -> Self {
        // SAFETY: P1.
        unsafe { api().Py_IncRef(self.0.as_ptr()) };
        Self(self.0)
    }
}

impl Drop for Object {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: P1.
        unsafe { api().Py_DecRef(self.0.as_ptr()) };
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
            api().Py_IncRef(object);
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
        self.ty() == ty || unsafe { api().PyType_IsSubtype(self.ty(), ty) } != 0
    }

    pub(crate) fn is_callable(&self) -> bool {
        // SAFETY: P1.
        unsafe { api().PyCallable_Check(self.as_ptr()) != 0 }
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
        // Without an interpreter it stays where it is (I2).
        if let Ok(entered) = enter() {
            // SAFETY: once, at the end.
            unsafe { ManuallyDrop::drop(&mut self.0) };
            drop(entered);
        }
    }
}

impl Entered {
    /// What a function of Python's returned: a new object, or none and an exception.
    ///
    /// # Safety
    /// 1. As [`Object::of`] says, or null with an exception set.
    #[inline]
    pub(crate) unsafe fn answer(&self, object: *mut PyObject) -> Answer {
        // SAFETY: clause 1.
        unsafe { Object::of(object) }.ok_or_else(|| self.raised())
    }

    pub(crate) fn done(&self, code: c_int) -> Answer<()> {
        if code < 0 { Err(self.raised()) } else { Ok(()) }
    }

    /// The exception that is set, which is taken.
    #[cold]
    pub(crate) fn raised(&self) -> Raised {
        let (mut ty, mut value, mut trace) = (ptr::null_mut(), ptr::null_mut(), ptr::null_mut());
        let api = api();
        // SAFETY: three places; what was there is owned by them now, and made whole.
        unsafe {
            api.PyErr_Fetch(&raw mut ty, &raw mut value, &raw mut trace);
            api.PyErr_NormalizeException(&raw mut ty, &raw mut value, &raw mut trace);
            if !trace.is_null() && !value.is_null() {
                api.PyException_SetTraceback(value, trace);
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
        unsafe { api().PyErr_SetObject(raised.0.ty(), raised.0.as_ptr()) };
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
            self.answer(api().PyObject_Vectorcall(
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
        let mut way = api().vectorcall();
        // What anything else is called with may change with its class.
        if function.ty() == api().function_type
            // SAFETY: entered.
            && let Some(found) = unsafe { api().PyVectorcall_Function(function.as_ptr()) }
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
        unsafe { self.answer(api().PyObject_GetAttrString(object.as_ptr(), name.as_ptr())) }
    }

    /// An attribute, if it is there.
    pub(crate) fn find(&self, object: &Object, name: &Object) -> Answer<Option<Object>> {
        // SAFETY: entered.
        let found = unsafe { self.answer(api().PyObject_GetAttr(object.as_ptr(), name.as_ptr())) };
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
            let found = api().PyDict_GetItemWithError(dictionary, key);
            if found.is_null() {
                api().PyErr_Clear();
                return None;
            }
            Some(Object::borrowed(found))
        }
    }

    /// Puts something into a dictionary.
    pub(crate) fn put(&self, dictionary: &Object, key: &str, value: &Object) -> Answer<()> {
        let key = self.text(key)?;
        let (dictionary, key, value) = (dictionary.as_ptr(), key.as_ptr(), value.as_ptr());
        // SAFETY: entered.
        self.done(unsafe { api().PyDict_SetItem(dictionary, key, value) })
    }

    /// Something of ours as an object, which drops it.
    pub(crate) fn capsule<T: Kept>(&self, value: T) -> Answer {
        unsafe extern "C" fn end<T: Kept>(capsule: *mut PyObject) {
            // SAFETY: called once, with a capsule that was made below.
            let value = unsafe {
                let pointer = api().PyCapsule_GetPointer(capsule, T::name().as_ptr().cast());
                (!pointer.is_null()).then(|| Box::from_raw(pointer.cast::<T>()))
            };
            if is_over(api()) {
                // This thread is ending the interpreter, and would not get the lock back that it lets go of below. What is left is
                // left to the end of the process.
                core::mem::forget(value);
                return;
            }
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
            self.answer(api().PyCapsule_New(pointer, T::name().as_ptr().cast(), Some(end::<T>)))
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
            let is_ours = api().PyCapsule_GetName(raw) == name;
            let pointer = is_ours.then(|| api().PyCapsule_GetPointer(raw, name));
            pointer.and_then(|pointer| pointer.cast::<T>().as_ref())
        }
    }

    /// Runs a text of ours, in a namespace of its own, which is returned.
    pub(crate) fn run(&self, text: &CStr, name: &CStr) -> Answer {
        // SAFETY: entered; texts that end with a zero.
        unsafe {
            let code = api().Py_CompileString(text.as_ptr(), name.as_ptr(), api::WHOLE_FILE);
            let code = self.answer(code)?;
            let space = self.answer(api().PyDict_New())?;
            let builtins = api().PyEval_GetBuiltins();
            let raw = space.as_ptr();
            self.done(api().PyDict_SetItemString(raw, c"__builtins__".as_ptr(), builtins))?;
            let name = self.answer(api().PyUnicode_InternFromString(name.as_ptr()))?;
            self.done(api().PyDict_SetItemString(raw, c"__name__".as_ptr(), name.as_ptr()))?;
            self.answer(api().PyEval_EvalCode(code.as_ptr(), raw, raw))?;
            Ok(space)
        }
    }

    /// A native function as an object; it gets nothing but its arguments.
    pub(crate) fn function(&self, definition: &'static api::MethodDefinition) -> Answer {
        let null = ptr::null_mut();
        // SAFETY: entered; a static description.
        unsafe { self.answer(api().PyCMethod_New(definition, null, null, null)) }
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
