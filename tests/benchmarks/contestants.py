"""Who is compared: each a command that serves one of the two models on a port."""

import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from tests.benchmarks.processes import ROOT

NO_OP = "no-op, waitress-serve"
ARTICLE = "article, "
TREE, FOREST = "tree", "100-tree forest"
TREES = 100

_WAITRESS = ("-m", "waitress", "--threads=4")  # what `waitress-serve` runs


def _always() -> bool:
    return True


@dataclass(frozen=True, eq=False)  # a key, by identity
class Contestant:
    """One server with one model."""

    name: str
    model: str
    command: Callable[[int], Sequence[str]]  # from the port to the arguments behind `python`
    environment: dict[str, str] = field(default_factory=dict)
    is_available: Callable[[], bool] = _always

    @property
    def label(self) -> str:
        return f"{self.name}, {self.model}"


def contestants(forest: Path) -> list[Contestant]:
    """All contestants.

    Args:
        forest: The packed forest; it must exist only when they start.
    """
    trees = {"ARTICLE_TREES": str(TREES)}
    return [
        Contestant(NO_OP, "none", _waitress("tests.benchmarks.noop:app")),
        *_article(TREE, {}),
        Contestant("irisws, waitress-serve", TREE, _waitress("irisws.wsgi:app")),
        Contestant("irisws serve", TREE, _serve(), is_available=_has_serve),
        *_article(FOREST, trees),
        Contestant(
            "irisws, waitress-serve",
            FOREST,
            _waitress("irisws.wsgi:app"),
            {"IRISWS_MODEL": str(forest)},
        ),
        Contestant("irisws serve", FOREST, _serve("--model", str(forest)), is_available=_has_serve),
    ]


def _article(model: str, environment: dict[str, str]) -> list[Contestant]:
    app = "tests.benchmarks.article:app"
    return [
        Contestant(ARTICLE + "gunicorn", model, _gunicorn(app), environment),
        Contestant(ARTICLE + "waitress-serve", model, _waitress(app), environment),
    ]


def _waitress(app: str) -> Callable[[int], Sequence[str]]:
    return lambda port: [*_WAITRESS, f"--listen=127.0.0.1:{port}", app]


def _gunicorn(app: str) -> Callable[[int], Sequence[str]]:
    return lambda port: ["-m", "gunicorn", "--workers=1", f"--bind=127.0.0.1:{port}", app]


def _serve(*options: str) -> Callable[[int], Sequence[str]]:
    return lambda port: ["-m", "irisws", "serve", f"--port={port}", *options]


@cache
def _has_serve() -> bool:
    command = [sys.executable, "-m", "irisws", "serve", "--help"]
    return not subprocess.run(command, cwd=ROOT, capture_output=True, timeout=60).returncode
