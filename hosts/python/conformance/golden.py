"""How values are written in `cases.json`: read and written by what the contracts say of their types."""

import math
import pathlib

import polyplug
from polyplug import _contract, _values as kinds

INTEGERS = set(kinds.BITS)
FLOATS = {kinds.F32, kinds.F64}
TEXTS = {kinds.STRING, kinds.TEXT}
PATHS = {kinds.PATH, kinds.BORROWED_PATH}
LISTS = {kinds.LIST, kinds.SLICE, kinds.ARRAY}
POINTERS = {kinds.BOX, kinds.REFERENCE}
STRUCTS = {kinds.STRUCT, kinds.GROWING_STRUCT}
ENUMS = {kinds.ENUM, kinds.GROWING_ENUM}
TIMES = {kinds.DURATION, kinds.SYSTEM_TIME}


def whole(json):
    """A text or a list, also of `{"repeat", "times"}`."""
    return json["repeat"] * json["times"] if isinstance(json, dict) and "repeat" in json else json


def nameless(fields):
    """Whether fields have no names."""
    return bool(fields) and all(field.name.isdigit() for field in fields)


def read_fields(fields, json):
    """The values of fields, in order."""
    return [read(field.ty, json[at if nameless(fields) else field.name]) for at, field in enumerate(fields)]


def write_fields(fields, value):
    """An object, or an array when the fields have no names."""
    written = {field.name: write(field.ty, getattr(value, kinds.identifier(field.name))) for field in fields}
    return list(written.values()) if nameless(fields) else written


def read(node, json):
    """A value of that type."""
    kind = node.kind
    if kind in (kinds.UNIT, kinds.BOOL, kinds.CHAR):
        return json
    if kind in INTEGERS or kind in FLOATS and not isinstance(json, str):
        return float(json) if kind in FLOATS else int(json)
    if kind in FLOATS:
        return float(json)
    if kind in TEXTS:
        return whole(json)
    if kind in PATHS:
        return pathlib.Path(json) if json else ""
    if kind in LISTS:
        return run(node.elements[0], json)
    if kind in POINTERS:
        return read(node.elements[0], json)
    if kind == kinds.OPTION:
        inner = node.elements[0]
        if json is None:
            return None
        value = read(inner, json["some"])
        return polyplug.Some(value) if inner.kind in (kinds.OPTION, kinds.UNIT) else value
    if kind == kinds.RESULT:
        if "ok" in json:
            return polyplug.Ok(read(node.elements[0], json["ok"]))
        return polyplug.Err(read(node.elements[1], json["err"]))
    if kind == kinds.TUPLE:
        return tuple(read_fields(node.fields, json))
    if kind == kinds.MAP:
        key, value = node.elements[0].fields
        return {read(key.ty, pair[0]): read(value.ty, pair[1]) for pair in json}
    if kind == kinds.SET:
        return {read(node.elements[0], item) for item in json}
    if kind in STRUCTS:
        return node.python(**dict(zip([kinds.identifier(field.name) for field in node.fields], read_fields(node.fields, json))))
    if kind in ENUMS:
        return read_enum(node, json)
    if kind == kinds.FLAGS:
        return node.python(json)
    if kind in TIMES:
        return int(json["seconds"]) * 1_000_000_000 + json["nanoseconds"]
    if kind == kinds.FAULT:
        return polyplug.Fault(json["message"], json["kind"])
    raise TypeError(f"the file cannot have a `{node.text}`")


def read_enum(node, json):
    """A variant."""
    made = getattr(node.python, kinds.identifier(json["variant"]))
    if kinds.fieldless(node):
        return made
    variant = next(variant for variant in node.variants if variant.name == json["variant"])
    return made(*read_fields(variant.fields, json.get("fields")))


def run(inner, json):
    """A list, or bytes."""
    items = whole(json)
    if inner.kind == kinds.U8:
        return bytes(items)
    if isinstance(json, dict):  # each part is read once
        return [read(inner, item) for item in json["repeat"]] * json["times"]
    return [read(inner, item) for item in items]


def write(node, value):
    """As the file has it."""
    kind = node.kind
    if kind in (kinds.UNIT, kinds.BOOL, kinds.CHAR) or kind in TEXTS:
        return value
    if kind in INTEGERS:
        return int(value) if kinds.BITS[kind] <= 32 else str(value)
    if kind in FLOATS:
        if math.isnan(value):
            return "NaN"
        if math.isinf(value) or value == 0 and math.copysign(1, value) < 0:
            return repr(value)
        return value
    if kind in PATHS:
        return "" if value in ("", pathlib.Path("")) else pathlib.Path(value).as_posix()
    if kind in LISTS:
        return write_run(node.elements[0], value)
    if kind in POINTERS:
        return write(node.elements[0], value)
    if kind == kinds.OPTION:
        inner = node.elements[0]
        if value is None:
            return None
        return {"some": write(inner, value.value if inner.kind in (kinds.OPTION, kinds.UNIT) else value)}
    if kind == kinds.RESULT:
        if isinstance(value, polyplug.Err):
            return {"err": write(node.elements[1], value.value)}
        return {"ok": write(node.elements[0], value.value if isinstance(value, polyplug.Ok) else value)}
    if kind == kinds.TUPLE:
        return [write(field.ty, part) for field, part in zip(node.fields, value)]
    if kind == kinds.MAP:
        key, part = node.elements[0].fields
        return [[write(key.ty, name), write(part.ty, value[name])] for name in sorted(value)]
    if kind == kinds.SET:
        return [write(node.elements[0], item) for item in sorted(value, key=order)]
    if kind in STRUCTS:
        return write_fields(node.fields, value)
    if kind in ENUMS:
        name = value.name if kinds.fieldless(node) else type(value)._polyplug_variant[1]
        variant = next(variant for variant in node.variants if kinds.identifier(variant.name) == kinds.identifier(name))
        return {"variant": variant.name, **({"fields": write_fields(variant.fields, value)} if variant.fields else {})}
    if kind == kinds.FLAGS:
        return int(value)
    if kind in TIMES:
        seconds, nanoseconds = divmod(value if isinstance(value, int) else value.nanoseconds, 1_000_000_000)
        return {"seconds": str(seconds), "nanoseconds": nanoseconds}
    if kind == kinds.FAULT:
        return {"kind": value.kind, "message": value.message}
    raise TypeError(f"the file cannot have a `{node.text}`")


def write_run(inner, items):
    """A list; of what is written as it is, at once."""
    if inner.kind in INTEGERS and kinds.BITS[inner.kind] <= 32 or inner.kind in (kinds.BOOL, kinds.CHAR) or inner.kind in TEXTS:
        return list(items)
    return [write(inner, item) for item in items]


def order(item):
    """Texts are in the order of their bytes."""
    return item.encode() if isinstance(item, str) else item


def argument(node, json):
    """What is passed for an argument."""
    if node.passing == _contract.SLICE:
        return run(node.ty, json)
    if node.passing == _contract.SLICE_MUT:
        items = run(node.ty, json)
        return bytearray(items) if isinstance(items, bytes) else items
    value = read(node.ty, json)
    if node.passing == _contract.SINK and node.ty.kind == kinds.STRING:
        return polyplug.Text(value)
    return value


def changed(node, value):
    """What an argument that may be changed is now, as the file has it."""
    if node.passing == _contract.SLICE_MUT:
        return write_run(node.ty, value)
    return write(node.ty, value.value if isinstance(value, polyplug.Text) else value)


def changes(node):
    """Whether an argument may be changed."""
    return node.passing in (_contract.SLICE_MUT, _contract.SINK)
