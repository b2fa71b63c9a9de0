"""Every kind of value, in Python."""

import math

import polyplug

KindsError = polyplug.types("fixture.kinds").KindsError
Shape, Colour = polyplug.types("fixture.kinds").Shape, polyplug.types("fixture.kinds").Colour
Point = polyplug.types("fixture.kinds").Point


class OwnError(Exception):
    pass


class WithoutText(Exception):
    def __str__(self):
        raise RuntimeError("no text")


@polyplug.plugin(
    implements="fixture.kinds 1.0",
    name="python-kinds",
    version="1.0.0",
    description="every kind of value",
    authors=["One", "Other"],
)
class Kinds:
    def scalars(self, *values):
        return " ".join(str(value).lower() if isinstance(value, bool) else str(value) for value in values)

    def more_scalars(self, a, b, c, d):
        return a + b + c + d

    def narrow(self, value):
        return -128 if value == 127 else value + 1

    def not_(self, value):
        return not value

    def next_char(self, value):
        return chr(ord(value) + 1)

    def nothing(self):
        pass

    def greet(self, name):
        return f"Hello, {name}!"

    def shout(self, text):
        return text.upper()

    def sum(self, values):
        return sum(values)

    def join(self, parts, separator):
        return separator.join(parts)

    def double(self, values):
        return [value * 2 for value in values]

    def transpose(self, rows):
        return [list(column) for column in zip(*rows)]

    def rotate(self, values):
        return values[1:] + values[:1]

    def pair(self, values):
        return tuple(reversed(values))

    def half(self, value):
        return value // 2 if value is not None and value % 2 == 0 else None

    def maybe(self, value):
        match value:
            case polyplug.Some(str(text)):
                return polyplug.Some(f"<{text}>")
        return value

    def divide(self, a, b):
        if b == -1:
            raise polyplug.Err(KindsError.Refused("not by minus one"))
        return a // b

    def parse(self, text):
        if not text.isdigit():
            return polyplug.Err("invalid digit found in string")
        return int(text)

    def settle(self, value):
        match value:
            case polyplug.Ok(number):
                return f"ok {number}"
            case polyplug.Err(reason):
                return f"err {reason}"

    def swap(self, value):
        number, text = value
        return text, number

    def length(self, point):
        return math.hypot(point.x, point.y)

    def mirror(self, point):
        return {"x": point.y, "y": point.x, "visible": not point.visible}

    def centre(self, points):
        if not points:
            return None
        count = len(points)
        return Point(sum(p.x for p in points) / count, sum(p.y for p in points) / count, all(p.visible for p in points))

    def count(self, document):
        after = self.count(document.next) if document.next else 0
        return 1 + sum(map(self.count, document.parts)) + after

    def rename(self, document, title):
        document.title = title
        return document

    def grow(self, shape):
        match shape:
            case Shape.Empty():
                return Shape.Circle(Point(0.0, 0.0, False), 1.0)
            case Shape.Circle(place, radius):
                return Shape.Circle(place, radius * 2)
            case Shape.Label(text, size, weight):
                return Shape.Label(text=text * 2, size=size + 1, weight=weight)

    def next_colour(self, colour):
        return {Colour.Red: Colour.Green, Colour.Green: "Blue", Colour.Blue: 0}[colour]

    def next_id(self, id):
        return id[0] + 1, id._1 + 1

    def forward(self, fault):
        return fault

    def boxed(self, value):
        return str(value)

    def eight(self, *values):
        return sum(number * value for number, value in enumerate(values, 1))

    def call_back(self, listener, times):
        return sum(listener.hear(f"time {time}") for time in range(times))

    def answer(self):
        return 42

    # Wrong on purpose.

    def panic(self, message):
        if message == "deep":
            return self.panic(message)
        if message == "own":
            raise OwnError
        if message == "assert":
            assert message == "", "not so"
        if message == "text":
            raise WithoutText
        if message == "surrogate":
            raise ValueError("half \ud800 of a pair")
        if message == "exit":
            raise SystemExit(3)
        if message == "chain":
            try:
                {}["first"]
            except KeyError as error:
                raise ValueError("second") from error
        if message == "elsewhere":
            import json

            json.loads("{")
        raise RuntimeError("boom")

    def panic_into(self, message):
        raise RuntimeError(message)
