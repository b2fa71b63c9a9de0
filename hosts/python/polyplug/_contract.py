"""Contracts: learned from what is loaded, called through classes that are made from them, and answered by objects of Python."""

import collections.abc
import ctypes
import datetime
import itertools
import pathlib
import struct
import threading

from . import _calls, _errors, _native, _values
from ._errors import Err, Fault, Ok, Text, asked, new_fault, take_fault
from ._values import Arena, FieldNode, Scope, TypeNode, VariantNode, hint, identifier, wrong

BY_VALUE, BY_REFERENCE, SLICE, TEXT, OBJECT, SLICE_MUT, OBJECT_MUT, SINK = range(8)
HAS_DEFAULT, IS_EXCLUSIVE, BORROWS, BORROWS_PLUGIN = 1, 2, 4, 8
# What answers a call of a method that is left to its default body.
LEFT_OUT = 2
HOST_ONLY, EXCLUSIVE, PINNED = 1, 2, 4

_pair = struct.Struct("<QQ")
_word = struct.Struct("<Q")
_HANDLE_CALL = "call__(self._h, {number}, frame__, out__, fault__)"
_object = struct.Struct("<QQQQ")


class ArgumentNode:
    """An argument: how it stands in a frame."""

    def __init__(self, record, at, ty):
        self.name = record.name.text() or f"argument{at}"
        self.python = identifier(self.name)
        self.text = record.text.text()
        self.passing = record.passing
        self.ty = ty
        self.offset = record.frame_offset

    @property
    def hint(self):
        """As an annotation."""
        inner = hint(self.ty, True)
        if self.passing == SLICE:
            return "bytes" if self.ty.kind == _values.U8 else f"list[{inner}]"
        if self.passing == SLICE_MUT:
            return "bytearray" if self.ty.kind == _values.U8 else f"list[{inner}]"
        if self.passing == SINK and self.ty.kind == _values.STRING:
            return "polyplug.Text"
        return inner

    def put(self, value, frame, arena):
        """Writes it into a frame."""
        codec = self.ty.codec(False)
        passing = self.passing
        if passing == BY_VALUE and self.ty.by_value:
            codec.write_wide(value, frame, self.offset, arena)
        elif passing in (BY_VALUE, BY_REFERENCE):
            place = arena.block(codec.size)
            codec.write(value, place, 0, arena)
            _word.pack_into(frame, self.offset, ctypes.addressof(place))
        elif passing == TEXT:
            _string(self.ty).write(value, frame, self.offset, arena)
        elif passing == SLICE:
            _list(self.ty).write(value, frame, self.offset, arena)
        elif passing in (OBJECT, OBJECT_MUT):
            place = arena.block(32)
            self.ty.contract.put_object(value, self.ty.flags, False, place, 0, arena)
            _word.pack_into(frame, self.offset, ctypes.addressof(place))
        elif passing == SLICE_MUT:
            if not isinstance(value, collections.abc.MutableSequence):
                raise wrong(value, f"a {self.hint}, which is changed,")
            count = len(value)
            place = _list(self.ty).pack(list(value), arena)
            _pair.pack_into(frame, self.offset, ctypes.addressof(place), count)
            arena.changed.append(lambda: value.__setitem__(slice(None), self._elements(place, count, arena)))
        else:
            self._put_sink(value, frame, arena)

    def _elements(self, place, count, arena):
        size = self.ty.lent[0]
        address = ctypes.addressof(place)
        run = ctypes.string_at(address, size * count)
        return _list(self.ty).unpack(run, address, count, Scope(arena.runtime, False))

    def _put_sink(self, value, frame, arena):
        is_text = self.ty.kind == _values.STRING
        if not isinstance(value, Text if is_text else collections.abc.MutableSequence):
            raise wrong(value, f"a {self.hint}, which is changed,")
        place = arena.block(48)
        self.ty.codec(False).write(value.value if is_text else value, place, 0, arena)
        _word.pack_into(frame, self.offset, ctypes.addressof(place))

        def change():
            address = ctypes.addressof(place) + 16
            try:
                new = self.ty.codec(True).read(ctypes.string_at(address, 32), 0, address, Scope(arena.runtime, True))
            finally:
                _native.library().polyplug_value_release(self.ty.address, address)
            if is_text:
                value.value = new
            else:
                value[:] = new

        arena.changed.append(change)

    def take(self, data, base, scope, changed):
        """Reads it from a frame, for a value of Python that is called."""
        codec = self.ty.codec(False)
        passing, offset = self.passing, self.offset
        if passing == BY_VALUE and self.ty.by_value:
            return codec.read(data, offset, base, scope)
        if passing == TEXT:
            return _string(self.ty).read(data, offset, base, scope)
        if passing == SLICE:
            return _list(self.ty).read(data, offset, base, scope)
        pointer = _word.unpack_from(data, offset)[0]
        if passing in (BY_VALUE, BY_REFERENCE):
            return codec.read(_native.string_at(pointer, codec.size), 0, pointer, scope)
        if passing in (OBJECT, OBJECT_MUT):
            return self.ty.contract.take_object(_native.string_at(pointer, 32), 0, pointer, self.ty.flags, scope)
        if passing == SLICE_MUT:
            value = _list(self.ty).read(data, offset, base, scope)
            value = bytearray(value) if isinstance(value, bytes) else value
            count = len(value)

            def write_back(arena):
                if len(value) != count:
                    raise ValueError(f"`{self.name}` had {count} elements, and now {len(value)}: its length is fixed")
                place = _list(self.ty).pack(list(value), arena)
                ctypes.memmove(pointer, ctypes.addressof(place), count * self.ty.lent[0])

            changed.append(write_back)
            return value
        is_text = self.ty.kind == _values.STRING
        value = codec.read(_native.string_at(pointer, 16), 0, pointer, scope)
        value = Text(value) if is_text else bytearray(value) if isinstance(value, bytes) else value

        def hand_over(arena):
            place = (ctypes.c_ubyte * 32).from_address(pointer + 16)
            self.ty.codec(True).write(value.value if is_text else value, place, 0, arena)

        changed.append(hand_over)
        return value


def _string(node):
    made = _values.StringCodec.__new__(_values.StringCodec)
    made.node, made.owned = node, False
    return made


def _list(node):
    """A list in the lent form, of the type of its elements."""
    made = node._codecs.get("list")
    if made is None:
        made = node._codecs["list"] = _values.ListCodec.__new__(_values.ListCodec)
        made.node, made.owned = node, False
        made.inner = node.codec(False)
        made.format = _values.FORMATS.get(node.kind) if node.kind not in (_values.BOOL, _values.CHAR) else None
        made.is_bytes = node.kind == _values.U8
    return made


class MethodNode:
    """A method."""

    def __init__(self, contract, record, describe):
        self.contract = contract
        self.name = record.name.text()
        self.python = identifier(self.name)
        self.docs, self.signature = record.docs.text(), record.signature.text()
        self.number, self.flags = record.number, record.flags
        arguments = _native.items(_native.Argument, record.arguments, record.argument_count)
        self.arguments = [ArgumentNode(argument, at, describe.type(argument.ty)) for at, argument in enumerate(arguments)]
        self.result = describe.type(record.result)
        self.frame_size = record.frame_size
        has_sink = any(argument.passing == SINK for argument in self.arguments)
        # What such a call yields lies in memory of the plugin.
        self.needs_pin = has_sink or bool(self.flags & BORROWS_PLUGIN)

    @property
    def has_default(self):
        """Whether it has a default body."""
        return bool(self.flags & HAS_DEFAULT)

    @property
    def full_name(self):
        """With the contract's."""
        return f"{self.contract.id}.{self.name}" if self.contract.id else self.name

    @property
    def result_hint(self):
        """The result as an annotation. An `Err` is raised."""
        result = self.result
        return hint(result.elements[0] if result.kind == _values.RESULT else result)


class Describer:
    """Copies a description into objects of Python."""

    def __init__(self):
        self.types, self.contracts = {}, {}

    def type(self, address):
        found = self.types.get(address)
        if found is not None:
            return found
        record = _native.Type.from_address(address)
        node = self.types[address] = TypeNode(address, record)
        node.elements = [self.type(element) for element in _native.items(ctypes.c_void_p, record.elements, record.element_count)]
        node.fields = self.fields(record.fields, record.field_count)
        for variant in _native.items(_native.Variant, record.variants, record.variant_count):
            fields = self.fields(variant.fields, variant.field_count)
            node.variants.append(
                VariantNode(variant.name.text(), variant.docs.text(), variant.tag, bool(variant.is_other), fields)
            )
        if record.contract:
            node.contract = self.contract(record.contract)
        return node

    def fields(self, address, count):
        return [
            FieldNode(
                field.name.text(), field.docs.text(), self.type(field.ty), field.lent_offset, field.owned_offset,
                bool(field.flags & 1),
            )
            for field in _native.items(_native.Field, address, count)
        ]

    def contract(self, address):
        found = self.contracts.get(address)
        if found is None:
            found = self.contracts[address] = Contract(address)
            found.describe(self)
        return found


class Types:
    """The classes of a contract's structs, enums and flags, by name."""

    def __init__(self, nodes):
        self._nodes = {node.name: node for node in nodes if node.name and node.kind in _values.MAKERS}

    def __getattr__(self, name):
        node = self.__dict__.get("_nodes", {}).get(name)
        if node is None:
            known = ", ".join(sorted(self.__dict__.get("_nodes", {}))) or "none"
            raise AttributeError(f"there is no type `{name}`; the types of the contract are: {known}")
        return node.python

    def __dir__(self):
        return sorted(self._nodes)


class Contract:
    """What a contract looks like: `id`, `name`, `docs`, `version`, `methods`, `types`."""

    def __init__(self, address):
        self.address = address
        self._pointer = ctypes.c_void_p(address)
        self._handle = None
        self._caller_class = self._instance_class = None
        self._object_classes = {}

    def describe(self, describer):
        record = _native.ContractRecord.from_address(self.address)
        self.id, self.name, self.docs = record.id.text(), record.name.text(), record.docs.text()
        self.version, self.flags, self.order = (record.major, record.minor), record.flags, record.order
        methods = _native.items(_native.Method, record.methods, record.method_count)
        self.methods = [MethodNode(self, method, describer) for method in methods]
        self.types = Types(describer.types.values())
        self._type_nodes = describer.types

    def __repr__(self):
        return f"<contract {self.id or 'closure'} {self.version[0]}.{self.version[1]}>"

    def fingerprint(self):
        """All that there is to know of it, in one text: equal texts, equal contracts."""
        numbers, contracts, lines = {}, {}, []

        def of(node):
            if id(node) in numbers:
                return numbers[id(node)]
            number = numbers[id(node)] = len(numbers)
            fields = [(f.name, f.docs, of(f.ty), f.lent_offset, f.owned_offset, f.has_default) for f in node.fields]
            variants = [
                (v.name, v.docs, v.tag, v.is_other, [(f.name, f.docs, of(f.ty), f.lent_offset, f.owned_offset) for f in v.fields])
                for v in node.variants
            ]
            elements = [of(element) for element in node.elements]
            inner = contract(node.contract) if node.contract else None
            lines.append(
                repr((number, node.kind, node.flags, node.length, node.name, node.docs, node.text, node.lent, node.owned,
                      fields, variants, elements, inner))
            )
            return number

        def contract(one):
            if id(one) in contracts:
                return contracts[id(one)]
            number = contracts[id(one)] = len(contracts)
            methods = [
                (m.name, m.docs, m.signature, m.flags, m.frame_size, of(m.result),
                 [(a.name, a.passing, a.offset, of(a.ty)) for a in m.arguments])
                for m in one.methods
            ]
            lines.append(repr((number, one.id, one.name, one.docs, one.version, one.flags, one.order, methods)))
            return number

        contract(self)
        return "\n".join(lines)

    # Objects.

    def put_object(self, value, flags, owns, block, offset, arena):
        """Writes an object: lent for a call, or given away."""
        library = _native.library()
        # An object with one owner cannot become one that many own: that is answered by way of Python.
        if isinstance(value, ObjectProxy) and value._is_of(self) and not (flags & _values.SHARED and value._h[3] and not value._h[2]):
            handle = value._h
            if not handle[0]:
                raise ValueError("the object was released, or given away")
            words = list(handle)
            if not owns:
                value._enter()
                arena.after.append(value._leave)
                arena.kept.append(handle)
                _object.pack_into(block, offset, words[0], words[1], 0, 0)
                return
            if not words[3]:
                raise ValueError("the object is lent for a call, and cannot be given away")
            if words[2]:
                # Its owners count themselves: there is one more.
                library.polyplug_object_retain((ctypes.c_uint64 * 4)(*words))
                arena.undo.append(lambda: library.polyplug_object_release((ctypes.c_uint64 * 4)(*words)))
            else:
                value._enter()
                arena.after.append(value._leave)
                handle[:] = [0, 0, 0, 0]
                arena.undo.append(lambda: handle.__setitem__(slice(None), words))
            _object.pack_into(block, offset, *words)
            return
        self.check_target(value)
        key = next(_keys)
        _provided[key] = Target(self, value, arena.runtime)
        place = (ctypes.c_uint64 * 4)()
        try:
            asked(library.polyplug_runtime_object, arena.runtime, self.address, _answer, key, _forget, place)
        except BaseException:
            _provided.pop(key, None)
            raise
        release = (lambda: library.polyplug_object_release(place))
        if owns:
            arena.undo.append(release)
            _object.pack_into(block, offset, *place)
        else:
            arena.after.append(release)
            _object.pack_into(block, offset, place[0], place[1], 0, 0)

    def take_object(self, data, offset, base, flags, scope):
        """Reads an object, which is the reader's from now on when it has an owner."""
        words = _object.unpack_from(data, offset)
        handle = _native.ObjectHandle(*words)
        if scope.owned and words[3]:
            ctypes.memset(base + offset + 24, 0, 8)  # taken: it is not released with the value that it lies in
        if not flags & _values.SEND:
            handle.thread = threading.get_ident()
        proxy = self.object_class(flags)(handle, scope.runtime)
        if not words[3]:
            scope.borrowed.append(proxy)
        return proxy

    def check_target(self, value):
        """Refuses a value that does not have the methods."""
        if not self.id:
            if not callable(value):
                raise wrong(value, "a callable")
            return
        missing = [
            method.python for method in self.methods
            if not method.has_default and not callable(getattr(value, method.python, None))
        ]
        if missing:
            raise TypeError(
                f"a value for `{self.id}` has the methods {', '.join(method.python for method in self.methods)}; "
                f"{type(value).__name__} lacks {', '.join(missing)}"
            )

    # Classes.

    def caller_class(self):
        """The class of what is called through a handle."""
        if self._caller_class is None:
            self._caller_class = self._make(Caller, _HANDLE_CALL, True)
        return self._caller_class

    def instance_class(self):
        """The class of instances."""
        if self._instance_class is None:
            self._instance_class = self._make(Instance, _HANDLE_CALL, True)
        return self._instance_class

    def object_class(self, flags):
        """The class of objects of this contract."""
        flags &= _values.SEND | _values.SYNC
        made = self._object_classes.get(flags)
        if made is None:
            free = flags == _values.SEND | _values.SYNC and not self.flags & EXCLUSIVE
            made = self._make(ObjectProxy, "call__(contract__, self._h, {number}, frame__, out__, fault__)", free)
            made._guard = None if free else "exclusive" if self.flags & EXCLUSIVE else "shared"
            self._object_classes[flags] = made
        return made

    def _make(self, base, call, may_be_fast):
        library = _native.library()
        function = library.polyplug_call if issubclass(base, HandleProxy) else library.polyplug_object_call
        docs = self.docs or f"The contract `{self.id}`."
        namespace = {"__slots__": (), "__doc__": docs, "__module__": "polyplug.contracts", "_contract": self}
        for method in self.methods:
            namespace[method.python] = _function(method, function, call, may_be_fast)
        if not self.id:
            namespace["__call__"] = namespace[self.methods[0].python]
        return type(self.name or "Closure", (base,), namespace)


# Methods.

_VIEWS = {
    "b": ctypes.c_int8, "h": ctypes.c_int16, "i": ctypes.c_int32, "q": ctypes.c_int64, "B": ctypes.c_uint8, "H": ctypes.c_uint16,
    "I": ctypes.c_uint32, "Q": ctypes.c_uint64, "f": ctypes.c_float, "d": ctypes.c_double,
}
_FAST = set(_values.FORMATS) - {_values.CHAR}
_NARROW = {kind for kind, bits in _values.BITS.items() if bits < 32}


def _scalar(ty):
    return "?" if ty.kind == _values.BOOL else _values.FORMATS[ty.kind] if ty.kind in _FAST and ty.by_value else None


def _plain(method):
    """A letter for each argument and one for the result: of `struct`, `?` for a bool, `t` for a text, `y` for bytes, `n` for
    nothing; `None` for a method that has others."""
    if method.needs_pin or method.flags & BORROWS:
        return None
    letters = []
    for argument in method.arguments:
        if argument.passing == TEXT:
            letters.append("t")
        elif argument.passing == SLICE and argument.ty.kind == _values.U8:
            letters.append("y")
        else:
            letters.append(_scalar(argument.ty) if argument.passing == BY_VALUE else None)
    result = method.result
    if result.kind == _values.LIST and result.elements[0].kind == _values.U8:
        answer = "y"
    else:
        answer = {_values.UNIT: "n", _values.STRING: "t"}.get(result.kind) or _scalar(result)
    return None if None in letters or answer is None else ("".join(letters), answer)


def _function(method, call, call_text, may_be_fast):
    names = [argument.python for argument in method.arguments]
    if len(set(names)) != len(names):
        names = [f"{name}_{at}" for at, name in enumerate(names)]
    values = "".join(name + ", " for name in names)
    scope = {"general__": general, "method__": method}
    lines = [f"def method_of_contract({', '.join(['self', *names])}):"]
    plain = _plain(method) if may_be_fast else None
    fast = _fast(method, names, call, call_text, scope, *plain) if plain else None
    lines += fast or [f"    return general__(self, method__, ({values}))"]
    exec(compile("\n".join(lines), f"<contract {method.full_name}>", "exec"), scope)
    made = scope["method_of_contract"]
    made.__doc__ = (method.docs + "\n\n" if method.docs else "") + f"In Rust: `{method.signature}`"
    made.__annotations__ = {name: _annotation(method, argument.hint) for name, argument in zip(names, method.arguments)}
    made.__annotations__["return"] = _annotation(method, method.result_hint)
    made.__name__ = method.python
    made.__qualname__ = f"{method.contract.name}.{method.name}"
    made.__module__ = "polyplug.contracts"
    return plain and _compiled(method, made, call, *plain) or made


def _compiled(method, made, call, letters, answer):
    """A method that does what a function does without ctypes, and hands to it what it has no code for; or `None`."""
    module, library = _calls.compiled(), _native.library()
    if module is None:
        return None
    address, release = (ctypes.cast(function, ctypes.c_void_p).value for function in (call, library.polyplug_buffer_release))
    contract = method.contract.address if call is library.polyplug_object_call else 0
    offsets = tuple(argument.offset for argument in method.arguments)
    return module.method(
        made, take_fault, address, release, contract, method.number, method.frame_size, answer, letters, offsets
    )


_ANNOTATIONS = {"datetime": datetime, "pathlib": pathlib, "collections": collections, "polyplug": _errors}


class _Names(dict):
    """The classes of a method's contract, made when they are asked for."""

    def __init__(self, method):
        super().__init__()
        self._types = method.contract.types

    def __missing__(self, name):
        if name in self._types._nodes:
            return getattr(self._types, name)
        raise KeyError(name)


def _annotation(method, text):
    try:
        return eval(text, dict(_ANNOTATIONS), _Names(method))
    except Exception:
        return text


def _fast(method, names, call, call_text, scope, letters, letter):
    """The lines of a method of scalars and texts; `None` where the content of `bytes` has no known address."""
    if _native.BYTES_OFFSET is None and ("t" in letters or "y" in letters):
        return None
    checks, packed, layout, view = [], [], [], ctypes.c_uint64
    for name, argument, code in zip(names, method.arguments, letters):
        if code == "t":
            checks.append(f"        {name}__ = encode__({name})")
            packed.append(f"id__({name}__) + {_native.BYTES_OFFSET}, len__({name}__)")
            code = "QQ"
        elif code == "y":
            checks.append(f"        if {name}.__class__ is not bytes: raise TypeError")
            packed.append(f"id__({name}) + {_native.BYTES_OFFSET}, len__({name})")
            code = "QQ"
        elif code == "?":
            checks.append(f"        if {name} is not True and {name} is not False: raise TypeError")
            packed.append(name)
            code = "I"
        else:
            packed.append(name)
            if argument.ty.kind in _NARROW:
                codec = argument.ty.codec(False)
                checks.append(f"        if not {codec.low} <= {name} <= {codec.high}: raise TypeError")
                code = "i" if codec.signed else "I"
        layout.append((argument.offset, struct.calcsize("<" + code), code))
    if letter == "n":
        answer = ["    push__(slot__)", "    return None"]
    elif letter in "ty":
        scope.update(read__=_pair.unpack_from, string_at__=_native.string_at, release__=_native.library().polyplug_buffer_release)
        answer = [
            "    address__, length__ = read__(view__)",
            "    if not length__:",
            "        release__(out__)",  # it may own memory nevertheless
            "        push__(slot__)",
            "        return " + ("''" if letter == "t" else "b''"),
            "    value__ = string_at__(address__, length__)",
            "    release__(out__)",
            "    push__(slot__)",
            "    return " + ("decode__(value__)" if letter == "t" else "value__"),
        ]
        scope["decode__"] = bytes.decode
    else:
        view = _VIEWS[_values.FORMATS[method.result.kind]]
        value = "value__ != 0" if letter == "?" else "value__"
        answer = ["    value__ = view__[0]", "    push__(slot__)", f"    return {value}"]
    form, at = "<", 0
    for offset, size, code in sorted(layout):
        form += "x" * (offset - at) + code
        at = offset + size
    if [entry[0] for entry in layout] != sorted(entry[0] for entry in layout):
        return None
    frame_words, out_words = method.frame_size // 8 + 1, max(method.result.owned[0], 8) // 8 + 1
    frames, outs, faults = ctypes.c_uint64 * frame_words, ctypes.c_uint64 * out_words, ctypes.c_void_p * 1
    views = view * (8 * out_words // ctypes.sizeof(view))

    def new():
        # Of several ways to the same memory the fastest: the frame is written through a `bytearray`, the result read through the
        # view, and `byref` passes faster than an array.
        memory, out, fault = bytearray(8 * frame_words), outs(), faults()
        reference = ctypes.byref
        frame = frames.from_buffer(memory)
        return memory, reference(frame), reference(out), views.from_buffer(out), reference(fault), fault

    # Those that are not in use now: taken and put back by one step each, so that threads and calls in calls do not meet.
    free = []

    def failed(slot):
        fault = slot[5]
        raised = take_fault(fault[0])
        fault[0] = None
        free.append(slot)
        return raised

    scope.update(
        id__=id, len__=len, pop__=free.pop, push__=free.append, new__=new, call__=call, failed__=failed,
        encode__=str.encode, pack__=struct.Struct(form).pack_into, contract__=method.contract._pointer,
    )
    values = "".join(name + ", " for name in names)
    prepare = []
    if packed:
        prepare = [
            "    try:",
            *checks,
            f"        pack__(memory__, 0, {', '.join(packed)})",
            "    except Exception:",
            "        push__(slot__)",
            f"        return general__(self, method__, ({values}))",
        ]
    return [
        "    try:",
        "        slot__ = pop__()",
        "    except IndexError:",
        "        slot__ = new__()",
        "    memory__, frame__, out__, view__, fault__, rest__ = slot__",
        *prepare,
        f"    if {call_text.format(number=method.number)}:",
        "        raise failed__(slot__)",
        *answer,
    ]


def general(proxy, method, values):
    """Calls any method."""
    arena = Arena(proxy._runtime)
    arena.changed = []
    frame = arena.block(method.frame_size)
    try:
        for argument, value in zip(method.arguments, values):
            try:
                argument.put(value, frame, arena)
            except (TypeError, ValueError, OverflowError) as error:
                raise type(error)(f"argument `{argument.python}` of `{method.full_name}`: {error}") from None
    except BaseException:
        arena.abandon()
        raise
    result = method.result
    out = arena.block(max(result.owned[0], 8))
    fault = (ctypes.c_void_p * 1)()
    try:
        try:
            pinned = proxy._pin() if method.needs_pin else None
        except BaseException:
            for action in arena.undo:
                action()
            raise
        if proxy._invoke(pinned, method, frame, out, fault, arena):
            raise take_fault(fault[0])
        try:
            for change in arena.changed:
                change()
            scope = Scope(arena.runtime, True)
            value = result.codec(True).read(ctypes.string_at(out, result.owned[0] or 8), 0, ctypes.addressof(out), scope)
        finally:
            if result.owned[0] and not result.by_value:
                _native.library().polyplug_value_release(result.address, ctypes.addressof(out))
        del pinned
    finally:
        arena.close()
    if result.kind == _values.RESULT:
        if isinstance(value, Err):
            raise value.value if isinstance(value.value, Fault) else value
        return value.value
    return value


class Proxy:
    """What is called as a contract says. Methods of the contract come first; `polyplug.release(proxy)` always works."""

    __slots__ = ("_h", "_target", "_runtime", "_lock", "__weakref__")
    _contract = None

    def _hold(self, handle, address):
        """Leads to a handle. What is compiled reads the pair, in one step."""
        self._h = handle
        self._target = (address, handle)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._end()

    @property
    def contract(self):
        """The contract."""
        return self._contract

    @property
    def types(self):
        """The classes of the contract's structs, enums and flags."""
        return self._contract.types

    def release(self):
        """Lets go of it. Calls that run are not disturbed."""
        self._end()


class HandleProxy(Proxy):
    """A plugin, through its contract: a caller, which follows reloads, or an instance."""

    __slots__ = ()

    def __init__(self, handle, runtime):
        self._hold(handle, handle.value)
        self._runtime = runtime

    def __repr__(self):
        return f"<{self._contract.id} of {HandleProxy.plugin.fget(self) if self._h.value else 'nothing: released'}>"

    @property
    def plugin(self):
        """The name of the plugin."""
        name = _native.Slice()
        asked(_native.library().polyplug_plugin, self._h, ctypes.byref(name))
        return name.text()

    def _end(self):
        self._hold(_native.Handle(), 0)

    def _pin(self):
        return None

    def _invoke(self, pinned, method, frame, out, fault, arena):
        return _native.library().polyplug_call(pinned or self._h, method.number, frame, out, fault)


class Caller(HandleProxy):
    """Follows a plugin over its reloads."""

    __slots__ = ()

    def _pin(self):
        return _native.Handle(asked(_native.library().polyplug_caller_pin, self._h))


class Instance(HandleProxy):
    """An object of one's own, made by a plugin."""

    __slots__ = ()

    @property
    def is_current(self):
        """Whether it is of the version that a new one would be of."""
        current = ctypes.c_int32()
        asked(_native.library().polyplug_is_current, self._h, ctypes.byref(current))
        return bool(current.value)

    def migrate(self):
        """Moves it to the current version of its plugin."""
        asked(_native.library().polyplug_instance_migrate, self._h)


class ObjectProxy(Proxy):
    """An object or a closure that a call returned, or that came as an argument."""

    __slots__ = ()
    _guard = None

    def __init__(self, handle, runtime):
        self._hold(handle, ctypes.addressof(handle))
        self._runtime = runtime
        self._lock = threading.Lock() if self._guard == "exclusive" else threading.RLock() if self._guard else None

    def __repr__(self):
        return f"<{self._contract.id or 'closure'} object>"

    def _is_of(self, contract):
        mine = self._contract
        if mine is contract:
            return True
        if mine.id or contract.id:
            return (mine.id, mine.version[0], mine.order) == (contract.id, contract.version[0], contract.order)
        return mine.methods[0].signature == contract.methods[0].signature

    def _end(self):
        empty = _native.ObjectHandle()
        self._hold(empty, ctypes.addressof(empty))

    def _pin(self):
        return None

    def _enter(self):
        thread = getattr(self._h, "thread", None)
        if thread not in (None, threading.get_ident()):
            raise RuntimeError("this object may be used on the thread only that it came to")
        if self._guard == "exclusive":
            if not self._lock.acquire(blocking=False):
                raise RuntimeError("another call is inside this exclusive object, which is called by one at a time")
        elif self._guard:
            self._lock.acquire()

    def _leave(self):
        if self._guard:
            self._lock.release()

    def _invoke(self, pinned, method, frame, out, fault, arena):
        try:
            self._enter()
        except BaseException:
            for action in arena.undo:
                action()
            raise
        arena.after.append(self._leave)
        call = _native.library().polyplug_object_call
        return call(self._contract._pointer, self._h, method.number, frame, out, fault)


# Values of Python that are called.


class Target:
    """A value of Python that answers for a contract."""

    def __init__(self, contract, value, runtime):
        self.contract, self.value, self.runtime = contract, value, runtime

    def answer(self, number, frame, out):
        """Answers a call: 0 when the result was written, `LEFT_OUT` when the method is left to its default body."""
        method = self.contract.methods[number]
        function = self.value if not self.contract.id else getattr(self.value, method.python, None)
        if function is None:
            if method.has_default:
                return LEFT_OUT
            raise Fault(f"{type(self.value).__name__} has no method `{method.python}`", "unknown-method")
        data = _native.string_at(frame, method.frame_size) if method.frame_size else b""
        scope, changed = Scope(self.runtime, False), []
        try:
            values = [argument.take(data, frame, scope, changed) for argument in method.arguments]
            result = method.result
            if result.kind == _values.RESULT:
                try:
                    value = function(*values)
                    value = value if isinstance(value, (Ok, Err)) else Ok(value)
                except Err as error:
                    value = error
            else:
                value = function(*values)
            arena = Arena(self.runtime)
            try:
                self.write(method, value, out, arena)
                for change in changed:
                    change(arena)
            except BaseException:
                arena.abandon()
                raise
            arena.close()
        finally:
            scope.close()
        return 0

    def write(self, method, value, out, arena):
        result = method.result
        if result.kind == _values.UNIT:
            return
        size = max(result.owned[0], 4) if result.by_value else result.owned[0]
        place = (ctypes.c_ubyte * size).from_address(out) if size else arena.block(8)
        codec = result.codec(True)
        try:
            (codec.write_wide if result.by_value else codec.write)(value, place, 0, arena)
        except (TypeError, ValueError, OverflowError) as error:
            raise type(error)(f"what `{method.full_name}` answered: {error}") from None


_keys = itertools.count(1)
_provided = {}


@_native.Invoke
def _answer(key, _contract, number, frame, out, fault):
    try:
        return _provided[key].answer(number, frame, out)
    except BaseException as error:
        fault[0] = new_fault(error)
        return 1


@_native.Destroy
def _forget(key):
    _provided.pop(key, None)


# What was learned. Contracts are few, and outlive what they were learned from.

_known = {}


def learned(handle):
    """The contract of a handle, which is taken over; one and the same for equal ones."""
    contract = Describer().contract(handle)
    key = contract.fingerprint()
    known = _known.setdefault(key, contract)
    if known is contract:
        contract._handle = _native.Handle(handle)
    else:
        _native.library().polyplug_release(handle)
    return known
