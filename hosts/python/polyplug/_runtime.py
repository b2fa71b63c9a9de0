"""The runtime, its modules, and what is told of them."""

import atexit
import ctypes
import itertools
import json
import os
import pathlib
import threading
import time
import weakref

from . import _calls, _contract, _native
from ._errors import Error, asked, check


class Report:
    """What was done: `code` is a stable word, `text` says it in words."""

    __slots__ = ("code", "text")

    def __init__(self, code, text):
        self.code, self.text = code, text

    def __str__(self):
        return self.text

    def __repr__(self):
        return f"Report({self.code!r}, {self.text!r})"


class Event:
    """Something happened to a module: `code` is a stable word, `module` its file, `text` says it in words."""

    __slots__ = ("code", "module", "text")

    def __init__(self, code, module, text):
        self.code, self.module, self.text = code, module, text

    def __str__(self):
        return self.text

    def __repr__(self):
        return f"Event({self.code!r}, {self.module!r}, {self.text!r})"


class Line:
    """Something was logged: `level` is a word, `plugin` who logged it, `target` what it is about, `text` the message and its fields."""

    __slots__ = ("level", "plugin", "target", "message", "text")

    def __init__(self, level, plugin, target, message, text):
        self.level, self.plugin, self.target, self.message, self.text = level, plugin, target, message, text

    def __str__(self):
        return f"{self.level.upper()} {self.plugin or self.target}: {self.text}"

    def __repr__(self):
        return f"Line({self.level!r}, {self.plugin!r}, {self.target!r}, {self.text!r})"


class Plugin:
    """A plugin: `name`, `version`, `description`, `license`, `repository`, and `contracts` (`id major.minor`)."""

    __slots__ = ("name", "version", "description", "license", "repository", "contracts")

    def __init__(self, record):
        for part in ("name", "version", "description", "license", "repository"):
            setattr(self, part, getattr(record, part).text())
        self.contracts = [text.text() for text in _native.items(_native.Slice, record.contracts, record.contract_count)]

    def __repr__(self):
        return f"<plugin {self.name} {self.version}>"


def _taken(kind, function, *arguments):
    handle = _native.Handle(asked(function, *arguments))
    return handle, kind.from_address(handle.value)


def _texts(function, *arguments):
    handle, record = _taken(_native.ListRecord, function, *arguments)
    return [text.text() for text in _native.items(_native.Slice, record.items, record.count)]


def _plugins(function, *arguments):
    handle, record = _taken(_native.ListRecord, function, *arguments)
    return [Plugin(plugin) for plugin in _native.items(_native.PluginRecord, record.items, record.count)]


def _report(function, *arguments):
    handle, record = _taken(_native.ReportRecord, function, *arguments)
    return Report(record.code.text(), record.text.text())


def _milliseconds(within):
    if within is None:
        return _native.NO_WAIT
    seconds = within.total_seconds() if hasattr(within, "total_seconds") else float(within)
    if seconds < 0:
        raise ValueError("a time to wait is not negative")
    return int(seconds * 1000)


class Module:
    """What a load returns. It unloads nothing when it goes."""

    def __init__(self, handle):
        self._h = _native.Handle(handle)

    def __repr__(self):
        return f"<module {self.path or ', '.join(plugin.name for plugin in self.plugins)}>"

    @property
    def plugins(self):
        """Its plugins; those of its last version after an unload."""
        return _plugins(_native.library().polyplug_module_plugins, self._h)

    @property
    def path(self):
        """The file that it was loaded from, or `None`."""
        paths = _texts(_native.library().polyplug_module_path, self._h)
        return pathlib.Path(paths[0]) if paths else None

    @property
    def is_loaded(self):
        """Whether callers reach it."""
        loaded = ctypes.c_int32()
        asked(_native.library().polyplug_module_is_loaded, self._h, ctypes.byref(loaded))
        return bool(loaded.value)

    def reload(self, within=None):
        """Puts the file as it is now in the place of what is loaded; waits for calls inside at most `within` seconds."""
        return _report(_native.library().polyplug_module_reload, self._h, _milliseconds(within))

    def unload(self, within=None):
        """Takes it away, and waits for its end at most `within` seconds; with `None`, for nothing."""
        return _report(_native.library().polyplug_module_unload, self._h, _milliseconds(within))

    def unload_cascade(self):
        """As an unload that waits for nothing, after all modules that depend on it."""
        return _report(_native.library().polyplug_module_unload_cascade, self._h)


class Subscription:
    """Events, or what is logged, are told until it is closed."""

    def __init__(self, handle):
        self._h = handle
        _subscriptions.add(self)

    def close(self):
        """Ends it, once nobody is inside the listener."""
        self._h = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


_subscriptions = weakref.WeakSet()
_listener_keys = itertools.count(1)
_listeners = {}


@_native.Listener
def _heard(key, event):
    try:
        record = event.contents
        _listeners[key](Event(record.code.text(), record.module.text().strip("`"), record.text.text()))
    except BaseException:
        import sys

        sys.excepthook(*sys.exc_info())  # an event has nobody to answer to


LEVELS = ("error", "warn", "info", "debug", "trace")


@_native.LogListener
def _logged(key, line):
    try:
        record = line.contents
        texts = (part.text() for part in (record.plugin, record.target, record.message, record.text))
        _listeners[key](Line(LEVELS[min(record.level, 5) - 1], *texts))
    except BaseException:
        import sys

        sys.excepthook(*sys.exc_info())  # the log has nobody to answer to


def subscribe_log(listener, level="info"):
    """Calls `listener` with a `Line` for everything that is logged by plugins of all runtimes, up to that level, until the
    subscription is closed: `error`, `warn`, `info`, `debug` or `trace`. On the thread that logs."""
    if level not in LEVELS:
        raise ValueError(f"there is no level {level!r}: the levels are {', '.join(LEVELS)}")
    key = next(_listener_keys)
    _listeners[key] = listener
    try:
        handle = asked(_native.library().polyplug_log_subscribe, LEVELS.index(level) + 1, _logged, key, _unheard)
    except BaseException:
        _listeners.pop(key, None)
        raise
    return Subscription(_native.Handle(handle))


@_native.Destroy
def _unheard(key):
    _listeners.pop(key, None)


_runtimes = weakref.WeakSet()
# How long the end of the interpreter waits, in seconds.
_LAST_WAIT = 1.0


@atexit.register
def _end():
    """Unloads everything while Python can still be called: what plugins let go of is let go of on a thread of libpolyplug's."""
    for runtime in list(_runtimes):
        runtime.close()
    for subscription in list(_subscriptions):
        subscription.close()
    limit = time.monotonic() + _LAST_WAIT
    while _contract._provided and time.monotonic() < limit:
        time.sleep(0.002)


class Runtime:
    """Where plugins are loaded and found.

        with polyplug.Runtime() as runtime:
            runtime.load("libhello.so")
            print(runtime.get("demo.greeter").greet("world"))

    At the end of the block everything in it is unloaded.
    """

    def __init__(self):
        library = _native.library()
        _calls.compiled()
        self._h = _native.Handle(library.polyplug_runtime_new())
        if not self._h.value:
            raise MemoryError("libpolyplug made no runtime")
        _runtimes.add(self)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Unloads everything, without waiting for calls that are inside, and lets go of the runtime."""
        if not self._h.value:
            return
        for module in reversed(self.modules):
            if module.is_loaded:
                module.unload_cascade()
        self._h = _native.Handle()

    def load(self, path):
        """Loads a shared library with all its plugins."""
        path = os.fsencode(path)
        return Module(asked(_native.library().polyplug_runtime_load, self._h, path, len(path)))

    def load_dir(self, path):
        """Loads every library in a folder. The code of the report is `failed` when one could not be loaded."""
        path = os.fsencode(path)
        return _report(_native.library().polyplug_runtime_load_dir, self._h, path, len(path))

    @property
    def modules(self):
        """The modules, in load order."""
        handle, record = _taken(_native.ListRecord, _native.library().polyplug_runtime_modules, self._h)
        return [Module(module) for module in _native.items(ctypes.c_void_p, record.items, record.count)]

    @property
    def plugins(self):
        """The plugins, in load order, and the values that the host provides."""
        return _plugins(_native.library().polyplug_runtime_plugins, self._h)

    @property
    def contracts(self):
        """The contracts that the loaded modules describe, offered or not: `id major.minor`."""
        return _texts(_native.library().polyplug_runtime_contracts, self._h)

    def contract(self, id, major=None):
        """What a contract looks like; of the highest major that is described, when none is named."""
        if major is None:
            versions = [text.split(" ")[1] for text in self.contracts if text.split(" ")[0] == id]
            major = max((int(version.split(".")[0]) for version in versions), default=1)
        name = id.encode()
        return _contract.learned(asked(_native.library().polyplug_runtime_contract, self._h, name, len(name), major))

    def providers(self, id, major=None):
        """The names of the plugins that offer a contract, in load order."""
        return _texts(_native.library().polyplug_runtime_providers, self._h, self.contract(id, major).address)

    def _made(self, function, id, plugin, major):
        contract = self.contract(id, major)
        name = None if plugin is None else plugin.encode()
        handle = asked(function, self._h, contract.address, name, 0 if name is None else len(name))
        return contract, _native.Handle(handle)

    def get(self, id, plugin=None, major=None):
        """What that plugin, or the first that does, offers of a contract. It follows the plugin over its reloads."""
        contract, handle = self._made(_native.library().polyplug_runtime_get, id, plugin, major)
        return contract.caller_class()(handle, self._h)

    def create(self, id, plugin=None, major=None):
        """An object of one's own, made by that plugin, or by the first that offers the contract."""
        contract, handle = self._made(_native.library().polyplug_runtime_create, id, plugin, major)
        return contract.instance_class()(handle, self._h)

    def provide(self, id, value, name="host", major=None):
        """Provides a contract, which something loaded describes, by an object that has its methods. They are called on any thread.

        What they raise is a fault in the caller, with the traceback; a `polyplug.Err` is the `Err` of a result.
        """
        contract = self.contract(id, major)
        contract.check_target(value)
        key = next(_contract._keys)
        _contract._provided[key] = _contract.Target(contract, value, self._h)
        text = name.encode()
        try:
            provide = _native.library().polyplug_runtime_provide
            return Module(
                asked(provide, self._h, contract.address, text, len(text), _contract._answer, key, _contract._forget)
            )
        except BaseException:
            _contract._provided.pop(key, None)
            raise

    def configure(self, plugin, value):
        """Configures a plugin, before it is loaded or reloaded, with anything that JSON can say."""
        name, text = plugin.encode(), json.dumps(value).encode()
        asked(_native.library().polyplug_runtime_configure, self._h, name, len(name), text, len(text))

    def subscribe(self, listener):
        """Calls `listener` with an `Event` at every load, reload and unload, until the subscription is closed."""
        key = next(_listener_keys)
        _listeners[key] = listener
        try:
            handle = asked(_native.library().polyplug_runtime_subscribe, self._h, _heard, key, _unheard)
        except BaseException:
            _listeners.pop(key, None)
            raise
        return Subscription(_native.Handle(handle))
