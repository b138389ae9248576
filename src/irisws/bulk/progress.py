"""How far it is: one line on a terminal, written again and again."""

import contextlib
import shutil
import sys
import time
from typing import Self, TextIO

_INTERVAL_SECONDS = 0.2
_WIDTH = 24  # characters of the bar


class Progress:
    """Shows rows, rows/s and the time left; nothing where the stream is no terminal."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = sys.stderr if stream is None else stream
        self._shows = self._stream.isatty()
        self._began = self._shown = time.monotonic()
        self._width = 0  # of the line that stands on the terminal

    @property
    def seconds(self) -> float:
        """Since the start."""
        return time.monotonic() - self._began

    def update(self, rows: int, fraction: float | None) -> None:
        """Tell how many rows are done, and how much of the input, 0 to 1, if that is known."""
        now = time.monotonic()
        if self._shows and now - self._shown >= _INTERVAL_SECONDS:
            self._shown = now
            self._show(progress_line(rows, fraction, now - self._began))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._width:
            self._show("")
            self._stream.write("\r")

    def _show(self, line: str) -> None:
        line = line[: shutil.get_terminal_size().columns - 1]  # a longer one would wrap
        with contextlib.suppress(OSError):  # that nobody looks on is no reason to stop
            self._stream.write("\r" + line.ljust(self._width))
            self._stream.flush()
        self._width = len(line)


def progress_line(rows: int, fraction: float | None, seconds: float) -> str:
    """The line.

    >>> progress_line(1_000_000, 0.25, 2.0)
    '######                    25 %  1,000,000 rows  500,000 rows/s  0:06 left'
    """
    rate = rows / seconds if seconds > 0 else 0.0
    line = f"{rows:,} rows  {rate:,.0f} rows/s"
    if not fraction:
        return line
    bar = "#" * int(_WIDTH * min(fraction, 1.0))
    left = round(seconds * (1 / min(fraction, 1.0) - 1))
    hours, minutes = divmod(left // 60, 60)
    clock = f"{hours}:{minutes:02}:{left % 60:02}" if hours else f"{minutes}:{left % 60:02}"
    return f"{bar:<{_WIDTH}} {fraction:4.0%}  {line}  {clock} left".replace("%", " %", 1)
