"""A stage of the example pipeline, in Python: puts a table of contents before the second heading of a text in Markdown."""

import re

import polyplug

# Of the second and third level, outside of code.
HEADING = re.compile(rb"^(##|###) +(.+?) *$|^ {0,3}(```|~~~)", re.MULTILINE)


@polyplug.plugin(
    implements="demo.stage 1.0",
    requires="demo.progress 1.0",
    name="contents",
    version="1.0.0",
    description="Lists what is in a text, in Python",
    license="MIT OR Apache-2.0",
)
class Contents:
    def __init__(self):
        self.progress = self.context.host("demo.progress")

    def position(self):
        return 230

    def describe(self):
        return "Markdown in, the same with a table of contents out"

    def run(self, input, options):
        if options.sabotage:
            raise RuntimeError("sabotaged")
        headings, code, first = [], False, None
        for match in HEADING.finditer(input):
            if match[3]:
                code = not code
            elif not code:
                headings.append((len(match[1]), match[2]))
                first = match.start() if first is None else first
            self.progress.report(match.end(), len(input))
        self.progress.report(len(input), len(input))
        lines = [b"  " * (level - 2) + b"* " + title + b"\n" for level, title in headings]
        output = input if first is None else input[:first] + b"".join(lines) + b"\n" + input[first:]
        stage = polyplug.types("demo.stage")
        return stage.Output(output, [stage.Note("headings", str(len(headings)))])
