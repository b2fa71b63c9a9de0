"""Memory stays flat: many texts, many errors, many calls of Python."""

import gc
import pathlib

import polyplug
import pytest

STATUS = pathlib.Path("/proc/self/statm")


def resident():
    """The memory of this process, in KiB."""
    return int(STATUS.read_text().split()[1]) * 4


def stays_flat(work, rounds):
    """Runs something often, after a first part in which what is kept for later is made."""
    if not STATUS.exists():
        pytest.skip("the memory of a process is read as Linux tells it")
    for _ in range(rounds // 10):
        work()
    gc.collect()
    before = resident()
    for _ in range(rounds):
        work()
    gc.collect()
    grown = resident() - before
    assert grown < 2048, f"{grown} KiB more after {rounds} rounds"


def test_texts(greeter):
    text = "x" * 100
    stays_flat(lambda: greeter.greet(text), 1_000_000)


def test_errors(every):
    mark = [every.types.Mark(1, True)]

    def work():
        try:
            every.pick(mark, 9)
        except polyplug.Err:
            return
        raise AssertionError("no error")

    stays_flat(work, 1_000_000)


def test_faults(kinds):
    def work():
        try:
            kinds.panic("x" * 10_000)
        except polyplug.Fault:
            return
        raise AssertionError("no fault")

    stays_flat(work, 5_000)


def test_host_contracts(runtime, libraries):
    class Log:
        def write(self, line):
            self.line = line

        def last(self):
            return self.line + "y"

    runtime.load(libraries["kinds"])
    runtime.provide("fixture.log", Log())
    log = runtime.get("fixture.log", plugin="host")
    line = "x" * 100

    def work():
        log.write(line)
        assert len(log.last()) == 101

    stays_flat(work, 100_000)


def test_closures_with_texts(every):
    stays_flat(lambda: every.once(lambda text: text * 2, "") or every.feed(["a" * 100], len), 10_000)


def test_objects(every):
    stays_flat(lambda: every.listener("x" * 100).hear("y"), 20_000)
