"""The input's bytes, in chunks that end where lines end."""

import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from irisws.bulk.failures import FileFailure, InvalidInput

STANDARD = "-"
CHUNK_BYTES = 1 << 19  # 512 KiB: some 30,000 flowers; larger ones are no quicker
_LONGEST_LINE = 16 << 20


class Source:
    """A file, or standard input. A context manager that closes it."""

    def __init__(self, path: str) -> None:
        """Open it.

        Args:
            path: `-` for standard input.

        Raises:
            FileFailure: It cannot be opened.
        """
        self._path = path
        self.name = "standard input" if path == STANDARD else path
        if path == STANDARD and sys.stdin is None:  # the parent has closed it
            raise FileFailure("cannot read standard input: it is closed")
        try:
            # closed by __exit__, not here
            self.file: BinaryIO = sys.stdin.buffer if path == STANDARD else open(path, "rb")  # noqa: SIM115
            status = os.fstat(self.file.fileno())
        except FileNotFoundError:
            raise FileFailure(f"no such file: {path}") from None
        except OSError as error:
            raise self._failure(error) from None
        self._size = status.st_size if stat.S_ISREG(status.st_mode) else 0
        self._done = 0

    def __enter__(self) -> "Source":
        return self

    def __exit__(self, *_: object) -> None:
        if self._path != STANDARD:
            self.file.close()

    def fraction(self) -> float | None:
        """How much has been read, 0 to 1; None if the length is not known."""
        return self._done / self._size if self._size else None

    def chunks(self) -> Iterator[bytes]:
        """All bytes, in chunks of whole lines; the last line may lack its end.

        Raises:
            FileFailure: It cannot be read.
            InvalidInput: A line is longer than any sound one.
        """
        rest = b""
        while len(data := self._read()) == CHUNK_BYTES:  # a short one is the last
            cut = data.rfind(b"\n") + 1
            if not cut:
                rest += data
                if len(rest) > _LONGEST_LINE:
                    raise InvalidInput([f"a line is longer than {_LONGEST_LINE:,} bytes"])
                continue
            yield rest + data[:cut]
            rest = data[cut:]
        if rest or data:
            yield rest + data

    def _read(self) -> bytes:
        try:
            data = self.file.read(CHUNK_BYTES)
        except OSError as error:
            raise self._failure(error) from None
        self._done += len(data)
        return data

    def _failure(self, error: OSError) -> FileFailure:
        is_directory = self._path != STANDARD and Path(self._path).is_dir()
        reason = "it is a directory" if is_directory else (error.strerror or str(error)).lower()
        return FileFailure(f"cannot read {self.name}: {reason}")
