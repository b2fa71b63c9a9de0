"""The guest of the conformance kit in Python. What each method answers stands in plugins/fixtures/conformance/api."""

import datetime
import gc
import math
import time
import weakref

import polyplug

values = polyplug.types("conformance.values")
growing = polyplug.types("conformance.growing")
Colour, Shape, Point, Step = values.Colour, values.Shape, values.Point, growing.Step

# The listeners that were made, as long as anybody has them.
alive = weakref.WeakSet()


class Ear:
    def __init__(self, name):
        self.called, self.heard = name, -1
        alive.add(self)

    def hear(self, what):
        self.heard += 1
        return self.heard

    def name(self):
        return self.called


class Stream:
    def __init__(self, text):
        self.lines, self.at = text.split("\n"), 0

    def next(self):
        if self.at == len(self.lines):
            return None
        self.at += 1
        return self.lines[self.at - 1]

    def rewind(self):
        self.at = 0

    def read(self):
        return self.at


class Values:
    """`conformance.values`"""

    def _same(self, value):
        return value

    for kind in "i8 i16 i32 i64 i128 isize u8 u16 u32 u64 u128 usize f32 f64".split():
        locals()["same_" + kind] = _same
    same_text = same_list = same_floats = same_results = everything = forward = _same

    def not_(self, value):
        return not value

    def next_char(self, value):
        return {0xD7FF: "\ue000", 0x10FFFF: "\0"}.get(ord(value)) or chr(ord(value) + 1)

    def name_float(self, value):
        if math.isnan(value):
            return "nan"
        if math.isinf(value):
            return "inf" if value > 0 else "-inf"
        if value == 0:
            return "-0" if math.copysign(1, value) < 0 else "0"
        return "finite"

    def describe(self, yes, *others):
        return " ".join([str(yes).lower(), *map(str, others)])

    def eight(self, *numbers):
        return sum(at * number for at, number in enumerate(numbers, 1))

    def mixed(self, a, b, c, d):
        return a + b + c + d

    def nothing(self):
        pass

    def owned_text(self, text):
        return text + "!"

    def cow(self, text):
        return text + "?"

    def measure(self, text):
        return len(text.encode()), len(text)

    def repeat(self, text, times):
        return text * times

    def optional_text(self, text):
        return None if text is None else f"<{text}>"

    def reverse_bytes(self, data):
        return data[::-1]

    def fill(self, byte, count):
        return bytes([byte]) * count

    def sum(self, numbers):
        return sum(numbers)

    def not_all(self, truths):
        return [not truth for truth in truths]

    def spell(self, letters):
        return "".join(letters)

    def _reversed(self, items):
        return items[::-1]

    reverse_texts = reverse_lists = reverse_points = _reversed

    def join(self, texts, between):
        return between.join(texts)

    def join_borrowed(self, texts):
        return ",".join(texts)

    def deep(self, parts):
        return sum(len(text.encode()) + len(numbers) + byte for text, numbers, byte in filter(None, parts))

    def rotate(self, numbers):
        return numbers[1:] + numbers[:1]

    def exchange(self, texts):
        return texts[::-1]

    def swap(self, pair):
        return pair[::-1]

    def boxed(self, value):
        return str(value)

    def half(self, value):
        return value // 2 if value is not None and value % 2 == 0 else None

    def maybe(self, value):
        match value:
            case polyplug.Some(str(text)):
                return polyplug.Some(f"<{text}>")
        return value

    def divide(self, a, b):
        if b == 0:
            raise polyplug.Err(values.Problem.Refused("by zero", -1))
        quotient = abs(a) // abs(b)
        return quotient if (a < 0) == (b < 0) else -quotient

    def parse(self, text):
        digits = text.removeprefix("-")
        if not (digits.isascii() and digits.isdigit()):
            raise polyplug.Err("no number: " + text)
        return int(text)

    def settle(self, value):
        return f"ok {value.value}" if isinstance(value, polyplug.Ok) else f"err {value.value}"

    def invert(self, map):
        return {value: key for key, value in map.items()}

    def lengths(self, map):
        return {key: len(text.encode()) for key, text in map.items()}

    def collect(self, map):
        collected = {}
        for key, text in sorted(map.items()):
            collected.setdefault(text, []).append(key)
        return collected

    def sets(self, hash, tree):
        return hash, tree

    def times(self, time, length):
        return time.nanoseconds + length.nanoseconds, 2 * length.nanoseconds

    def path(self, folder, file):
        return folder / file

    def distance(self, point):
        return math.hypot(point.x, point.y)

    def mirror(self, point):
        return Point(point.y, point.x)

    def toggle(self, mark):
        mark.at += 1
        mark.set = not mark.set
        return mark

    def next_id(self, id):
        return id._0 + 1, id._1 + 1

    def next_colour(self, colour):
        return {Colour.Red: Colour.Green, Colour.Green: Colour.Blue, Colour.Blue: Colour.Red}[colour]

    def grow(self, shape):
        match shape:
            case Shape.Empty():
                return Shape.Circle(Point(0.0, 0.0), 1.0)
            case Shape.Circle(place, radius):
                return Shape.Circle(place, radius * 2)
            case Shape.Label(text, size, weight):
                return Shape.Label(text * 2, size + 1, weight)

    def styles(self, style, more):
        for other in more:
            style |= other
        return style

    def count(self, tree):
        return 1 + sum(map(self.count_tree, tree.children)) + (self.count_tree(tree.next) if tree.next else 0)

    count_tree = count

    def rename(self, tree, title):
        tree.title = title
        return tree

    def references(self, mark, text, marks):
        return sum(mark.at for mark in [mark, *marks] if mark) + len((text or "").encode())

    def scale(self, points, by):
        for point in points:
            point.x *= by
            point.y *= by

    def reverse(self, data):
        data.reverse()

    def append(self, text, list):
        text.value += " and more"
        list += [text.value, None]
        return len(list)

    def append_and_fail(self, text, list):
        text.value += "!"
        list.clear()
        raise RuntimeError("changed, and then failed")

    def answer(self):
        return 42


class Borrows:
    """`conformance.borrows`: a text that is a part of an argument can be returned, nothing else."""

    def first_word(self, text):
        return text.partition(" ")[0]

    def words(self, text):
        return text.split()

    @polyplug.method("conformance.borrows", "split")
    def split_text(self, text):
        before, equals, after = text.partition("=")
        return (before, after) if equals else None

    def longer(self, one, other):
        return other if len(other) > len(one) else one

    def pick(self, marks, at):
        if at < len(marks):
            return marks[at]
        raise polyplug.Err(f"no mark {at}")


class Growing:
    """`conformance.growing`"""

    def widen(self, options):
        return growing.Options(name=options.name + "!", width=options.width + 1, depth=options.depth + 1)

    def step(self, step):
        match step:
            case Step.Rest():
                return Step.Walk(1)
            case Step.Walk(far):
                return Step.Walk(far + 1)
            case Step.Say(words):
                return Step.Say(words + "!")

    def reverse_steps(self, steps):
        return steps[::-1]


class Lies:
    """`conformance.lies`"""

    def text(self):
        return b"a\xffb"

    def surrogate(self):
        return "\ud800"

    def truth(self):
        return 2

    letter = surrogate

    def beyond(self):
        return 0x110000

    def colour(self):
        return 8

    def shape(self):
        return Colour.Red

    @polyplug.method("conformance.lies", "maybe")
    def no_option(self):
        return {}

    def outcome(self):
        return polyplug.Err(5)

    def texts(self):
        return ["a", "\udfff"]

    def truths(self):
        return [True, 2]

    def tree(self):
        def tree(title, *children):
            return values.Tree(title, {"at": 0, "set": False}, children, None, [])

        return tree("root", tree("\udfff"))

    def length(self):
        return datetime.timedelta(-1)

    def map(self):
        return {"\udfff": 1}

    def change(self, text):
        text.value = "a\udfffb"

    @polyplug.method("conformance.lies", "tell")
    def tell_lies(self):
        return self.desk.write("a\udfffb")


class Life:
    """`conformance.life`"""

    def throw(self, message):
        self._thrown(message)

    throw_into = throw

    def _thrown(self, message):
        raise RuntimeError(message)

    @polyplug.method("conformance.life", "count")
    def count_calls(self):
        self.calls += 1
        return self.calls

    def add(self, a, b):
        return a + b

    def wait(self, milliseconds):
        time.sleep(milliseconds / 1000)
        return milliseconds

    def _configured(self, name, wanted):
        value = (self.context.config() or {}).get(name)
        return value if isinstance(value, wanted) else None

    def setting(self, name):
        return self._configured(name, str)

    def number(self, name):
        return self._configured(name, int)

    def log(self, text):
        polyplug.log.info(text)

    def write(self, line):
        return self.desk.write(line)

    def lookup(self, key):
        return self.desk.lookup(key)

    @polyplug.method("conformance.life", "settle")
    def settle_at_desk(self, number):
        return self.desk.settle(number)

    def fail(self, message):
        self.desk.fail(message)

    def caught(self, message):
        try:
            self.desk.fail(message)
        except polyplug.Fault as fault:
            return "caught: " + fault.message
        return "it did not fail"

    def through(self, value):
        return self.desk.everything(value)

    def apply(self, by, value):
        return self.desk.apply(lambda number: number + by, value)

    def borrow(self, name):
        listener = self.desk.listener(name)
        listener.hear("guest")
        return listener.name()

    def give(self, name):
        return self.desk.keep(Ear(name))

    def enter(self, depth):
        return self.desk.again(depth - 1) + 1 if depth else 0

    def greet(self, name):
        return self.context.peer("conformance.peer").greet(name)

    def peers(self, number):
        return sum(peer.double(number) for peer in self.context.peers("conformance.peer"))


class Closures:
    """`conformance.closures`"""

    def each(self, count, work):
        return [work(number) for number in range(count)]

    def feed(self, texts, sink):
        for index, text in enumerate(texts):
            sink(text, index)

    def perhaps(self, work):
        return work() if work else None

    def checked(self, work):
        try:
            return work(1) + 1
        except polyplug.Fault as fault:
            raise RuntimeError("the closure said: " + fault.message) from None

    @polyplug.method("conformance.closures", "keep")
    def keep_work(self, work):
        before, self.kept_work = self.kept_work, work
        return before

    def kept(self, value):
        if self.kept_work is None:
            raise RuntimeError("nothing is kept")
        return self.kept_work(value)

    def forget(self):
        before, self.kept_work = self.kept_work, None
        return before is not None

    def once(self, work, text):
        return work(text)

    @polyplug.method("conformance.closures", "twice")
    def work_twice(self, work):
        return lambda value: work(work(value))

    def adder(self, by):
        return lambda value: value + by


class Objects:
    """`conformance.objects`"""

    def tell(self, listener, times):
        last = 0
        for time in range(times):
            last = listener.hear(f"time {time}")
        return last

    def tell_all(self, listeners):
        return sum(listener.hear("all") for listener in listeners if listener)

    def listener(self, name):
        return Ear(name)

    def alive(self):
        gc.collect()
        return len(alive)

    def there_and_back(self, listener):
        return listener

    @polyplug.method("conformance.objects", "keep")
    def keep_listener(self, listener):
        before, self.kept_listener = self.kept_listener, listener
        return before.hear("farewell") if before else 0

    def listeners(self, count):
        return [(f"number {at}", None if at % 2 else Ear(f"number {at}")) for at in range(count)]

    def lines(self, text):
        return Stream(text)

    def read_all(self, lines):
        return list(iter(lines.next, None))

    def consume(self, lines):
        lines.skip(2)
        while lines.next() is not None:
            pass
        return lines.read()

    def run(self, job, times):
        for time in range(times):
            result = job.work(time)
            if job.listener:
                job.listener.hear(f"{job.name} {result}")
        job.name += "!"
        return job


@polyplug.plugin(
    implements=[
        "conformance.values",
        "conformance.borrows",
        "conformance.growing",
        "conformance.lies",
        "conformance.life",
        "conformance.closures",
        "conformance.objects",
    ],
    requires="conformance.desk",
    wants="conformance.peer",
    name="conformance-guest",
    version="1.2.3",
    description="The conformance guest",
    authors=["Ada", "Grace"],
    license="MIT OR Apache-2.0",
    repository="https://example.org/conformance",
)
class Guest(Values, Borrows, Growing, Lies, Life, Closures, Objects):
    def __init__(self):
        self.desk = self.context.host("conformance.desk")
        self.calls = 0
        self.kept_work = self.kept_listener = None

    @polyplug.save
    def calls_so_far(self):
        return str(self.calls)

    @polyplug.restore
    def go_on(self, saved):
        self.calls = int(saved)


@polyplug.plugin(implements="conformance.lines", name="conformance-stream", version="1.2.3")
class Lines(Stream):
    """The exclusive plugin: each caller has one of its own."""

    def __init__(self):
        super().__init__("first\nsecond\nthird")
