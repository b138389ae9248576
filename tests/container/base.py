"""A base image as like the Dockerfile's default as can be had without a registry of images.

The same Debian and the same Python, made of Debian's packages; and as in the official images the
standard library is there as source only.
"""

import os
import subprocess
from pathlib import Path

from tests.container.engine import Engine

NAME = "localhost/irisws-base"
SUITE = "trixie"

# Where to keep the base from one run to the next. Not IRISWS_…: that would be a setting.
CACHE = "CONTAINER_BASE_CACHE"

_COMPILED = "/usr/lib/python3*"


def make(engine: Engine, scratch: Path) -> str:
    """Make the base, or take the one that is cached; its name."""
    archive = Path(os.environ.get(CACHE) or scratch) / f"{SUITE}.tar"
    if not archive.exists():
        _bootstrap(archive)
    engine.podman("import", "--quiet", archive, NAME)
    return NAME


def _bootstrap(archive: Path) -> None:
    unfinished = archive.with_suffix(".unfinished.tar")
    done = subprocess.run(
        [
            "mmdebstrap",
            "--variant=minbase",
            "--include=python3,python3-venv,ca-certificates",
            "--dpkgopt=force-unsafe-io",
            "--dpkgopt=path-exclude=/usr/share/doc/*",
            "--dpkgopt=path-exclude=/usr/share/locale/*",
            "--dpkgopt=path-exclude=/usr/share/man/*",
            f"--customize-hook=find \"$1\"{_COMPILED} -name '*.pyc' -delete",
            SUITE,
            str(unfinished),
        ],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    unfinished.rename(archive)
