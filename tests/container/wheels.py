"""A package index in a folder, of the wheels that the image is built of.

They are fetched by this machine's pip.

So the build itself needs no network, and an index or a proxy that this machine's pip is set up for
works without being told to the image.
"""

import re
import subprocess
import sys
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name


def fetch(requirements: Path, python: str, folder: Path) -> None:
    """Fetch what a file of pinned requirements asks for, every hash checked.

    Args:
        requirements: The file.
        python: The full version of the Python that the wheels are for.
        folder: Where to put them; the index in it is the folder `simple`.
    """
    folder.mkdir(exist_ok=True)
    chosen = folder / requirements.name  # pip reads markers as of the Python that it runs on
    chosen.write_text(choose(requirements.read_text(encoding="utf-8"), python), encoding="utf-8")
    options = ["--no-deps", "--only-binary=:all:", "--require-hashes", "--quiet"]
    done = subprocess.run(
        [sys.executable, "-m", "pip", "download", *options, f"--python-version={python}"]
        + [f"--dest={folder}", f"--requirement={chosen}"],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    _write_index(folder)


def _write_index(folder: Path) -> None:
    """A page of links for each project: the simple repository API, PEP 503."""
    links: dict[str, str] = {}
    for wheel in sorted(folder.glob("*.whl")):
        name = str(canonicalize_name(wheel.name.partition("-")[0]))
        links[name] = links.get(name, "") + f'<a href="../../{wheel.name}">{wheel.name}</a>\n'
    for name, page in links.items():
        project = folder / "simple" / name
        project.mkdir(parents=True, exist_ok=True)
        (project / "index.html").write_text(page, encoding="utf-8")


def choose(text: str, python: str) -> str:
    """The pins whose markers fit that Python, without the markers."""
    environment = {"python_version": python.rpartition(".")[0], "python_full_version": python}
    kept = []
    for pin in re.split(r"\n(?=\S)", text.strip()):
        requirement, *hashes = re.split(r" \\\n\s+", pin)
        marker = Requirement(requirement).marker
        if marker is None or marker.evaluate(environment):
            kept.append(" \\\n    ".join([requirement.partition(" ;")[0], *hashes]))
    return "\n".join(kept) + "\n"
