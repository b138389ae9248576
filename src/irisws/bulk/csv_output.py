"""Rows and answers as CSV (RFC 4180) in UTF-8."""

from collections.abc import Sequence
from typing import Any

import msgspec
from numpy.typing import NDArray

from irisws.bulk.batch import Answered, interleaved
from irisws.bulk.csv_input import CsvReader
from irisws.bulk.csv_records import write_record
from irisws.bulk.target import Target
from irisws.model.distinct import write_distinct

_TEXTS = {None: "", True: "true", False: "false"}


class CsvWriter:
    """Writes CSV: what was CSV before keeps its records, its delimiter and its line ends."""

    def __init__(
        self,
        target: Target,
        names: Sequence[str],
        added: Sequence[str],
        labels: Sequence[str],
        before: CsvReader | None,
        keeps_bad: bool,
    ) -> None:
        """Write the header.

        Args:
            target: Where to write.
            names: Of the input's columns.
            added: Of the columns that are added.
            labels: The names of the classes.
            before: The input, if it is CSV.
            keeps_bad: Whether there is a column for problems.
        """
        self._target = target
        self._is_csv = before is not None
        self._delimiter = before.delimiter if before else ","
        self._between = self._delimiter.encode()
        self._probability_count = len(added) - 2 - keeps_bad
        self._heads = [self._tail([label, str(at)]) for at, label in enumerate(labels)]
        self._keeps_bad = keeps_bad
        self._encode = msgspec.json.Encoder().encode_lines
        header = before.header if before else write_record(names, self._delimiter)
        mark = before.byte_order_mark if before else b""
        line_end = before.line_end if before else b"\n"
        target.write(mark + header + self._tail(added) + line_end)

    def write(self, answered: Answered) -> None:
        """Write the rows of a batch with their answers."""
        batch = answered.batch
        if not self._is_csv:
            line_end, records = b"\n", self._records(batch.values())
        else:
            line_end, records = batch.line_end, batch.source
        end = self._between * self._keeps_bad + line_end

        def encode(indexes: list[int], probabilities: NDArray[Any]) -> list[bytes]:
            return [tail + end for tail in self._answers(indexes, probabilities)]

        def of_bad(problems: str) -> bytes:
            return self._tail([""] * (2 + self._probability_count) + [problems]) + line_end

        answers = write_distinct(answered.indexes, answered.probabilities, encode)
        tails = answered.placed(answers, of_bad)
        self._target.write(interleaved(answered.kept(records), tails))

    def close(self) -> None:
        """Nothing comes last."""

    def _answers(self, indexes: list[int], probabilities: NDArray[Any]) -> list[bytes]:
        heads = map(self._heads.__getitem__, indexes)
        if not self._probability_count:
            return list(heads)
        lines = self._encode(probabilities.tolist()).replace(b",", self._between).split(b"\n")
        return [head + self._between + line[1:-1] for head, line in zip(heads, lines, strict=False)]

    def _tail(self, cells: Sequence[str]) -> bytes:
        return self._between + write_record(cells, self._delimiter)

    def _records(self, columns: list[list[Any]]) -> list[bytes]:
        texts = [[as_text(value) for value in column] for column in columns]
        return [write_record(cells, self._delimiter) for cells in zip(*texts, strict=True)]


def as_text(value: Any) -> str:
    """A value as a cell: a missing one is empty, and what is no plain value is JSON."""
    if isinstance(value, str):
        return value
    if value is None or isinstance(value, bool):
        return _TEXTS[value]
    return repr(value) if isinstance(value, int | float) else _as_json(value)


def _as_json(value: Any) -> str:
    text = msgspec.json.encode(value, enc_hook=str).decode()
    return text[1:-1] if text.startswith('"') else text
