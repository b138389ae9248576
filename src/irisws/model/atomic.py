"""Files that are there whole or not at all: written beside their place, and renamed."""

import os
import shutil
import tempfile
from pathlib import Path
from typing import BinaryIO


def open_beside(path: Path) -> tuple[BinaryIO, Path]:
    """Open a new file in the folder of `path`, hidden and for its owner only; and its own path.

    Raises:
        OSError: The folder takes no files.
    """
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
    return os.fdopen(handle, "wb"), Path(name)


def publish(temporary: Path, path: Path) -> None:
    """Put a closed file in its place, with the permissions of the one that it replaces, or of any
    new file.

    Raises:
        OSError: It cannot be; on Windows also while another process has the old file open.
    """
    if path.exists():
        shutil.copymode(path, temporary)
    else:
        mask = os.umask(0)
        os.umask(mask)
        temporary.chmod(0o666 & ~mask)
    try:
        os.replace(temporary, path)
    except OSError:
        temporary.chmod(0o600)  # Windows removes no file that is read-only
        raise
