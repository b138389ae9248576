"""The house: imports point downward, and the two sides do not know each other."""

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent.parent / "src"

# Each part may import from the parts named, and from within itself.
MAY_IMPORT = {
    "irisws": {"irisws.app", "irisws.model"},  # re-exported, on first use
    "irisws.__main__": {"irisws.cli"},
    "irisws.cli": {
        *("irisws", "irisws.app", "irisws.model", "irisws.server", "irisws.settings"),
        *("irisws.bulk", "irisws.training"),
    },
    "irisws.wsgi": {"irisws.app", "irisws.model", "irisws.settings"},
    "irisws.app": {
        *("irisws", "irisws.api", "irisws.model", "irisws.settings"),
        *("irisws.telemetry", "irisws.web"),
    },
    "irisws.api": {"irisws.model", "irisws.telemetry", "irisws.web"},
    "irisws.server": {"irisws.parser", "irisws.quiesce", "irisws.settings", "irisws.web"},
    "irisws.bulk": {"irisws.model"},
    "irisws.parser": set(),
    "irisws.quiesce": set(),
    "irisws.training": {"irisws.model"},
    "irisws.model": set(),
    "irisws.telemetry": set(),
    "irisws.web": set(),
    "irisws.settings": set(),
}


def part_of(module: str) -> str:
    return ".".join(module.split(".")[:2])


def modules() -> list[Path]:
    return sorted((SOURCE / "irisws").rglob("*.py"))


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__")


def imports_of(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            names.add(node.module or "")
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    files = {name_of(module) for module in modules()}
    return {name for name in names if name in files}


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_imports_point_downward(path: Path) -> None:
    """A module imports only what stands below its part of the house."""
    part = part_of(name_of(path))
    parts = {part_of(name) for name in imports_of(path)} - {part}
    if part != "irisws":
        parts -= {"irisws"} if "irisws" not in MAY_IMPORT[part] else set()
    assert parts <= MAY_IMPORT[part]


def test_no_circles() -> None:
    """No module reaches itself through its imports; the package's lazy front door is left out."""
    graph = {name_of(path): imports_of(path) - {"irisws"} for path in modules()}
    graph.pop("irisws")
    while leaves := [name for name, imports in graph.items() if not imports & graph.keys()]:
        for name in leaves:
            del graph[name]
    assert graph == {}


def test_every_part_is_known() -> None:
    """A new part of the package has its place in the table above."""
    assert {part_of(name_of(path)) for path in modules()} == MAY_IMPORT.keys()
