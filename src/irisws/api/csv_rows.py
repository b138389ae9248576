"""Rows as CSV (RFC 4180), with or without a header.

    petal_width,sl,sw,pl
    3.0,2.0,1.0,2.0

With a header the columns may be in any order, without one they are in card order. The first line
is a header if not every cell of it is a number, unless Content-Type says which it is. Where a value
may be something else than a number, it is one if most of its cells are names of features.

What a cell stands for is told in `irisws.model.cells`. As in `irisws.api.contract` a quick reader
takes what it can, and a careful one the rest.
"""

import csv
from collections.abc import Iterable, Iterator, Sequence
from io import StringIO
from itertools import chain, islice
from typing import Annotated, Any, NamedTuple

import msgspec
import numpy as np
from msgspec import Meta

from irisws.api.diagnosis import Diagnosis, Row, wanted
from irisws.api.document import Faults, token
from irisws.api.values import are_plain
from irisws.model.card import Feature, Value
from irisws.model.cells import BLANKS, CellReader, begin_with_blanks, is_number
from irisws.model.names import positions
from irisws.model.rows import Rows, as_rows
from irisws.web.problem import Problem

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"  # Excel writes one
_NUMBER_BYTES = b"+-.0123456789Ee"
_HEADERS = {"present": True, "absent": False}  # RFC 4180, 3


class CsvReader:
    """Reads CSV by the features of one model."""

    def __init__(
        self,
        diagnosis: Diagnosis,
        features: Sequence[Feature],
        largest_value: float,
        max_rows: int,
    ) -> None:
        self._diagnosis = diagnosis
        self._features = features
        self._is_plain = are_plain(features)
        self._names = [token(feature.name) for feature in features]
        self._known = positions(features).keys()
        self._cells = [CellReader(feature) for feature in features]
        self._blanks_count = begin_with_blanks(features)
        self._max_rows = max_rows
        number = Annotated[float, Meta(ge=-largest_value, le=largest_value)]
        self._decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(list[number])

    def read(self, body: bytes, header: str | None = None) -> Rows:
        """Read rows of shape `[n, features]`.

        Args:
            body: CSV in UTF-8. A byte order mark and blank lines at the end do not matter.
            header: `present` or `absent`, if Content-Type says so.

        Raises:
            Problem: 400, the body is not CSV.
            InvalidRows: It does not hold valid rows, or too many. Pointers are made of the row's
                number and the column's name, details say the line.
        """
        body = body.removeprefix(_BYTE_ORDER_MARK)
        expected = _HEADERS.get((header or "").lower())
        matrix = self._read_quickly(body, expected) if self._is_plain else None
        if matrix is None:
            return as_rows(self._read_carefully(body, expected), self._features)
        return matrix

    def _read_quickly(self, body: bytes, header: bool | None) -> Rows | None:
        """Read lines of plain numbers, ten times as quickly: as one JSON array.

        With the bytes of numbers taken away, what is left must be lines of so many commas. The
        only blank that is taken is the one that people write after a comma. JSON knows fewer ways
        to write a number than CSV does, so nothing wrong is let through.
        """
        first, _, rest = body.partition(b"\n")
        cells = _cells_of(first)
        if cells is None:
            return None
        if not self._is_header(cells, header):
            return self._read_numbers(body)
        order = self._diagnosis.order(cells)
        if order is None:
            return None
        numbers = self._read_numbers(rest)
        return None if numbers is None else numbers.take(order, axis=1)

    def _read_numbers(self, lines: bytes) -> Rows | None:
        lines = lines.replace(b"\r\n", b"\n").replace(b", ", b",").rstrip(b"\n")
        count = lines.count(b"\n") + 1
        commas = b"," * (len(self._names) - 1)
        if count > self._max_rows or not lines:
            return None
        if lines.translate(None, _NUMBER_BYTES) != b"\n".join([commas] * count):
            return None
        try:
            numbers = self._decoder.decode(b"[" + lines.replace(b"\n", b",") + b"]")
        except msgspec.DecodeError:
            return None
        return np.fromiter(numbers, np.float64).reshape(-1, len(self._names))

    def _read_carefully(self, body: bytes, header: bool | None) -> list[Row]:
        records = _records(body, self._blanks_count)
        faults = Faults()
        columns = _Columns(self._names, range(len(self._names)))
        for line, first in islice(records, 1):
            names = [name if name in self._known else name.strip(BLANKS) for name in first]
            if self._is_header(names, header):
                columns = self._columns(names, faults)
            else:
                records = chain([(line, first)], records)
        rows = []
        for at, (line, cells) in enumerate(islice(records, self._max_rows)):
            faults.place = f"line {line}: "
            rows.append(self._row(cells, columns, f"/{at}", faults))
        faults.place = ""
        if next(records, None) is not None:
            faults.add("", f"expected 1 to {self._max_rows:,} rows, got more")
        elif not rows:
            self._diagnosis.fits(0, "", faults)
        faults.raise_any()
        return rows

    def _columns(self, names: list[str], faults: Faults) -> "_Columns":
        faults.place = "line 1, the header: "
        order = self._diagnosis.columns(names, "/header", faults)
        faults.raise_any()
        return _Columns([token(name) for name in names], order)

    def _row(self, cells: list[str], columns: "_Columns", pointer: str, faults: Faults) -> Row:
        if len(cells) != len(columns.tokens):
            faults.add(pointer, f"expected {len(columns.tokens)} cells, got {len(cells)}")
            return ()
        return tuple(
            self._value(cells[at], position, f"{pointer}/{columns.tokens[at]}", faults)
            for position, at in enumerate(columns.order)
        )

    def _value(self, cell: str, position: int, pointer: str, faults: Faults) -> Value:
        value = self._cells[position].read(cell)
        if value is not None or self._features[position].missing:
            return self._diagnosis.value(value, position, pointer, faults)
        if cell.strip(BLANKS):
            faults.add(pointer, f"expected {wanted(self._features[position])}, got a missing value")
        else:
            faults.add(pointer, "is an empty cell")
        return None

    def _is_header(self, cells: list[str], said: bool | None) -> bool:
        if said is not None:
            return said
        if self._is_plain:
            return not all(map(is_number, cells))
        return 2 * sum(cell in self._known for cell in cells) > len(cells)


class _Columns(NamedTuple):
    tokens: Sequence[str]  # the names as written, fit for pointers
    order: Sequence[int]  # for each feature, in card order, the position of its column


def _records(body: bytes, blanks_count: bool) -> Iterator[tuple[int, list[str]]]:
    """The records, each with the number of its first line: cells in quotes may hold line ends."""
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise _not_csv(f"not UTF-8 at byte {error.start}") from None
    reader = _reader(StringIO(_without_blank_end(text), newline=""), blanks_count)
    line = 1
    try:
        for cells in reader:
            if cells:  # a blank line is no record
                yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        raise _not_csv(f"{error} in line {reader.line_num}") from None


def _without_blank_end(text: str) -> str:
    """The text without the blank lines at its end; blanks of the last cell stay if they can."""
    written = text.rstrip(BLANKS + "\r\n")
    if written.endswith('"'):
        return written
    blank = text[len(written) :].lstrip(BLANKS)
    return text[: len(text) - len(blank)] if written else ""


def _cells_of(line: bytes) -> list[str] | None:
    """The cells of one line; None if it has no end or is no text."""
    try:
        return [cell.strip(BLANKS) for cell in next(_reader([line.decode()], False))]
    except (csv.Error, UnicodeDecodeError):
        return None


def _reader(lines: Iterable[str], blanks_count: bool) -> Any:
    return csv.reader(lines, skipinitialspace=not blanks_count, strict=True)


def _not_csv(detail: str) -> Problem:
    return Problem(400, "not-csv", f"the body is not CSV: {detail}")
