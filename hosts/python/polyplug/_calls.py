"""How methods of numbers, texts and bytes are called: through ctypes, or by C that was compiled for it; and what compiles that."""

import functools
import importlib
import os
import pathlib
import shutil
import sys
import tempfile
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


class BuildError(Exception):
    """It was not compiled."""


def build(folder=None):
    """Compiles `_compiled.c` for this Python, into this package or another folder. The file that was made."""
    here = pathlib.Path(__file__).resolve().parent
    folder = here if folder is None else pathlib.Path(folder)
    try:
        from setuptools import Distribution, Extension
    except ImportError:
        raise BuildError(f"this takes setuptools: {sys.executable} -m pip install setuptools") from None
    with tempfile.TemporaryDirectory() as scratch:
        # Compiled beside its source, so that the messages name it shortly.
        shutil.copy(here / "_compiled.c", scratch)
        before = os.getcwd()
        os.chdir(scratch)
        try:
            made = Distribution({"name": "polyplug", "ext_modules": [Extension("_compiled", ["_compiled.c"])]})
            command = made.get_command_obj("build_ext")
            command.inplace = True
            command.ensure_finalized()
            command.run()
            file = pathlib.Path(scratch) / command.get_ext_filename("_compiled")
        except Exception as error:
            raise BuildError(
                f"{error}\nThis takes a compiler for C and the headers of this Python, {sys.version.split()[0]}: on Debian "
                "`apt-get install gcc python3-dev`. Without it calls go through ctypes, as before."
            ) from None
        finally:
            os.chdir(before)
        target = folder / file.name
        try:
            # In one step: another process may have the old one mapped.
            beside = target.with_name(f".{file.name}.{os.getpid()}")
            shutil.copy(file, beside)
            os.replace(beside, target)
        except OSError as error:
            raise BuildError(f"it was compiled, but cannot be put beside the package: {error}") from None
    return target
