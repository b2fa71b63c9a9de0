"""What compiles `_compiled.c`, into the package, when it is asked to: `python -m polyplug build`."""

import importlib.metadata
import os
import pathlib
import shutil
import sys
import tempfile


class BuildError(Exception):
    """It was not compiled."""


def _record(file):
    """Has pip remove a file together with this package, when pip installed it."""
    try:
        records = [record for record in importlib.metadata.files(__package__) or () if record.name == "RECORD"]
    except importlib.metadata.PackageNotFoundError:
        return
    for record in map(pathlib.Path, (record.locate() for record in records)):
        line = f"{file.parent.name}/{file.name},,"
        if record.parent.parent.resolve() == file.parent.parent and line not in record.read_text().splitlines():
            with record.open("a", newline="") as text:
                text.write(line + "\r\n")


def build():
    """Compiles `_compiled.c` for this Python, into this package. The file that was made."""
    here = pathlib.Path(__file__).resolve().parent
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
        target = here / file.name
        try:
            # In one step: another process may have the old one mapped.
            beside = target.with_name(f".{file.name}.{os.getpid()}")
            shutil.copy(file, beside)
            os.replace(beside, target)
            _record(target)
        except OSError as error:
            raise BuildError(f"it was compiled, but cannot be put beside the package: {error}") from None
    return target
