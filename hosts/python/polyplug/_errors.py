"""Exceptions, and the values that stand for the results of Rust."""

import ctypes
import traceback
import typing

from . import _native

KINDS = {
    1: "panicked", 2: "threw", 3: "unloaded", 4: "invalid-value", 5: "escaped-borrow", 6: "unknown-variant",
    7: "unknown-method", 8: "raised",
}
_NUMBERS = {word: number for number, word in KINDS.items()}


T = typing.TypeVar("T")


class Error(Exception):
    """Something failed outside a call: a load, a reload, an unload, a lookup.

    `code` is a stable word, `text` says what happened with all its causes, one a line.
    """

    def __init__(self, code, text):
        super().__init__(text)
        self.code = code
        self.text = text


class Fault(Exception):
    """What a call yields instead of a result: a panic, an exception in another language, a plugin that is gone.

    `kind` is a word (`panicked`, `threw`, `unloaded`, `invalid-value`, `escaped-borrow`, `unknown-variant`,
    `unknown-method`, `raised`); `plugin`, `contract` and `method` say who was called; `location` is `file:line:column`, and
    `trace` the traceback of the callee; what is unknown is an empty text.
    """

    def __init__(self, message, kind="raised", plugin="", contract="", method="", location="", trace=""):
        self.message = message
        self.kind = kind
        self.plugin = plugin
        self.contract = contract
        self.method = method
        self.location = location
        self.trace = trace
        super().__init__(message)

    @property
    def text(self):
        """All that is known, with the traceback."""
        return str(self) + (f"\n{self.trace}" if self.trace else "")

    def __str__(self):
        where = ".".join(part for part in (self.contract, self.method) if part)
        of = f" of plugin `{self.plugin}`" if self.plugin else ""
        called = f" in `{where}`{of}" if where else of
        at = f" ({self.location})" if self.location else ""
        return f"{self.kind}{called}: {self.message}{at}"


class Ok(typing.Generic[T]):
    """The `Ok` of a result that lies inside another value."""

    __slots__ = ("value",)
    __match_args__ = ("value",)

    def __init__(self, value=None):
        self.value = value

    def __eq__(self, other):
        return isinstance(other, Ok) and self.value == other.value

    def __hash__(self):
        return hash(("Ok", self.value))

    def __repr__(self):
        return f"Ok({self.value!r})"


class Err(Exception, typing.Generic[T]):
    """The `Err` of a method, raised; or of a result that lies inside another value. `value` is what it carries."""

    __match_args__ = ("value",)

    def __init__(self, value=None):
        super().__init__(value)
        self.value = value

    def __eq__(self, other):
        return isinstance(other, Err) and self.value == other.value

    def __hash__(self):
        return hash(("Err", self.value))

    def __str__(self):
        return str(self.value)


class Some(typing.Generic[T]):
    """A value that is there, where `None` could be meant by it too: of an option in an option."""

    __slots__ = ("value",)
    __match_args__ = ("value",)

    def __init__(self, value=None):
        self.value = value

    def __eq__(self, other):
        return isinstance(other, Some) and self.value == other.value

    def __hash__(self):
        return hash(("Some", self.value))

    def __repr__(self):
        return f"Some({self.value!r})"


class Text:
    """A text that a method may change (`&mut String`): `value` is what it is now."""

    __slots__ = ("value",)

    def __init__(self, value=""):
        self.value = value

    def __repr__(self):
        return f"Text({self.value!r})"


def check(error):
    """Raises what was stored in the place for an error."""
    address = error.value
    if not address:
        return
    try:
        record = _native.ErrorRecord.from_address(address)
        raised = Error(record.code.text(), record.text.text())
    finally:
        _native.library().polyplug_release(address)
    raise raised


def asked(function, *arguments):
    """Calls a function whose last argument is the place for an error."""
    error = ctypes.c_void_p()
    answer = function(*arguments, ctypes.byref(error))
    check(error)
    return answer


def read_fault(address):
    """A fault, of its record, whose count stays the caller's."""
    record = _native.FaultRecord.from_address(address)
    location = record.file.text()
    if location and record.line:
        location += f":{record.line}" + (f":{record.column}" if record.column else "")
    return Fault(
        record.message.text(),
        KINDS.get(record.kind, str(record.kind)),
        record.plugin.text(),
        record.contract.text(),
        record.method.text(),
        location,
        record.trace.text(),
    )


def take_fault(address):
    """A fault, of a record with one count that is given up."""
    if not address:
        return Fault("the call failed, and said nothing", "invalid-value")
    try:
        return read_fault(address)
    finally:
        _native.library().polyplug_fault_release(address)


def new_fault(error):
    """The address of a new record with one count, made of an exception."""
    if isinstance(error, Fault):
        kind, message = _NUMBERS.get(error.kind, 2), error.message
        trace = error.trace
        if error.__traceback__ is not None:
            trace = (trace + "\n" if trace else "") + "".join(traceback.format_tb(error.__traceback__))
    else:
        kind, message = 2, "".join(traceback.format_exception_only(type(error), error)).strip()
        trace = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    message = message.encode("utf-8", "replace")
    trace = trace.encode("utf-8", "replace")
    return _native.library().polyplug_fault_new(kind, message, len(message), trace, len(trace))
