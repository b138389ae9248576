"""Skops files that a careful attacker would write, and files that only look like one.

    python -m tests.model.hostile_skops FOLDER

loads every file of the folder and prints as JSON what came of each, and which audit events of
Python (PEP 578) were seen that nothing but foreign code has a use for.
"""

import io
import json
import struct
import sys
import warnings
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from irisws.model import skops_file

Node = dict[str, Any]

_LISTED_BYTES, _SIZE_AT = 46, 24  # of an entry in a zip archive's list, before the name

EVENTS = ("pickle.find_class", "os.system", "os.exec", "subprocess.Popen", "os.posix_spawn")


def members(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def archived(parts: dict[str, bytes]) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return written.getvalue()


def doubled(data: bytes, name: str) -> bytes:
    """The file with one member twice, the second time with other content."""
    written = io.BytesIO(data)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # zipfile notices as well
        with zipfile.ZipFile(written, "a") as archive:
            archive.writestr(name, b"another")
    return written.getvalue()


def with_claimed_size(data: bytes, size: int) -> bytes:
    """The file with a list of members in which schema.json has another size than it has."""
    changed, start = bytearray(data), data.rindex(b"schema.json") - _LISTED_BYTES
    assert changed[start : start + 4] == b"PK\x01\x02"
    changed[start + _SIZE_AT : start + _SIZE_AT + 4] = struct.pack("<I", size)
    return bytes(changed)


def with_schema(data: bytes, change: Callable[[Node], object]) -> bytes:
    """The file with another schema, and a card that has its SHA-256."""
    parts = members(data)
    schema = json.loads(parts["schema.json"])
    change(schema)
    parts["schema.json"] = json.dumps(schema).encode()
    changed = archived(parts)
    digest = skops_file.digest_without_card(changed)
    return with_card(changed, lambda card: card.update(graph=digest))


def with_card(data: bytes, change: Callable[[Any], object]) -> bytes:
    """The file with another card."""
    card = msgspec.json.decode(members(data)["irisws.json"])
    change(card)
    return skops_file.with_card(data, msgspec.json.encode(card))


def node(name: str, loader: str, **more: Any) -> Node:
    module, _, kind = name.rpartition(".")
    return {"__module__": module, "__class__": kind, "__loader__": loader, **more}


def text(value: str) -> Node:
    return node("builtins.str", "JsonNode", content=json.dumps(value), is_json=True)


def listed(*nodes: Node, kind: str = "tuple") -> Node:
    return node(f"builtins.{kind}", f"{kind.title()}Node", content=list(nodes))


def mapping(**nodes: Node) -> Node:
    keys = [node("builtins.str", "TypeNode") for _ in nodes]
    return node("builtins.dict", "DictNode", content=nodes, key_types=listed(*keys, kind="list"))


def attacks(marker: str) -> dict[str, Node]:
    """Objects by the type that a refusal has to name; each would make the file `marker`."""
    command = f"echo > {marker}"
    system = node("os.system", "FunctionNode")
    key = node("builtins.dict", "DictNode", content={"1": text("")})
    key["key_types"] = listed(node("builtins.eval", "TypeNode"), kind="list")
    return {
        "subprocess.Popen": node(
            "subprocess.Popen", "ConstructorFromReduceNode", content=listed(text(command))
        ),
        "operator.methodcaller": node(
            "operator.methodcaller", "OperatorFuncNode", attrs=listed(text("system"))
        ),
        "functools.partial": node(
            "functools.partial",
            "PartialNode",
            content={
                "func": system,
                "args": listed(text(command)),
                "kwds": mapping(),
                "namespace": mapping(),
            },
        ),
        "builtins.eval": key,
        "builtins.exec": node("builtins.exec", "FunctionNode"),
        "builtins.compile": node(
            "builtins.compile", "ObjectNode", content=mapping(a=text(command))
        ),
        "pickle.loads": node("pickle.loads", "TypeNode"),
        "code.InteractiveConsole.push": node(
            "code.InteractiveConsole",
            "MethodNode",
            content={"func": "push", "obj": node("code.InteractiveConsole", "ObjectNode")},
        ),
        "numpy.f2py.compile": node(
            "numpy.f2py.compile", "NdArrayNode", type="json", content=[], shape=listed()
        ),
    }


def attribute_of_the_estimator(hostile: Node) -> Callable[[Node], object]:
    """Put it where no golden row would ever meet it."""

    def change(schema: Node) -> None:
        attributes = schema["content"]
        attributes["content"]["note"] = hostile
        attributes["key_types"]["content"].append(node("builtins.str", "TypeNode"))

    return change


def instead_of_the_estimator(hostile: Node) -> Callable[[Node], object]:
    def change(schema: Node) -> None:
        kept = {name: schema[name] for name in ("protocol", "_skops_version")}
        schema.clear()
        schema.update(hostile | kept)

    return change


def _load_all(folder: Path) -> Iterator[tuple[str, str]]:
    from irisws.model.model import Model, UnusableModel

    for path in sorted(folder.iterdir()):
        try:
            yield path.name, str(Model.load(path).proof)
        except UnusableModel as error:
            yield path.name, f"refused: {error}"


def main() -> None:
    import skops.io  # noqa: F401  # before: dask, where it is, unpickles its own as it loads

    seen: list[str] = []

    def note(event: str, _: object) -> None:
        if event in EVENTS:
            seen.append(event)

    sys.addaudithook(note)
    print(json.dumps({"outcomes": dict(_load_all(Path(sys.argv[1]))), "events": seen}))


if __name__ == "__main__":
    main()
