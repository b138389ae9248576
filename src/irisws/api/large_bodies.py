"""Large bodies: read so that a few of them do not take all memory.

8 MiB of brackets and commas become 300 MB of Python objects, and seconds pass until everything that
is wrong with them is named.
"""

from collections.abc import Callable, Sequence
from threading import Lock
from typing import TypeVar

from irisws.api.document import InvalidRows, NotJson
from irisws.model.card import Feature
from irisws.web.problem import Fault, Problem

_LARGE = 1 << 20  # bytes
_IN_INDEX = 2  # commas: an index may have two levels, or a comma in its texts
_ASIDE = 10_000  # commas of parameters and the like

T = TypeVar("T")

_one_at_a_time = Lock()


class LargeBodies:
    """Reads the bodies of one model: of large ones one at a time, of any dialect."""

    def __init__(self, features: Sequence[Feature], max_rows: int) -> None:
        self._max_rows = max_rows
        self._width = len(features)
        # A row has a comma for each value, and some for its place in an index; the names of columns
        # are one row more. Within texts and names there may be any number of them.
        may_be_any = any(f.kind == "string" or "," in f.name + (f.alias or "") for f in features)
        most = (max_rows + 1) * (self._width + _IN_INDEX) + _ASIDE
        self._most_commas = None if may_be_any else most

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
            except (NotJson, InvalidRows, Problem) as error:  # whose frames hold what was parsed
                error.__context__ = None
                raise error.with_traceback(None) from None
