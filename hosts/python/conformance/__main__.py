"""The runner of the conformance kit for hosts in Python. `plugins/fixtures/conformance/README.md` says what a runner does.

    python hosts/python/conformance <contract module> <peer module> <loader library or -> <guest> <cases.json> <language>
"""

import json
import sys

import polyplug
from polyplug import _values as kinds

import behaviours
import golden
from stage import Files, Stage

LANGUAGE = "python"


def check_fault(fault, expected):
    """Whether a fault is of that kind, and has that message in its own."""
    kind, message = expected.get("kind"), expected.get("message", "")
    assert kind is None or fault.kind in kind.split("|"), f"a fault of the kind {fault.kind}, expected {kind}: {fault}"
    assert message in fault.message, f"the fault says {fault.message!r}, expected {message!r}"


def same(what, value, expected):
    """Whether two values are written alike: 1, 1.0 and true are not."""
    value, expected = repr(value), repr(expected)
    assert value == expected, f"{what} is {short(value)}, expected {short(expected)}"


def short(text):
    return text if len(text) <= 200 else text[:198] + ".."


def call(stage, case):
    """Calls what the case says, and compares."""
    caller = stage.get(case["contract"])
    method = next(method for method in polyplug.contract_of(caller).methods if method.name == case["method"])
    assert len(case["arguments"]) == len(method.arguments), "the case has another number of arguments than the method"
    arguments = [golden.argument(node, value) for node, value in zip(method.arguments, case["arguments"])]
    result, expected = method.result, case.get("fault")
    try:
        answer = getattr(caller, method.python)(*arguments)
        if result.kind == kinds.RESULT:
            answer = polyplug.Ok(answer)
    except polyplug.Err as error:
        answer = error
    except polyplug.Fault as fault:
        if expected is None:
            raise
        check_fault(fault, expected)
    else:
        assert expected is None, f"no fault, but {answer!r}"
    if expected is None:
        same("the result", golden.write(result, answer), golden.write(result, golden.read(result, case["result"])))
    changed = [(node, value) for node, value in zip(method.arguments, arguments) if golden.changes(node)]
    assert len(changed) == len(case.get("after", [])), "the case does not say what is changed"
    for (node, value), after in zip(changed, case.get("after", [])):
        same("what was changed", golden.changed(node, value), golden.changed(node, golden.argument(node, after)))


def check(stage, case):
    """Runs one case; raises when it goes another way."""
    if not case.get("behaviour"):
        return call(stage, case)
    found = behaviours.ALL.get(case["name"])
    assert found, "this host has no code for it"
    return found(stage)


def listed(file, case, language):
    """Whether the file says that it cannot be done."""
    sides = {"guest": (language, LANGUAGE), "host": (LANGUAGE, language)}
    return any(
        sides[row["role"]][0] == row["language"] and sides[row["role"]][1] in row.get("with", sides[row["role"]])
        and (row.get("case") == case["name"] or row.get("feature") == case["feature"])
        for row in file["cannot"]
    )


def main(contracts, peer, loader, guest, cases, language):
    with open(cases, encoding="utf-8") as text:
        file = json.load(text)
    sys.stdout.reconfigure(encoding="utf-8")
    passed = True
    with Stage(Files(contracts, peer, loader, guest)) as stage:
        for case in file["cases"]:
            word, detail = "passed", ""
            try:
                check(stage, case)
            except Exception as error:
                word = "cannot" if listed(file, case, language) else "failed"
                detail = f"{type(error).__name__}: {error}".replace("\n", " ").replace("\t", " ")
            passed = passed and word != "failed"
            print(case["name"], word, detail, sep="\t", flush=True)
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
