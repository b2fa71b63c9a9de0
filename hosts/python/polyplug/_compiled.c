// Methods of proxies that call without ctypes: an argument goes from its object of Python into the frame, and the result back.
//
// A `Method` stands in a class in the place of a function of Python, which it wraps. Whatever it has no code for (names, another
// number of arguments, a value of another type or out of range) is handed to that function before anything was called, so that
// errors are worded in one place. `python -m polyplug build` compiles this file.

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <structmember.h>

#include <math.h>
#include <stdint.h>
#include <string.h>

// Goes up when `method` takes something else: `_calls.py` has the same number.
#define FORM 1

enum { MOST_ARGUMENTS = 16, FRAME_WORDS = 32, SHORT = 1024 };

// As libpolyplug declares them: `PolyplugBuffer`, `polyplug_call`, `polyplug_object_call`, `polyplug_buffer_release`.
typedef struct {
    const char *ptr;
    size_t len;
    size_t capacity;
    void *release;
} Buffer;
typedef int32_t Call(const void *handle, uint32_t method, const void *frame, void *out, void **fault);
typedef int32_t ObjectCall(
    const void *contract, const void *object, uint32_t method, const void *frame, void *out, void **fault);
typedef int32_t Release(const Buffer *buffer);

typedef struct {
    PyObject_HEAD
    vectorcallfunc vectorcall;
    PyObject *wrapped;
    PyObject *take_fault;
    // With a contract an object is called, without one a handle.
    const void *contract;
    Call *call;
    ObjectCall *object_call;
    Release *release;
    uint32_t number;
    size_t frame_size;
    // One of the letters of `struct`, `?` for a bool, `t` for a text, `y` for bytes; of a result also `n`, for nothing.
    char result;
    Py_ssize_t count;
    char kinds[MOST_ARGUMENTS];
    size_t offsets[MOST_ARGUMENTS];
} Method;

// The attribute of a proxy: a tuple of the address of what is called, and of what keeps that alive.
static PyObject *target_name;

static void put_run(char *place, const char *first, Py_ssize_t length) {
    uint64_t run[2] = {(uint64_t)(uintptr_t)first, (uint64_t)length};
    memcpy(place, run, sizeof run);
}

// An integer from `low` to `high`, as it stands in a frame: in 32 bits at least. 0 when the value is none.
static int put_signed(PyObject *value, long long low, long long high, size_t size, char *place) {
    if (!PyLong_Check(value)) return 0;
    int overflow = 0;
    int64_t number = PyLong_AsLongLongAndOverflow(value, &overflow);
    if (overflow || number < low || number > high) return 0;
    memcpy(place, &number, size);
    return 1;
}

static int put_unsigned(PyObject *value, char *place) {
    if (!PyLong_Check(value)) return 0;
    uint64_t number = PyLong_AsUnsignedLongLong(value);
    if (number == UINT64_MAX && PyErr_Occurred()) return 0;
    memcpy(place, &number, sizeof number);
    return 1;
}

static int put_float(PyObject *value, int is_wide, char *place) {
    if (!PyFloat_Check(value) && !PyLong_Check(value)) return 0;
    double number = PyFloat_AsDouble(value);
    if (number == -1.0 && PyErr_Occurred()) return 0;
    if (is_wide) {
        memcpy(place, &number, sizeof number);
        return 1;
    }
    float narrow = (float)number;
    if (isinf(narrow) && !isinf(number)) return 0;
    memcpy(place, &narrow, sizeof narrow);
    return 1;
}

// `kept` becomes what is to be released after the call.
static int put_text(PyObject *value, char *place, PyObject **kept) {
    if (!PyUnicode_Check(value)) return 0;
    if (PyUnicode_IS_COMPACT_ASCII(value)) {
        put_run(place, (const char *)PyUnicode_1BYTE_DATA(value), PyUnicode_GET_LENGTH(value));
        return 1;
    }
    // Not `PyUnicode_AsUTF8`: that keeps the bytes for as long as the text lives.
    *kept = PyUnicode_AsUTF8String(value);
    if (!*kept) return 0;
    put_run(place, PyBytes_AS_STRING(*kept), PyBytes_GET_SIZE(*kept));
    return 1;
}

static int put(char kind, PyObject *value, char *place, PyObject **kept) {
    switch (kind) {
    case '?': {
        if (value != Py_True && value != Py_False) return 0;
        uint32_t number = value == Py_True;
        memcpy(place, &number, sizeof number);
        return 1;
    }
    case 'b': return put_signed(value, INT8_MIN, INT8_MAX, 4, place);
    case 'h': return put_signed(value, INT16_MIN, INT16_MAX, 4, place);
    case 'i': return put_signed(value, INT32_MIN, INT32_MAX, 4, place);
    case 'q': return put_signed(value, INT64_MIN, INT64_MAX, 8, place);
    case 'B': return put_signed(value, 0, UINT8_MAX, 4, place);
    case 'H': return put_signed(value, 0, UINT16_MAX, 4, place);
    case 'I': return put_signed(value, 0, UINT32_MAX, 4, place);
    case 'Q': return put_unsigned(value, place);
    case 'f': return put_float(value, 0, place);
    case 'd': return put_float(value, 1, place);
    case 't': return put_text(value, place, kept);
    case 'y':
        if (!PyBytes_CheckExact(value)) return 0;
        put_run(place, PyBytes_AS_STRING(value), PyBytes_GET_SIZE(value));
        return 1;
    default: return 0;
    }
}

#define GET(type, make) \
    { \
        type number; \
        memcpy(&number, out, sizeof number); \
        return make(number); \
    }

static PyObject *get(char kind, const void *out) {
    switch (kind) {
    case '?': return PyBool_FromLong(*(const uint8_t *)out);
    case 'b': GET(int8_t, PyLong_FromLong)
    case 'h': GET(int16_t, PyLong_FromLong)
    case 'i': GET(int32_t, PyLong_FromLong)
    case 'q': GET(int64_t, PyLong_FromLongLong)
    case 'B': GET(uint8_t, PyLong_FromLong)
    case 'H': GET(uint16_t, PyLong_FromLong)
    case 'I': GET(uint32_t, PyLong_FromLongLong)
    case 'Q': GET(uint64_t, PyLong_FromUnsignedLongLong)
    case 'f': GET(float, PyFloat_FromDouble)
    case 'd': GET(double, PyFloat_FromDouble)
    default: Py_RETURN_NONE;
    }
}

static int is_run(char kind) { return kind == 't' || kind == 'y'; }

static PyObject *run_of(char kind, const char *first, size_t length) {
    return kind == 't' ? PyUnicode_DecodeUTF8(first, (Py_ssize_t)length, NULL)
                       : PyBytes_FromStringAndSize(first, (Py_ssize_t)length);
}

// Calls with a frame that is filled. As with ctypes, other threads of Python run meanwhile.
static PyObject *called(const Method *method, const void *target, const void *frame) {
    union {
        uint64_t words[5];
        Buffer buffer;
    } out;
    memset(&out, 0, sizeof out);
    void *fault = NULL;
    int32_t status;
    // A short run is copied while the lock is not held, and released there too: the lock is taken again once.
    char copy[SHORT];
    int is_copied = 0;

    Py_BEGIN_ALLOW_THREADS
    if (method->contract) {
        status = method->object_call(method->contract, target, method->number, frame, &out, &fault);
    } else {
        status = method->call(target, method->number, frame, &out, &fault);
    }
    if (status == 0 && is_run(method->result) && out.buffer.len <= SHORT) {
        if (out.buffer.len) memcpy(copy, out.buffer.ptr, out.buffer.len);
        method->release(&out.buffer);
        is_copied = 1;
    }
    Py_END_ALLOW_THREADS

    if (status != 0) {
        PyObject *address = PyLong_FromVoidPtr(fault);
        PyObject *raised = address ? PyObject_CallFunctionObjArgs(method->take_fault, address, NULL) : NULL;
        Py_XDECREF(address);
        if (raised) PyErr_SetObject((PyObject *)Py_TYPE(raised), raised);
        Py_XDECREF(raised);
        return NULL;
    }
    if (!is_run(method->result)) return get(method->result, &out);
    if (is_copied) return run_of(method->result, copy, out.buffer.len);
    PyObject *value = run_of(method->result, out.buffer.ptr, out.buffer.len);
    Py_BEGIN_ALLOW_THREADS
    method->release(&out.buffer);
    Py_END_ALLOW_THREADS
    return value;
}

static PyObject *vectorcall(PyObject *self, PyObject *const *arguments, size_t flags, PyObject *names) {
    const Method *method = (const Method *)self;
    if (names || PyVectorcall_NARGS(flags) != method->count + 1) goto other;

    PyObject *target = PyObject_GetAttr(arguments[0], target_name);
    if (!target) {
        PyErr_Clear();
        goto other;
    }
    PyObject *kept[MOST_ARGUMENTS] = {NULL};
    uint64_t frame[FRAME_WORDS];
    memset(frame, 0, method->frame_size);
    int fits = PyTuple_CheckExact(target) && PyTuple_GET_SIZE(target) == 2;
    void *address = fits ? PyLong_AsVoidPtr(PyTuple_GET_ITEM(target, 0)) : NULL;
    Py_ssize_t at = 0;
    for (; fits && at < method->count; at++) {
        fits = put(method->kinds[at], arguments[at + 1], (char *)frame + method->offsets[at], &kept[at]);
    }
    fits = fits && !PyErr_Occurred();
    PyObject *value = fits ? called(method, address, frame) : NULL;
    while (at > 0) Py_XDECREF(kept[--at]);
    // The call ran with what the tuple keeps, even when the proxy was released meanwhile.
    Py_DECREF(target);
    if (fits) return value;
    PyErr_Clear();

other:
    return PyObject_Vectorcall(method->wrapped, arguments, flags, names);
}

// What it looks like is what it wraps looks like.

static PyObject *method_get(PyObject *self, PyObject *object, PyObject *type) {
    (void)type;
    if (!object || object == Py_None) {
        Py_INCREF(self);
        return self;
    }
    return PyMethod_New(self, object);
}

static PyObject *method_attribute(PyObject *self, PyObject *name) {
    PyObject *found = PyObject_GenericGetAttr(self, name);
    if (found || !PyErr_ExceptionMatches(PyExc_AttributeError)) return found;
    PyErr_Clear();
    return PyObject_GetAttr(((Method *)self)->wrapped, name);
}

static PyObject *method_named(PyObject *self, void *name) {
    return PyObject_GetAttrString(((Method *)self)->wrapped, name);
}

static PyObject *method_repr(PyObject *self) { return PyObject_Repr(((Method *)self)->wrapped); }

static int method_traverse(PyObject *self, visitproc visit, void *arg) {
    Py_VISIT(((Method *)self)->wrapped);
    Py_VISIT(((Method *)self)->take_fault);
    return 0;
}

static void method_dealloc(PyObject *self) {
    PyObject_GC_UnTrack(self);
    Py_XDECREF(((Method *)self)->wrapped);
    Py_XDECREF(((Method *)self)->take_fault);
    PyObject_GC_Del(self);
}

static PyMemberDef method_members[] = {
    {"__wrapped__", T_OBJECT_EX, offsetof(Method, wrapped), READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};

// Those that the type has too, where they would be found first.
static PyGetSetDef method_names[] = {
    {"__doc__", method_named, NULL, NULL, "__doc__"},
    {"__module__", method_named, NULL, NULL, "__module__"},
    {"__name__", method_named, NULL, NULL, "__name__"},
    {"__qualname__", method_named, NULL, NULL, "__qualname__"},
    {NULL, NULL, NULL, NULL, NULL},
};

// No `tp_clear`: what it wraps is a function, and those break a cycle.
static PyTypeObject method_type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "polyplug._compiled.Method",
    .tp_basicsize = sizeof(Method),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL | Py_TPFLAGS_METHOD_DESCRIPTOR,
    .tp_vectorcall_offset = offsetof(Method, vectorcall),
    .tp_call = PyVectorcall_Call,
    .tp_descr_get = method_get,
    .tp_getattro = method_attribute,
    .tp_repr = method_repr,
    .tp_members = method_members,
    .tp_getset = method_names,
    .tp_traverse = method_traverse,
    .tp_dealloc = method_dealloc,
};

// method(wrapped, take_fault, call, release, contract, number, frame_size, result, kinds, offsets)
static PyObject *new_method(PyObject *module, PyObject *arguments) {
    (void)module;
    PyObject *wrapped, *take_fault, *offsets;
    unsigned long long call, release, contract;
    unsigned int number;
    Py_ssize_t frame_size, count;
    int result;
    const char *kinds;
    if (!PyArg_ParseTuple(
            arguments, "OOKKKInCs#O!", &wrapped, &take_fault, &call, &release, &contract, &number, &frame_size, &result,
            &kinds, &count, &PyTuple_Type, &offsets)) {
        return NULL;
    }
    if (count > MOST_ARGUMENTS || frame_size < 0 || frame_size > FRAME_WORDS * 8) Py_RETURN_NONE;
    if (PyTuple_GET_SIZE(offsets) != count) {
        PyErr_SetString(PyExc_ValueError, "every argument has an offset");
        return NULL;
    }
    Method *made = PyObject_GC_New(Method, &method_type);
    if (!made) return NULL;
    Py_INCREF(wrapped);
    Py_INCREF(take_fault);
    made->vectorcall = vectorcall;
    made->wrapped = wrapped;
    made->take_fault = take_fault;
    made->contract = (const void *)(uintptr_t)contract;
    made->call = (Call *)(uintptr_t)call;
    made->object_call = (ObjectCall *)(uintptr_t)call;
    made->release = (Release *)(uintptr_t)release;
    made->number = number;
    made->frame_size = (size_t)frame_size;
    made->result = (char)result;
    made->count = count;
    memcpy(made->kinds, kinds, (size_t)count);
    for (Py_ssize_t at = 0; at < count; at++) {
        size_t size = is_run(kinds[at]) ? 16 : strchr("qQd", kinds[at]) ? 8 : 4;
        made->offsets[at] = PyLong_AsSize_t(PyTuple_GET_ITEM(offsets, at));
        if (PyErr_Occurred() || made->offsets[at] > made->frame_size || made->frame_size - made->offsets[at] < size) {
            if (!PyErr_Occurred()) PyErr_SetString(PyExc_ValueError, "an argument lies outside its frame");
            Py_DECREF(made);
            return NULL;
        }
    }
    PyObject_GC_Track((PyObject *)made);
    return (PyObject *)made;
}

static PyMethodDef functions[] = {
    {"method", new_method, METH_VARARGS, "A method of a proxy; None when it has too many arguments."},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef module = {
    PyModuleDef_HEAD_INIT,
    .m_name = "_compiled",
    .m_doc = "Methods of proxies that call without ctypes.",
    .m_size = -1,
    .m_methods = functions,
};

PyMODINIT_FUNC PyInit__compiled(void) {
    if (PyType_Ready(&method_type) < 0) return NULL;
    target_name = PyUnicode_InternFromString("_target");
    PyObject *made = target_name ? PyModule_Create(&module) : NULL;
    if (made && PyModule_AddIntConstant(made, "FORM", FORM) < 0) Py_CLEAR(made);
    return made;
}
