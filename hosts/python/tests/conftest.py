"""Where the tests find libpolyplug and the plugins: named by the environment, as `cargo xtask python` does, or built with cargo."""

import json
import os
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[3]
# Of the package, the library's file.
PLUGINS = ["hello", "every", "counter", "kinds", "tuned", "polyplug-python"]


def built(package):
    """The dynamic library of a package."""
    command = [
        os.environ.get("CARGO", "cargo"), "rustc", "--quiet", "--package", package, "--lib", "--crate-type", "cdylib",
        "--message-format=json",
    ]
    output = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout
    for line in reversed(output.splitlines()):
        message = json.loads(line)
        if message.get("reason") == "compiler-artifact" and message["package_id"].find(package) >= 0:
            for file in message["filenames"]:
                if file.endswith((".so", ".dylib", ".dll")):
                    return pathlib.Path(file)
    raise AssertionError(f"cargo made no library of `{package}`")


FOLDER = os.environ.get("POLYPLUG_TEST_PLUGINS")


def file_of(package):
    """The library of a plugin."""
    if not FOLDER:
        return built(package)
    prefix, suffix = {"win32": ("", ".dll"), "darwin": ("lib", ".dylib")}.get(sys.platform, ("lib", ".so"))
    return pathlib.Path(FOLDER) / f"{prefix}{package.replace('-', '_')}{suffix}"


if "POLYPLUG_LIBRARY" not in os.environ:
    os.environ["POLYPLUG_LIBRARY"] = str(built("polyplug-capi"))

import polyplug  # noqa: E402


@pytest.fixture(scope="session")
def libraries():
    """The libraries of the plugins, by package."""
    return {package: file_of(package) for package in PLUGINS}


@pytest.fixture
def runtime():
    """A runtime of the test's own."""
    with polyplug.Runtime() as made:
        yield made


@pytest.fixture
def greeter(runtime, libraries):
    """The greeter of the quick start."""
    runtime.load(libraries["hello"])
    return runtime.get("demo.greeter")


@pytest.fixture
def every(runtime, libraries):
    """A plugin whose contract has every type."""
    runtime.load(libraries["every"])
    return runtime.get("every.every")


@pytest.fixture
def kinds(runtime, libraries):
    """A plugin with data, enums, results, and a host contract behind it."""
    runtime.load(libraries["kinds"])
    return runtime.get("fixture.kinds")
