//! The C interface of Python, found in the process at run time: nothing of it is linked, so that the library loads, and a host
//! links, on a machine without Python. Only what the stable interface of CPython 3.11 has, or every version since exports.
//!
//! What is always true:
//!
//! * **A1** The functions of a table that was found are those of one interpreter, with the signatures written here; its
//!   library is never closed.
//! * **A2** Before 3.14, Python ends a thread that wants to enter an interpreter which is being finalised, by unwinding it
//!   (`pthread_exit`), which nothing of Rust's may be passed by. Every call of Python goes through [`staying`]: the thread
//!   stays there for ever instead, as it does from 3.14 on.

use core::ffi::{CStr, c_char, c_int, c_long, c_longlong, c_ulonglong, c_void};
use core::sync::atomic::{AtomicPtr, Ordering};
use core::{mem, ptr};
use std::thread;
use std::time::Duration;

/// The head of an object, as the stable interface shows it.
#[repr(C)]
pub(crate) struct PyObject {
    references: isize,
    pub(crate) ty: *mut PyObject,
}

/// A state of a thread in an interpreter; its content is Python's own.
pub(crate) enum ThreadState {}

/// What describes a native function.
#[repr(C)]
pub(crate) struct MethodDefinition {
    pub(crate) name: *const c_char,
    pub(crate) function: Native,
    pub(crate) flags: c_int,
    pub(crate) docs: *const c_char,
}

// SAFETY: it points to static text and functions.
unsafe impl Sync for MethodDefinition {}

/// A native function with a run of arguments.
pub(crate) type Native =
    unsafe extern "C" fn(*mut PyObject, *const *mut PyObject, isize) -> *mut PyObject;

/// What calls an object: the object, its arguments, how many with [`ROOM_BEFORE`], and names of arguments or nothing.
pub(crate) type Vectorcall = unsafe extern "C-unwind" fn(
    *mut PyObject,
    *const *mut PyObject,
    usize,
    *mut PyObject,
) -> *mut PyObject;

/// `METH_FASTCALL`.
pub(crate) const FAST_CALL: c_int = 0x80;

/// `PY_VECTORCALL_ARGUMENTS_OFFSET`: the place before the arguments may be written to.
pub(crate) const ROOM_BEFORE: usize = 1 << (usize::BITS - 1);

/// `Py_file_input`.
pub(crate) const WHOLE_FILE: c_int = 257;

/// Calls a function of Python's, and does not come back when that is unwound (A2).
#[inline(always)]
pub(crate) fn staying<T>(call: impl FnOnce() -> T) -> T {
    struct Stay;
    impl Drop for Stay {
        #[cold]
        fn drop(&mut self) {
            loop {
                thread::sleep(Duration::from_secs(3600));
            }
        }
    }
    let stay = Stay;
    let result = call();
    mem::forget(stay);
    result
}

type Object = *mut PyObject;
type Text = *const c_char;
type Destructor = unsafe extern "C" fn(*mut PyObject);

macro_rules! table {
    (
        functions { $(fn $name:ident($($argument:ident: $ty:ty),*) $(-> $result:ty)?;)* }
        renamed { $(fn $new:ident = $($old:literal)|+ () -> $returned:ty;)* }
        data { $($data:ident = $symbol:literal;)* }
        exceptions { $($exception:ident = $variable:literal;)* }
    ) => {
        /// The functions of the table, under the names that Python gives them.
        #[allow(non_snake_case, reason = "Python's names")]
        struct Functions {
            $($name: unsafe extern "C-unwind" fn($($ty),*) $(-> $result)?,)*
            $($new: unsafe extern "C-unwind" fn() -> $returned,)*
        }

        /// The table (A1).
        pub(crate) struct Api {
            functions: Functions,
            $(pub(crate) $data: Object,)*
            $(pub(crate) $exception: Object,)*
            /// Not there in every version.
            pub(crate) set_program_name: Option<unsafe extern "C" fn(*const c_void)>,
            pub(crate) decode_text: unsafe extern "C" fn(Text, *mut usize) -> *mut c_void,
        }

        #[allow(non_snake_case, reason = "Python's names")]
        impl Api {
            $(
                /// # Safety
                /// 1. What Python's documentation of the function of this name asks for.
                #[inline(always)]
                pub(crate) unsafe fn $name(&self, $($argument: $ty),*) $(-> $result)? {
                    // SAFETY: clause 1; A1.
                    staying(|| unsafe { (self.functions.$name)($($argument),*) })
                }
            )*
            $(
                /// # Safety
                /// 1. What Python's documentation of the first of the function's names asks for.
                #[inline(always)]
                pub(crate) unsafe fn $new(&self) -> $returned {
                    // SAFETY: clause 1; A1.
                    staying(|| unsafe { (self.functions.$new)() })
                }
            )*

            /// What calls anything.
            pub(crate) fn vectorcall(&self) -> Vectorcall {
                self.functions.PyObject_Vectorcall
            }

            /// Finds everything.
            ///
            /// # Errors
            /// The name of what is missing.
            ///
            /// # Safety
            /// 1. `find` finds the symbols of an interpreter, version 3.11 at least, which stays.
            #[allow(clippy::missing_transmute_annotations, reason = "the fields say the types")]
            pub(crate) unsafe fn find(
                find: &dyn Fn(&str) -> Option<*mut c_void>,
            ) -> Result<Self, String> {
                let one_of = |names: &[&str]| {
                    let found = names.iter().find_map(|name| find(name));
                    found.ok_or_else(|| names.join(" or "))
                };
                // SAFETY: clause 1: functions of these signatures, and data of these kinds.
                unsafe {
                    Ok(Self {
                        functions: Functions {
                            $($name: mem::transmute(one_of(&[stringify!($name)])?),)*
                            $($new: mem::transmute(one_of(&[$($old),+])?),)*
                        },
                        $($data: one_of(&[$symbol])?.cast(),)*
                        // Empty until the interpreter is there: see `complete`.
                        $($exception: one_of(&[$variable])?.cast(),)*
                        set_program_name: find("Py_SetProgramName")
                            .map(|found| mem::transmute(found)),
                        decode_text: mem::transmute(one_of(&["Py_DecodeLocale"])?),
                    })
                }
            }

            /// Reads what is there only when the interpreter is.
            ///
            /// # Safety
            /// 1. It is initialised, and this was not called before.
            pub(crate) unsafe fn complete(&mut self) {
                // SAFETY: clause 1: variables that point to exceptions.
                unsafe { $(self.$exception = self.$exception.cast::<Object>().read();)* }
            }
        }
    };
}

table! {
    functions {
        fn Py_IsInitialized() -> c_int;
        fn Py_InitializeEx(handlers: c_int);
        fn PyEval_SaveThread() -> *mut ThreadState;
        fn PyEval_RestoreThread(state: *mut ThreadState);
        fn PyGILState_Ensure() -> c_int;
        fn PyGILState_Release(before: c_int);
        fn PyGILState_GetThisThreadState() -> *mut ThreadState;
        fn Py_IncRef(object: Object);
        fn Py_DecRef(object: Object);
        fn PyErr_Fetch(class: *mut Object, value: *mut Object, trace: *mut Object);
        fn PyErr_NormalizeException(class: *mut Object, value: *mut Object, trace: *mut Object);
        fn PyErr_Clear();
        fn PyErr_SetObject(class: Object, value: Object);
        fn PyException_SetTraceback(exception: Object, trace: Object) -> c_int;
        fn PyObject_Vectorcall(callable: Object, arguments: *const Object, count: usize, names: Object) -> Object;
        fn PyVectorcall_Function(callable: Object) -> Option<Vectorcall>;
        fn PyObject_GetAttrString(object: Object, name: Text) -> Object;
        fn PyObject_GetAttr(object: Object, name: Object) -> Object;
        fn PyObject_GetIter(object: Object) -> Object;
        fn PyObject_Str(object: Object) -> Object;
        fn PyObject_ASCII(object: Object) -> Object;
        fn PyIter_Next(iterator: Object) -> Object;
        fn PyCallable_Check(object: Object) -> c_int;
        fn PyType_IsSubtype(class: Object, base: Object) -> c_int;
        fn PyDict_New() -> Object;
        fn PyDict_SetItem(dict: Object, key: Object, value: Object) -> c_int;
        fn PyDict_SetItemString(dict: Object, key: Text, value: Object) -> c_int;
        fn PyDict_GetItemWithError(dict: Object, key: Object) -> Object;
        fn PyMapping_Items(mapping: Object) -> Object;
        fn PyList_New(len: isize) -> Object;
        fn PyList_SetItem(list: Object, index: isize, item: Object) -> c_int;
        fn PyList_GetItem(list: Object, index: isize) -> Object;
        fn PyList_Size(list: Object) -> isize;
        fn PyTuple_New(len: isize) -> Object;
        fn PyTuple_SetItem(tuple: Object, index: isize, item: Object) -> c_int;
        fn PyTuple_GetItem(tuple: Object, index: isize) -> Object;
        fn PyTuple_Size(tuple: Object) -> isize;
        fn PySet_New(items: Object) -> Object;
        fn PySet_Add(set: Object, item: Object) -> c_int;
        fn PyLong_FromLong(value: c_long) -> Object;
        fn PyLong_FromLongLong(value: c_longlong) -> Object;
        fn PyLong_FromUnsignedLongLong(value: c_ulonglong) -> Object;
        fn PyLong_FromString(text: Text, end: *mut *mut c_char, base: c_int) -> Object;
        fn PyLong_AsLongLongAndOverflow(object: Object, overflow: *mut c_int) -> c_longlong;
        fn PyNumber_Index(object: Object) -> Object;
        fn PyFloat_FromDouble(value: f64) -> Object;
        fn PyFloat_AsDouble(object: Object) -> f64;
        fn PyUnicode_FromStringAndSize(bytes: Text, len: isize) -> Object;
        fn PyUnicode_AsUTF8AndSize(object: Object, len: *mut isize) -> Text;
        fn PyUnicode_InternFromString(text: Text) -> Object;
        fn PyBytes_FromStringAndSize(bytes: Text, len: isize) -> Object;
        fn PyBytes_AsStringAndSize(object: Object, bytes: *mut *mut c_char, len: *mut isize) -> c_int;
        fn PyBytes_FromObject(object: Object) -> Object;
        fn PyByteArray_FromStringAndSize(bytes: Text, len: isize) -> Object;
        fn PyCapsule_New(pointer: *mut c_void, name: Text, destructor: Option<Destructor>) -> Object;
        fn PyCapsule_GetPointer(capsule: Object, name: Text) -> *mut c_void;
        fn PyCapsule_GetName(capsule: Object) -> Text;
        fn PyCMethod_New(definition: *const MethodDefinition, receiver: Object, module: Object, class: Object) -> Object;
        fn Py_CompileString(code: Text, file: Text, start: c_int) -> Object;
        fn PyEval_EvalCode(code: Object, globals: Object, locals: Object) -> Object;
        fn PyEval_GetBuiltins() -> Object;
    }
    renamed {
        fn current_thread_state = "PyThreadState_GetUnchecked" | "_PyThreadState_UncheckedGet" () -> *mut ThreadState;
        fn is_finalizing = "Py_IsFinalizing" | "_Py_IsFinalizing" () -> c_int;
    }
    data {
        none = "_Py_NoneStruct";
        yes = "_Py_TrueStruct";
        no = "_Py_FalseStruct";
        bool_type = "PyBool_Type";
        int_type = "PyLong_Type";
        float_type = "PyFloat_Type";
        text_type = "PyUnicode_Type";
        bytes_type = "PyBytes_Type";
        byte_array_type = "PyByteArray_Type";
        memory_view_type = "PyMemoryView_Type";
        method_type = "PyMethod_Type";
        function_type = "PyFunction_Type";
        list_type = "PyList_Type";
        tuple_type = "PyTuple_Type";
        dict_type = "PyDict_Type";
        set_type = "PySet_Type";
        frozen_set_type = "PyFrozenSet_Type";
        capsule_type = "PyCapsule_Type";
    }
    exceptions {
        base_exception = "PyExc_BaseException";
        attribute_error = "PyExc_AttributeError";
        system_error = "PyExc_SystemError";
    }
}

// SAFETY: functions and addresses that any thread may use as Python's rules say.
unsafe impl Send for Api {}
// SAFETY: as above.
unsafe impl Sync for Api {}

static TABLE: AtomicPtr<Api> = AtomicPtr::new(ptr::null_mut());

/// The table is found and whole from now on.
pub(crate) fn publish(table: Api) {
    TABLE.store(Box::into_raw(Box::new(table)), Ordering::Release);
}

/// The table.
///
/// # Panics
/// Before it was found.
#[inline]
pub(crate) fn api() -> &'static Api {
    // SAFETY: null, or leaked by `publish`.
    let table = unsafe { TABLE.load(Ordering::Acquire).as_ref() };
    match table {
        Some(table) => table,
        None => unreachable!("nothing of Python is used before it is there"),
    }
}

/// A text of Python's that ends with a zero.
///
/// # Safety
/// 1. It is one, and lives for `'t`.
pub(crate) unsafe fn text_at<'t>(text: *const c_char) -> &'t str {
    // SAFETY: clause 1.
    let text = unsafe { CStr::from_ptr(text) };
    text.to_str().unwrap_or_default()
}
