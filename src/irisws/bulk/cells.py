"""Cells of text, turned into the values of a feature."""

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from irisws.model.card import Feature, Value
from irisws.model.rows import LARGEST_EXACT, Rows, accepts, dtype_of, expected

_BLANKS = " \t"  # around a cell they mean nothing
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_NUMBER_BYTES = b"+-.0123456789Ee,"
_BOOLEANS = {"true": True, "false": False, "1": True, "0": False}
_LONGEST_SHOWN = 60


class Column(NamedTuple):
    """The values of one feature, and by position what is wrong with those that are none."""

    values: NDArray[Any]  # as rows hold them
    problems: dict[int, str]


def read_columns(
    columns: Sequence[Sequence[str]], features: Sequence[Feature], largest_value: float
) -> tuple[Rows, dict[int, list[str]]]:
    """Read the columns of all features.

    Args:
        columns: The cells of each feature, in card order, n each.
        features: The card's.
        largest_value: The largest absolute value that a number may have.

    Returns:
        Rows of shape `[n, features]`, and what is wrong with the bad ones, by their positions.
    """
    rows: Rows = np.empty((len(columns[0]), len(features)), dtype=dtype_of(features))
    problems: dict[int, list[str]] = {}
    for position, (cells, feature) in enumerate(zip(columns, features, strict=True)):
        column = read_column(cells, feature, largest_value)
        rows[:, position] = column.values
        for at, problem in column.problems.items():
            problems.setdefault(at, []).append(problem)
    return rows, problems


def read_column(cells: Sequence[str], feature: Feature, largest_value: float) -> Column:
    """Read the cells of one feature; an empty one is a missing value."""
    if feature.is_numeric and not feature.closed:
        numbers = _numbers(cells, feature, largest_value)
        if numbers is not None:
            return Column(numbers, {})
    return _read_distinct(cells, feature, largest_value)


def _numbers(
    cells: Sequence[str], feature: Feature, largest_value: float
) -> NDArray[np.float64] | None:
    """The numbers that the cells hold; None if one of them is not one of the feature."""
    # Of these bytes alone, what float() takes is a number as people write them: no `nan`, no `1_0`.
    strange = ",".join(cells).encode().translate(None, _NUMBER_BYTES)
    if strange.strip(b" \t"):
        return None
    if strange:
        cells = [cell.strip(_BLANKS) for cell in cells]
    try:
        if feature.missing:
            cells = [cell or "nan" for cell in cells]
        numbers = np.fromiter(map(float, cells), np.float64, len(cells))
    except ValueError:
        return None
    present = numbers[~np.isnan(numbers)] if feature.missing else numbers
    if not (np.abs(present) <= largest_value).all():
        return None
    if feature.kind == "integer" and not are_whole(present):
        return None
    return numbers


def are_whole(numbers: NDArray[np.float64]) -> bool:
    """Whether all are whole numbers that a float64 holds exactly."""
    return bool(((numbers == np.rint(numbers)) & (np.abs(numbers) <= LARGEST_EXACT)).all())


def _read_distinct(cells: Sequence[str], feature: Feature, largest_value: float) -> Column:
    """Read each different text once: most columns that are no numbers have few of them."""
    read: dict[str, Any] = {}
    bad: dict[str, str] = {}
    empty = None if feature.kind == "string" else np.nan
    for cell in dict.fromkeys(cells):
        value = read_value(cell.strip(_BLANKS), feature)
        if accepts(value, feature, largest_value):
            read[cell] = empty if value is None else value
        else:
            read[cell], bad[cell] = empty, _problem(cell.strip(_BLANKS), feature)
    values = np.empty(len(cells), dtype=object if feature.kind == "string" else float)
    values[:] = [read[cell] for cell in cells]
    found = {at: bad[cell] for at, cell in enumerate(cells) if cell in bad} if bad else {}
    return Column(values, found)


def as_json(cells: NDArray[Any], feature: Feature) -> list[Value]:
    """Cells of one feature as JSON has them: what is missing is None."""
    if feature.kind in ("string", "number"):
        return [None if cell != cell else cell for cell in cells.tolist()]
    kind = bool if feature.kind == "boolean" else int
    return [None if cell != cell else kind(cell) for cell in cells.tolist()]


def read_value(cell: str, feature: Feature) -> Any:
    """The value in a text.

    Returns:
        None if the text is empty; the text itself if it holds no value of the feature's kind.
    """
    if feature.kind == "string":
        return cell if cell or "" in (feature.categories or ()) else None
    if not cell:
        return None
    if feature.kind == "boolean":
        return _BOOLEANS.get(cell.lower(), cell)
    return float(cell) if _NUMBER.fullmatch(cell) else cell


def _problem(cell: str, feature: Feature) -> str:
    if not cell:
        return f"{feature.name}: is an empty cell"
    or_empty = " or an empty cell" if feature.missing else ""
    wanted = expected(replace(feature, missing=False)) + or_empty
    shown = cell if len(cell) <= _LONGEST_SHOWN else cell[: _LONGEST_SHOWN - 1] + "…"
    return f"{feature.name}: expected {wanted}, got {shown!r}"
