"""How methods are called: which way is chosen, how the other is built, and that the compiled one does what ctypes does."""

import ctypes
import gc
import importlib
import math
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import threading
import time
import types

import polyplug
import pytest
from polyplug import _calls, _contract, _errors

PACKAGE = pathlib.Path(polyplug.__file__).parent


@pytest.fixture
def module():
    """The compiled module, whether calls go through it or not."""
    try:
        return importlib.import_module("polyplug._compiled")
    except ModuleNotFoundError:
        pytest.skip(f"nothing is compiled here: {_calls.COMMAND}")


@pytest.fixture
def copied(tmp_path):
    """The package without what was compiled, and a function that runs Python with it."""
    bare = shutil.ignore_patterns("_compiled.*.*", "__pycache__")
    folder = pathlib.Path(shutil.copytree(PACKAGE, tmp_path / "polyplug", ignore=bare))

    def run(*arguments, **variables):
        environment = {name: value for name, value in os.environ.items() if name != _calls.VARIABLE}
        environment.update(variables, PYTHONPATH=str(tmp_path))
        return subprocess.run([sys.executable, *arguments], env=environment, cwd=tmp_path, capture_output=True, text=True)

    return folder, run


SAYS = "import polyplug; polyplug.Runtime(); print(polyplug.calls())"


def test_the_variable_is_followed():
    wanted = os.environ.get(_calls.VARIABLE)
    assert polyplug.calls() == (wanted or polyplug.calls()) and polyplug.calls() in ("ctypes", "compiled")


def test_without_a_build_there_is_ctypes(copied):
    _, run = copied
    for variables in ({}, {_calls.VARIABLE: "ctypes"}):
        answer = run("-c", SAYS, **variables)
        assert (answer.stdout.strip(), answer.stderr) == ("ctypes", "")
    answer = run("-c", SAYS, **{_calls.VARIABLE: "compiled"})
    assert answer.returncode and "it was not compiled: python -m polyplug build" in answer.stderr
    answer = run("-c", SAYS, **{_calls.VARIABLE: "quick"})
    assert answer.returncode and "`ctypes` or `compiled`" in answer.stderr


def test_it_is_built_on_demand(copied, module):
    folder, run = copied
    record = folder.parent / "polyplug-0.1.0.dist-info" / "RECORD"
    record.parent.mkdir()
    (record.parent / "METADATA").write_text("Name: polyplug\nVersion: 0.1.0\n")
    record.write_text("polyplug/__init__.py,,\npolyplug-0.1.0.dist-info/RECORD,,\n")
    # Even where the variable asks for what is not there yet.
    answer = run("-m", "polyplug", "build", **{_calls.VARIABLE: "compiled"})
    assert answer.returncode == 0, answer.stderr
    made = pathlib.Path(answer.stdout.strip().splitlines()[-1])
    assert made.parent == folder and made.name.startswith("_compiled.")
    assert run("-m", "polyplug", "build").returncode == 0
    assert record.read_text().splitlines()[2:] == [f"polyplug/{made.name},,"]
    for wanted, found in (("", "compiled"), ("compiled", "compiled"), ("ctypes", "ctypes")):
        assert run("-c", SAYS, **{_calls.VARIABLE: wanted}).stdout.strip() == found


def test_a_build_that_fails_says_what_it_takes(copied):
    pytest.importorskip("setuptools")
    folder, run = copied
    answer = run("-m", "polyplug", "build", CC="no-such-compiler")
    assert answer.returncode == 1
    for part in ("no-such-compiler", "a compiler for C and the headers of this Python", "python3-dev", "through ctypes"):
        assert part in answer.stderr, answer.stderr
    assert not list(folder.glob("_compiled.*.*"))
    assert run("-c", SAYS).stdout.strip() == "ctypes"
    (folder.parent / "setuptools.py").write_text("raise ImportError")
    answer = run("-m", "polyplug", "build")
    assert answer.returncode == 1 and "-m pip install setuptools" in answer.stderr


def test_what_is_of_no_use_is_told(copied):
    folder, run = copied
    (folder / "_compiled.py").write_text("FORM = 0")
    answer = run("-c", SAYS)
    assert answer.stdout.strip() == "ctypes" and "compiled for another version of this package" in answer.stderr
    assert run("-c", SAYS, **{_calls.VARIABLE: "compiled"}).returncode
    (folder / "_compiled.py").write_text("import no_such_module")
    answer = run("-c", SAYS)
    assert answer.stdout.strip() == "ctypes" and "no_such_module" in answer.stderr


class Index:
    def __index__(self):
        return 3


class Float:
    def __float__(self):
        return 0.5


class Whole(int):
    pass


class Word(str):
    pass


VALUES = [
    0, 1, -1, True, False, None, 0.0, -0.5, 2.5, 1e300, math.inf, math.nan, 10**400, "", "text", "n\0l", "\xe9\u20ac\U0001F600",
    "\ud800", Word("word"), Whole(7), b"", b"a\0b", bytearray(b"x"), memoryview(b"y"), Index(), Float(), [], object,
    *(sign * (1 << bits) + by for bits in (7, 8, 15, 16, 31, 32, 63, 64) for sign in (1, -1) for by in (-1, 0, 1)),
]


def outcome(function, *arguments):
    """What a call came to, comparable."""
    try:
        value = function(*arguments)
    except Exception as error:
        return type(error), str(error)
    return type(value), repr(value)


def test_both_ways_answer_alike(runtime, libraries):
    if polyplug.calls() != "compiled":
        pytest.skip("calls go through ctypes here")
    for package in ("hello", "counter", "kinds", "every", "tuned"):
        runtime.load(libraries[package])
    count = 0
    for proxy in (runtime.get("demo.greeter"), runtime.get("fixture.kinds"), runtime.get("every.every").listener("x")):
        for method in polyplug.contract_of(proxy).methods:
            compiled = getattr(type(proxy), method.python)
            through_ctypes = getattr(compiled, "__wrapped__", None)
            # One that counts its calls never answers alike.
            if through_ctypes is None or method.name == "hear":
                continue
            first = [1] * len(method.arguments)
            for argument in range(len(method.arguments)):
                for value in VALUES:
                    arguments = [*first[:argument], value, *first[argument + 1:]]
                    expected = outcome(through_ctypes, proxy, *arguments)
                    assert outcome(compiled, proxy, *arguments) == expected, (method.signature, arguments)
                    count += 1
            assert outcome(compiled, proxy, *first, 1) == outcome(through_ctypes, proxy, *first, 1)
            assert outcome(compiled) == outcome(through_ctypes)
            assert outcome(compiled, object(), *first) == outcome(through_ctypes, object(), *first)
    assert count > 500
    with pytest.raises(AttributeError, match="no_such"):
        runtime.get("demo.greeter").add.no_such


Call = ctypes.CFUNCTYPE(
    ctypes.c_int32, ctypes.c_void_p, ctypes.c_uint32, ctypes.c_void_p, ctypes.c_void_p, ctypes.POINTER(ctypes.c_void_p)
)
Release = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.POINTER(ctypes.c_uint64))


class Target:
    """What a method of the compiled module is bound to here."""

    _target = (42, None)


def address(function):
    return ctypes.cast(function, ctypes.c_void_p).value


def echo(module, letter, released=None):
    """A method that answers its argument, by way of a C function; another value is answered with `other`."""

    @Call
    def call(target, number, frame, out, fault):
        assert (target, number) == (42, 7)
        ctypes.memmove(out, frame + 8, 16)
        return 0

    @Release
    def release(buffer):
        released.append(buffer[1])
        return 0

    method = module.method(
        lambda self, value: "other", None, address(call), address(release), 0, 7, 24, letter, letter, (8,)
    )
    return types.MethodType(method, Target()), (call, release)


@pytest.mark.parametrize("letter", "bhiqBHIQfd")
def test_numbers_cross_as_they_are(module, letter):
    method, kept = echo(module, letter)
    for value in VALUES:
        try:
            packed = struct.pack("<" + letter, value)
        except (struct.error, OverflowError):
            packed = None
        # What makes a number of itself goes the other way, which asks it once.
        if packed is None or isinstance(value, (Index, Float)):
            assert method(value) == "other", value
        else:
            answer = method(value)
            assert struct.pack("<" + letter, answer) == packed and type(answer) is (float if letter in "fd" else int), value


def test_a_bool_is_nothing_else(module):
    method, kept = echo(module, "?")
    for value in VALUES:
        assert method(value) is value if isinstance(value, bool) else method(value) == "other"


@pytest.mark.parametrize("length", [0, 1, 1023, 1024, 1025, 1 << 20])
def test_runs_are_copied_and_released_once(module, length):
    released = []
    texts, kept_texts = echo(module, "t", released)
    runs, kept_runs = echo(module, "y", released)
    text = "x" * length
    assert texts(text) == text and runs(text.encode()) == text.encode() and released == [length, length]
    wide = ("\u20ac" * length)[: length // 3]
    assert texts(wide) == wide and released[2:] == [len(wide.encode())]
    for value in ("\ud800", b"", 1, None):
        assert texts(value) == "other"
    for value in ("", bytearray(), 1):
        assert runs(value) == "other"
    assert len(released) == 3


def test_a_text_that_is_none_is_released_too(module):
    released = []
    content = ctypes.create_string_buffer(b"\xff\xfe")

    @Call
    def call(target, number, frame, out, fault):
        (ctypes.c_uint64 * 2).from_address(out)[:] = [ctypes.addressof(content), 2]
        return 0

    @Release
    def release(buffer):
        released.append(buffer[1])
        return 0

    made = module.method(lambda self: "other", None, address(call), address(release), 0, 0, 0, "t", "", ())
    with pytest.raises(UnicodeDecodeError):
        made(Target())
    assert released == [2]


def test_a_fault_without_a_record(module):
    @Call
    def call(target, number, frame, out, fault):
        return 1

    made = module.method(lambda self: "other", _errors.take_fault, address(call), 0, 0, 0, 0, "n", "", ())
    with pytest.raises(polyplug.Fault, match="the call failed, and said nothing"):
        made(Target())


def test_too_many_arguments_are_not_compiled(module):
    make = lambda count, size: module.method(print, print, 1, 1, 0, 0, size, "n", "Q" * count, tuple(range(0, 8 * count, 8)))  # noqa: E731
    assert make(16, 128) is not None and make(17, 136) is None and make(1, 257) is None
    with pytest.raises(ValueError, match="outside its frame"):
        make(2, 15)


def test_other_threads_run_meanwhile(module):
    if os.name != "posix":
        pytest.skip("`usleep` is of POSIX")
    libc = ctypes.CDLL(None)

    class Sleeper:
        _target = (500_000, None)

    sleep = module.method(lambda self: "other", None, address(libc.usleep), 0, 0, 0, 0, "n", "", ())
    ended = []
    thread = threading.Thread(target=lambda: ended.append(time.monotonic()))
    start = time.monotonic()
    threading.Timer(0.05, thread.start).start()
    assert sleep(Sleeper()) is None
    woke = time.monotonic()
    thread.join(5)
    # Not merely before `woke`: the lock may change hands right after the call.
    assert woke - start >= 0.5 and ended[0] - start < 0.45


def test_a_proxy_is_released_while_it_is_called(runtime, libraries):
    runtime.load(libraries["counter"])
    counter = runtime.get("fixture.counter")

    class Source:
        def next(self):
            polyplug.release(counter)
            gc.collect()
            return 5

    runtime.provide("fixture.source", Source())
    assert counter.ask() == 5
    with pytest.raises(polyplug.Fault, match="a caller.*was expected"):
        counter.add(1)
    source = runtime.get("fixture.source", plugin="host")

    class Again:
        def next(self):
            polyplug.release(again)
            gc.collect()
            return 6

    runtime.provide("fixture.source", Again(), name="again")
    again = runtime.get("fixture.source", plugin="again")
    assert again.next() == 6 and source.next() == 5
    with pytest.raises(polyplug.Fault, match="a caller.*was expected"):
        again.next()


def test_calls_keep_nothing(module):
    released = []
    texts, kept = echo(module, "t", released)
    before = sys.getrefcount(Target._target)

    def work():
        for value in ("\u20ac" * 10, "ascii", "\ud800", 5):
            texts(value)
        released.clear()

    work()
    blocks = sys.getallocatedblocks()
    for _ in range(1000):
        work()
    grown, after = sys.getallocatedblocks() - blocks, sys.getrefcount(Target._target)
    assert after == before and grown < 100


def test_methods_are_let_go(module):
    before = sys.getrefcount(_errors.take_fault)
    for _ in range(1000):
        made = module.method(lambda self: made, _errors.take_fault, 1, 1, 0, 0, 0, "n", "", ())
        made.__wrapped__.made = made
    del made
    gc.collect()
    after = sys.getrefcount(_errors.take_fault)
    assert after == before


def test_a_contract_is_called_through_what_was_chosen(greeter):
    assert hasattr(type(greeter).add, "__wrapped__") == (polyplug.calls() == "compiled")
    assert _contract._plain(polyplug.contract_of(greeter).methods[0]) is not None
