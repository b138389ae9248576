"""Rows from CSV, with a header; separated by commas, semicolons or tabs.

Two readers share the work. The quick one takes lines of plain numbers as one JSON array. The
careful one takes everything else, column by column, and says what is wrong with it. Both keep each
record as it stood, so that it can be written again to the byte.
"""

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any

import msgspec
import numpy as np

from irisws.bulk.batch import Batch
from irisws.bulk.cells import are_whole, as_json, read_column, read_columns
from irisws.bulk.columns import find_features
from irisws.bulk.csv_records import columns_of, read_header, read_records
from irisws.bulk.failures import InvalidInput
from irisws.bulk.source import Source
from irisws.model.card import Feature
from irisws.model.cells import begin_with_blanks
from irisws.model.names import positions
from irisws.model.rows import Rows

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"  # Excel writes one
_NUMBER_BYTES = b"+-.0123456789Ee"


class CsvReader:
    """Reads CSV, chunk by chunk.

    Attributes:
        names: Of the columns.
        header: The header as it stood, without its line end.
        byte_order_mark: What stood before it, if anything did.
        delimiter: Between cells; between semicolons a comma may be the decimal sign.
        line_end: The bytes after the header.
    """

    def __init__(self, source: Source, features: Sequence[Feature], largest_value: float) -> None:
        """Read the header.

        Raises:
            InvalidInput: There is none, it is no CSV in UTF-8, or it lacks features.
        """
        self._source = source
        self._features = features
        self._largest_value = largest_value
        self._chunks = source.chunks()
        first = next(self._chunks, b"")
        self.byte_order_mark = _BYTE_ORDER_MARK * first.startswith(_BYTE_ORDER_MARK)
        first = first.removeprefix(_BYTE_ORDER_MARK)
        known = positions(features).keys()
        self._blanks_count = begin_with_blanks(features)
        self.delimiter, self.header, self.names, self._first = read_header(
            first, known, self._blanks_count
        )
        self._decimal = "," if self.delimiter == ";" else "."
        head = first[: len(first) - len(self._first)]
        self.line_end = b"\r\n" if head.endswith(b"\r\n") else b"\n"
        self._order = find_features(self.names, features)
        self._line = 1 + head.count(b"\n")  # of the next record
        self._row = 1  # the next record's number
        self._reads_quickly = all(f.is_numeric and not f.missing and not f.closed for f in features)
        self._whole = [at for at, feature in enumerate(features) if feature.kind == "integer"]
        self._decoder: msgspec.json.Decoder[list[float]] = msgspec.json.Decoder(list[float])

    def fraction(self) -> float | None:
        """How much of the input has been read; see `irisws.bulk.batch.Reader`."""
        return self._source.fraction()

    def batches(self) -> Iterator[Batch]:
        """The rows, chunk by chunk; see `irisws.bulk.batch.Reader`."""
        pending = b""
        for chunk in chain([self._first] if self._first else [], self._chunks):
            batch = None if pending else self._read_quickly(chunk)
            if batch is None:
                batch, pending = self._read_carefully(pending + chunk)
            if batch.size:
                self._row += batch.size
                yield batch
        if pending:
            raise InvalidInput([f"line {self._line}: a quote is opened and not closed"])

    def _read_quickly(self, chunk: bytes) -> Batch | None:
        """Read lines of plain numbers.

        With the bytes of numbers taken away, what is left must be lines of so many delimiters. JSON
        knows fewer ways to write a number than CSV does, so nothing wrong is let through.
        """
        if not self._reads_quickly:
            return None
        text = chunk.replace(b"\r\n", b"\n").removesuffix(b"\n")
        if not text:
            return None
        delimiter = self.delimiter.encode()
        count = text.count(b"\n") + 1
        line = delimiter * (len(self.names) - 1)
        digits = text if self._decimal == "." else text.replace(b",", b".")
        if digits.translate(None, _NUMBER_BYTES) != b"\n".join([line] * count):
            return None
        try:
            joined = digits.replace(delimiter, b",").replace(b"\n", b",")
            numbers = self._decoder.decode(b"[" + joined + b"]")
        except msgspec.DecodeError:
            return None
        rows = np.fromiter(numbers, np.float64, len(numbers)).reshape(count, -1)
        rows = rows.take(self._order, axis=1)
        if not (np.abs(rows).max() <= self._largest_value and are_whole(rows[:, self._whole])):
            return None
        self._line += count
        return Batch(
            size=count,
            rows=rows,
            problems={},
            first=self._row,
            lines=range(self._line - count, self._line),
            source=text.split(b"\n"),
            values=lambda: self._values(
                columns_of(text.decode(), self.delimiter, len(self.names)), rows
            ),
            line_end=self._line_end(chunk),
        )

    def _read_carefully(self, chunk: bytes) -> tuple[Batch, bytes]:
        """Read records of any kind; and what is left of the chunk, which ends within a record."""
        records = read_records(
            chunk, self.delimiter, len(self.names), self._line, self._blanks_count
        )
        columns = [records.columns[at] for at in self._order]
        rows, problems = read_columns(columns, self._features, self._largest_value, self._decimal)
        problems |= records.problems  # of a record of other cells nothing else can be said
        rows = np.delete(rows, list(problems), axis=0) if problems else rows
        self._line = records.next_line
        batch = Batch(
            size=len(records.texts),
            rows=rows,
            problems=problems,
            first=self._row,
            lines=records.lines,
            source=records.texts,
            values=lambda: self._values(records.columns, None),
            line_end=self._line_end(chunk),
        )
        return batch, chunk[records.rest :]

    def _values(self, columns: list[list[str]], rows: Rows | None) -> list[list[Any]]:
        """All columns: values of the features, and text for the others."""
        # The csv module leaves out the blanks after a delimiter, and is not asked for every chunk.
        values: list[list[Any]] = [
            cells if self._blanks_count else [cell.lstrip(" ") for cell in cells]
            for cells in columns
        ]
        for position, (at, feature) in enumerate(zip(self._order, self._features, strict=True)):
            if rows is None:
                column = read_column(columns[at], feature, self._largest_value, self._decimal)
                cells = column.values
            else:
                cells = rows[:, position]
            values[at] = as_json(cells, feature)
        return values

    def _line_end(self, chunk: bytes) -> bytes:
        """What the lines of a chunk end with: where they differ, what the first one does."""
        end = chunk.find(b"\n")
        if end < 0:
            return self.line_end
        return b"\r\n" if chunk[:end].endswith(b"\r") else b"\n"
