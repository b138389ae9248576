"""The reference names everything that there is, and its generated parts are those of today's code.

What must be there is found without the generator, so that a mistake in it shows.
"""

import argparse
import ast
import json
import os
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

import irisws
from docs._tools import reference
from irisws import cli
from irisws.app import describe
from irisws.model.card import (
    Card,
    Column,
    Feature,
    GoldenRow,
    Leaf,
    Parity,
    Provenance,
    SampleRow,
    Score,
    TargetClass,
)
from irisws.model.model import Model
from irisws.settings import Settings

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "reference"
HEADER = r"Allow|ETag|[A-Z][a-z]*(-[A-Z]+[a-z]*)+"
LEAST_FRAGMENT = 12  # characters of a message that are words, and not what stands between values


def page(name: str) -> str:
    return (FOLDER / name).read_text(encoding="utf-8")


def section(name: str, heading: str) -> str:
    """What stands below a heading, up to the next of the same level or a higher one."""
    level = heading.split(" ", 1)[0]
    _, found, rest = page(name).partition(f"\n{heading}\n")
    assert found, f"{name} has no heading {heading!r}"
    return re.split(rf"\n#{{1,{len(level)}}} ", rest)[0]


def section_with_id(name: str, anchor: str) -> str:
    [heading] = re.findall(rf"^#+ .*{{ #{re.escape(anchor)} }}$", page(name), re.MULTILINE)
    return section(name, heading)


def commands() -> dict[str, argparse.ArgumentParser]:
    parser = cli.build_parser(Model.load().card.features)
    [found] = [a for a in parser._actions if isinstance(a, argparse._SubParsersAction)]
    return dict(found.choices)


def document() -> Any:
    return describe(Model.load(), Settings())


def operations() -> list[tuple[str, str, Any]]:
    return [
        (method.upper(), path, operation)
        for path, methods in document()["paths"].items()
        for method, operation in methods.items()
    ]


def test_generated_parts_are_up_to_date() -> None:
    """`python -m docs._tools.reference` would change nothing."""
    stale = [path.name for path, text in reference.pages().items() if page(path.name) != text]
    assert stale == [], "run: python -m docs._tools.reference"


def test_check_names_what_is_stale(capsys: pytest.CaptureFixture[str]) -> None:
    """With nothing stale, --check is silent and succeeds."""
    assert (reference.main(["--check"]), capsys.readouterr().out) == (0, "")


def test_part_that_a_page_lacks_is_an_error() -> None:
    """A new command cannot be left out of its page."""
    with pytest.raises(reference.PartsDiffer, match="missing: \\['new'\\]"):
        reference.filled_in("cli.md", page("cli.md"), {"new": "text"})


def test_part_that_nothing_generates_is_an_error() -> None:
    """Nor can a page keep one that is gone."""
    with pytest.raises(reference.PartsDiffer, match="unknown: \\['a'\\]"):
        reference.filled_in("a.md", "<!-- generated: a -->\n<!-- end -->\n", {})


def test_part_is_replaced_and_the_rest_is_kept() -> None:
    """Only what stands between the markers is written."""
    before = "By hand.\n<!-- generated: a -->\nold\n<!-- end -->\nBy hand, too.\n"
    after = "By hand.\n<!-- generated: a -->\n\nnew\n\n<!-- end -->\nBy hand, too.\n"
    assert reference.filled_in("a.md", before, {"a": "new"}) == after


@pytest.mark.parametrize("command", commands())
def test_command_has_its_flags_and_arguments(command: str) -> None:
    """Every command has a section with each flag and positional, and its default."""
    text = section("cli.md", f"## {command}")
    for action in commands()[command]._actions:
        where = page("cli.md") if "--help" in action.option_strings else text
        for name in action.option_strings or [str(action.metavar)]:
            assert re.search(rf"`{re.escape(name)}[ `]", where), name
        if isinstance(action.default, str) and action.default != argparse.SUPPRESS:
            assert action.default in text, action.dest


@pytest.mark.parametrize("name", Settings.__annotations__)
def test_flag_of_serve_has_its_default(name: str) -> None:
    """The flags of `serve` have their defaults told, though the parser itself knows of none."""
    default = Settings.__dataclass_fields__[name].default
    if default not in (None, ()) and name != "connection_limit":
        assert f"(default: {default})" in section("cli.md", "## serve")


def test_every_exit_status_is_told() -> None:
    """The statuses that the program ends with are those of the table."""
    statuses = {value for name, value in vars(cli).items() if name.startswith("EXIT_")}
    table = section("cli.md", "## Exit statuses")
    assert {int(found) for found in re.findall(r"^\| (\d+) \|", table, re.MULTILINE)} == statuses


def test_every_variable_of_the_environment_is_told() -> None:
    """What the package looks up in the environment stands on the page of commands."""
    calls = [
        ast.unparse(node)
        for path in (ROOT / "src").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
    ]
    found = [re.match(r"(?:os\.)?(?:environ\.get|getenv)\('([A-Z_]+)'", call) for call in calls]
    names = {match[1] for match in found if match}
    assert {"PORT", "LISTEN_PID", "SOURCE_DATE_EPOCH"} <= names
    text = section("cli.md", "## Environment variables")
    assert [name for name in names if f"`{name}`" not in text] == []


@pytest.mark.parametrize("name", Settings.__annotations__)
def test_setting_is_told_in_full(name: str) -> None:
    """Every setting has a section with its flag, meaning, range and default."""
    text = section_with_id("settings.md", name.replace("_", "-"))
    setting = Settings.__dataclass_fields__[name]
    assert f"### `IRISWS_{name.upper()}`" in page("settings.md")
    assert f"`--{name.replace('_', '-')}`" in text
    assert setting.metadata["doc"][1:] in text
    if isinstance(setting.default, (int, float)):
        numbers = [float(found) for found in re.findall(r"\d[\d,.]*", text.replace(",", ""))]
        assert {setting.metadata["least"], setting.metadata["most"]} <= {*numbers}
        assert str(setting.default) in text
    elif setting.default not in (None, ()):
        assert f"`{setting.default}`" in text


def test_default_that_depends_on_the_system_is_told_for_both() -> None:
    """The pages are the same wherever they are generated."""
    for text in (section("cli.md", "## serve"), section_with_id("settings.md", "connection-limit")):
        assert "2000; 400 on Windows" in text
    assert Settings().connection_limit == (400 if os.name == "nt" else 2000)


def test_every_route_and_method_is_told() -> None:
    """Each operation of the OpenAPI document, and each route that the service lists."""
    text = page("http-api.md")
    routes = {(method, path) for method, path, _ in operations()} | {("GET", "/docs")}
    for method, path in routes:
        assert len(re.findall(rf"`{method} {re.escape(path)}`", text)) >= (path != "/docs") + 1, (
            path
        )


def test_routes_stand_under_their_dialect() -> None:
    """The dialects are grouped as the document's tags are."""
    for method, path, operation in operations():
        for tag in operation["tags"]:
            assert f"`{method} {path}`" in section("http-api.md", f"## {tag}")


@pytest.mark.parametrize("operation", operations(), ids=lambda o: f"{o[0]} {o[1]}")
def test_operation_is_told_in_full(operation: tuple[str, str, Any]) -> None:
    """Its section has what it is for, its media types, statuses and examples."""
    method, path, described = operation
    sections = re.split(r"^##+ ", page("http-api.md"), flags=re.MULTILINE)
    [text] = [s for s in sections if re.match(rf"(.*\n\nAlso )?`{method} {re.escape(path)}`", s)]
    statuses = re.findall(r"\b[1-5]\d\d\b", re.sub(r"```.*?```", "", text, flags=re.DOTALL))
    assert sorted(statuses) == sorted(described["responses"])
    assert described["summary"][1:].removesuffix(".") in text
    shown = [json.loads(found) for found in re.findall(r"```json\n(.*?)```", text, re.DOTALL)]
    for media, content in contents(described):
        assert f"`{media}`" in text
        for example in content.get("examples", {}).values():
            value = example["value"]
            assert value in shown if media == "application/json" else value.strip() in text


def contents(described: Any) -> list[tuple[str, Any]]:
    """The media types of an operation's bodies, with what is said of each; not of errors."""
    bodies = [described.get("requestBody", {"content": {}}), *described["responses"].values()]
    pairs = [pair for body in bodies for pair in body["content"].items()]
    return [pair for pair in pairs if pair[0] != "application/problem+json"]


@pytest.mark.parametrize("name", document()["components"]["schemas"])
def test_schema_has_its_members(name: str) -> None:
    """Every component has a section that names each member, at any depth."""
    text = section_with_id("http-api.md", f"schema-{name.lower()}")
    for member in members(document()["components"]["schemas"][name]):
        assert re.search(rf"[`.]{re.escape(member)}`", text), member


def members(schema: Any) -> set[str]:
    """The names of all members in a schema."""
    found = set(schema.get("properties", {}))
    inner = [*schema.get("properties", {}).values(), *schema.get("anyOf", [])]
    if isinstance(schema.get("items"), dict):
        inner.append(schema["items"])
    return found.union(*map(members, inner))


@pytest.mark.parametrize("header", ["X-Request-ID", "Inference-Header-Content-Length"])
def test_header_is_told_both_ways(header: str) -> None:
    """The headers of requests that come back have their meaning told for replies, too."""
    assert section("http-api.md", "## Headers").count(f"\n`{header}`\n: ") == 2


def test_every_header_of_replies_is_told() -> None:
    """What looks like a header's name in the code stands on the page."""
    names = {
        node.value
        for path in (ROOT / "src").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and re.fullmatch(HEADER, node.value)
    }
    assert {"Allow", "Accept-Post", "Retry-After", "ETag"} <= names
    text = section("http-api.md", "## Headers")
    assert [name for name in names if f"`{name}`" not in text] == []


CARD: dict[str, type[msgspec.Struct]] = {
    "The card": Card,
    "features": Feature,
    "classes": TargetClass,
    "golden": GoldenRow,
    "parity": Parity,
    "provenance": Provenance,
    "scores": Score,
    "frame": Column,
    "leaves": Leaf,
    "sample": SampleRow,
}


@pytest.mark.parametrize("heading", CARD)
def test_member_of_the_card_is_told(heading: str) -> None:
    """Each part of the card has a table with exactly its members, marked where optional."""
    marks = "##" if heading == "The card" else "###"
    text = section("model-file.md", f"{marks} {heading}").split("\n### ")[0]
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", text, re.MULTILINE))
    fields = msgspec.structs.fields(CARD[heading])
    assert list(rows) == [field.name for field in fields]
    if CARD[heading] is not Card:  # the whole card is written with its defaults
        optional = [name for name, text in rows.items() if "optional" in text]
        assert optional == [field.name for field in fields if not field.required]


REFUSALS = ("UnusableModel", "UnusableGraph", "InvalidCard", "CannotFetch", "ValueError")


def refusals() -> list[str]:
    """The words of every message with which a model file is refused."""
    found = []
    for name in (
        "model.py",
        "model_file.py",
        "card.py",
        "engine.py",
        "skops_engine.py",
        "remote.py",
    ):
        tree = ast.parse((ROOT / "src/irisws/model" / name).read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
                kind = ast.unparse(node.exc.func)
                if kind in REFUSALS:
                    found += fragments(node.exc.args[0])
            elif name == "remote.py" and isinstance(node, ast.Return) and node.value:
                found += fragments(node.value)  # its sentences are made by functions
    return found


def fragments(message: ast.expr) -> list[str]:
    """The constant pieces of a string."""
    parts = message.values if isinstance(message, ast.JoinedStr) else [message]
    texts = [str(part.value).strip() for part in parts if isinstance(part, ast.Constant)]
    return [text for text in texts if len(text) >= LEAST_FRAGMENT]


def test_every_refusal_is_told() -> None:
    """The page has each message that a file is refused with, in the program's words."""
    assert len(refusals()) >= 25
    text = section("model-file.md", "## What is refused")
    assert [words for words in refusals() if words not in text] == []


def test_every_public_name_has_its_directive() -> None:
    """The page of the Python API renders all of `irisws.__all__`."""
    directives = re.findall(r"^::: irisws\.(\w+)$", page("python-api.md"), re.MULTILINE)
    assert sorted(directives) == sorted(irisws.__all__)


@pytest.mark.parametrize("name", irisws.__all__)
def test_public_name_has_a_docstring(name: str) -> None:
    """Each public name, and each public method of a class that the page shows, says what it is."""
    public = getattr(irisws, name)
    assert public.__doc__
    [options] = re.findall(
        rf"^::: irisws\.{name}\n((?: .*\n)*)", page("python-api.md"), re.MULTILINE
    )
    shown = re.findall(r"[a-z_]+", "".join(re.findall(r"members: \[(.*)\]", options)))
    assert [member for member in shown if not getattr(public, member).__doc__] == []


def test_client_is_told() -> None:
    """Every public class of the client, and every public method of `Client`, is linked."""
    tree = ast.parse((ROOT / "examples/python/irisws_client.py").read_text(encoding="utf-8"))
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    names = [node.name for node in classes]
    [client] = [node for node in classes if node.name == "Client"]
    names += [f"Client.{n.name}" for n in client.body if isinstance(n, ast.FunctionDef)]
    text = page("python-api.md")
    public = [name for name in names if "._" not in name and "__" not in name]
    assert [name for name in public if f"irisws_client.py#{name})" not in text] == []


@pytest.mark.parametrize("name", sorted(path.name for path in FOLDER.glob("*.md")))
def test_page_is_listed(name: str) -> None:
    """The first page of the reference leads to every other."""
    assert name == "index.md" or f"]({name})" in page("index.md")
