"""What a call costs: a method of a proxy in both ways, against ctypes and cffi calling the same C function by hand.

    python -I hosts/python/bench.py target/release/libhello.so

* `compiled`, `ctypes`: a method of a proxy, in the two ways in which this package calls.
* `typed`: the C function behind the method, called with declared types, as one calls any C function; a text is encoded before, and
  fetched, decoded and released after. It follows no reload, contains no unload, and checks nothing. With cffi through a compiled
  function of that signature.
* `by hand`: `polyplug_call`, with the arguments packed into the frame and the result read, as a proxy has to. With cffi the frame is
  packed by a compiled function of that signature.
* `prepared`: `polyplug_call` alone, with a frame that was filled before; of a text fetching and releasing too, but no encoding.

The medians of several rounds, which take turns. The ratio is to `typed` through ctypes.
"""

import ctypes
import importlib.util
import statistics
import struct
import sys
import tempfile
import time
import types

import polyplug
from polyplug import _native

ROUNDS, CALLS = 15, 40_000

DECLARED = """
typedef struct { const char *ptr; size_t len; size_t rest[2]; } Buffer;
uint32_t typed_add(void *function, void *receiver, uint32_t a, uint32_t b);
void typed_greet(void *function, void *receiver, const char *name, size_t length, void *out);
int32_t hand_add(void *call, void *handle, uint32_t method, uint32_t a, uint32_t b, uint32_t *out, void **fault);
int32_t hand_greet(void *call, void *handle, uint32_t method, const char *name, size_t length, void *out, void **fault);
int32_t release(void *function, void *buffer);
"""
WRITTEN = """
#include <stdint.h>
#include <stddef.h>
typedef struct { const char *ptr; size_t len; size_t rest[2]; } Buffer;
typedef int32_t Call(void *, uint32_t, void *, void *, void **);
static uint32_t typed_add(void *function, void *receiver, uint32_t a, uint32_t b) {
    return ((uint32_t (*)(void *, uint32_t, uint32_t))function)(receiver, a, b);
}
static void typed_greet(void *function, void *receiver, const char *name, size_t length, void *out) {
    ((void (*)(void *, const char *, size_t, void *))function)(receiver, name, length, out);
}
static int32_t hand_add(void *call, void *handle, uint32_t method, uint32_t a, uint32_t b, uint32_t *out, void **fault) {
    uint32_t frame[2] = {a, b};
    return ((Call *)call)(handle, method, frame, out, fault);
}
static int32_t hand_greet(void *call, void *handle, uint32_t method, const char *name, size_t length, void *out, void **fault) {
    uint64_t frame[2] = {(uint64_t)(uintptr_t)name, length};
    return ((Call *)call)(handle, method, frame, out, fault);
}
static int32_t release(void *function, void *buffer) { return ((int32_t (*)(void *))function)(buffer); }
"""


def cffi_module(folder):
    """The functions above, compiled by cffi; or `None`, and why."""
    try:
        import cffi

        builder = cffi.FFI()
        builder.cdef(DECLARED)
        builder.set_source("by_cffi", WRITTEN, extra_compile_args=["-O2"])
        file = builder.compile(folder)
    except Exception as error:
        return None, f"cffi is not measured: {type(error).__name__}: {error}"
    found = importlib.util.spec_from_file_location("by_cffi", file)
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module, None


def measured(works):
    """Nanoseconds per call of each, medians of rounds that take turns."""
    times = [[] for _ in works]
    counter = [None] * CALLS
    for _ in range(ROUNDS):
        for work, taken in zip(works, times):
            taken.append(work(counter))
    return [statistics.median(taken) for taken in times]


def loop(name, body, **scope):
    """A function that runs one statement many times and says how long it took."""
    source = f"def run(counter):\n    start = clock()\n    for _ in counter:\n        {body}\n    return (clock() - start) / len(counter)"
    scope["clock"] = time.perf_counter_ns
    exec(compile(source, name, "exec"), scope)
    return scope["run"]


def proxies(greeter, name):
    """A method in the two ways: by name of the way."""
    method = getattr(type(greeter), name)
    through_ctypes = types.MethodType(getattr(method, "__wrapped__", method), greeter)
    compiled = {"compiled": getattr(greeter, name)} if polyplug.calls() == "compiled" else {}
    return {**compiled, "ctypes": through_ctypes}


def main():
    path = sys.argv[1] if len(sys.argv) > 1 else "target/release/libhello.so"
    with polyplug.Runtime() as runtime, tempfile.TemporaryDirectory() as folder:
        runtime.load(path)
        greeter = runtime.get("demo.greeter")
        library, handle = _native.library(), greeter._h
        frame, out, fault = (ctypes.c_uint64 * 4)(), (ctypes.c_uint64 * 5)(), (ctypes.c_void_p * 1)()
        call, release, string_at = library.polyplug_call, library.polyplug_buffer_release, ctypes.string_at
        methods = {method.name: method for method in greeter.contract.methods}
        add, greet = methods["add"].number, methods["greet"].number
        shared = dict(call=call, handle=handle, frame=frame, out=out, fault=fault, greeter=greeter, add=add, greet=greet)

        # The typed face: a head of 40 bytes, then the functions.
        pinned = greeter._pin()
        face, state = ctypes.c_void_p(), ctypes.c_void_p()
        if library.polyplug_pinned_face(pinned, ctypes.byref(face), ctypes.byref(state), None):
            raise RuntimeError
        functions = ctypes.cast(face.value + 40, ctypes.POINTER(ctypes.c_void_p))
        receiver = (ctypes.c_void_p * 3)(state.value, None, None)
        typed_add = ctypes.CFUNCTYPE(ctypes.c_uint32, ctypes.c_void_p, ctypes.c_uint32, ctypes.c_uint32)(functions[add])
        typed_greet = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_void_p)(functions[greet])

        two, one, pair = struct.Struct("<II"), struct.Struct("<I"), struct.Struct("<QQ")
        pointer = ctypes.c_char_p

        def add_by_hand(a, b):
            two.pack_into(frame, 0, a, b)
            if call(handle, add, frame, out, fault):
                raise RuntimeError
            return one.unpack_from(out)[0]

        def greet_by_hand(name):
            data = name.encode()
            pair.pack_into(frame, 0, ctypes.cast(pointer(data), ctypes.c_void_p).value, len(data))
            if call(handle, greet, frame, out, fault):
                raise RuntimeError
            at, length = pair.unpack_from(out)
            answer = string_at(at, length).decode()
            release(out)
            return answer

        def greet_typed(name):
            data = name.encode()
            typed_greet(receiver, data, len(data), out)
            at, length = pair.unpack_from(out)
            answer = string_at(at, length).decode()
            release(out)
            return answer

        text = "sixteen letters!"
        adds = {f"proxy, {way}": loop(way, "add(2, 3)", add=method) for way, method in proxies(greeter, "add").items()}
        greets = {
            f"proxy, {way}": loop(way, "greet(text)", greet=method, text=text) for way, method in proxies(greeter, "greet").items()
        }
        assert typed_add(receiver, 2, 3) == add_by_hand(2, 3) == greeter.add(2, 3) == 5
        assert greet_typed(text) == greet_by_hand(text) == greeter.greet(text) == "Hello, sixteen letters!!"
        adds["ctypes, typed"] = loop("typed", "add(receiver, 2, 3)", add=typed_add, receiver=receiver)
        greets["ctypes, typed"] = loop("typed", "greet_typed(text)", greet_typed=greet_typed, text=text)

        module, reason = cffi_module(folder)
        if module is not None:
            ffi, lib = module.ffi, module.lib

            def address(value):
                return ffi.cast("void *", value)

            c_call, c_release = (address(ctypes.cast(function, ctypes.c_void_p).value) for function in (call, release))
            c_handle, c_receiver = address(handle.value), address(ctypes.addressof(receiver))
            c_add, c_greet = address(functions[add]), address(functions[greet])
            c_number, c_fault, c_out = ffi.new("uint32_t[1]"), ffi.new("void *[1]"), ffi.new("Buffer *")
            c_typed_greet, c_hand_add, c_hand_greet = lib.typed_greet, lib.hand_add, lib.hand_greet
            c_let_go, unpack = lib.release, ffi.unpack

            def c_add_by_hand(a, b):
                if c_hand_add(c_call, c_handle, add, a, b, c_number, c_fault):
                    raise RuntimeError
                return c_number[0]

            def c_greet_typed(name):
                data = name.encode()
                c_typed_greet(c_greet, c_receiver, data, len(data), c_out)
                answer = unpack(c_out.ptr, c_out.len).decode()
                c_let_go(c_release, c_out)
                return answer

            def c_greet_by_hand(name):
                data = name.encode()
                if c_hand_greet(c_call, c_handle, greet, data, len(data), c_out, c_fault):
                    raise RuntimeError
                answer = unpack(c_out.ptr, c_out.len).decode()
                c_let_go(c_release, c_out)
                return answer

            assert lib.typed_add(c_add, c_receiver, 2, 3) == c_add_by_hand(2, 3) == 5
            assert c_greet_typed(text) == c_greet_by_hand(text) == "Hello, sixteen letters!!"
            adds["cffi, typed"] = loop("cffi", "add(function, receiver, 2, 3)", add=lib.typed_add, function=c_add, receiver=c_receiver)
            greets["cffi, typed"] = loop("cffi", "greet(text)", greet=c_greet_typed, text=text)
            adds["cffi, by hand"] = loop("cffi", "add(2, 3)", add=c_add_by_hand)
            greets["cffi, by hand"] = loop("cffi", "greet(text)", greet=c_greet_by_hand, text=text)

        adds["ctypes, by hand"] = loop("hand", "add_by_hand(2, 3)", add_by_hand=add_by_hand)
        greets["ctypes, by hand"] = loop("hand", "greet_by_hand(text)", greet_by_hand=greet_by_hand, text=text)
        adds["ctypes, prepared"] = filled(
            lambda: two.pack_into(frame, 0, 2, 3), loop("prepared", "call(handle, add, frame, out, fault)", **shared)
        )
        kept = text.encode()
        content = ctypes.cast(pointer(kept), ctypes.c_void_p).value
        # What is fetched: as many bytes, which lie still.
        still = ctypes.create_string_buffer(len(greeter.greet(text)))
        greets["ctypes, prepared"] = filled(
            lambda: pair.pack_into(frame, 0, content, len(kept)),
            loop(
                "prepared", "call(handle, greet, frame, out, fault); string_at(fetched, length); release(out)",
                string_at=string_at, fetched=ctypes.addressof(still), length=len(still) - 1, release=release, **shared,
            ),
        )
        columns = [dict(zip(works, measured(works.values()))) for works in (adds, greets)]
    print(f"{'':18}" + "".join(f"{name:>23}{'ratio':>7}" for name in ("add(u32, u32) -> u32", "greet(16 B) -> String")))
    for name in adds:
        print(f"{name:18}" + "".join(f"{column[name]:20.0f} ns{column[name] / column['ctypes, typed']:6.2f}x" for column in columns))
    if polyplug.calls() != "compiled":
        print("the compiled calls are not measured: python -m polyplug build")
    if reason:
        print(reason)


def filled(fill, work):
    """Fills the frame before the calls."""

    def run(counter):
        fill()
        return work(counter)

    return run


if __name__ == "__main__":
    main()
