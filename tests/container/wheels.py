"""The wheels that the image is built of, fetched by this machine's pip.

So the build itself needs no network, and an index or a proxy that this machine's pip is set up for
works without being told to the image.
"""

import re
import subprocess
import sys
from pathlib import Path

from packaging.requirements import Requirement


def fetch(requirements: Path, python: str, folder: Path) -> None:
    """Fetch what a file of pinned requirements asks for, every hash checked.

    Args:
        requirements: The file.
        python: The full version of the Python that the wheels are for.
        folder: Where to put them.
    """
    chosen = folder / requirements.name  # pip reads markers as of the Python that it runs on
    chosen.write_text(choose(requirements.read_text(encoding="utf-8"), python), encoding="utf-8")
    options = ["--no-deps", "--only-binary=:all:", "--require-hashes", "--quiet"]
    subprocess.run(
        [sys.executable, "-m", "pip", "download", *options, f"--python-version={python}"]
        + [f"--dest={folder}", f"--requirement={chosen}"],
        check=True,
        stderr=subprocess.DEVNULL if python else None,
    )


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
