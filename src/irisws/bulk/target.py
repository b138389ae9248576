"""The output's bytes: a file that is there whole or not at all, or standard output."""

import contextlib
import os
import stat
import sys
from pathlib import Path
from typing import BinaryIO, Self

from irisws.bulk.failures import FileFailure
from irisws.bulk.source import STANDARD
from irisws.model.atomic import open_beside, publish


class Target:
    """Where the output goes.

    A file is written beside its place under another name, and put there by `commit`; leaving the
    context without that removes it. Standard output, pipes and devices are written to as they are.
    """

    def __init__(self, path: str) -> None:
        """Open it.

        Args:
            path: `-` for standard output.

        Raises:
            FileFailure: It cannot be written.
        """
        self.name = "standard output" if path == STANDARD else path
        self._temporary: Path | None = None
        self._is_standard = path == STANDARD
        self.is_open = True
        try:
            self._file = sys.stdout.buffer if self._is_standard else self._open(Path(path))
        except OSError as error:
            raise self._failure(error) from None

    def _open(self, path: Path) -> BinaryIO:
        if path.is_dir():
            raise FileFailure(f"cannot write {path}: it is a directory")
        if path.exists() and not stat.S_ISREG(path.stat().st_mode):
            return path.open("wb")
        self._path = Path(os.path.realpath(path))  # a link stays one
        file, self._temporary = open_beside(self._path)
        return file

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.is_open = False
        if not self._is_standard:
            with contextlib.suppress(OSError):  # of a full disk, which has been told already
                self._file.close()
        if self._temporary is not None:
            self._temporary.unlink(missing_ok=True)

    def write(self, data: bytes) -> int:
        """Write.

        Raises:
            FileFailure: It cannot be written; of standard output it is the OSError itself, because
                a reader that went away is no failure.
        """
        try:
            return self._file.write(data)
        except OSError as error:
            if self._is_standard:
                raise
            raise self._failure(error) from None

    def commit(self) -> None:
        """Put the file in its place, or flush what is none."""
        try:
            self._file.flush()
            if self._temporary is not None:
                self._file.close()
                publish(self._temporary, self._path)
                self._temporary = None
        except OSError as error:
            if self._is_standard:
                raise
            raise self._failure(error) from None

    def _failure(self, error: OSError) -> FileFailure:
        return FileFailure(f"cannot write {self.name}: {error.strerror or error}")
