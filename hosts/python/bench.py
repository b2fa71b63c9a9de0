"""What a call costs: a method of a proxy against ctypes calling the same C function with arguments of the same shape, by hand.

    python hosts/python/bench.py target/release/libhello.so

Two floors stand beside every figure. `bare call`: only the foreign call, into `polyplug_call`, with a frame that was filled before,
and for a text the two calls more that fetch and release it. `by hand`: the same, with the arguments packed into the frame and the
result read, for every call, as anybody has to who wants a value. The medians of several rounds, which take turns.
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

        two, one = struct.Struct("<II"), struct.Struct("<I")

        def add_by_hand(a, b):
            two.pack_into(frame, 0, a, b)
            if call(handle, add, frame, out, fault):
                raise RuntimeError
            return one.unpack_from(out)[0]

        struct.pack_into("<II", frame, 0, 2, 3)
        scalar = measured([
            loop("proxy", "add(2, 3)", add=greeter.add),
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

        assert greet_by_hand(text) == greeter.greet(text) == "Hello, sixteen letters!!"
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
            loop("hand", "greet_by_hand(text)", greet_by_hand=greet_by_hand, text=text),
            filled(loop(
                "bare", "call(handle, greet, frame, out, fault); string_at(fetched, length); release(out)",
                string_at=string_at, fetched=fetched, length=length, release=release, **shared,
            )),
        ])
    print(f"{'':28}{'proxy':>9}{'by hand':>9}{'ratio':>7}{'bare call':>11}{'ratio':>7}")
    for name, (proxy, hand, bare) in (("add(u32, u32) -> u32", scalar), ("greet(16 bytes) -> String", texts)):
        print(f"{name:28}{proxy:6.0f} ns{hand:6.0f} ns{proxy / hand:6.2f}x{bare:8.0f} ns{proxy / bare:6.2f}x")


if __name__ == "__main__":
    main()
