"""How methods of numbers, texts and bytes are called: through ctypes, or by C that was compiled for it."""

import functools
import importlib
import os
import warnings

VARIABLE = "POLYPLUG_CALLS"
COMMAND = "python -m polyplug build"
# What `_compiled.c` says too.
FORM = 1


def _loaded():
    """The compiled module, or why there is none; and whether it lies there, and is of no use."""
    name = f"{__package__}._compiled"
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        return None, "it was not compiled" if error.name == name else str(error), error.name != name
    except ImportError as error:
        return None, str(error), True
    if getattr(module, "FORM", None) != FORM:
        return None, "it was compiled for another version of this package", True
    return module, "", False


@functools.lru_cache(maxsize=None)
def compiled():
    """The compiled module, or `None`: then all calls go through ctypes."""
    wanted = os.environ.get(VARIABLE, "")
    if wanted not in ("", "ctypes", "compiled"):
        raise ImportError(f"the environment variable {VARIABLE} is {wanted!r}; it may be `ctypes` or `compiled`")
    if wanted == "ctypes":
        return None
    module, reason, is_broken = _loaded()
    if module is None and wanted:
        raise ImportError(f"the environment variable {VARIABLE} is `compiled`, but {reason}: {COMMAND}")
    if is_broken:
        warnings.warn(f"calls go through ctypes, as what was compiled for them is of no use: {reason}: {COMMAND}", RuntimeWarning, 2)
    return module


def calls():
    """`compiled`, or `ctypes`: how methods of numbers, texts and bytes are called."""
    return "ctypes" if compiled() is None else "compiled"
