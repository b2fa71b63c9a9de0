"""Every type beyond the scalars, texts and lists of kinds.py."""

import datetime
import gc
import pathlib

import polyplug

types = polyplug.types("every.every")


class Ear:
    def __init__(self, name):
        self.called, self.heard = name, -1

    def hear(self, what):
        if what == "panic":
            raise RuntimeError("deaf")
        self.heard += 1
        return self.heard

    def name(self):
        return self.called


class Nameless:
    def hear(self, what):
        return 7


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

    # `skip` is left to its default body.


@polyplug.plugin(implements="every.every", name="python-every", version="1.0.0")
class Every:
    def __init__(self):
        self.kept = self.listening = self.lent = None

    def wide(self, a, b):
        assert type(a) is int and type(b) is int
        return a, b

    def cow(self, text):
        return text + "!"

    def optional_text(self, text):
        if text == "lent":
            return self.lent("late")
        if text == "collect":
            gc.collect()
            return "collected"
        return text and text.upper()

    def join(self, parts, last):
        return ",".join(parts) + "|" + ",".join(last)

    def deep(self, parts):
        return sum(len(part[0]) + len(part[1]) + part[2] for part in parts if part is not None)

    def references(self, mark, text, list):
        return (mark.at if mark else 0) + len(text or "") + sum(item.at for item in list if item)

    def mark(self, mark):
        assert isinstance(mark, types.Mark)
        return types.Mark(at=mark.at + 1, set=not mark.set)

    def maps(self, hash, tree):
        return {name: {key: data for key, value in tree.items() if value == name} for name, data in hash.items()}

    def lengths(self, map):
        return {key: len(text) for key, text in map.items()}

    def sets(self, hash, tree):
        assert isinstance(hash, set) and isinstance(tree, set)
        return hash, frozenset(tree)

    def boxed(self, value):
        return str(value)

    def times(self, time, length):
        assert time.tzinfo is datetime.timezone.utc and isinstance(length, datetime.timedelta)
        return time.nanoseconds + length.nanoseconds, datetime.timedelta(microseconds=length.nanoseconds * 2 / 1000)

    def path(self, path, rest, more):
        assert isinstance(path, pathlib.Path)
        return path.joinpath(rest, *more)

    def style(self, style, all):
        assert all == [] or isinstance(style, types.Style)
        for other in all:
            style |= other
        return style

    def scale(self, samples, data, by):
        for sample in samples:
            sample.left *= by
            sample.right *= -by
        data.reverse()

    def append(self, text, list):
        text.value += " and more"
        list.extend([text.value, None])
        return len(list)

    def append_and_fail(self, text, list):
        text.value = "changed"
        list.append("changed")
        raise RuntimeError("changed, and then failed")

    def first_word(self, text, unused):
        return text.split(" ")[0]

    def larger(self, one, other):
        return max(one, other)

    def pick(self, marks, at):
        return marks[at]

    def field(self, sample):
        return sample.left

    def words(self, text):
        return text.split()

    def split(self, text):
        before, _, after = text.partition("=")
        return before, after, len(text)

    def escapes(self, text, how):
        return text if how == 0 else "a literal of the plugin"

    def each(self, count, work):
        return [work(number) for number in range(count)]

    def each_shared(self, count, work):
        return [work("python", b"\1\2\3", number) for number in range(count)]

    def feed(self, texts, sink):
        for text in texts:
            sink(text)
        self.lent = sink

    def maybe(self, work):
        return work and work()

    def checked(self, work):
        try:
            return work(1) + 1
        except polyplug.Fault as fault:
            raise RuntimeError("the closure said: " + fault.message) from None

    def keep(self, work):
        before, self.kept = self.kept, work
        return before

    def call_kept(self, value):
        return self.kept(value)

    def once(self, work, text):
        return work(text) if text else text

    def share(self, work):
        return lambda value: work(work(value))

    def adder(self, by):
        return by.__add__

    def tell(self, listener, times):
        last = 0
        for time in range(times):
            last = listener.hear(f"time {time}")
        return last

    def tell_elsewhere(self, listener):
        return listener.hear(what="elsewhere")

    def tell_all(self, listeners):
        return sum(listener.hear("all") for listener in listeners if listener)

    def listener(self, name):
        if name == "nameless":
            return Nameless()
        return {} if name == "wrong" else Ear(name)

    def there_and_back(self, listener):
        return listener

    def keep_listener(self, listener):
        before, self.listening = self.listening, listener
        return before.hear("farewell") if before else 0

    def listeners(self, count):
        return [(f"number {number}", Ear(f"number {number}") if number % 2 == 0 else None) for number in range(count)]

    def lines(self, text):
        return Stream(text)

    def read_all(self, lines):
        return list(iter(lines.next, None))

    def consume(self, lines):
        lines.skip(2)
        while lines.next() is not None:
            pass
        return lines.read()

    def peek(self, lines):
        return lines.read()

    def run(self, job, times):
        for time in range(times):
            result = job.work(time)
            if job.listener:
                job.listener.hear(f"{job.name} {result}")
        job.name += "!"
        return job

    def drop_and_panic(self, job, listeners):
        raise RuntimeError(f"{job.name} and {len(listeners)}")
