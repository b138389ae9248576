"""Rows and answers as JSON Lines: one object a line, in UTF-8."""

from collections.abc import Sequence
from typing import Any

import msgspec
from numpy.typing import NDArray

from irisws.bulk.batch import Answered, interleaved
from irisws.bulk.target import Target
from irisws.model.distinct import write_distinct


class JsonlWriter:
    """Writes JSON Lines: what was JSON before keeps its members as they stood."""

    def __init__(
        self,
        target: Target,
        names: Sequence[str],
        added: Sequence[str],
        labels: Sequence[str],
        is_jsonl: bool,
        keeps_bad: bool,
    ) -> None:
        """Prepare.

        Args:
            target: Where to write.
            names: Of the input's columns.
            added: Of the members that are added.
            labels: The names of the classes.
            is_jsonl: Whether the input is JSON Lines.
            keeps_bad: Whether there is a member for problems.
        """
        self._target = target
        self._names = names
        self._added = added[: len(added) - keeps_bad]
        self._labels = labels
        self._is_jsonl = is_jsonl
        self._encoder = msgspec.json.Encoder(enc_hook=str)
        self._error_name = added[-1] if keeps_bad else None
        self._last = b"}\n" if self._error_name is None else self._members([None]) + b"}\n"

    def write(self, answered: Answered) -> None:
        """Write the rows of a batch with their answers."""
        batch = answered.batch
        heads = batch.source if self._is_jsonl else self._objects(batch.values())
        answers = write_distinct(answered.indexes, answered.probabilities, self._answers)
        tails = answered.placed(answers, self._of_bad)
        kept = [head[:-1] for head in answered.kept(heads)]
        if answered.keeps_bad and batch.problems:
            tails = [t[1:] if h == b"{" else t for h, t in zip(kept, tails, strict=True)]
        self._target.write(interleaved(kept, tails))

    def close(self) -> None:
        """Nothing comes last."""

    def _answers(self, indexes: list[int], probabilities: NDArray[Any]) -> list[bytes]:
        answers = [
            dict(zip(self._added, (self._labels[index], index, *chances), strict=True))
            for index, chances in zip(indexes, probabilities.tolist(), strict=True)
        ]
        lines = self._encoder.encode_lines(answers).split(b"\n")
        return [b"," + line[1:-1] + self._last for line in lines[: len(answers)]]

    def _of_bad(self, problems: str) -> bytes:
        nothing = dict.fromkeys(self._added)
        return b"," + self._encoder.encode(nothing)[1:-1] + self._members([problems]) + b"}\n"

    def _members(self, values: Sequence[Any]) -> bytes:
        return b"," + self._encoder.encode(dict(zip([self._error_name], values, strict=True)))[1:-1]

    def _objects(self, columns: list[list[Any]]) -> list[bytes]:
        rows = [dict(zip(self._names, row, strict=True)) for row in zip(*columns, strict=True)]
        return self._encoder.encode_lines(rows).split(b"\n")[: len(rows)]
