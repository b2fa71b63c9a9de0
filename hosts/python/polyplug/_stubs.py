"""Type stubs of contracts, and contracts in words."""

from . import _values
from ._values import hint, identifier


def nodes_of(contract):
    """The types that are classes, and the contracts of objects, that a contract needs; each before what needs it."""
    types, contracts, seen = [], [], set()

    def visit(node):
        if id(node) in seen:
            return
        seen.add(id(node))
        for element in node.elements:
            visit(element)
        for field in node.fields:
            visit(field.ty)
        for variant in node.variants:
            for field in variant.fields:
                visit(field.ty)
        if node.kind in _values.MAKERS:
            types.append(node)
        if node.contract is not None:
            visit_contract(node.contract)

    def visit_contract(one):
        key = (one.id, one.version, one.order)
        if key in seen:
            return
        seen.add(key)
        for method in one.methods:
            for argument in method.arguments:
                visit(argument.ty)
            visit(method.result)
        if one.id:
            contracts.append(one)

    visit_contract(contract)
    return types, contracts


def quoted(docs, indent):
    """A documentation string."""
    if not docs:
        return []
    docs = docs.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    lines = docs.split("\n")
    if len(lines) == 1:
        return [f'{indent}"""{docs}"""']
    return [f'{indent}"""' + lines[0], *[(indent + line).rstrip() for line in lines[1:]], f'{indent}"""']


def class_of_fields(name, docs, fields, indent, base=""):
    """A dataclass."""
    lines = [f"{indent}@dataclasses.dataclass(unsafe_hash=True)", f"{indent}class {name}{base}:"]
    lines += quoted(docs, indent + "    ")
    for field in fields:
        lines.append(f"{indent}    {identifier(field.name)}: {hint(field.ty)}" + (" = ..." if field.has_default else ""))
        lines += quoted(field.docs, indent + "    ")
    if not docs and not fields:
        lines.append(f"{indent}    ...")
    if fields and all(field.name.isdigit() for field in fields):
        lines.append(f"{indent}    def __getitem__(self, at: int) -> typing.Any: ...")
    return lines


def class_of_type(node):
    """A struct, an enum or flags."""
    if node.kind in (_values.STRUCT, _values.GROWING_STRUCT):
        return class_of_fields(node.name, node.docs, node.fields, "")
    if node.kind == _values.FLAGS:
        bits = _values.BITS[node.elements[0].kind]
        return [f"class {node.name}(enum.IntFlag):", *quoted(node.docs, "    "), *[f"    BIT_{bit} = {1 << bit}" for bit in range(bits)]]
    if _values.fieldless(node):
        lines = [f"class {node.name}(enum.IntEnum):", *quoted(node.docs, "    ")]
        for variant in node.variants:
            lines += [f"    {identifier(variant.name)} = {variant.tag}", *quoted(variant.docs, "    ")]
        return lines
    lines = [f"class {node.name}:", *quoted(node.docs, "    ")]
    for variant in node.variants:
        lines += class_of_fields(identifier(variant.name), variant.docs, variant.fields, "    ", f"({node.name})")
    return lines


def class_of_contract(contract):
    """A contract: what is called, and what an object that is provided looks like."""
    docs = (contract.docs + "\n\n" if contract.docs else "") + f"The contract `{contract.id}` {contract.version[0]}.{contract.version[1]}."
    lines = [f"class {contract.name}(typing.Protocol):", *quoted(docs, "    ")]
    for method in contract.methods:
        arguments = "".join(f", {argument.python}: {argument.hint}" for argument in method.arguments)
        docs = quoted(method.docs, "        ")
        ends = "" if docs else " ..."
        lines += [f"    def {method.python}(self{arguments}) -> {method.result_hint}:{ends}", *docs]
    return lines


def stub(contract):
    """The text of a `.pyi` file."""
    types, contracts = nodes_of(contract)
    lines = [
        f"# The contract `{contract.id}` {contract.version[0]}.{contract.version[1]}. Written by `python -m polyplug stubs`; do not edit.",
        "", "import collections.abc", "import dataclasses", "import datetime", "import enum", "import pathlib", "import typing",
        "", "import polyplug",
    ]
    names = set()
    for node in types:
        if node.name not in names:
            names.add(node.name)
            lines += ["", "", *class_of_type(node)]
    for one in contracts:
        lines += ["", "", *class_of_contract(one)]
    return "\n".join(lines) + "\n"


def words(contract):
    """A contract in words, as a tree."""
    lines = [f"contract {contract.id} {contract.version[0]}.{contract.version[1]} ({contract.name})"]
    lines += [f"    {line}".rstrip() for line in contract.docs.split("\n") if contract.docs]
    for method in contract.methods:
        lines.append(f"  {method.signature}" + (" (may be left out)" if method.has_default else ""))
        lines += [f"      {line}".rstrip() for line in method.docs.split("\n") if method.docs]
    types, _ = nodes_of(contract)
    for node in types:
        lines.append(f"  type {node.text}" + (f": {node.docs.splitlines()[0]}" if node.docs else ""))
        for field in node.fields:
            lines.append(f"      {identifier(field.name)}: {hint(field.ty)}")
        for variant in node.variants:
            inside = ", ".join(f"{identifier(field.name)}: {hint(field.ty)}" for field in variant.fields)
            lines.append(f"      {variant.name}" + (f"({inside})" if inside else ""))
    return "\n".join(lines)
