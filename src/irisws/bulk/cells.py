"""Columns of cells, turned into the values of a feature."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from irisws.model.card import Feature, Value
from irisws.model.cells import BLANKS, MISSING, CellReader
from irisws.model.rows import LARGEST_EXACT, Rows, accepts, dtype_of, expected

_NUMBER_BYTES = b"+-.0123456789Ee,"
_LONGEST_SHOWN = 60


class Column(NamedTuple):
    """The values of one feature, and by position what is wrong with those that are none."""

    values: NDArray[Any]  # as rows hold them
    problems: dict[int, str]


def read_columns(
    columns: Sequence[Sequence[str]],
    features: Sequence[Feature],
    largest_value: float,
    decimal: str = ".",
) -> tuple[Rows, dict[int, list[str]]]:
    """Read the columns of all features.

    Args:
        columns: The cells of each feature, in card order, n each.
        features: The card's.
        largest_value: The largest absolute value that a number may have.
        decimal: The sign before the fraction of a number, `.` or `,`; the point is one as well.

    Returns:
        Rows of shape `[n, features]`, and what is wrong with the bad ones, by their positions.
    """
    rows: Rows = np.empty((len(columns[0]), len(features)), dtype=dtype_of(features))
    problems: dict[int, list[str]] = {}
    for position, (cells, feature) in enumerate(zip(columns, features, strict=True)):
        column = read_column(cells, feature, largest_value, decimal)
        rows[:, position] = column.values
        for at, problem in column.problems.items():
            problems.setdefault(at, []).append(problem)
    return rows, problems


def read_column(
    cells: Sequence[str], feature: Feature, largest_value: float, decimal: str = "."
) -> Column:
    """Read the cells of one feature, by the rules of `irisws.model.cells`."""
    if feature.is_numeric and not feature.closed:
        numbers = _numbers(cells, feature, largest_value, decimal)
        if numbers is not None:
            return Column(numbers, {})
    return _read_distinct(cells, feature, largest_value, decimal)


def _numbers(
    cells: Sequence[str], feature: Feature, largest_value: float, decimal: str
) -> NDArray[np.float64] | None:
    """The numbers that the cells hold; None if one of them is not one of the feature."""
    plain = _plain(cells, feature, decimal)
    if plain is None:
        return None
    try:
        numbers = np.fromiter(map(float, plain), np.float64, len(plain))
    except ValueError:
        return None
    present = numbers[~np.isnan(numbers)] if feature.missing else numbers
    if not (np.abs(present) <= largest_value).all():
        return None
    if feature.kind == "integer" and not are_whole(present):
        return None
    return numbers


def _plain(cells: Sequence[str], feature: Feature, decimal: str) -> Sequence[str] | None:
    """The cells as float() reads them; None if one holds anything else."""
    if decimal != ".":
        cells = [cell.replace(decimal, ".") for cell in cells]
    strange = _strange(cells)
    if strange.strip(BLANKS.encode()) and feature.missing:
        cells = ["" if cell.strip(BLANKS) in MISSING else cell for cell in cells]
        strange = _strange(cells)
    if strange.strip(BLANKS.encode()):
        return None
    if strange:
        cells = [cell.strip(BLANKS) for cell in cells]
    return [cell or "nan" for cell in cells] if feature.missing else cells


def _strange(cells: Sequence[str]) -> bytes:
    """What is left of cells without the bytes of numbers.

    If that is nothing, what float() takes is a number as people write them: no `nan`, no `1_0`.
    """
    return ",".join(cells).encode().translate(None, _NUMBER_BYTES)


def are_whole(numbers: NDArray[np.float64]) -> bool:
    """Whether all are whole numbers that a float64 holds exactly."""
    return bool(((numbers == np.rint(numbers)) & (np.abs(numbers) <= LARGEST_EXACT)).all())


def _read_distinct(
    cells: Sequence[str], feature: Feature, largest_value: float, decimal: str
) -> Column:
    """Read each different text once: most columns that are no numbers have few of them."""
    reader = CellReader(feature, decimal)
    read: dict[str, Any] = {}
    bad: dict[str, str] = {}
    empty = None if feature.kind == "string" else np.nan
    for cell in dict.fromkeys(cells):
        value = reader.read(cell)
        if accepts(value, feature, largest_value):
            read[cell] = empty if value is None else value
        else:
            read[cell], bad[cell] = empty, _problem(cell.strip(BLANKS), feature)
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


def _problem(cell: str, feature: Feature) -> str:
    if not cell:
        return f"{feature.name}: is an empty cell"
    or_empty = " or an empty cell" if feature.missing else ""
    wanted = expected(replace(feature, missing=False)) + or_empty
    shown = repr(cell if len(cell) <= _LONGEST_SHOWN else cell[: _LONGEST_SHOWN - 1] + "…")
    if feature.kind == "string" and cell in MISSING:
        shown += ", which stands for a missing one"
    return f"{feature.name}: expected {wanted}, got {shown}"
