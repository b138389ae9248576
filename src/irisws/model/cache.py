"""Copies of model files that were fetched, each under a name that says what it holds.

A file is called `<key>-<SHA-256 of its bytes>.onnx`. Whoever knows the digest finds it without
asking where it came from, and a copy that is damaged is seen by its name. Files are written whole
under another name and renamed, so that processes that start at the same time do not disturb each
other.
"""

import contextlib
import hashlib
import os
from pathlib import Path

from irisws.model.atomic import open_beside


def folder() -> Path | None:
    """Where the system keeps a user's caches; None if it has no such place."""
    from platformdirs import user_cache_path

    try:
        path = user_cache_path("irisws", appauthor=False) / "models"
    except RuntimeError:  # the user has no home
        return None
    return path if path.is_absolute() else None  # "~", in older versions, for the same reason


def find(cache: Path | None, key: str, digest: str | None, max_bytes: int) -> bytes | None:
    """Return a copy by its digest, or by its key where no digest is given; None if there is none.

    Args:
        cache: The folder, which need not exist.
        key: What the copy was stored under.
        digest: The SHA-256 that it must have, in hexadecimal.
        max_bytes: A larger copy is passed over.
    """
    if cache is None:
        return None
    pattern = f"*-{digest}.onnx" if digest else f"{key}-*.onnx"
    found = (_intact(path, max_bytes) for path in sorted(cache.glob(pattern)))
    return next((data for data in found if data is not None), None)


def store(cache: Path | None, key: str, data: bytes) -> None:
    """Keep a copy. That there is no place for it is no error."""
    if cache is None:
        return
    with contextlib.suppress(OSError):
        cache.mkdir(mode=0o700, parents=True, exist_ok=True)
        place = cache / f"{key}-{_digest(data)}.onnx"
        file, temporary = open_beside(place)
        try:
            with file:
                file.write(data)
            os.replace(temporary, place)
        except BaseException:
            temporary.unlink()
            raise


def _intact(path: Path, max_bytes: int) -> bytes | None:
    try:
        data = path.read_bytes() if path.stat().st_size <= max_bytes else b""
    except OSError:  # unreadable, or deleted in between: as good as none
        return None
    return data if path.stem.endswith(_digest(data)) else None


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
