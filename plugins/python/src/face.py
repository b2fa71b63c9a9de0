"""What a plugin sees as `polyplug`, and what the loader calls by name: the part of it that is Python.

Run once for each copy of the loader. The loader adds its native functions: `native_log`, `native_host`, `native_peer`,
`native_peers`, `native_config`, `native_plugin`, `native_call`, `native_types`.
"""

import builtins
import dataclasses
import datetime
import enum
import importlib
import importlib.machinery
import inspect
import json
import keyword
import os
import pathlib
import sys
import traceback
import types
import typing

T = typing.TypeVar("T")
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)


# Values that Python has no form of its own for; the same as those of hosts in Python.


class Fault(Exception):
    """What a call yields instead of a result: a panic, an exception in another language, a plugin that is gone."""

    __module__ = "polyplug"
    _native = None

    def __init__(self, message, kind="raised", plugin="", contract="", method="", location="", trace=""):
        self.message = message
        self.kind = kind
        self.plugin = plugin
        self.contract = contract
        self.method = method
        self.location = location
        self.trace = trace
        super().__init__(message)

    def __str__(self):
        where = ".".join(part for part in (self.contract, self.method) if part)
        of = f" of plugin `{self.plugin}`" if self.plugin else ""
        called = f" in `{where}`{of}" if where else of
        at = f" ({self.location})" if self.location else ""
        return f"{self.kind}{called}: {self.message}{at}"


class Ok(typing.Generic[T]):
    """The `Ok` of a result that lies inside another value."""

    __module__ = "polyplug"
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

    __module__ = "polyplug"
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

    __module__ = "polyplug"
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

    __module__ = "polyplug"
    __slots__ = ("value",)

    def __init__(self, value=""):
        self.value = value

    def __repr__(self):
        return f"Text({self.value!r})"


class Duration(datetime.timedelta):
    """A length of time. `nanoseconds` is exact; as a `timedelta` it is cut off to microseconds, and to the largest there is."""

    __module__ = "polyplug"
    _exact = None

    @classmethod
    def of(cls, nanoseconds):
        """That many nanoseconds."""
        try:
            made = cls(microseconds=nanoseconds // 1000)
        except OverflowError:
            most = datetime.timedelta.max
            made = cls(days=most.days, seconds=most.seconds, microseconds=most.microseconds)
        made._exact = nanoseconds
        return made

    @property
    def nanoseconds(self):
        """How many nanoseconds."""
        return nanoseconds_of(self) if self._exact is None else self._exact


class SystemTime(datetime.datetime):
    """A point in time, in UTC. `nanoseconds` since 1970 is exact; as a `datetime` it is cut off to microseconds, and to the
    years 1 to 9999."""

    __module__ = "polyplug"
    _exact = None

    @classmethod
    def of(cls, nanoseconds):
        """That many nanoseconds after 1970."""
        try:
            at = EPOCH + datetime.timedelta(microseconds=nanoseconds // 1000)
        except OverflowError:
            at = datetime.datetime.max if nanoseconds > 0 else datetime.datetime.min
        made = cls(at.year, at.month, at.day, at.hour, at.minute, at.second, at.microsecond, datetime.timezone.utc)
        made._exact = nanoseconds
        return made

    @property
    def nanoseconds(self):
        """Nanoseconds since 1970."""
        return nanoseconds_of(self - EPOCH) if self._exact is None else self._exact


def nanoseconds_of(delta):
    """A `timedelta` in nanoseconds."""
    return ((delta.days * 86400 + delta.seconds) * 1_000_000 + delta.microseconds) * 1000


def moment(value, is_time):
    """A point in time, or a length, as nanoseconds; None when it is neither."""
    exact = getattr(value, "nanoseconds", None)
    if isinstance(exact, int):
        return exact
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if is_time and isinstance(value, datetime.datetime):
        if value.tzinfo is None:
            raise ValueError("a datetime without a time zone is no point in time: give it one (`datetime.timezone.utc`)")
        return nanoseconds_of(value - EPOCH)
    if not is_time and isinstance(value, datetime.timedelta):
        return nanoseconds_of(value)
    return None


# Classes for the data of contracts.


def identifier(name):
    """A name that may stand in Python."""
    if name.isdigit():
        return "_" + name
    name = name[2:] if name.startswith("r#") else name
    return name + "_" if keyword.iskeyword(name) or name == "self" else name


def _positional(self, at):
    return tuple(getattr(self, field.name) for field in dataclasses.fields(self))[at]


def data_class(name, fields, bases=()):
    """A dataclass with these fields: pairs of a name, and whether it may be missing. Those that may stand at its end."""
    specified = [(identifier(field), typing.Any, dataclasses.field(default=None) if optional else dataclasses.field()) for field, optional in fields]
    specified.sort(key=lambda field: field[2].default is not dataclasses.MISSING)
    namespace = {}
    if fields and all(field.isdigit() for field, _ in fields):
        namespace["__getitem__"] = _positional
    made = dataclasses.make_dataclass(name, specified, bases=bases, namespace=namespace, unsafe_hash=True)
    made.__module__ = "polyplug.types"
    return made


def make_class(kind, name, parts, made):
    """The class for a type: once for types that are made of the same."""
    key = (kind, name, parts)
    found = made.get(key)
    if found is not None:
        return found
    if kind == "struct":
        answer = data_class(name, parts)
    elif kind == "flags":
        answer = enum.IntFlag(name, {f"BIT_{bit}": 1 << bit for bit in range(parts)}, module="polyplug.types")
    elif any(fields for _, _, fields in parts):
        answer = type(name, (), {"__module__": "polyplug.types"})
        variants = []
        for variant, _, fields in parts:
            inner = data_class(variant, fields, (answer,))
            inner.__qualname__ = f"{name}.{variant}"
            inner._polyplug_variant = (name, variant)
            setattr(answer, identifier(variant), inner)
            variants.append(inner)
        answer = (answer, variants)
    else:
        answer = enum.IntEnum(name, {identifier(variant): tag for variant, tag, _ in parts}, module="polyplug.types")
        answer = (answer, list(answer))
    return made.setdefault(key, answer)


# Things on the other side.


class Proxy:
    """Something on the other side, with its methods."""

    __slots__ = ("_remote", "__weakref__")

    def __init__(self, remote):
        self._remote = remote


def _unwrapped(value):
    if type(value) is Ok:
        return value.value
    if type(value) is Err:
        raise value.value if isinstance(value.value, Fault) else value
    return value


def _method(name, parameters, is_result, changing):
    call_native, count = native_call, len(parameters)

    def method(self, *arguments, **named):
        if named:
            given = list(arguments)
            for parameter in parameters[len(arguments):]:
                if parameter in named:
                    given.append(named.pop(parameter))
            if named:
                raise TypeError(f"{name}() has no argument `{next(iter(named))}` that was not given already; it takes ({', '.join(parameters)})")
            arguments = tuple(given)
        if len(arguments) != count:
            raise TypeError(f"{name}() takes {count} arguments ({', '.join(parameters)}), and was given {len(arguments)}")
        value = call_native(self._remote, name, arguments)
        if changing:
            value, *changed = value
            for at, new in zip(changing, changed):
                put_back(arguments[at], new)
        return _unwrapped(value) if is_result else value

    method.__name__ = method.__qualname__ = name
    method.__doc__ = f"{name}({', '.join(parameters)})"
    return method


def proxy_class(name, contract, methods, made):
    """The class for what implements a contract; for closures when that has no id."""
    key = ("proxy", contract, methods)
    found = made.get(key)
    if found is None:
        namespace = {"__slots__": (), "__module__": "polyplug.types"}
        for method, parameters, is_result, changing in methods:
            parameters = tuple(identifier(parameter) or f"argument{at}" for at, parameter in enumerate(parameters, 1))
            namespace[identifier(method) if contract else "__call__"] = _method(method, parameters, is_result, changing)
        found = made.setdefault(key, type(name if contract else "Closure", (Proxy,), namespace))
    return found


def put_back(target, value):
    """What became of an argument that a callee may change."""
    if isinstance(target, Text):
        target.value = value
    elif isinstance(target, (list, bytearray)):
        target[:] = value


class Context:
    """What a plugin has of its runtime."""

    __module__ = "polyplug"

    def __init__(self, handle, plugin, previous_version):
        self._handle = handle
        self.plugin = plugin
        self.previous_version = previous_version

    def host(self, contract):
        """The host's implementation of a contract."""
        return native_host(self._handle, contract)

    def peer(self, contract):
        """The first other plugin that offers a contract."""
        return native_peer(self._handle, contract)

    def peers(self, contract):
        """All other plugins that offer a contract."""
        return native_peers(self._handle, contract)

    def config(self):
        """What the host configured the plugin with; None when with nothing."""
        return json.loads(native_config(self._handle))


# Modules: each plugin file is a package of its own, with a name that nobody else has, and its folder behind it.


class Source(importlib.machinery.SourceFileLoader):
    """Files beside a plugin: compiled anew each time, with the plugin's builtins."""

    def get_code(self, fullname):
        path = self.get_filename(fullname)
        return self.source_to_code(self.get_data(path), path)

    def exec_module(self, module):
        module.__dict__["__builtins__"] = FILES[self.name.partition(".")[0]].builtins
        super().exec_module(module)


DETAILS = [
    (importlib.machinery.ExtensionFileLoader, importlib.machinery.EXTENSION_SUFFIXES),
    (Source, importlib.machinery.SOURCE_SUFFIXES),
]

FILES = {}


class Finder:
    """Finds what lies beside plugins."""

    @staticmethod
    def find_spec(fullname, path=None, target=None):
        if fullname.partition(".")[0] not in FILES or path is None:
            return None
        for folder in path:
            spec = importlib.machinery.FileFinder(folder, *DETAILS).find_spec(fullname)
            if spec is not None and spec.loader is not None:
                return spec
        return None


class File:
    """A file with plugins that is open."""

    def __init__(self, handle, stem, path):
        number = 1
        stem = stem.replace(".", "_")
        while f"{stem}@{number}" in sys.modules:
            number += 1
        self.handle, self.package, self.path = handle, f"{stem}@{number}", path
        self.folder = os.path.dirname(os.path.abspath(path))
        self.plugins, self.beside = [], {}
        self.face = face_of(self)
        self.builtins = dict(builtins.__dict__, __import__=self.import_, print=self.print)
        self.module = module = types.ModuleType(self.package)
        module.__file__, module.__path__, module.__package__ = path, [self.folder], self.package
        module.__spec__ = importlib.machinery.ModuleSpec(self.package, None, origin=path, is_package=True)
        module.__dict__["__builtins__"] = self.builtins
        FILES[self.package] = self
        sys.modules[self.package] = module
        if Finder not in sys.meta_path:
            # Before the finder of files, which would take its own way with them.
            sys.meta_path.insert(0, Finder)

    def is_beside(self, name):
        """Whether a module of that name lies in the folder."""
        found = self.beside.get(name)
        if found is None:
            inner = f"{self.package}.{name}"
            found = self.beside[name] = Finder.find_spec(inner, [self.folder]) is not None
        return found

    def import_(self, name, globals=None, locals=None, fromlist=(), level=0):
        """`__import__`, for the code of the plugin."""
        if level == 0:
            head = name.partition(".")[0]
            if head == "polyplug":
                if name != "polyplug":
                    raise ModuleNotFoundError(f"no module named `{name}`: in a plugin there is `polyplug` alone", name=name)
                return self.face
            if self.is_beside(head):
                imported = builtins.__import__(f"{self.package}.{name}", globals, locals, fromlist or ("__name__",), 0)
                return imported if fromlist else sys.modules[f"{self.package}.{head}"]
            imported = builtins.__import__(name, globals, locals, fromlist, 0)
            if head == "logging":
                redirect(self)
            return imported
        return builtins.__import__(name, globals, locals, fromlist, level)

    def print(self, *values, sep=" ", end="\n", file=None, flush=False):
        """`print`, for the code of the plugin: to the log of the host."""
        if file is not None:
            return print(*values, sep=sep, end=end, file=file, flush=flush)
        return native_log(self.handle, "info", (" " if sep is None else sep).join(map(str, values)))

    def run(self, source):
        code = compile(source, self.path, "exec", dont_inherit=True)
        exec(code, self.module.__dict__)

    def close(self):
        """Nobody calls it any more."""
        FILES.pop(self.package, None)
        inside = self.package + "."
        for name in [name for name in sys.modules if name == self.package or name.startswith(inside)]:
            del sys.modules[name]
        logging = sys.modules.get("logging")
        if logging is not None:
            loggers = logging.root.manager.loggerDict
            for name in [name for name in loggers if name == self.package or name.startswith(inside)]:
                del loggers[name]
        if not FILES and Finder in sys.meta_path:
            sys.meta_path.remove(Finder)


def redirect(file):
    """What the plugin's loggers say goes to the log of the host."""
    import logging

    logger = logging.getLogger(file.package)
    if logger.handlers:
        return

    class Handler(logging.Handler):
        def __init__(self, file):
            super().__init__()
            self.file = file

        def emit(self, record):
            number = record.levelno
            level = "error" if number >= 40 else "warn" if number >= 30 else "info" if number >= 20 else "debug"
            try:
                text = record.getMessage()
                if record.exc_info:
                    text += "\n" + "".join(traceback.format_exception(*record.exc_info)).rstrip()
                native_log(self.file.handle, level, text)
            except Exception:
                self.handleError(record)

    logger.addHandler(Handler(file))
    logger.setLevel(logging.DEBUG)
    logger.propagate = False


# What a plugin says of itself.


def plugin_of(cls, file, implements, name, version, texts, authors, requires, wants):
    """Takes a class as a plugin."""
    if not isinstance(cls, type):
        raise TypeError(f"polyplug.plugin belongs before a class, and this is a {type(cls).__name__}")
    if name is None:
        name = "".join("-" + letter.lower() if letter.isupper() else letter for letter in cls.__name__).strip("-_")
    if version is None:
        version = file.module.__dict__.get("__version__", "0.0.0")
    named = f"plugin `{name}`"
    for key, value in [("name", name), ("version", version), *texts.items()]:
        if not isinstance(value, str):
            raise TypeError(f"{named}: `{key}` is a {type(value).__name__}, and must be a text")
    lists = {}
    for key, value in [("implements", implements), ("requires", requires), ("wants", wants), ("authors", authors)]:
        value = [value] if isinstance(value, str) else value
        if not isinstance(value, (list, tuple)) or not all(isinstance(item, str) for item in value):
            raise TypeError(f"{named}: `{key}` must be a text, or a list of texts, and is {value!r}")
        lists[key] = list(value)
    if not lists["implements"]:
        raise TypeError(f'{named}: `implements` is missing, as in implements="demo.greeter"')
    marked = {}
    for owner in reversed(cls.__mro__):
        for key, value in vars(owner).items():
            for mark in getattr(value, "_polyplug_marks", ()):
                marked[mark] = key
    if ("save" in marked) != ("restore" in marked):
        raise TypeError(f"{named}: `@polyplug.save` and `@polyplug.restore` belong together, and one of them is missing")
    file.plugins.append({
        "class": cls, "name": name, "version": version, **texts, **lists, "authors": ":".join(lists["authors"]),
        "marked": marked, "keeps_state": "save" in marked,
    })
    return cls


def mark(function, what):
    """Leaves a mark on a function of a plugin."""
    function._polyplug_marks = getattr(function, "_polyplug_marks", ()) + (what,)
    return function


def face_of(file):
    """The module `polyplug`, as the code of one file sees it."""
    face = types.ModuleType("polyplug", "What a plugin has of polyplug.")
    for value in (Context, Duration, Err, Fault, Ok, Proxy, Some, SystemTime, Text):
        setattr(face, value.__name__, value)

    def plugin(
        *class_alone, implements=(), name=None, version=None, description="", authors=(), license="", repository="",
        requires=(), wants=(),
    ):
        """Makes a class a plugin."""
        if class_alone:
            raise TypeError('polyplug.plugin takes what it implements, as in @polyplug.plugin(implements="demo.greeter")')
        texts = {"description": description, "license": license, "repository": repository}
        return lambda cls: plugin_of(cls, file, implements, name, version, texts, authors, requires, wants)

    def method(contract, name=None):
        """The function answers a method of this contract alone: where two contracts have methods of the same name."""
        return lambda function: mark(function, (contract, name or function.__name__))

    def saving(function):
        """The function returns what shall survive a reload, as bytes or text."""
        return mark(function, "save")

    def restoring(function):
        """The function is given what the version before saved, after `__init__`."""
        return mark(function, "restore")

    def types_of(contract):
        """The classes for the data of a contract, by name."""
        return types.SimpleNamespace(**native_types(file.handle, contract))

    log = types.SimpleNamespace()
    for level in ("error", "warn", "info", "debug", "trace"):
        def say(*values, level=level):
            native_log(file.handle, level, " ".join(map(str, values)))
        setattr(log, level, say)
    face.plugin_of = lambda proxy: native_plugin(proxy._remote)
    face.plugin, face.method, face.save, face.restore, face.types, face.log = plugin, method, saving, restoring, types_of, log
    return face


def opened(handle, stem, path, source, found, is_alone):
    """Runs a file; what was made of it is put into `found`, whether it fails or not."""
    if is_alone:
        # Nobody ends the interpreter, and so nobody flushes.
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(line_buffering=True)
    file = File(handle, stem, path)
    found.append(file)
    file.run(source)
    return file.plugins


def answering(description, contract, method, parameters):
    """The name under which a plugin answers a method: None when it does not. Raises when it cannot be called so."""
    cls = description["class"]
    name = description["marked"].get((contract, method), identifier(method))
    function = getattr(cls, name, None)
    if function is None:
        return None
    named = f"plugin `{description['name']}`: `{name}`, a method of contract `{contract}`,"
    if not callable(function):
        raise TypeError(f"{named} is {function!r}, and must be a function")
    takes = [None] * len(parameters)
    plain = inspect.getattr_static(cls, name)
    if not isinstance(plain, (staticmethod, classmethod)):
        takes.append(None)
    try:
        signature = inspect.signature(function)
    except ValueError:
        # A native one, which says so when it is called.
        return name
    try:
        signature.bind(*takes)
    except TypeError:
        expected = ", ".join(["self", *(identifier(parameter) or f"argument{at}" for at, parameter in enumerate(parameters, 1))])
        raise TypeError(f"{named} is written `{name}{signature}`, and is called as `{name}({expected})`") from None
    return name


def construct(description, handle, plugin, previous_version, saved):
    """The state of a plugin."""
    cls = description["class"]
    state = cls.__new__(cls)
    try:
        state.context = Context(handle, plugin, previous_version)
    except AttributeError:
        raise TypeError(f"plugin `{plugin}`: its class has no place for the attribute `context`; put it into `__slots__`") from None
    state.__init__()
    if saved is not None:
        getattr(state, description["marked"]["restore"])(saved)
    return state


def saved_of(description, state):
    """What shall survive of a state."""
    name = description["marked"]["save"]
    saved = getattr(state, name)()
    if isinstance(saved, str):
        return saved.encode("utf-8", "surrogateescape")
    if not isinstance(saved, (bytes, bytearray)):
        raise TypeError(f"`{name}` returned a {type(saved).__name__}, and must return bytes or a text")
    return bytes(saved)


def missing_in(value, methods):
    """The first of these methods that an object does not have."""
    for method in methods:
        if not callable(getattr(value, identifier(method), None)):
            return method
    return None


class Nowhere(type(pathlib.Path())):
    """The empty path, which a `Path` takes for `.`, and which goes back as what it was."""

    __module__ = "polyplug"
    __slots__ = ()

    def __fspath__(self):
        return str(self) if self.parts else ""


def path_of(raw):
    """A path, of what the system takes it for."""
    return pathlib.Path(os.fsdecode(raw)) if raw else Nowhere()


def raw_path(value):
    """What the system takes a path for."""
    return os.fsencode(os.fspath(value)) if os.name != "nt" else os.fsdecode(os.fspath(value))


def hashable(value):
    """A value that may be a key."""
    return tuple(hashable(part) for part in value) if isinstance(value, list) else value


def made_fault(native, message, kind, plugin, contract, method, location, trace):
    """A fault, with what it came from."""
    fault = Fault(message, kind, plugin, contract, method, location, trace)
    fault._native = native
    return fault


# Errors: the text, the place, and the traceback.


def described(error, folder):
    """Of an exception: message, file, line, traceback."""
    try:
        text = error.message if isinstance(error, Fault) else str(error)
    except Exception:
        text = ""
    name = type(error).__qualname__
    message = f"{name}: {text}" if text else name
    if isinstance(error, SyntaxError) and error.filename:
        return f"{name}: {error.msg}", error.filename, error.lineno or 0, "".join(traceback.format_exception_only(error))
    file, line = "", 0
    step = error.__traceback__
    is_ours = False
    while step is not None:
        here = step.tb_frame.f_code.co_filename
        inside = here.startswith(folder)
        # The innermost of the plugin's own lines, or the innermost there is.
        if inside or not is_ours:
            file, line, is_ours = here, step.tb_lineno, is_ours or inside
        step = step.tb_next
    return message, file, line, "".join(traceback.format_exception(error))
