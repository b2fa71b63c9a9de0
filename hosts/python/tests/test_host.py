"""The life of plugins: loading, finding, reloading, unloading, configuring, providing; and what errors say."""

import inspect
import os
import pydoc
import shutil
import subprocess
import sys
import threading

import polyplug
import pytest


def test_a_plugin_is_loaded_called_and_unloaded(runtime, libraries):
    module = runtime.load(libraries["hello"])
    assert module.path == libraries["hello"]
    assert [plugin.name for plugin in module.plugins] == ["hello"]
    assert module.plugins[0].contracts == ["demo.greeter 1.0"]
    assert runtime.contracts == ["demo.greeter 1.0"]
    assert runtime.providers("demo.greeter") == ["hello"]
    greeter = runtime.get("demo.greeter")
    assert greeter.greet("world") == "Hello, world!"
    assert greeter.plugin == "hello" and polyplug.plugin_of(greeter) == "hello"
    report = module.unload(within=5)
    assert report.code == "unmapped" and "unloaded" in report.text
    assert not module.is_loaded
    with pytest.raises(polyplug.Fault) as raised:
        greeter.greet("world")
    fault = raised.value
    assert (fault.kind, fault.plugin, fault.contract, fault.method) == ("unloaded", "hello", "demo.greeter", "greet")


def test_arguments_go_by_position_and_by_name(greeter):
    assert greeter.add(1, 2) == greeter.add(b=2, a=1) == greeter.add(1, b=2) == 3
    with pytest.raises(TypeError):
        greeter.add(1)


def test_methods_have_signatures_and_documentation(greeter):
    assert str(inspect.signature(greeter.add)) == "(a: int, b: int) -> int"
    assert str(inspect.signature(greeter.greet)) == "(name: str) -> str"
    text = pydoc.render_doc(greeter, renderer=pydoc.plaintext)
    assert "Greets people, and can add." in text
    assert "A greeting for `name`." in text
    assert "greet(self, name: str) -> str" in text


def test_what_does_not_fit_is_named(greeter):
    for value in (-1, 1 << 32):
        with pytest.raises(OverflowError, match="argument `b` of `demo.greeter.add`: .*does not fit into `u32`"):
            greeter.add(1, value)
    with pytest.raises(TypeError, match="argument `a` of `demo.greeter.add`: an integer was expected, and this is 1.5"):
        greeter.add(1.5, 1)
    with pytest.raises(TypeError, match="argument `name` of `demo.greeter.greet`: a text"):
        greeter.greet(b"bytes")
    with pytest.raises(ValueError, match="argument `name` of `demo.greeter.greet`: the text is no Unicode"):
        greeter.greet("\ud800")
    assert greeter.add(0xFFFF_FFFF, 0) == 0xFFFF_FFFF


@pytest.mark.parametrize("text", ["", "a\0b", "\U0001F600", "x" * (1 << 20)])
def test_texts_cross(greeter, text):
    assert greeter.greet(text) == f"Hello, {text}!"


def test_errors_have_a_code_and_a_text(runtime, libraries):
    with pytest.raises(polyplug.Error) as raised:
        runtime.load("nowhere.so")
    assert raised.value.code and "nowhere.so" in raised.value.text
    runtime.load(libraries["hello"])
    with pytest.raises(polyplug.Error, match="did you mean `demo.greeter 1.0`") as raised:
        runtime.get("demo.greter")
    assert raised.value.code == "no-provider"
    with pytest.raises(polyplug.Error, match="nobody"):
        runtime.get("demo.greeter", plugin="nobody")


def test_callers_follow_a_reload(runtime, libraries, tmp_path):
    file = tmp_path / libraries["counter"].name
    shutil.copy(libraries["counter"], file)
    module = runtime.load(file)
    counter = runtime.get("fixture.counter")
    assert counter.add(3) == 3
    report = module.reload(within=5)
    assert report.code == "reloaded"
    assert counter.add(2) == 2
    assert counter.name() == "counter"


def test_a_contract_learned_again_is_the_same(runtime, libraries):
    runtime.load(libraries["hello"])
    assert type(runtime.get("demo.greeter")) is type(runtime.get("demo.greeter"))
    with polyplug.Runtime() as other:
        other.load(libraries["hello"])
        assert other.contract("demo.greeter") is runtime.contract("demo.greeter")


def test_a_released_proxy_says_so(greeter):
    with greeter as same:
        assert same.greet("x") == "Hello, x!"
    with pytest.raises(polyplug.Fault, match="a caller.*was expected"):
        greeter.greet("x")


def test_events_are_told(runtime, libraries):
    heard = []
    with runtime.subscribe(heard.append):
        module = runtime.load(libraries["hello"])
        module.reload()
        module.unload(within=5)
    codes = [event.code for event in heard]
    assert codes[0] == "loaded" and codes[-1] == "unloaded" and "reloaded" in codes
    assert all(event.module == str(libraries["hello"]) and event.text for event in heard)
    count = len(heard)
    runtime.load(libraries["hello"])
    assert len(heard) == count


def test_plugins_are_configured(runtime, libraries):
    runtime.configure("tuned", {"start": 40, "words": {"before": "so many "}})
    runtime.load(libraries["tuned"])
    tally = runtime.get("fixture.tally")
    assert tally.add(2) == 42
    assert tally.words("apples") == "so many apples"
    with polyplug.Runtime() as other:
        other.configure("tuned", {"strat": 1})
        with pytest.raises(polyplug.Error, match="strat"):
            other.load(libraries["tuned"])


class Source:
    """The host contract `fixture.source`."""

    def __init__(self, *numbers):
        self.numbers = list(numbers)

    def next(self):
        return self.numbers.pop(0)


def test_a_host_contract_is_a_class_of_python(runtime, libraries):
    runtime.load(libraries["counter"])
    counter = runtime.get("fixture.counter")
    with pytest.raises(polyplug.Fault):
        counter.ask()
    provided = runtime.provide("fixture.source", Source(7, -1, "seven"))
    assert counter.ask() == 7
    with pytest.raises(polyplug.Fault, match="what `fixture.source.next` answered: -1 does not fit into `u64`"):
        counter.ask()
    with pytest.raises(polyplug.Fault, match="an integer was expected"):
        counter.ask()
    with pytest.raises(polyplug.Fault) as raised:
        counter.ask()
    fault = raised.value
    assert fault.kind == "threw" and fault.message == "IndexError: pop from empty list"
    assert "return self.numbers.pop(0)" in fault.trace and "test_host.py" in fault.trace
    assert "test_host.py" in fault.text
    provided.unload(within=5)


def test_a_value_without_the_methods_is_refused(runtime, libraries):
    runtime.load(libraries["counter"])
    with pytest.raises(TypeError, match="`fixture.source` has the methods next; object lacks next"):
        runtime.provide("fixture.source", object())


def test_a_provided_value_goes_with_its_module(runtime, libraries):
    import gc
    import weakref

    runtime.load(libraries["counter"])
    source = Source(1)
    gone = weakref.ref(source)
    module = runtime.provide("fixture.source", source)
    del source
    assert gone() is not None
    module.unload(within=5)
    gc.collect()
    assert gone() is None


def test_threads_call_at_once(greeter):
    wrong = []

    def work(number):
        for at in range(2000):
            if greeter.greet(f"{number}-{at}") != f"Hello, {number}-{at}!" or greeter.add(number, at) != number + at:
                wrong.append((number, at))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_a_library_that_is_missing_says_how_to_get_it(tmp_path):
    environment = dict(os.environ, POLYPLUG_LIBRARY=str(tmp_path / "none.so"))
    program = "import polyplug; polyplug.Runtime()"
    root = os.path.dirname(os.path.dirname(polyplug.__file__))
    environment["PYTHONPATH"] = root
    answer = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True)
    assert answer.returncode != 0
    assert "cargo xtask library" in answer.stderr and "POLYPLUG_LIBRARY" in answer.stderr and "none.so" in answer.stderr


def command(*arguments):
    """What `python -m polyplug` prints."""
    return subprocess.run([sys.executable, "-m", "polyplug", *map(str, arguments)], capture_output=True, text=True)


def test_inspect_says_what_is_there(libraries):
    answer = command("inspect", libraries["hello"])
    assert answer.returncode == 0, answer.stderr
    assert "plugin hello 0.1.0" in answer.stdout and "contract demo.greeter 1.0 (Greeter)" in answer.stdout
    assert "add(a: u32, b: u32) -> u32" in answer.stdout and "A greeting for `name`." in answer.stdout
    answer = command("inspect", "nowhere.so")
    assert answer.returncode == 1 and "nowhere.so" in answer.stderr


def test_stubs_are_python(libraries, tmp_path):
    answer = command("stubs", libraries["hello"], libraries["kinds"], libraries["every"], "--out", tmp_path)
    assert answer.returncode == 0, answer.stderr
    files = {file.name: file.read_text() for file in tmp_path.iterdir()}
    for name, text in files.items():
        compile(text, name, "exec", flags=__import__("__future__").annotations.compiler_flag)
    greeter = files["demo_greeter.pyi"]
    assert "class Greeter(typing.Protocol):" in greeter and "def greet(self, name: str) -> str:" in greeter
    kinds = files["fixture_kinds.pyi"]
    assert "class Colour(enum.IntEnum):" in kinds and "    class Circle(Shape):" in kinds and "x: float" in kinds
    assert "work: collections.abc.Callable[[int], int]" in files["every_every.pyi"]


def test_the_end_of_the_interpreter_unloads_what_python_provides(libraries):
    script = f"""
import polyplug
class Log:
    def write(self, line): pass
    def last(self): pass
runtime = polyplug.Runtime()
runtime.load({str(libraries["kinds"])!r})
runtime.provide("fixture.log", Log())
heard = runtime.subscribe(lambda event: None)
logged = polyplug.subscribe_log(print, level="trace")
"""
    for _ in range(5):
        ended = subprocess.run([sys.executable, "-c", script], stderr=subprocess.PIPE, text=True)
        assert ended.returncode == 0 and not ended.stderr, ended


def test_a_level_that_there_is_not():
    with pytest.raises(ValueError, match="the levels are error"):
        polyplug.subscribe_log(print, level="loud")


# Threads that nobody waits for, inside objects of Python's when the interpreter ends.
DAEMONS = """
import sys
import threading
import time
import polyplug

class Ear:
    def hear(self, what):
        return 1

runtime = polyplug.Runtime()
runtime.load(sys.argv[1])
back = runtime.get("every.every").there_and_back(Ear())

def work():
    while True:
        back.hear("x")

for _ in range(4):
    threading.Thread(target=work, daemon=True).start()
time.sleep(0.05)
print("the end")
"""


def test_the_interpreter_ends_while_threads_are_inside(libraries):
    for _ in range(5):
        command = [sys.executable, "-c", DAEMONS, str(libraries["every"])]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert (done.returncode, done.stdout, done.stderr) == (0, "the end\n", "")
