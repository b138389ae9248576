"""Rows from JSON Lines: one object a line, members by name or alias in any order.

As for CSV a quick reader takes what it can, and a careful one the rest.
"""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain
from operator import attrgetter
from typing import Any, NamedTuple

import msgspec
import numpy as np

from irisws.bulk.batch import Batch
from irisws.bulk.failures import InvalidInput
from irisws.bulk.source import Source
from irisws.model.card import Feature
from irisws.model.cells import other_format
from irisws.model.names import clip, nearest, positions
from irisws.model.rows import LARGEST_EXACT, Rows, accepts, as_rows, dtype_of, expected

_KINDS = {"number": float, "integer": int, "boolean": bool, "string": str}
_LONGEST_SHOWN = 60
_NO_OBJECT = b"{}"  # stands for a line that holds none


class _Quick(NamedTuple):
    """A decoder for objects that call the features by certain names."""

    keys: list[bytes]  # the names, as they stand before their values
    other_keys: list[bytes]  # the other names of the features
    decoder: msgspec.json.Decoder[Any]


class JsonlReader:
    """Reads JSON Lines, chunk by chunk.

    Attributes:
        names: Of the first object's members, which are the columns of another format.
    """

    def __init__(
        self,
        source: Source,
        features: Sequence[Feature],
        largest_value: float,
        added: Sequence[str],
        is_table: bool,
    ) -> None:
        """Read the first object.

        Args:
            source: The input.
            features: The card's.
            largest_value: The largest absolute value that a number may have.
            added: The names of the members that the output gets.
            is_table: Whether every object may have the members of the first one only, because the
                output has columns.
        """
        self._source = source
        self._features = features
        self._largest_value = largest_value
        self._added = added
        self._is_table = is_table
        self._chunks = source.chunks()
        self._first = next(self._chunks, b"").removeprefix(b"\xef\xbb\xbf")
        if what := other_format(self._first):
            raise InvalidInput([f"it is {what}: save it as JSON Lines in UTF-8"])
        self._line = self._row = 1
        self._positions = positions(features)
        self.names = _names(self._first)
        aliases = [feature.alias or feature.name for feature in features]
        self._quick = [
            _quick(names, features)
            for names in dict.fromkeys((tuple(aliases), tuple(f.name for f in features)))
        ]
        self._extra_keys = [_key(name) for name in added]

    def fraction(self) -> float | None:
        """How much of the input has been read; see `irisws.bulk.batch.Reader`."""
        return self._source.fraction()

    def batches(self) -> Iterator[Batch]:
        """The rows, chunk by chunk; see `irisws.bulk.batch.Reader`."""
        for chunk in chain([self._first], self._chunks):
            yield from self._read(chunk)

    def _read(self, chunk: bytes) -> Iterator[Batch]:
        source, lines = _split(chunk, self._line)
        self._line += chunk.count(b"\n")
        if source:
            batch = self._batch(chunk, source, lines)
            self._row += batch.size
            yield batch

    def _batch(self, chunk: bytes, source: list[bytes], lines: Sequence[int]) -> Batch:
        problems: dict[int, list[str]] = {}
        rows = self._read_quickly(chunk, len(lines))
        if rows is None:
            rows, problems = self._read_carefully(source, lines)
        return Batch(
            size=len(lines),
            rows=rows,
            problems=problems,
            first=self._row,
            lines=lines,
            source=source,
            values=lambda: self._values(source),
        )

    def _read_quickly(self, chunk: bytes, count: int) -> Rows | None:
        """Read objects that name each feature once, and nothing that would be added."""
        if self._is_table or b"\\u" in chunk or any(key in chunk for key in self._extra_keys):
            return None
        for keys, others, decoder in self._quick:
            if any(key in chunk for key in others) or any(chunk.count(k) != count for k in keys):
                continue  # missing or doubled, or written otherwise
            try:
                objects = decoder.decode_lines(chunk)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                continue
            rows = self._checked(objects)
            if rows is not None:
                return rows
        return None

    def _checked(self, objects: list[Any]) -> Rows | None:
        rows: Rows = np.empty((len(objects), len(self._features)), dtype_of(self._features))
        for at, feature in enumerate(self._features):
            cells = list(map(attrgetter(f"v{at}"), objects))
            if not _accepts_all(cells, feature, self._largest_value):
                return None
            rows[:, at] = cells if feature.kind == "string" else np.array(cells, np.float64)
        return rows

    def _read_carefully(
        self, source: list[bytes], lines: Sequence[int]
    ) -> tuple[Rows, dict[int, list[str]]]:
        rows: list[list[Any]] = []
        problems: dict[int, list[str]] = {}
        for at, (text, line) in enumerate(zip(source, lines, strict=True)):
            found = _parse(text)
            if isinstance(found, str):
                problems[at] = [f"{found}: {_shown(text.decode(errors='replace'))}"]
                source[at] = _NO_OBJECT
                continue
            row, wrong = self._row_of(found, line)
            if wrong:
                problems[at] = wrong
            else:
                rows.append(row)
        return as_rows(rows, self._features), problems

    def _row_of(self, pairs: list[tuple[str, Any]], line: int) -> tuple[list[Any], list[str]]:
        """The values in card order, and what is wrong with the row."""
        given = dict(pairs)
        clashes = [name for name in self._added if name in given]
        if clashes:
            raise InvalidInput(
                [
                    f"line {line}: has members of the names that are added: {', '.join(clashes)}; "
                    "give the added ones another name with --prefix"
                ]
            )
        wrong = [
            f"{clip(name)} is given {times} times"
            for name, times in Counter(name for name, _ in pairs).items()
            if times > 1
        ]
        if self._is_table:
            wrong += [
                f"has a member {clip(name)}, which the first row lacks: the columns of the output "
                "are its members"
                for name in given
                if name not in self.names
            ]
        row = []
        for feature in self._features:
            value, problem = self._value(given, feature)
            row.append(value)
            wrong += [problem] if problem else []
        return row, wrong

    def _value(self, given: dict[str, Any], feature: Feature) -> tuple[Any, str | None]:
        names = [name for name in (feature.name, feature.alias) if name and name in given]
        if not names:
            near = nearest(feature.name, given.keys() - self._positions.keys())
            hint = "" if near is None else f", is it {clip(near)!r}?"
            return None, f"{feature.name} is missing{hint}"
        if len(names) > 1:
            return None, f"{feature.name} is given twice: as {' and as '.join(names)}"
        value = given[names[0]]
        if accepts(value, feature, self._largest_value):
            return value, None
        return None, f"{feature.name}: expected {expected(feature)}, got {_told(value)}"

    def _values(self, source: list[bytes]) -> list[list[Any]]:
        """All columns of the first object's names."""
        objects = [_decode(text) for text in source]
        columns = [[given.get(name) for given in objects] for name in self.names]
        for at, name in enumerate(self.names):
            if name in self._positions:
                feature = self._features[self._positions[name]]
                columns[at] = [
                    value if accepts(value, feature, self._largest_value) else None
                    for value in columns[at]
                ]
        return columns


def _split(chunk: bytes, first_line: int) -> tuple[list[bytes], Sequence[int]]:
    """The lines that are not blank, without blanks around them, and their numbers."""
    texts = chunk.removesuffix(b"\n").split(b"\n")
    count = len(texts)
    if (b"\n" + chunk).count(b"\n{") == count == chunk.count(b"}\n"):
        return texts, range(first_line, first_line + count)
    stripped = [(text.strip(), line) for line, text in enumerate(texts, first_line)]
    kept = [(text, line) for text, line in stripped if text]
    return [text for text, _ in kept], [line for _, line in kept]


def _names(chunk: bytes) -> list[str]:
    """The names of the first object's members."""
    for text in chunk.split(b"\n"):
        found = _parse(text)
        if not isinstance(found, str):
            return list(dict(found))
    return []


def _quick(names: Sequence[str], features: Sequence[Feature]) -> _Quick:
    fields = {f"v{at}": name for at, name in enumerate(names)}
    types = [_KINDS[f.kind] | None if f.missing else _KINDS[f.kind] for f in features]
    row = msgspec.defstruct("Row", list(zip(fields, types, strict=True)), rename=fields, gc=False)
    others = [_key(name) for name in positions(features).keys() - set(names)]
    return _Quick([_key(name) + b":" for name in names], others, msgspec.json.Decoder(row))


def _key(name: str) -> bytes:
    return json.dumps(name, ensure_ascii=False).encode()


def _accepts_all(cells: Sequence[Any], feature: Feature, largest_value: float) -> bool:
    """Whether values of the right types are all ones of the feature."""
    if feature.kind == "boolean":
        return True
    if feature.kind == "string" or feature.closed:
        return all(accepts(value, feature, largest_value) for value in set(cells))
    try:
        numbers = np.array(cells, dtype=np.float64)  # None becomes NaN
    except OverflowError:
        return False
    present = numbers[~np.isnan(numbers)] if feature.missing else numbers
    largest = min(largest_value, LARGEST_EXACT) if feature.kind == "integer" else largest_value
    return bool((np.abs(present) <= largest).all())


def _decode(text: bytes) -> dict[str, Any]:
    try:
        found: dict[str, Any] = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return dict(_parse(text))  # type: ignore[arg-type]  # it was an object before
    return found


def _told(value: Any) -> str:
    if isinstance(value, list):
        return "an object" if isinstance(value, _Pairs) else "an array"
    return _shown(json.dumps(value, ensure_ascii=False))


def _parse(text: bytes) -> list[tuple[str, Any]] | str:
    """The members of the object in a line, or why there is none."""
    try:
        found = json.loads(text.decode(), object_pairs_hook=_Pairs, parse_constant=_refuse)
        if b"\\ud" in text.lower():
            msgspec.json.decode(text)  # refuses half of a surrogate pair, which no output can hold
    except UnicodeDecodeError:
        return "is not in UTF-8"
    except RecursionError:
        return "is nested too deeply"
    except (ValueError, msgspec.DecodeError) as error:
        return f"is not JSON ({error})"
    return found if isinstance(found, _Pairs) else "is not an object"


class _Pairs(list[tuple[str, Any]]):
    """An object as its pairs, so that a doubled name is still seen."""


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is no number of JSON")


def _shown(text: str) -> str:
    cut = text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 1] + "…"
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in cut)
