"""A runtime with all that a guest of the kit needs, and the host's own objects."""

import polyplug

SETTINGS = {"greeting": "größer 🎈", "big": (1 << 64) - 1}


class Ears:
    """A listener of the host's."""

    def __init__(self, name="ears"):
        self._name = name
        self.heard = []

    def hear(self, what):
        self.heard.append(what)
        return len(self.heard) - 1

    def name(self):
        return self._name


class Deaf(Ears):
    """One that fails."""

    def hear(self, what):
        raise polyplug.Fault("deaf 🎈")


class Stream:
    """A stream of the host's. `skip` is left to its default body."""

    def __init__(self, *lines):
        self.lines = list(lines)
        self.at = 0

    def next(self):
        if self.at == len(self.lines):
            return None
        self.at += 1
        return self.lines[self.at - 1]

    def rewind(self):
        self.at = 0

    def read(self):
        return self.at


class Desk:
    """What the host provides."""

    def __init__(self):
        self.lines, self.kept, self.life = [], [], None

    def write(self, line):
        self.lines.append(line)
        return len(self.lines)

    def lookup(self, key):
        return key + "?" if key else None

    def settle(self, number):
        if number < 0:
            raise polyplug.Err(f"too small: {number}")
        return number * 2

    def fail(self, message):
        raise polyplug.Fault(message)

    def everything(self, value):
        return value

    def apply(self, work, value):
        return work(value)

    def listener(self, name):
        return Ears(name)

    def keep(self, listener):
        self.kept.append(listener)
        return listener.hear("desk")

    def again(self, depth):
        return self.life.enter(depth)


class Files:
    """What the command line says."""

    def __init__(self, contracts, peer, loader, guest):
        self.contracts, self.peer, self.guest = contracts, peer, guest
        self.loader = None if loader == "-" else loader

    def bare(self):
        """A runtime with everything but the desk and the guest."""
        runtime = polyplug.Runtime()
        runtime.load(self.contracts)
        runtime.configure("conformance-guest", SETTINGS)
        runtime.load(self.peer)
        if self.loader:
            runtime.load(self.loader)
        return runtime


class Stage:
    """A runtime, and a guest in it."""

    def __init__(self, files):
        self.files = files
        self.runtime = files.bare()
        self.desk = Desk()
        self.runtime.provide("conformance.desk", self.desk)
        self.module = self.runtime.load(files.guest)
        self._callers = {}
        self.desk.life = self.life

    def get(self, contract):
        """A caller of what the guest offers."""
        if contract not in self._callers:
            self._callers[contract] = self.runtime.get(contract)
        return self._callers[contract]

    def __getattr__(self, name):
        return self.get("conformance." + name)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.desk.life = None
        self.desk.kept.clear()
        self._callers.clear()
        self.runtime.close()
