"""A base image as like the Dockerfile's default as can be had without a registry of images.

The same Debian and the same Python, made of Debian's packages; and as in the official images the
standard library is there as source only.

    python3 -m tests.container.base FOLDER     makes the archive that CONTAINER_BASE_CACHE may name
"""

import os
import subprocess
import sys
from pathlib import Path

from tests.container.engine import Engine

NAME = "localhost/irisws-base"
SUITE = "trixie"

# Where to keep the base from one run to the next. Not IRISWS_…: that would be a setting.
CACHE = "CONTAINER_BASE_CACHE"

_COMPILED = "/usr/lib/python3*"


def make(engine: Engine, scratch: Path) -> str:
    """Make the base, or take the one that is cached; its name."""
    archive = bootstrap(Path(os.environ.get(CACHE) or scratch))
    engine.podman("import", "--quiet", archive, NAME)
    return NAME


def bootstrap(folder: Path) -> Path:
    """Make the archive of the base in a folder, if it is not there."""
    archive = folder / f"{SUITE}.tar"
    if archive.exists():
        return archive
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
    return unfinished.rename(archive)


if __name__ == "__main__":
    bootstrap(Path(sys.argv[1]))
