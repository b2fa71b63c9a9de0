"""The command line: `python -m polyplug inspect LIBRARY..`, `python -m polyplug stubs LIBRARY..`, `python -m polyplug build`.

Exit codes: 0 = done, 1 = something failed, 2 = the command line was wrong.
"""

import argparse
import pathlib
import sys

from . import Error, Runtime
from ._build import BuildError, build
from ._stubs import stub, words


def described(runtime):
    """The contracts that are described, in order."""
    for text in runtime.contracts:
        id, version = text.split(" ")
        yield runtime.contract(id, int(version.split(".")[0]))


def inspect(runtime, options):
    """Prints plugins and contracts."""
    for plugin in runtime.plugins:
        about = f": {plugin.description}" if plugin.description else ""
        print(f"plugin {plugin.name} {plugin.version}{about}")
        for contract in plugin.contracts:
            print(f"  offers {contract}")
    for contract in described(runtime):
        print()
        print(words(contract))


def stubs(runtime, options):
    """Writes a file for each contract."""
    folder = pathlib.Path(options.out)
    folder.mkdir(parents=True, exist_ok=True)
    for contract in described(runtime):
        several = sum(text.split(" ")[0] == contract.id for text in runtime.contracts) > 1
        name = contract.id.replace(".", "_").replace("-", "_") + (f"_{contract.version[0]}" if several else "")
        file = folder / f"{name}.pyi"
        file.write_text(stub(contract), encoding="utf-8")
        print(file)


def main(arguments=None):
    """Runs a command."""
    parser = argparse.ArgumentParser(prog="python -m polyplug", description="What plugins offer.")
    commands = parser.add_subparsers(required=True, metavar="command")
    for run, about in ((inspect, "print the plugins and contracts of libraries"), (stubs, "write type stubs of their contracts")):
        command = commands.add_parser(run.__name__, help=about, description=about)
        command.add_argument("library", nargs="+", help="a plugin, or a contract module; loaded in this order")
        if run is stubs:
            command.add_argument("--out", default=".", help="the folder to write to (default: this one)")
        command.set_defaults(run=run)
    command = commands.add_parser("build", help="compile what makes calls faster", description="Compile what makes calls faster.")
    command.set_defaults(run=None)
    options = parser.parse_args(arguments)
    try:
        if options.run is None:
            print(build())
            return 0
        with Runtime() as runtime:
            for library in options.library:
                runtime.load(library)
            options.run(runtime, options)
    except (Error, OSError, ImportError, BuildError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
