"""libpolyplug through ctypes: where it is found, its structs, and handles that release themselves."""

import ctypes
import ctypes.util
import os
import pathlib
import sys
import threading

if ctypes.sizeof(ctypes.c_void_p) != 8 or sys.byteorder != "little":
    raise ImportError("polyplug needs a 64-bit, little-endian Python")

VARIABLE = "POLYPLUG_LIBRARY"
NO_WAIT = 0xFFFF_FFFF_FFFF_FFFF

_word = ctypes.c_uint64
_pointer = ctypes.c_void_p


def file_name():
    """What the file of the library is called on this system."""
    if sys.platform == "win32":
        return "polyplug.dll"
    return "libpolyplug.dylib" if sys.platform == "darwin" else "libpolyplug.so"


def _open():
    named = os.environ.get(VARIABLE)
    beside = pathlib.Path(__file__).with_name(file_name())
    if named:
        places = [named]
    else:
        system = ctypes.util.find_library("polyplug")
        places = ([str(beside)] if beside.exists() else []) + [system or file_name()]
    reasons = []
    for place in places:
        try:
            return ctypes.CDLL(place)
        except OSError as error:
            reasons.append(f"  {place}: {error}")
    raise ImportError(
        "libpolyplug, the native half of this package, was not found:\n"
        + "\n".join(reasons)
        + "\nBuild it with `cargo xtask library` in the repository of polyplug, then set the environment variable "
        f"{VARIABLE} to its file, `target/libpolyplug/lib/{file_name()}`, or put that file into `{beside.parent}`."
    )


_library = None


def library():
    """The loaded library."""
    global _library
    if _library is None:
        opened = _open()
        _declare(opened)
        _library = opened
    return _library


class Slice(ctypes.Structure):
    """A run of bytes."""

    _fields_ = [("ptr", _pointer), ("len", ctypes.c_size_t)]

    def text(self):
        """The run as text."""
        return ctypes.string_at(self.ptr, self.len).decode("utf-8", "replace") if self.len else ""


class Field(ctypes.Structure):
    _fields_ = [
        ("name", Slice), ("docs", Slice), ("ty", _pointer), ("lent_offset", ctypes.c_size_t),
        ("owned_offset", ctypes.c_size_t), ("flags", ctypes.c_uint32), ("reserved", ctypes.c_uint32),
    ]


class Variant(ctypes.Structure):
    _fields_ = [
        ("name", Slice), ("docs", Slice), ("tag", ctypes.c_uint32), ("is_other", ctypes.c_uint32),
        ("field_count", ctypes.c_size_t), ("fields", _pointer),
    ]


class Type(ctypes.Structure):
    _fields_ = [
        ("own", _pointer), ("kind", ctypes.c_uint32), ("flags", ctypes.c_uint32), ("name", Slice), ("docs", Slice),
        ("text", Slice), ("lent_size", ctypes.c_size_t), ("lent_align", ctypes.c_size_t),
        ("owned_size", ctypes.c_size_t), ("owned_align", ctypes.c_size_t), ("length", ctypes.c_size_t),
        ("element_count", ctypes.c_size_t), ("elements", _pointer), ("field_count", ctypes.c_size_t),
        ("fields", _pointer), ("variant_count", ctypes.c_size_t), ("variants", _pointer), ("contract", _pointer),
    ]


class Argument(ctypes.Structure):
    _fields_ = [
        ("name", Slice), ("text", Slice), ("passing", ctypes.c_uint32), ("reserved", ctypes.c_uint32),
        ("ty", _pointer), ("frame_offset", ctypes.c_size_t),
    ]


class Method(ctypes.Structure):
    _fields_ = [
        ("name", Slice), ("docs", Slice), ("signature", Slice), ("number", ctypes.c_uint32),
        ("flags", ctypes.c_uint32), ("argument_count", ctypes.c_size_t), ("arguments", _pointer),
        ("result", _pointer), ("frame_size", ctypes.c_size_t), ("frame_align", ctypes.c_size_t),
    ]


class ContractRecord(ctypes.Structure):
    _fields_ = [
        ("tag", _word), ("own", _pointer), ("id", Slice), ("name", Slice), ("docs", Slice),
        ("major", ctypes.c_uint32), ("minor", ctypes.c_uint32), ("flags", ctypes.c_uint32),
        ("reserved", ctypes.c_uint32), ("order", _word), ("method_count", ctypes.c_size_t), ("methods", _pointer),
    ]


class ErrorRecord(ctypes.Structure):
    _fields_ = [("tag", _word), ("code", Slice), ("message", Slice), ("text", Slice)]


class ReportRecord(ctypes.Structure):
    _fields_ = [("tag", _word), ("code", Slice), ("text", Slice)]


class ListRecord(ctypes.Structure):
    _fields_ = [("tag", _word), ("count", ctypes.c_size_t), ("items", _pointer)]


class PluginRecord(ctypes.Structure):
    _fields_ = [
        ("name", Slice), ("version", Slice), ("description", Slice), ("license", Slice), ("repository", Slice),
        ("contract_count", ctypes.c_size_t), ("contracts", _pointer),
    ]


class EventRecord(ctypes.Structure):
    _fields_ = [("code", Slice), ("module", Slice), ("text", Slice)]


class LogRecord(ctypes.Structure):
    _fields_ = [("level", ctypes.c_uint32), ("plugin", Slice), ("target", Slice), ("message", Slice), ("text", Slice)]


class FaultRecord(ctypes.Structure):
    _fields_ = [
        ("size", ctypes.c_uint32), ("kind", ctypes.c_uint32), ("table", _pointer), ("message", Slice),
        ("file", Slice), ("line", ctypes.c_uint32), ("column", ctypes.c_uint32), ("trace", Slice),
        ("plugin", Slice), ("contract", Slice), ("method", Slice),
    ]


Invoke = ctypes.CFUNCTYPE(
    ctypes.c_int32, _pointer, _pointer, ctypes.c_uint32, _pointer, _pointer, ctypes.POINTER(_pointer)
)
Destroy = ctypes.CFUNCTYPE(None, _pointer)
Listener = ctypes.CFUNCTYPE(None, _pointer, ctypes.POINTER(EventRecord))
LogListener = ctypes.CFUNCTYPE(None, _pointer, ctypes.POINTER(LogRecord))


def items(kind, address, count):
    """The elements of a run of structs."""
    return (kind * count).from_address(address) if count else ()


def _declare(opened):
    """Says what the functions take. The two that call are left open: prepared arguments pass faster so."""
    text = [ctypes.c_char_p, ctypes.c_size_t]
    error = [ctypes.POINTER(_pointer)]
    signatures = {
        "release": (ctypes.c_int32, [_pointer]),
        "runtime_new": (_pointer, []),
        "runtime_load": (_pointer, [_pointer, *text, *error]),
        "runtime_load_dir": (_pointer, [_pointer, *text, *error]),
        "runtime_modules": (_pointer, [_pointer, *error]),
        "runtime_plugins": (_pointer, [_pointer, *error]),
        "runtime_contracts": (_pointer, [_pointer, *error]),
        "runtime_contract": (_pointer, [_pointer, *text, ctypes.c_uint32, *error]),
        "runtime_providers": (_pointer, [_pointer, _pointer, *error]),
        "runtime_get": (_pointer, [_pointer, _pointer, *text, *error]),
        "runtime_create": (_pointer, [_pointer, _pointer, *text, *error]),
        "runtime_configure": (ctypes.c_int32, [_pointer, *text, *text, *error]),
        "runtime_provide": (_pointer, [_pointer, _pointer, *text, Invoke, _pointer, Destroy, *error]),
        "runtime_object": (ctypes.c_int32, [_pointer, _pointer, Invoke, _pointer, Destroy, _pointer, *error]),
        "log_subscribe": (_pointer, [ctypes.c_uint32, LogListener, _pointer, Destroy, *error]),
        "runtime_subscribe": (_pointer, [_pointer, Listener, _pointer, Destroy, *error]),
        "module_plugins": (_pointer, [_pointer, *error]),
        "module_path": (_pointer, [_pointer, *error]),
        "module_is_loaded": (ctypes.c_int32, [_pointer, _pointer, *error]),
        "module_reload": (_pointer, [_pointer, _word, *error]),
        "module_unload": (_pointer, [_pointer, _word, *error]),
        "module_unload_cascade": (_pointer, [_pointer, *error]),
        "fault_new": (_pointer, [ctypes.c_uint32, *text, *text]),
        "fault_release": (ctypes.c_int32, [_pointer]),
        "fault_error": (_pointer, [_pointer]),
        "value_release": (ctypes.c_int32, [_pointer, _pointer]),
        "buffer_new": (ctypes.c_int32, [_pointer, ctypes.c_size_t, ctypes.c_size_t, _pointer]),
        "object_release": (ctypes.c_int32, [_pointer]),
        "object_retain": (ctypes.c_int32, [_pointer]),
        "caller_pin": (_pointer, [_pointer, *error]),
        "pinned_face": (ctypes.c_int32, [_pointer, _pointer, _pointer, *error]),
        "plugin": (ctypes.c_int32, [_pointer, ctypes.POINTER(Slice), *error]),
        "is_current": (ctypes.c_int32, [_pointer, _pointer, *error]),
        "instance_migrate": (ctypes.c_int32, [_pointer, *error]),
    }
    for name, (result, arguments) in signatures.items():
        function = getattr(opened, "polyplug_" + name)
        function.restype = result
        function.argtypes = arguments


class Handle(ctypes.c_void_p):
    """A handle of the library, released when nobody refers to it: a call that runs refers to it too."""

    def __del__(self):
        if self.value and _library is not None:
            _library.polyplug_release(self.value)
            self.value = None


string_at = getattr(ctypes, "_string_at", ctypes.string_at)


def _bytes_offset():
    """Where the content of `bytes` starts, from its identity; `None` where that is not its address."""
    probe = b"polyplug"
    offset = bytes.__basicsize__ - 1
    if sys.implementation.name != "cpython":
        return None
    address = ctypes.cast(ctypes.c_char_p(probe), _pointer).value
    return offset if address == id(probe) + offset else None


BYTES_OFFSET = _bytes_offset()


def address_of_bytes(value):
    """The address of the content of `bytes`, which lives as long as they do."""
    if BYTES_OFFSET is not None:
        return id(value) + BYTES_OFFSET
    return ctypes.cast(ctypes.c_char_p(value), _pointer).value


class ObjectHandle(ctypes.c_uint64 * 4):
    """An object: interface, state, and the functions that count owners. Gives its owner up when nobody refers to it."""

    thread = None

    def __del__(self):
        if not self[3] or _library is None:
            return
        if self.thread is not None and self.thread != threading.get_ident():
            return  # it must not be dropped on this thread: it stays
        _library.polyplug_object_release(self)
        self[3] = 0
