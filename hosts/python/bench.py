"""What a call costs: a method of a proxy against ctypes calling the same C function with arguments of the same shape, by hand.

    python hosts/python/bench.py target/release/libhello.so

Three floors stand beside every figure:

* `typed`: the C function behind the method, called through ctypes with declared types, as one calls any C function; a text is encoded
  before, and fetched, decoded and released after. It follows no reload, contains no unload, and checks nothing.
* `by hand`: `polyplug_call`, with the arguments packed into the frame and the result read, as the proxy has to.
* `prepared`: `polyplug_call` alone, with a frame that was filled before; of a text fetching and releasing too, but no encoding.

The medians of several rounds, which take turns.
"""

import ctypes
import statistics
import struct
import sys
import time

import polyplug
from polyplug import _native

ROUNDS, CALLS = 15, 40_000


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


def main():
    path = sys.argv[1] if len(sys.argv) > 1 else "target/release/libhello.so"
    with polyplug.Runtime() as runtime:
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
        assert typed_add(receiver, 2, 3) == 5

        two, one = struct.Struct("<II"), struct.Struct("<I")

        def add_by_hand(a, b):
            two.pack_into(frame, 0, a, b)
            if call(handle, add, frame, out, fault):
                raise RuntimeError
            return one.unpack_from(out)[0]

        struct.pack_into("<II", frame, 0, 2, 3)
        scalar = measured([
            loop("proxy", "add(2, 3)", add=greeter.add),
            loop("typed", "add(receiver, 2, 3)", add=typed_add, receiver=receiver),
            loop("hand", "add_by_hand(2, 3)", add_by_hand=add_by_hand),
            loop("bare", "call(handle, add, frame, out, fault)", **shared),
        ])
        assert add_by_hand(2, 3) == greeter.add(2, 3) == 5

        text = "sixteen letters!"
        pointer = ctypes.c_char_p
        pair = struct.Struct("<QQ")
        kept = text.encode()
        address = ctypes.cast(pointer(kept), ctypes.c_void_p).value

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

        assert greet_typed(text) == greet_by_hand(text) == greeter.greet(text) == "Hello, sixteen letters!!"
        pair.pack_into(frame, 0, address, len(kept))
        call(handle, greet, frame, out, fault)
        at, length = pair.unpack_from(out)
        release(out)
        # What is fetched: as many bytes, which lie still.
        still = ctypes.create_string_buffer(length)
        fetched = ctypes.addressof(still)

        def filled(work):
            def run(counter):
                pair.pack_into(frame, 0, address, len(kept))
                return work(counter)

            return run

        texts = measured([
            loop("proxy", "greet(text)", greet=greeter.greet, text=text),
            loop("typed", "greet_typed(text)", greet_typed=greet_typed, text=text),
            loop("hand", "greet_by_hand(text)", greet_by_hand=greet_by_hand, text=text),
            filled(loop(
                "bare", "call(handle, greet, frame, out, fault); string_at(fetched, length); release(out)",
                string_at=string_at, fetched=fetched, length=length, release=release, **shared,
            )),
        ])
    print(f"{'':26}{'proxy':>8}" + "".join(f"{name:>10}{'ratio':>7}" for name in ("typed", "by hand", "prepared")))
    for name, (proxy, *floors) in (("add(u32, u32) -> u32", scalar), ("greet(16 B) -> String", texts)):
        print(f"{name:26}{proxy:5.0f} ns" + "".join(f"{floor:7.0f} ns{proxy / floor:6.2f}x" for floor in floors))


if __name__ == "__main__":
    main()
