"""The cases that are more than a call: what each does stands under `expects` in `cases.json`."""

import gc
import threading
import time
import weakref

import polyplug
from stage import Deaf, Ears, Stage, Stream

ALL = {}


def case(name):
    """Under that name. A case takes the stage that all share."""

    def decorate(function):
        ALL[name] = function
        return function

    return decorate


def equal(value, golden):
    """Fails unless the two are equal."""
    assert type(value) is type(golden) and value == golden, f"{value!r}, expected {golden!r}"


def faulted(call, message=""):
    """The fault that a call ends with, which says that."""
    try:
        answer = call()
    except polyplug.Fault as fault:
        assert message in fault.message, f"the fault says {fault.message!r}, expected {message!r}"
        return fault
    raise AssertionError(f"no fault, but {answer!r}")


def gone(stage, reference):
    """Fails unless nobody has it any more, once the guest has collected its garbage."""
    stage.objects.alive()
    gc.collect()
    assert reference() is None, "it is still there"


@case("after-lies")
def after_lies(stage):
    equal(stage.values.measure("größer 🎈"), (13, 8))


@case("throw")
def throw(stage):
    fault = faulted(lambda: stage.life.throw("boom 🎈"), "boom 🎈")
    assert fault.kind in ("panicked", "threw", "raised"), fault.kind
    equal((fault.plugin, fault.contract, fault.method), ("conformance-guest", "conformance.life", "throw"))


@case("throw-place")
def throw_place(stage):
    fault = faulted(lambda: stage.life.throw("boom"), "boom")
    assert fault.location or fault.trace, "neither a place nor a traceback"


@case("throw-into-the-error")
def throw_into(stage):
    faulted(lambda: stage.life.throw_into("into"), "into")


@case("log")
def log(stage):
    lines = []
    with polyplug.subscribe_log(lines.append):
        stage.life.log("a line 🎈")
    line = next(line for line in lines if line.message == "a line 🎈")
    equal(line.level, "info")
    assert "conformance" in line.plugin, line.plugin


@case("desk-write")
def desk_write(stage):
    first = stage.life.write("a\0b 🎈")
    equal(stage.life.write(""), first + 1)
    equal(stage.desk.lines[first - 1:], ["a\0b 🎈", ""])


@case("desk-missing")
def desk_missing(stage):
    with stage.files.bare() as runtime:
        try:
            runtime.load(stage.files.guest)
        except polyplug.Error as error:
            equal(error.code, "missing-host-contract")
        else:
            raise AssertionError("it was loaded")


@case("metadata-plugin")
def plugin(stage):
    guest = {plugin.name: plugin for plugin in stage.module.plugins}["conformance-guest"]
    equal((guest.version, guest.description), ("1.2.3", "The conformance guest"))
    equal((guest.license, guest.repository), ("MIT OR Apache-2.0", "https://example.org/conformance"))


@case("metadata-contracts")
def contracts(stage):
    guest = {plugin.name: plugin for plugin in stage.module.plugins}["conformance-guest"]
    for name in ("values", "life", "closures", "objects", "lies"):
        assert f"conformance.{name} 1.0" in guest.contracts, f"{name} is not among {guest.contracts}"


@case("metadata-provider")
def provider(stage):
    equal(stage.runtime.providers("conformance.life"), ["conformance-guest"])


# Closures.


@case("closure-lent")
def closure_lent(stage):
    equal(stage.closures.each(4, lambda value: value * 2), [0, 2, 4, 6])


@case("closure-that-changes")
def closure_that_changes(stage):
    seen = []
    stage.closures.feed(["a", "", "🎈"], lambda text, index: seen.append((text, index)))
    equal(seen, [("a", 0), ("", 1), ("🎈", 2)])


@case("closure-optional")
def closure_optional(stage):
    equal(stage.closures.perhaps(None), None)
    equal(stage.closures.perhaps(lambda: True), True)


@case("closure-result")
def closure_result(stage):
    equal(stage.closures.checked(lambda value: value + 40), 42)


@case("closure-fails")
def closure_fails(stage):
    def failing(_):
        raise polyplug.Fault("no 🎈")

    fault = faulted(lambda: stage.closures.checked(failing), "the closure said")
    assert "no 🎈" in fault.message, fault.message


class Adding:
    """Adds its calls up."""

    def __init__(self):
        self.sum = 0

    def __call__(self, value):
        self.sum += value
        return self.sum


@case("closure-kept")
def closure_kept(stage):
    one, other = Adding(), Adding()
    alive = [weakref.ref(one), weakref.ref(other)]
    equal(stage.closures.keep(one), None)
    equal(stage.closures.kept(2), 2)
    equal(stage.closures.kept(3), 5)
    first = stage.closures.keep(other)
    equal(first(10), 15)
    del first, one, other
    equal((stage.closures.forget(), stage.closures.forget()), (True, False))
    for reference in alive:
        gone(stage, reference)


@case("closure-not-kept")
def closure_not_kept(stage):
    faulted(lambda: stage.closures.kept(1), "nothing is kept")


@case("closure-once")
def closure_once(stage):
    equal(stage.closures.once(lambda text: text + "!", "a"), "a!")


@case("closure-shared")
def closure_shared(stage):
    twice = stage.closures.twice(lambda value: value * 3)
    equal(twice(2), 18)
    on_threads(1, lambda _: equal(twice(2), 18))


@case("closure-made")
def closure_made(stage):
    equal(stage.closures.adder(5)(37), 42)


@case("closure-panics")
def closure_panics(stage):
    seen = []

    def stopping(value):
        seen.append(value)
        if value == 2:
            raise polyplug.Fault("stop 🎈")
        return value

    faulted(lambda: stage.closures.each(5, stopping), "stop 🎈")
    equal(seen, [0, 1, 2])


@case("enter-from-a-closure")
def enter(stage):
    equal(stage.closures.each(3, lambda value: stage.life.add(value, 1)), [1, 2, 3])


# Objects.


@case("object-lent")
def object_lent(stage):
    ears = Ears()
    equal(stage.objects.tell(ears, 3), 2)
    equal(ears.heard, ["time 0", "time 1", "time 2"])


@case("object-lent-inside")
def object_lent_inside(stage):
    ears = Ears()
    equal(stage.objects.tell_all([ears, None, ears]), 1)
    equal(ears.heard, ["all", "all"])


@case("object-made")
def object_made(stage):
    listener = stage.objects.listener("größer")
    equal(listener.name(), "größer")
    equal((listener.hear("a"), listener.hear("b")), (0, 1))


@case("object-dropped")
def object_dropped(stage):
    before = stage.objects.alive()
    listener = stage.objects.listener("a")
    equal(stage.objects.alive(), before + 1)
    polyplug.release(listener)
    equal(stage.objects.alive(), before)


@case("object-there-and-back")
def object_there_and_back(stage):
    ears = Ears()
    back = stage.objects.there_and_back(ears)
    equal(back.hear("home"), 0)
    equal(ears.heard, ["home"])
    alive = weakref.ref(ears)
    del ears, back
    gone(stage, alive)


@case("object-kept")
def object_kept(stage):
    ears = Ears()
    ears.hear("before")
    equal(stage.objects.keep(ears), 0)
    equal(stage.objects.keep(None), 1)
    equal(ears.heard, ["before", "farewell"])
    alive = weakref.ref(ears)
    del ears
    gone(stage, alive)


@case("object-list")
def object_list(stage):
    before = stage.objects.alive()
    listeners = stage.objects.listeners(3)
    names = [(name, listener and listener.name()) for name, listener in listeners]
    equal(names, [("number 0", "number 0"), ("number 1", None), ("number 2", "number 2")])
    equal(stage.objects.alive(), before + 2)
    del listeners
    gc.collect()
    equal(stage.objects.alive(), before)


@case("object-inside-data")
def object_inside_data(stage):
    ears = Ears()
    job = stage.objects.types.Job("job", ears, lambda value: value + 10)
    back = stage.objects.run(job, 2)
    equal(ears.heard, ["job 10", "job 11"])
    equal(back.name, "job!")
    equal(back.work(5), 15)
    alive = weakref.ref(ears)
    del ears, job, back
    gone(stage, alive)


@case("object-fails")
def object_fails(stage):
    faulted(lambda: stage.objects.tell(Deaf(), 1), "deaf 🎈")


@case("object-after-unload")
def object_after_unload(stage):
    with Stage(stage.files) as own:
        listener = own.objects.listener("later")
        own.module.unload()
        equal(listener.name(), "later")
        polyplug.release(listener)


@case("stream-made")
def stream_made(stage):
    lines = stage.objects.lines("a\n🎈\nc")
    equal(lines.next(), "a")
    equal(lines.read(), 1)
    equal([lines.next(), lines.next(), lines.next()], ["🎈", "c", None])
    lines.rewind()
    equal(lines.next(), "a")


@case("stream-lent")
def stream_lent(stage):
    stream = Stream("x", "y")
    equal(stage.objects.read_all(stream), ["x", "y"])
    equal(stream.next(), None)


@case("stream-given")
def stream_given(stage):
    stream = Stream("1", "2", "3", "4")
    alive = weakref.ref(stream)
    equal(stage.objects.consume(stream), 4)
    del stream
    gone(stage, alive)


@case("stream-of-its-own")
def stream_of_its_own(stage):
    one, other = stage.runtime.create("conformance.lines"), stage.runtime.create("conformance.lines")
    equal(one.next(), "first")
    equal(other.next(), "first")
    equal([one.next(), one.next(), one.next()], ["second", "third", None])
    equal((other.skip(1), other.next()), (1, "third"))


@case("pinned")
def pinned(stage):
    shelf = stage.shelf
    equal(shelf.title(), "Moby Dick")
    equal(shelf.numbers(), [1, 2, 3])
    equal((shelf.number(1), shelf.number(9)), (2, None))


# Threads, reloads and unloads.


def on_threads(count, work):
    """Runs it on so many threads, and raises what the first of them raised."""
    raised = []

    def run(number):
        try:
            work(number)
        except BaseException as error:
            raised.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if raised:
        raise raised[0]


@case("threads")
def threads(stage):
    life, values = stage.life, stage.values

    def work(number):
        for turn in range(200):
            equal(life.add(number, turn), number + turn)
            text = f"{number} of {turn} 🎈"
            equal(values.same_text(text), text)

    on_threads(8, work)


@case("threads-and-the-desk")
def threads_and_the_desk(stage):
    life = stage.life

    def work(number):
        for turn in range(50):
            equal(life.lookup(f"{number} {turn}"), f"{number} {turn}?")

    on_threads(4, work)


@case("reload")
def reload(stage):
    with Stage(stage.files) as own:
        equal((own.life.count(), own.life.count()), (1, 2))
        own.module.reload()
        equal(own.life.count(), 3)


@case("call-after-unload")
def call_after_unload(stage):
    with Stage(stage.files) as own:
        life = own.life
        equal(life.add(2, 3), 5)
        own.module.unload()
        equal(faulted(lambda: life.add(2, 3)).kind, "unloaded")
        equal(own.runtime.providers("conformance.life"), [])


@case("call-during-unload")
def call_during_unload(stage):
    with Stage(stage.files) as own:
        life, answers = own.life, []
        thread = threading.Thread(target=lambda: answers.append(life.wait(200)))
        thread.start()
        time.sleep(0.06)
        own.module.unload()
        thread.join()
        equal(answers, [200])


@case("load-after-unload")
def load_after_unload(stage):
    with Stage(stage.files) as own:
        own.module.unload()
        own.runtime.load(stage.files.guest)
        equal(own.runtime.get("conformance.life").add(2, 3), 5)
