"""Plugins in Python under a host in Python: both are in one interpreter, and are told apart."""

import pathlib
import subprocess
import sys
import threading

import polyplug
import pytest

pytestmark = pytest.mark.skipif(sys.version_info < (3, 11), reason="plugins in Python need 3.11: run this with a newer one")

GUESTS = pathlib.Path(__file__).resolve().parents[3] / "plugins" / "python" / "tests" / "plugins"

GUEST = """
import polyplug
import sys
import threading


@polyplug.plugin(implements="demo.greeter", requires="fixture.log", name="guest")
class Guest:
    def __init__(self):
        self.log = self.context.host("fixture.log")

    def greet(self, name):
        if name == "fail":
            raise ValueError("on purpose")
        if name == "log":
            self.log.write("from the guest")
            return self.log.last()
        if name == "again":
            self.log.write("again")
            return "called back"
        return f"{id(sys.modules)} {hasattr(polyplug, 'Runtime')} {sys.modules['polyplug'] is polyplug} {threading.get_ident()}"
"""


class Log:
    """The host's, which calls the guest again when it is told to."""

    def __init__(self):
        self.lines, self.greeter = [], None

    def write(self, line):
        if line == "again":
            line = self.greeter.greet("log")
        self.lines.append(line)

    def last(self):
        return self.lines[-1] if self.lines else None


@pytest.fixture
def guest(runtime, libraries, tmp_path):
    """A plugin in Python."""
    runtime.load(libraries["hello"])
    runtime.load(libraries["kinds"])
    runtime.load(libraries["polyplug-python"])
    log = Log()
    runtime.provide("fixture.log", log)
    file = tmp_path / "guest.py"
    file.write_text(GUEST)
    module = runtime.load(file)
    log.greeter = runtime.get("demo.greeter", plugin="guest")
    return module, log, file


def test_host_and_plugin_share_the_interpreter(guest):
    _, log, _ = guest
    answer = log.greeter.greet("x")
    assert answer == f"{id(sys.modules)} False False {threading.get_ident()}"
    assert sys.modules["polyplug"] is polyplug


def test_a_plugin_calls_the_host_and_is_called_back(guest):
    _, log, _ = guest
    assert log.greeter.greet("log") == "from the guest"
    assert log.greeter.greet("again") == "called back"
    assert log.lines == ["from the guest", "from the guest", "from the guest"]


def test_exceptions_are_faults(guest):
    _, log, _ = guest
    with pytest.raises(polyplug.Fault) as raised:
        log.greeter.greet("fail")
    fault = raised.value
    assert (fault.kind, fault.message, fault.plugin) == ("threw", "ValueError: on purpose", "guest")
    assert "raise ValueError" in fault.trace and "guest.py" in fault.location


def test_threads_of_the_host_take_turns(guest):
    _, log, _ = guest
    wrong = []

    def work():
        for _ in range(500):
            if not log.greeter.greet("x").endswith(str(threading.get_ident())):
                wrong.append("another thread")
        if log.greeter.greet("log") != "from the guest":
            wrong.append("the log")

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_a_plugin_is_reloaded_and_unloaded(guest):
    module, log, file = guest
    file.write_text(GUEST.replace("called back", "another text"))
    module.reload()
    assert log.greeter.greet("again") == "another text"
    module.unload(within=5)
    with pytest.raises(polyplug.Fault):
        log.greeter.greet("x")
    assert not [name for name in sys.modules if name.startswith("guest@")]


def test_values_are_the_same_on_both_sides(runtime, libraries):
    runtime.load(libraries["kinds"])
    runtime.load(libraries["polyplug-python"])
    runtime.load(GUESTS / "kinds.py")
    ours = runtime.get("fixture.kinds", plugin="python-kinds")
    theirs = runtime.get("fixture.kinds", plugin="kinds")
    types = ours.types
    for method, arguments in [
        ("sum", ([1, 2, 3],)),
        ("half", (8,)),
        ("half", (7,)),
        ("maybe", (polyplug.Some("x"),)),
        ("maybe", (polyplug.Some(None),)),
        ("maybe", (None,)),
        ("parse", ("12",)),
        ("swap", ((9, "nine"),)),
        ("mirror", (types.Point(3.0, 4.0, True),)),
        ("grow", (types.Shape.Empty(),)),
        ("grow", (types.Shape.Label("ab", 1, 1 << 40),)),
        ("next_colour", (types.Colour.Red,)),
        ("next_id", (types.Id(1, 2),)),
        ("eight", tuple(range(8))),
        ("next_char", ("a",)),
    ]:
        assert repr(getattr(ours, method)(*arguments)) == repr(getattr(theirs, method)(*arguments)), method
    for kinds in (ours, theirs):
        with pytest.raises(polyplug.Err) as raised:
            kinds.parse("x")
        assert raised.value.value == "invalid digit found in string"


def test_an_interpreter_ends_with_plugins_loaded(libraries, tmp_path):
    text = GUEST.replace(', requires="fixture.log"', "").replace('self.log = self.context.host("fixture.log")', "kept.append(self.context)")
    # What the interpreter finds last, when it clears its modules.
    (tmp_path / "guest.py").write_text(text + "kept = []\n")
    program = (
        "import polyplug, sys\n"
        "runtime = polyplug.Runtime()\n"
        "for file in sys.argv[1:]: runtime.load(file)\n"
        "print(runtime.get('demo.greeter', plugin='guest').greet('x').split()[1])\n"
    )
    files = [libraries["hello"], libraries["polyplug-python"], tmp_path / "guest.py"]
    done = subprocess.run([sys.executable, "-c", program, *map(str, files)], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "False\n", "")
