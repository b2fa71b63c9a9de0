//! The C interface of Python, found in the process at run time: nothing of it is linked, so that the library loads, and a host
//! links, on a machine without Python. Only what the stable interface of CPython 3.11 has, or every version since exports.
//!
//! What is always true:
//!
//! * **A1** The functions of a table that was found are those of one interpreter, with the signatures written here; its
//!   library is never closed.

use core::ffi::{CStr, c_char, c_int, c_long, c_longlong, c_ulonglong, c_void};
use core::ptr;
use core::sync::atomic::{AtomicPtr, Ordering};

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
pub(crate) type Vectorcall = unsafe extern "C" fn(
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

type Object = *mut PyObject;
type Text = *const c_char;
type Destructor = unsafe extern "C" fn(*mut PyObject);

macro_rules! table {
    (
        functions { $(fn $name:ident($($argument:ty),* $(,)?) $(-> $result:ty)?;)* }
        renamed { $(fn $new:ident = $($old:literal)|+ () -> $returned:ty;)* }
        data { $($data:ident = $symbol:literal;)* }
        exceptions { $($exception:ident = $variable:literal;)* }
    ) => {
        /// The table (A1). Functions have the names that Python gives them.
        #[allow(non_snake_case, reason = "Python's names")]
        pub(crate) struct Api {
            $(pub(crate) $name: unsafe extern "C" fn($($argument),*) $(-> $result)?,)*
            $(pub(crate) $new: unsafe extern "C" fn() -> $returned,)*
            $(pub(crate) $data: Object,)*
            $(pub(crate) $exception: Object,)*
            /// Not there in every version.
            pub(crate) set_program_name: Option<unsafe extern "C" fn(*const c_void)>,
            pub(crate) decode_text: unsafe extern "C" fn(Text, *mut usize) -> *mut c_void,
        }

        impl Api {
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
                        $($name: core::mem::transmute(one_of(&[stringify!($name)])?),)*
                        $($new: core::mem::transmute(one_of(&[$($old),+])?),)*
                        $($data: one_of(&[$symbol])?.cast(),)*
                        // Empty until the interpreter is there: see `complete`.
                        $($exception: one_of(&[$variable])?.cast(),)*
                        set_program_name: find("Py_SetProgramName")
                            .map(|found| core::mem::transmute(found)),
                        decode_text: core::mem::transmute(one_of(&["Py_DecodeLocale"])?),
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
        fn Py_InitializeEx(c_int);
        fn PyEval_SaveThread() -> *mut ThreadState;
        fn PyEval_RestoreThread(*mut ThreadState);
        fn PyGILState_Ensure() -> c_int;
        fn PyGILState_Release(c_int);
        fn PyGILState_GetThisThreadState() -> *mut ThreadState;
        fn Py_IncRef(Object);
        fn Py_DecRef(Object);
        fn PyErr_Fetch(*mut Object, *mut Object, *mut Object);
        fn PyErr_NormalizeException(*mut Object, *mut Object, *mut Object);
        fn PyErr_Clear();
        fn PyErr_SetObject(Object, Object);
        fn PyException_SetTraceback(Object, Object) -> c_int;
        fn PyObject_Vectorcall(Object, *const Object, usize, Object) -> Object;
        fn PyVectorcall_Function(Object) -> Option<Vectorcall>;
        fn PyObject_GetAttrString(Object, Text) -> Object;
        fn PyObject_GetAttr(Object, Object) -> Object;
        fn PyObject_GetIter(Object) -> Object;
        fn PyObject_Str(Object) -> Object;
        fn PyObject_ASCII(Object) -> Object;
        fn PyIter_Next(Object) -> Object;
        fn PyCallable_Check(Object) -> c_int;
        fn PyType_IsSubtype(Object, Object) -> c_int;
        fn PyDict_New() -> Object;
        fn PyDict_SetItem(Object, Object, Object) -> c_int;
        fn PyDict_SetItemString(Object, Text, Object) -> c_int;
        fn PyDict_GetItemWithError(Object, Object) -> Object;
        fn PyMapping_Items(Object) -> Object;
        fn PyList_New(isize) -> Object;
        fn PyList_SetItem(Object, isize, Object) -> c_int;
        fn PyList_GetItem(Object, isize) -> Object;
        fn PyList_Size(Object) -> isize;
        fn PyTuple_New(isize) -> Object;
        fn PyTuple_SetItem(Object, isize, Object) -> c_int;
        fn PyTuple_GetItem(Object, isize) -> Object;
        fn PyTuple_Size(Object) -> isize;
        fn PySet_New(Object) -> Object;
        fn PySet_Add(Object, Object) -> c_int;
        fn PyLong_FromLong(c_long) -> Object;
        fn PyLong_FromLongLong(c_longlong) -> Object;
        fn PyLong_FromUnsignedLongLong(c_ulonglong) -> Object;
        fn PyLong_FromString(Text, *mut *mut c_char, c_int) -> Object;
        fn PyLong_AsLongLongAndOverflow(Object, *mut c_int) -> c_longlong;
        fn PyNumber_Index(Object) -> Object;
        fn PyFloat_FromDouble(f64) -> Object;
        fn PyFloat_AsDouble(Object) -> f64;
        fn PyUnicode_FromStringAndSize(Text, isize) -> Object;
        fn PyUnicode_AsUTF8AndSize(Object, *mut isize) -> Text;
        fn PyUnicode_InternFromString(Text) -> Object;
        fn PyBytes_FromStringAndSize(Text, isize) -> Object;
        fn PyBytes_AsStringAndSize(Object, *mut *mut c_char, *mut isize) -> c_int;
        fn PyBytes_FromObject(Object) -> Object;
        fn PyByteArray_FromStringAndSize(Text, isize) -> Object;
        fn PyCapsule_New(*mut c_void, Text, Option<Destructor>) -> Object;
        fn PyCapsule_GetPointer(Object, Text) -> *mut c_void;
        fn PyCapsule_GetName(Object) -> Text;
        fn PyCMethod_New(*const MethodDefinition, Object, Object, Object) -> Object;
        fn Py_CompileString(Text, Text, c_int) -> Object;
        fn PyEval_EvalCode(Object, Object, Object) -> Object;
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
