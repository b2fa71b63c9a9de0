"""Values as they cross: written and read by what a contract says of their types.

Every type has two codecs, of its lent form (arguments) and of its owned form (results). A codec writes into a block of memory of
Python's at an offset, and reads from a copy of the bytes, whose address it knows too.
"""

import ctypes
import dataclasses
import datetime
import enum
import keyword
import operator
import os
import pathlib
import struct
import sys

from . import _native
from ._errors import Err, Fault, Ok, Some, Text, new_fault, read_fault

UNIT, BOOL, CHAR, I8, I16, I32, I64, U8, U16, U32, U64, ISIZE, USIZE, F32, F64 = range(15)
STRING, LIST, ARRAY, OPTION, RESULT, TUPLE, STRUCT, ENUM, BOX, FAULT, OBJECT, TEXT, SLICE, REFERENCE = range(15, 29)
U128, I128, MAP, SET, DURATION, SYSTEM_TIME, PATH, BORROWED_PATH, FLAGS, GROWING_STRUCT, GROWING_ENUM = range(29, 40)

PLAIN, BY_VALUE, SEND, SYNC, UNIQUE, SHARED, ONCE = (1 << bit for bit in range(7))
OTHER_TAG = 0xFFFF_FFFF

FORMATS = {
    BOOL: "B", CHAR: "I", I8: "b", I16: "h", I32: "i", I64: "q", U8: "B", U16: "H", U32: "I", U64: "Q", ISIZE: "q",
    USIZE: "Q", F32: "f", F64: "d",
}
SIGNED = {I8, I16, I32, I64, ISIZE, I128}
BITS = {I8: 8, I16: 16, I32: 32, I64: 64, ISIZE: 64, U8: 8, U16: 16, U32: 32, U64: 64, USIZE: 64, U128: 128, I128: 128}

_pair = struct.Struct("<QQ")
_tag = struct.Struct("<I")
_word = struct.Struct("<Q")


def identifier(name):
    """A name that may stand in Python."""
    if name.isdigit():
        return "_" + name
    name = name[2:] if name.startswith("r#") else name
    return name + "_" if keyword.iskeyword(name) or name == "self" else name


class Duration(datetime.timedelta):
    """A length of time. `nanoseconds` is exact; as a `timedelta` it is cut off to microseconds, and to the largest there is."""

    _exact = None

    @classmethod
    def of(cls, nanoseconds):
        """That many nanoseconds."""
        try:
            made = cls(microseconds=nanoseconds // 1000)
        except OverflowError:
            made = cls.max
            made = cls(days=made.days, seconds=made.seconds, microseconds=made.microseconds)
        made._exact = nanoseconds
        return made

    @property
    def nanoseconds(self):
        """How many nanoseconds."""
        return nanoseconds_of(self) if self._exact is None else self._exact


_epoch = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)


class SystemTime(datetime.datetime):
    """A point in time, in UTC. `nanoseconds` since 1970 is exact; as a `datetime` it is cut off to microseconds, and to the years 1 to 9999."""

    _exact = None

    @classmethod
    def of(cls, nanoseconds):
        """That many nanoseconds after 1970."""
        try:
            at = _epoch + datetime.timedelta(microseconds=nanoseconds // 1000)
        except OverflowError:
            at = (datetime.datetime.max if nanoseconds > 0 else datetime.datetime.min).replace(tzinfo=datetime.timezone.utc)
        made = cls(at.year, at.month, at.day, at.hour, at.minute, at.second, at.microsecond, datetime.timezone.utc)
        made._exact = nanoseconds
        return made

    @property
    def nanoseconds(self):
        """Nanoseconds since 1970."""
        return nanoseconds_of(self - _epoch) if self._exact is None else self._exact


def nanoseconds_of(delta):
    """A `timedelta` in nanoseconds."""
    return ((delta.days * 86400 + delta.seconds) * 1_000_000 + delta.microseconds) * 1000


class TypeNode:
    """A type, as a contract describes it."""

    def __init__(self, address, record):
        self.address = address
        self.kind, self.flags, self.length = record.kind, record.flags, record.length
        self.name, self.docs, self.text = record.name.text(), record.docs.text(), record.text.text()
        self.lent = (record.lent_size, record.lent_align)
        self.owned = (record.owned_size, record.owned_align)
        self.elements, self.fields, self.variants, self.contract = [], [], [], None
        self._codecs = {}
        self._python = None

    @property
    def by_value(self):
        """Whether it travels as itself."""
        return bool(self.flags & BY_VALUE)

    def codec(self, owned):
        """The codec of one of its forms."""
        found = self._codecs.get(owned)
        if found is None:
            found = self._codecs[owned] = CODECS[self.kind].__new__(CODECS[self.kind])
            found.prepare(self, owned)
        return found

    @property
    def python(self):
        """The class that was generated for a struct, an enum or flags."""
        if self._python is None:
            self._python = MAKERS[self.kind](self)
        return self._python


@dataclasses.dataclass
class FieldNode:
    """A field of a struct, a tuple or a variant."""

    name: str
    docs: str
    ty: TypeNode
    lent_offset: int
    owned_offset: int
    has_default: bool


@dataclasses.dataclass
class VariantNode:
    """A variant of an enum."""

    name: str
    docs: str
    tag: int
    is_other: bool
    fields: list


class Arena:
    """What arguments point to, for one call; or what is to be undone when a result cannot be written."""

    def __init__(self, runtime):
        self.runtime = runtime
        self.kept = []
        self.undo = []
        self.after = []

    def block(self, size):
        """New memory, aligned to 8 bytes, zeroed."""
        block = (ctypes.c_uint64 * (size // 8 + 1))()
        self.kept.append(block)
        return block

    def abandon(self):
        """The call is not made: what was to be given away is let go."""
        for action in self.undo:
            action()
        self.close()

    def close(self):
        """The call was made."""
        for action in self.after:
            action()


class Scope:
    """What reading needs to know: whose objects are read, and which of them live for a call only."""

    def __init__(self, runtime, owned):
        self.runtime = runtime
        self.owned = owned
        self.borrowed = []

    def close(self):
        """The call is over."""
        for proxy in self.borrowed:
            proxy._end()


def wrong(value, expected):
    """A value of another type."""
    shown = repr(value)
    shown = shown if len(shown) < 80 else shown[:77] + "..."
    return TypeError(f"{expected} was expected, and this is {shown} ({type(value).__name__})")


class Codec:
    """How values of one form of a type are written and read."""

    hint = "object"

    def prepare(self, node, owned):
        self.node, self.owned = node, owned
        self.size, self.align = node.owned if owned else node.lent
        self.setup()

    def setup(self):
        pass

    def element(self, at=0):
        return self.node.elements[at].codec(self.owned)

    def write_wide(self, value, block, offset, arena):
        """As it stands in a signature, in 32 bits at least."""
        if self.size < 4:
            _tag.pack_into(block, offset, 0)
        self.write(value, block, offset, arena)


class UnitCodec(Codec):
    def write(self, value, block, offset, arena):
        if value is not None:
            raise wrong(value, "None")

    def read(self, data, offset, base, scope):
        return None


class BoolCodec(Codec):
    def write(self, value, block, offset, arena):
        if value is not True and value is not False:
            raise wrong(value, "a bool")
        struct.pack_into("B", block, offset, value)

    def read(self, data, offset, base, scope):
        return data[offset] != 0


class CharCodec(Codec):
    def write(self, value, block, offset, arena):
        if not isinstance(value, str) or len(value) != 1:
            raise wrong(value, "a text of one character")
        if 0xD800 <= ord(value) <= 0xDFFF:
            raise ValueError(f"{value!r} is half of a surrogate pair, and no character")
        _tag.pack_into(block, offset, ord(value))

    def read(self, data, offset, base, scope):
        return chr(_tag.unpack_from(data, offset)[0])


class IntegerCodec(Codec):
    def setup(self):
        bits = BITS[self.node.kind]
        signed = self.node.kind in SIGNED
        self.low, self.high = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
        self.bytes, self.signed = bits // 8, signed
        self.packed = struct.Struct("<" + FORMATS[self.node.kind]) if bits <= 64 else None

    def checked(self, value):
        try:
            number = operator.index(value)
        except TypeError:
            raise wrong(value, "an integer") from None
        if not self.low <= number <= self.high:
            raise OverflowError(f"{number} does not fit into `{self.node.text}`, which is {self.low} to {self.high}")
        return number

    def write(self, value, block, offset, arena):
        self.packed.pack_into(block, offset, self.checked(value))

    def write_wide(self, value, block, offset, arena):
        if self.bytes >= 4:
            return self.write(value, block, offset, arena)
        struct.pack_into("<i" if self.signed else "<I", block, offset, self.checked(value))

    def read(self, data, offset, base, scope):
        return self.packed.unpack_from(data, offset)[0]


class WideCodec(IntegerCodec):
    def write(self, value, block, offset, arena):
        number = self.checked(value) & ((1 << 128) - 1)
        _pair.pack_into(block, offset, number & ((1 << 64) - 1), number >> 64)

    def read(self, data, offset, base, scope):
        low, high = _pair.unpack_from(data, offset)
        number = low | high << 64
        return number - (1 << 128) if self.signed and high >> 63 else number


class FloatCodec(Codec):
    def setup(self):
        self.packed = struct.Struct("<" + FORMATS[self.node.kind])

    def write(self, value, block, offset, arena):
        if not hasattr(type(value), "__float__") and not hasattr(type(value), "__index__"):
            raise wrong(value, "a number")
        self.packed.pack_into(block, offset, value)

    def read(self, data, offset, base, scope):
        return self.packed.unpack_from(data, offset)[0]


def put_run(codec, data, count, size, block, offset, arena):
    """Writes a run: lent, its pointer and length; owned, a buffer of the library's memory."""
    if not codec.owned:
        address = 8
        if count:
            address = _native.address_of_bytes(data) if isinstance(data, bytes) else ctypes.addressof(data)
            arena.kept.append(data)
        _pair.pack_into(block, offset, address, count)
        return
    place = ctypes.addressof(block) + offset
    source = data if isinstance(data, bytes) else ctypes.c_char_p(ctypes.addressof(data)) if count else None
    source = ctypes.cast(source, ctypes.c_void_p) if source is not None else None
    if _native.library().polyplug_buffer_new(source, count, size, place):
        raise MemoryError("a result is too large")
    copied = bytes(ctypes.string_at(place, 32))

    def undo():
        pointer, _, capacity, release = struct.unpack("<QQQQ", copied)
        if release:
            ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_size_t)(release)(pointer, capacity)

    arena.undo.append(undo)


def get_run(data, offset, size):
    """The bytes of a run, and where they lie."""
    pointer, count = _pair.unpack_from(data, offset)
    return (_native.string_at(pointer, count * size) if count * size else b""), pointer, count


class StringCodec(Codec):
    def write(self, value, block, offset, arena):
        if not isinstance(value, str):
            raise wrong(value, "a text (str)")
        if self.owned and self.node.kind == TEXT:
            raise TypeError("a text that borrows from the arguments cannot be answered by Python")
        try:
            data = value.encode()
        except UnicodeEncodeError as error:
            raise ValueError(f"the text is no Unicode: {error}") from None
        put_run(self, data, len(data), 1, block, offset, arena)

    def read(self, data, offset, base, scope):
        return str(get_run(data, offset, 1)[0], "utf-8")


class ListCodec(Codec):
    def setup(self):
        # What a slice points to is in the lent form in both forms.
        self.inner = self.node.elements[0].codec(self.owned and self.node.kind != SLICE)
        kind = self.inner.node.kind
        self.format = FORMATS.get(kind) if kind not in (BOOL, CHAR) else None
        self.is_bytes = kind == U8

    def values(self, value):
        if isinstance(value, (str, dict)) or not hasattr(value, "__iter__"):
            raise wrong(value, "bytes" if self.is_bytes else "a list")
        return list(value)

    def write(self, value, block, offset, arena):
        if self.owned and self.node.kind == SLICE:
            raise TypeError("a list that borrows from the arguments cannot be answered by Python")
        if self.is_bytes and isinstance(value, (bytes, bytearray, memoryview)):
            data = bytes(value)
            return put_run(self, data, len(data), 1, block, offset, arena)
        values = self.values(value)
        data = self.pack(values, arena)
        put_run(self, data, len(values), self.inner.size, block, offset, arena)

    def pack(self, values, arena):
        size = self.inner.size
        data = arena.block(size * len(values))
        if self.format:
            try:
                struct.pack_into(f"<{len(values)}{self.format}", data, 0, *values)
                return data
            except (struct.error, TypeError, OverflowError):
                pass  # the long way says which of them
        for at, element in enumerate(values):
            try:
                self.inner.write(element, data, at * size, arena)
            except (TypeError, ValueError, OverflowError) as error:
                raise type(error)(f"element {at}: {error}") from None
        return data

    def read(self, data, offset, base, scope):
        run, address, count = get_run(data, offset, self.inner.size)
        return self.unpack(run, address, count, scope)

    def unpack(self, run, address, count, scope):
        if self.is_bytes:
            return run
        if self.format:
            return list(struct.unpack(f"<{count}{self.format}", run))
        read, size = self.inner.read, self.inner.size
        return [read(run, at * size, address, scope) for at in range(count)]


class SetCodec(ListCodec):
    def values(self, value):
        if not isinstance(value, (set, frozenset)) and not hasattr(type(value), "keys"):
            raise wrong(value, "a set")
        return list(value)

    def unpack(self, run, address, count, scope):
        return {hashable(element) for element in super().unpack(run, address, count, scope)}


class MapCodec(ListCodec):
    def values(self, value):
        if not hasattr(value, "items"):
            raise wrong(value, "a dict")
        return list(value.items())

    def unpack(self, run, address, count, scope):
        return {hashable(key): value for key, value in super().unpack(run, address, count, scope)}


def hashable(value):
    """A value that may be a key."""
    return tuple(hashable(part) for part in value) if isinstance(value, list) else value


class ArrayCodec(Codec):
    def setup(self):
        self.inner = self.element()

    def write(self, value, block, offset, arena):
        values = list(value) if hasattr(value, "__iter__") and not isinstance(value, (str, dict)) else None
        if values is None or len(values) != self.node.length:
            raise wrong(value, f"a list of {self.node.length}")
        for at, element in enumerate(values):
            self.inner.write(element, block, offset + at * self.inner.size, arena)

    def read(self, data, offset, base, scope):
        size = self.inner.size
        values = [self.inner.read(data, offset + at * size, base, scope) for at in range(self.node.length)]
        return bytes(values) if self.inner.node.kind == U8 else values


class OptionCodec(Codec):
    def setup(self):
        self.inner = self.element()
        self.at = max(self.align, 4)
        self.nested = self.inner.node.kind in (OPTION, UNIT)

    def write(self, value, block, offset, arena):
        if value is None:
            _tag.pack_into(block, offset, 0)
            return
        _tag.pack_into(block, offset, 1)
        self.inner.write(value.value if isinstance(value, Some) else value, block, offset + self.at, arena)

    def read(self, data, offset, base, scope):
        if not _tag.unpack_from(data, offset)[0]:
            return None
        value = self.inner.read(data, offset + self.at, base, scope)
        return Some(value) if self.nested else value


class ResultCodec(Codec):
    def setup(self):
        self.ok, self.err = self.element(0), self.element(1)
        self.at = max(self.align, 4)

    def write(self, value, block, offset, arena):
        if isinstance(value, (Err, Fault)):
            _tag.pack_into(block, offset, 1)
            inner = value if isinstance(value, Fault) else value.value
            return self.err.write(inner, block, offset + self.at, arena)
        _tag.pack_into(block, offset, 0)
        self.ok.write(value.value if isinstance(value, Ok) else value, block, offset + self.at, arena)

    def read(self, data, offset, base, scope):
        if _tag.unpack_from(data, offset)[0]:
            return Err(self.err.read(data, offset + self.at, base, scope))
        return Ok(self.ok.read(data, offset + self.at, base, scope))


class FieldsCodec(Codec):
    """Fields in order, at their offsets."""

    def fields_of(self, fields):
        which = "owned_offset" if self.owned else "lent_offset"
        return [(field.name, identifier(field.name), getattr(field, which), field.ty.codec(self.owned)) for field in fields]

    def write_fields(self, fields, value, expected, block, offset, arena):
        if isinstance(value, dict):
            get = value.__getitem__
        elif isinstance(value, (tuple, list)) and len(value) == len(fields):
            by_name = {python: part for (_, python, _, _), part in zip(fields, value)}
            get = by_name.__getitem__
        else:
            def get(name):
                return getattr(value, name)
        for name, python, at, codec in fields:
            try:
                part = get(python)
            except (KeyError, AttributeError):
                raise wrong(value, f"{expected} with a field `{python}`") from None
            try:
                codec.write(part, block, offset + at, arena)
            except (TypeError, ValueError, OverflowError) as error:
                raise type(error)(f"field `{name}`: {error}") from None

    def read_fields(self, fields, data, offset, base, scope):
        return [codec.read(data, offset + at, base, scope) for _, _, at, codec in fields]


class TupleCodec(FieldsCodec):
    def setup(self):
        self.fields = self.fields_of(self.node.fields)

    def write(self, value, block, offset, arena):
        if not isinstance(value, (tuple, list)) or len(value) != len(self.fields):
            raise wrong(value, f"a tuple of {len(self.fields)}")
        self.write_fields(self.fields, value, "a tuple", block, offset, arena)

    def read(self, data, offset, base, scope):
        return tuple(self.read_fields(self.fields, data, offset, base, scope))


class StructCodec(FieldsCodec):
    def setup(self):
        self.fields = self.fields_of(self.node.fields)

    def write(self, value, block, offset, arena):
        self.write_fields(self.fields, value, f"a `{self.node.name}`", block, offset, arena)

    def read(self, data, offset, base, scope):
        return self.node.python(*self.read_fields(self.fields, data, offset, base, scope))


class EnumCodec(FieldsCodec):
    def setup(self):
        self.by_tag = {variant.tag: (variant, self.fields_of(variant.fields)) for variant in self.node.variants}
        self.plain = fieldless(self.node)

    def find(self, value):
        """The variant of a value."""
        if self.plain and isinstance(value, int) and not isinstance(value, bool):
            if int(value) in self.by_tag:
                return self.by_tag[int(value)]
        elif isinstance(value, str):
            for found in self.by_tag.values():
                if found[0].name == value and not found[1]:
                    return found
        else:
            name = getattr(type(value), "_polyplug_variant", None)
            for found in self.by_tag.values():
                if name == (self.node.name, found[0].name):
                    return found
        names = ", ".join(variant.name for variant in self.node.variants)
        raise wrong(value, f"a `{self.node.name}` ({names})")

    def write(self, value, block, offset, arena):
        variant, fields = self.find(value)
        _tag.pack_into(block, offset, variant.tag)
        self.write_fields(fields, value, f"`{self.node.name}.{variant.name}`", block, offset, arena)

    def read(self, data, offset, base, scope):
        variant, fields = self.by_tag[_tag.unpack_from(data, offset)[0]]
        if self.plain:
            return self.node.python(variant.tag)
        made = getattr(self.node.python, identifier(variant.name))
        return made(*self.read_fields(fields, data, offset, base, scope))


class BoxCodec(Codec):
    """A pointer to one value: of a box, or of a reference, behind which everything is lent."""

    def setup(self):
        self.inner = self.node.elements[0].codec(self.owned and self.node.kind == BOX)

    def write(self, value, block, offset, arena):
        place = arena.block(self.inner.size)
        self.inner.write(value, place, 0, arena)
        if not self.owned:
            _word.pack_into(block, offset, ctypes.addressof(place))
        elif self.node.kind == BOX:
            put_run(self, place, 1, self.inner.size, block, offset, arena)
        else:
            raise TypeError("a reference into the arguments cannot be answered by Python")

    def read(self, data, offset, base, scope):
        pointer = _word.unpack_from(data, offset)[0]
        return self.inner.read(_native.string_at(pointer, self.inner.size), 0, pointer, scope)


class FaultCodec(Codec):
    def write(self, value, block, offset, arena):
        if not isinstance(value, BaseException):
            raise wrong(value, "a polyplug.Fault")
        address = new_fault(value)
        _word.pack_into(block, offset, address)
        release = (lambda: _native.library().polyplug_fault_release(address))
        (arena.undo if self.owned else arena.after).append(release)

    def read(self, data, offset, base, scope):
        return read_fault(_word.unpack_from(data, offset)[0])


class TimeCodec(Codec):
    def setup(self):
        self.is_time = self.node.kind == SYSTEM_TIME
        self.packed = struct.Struct("<qI" if self.is_time else "<QI")

    def write(self, value, block, offset, arena):
        exact = getattr(value, "nanoseconds", None)
        if isinstance(exact, int):
            number = exact
        elif isinstance(value, int) and not isinstance(value, bool):
            number = value
        elif self.is_time and isinstance(value, datetime.datetime):
            if value.tzinfo is None:
                raise ValueError("a datetime without a time zone is no point in time: give it one (`datetime.timezone.utc`)")
            number = nanoseconds_of(value - _epoch)
        elif not self.is_time and isinstance(value, datetime.timedelta):
            number = nanoseconds_of(value)
        else:
            raise wrong(value, "a datetime, or nanoseconds since 1970" if self.is_time else "a timedelta, or nanoseconds")
        seconds, rest = divmod(number, 1_000_000_000)
        try:
            self.packed.pack_into(block, offset, seconds, rest)
        except struct.error:
            raise OverflowError(f"{number} nanoseconds do not fit into `{self.node.text}`") from None

    def read(self, data, offset, base, scope):
        seconds, rest = self.packed.unpack_from(data, offset)
        return (SystemTime if self.is_time else Duration).of(seconds * 1_000_000_000 + rest)


class PathCodec(Codec):
    def write(self, value, block, offset, arena):
        if self.owned and self.node.kind == BORROWED_PATH:
            raise TypeError("a path that borrows from the arguments cannot be answered by Python")
        try:
            path = os.fspath(value)
        except TypeError:
            raise wrong(value, "a path") from None
        if sys.platform == "win32":
            data, unit = os.fsdecode(path).encode("utf-16-le", "surrogatepass"), 2
        else:
            data, unit = os.fsencode(path), 1
        put_run(self, data, len(data) // unit, unit, block, offset, arena)

    def read(self, data, offset, base, scope):
        if sys.platform == "win32":
            return pathlib.Path(get_run(data, offset, 2)[0].decode("utf-16-le", "surrogatepass"))
        return pathlib.Path(os.fsdecode(get_run(data, offset, 1)[0]))


class FlagsCodec(Codec):
    def setup(self):
        self.inner = self.element()

    def write(self, value, block, offset, arena):
        self.inner.write(value, block, offset, arena)

    def write_wide(self, value, block, offset, arena):
        self.inner.write_wide(value, block, offset, arena)

    def read(self, data, offset, base, scope):
        return self.node.python(self.inner.read(data, offset, base, scope))


_grown_release = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_size_t)


class GrowingCodec(FieldsCodec):
    """Data that may get more fields or variants. It lies behind a pointer, in the owned form of its fields when it is handed over."""

    def setup(self):
        self.is_struct = self.node.kind == GROWING_STRUCT
        self.fields = self.fields_of(self.node.fields)
        self.by_tag = {variant.tag: (variant, self.fields_of(variant.fields)) for variant in self.node.variants}

    def write(self, value, block, offset, arena):
        if self.owned:
            raise TypeError(f"a `{self.node.name}`, which may grow, cannot be answered by Python")
        if self.is_struct:
            end = max((at + codec.size for _, _, at, codec in self.fields), default=4)
            place = arena.block(end)
            _tag.pack_into(place, 0, end)
            self.write_fields(self.fields, value, f"a `{self.node.name}`", place, 0, arena)
        else:
            variant, fields = EnumCodec.find(self, value)
            place = arena.block(16)
            payload = arena.block(max((at + codec.size for _, _, at, codec in fields), default=0))
            self.write_fields(fields, value, f"`{self.node.name}.{variant.name}`", payload, 0, arena)
            _tag.pack_into(place, 0, OTHER_TAG if variant.is_other else variant.tag)
            _word.pack_into(place, 8, 0 if variant.is_other else ctypes.addressof(payload))
        _pair.pack_into(block, offset, ctypes.addressof(place), 0)

    plain = False

    def read(self, data, offset, base, scope):
        pointer = _word.unpack_from(data, offset)[0]
        size = _tag.unpack_from(_native.string_at(pointer, 4))[0]
        if self.is_struct:
            inner = _native.string_at(pointer, size)
            values = {}
            for _, python, at, codec in self.fields:
                if at + codec.size <= size:
                    values[python] = codec.read(inner, at, pointer, scope)
            return self.node.python(**values)
        payload = _word.unpack_from(_native.string_at(pointer, 16), 8)[0]
        found = self.by_tag.get(size)
        if found is None or found[0].is_other:
            for variant, _ in self.by_tag.values():
                if variant.is_other:
                    return getattr(self.node.python, identifier(variant.name))()
            raise ValueError(f"`{self.node.name}` has a variant that is not known here")
        variant, fields = found
        end = max((at + codec.size for _, _, at, codec in fields), default=0)
        inner = _native.string_at(payload, end) if end else b""
        return getattr(self.node.python, identifier(variant.name))(*self.read_fields(fields, inner, 0, payload, scope))


class ObjectCodec(Codec):
    """Objects and closures. What is done with them lies in `_contract`."""

    def write(self, value, block, offset, arena):
        owns = self.owned or bool(self.node.flags & (UNIQUE | SHARED))
        self.node.contract.put_object(value, self.node.flags, owns, block, offset, arena)

    def read(self, data, offset, base, scope):
        return self.node.contract.take_object(data, offset, base, self.node.flags, scope)


CODECS = {
    UNIT: UnitCodec, BOOL: BoolCodec, CHAR: CharCodec, F32: FloatCodec, F64: FloatCodec, STRING: StringCodec,
    LIST: ListCodec, ARRAY: ArrayCodec, OPTION: OptionCodec, RESULT: ResultCodec, TUPLE: TupleCodec, STRUCT: StructCodec,
    ENUM: EnumCodec, BOX: BoxCodec, FAULT: FaultCodec, OBJECT: ObjectCodec, TEXT: StringCodec, SLICE: ListCodec,
    REFERENCE: BoxCodec, U128: WideCodec, I128: WideCodec, MAP: MapCodec, SET: SetCodec, DURATION: TimeCodec,
    SYSTEM_TIME: TimeCodec, PATH: PathCodec, BORROWED_PATH: PathCodec, FLAGS: FlagsCodec, GROWING_STRUCT: GrowingCodec,
    GROWING_ENUM: GrowingCodec, **{kind: IntegerCodec for kind in range(I8, USIZE + 1)},
}


def fieldless(node):
    """Whether no variant of an enum carries anything."""
    return node.kind == ENUM and not any(variant.fields for variant in node.variants)


def described(docs, fields):
    """Documentation, with that of the fields."""
    lines = [f"{identifier(field.name)}: {hint(field.ty)}" + (f": {field.docs}" if field.docs else "") for field in fields]
    return "\n".join([docs, "", *lines] if docs and lines else [docs, *lines]).strip()


def _positional(self, at):
    return tuple(getattr(self, field.name) for field in dataclasses.fields(self))[at]


def data_class(name, docs, fields, bases=(), default=False):
    """A dataclass with these fields."""
    specified = []
    for field in fields:
        optional = default or field.has_default
        place = dataclasses.field(default=None) if optional else dataclasses.field()
        specified.append((identifier(field.name), hint(field.ty), place))
    specified.sort(key=lambda field: field[2].default is not dataclasses.MISSING)
    namespace = {"__doc__": described(docs, fields)}
    if fields and all(field.name.isdigit() for field in fields):
        namespace["__getitem__"] = _positional
    made = dataclasses.make_dataclass(name, specified, bases=bases, namespace=namespace, unsafe_hash=True)
    made.__module__ = "polyplug.types"
    return made


def make_struct(node):
    return data_class(node.name, node.docs, node.fields)


def make_enum(node):
    if fieldless(node):
        members = {identifier(variant.name): variant.tag for variant in node.variants}
        made = enum.IntEnum(node.name, members, module="polyplug.types")
        made.__doc__ = node.docs
        return made
    made = type(node.name, (), {"__doc__": node.docs, "__module__": "polyplug.types"})
    for variant in node.variants:
        inner = data_class(variant.name, variant.docs, variant.fields, (made,))
        inner.__qualname__ = f"{node.name}.{variant.name}"
        inner._polyplug_variant = (node.name, variant.name)
        setattr(made, identifier(variant.name), inner)
    return made


def make_flags(node):
    bits = BITS[node.elements[0].kind]
    members = {f"BIT_{bit}": 1 << bit for bit in range(bits)}
    made = enum.IntFlag(node.name, members, module="polyplug.types")
    made.__doc__ = node.docs
    return made


MAKERS = {
    STRUCT: make_struct, GROWING_STRUCT: make_struct, ENUM: make_enum, GROWING_ENUM: make_enum, FLAGS: make_flags,
}

_HINTS = {
    UNIT: "None", BOOL: "bool", CHAR: "str", F32: "float", F64: "float", STRING: "str", TEXT: "str", FAULT: "polyplug.Fault",
    DURATION: "datetime.timedelta", SYSTEM_TIME: "datetime.datetime", PATH: "pathlib.Path", BORROWED_PATH: "pathlib.Path",
}


def hint(node, argument=False):
    """A type as an annotation."""
    kind = node.kind
    if kind in _HINTS:
        return _HINTS[kind]
    if kind in BITS:
        return "int"
    if kind in (LIST, SLICE, ARRAY):
        inner = node.elements[0]
        return "bytes" if inner.kind == U8 else f"list[{hint(inner, argument)}]"
    if kind in (BOX, REFERENCE):
        return hint(node.elements[0], argument)
    if kind == OPTION:
        inner = hint(node.elements[0], argument)
        return f"polyplug.Some[{inner}] | None" if node.elements[0].kind in (OPTION, UNIT) else f"{inner} | None"
    if kind == RESULT:
        return f"polyplug.Ok[{hint(node.elements[0], argument)}] | polyplug.Err[{hint(node.elements[1], argument)}]"
    if kind == TUPLE:
        return f"tuple[{', '.join(hint(field.ty, argument) for field in node.fields)}]"
    if kind == MAP:
        key, value = node.elements[0].fields
        return f"dict[{hint(key.ty, argument)}, {hint(value.ty, argument)}]"
    if kind == SET:
        return f"set[{hint(node.elements[0], argument)}]"
    if kind == OBJECT:
        if node.contract.id:
            return node.contract.name
        method = node.contract.methods[0]
        inside = ", ".join(part.hint for part in method.arguments)
        return f"collections.abc.Callable[[{inside}], {hint(method.result)}]"
    return node.name or "object"
