"""The pinned requirement files say what pyproject.toml says, and where nothing comes from."""

import re
import tomllib
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]


def pins(name: str) -> dict[str, list[Requirement]]:
    """The pinned requirements of a file, by project; several where Pythons differ."""
    text = (ROOT / "requirements" / name).read_text(encoding="utf-8")
    found: dict[str, list[Requirement]] = {}
    for line in re.findall(r"^([a-z0-9][^\\\n]*)", text, re.MULTILINE):
        pin = Requirement(line.strip())
        found.setdefault(canonicalize_name(pin.name), []).append(pin)
    return found


def wanted(*extras: str) -> list[Requirement]:
    lines = PROJECT["dependencies"] + [line for extra in extras for line in EXTRAS[extra]]
    found = map(Requirement, lines)
    return [requirement for requirement in found if requirement.name != PROJECT["name"]]


def closure(requirements: list[Requirement]) -> set[str]:
    """The projects that these requirements bring, by the metadata of what is installed."""
    todo, seen = list(requirements), set[str]()
    while todo:
        requirement = todo.pop()
        if requirement.marker and not any(
            requirement.marker.evaluate({"extra": extra}) for extra in ("", *requirement.extras)
        ):
            continue
        name = canonicalize_name(requirement.name)
        if name not in seen:
            seen.add(name)
            try:
                children = map(Requirement, requires(name) or [])
            except PackageNotFoundError:
                continue
            todo += [child for child in children if "extra" not in str(child.marker)]
    return seen


@pytest.mark.parametrize(
    ("name", "extras"),
    [
        ("serving.txt", ()),
        ("all.txt", tuple(EXTRAS)),
        *((f"{extra}.txt", (extra,)) for extra in ("train", "gcs", "s3")),
    ],
)
def test_every_dependency_is_pinned_within_its_range(name: str, extras: tuple[str, ...]) -> None:
    """What pyproject.toml asks for stands in the file, in a version that it allows."""
    pinned = pins(name)
    for requirement in wanted(*extras):
        for pin in pinned[canonicalize_name(requirement.name)]:
            (specifier,) = pin.specifier
            assert specifier.version in requirement.specifier, f"{pin} is not {requirement}"


def test_serving_holds_nothing_that_serving_does_not_need() -> None:
    """Every line of the serving set is asked for by pyproject.toml or by what it asks for."""
    assert pins("serving.txt").keys() <= closure(wanted())


@pytest.mark.parametrize("name", ["serving.txt", "train.txt", "gcs.txt", "s3.txt"])
def test_files_agree(name: str) -> None:
    """Each set is a part of the whole, in the same versions."""
    everything = pins("all.txt")
    for project, part in pins(name).items():
        allowed = {str(pin.specifier) for pin in everything[project]}
        assert {str(pin.specifier) for pin in part} <= allowed, project


@pytest.mark.parametrize("name", [path.name for path in (ROOT / "requirements").glob("*.txt")])
def test_only_names_versions_and_hashes(name: str) -> None:
    """No line has an address or an option; every pin has a hash."""
    lines = (ROOT / "requirements" / name).read_text(encoding="utf-8").splitlines()
    pin = re.compile(r"[a-z0-9._-]+==[0-9a-z.+!]+( ; [^\\]+)? \\")
    digest = re.compile(r"    --hash=sha256:[0-9a-f]{64}( \\)?")
    assert [line for line in lines if not pin.fullmatch(line) and not digest.fullmatch(line)] == []
