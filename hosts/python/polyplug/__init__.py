"""polyplug for hosts in Python: load plugins, call them as their contracts say, reload and unload them."""

from ._calls import calls
from ._contract import Contract, Proxy
from ._errors import Err, Error, Fault, Ok, Some, Text
from ._runtime import Event, Line, Module, Plugin, Report, Runtime, Subscription, subscribe_log
from ._values import Duration, SystemTime

__version__ = "0.1.0"
__all__ = [
    "Contract", "Duration", "Err", "Error", "Event", "Fault", "Line", "Module", "Ok", "Plugin", "Proxy", "Report", "Runtime", "Some",
    "Subscription", "SystemTime", "Text", "calls", "contract_of", "plugin_of", "release",
    "subscribe_log",
]


def release(proxy):
    """Lets go of a proxy. Its contract may have a method `release` of its own."""
    proxy._end()


def contract_of(proxy):
    """The contract of a proxy."""
    return proxy._contract


def plugin_of(proxy):
    """The name of the plugin behind what `get` or `create` returned."""
    from ._contract import HandleProxy

    return HandleProxy.plugin.fget(proxy)
