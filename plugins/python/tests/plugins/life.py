"""Everything that a plugin has of its runtime."""

import logging
import threading

import polyplug

logger = logging.getLogger(__name__)


@polyplug.plugin(
    implements=["demo.guestbook", "demo.greeter"],
    requires="test.desk",
    wants=["fixture.kinds"],
    name="python-life",
    version="1.0.0",
)
class Life:
    def __init__(self):
        config = self.context.config() or {}
        polyplug.log.debug("made")
        self.signed = config.get("names", [])
        self.desk = self.context.host("test.desk")

    @polyplug.save
    def to_text(self):
        return "\n".join(self.signed)

    @polyplug.restore
    def from_text(self, saved):
        assert isinstance(saved, bytes)
        self.signed = saved.decode().split("\n")

    def sign(self, name):
        self.signed.append(name)
        return len(self.signed)

    @polyplug.method("demo.guestbook", "names")
    def everybody(self):
        return self.signed

    def names(self):
        raise RuntimeError("the one above answers")

    def greet(self, what):
        asked = getattr(self, "ask_" + what, None)
        return asked() if asked else f"Hello, {what}!"

    def add(self, a, b):
        return a + b

    def ask_config(self):
        config = self.context.config()
        return f"{config['text']} {config['big']} {config['list'][1]} {config.get('absent')}"

    def ask_plugin(self):
        return self.context.plugin

    def ask_previous(self):
        return self.context.previous_version or "none"

    def ask_desk(self):
        return self.desk.write("from Python")

    def ask_print(self):
        print("one", 2, None, sep="\t")
        polyplug.log.warn("careful")
        logger.error("failed %d times", 3)
        logger.debug("no matter")
        return ""

    def ask_refused(self):
        try:
            return self.desk.ask("refuse")
        except polyplug.Err as reason:
            return f"refused: {reason.value}"

    def ask_answered(self):
        return self.desk.ask("fine")

    def ask_fault(self):
        try:
            return self.desk.write("panic")
        except polyplug.Fault as fault:
            return f"{fault.kind} {fault.message} {fault.method}"

    def ask_raised(self):
        return self.desk.write("panic")

    def ask_unknown(self):
        return self.desk.nothing_such()

    def ask_arguments(self):
        return self.desk.write("1", "2")

    def ask_wrong(self):
        return self.desk.write(1)

    def ask_named(self):
        return self.desk.write(line="by name")

    def ask_twice(self):
        return self.desk.write("by place", line="by name")

    def ask_peer(self):
        return self.context.peer("fixture.kinds").greet("peer")

    def ask_peers(self):
        return " ".join(f"{polyplug.plugin_of(peer)} {peer.answer()}" for peer in self.context.peers("fixture.kinds"))

    def ask_left_out(self):
        return str(self.context.peer("demo.greeter").add(40, 2))

    def ask_lock(self):
        return self.desk.write("call me")

    def ask_closure(self):
        seen = []

        def work(number):
            seen.append(number)
            return number * 2

        self.desk.each(3, work)
        return " ".join(map(str, seen))

    def ask_closure_fails(self):
        def work(number):
            raise RuntimeError(f"closure {number}")

        self.desk.each(3, work)

    def ask_thread(self):
        # A thread of Python's own calls out, and is called back.
        answers = []
        thread = threading.Thread(target=lambda: answers.append(self.desk.write("call me")))
        thread.start()
        thread.join()
        return answers[0]
