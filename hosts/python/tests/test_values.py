"""Every type that may stand in a contract, there and back."""

import datetime
import enum
import gc
import math
import pathlib
import sys
import threading

import polyplug
import pytest


def test_integers_of_every_width(kinds):
    low = dict(a=False, b="\0", c=-128, d=-(1 << 15), e=-(1 << 31), f=-(1 << 63), g=0, h=0, i=0, j=0)
    high = dict(a=True, b="\U0010FFFF", c=127, d=(1 << 15) - 1, e=(1 << 31) - 1, f=(1 << 63) - 1, g=255, h=65535, i=(1 << 32) - 1, j=(1 << 64) - 1)
    for values in (low, high):
        text = kinds.scalars(**values)
        for name in "cdefghij":
            assert str(values[name]) in text
    for name, beyond in (("c", 128), ("d", 1 << 15), ("e", 1 << 31), ("f", 1 << 63), ("g", 256), ("h", 65536), ("i", 1 << 32), ("j", 1 << 64)):
        with pytest.raises(OverflowError, match=f"argument `{name}`"):
            kinds.scalars(**dict(high, **{name: beyond}))
    with pytest.raises(TypeError, match="argument `a`.*a bool"):
        kinds.scalars(**dict(low, a=1))
    with pytest.raises(TypeError, match="argument `b`.*one character"):
        kinds.scalars(**dict(low, b="ab"))
    with pytest.raises(ValueError, match="surrogate"):
        kinds.scalars(**dict(low, b="\ud800"))
    assert kinds.narrow(-128) in range(-128, 128)
    with pytest.raises(OverflowError, match="argument `value` of `fixture.kinds.narrow`"):
        kinds.narrow(128)
    assert kinds.not_(True) is False
    assert kinds.next_char("a") == "b"
    assert kinds.nothing() is None
    assert kinds.eight(1, 2, 3, 4, 5, 6, 7, 8) > 0


def test_floats(kinds, every):
    assert kinds.more_scalars(1, 2, 0.5, 0.25) == 3.75
    assert math.isnan(kinds.more_scalars(0, 0, 0.0, math.nan))


def test_texts_and_lists(kinds):
    assert kinds.shout("quiet") == "QUIET"
    assert kinds.sum([1, 2, 3]) == 6 and kinds.sum(range(4)) == 6 and kinds.sum([]) == 0
    with pytest.raises(OverflowError, match="argument `values` of `fixture.kinds.sum`: element 1: -1 does not fit"):
        kinds.sum([1, -1])
    with pytest.raises(TypeError, match="a list was expected"):
        kinds.sum("123")
    assert kinds.join(["a", "b"], "+") == "a+b"
    assert kinds.double([1, 2]) == [2, 4]
    assert kinds.transpose([["a", "b"], ["c", "d"]]) == [["a", "c"], ["b", "d"]]
    assert kinds.rotate([1, 2, 3]) == [2, 3, 1]
    with pytest.raises(TypeError, match="a list of 3"):
        kinds.rotate([1, 2])
    assert kinds.pair(["a", "b"]) == ["b", "a"]


def test_a_mebibyte_of_numbers(kinds):
    numbers = list(range(1 << 18))
    assert kinds.double(numbers) == [2 * number for number in numbers]


def test_options(kinds):
    assert kinds.half(4) == 2 and kinds.half(None) is None
    assert kinds.maybe(None) is None
    assert kinds.maybe(polyplug.Some(None)) == polyplug.Some(None)
    assert kinds.maybe("text") == polyplug.Some("<text>")


def test_results(kinds):
    assert kinds.divide(7, 2) == 3
    with pytest.raises(polyplug.Err) as raised:
        kinds.divide(1, -1)
    with pytest.raises(polyplug.Fault, match="divide by zero"):
        kinds.divide(1, 0)
    refused = raised.value.value
    assert isinstance(refused, kinds.types.KindsError) and isinstance(refused, kinds.types.KindsError.Refused)
    assert refused == kinds.types.KindsError.Refused("not by minus one")
    assert refused[0] == "not by minus one"
    if sys.version_info >= (3, 10):  # before there is no `match`
        assert kinds.types.KindsError.Refused.__match_args__ == ("_0",)
    assert kinds.parse("12") == 12
    with pytest.raises(polyplug.Err) as raised:
        kinds.parse("twelve")
    assert raised.value.value
    assert kinds.settle(polyplug.Ok(3)) == kinds.settle(3) == "ok 3"
    assert kinds.settle(polyplug.Err("no")) == "err no"


def test_faults(kinds):
    with pytest.raises(polyplug.Fault) as raised:
        kinds.panic("on purpose")
    fault = raised.value
    assert fault.kind == "panicked" and "on purpose" in fault.message
    assert fault.contract == "fixture.kinds" and fault.method == "panic" and fault.plugin
    assert ".rs:" in fault.location
    assert "on purpose" in fault.text and "fixture.kinds.panic" in fault.text
    with pytest.raises((polyplug.Err, polyplug.Fault), match="on purpose"):
        kinds.panic_into("on purpose")
    back = kinds.forward(polyplug.Fault("a message"))
    assert isinstance(back, polyplug.Fault) and "a message" in back.message
    with pytest.raises(TypeError, match="polyplug.Fault"):
        kinds.forward("a message")


def test_structs_are_dataclasses(kinds):
    Point, Document = kinds.types.Point, kinds.types.Document
    point = Point(3.0, 4.0, True)
    assert kinds.length(point) == 5.0
    assert kinds.mirror(point) == Point(4.0, 3.0, False)
    assert kinds.length({"x": 3.0, "y": 4.0, "visible": True}) == 5.0
    assert isinstance(kinds.centre([point, point]), Point) and kinds.centre([]) is None
    assert "To the right." in Point.__doc__
    with pytest.raises(TypeError, match="argument `point`.*field `visible`: a bool"):
        kinds.length(Point(1.0, 2.0, 3))
    with pytest.raises(TypeError, match="a `Point` with a field `x`"):
        kinds.length(5)
    inner = Document("inner", point, [], None, [kinds.types.Shape.Empty()])
    outer = Document("outer", point, [inner], inner, [kinds.types.Shape.Label("l", 1, 1 << 40)])
    renamed = kinds.rename(outer, "new")
    assert renamed == Document("new", point, [inner], inner, outer.shapes)
    assert kinds.count(outer) >= 2
    assert kinds.swap((1, "one")) == ("one", 1)
    identity = kinds.types.Id(1, 2)
    assert isinstance(kinds.next_id(identity), kinds.types.Id) and isinstance(kinds.next_id((1, 2))[0], int)


def test_enums(kinds):
    Shape, Colour, Point = kinds.types.Shape, kinds.types.Colour, kinds.types.Point
    assert issubclass(Colour, enum.IntEnum)
    assert kinds.next_colour(Colour.Red) is Colour.Green
    assert kinds.next_colour("Green") is Colour.Blue
    with pytest.raises(TypeError, match="a `Colour` \\(Red, Green, Blue\\)"):
        kinds.next_colour(99)
    circle = kinds.grow(Shape.Circle(Point(0.0, 0.0, True), 1.0))
    assert isinstance(circle, Shape) and isinstance(circle, Shape.Circle)
    label = kinds.grow(Shape.Label(text="a", size=1, weight=2))
    assert isinstance(label, Shape.Label) and label.text
    assert isinstance(kinds.grow(Shape.Empty()), Shape)


def test_what_is_wide_and_what_is_borrowed(every):
    assert every.wide(0, -(1 << 126)) == ((1 << 128) - 1, 1 << 126)
    with pytest.raises(OverflowError):
        every.wide(1 << 128, 0)
    assert every.cow("text") == "text!"
    assert every.optional_text("text") == "TEXT" and every.optional_text(None) is None
    assert every.join(["a", "b"], ["c"]) == "a,b|c"
    assert every.deep([("ab", [1, 2, 3], 4), None]) == 9
    Mark = every.types.Mark
    assert every.references(Mark(1, True), "four", [Mark(2, False), None]) == 7
    assert every.mark(Mark(1, True)) == Mark(2, False)
    assert every.boxed(12) == "12"
    assert every.first_word("one two", "three") == "one"
    assert every.larger([1], [2, 3, 4]) == [3, 4] and every.larger([], []) is None
    assert every.pick([Mark(1, True), Mark(2, True)], 1) == Mark(2, True)
    with pytest.raises(polyplug.Err, match="no mark 5"):
        every.pick([Mark(1, True)], 5)
    assert every.field(every.types.Sample(1.0, 2.5)) == 2.5
    assert every.words("a b  c") == ["a", "b", "c"]
    assert every.split("key=value") == ("key", "value", 9)
    with pytest.raises(polyplug.Fault) as raised:
        every.escapes("text", 1)
    assert raised.value.kind == "escaped-borrow"


def test_maps_sets_times_paths_flags(every):
    assert every.maps({"a": b"\1\2", "b": b""}, {1: "a", 2: "b", 3: "a"}) == {
        "a": {1: b"\1\2", 3: b"\1\2"}, "b": {2: b""},
    }
    assert every.lengths({"a": "bc"}) == {"a": 2}
    assert every.sets({"x", "y"}, {"one"}) == ({"x", "y"}, {"one"})
    with pytest.raises(TypeError, match="a set"):
        every.sets(["x"], set())
    with pytest.raises(TypeError, match="a dict"):
        every.lengths([("a", "b")])
    now = datetime.datetime(2024, 2, 29, 12, tzinfo=datetime.timezone.utc)
    later, twice = every.times(now, datetime.timedelta(seconds=1, microseconds=5))
    assert later == now + datetime.timedelta(seconds=1, microseconds=5)
    assert twice == datetime.timedelta(seconds=2, microseconds=10)
    before, short = every.times(-1_500_000_001, 1)
    assert before.nanoseconds == -1_500_000_000 and short.nanoseconds == 2
    assert short == datetime.timedelta(0)
    exact, _ = every.times(before, short)
    assert exact.nanoseconds == -1_499_999_998
    with pytest.raises(ValueError, match="time zone"):
        every.times(datetime.datetime(2024, 1, 1), 0)
    with pytest.raises(OverflowError):
        every.times(0, -1)
    assert every.path("a", pathlib.Path("b"), ["c", b"d"]) == pathlib.Path("a/b/c/d")
    assert every.path("\udcff", "x", []) == pathlib.Path("\udcff/x")
    Style = every.types.Style
    assert issubclass(Style, enum.IntFlag)
    assert every.style(Style.BIT_0, [Style.BIT_1, 0x8000]) == Style.BIT_0 | Style.BIT_1 | Style.BIT_15


def test_what_a_method_changes(every):
    Sample = every.types.Sample
    samples, data = [Sample(1.0, 2.0), Sample(3.0, 4.0)], bytearray(b"abc")
    assert every.scale(samples, data, 2.0) is None
    assert samples == [Sample(2.0, -4.0), Sample(6.0, -8.0)] and data == b"cba"
    text, parts = polyplug.Text("some"), ["a", None]
    assert every.append(text, parts) == 4
    assert text.value == "some and more" and parts == ["a", None, "some and more", None]
    text, parts = polyplug.Text("some"), ["a"]
    with pytest.raises(polyplug.Fault, match="changed, and then failed"):
        every.append_and_fail(text, parts)
    assert text.value == "some" and parts == ["a"]
    with pytest.raises(TypeError, match="argument `text`.*polyplug.Text"):
        every.append("some", [])


def test_closures_of_python(every):
    assert every.each(4, lambda number: number * number) == [0, 1, 4, 9]
    threads = set()

    def work(text, data, number):
        threads.add(threading.get_ident())
        return f"{text}{data!r}{number}"

    assert every.each_shared(3, work) == [f"thread{bytes([1, 2, 3])!r}{number}" for number in range(3)]
    assert threading.get_ident() not in threads
    heard = []
    every.feed(["a", "b"], heard.append)
    assert heard == ["a", "b"]
    assert every.maybe(None) is None and every.maybe(lambda: True) is True
    assert every.checked(lambda number: number + 1) == 3
    with pytest.raises(polyplug.Fault, match="the closure said: ValueError: bad"):
        every.checked(raise_value_error)
    with pytest.raises(polyplug.Fault) as raised:
        every.each(1, raise_value_error)
    assert "raise_value_error" in raised.value.text and "ValueError: bad" in raised.value.text
    assert every.keep(lambda number: number + 1) is None
    assert every.call_kept(1) == 2
    before = every.keep(lambda number: number + 10)
    assert before(5) == 6 and every.call_kept(1) == 11
    assert every.once(lambda text: text + "?", "really") == "really?"
    assert every.share(lambda number: number * 3)(2) == 18
    adder = every.adder(5)
    assert adder(2) == 7 and adder.call(3) == 8
    assert every.each(3, adder) == [5, 6, 7]
    with pytest.raises(TypeError, match="a callable"):
        every.each(1, 5)
    with adder:
        pass
    with pytest.raises(polyplug.Fault):
        adder(1)


def raise_value_error(*_):
    raise ValueError("bad")


class Ear:
    """`every.listener`."""

    def __init__(self):
        self.heard = []

    def hear(self, what):
        self.heard.append(what)
        return len(self.heard)


def test_objects(every):
    ear = Ear()
    assert every.tell(ear, 3) == 3 and ear.heard == ["time 0", "time 1", "time 2"]
    assert every.tell_elsewhere(ear) == 4
    assert every.tell_all([ear, None, ear]) == 11
    theirs = every.listener("a plugin's")
    assert theirs.hear("x") == 0 and theirs.hear("y") == 1
    assert theirs.name().startswith("a plugin's of ")
    assert every.tell(theirs, 2) == 3
    # One owner becomes many: by way of Python.
    back = every.there_and_back(theirs)
    assert back.hear("z") == theirs.hear("z") - 1
    assert every.there_and_back(back).hear("z") == theirs.hear("z") - 1
    assert every.there_and_back(ear).name() == "nobody"  # what it leaves out is its default body
    assert every.keep_listener(ear) == 0
    assert every.keep_listener(None) > 0 and ear.heard[-1] == "farewell"
    made = every.listeners(3)
    assert [name for name, _ in made] == ["number 0", "number 1", "number 2"]
    assert made[1][1] is None and made[0][1].hear("x") == 0
    with pytest.raises(TypeError, match="lacks hear"):
        every.tell(object(), 1)


class Lines:
    """`every.lines`."""

    def __init__(self, *lines):
        self.lines, self.at = lines, 0

    def next(self):
        if self.at == len(self.lines):
            return None
        self.at += 1
        return self.lines[self.at - 1]

    def rewind(self):
        self.at = 0

    def read(self):
        return self.at


def test_exclusive_objects(every, runtime):
    lines = every.lines("a\nb\nc")
    assert lines.next() == "a" and lines.read() == 1
    assert every.peek(lines) == 1
    assert every.read_all(lines) == ["b", "c"]
    lines.rewind()
    assert every.consume(lines) == 3
    with pytest.raises(ValueError, match="given away"):
        every.consume(lines)
    mine = Lines("x", "y")
    assert every.read_all(mine) == ["x", "y"] and every.peek(mine) == 2
    own = runtime.create("every.lines")
    assert own.read() == 0 and own.is_current


def test_data_that_holds_objects(every):
    ear = Ear()
    job = every.run(every.types.Job("work", ear, lambda number: number + 1), 2)
    assert job.name == "work!" and ear.heard == ["work 1", "work 2"]
    assert job.work(4) == 5
    assert every.run(job, 1).name == "work!!"
    with pytest.raises(ValueError, match="given away"):
        every.run(job, 1)
    with pytest.raises(polyplug.Fault, match="work and 1"):
        every.drop_and_panic(every.types.Job("work", None, lambda number: number), [ear])


def test_values_of_python_are_let_go(every):
    import polyplug._contract as inner

    gc.collect()
    count = len(inner._provided)
    every.each(2, lambda number: number)
    every.tell(Ear(), 1)
    every.once(lambda text: text, "x")
    every.share(lambda number: number)
    every.run(every.types.Job("work", Ear(), lambda number: number), 1)
    with pytest.raises(OverflowError):
        every.each(-1, lambda number: number)
    with pytest.raises(TypeError):
        every.once(lambda text: text, 5)
    gc.collect()
    assert len(inner._provided) == count


def test_results_that_lie_in_the_plugin(every, runtime):
    shelf = runtime.get("every.shelf")
    assert isinstance(shelf.title(), str) and shelf.title().startswith(shelf.short())
    assert all(isinstance(number, int) for number in shelf.numbers())
    assert shelf.number(0) == shelf.numbers()[0] and shelf.number(1000) is None
    assert "a b".startswith(shelf.before("a b"))


def test_calls_inside_calls(every):
    assert every.each(3, lambda number: sum(every.each(number, lambda inner: inner + 1))) == [0, 1, 3]


def test_a_host_that_is_called_back(kinds, runtime):
    class Log:
        lines = []

        def write(self, line):
            self.lines.append(line)

        def last(self):
            return self.lines[-1] if self.lines else None

    class Listener:
        def hear(self, what):
            return 5

    assert kinds.call_back(Listener(), 3) == 15 or kinds.call_back(Listener(), 3) == 5
    assert runtime.provide("fixture.log", Log()).is_loaded
