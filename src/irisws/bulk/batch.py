"""A batch: some rows of the input, as read, with what is wrong with the bad ones."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from irisws.model.rows import Rows


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Some rows of the input.

    Attributes:
        size: How many, good and bad.
        rows: The good ones, shape `[good, features]`; see `irisws.model.rows`.
        problems: What is wrong with the bad ones, by their positions in the batch.
        first: The number of the first row in the input, from 1.
        lines: The line of the input in which each row begins, from 1; None if it has no lines.
        source: The rows as they stood in the input: a list of records in bytes without their line
            ends, or a record batch of pyarrow.
        values: Makes the rows as lists of values, one for each column of the input, to write them
            in another format. What could not be read is None.
        line_end: The bytes after each record.
    """

    size: int
    rows: Rows
    problems: dict[int, list[str]]
    first: int
    lines: Sequence[int] | None
    source: Any
    values: Callable[[], list[list[Any]]]
    line_end: bytes = b"\n"

    @property
    def good(self) -> NDArray[np.int64]:
        """The positions of the good rows."""
        return np.delete(np.arange(self.size), list(self.problems))

    def told(self) -> Iterator[str]:
        """The problems, each with its place."""
        for position in sorted(self.problems):
            line = "" if self.lines is None else f" (line {self.lines[position]})"
            for problem in self.problems[position]:
                yield f"row {self.first + position}{line}: {problem}"


class Answered(NamedTuple):
    """A batch and the answers to its good rows.

    Attributes:
        batch: The batch.
        indexes: Of the classes, shape `[good]`.
        probabilities: Shape `[good, classes]` or `[good, 0]`.
        keeps_bad: Whether bad rows are written too, with their problems.
    """

    batch: Batch
    indexes: NDArray[np.int64]
    probabilities: NDArray[np.float64]
    keeps_bad: bool

    def kept(self, items: list[Any]) -> list[Any]:
        """Of one item for each row of the batch, those of the rows that are written."""
        if self.keeps_bad or not self.batch.problems:
            return items
        return [items[at] for at in self.batch.good.tolist()]

    def placed(self, answers: list[Any], of_bad: Callable[[str], Any]) -> list[Any]:
        """Of one item for each good row, one for each row that is written.

        Args:
            answers: The items.
            of_bad: Makes the item of a bad row from its problems.
        """
        if not (self.keeps_bad and self.batch.problems):
            return answers
        placed: list[Any] = [None] * self.batch.size
        for at, answer in zip(self.batch.good.tolist(), answers, strict=True):
            placed[at] = answer
        for at, problems in self.batch.problems.items():
            placed[at] = of_bad("; ".join(problems))
        return placed


class Reader(Protocol):
    """Reads the input, batch by batch."""

    @property
    def names(self) -> list[str]:
        """The names of the input's columns."""

    def batches(self) -> Iterator[Batch]:
        """The batches; raises InvalidInput where the input cannot be read further."""

    def fraction(self) -> float | None:
        """How much of the input has been read, 0 to 1; None if its length is not known."""


class Writer(Protocol):
    """Writes the output, batch by batch."""

    def write(self, answered: Answered) -> None:
        """Write the rows of a batch with their answers."""

    def close(self) -> None:
        """Write what comes last."""


def interleaved(heads: list[bytes], tails: list[bytes]) -> bytes:
    """The heads, each followed by its tail, in one piece."""
    parts = [b""] * (2 * len(heads))
    parts[::2], parts[1::2] = heads, tails
    return b"".join(parts)
