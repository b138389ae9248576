"""Large bodies: read so that a few of them do not take all memory.

8 MiB of brackets and commas become 300 MB of Python objects, and seconds pass until everything that
is wrong with them is named.
"""

from collections.abc import Callable, Sequence
from threading import Lock
from typing import TypeVar

from irisws.api.document import InvalidRows
from irisws.model.card import Feature
from irisws.web.problem import Fault

_LARGE = 1 << 20  # bytes
_ASIDE = 10_000  # commas of what is no row: parameters, names of columns

T = TypeVar("T")

_one_at_a_time = Lock()


class LargeBodies:
    """Reads the bodies of one model: of large ones one at a time, of any dialect."""

    def __init__(self, features: Sequence[Feature], max_rows: int) -> None:
        self._max_rows = max_rows
        self._width = len(features)
        # A row has a comma for each value, and its place in an index another one; within strings
        # there may be any number of them.
        has_strings = any(feature.kind == "string" for feature in features)
        self._most_commas = None if has_strings else max_rows * (self._width + 1) + _ASIDE

    def read(self, read: Callable[[bytes], T], body: bytes) -> T:
        """Read a body; nothing is kept but what is returned.

        That large ones wait for each other costs no time: what makes Python objects has the
        interpreter to itself anyway.

        Raises:
            InvalidRows: It has more values than a request may.
        """
        if len(body) <= _LARGE:
            return read(body)
        if self._most_commas is not None and body.count(b",") > self._most_commas:
            rows = f"{self._max_rows:,} rows of {self._width}"
            raise InvalidRows([Fault("", f"holds more values than {rows} have: send fewer")])
        with _one_at_a_time:
            try:
                return read(body)
            except Exception as error:  # its frames, and those of its cause, hold what was parsed
                error.__context__ = None
                raise error.with_traceback(None) from None
