"""Rows: the values of n rows as an array of shape [n, features], as every engine takes them.

Without a column of strings that is an array of float64, with booleans as 0 and 1 and NaN for what
is missing. With one it is an array of Python objects: floats as before, strings, and None for a
string that is missing.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from irisws.model.card import Feature, Value
from irisws.model.names import positions

Rows = NDArray[Any]

_KINDS = {
    "number": "a finite number",
    "integer": "a whole number",
    "boolean": "true or false",
    "string": "a string",
}
_NONE: Any = None  # what an array is compared with, cell by cell
_NUMBERS = (int, float, np.integer, np.floating)
LARGEST_EXACT = 2.0**53 - 1  # one more, and a neighbour would be taken for it
_MOST_SHOWN = 10  # categories, and problems, in a message


class InvalidRow(ValueError):
    """A row given to `Model.predict` does not fit the model; the message says where and why."""


def dtype_of(features: Sequence[Feature]) -> type:
    """The type of an array that holds such rows: `float`, or `object` if one is a string."""
    return object if any(feature.kind == "string" for feature in features) else float


def is_walkable(features: Sequence[Feature]) -> bool:
    """Whether every value is a number that is there, so that trees can be walked in Python."""
    return dtype_of(features) is float and not any(feature.missing for feature in features)


def as_rows(values: Sequence[Sequence[Value]], features: Sequence[Feature]) -> Rows:
    """Make rows of values that are known to be valid, as JSON has them, in card order."""
    if dtype_of(features) is float:
        matrix = np.array(values, dtype=np.float64)  # None becomes NaN
        return matrix.reshape(len(values), len(features))
    rows = np.empty((len(values), len(features)), dtype=object)
    for column, feature in enumerate(features):
        cells = [row[column] for row in values]
        if feature.kind == "string":
            rows[:, column] = [None if cell != cell else cell for cell in cells]
        else:
            rows[:, column] = np.array(cells, dtype=np.float64)
    return rows


def as_values(rows: Rows, features: Sequence[Feature]) -> list[tuple[Value, ...]]:
    """The values of rows as JSON has them, in card order; the reverse of `as_rows`."""
    columns = [
        [_as_value(cell, feature) for cell in column]
        for column, feature in zip(rows.T.tolist(), features, strict=True)
    ]
    return list(zip(*columns, strict=True))


def is_missing(cells: Rows) -> NDArray[np.bool_]:
    """Which cells are missing: NaN, and in rows of objects None as well."""
    found: NDArray[np.bool_] = cells != cells  # NaN differs from itself
    return found | (cells == _NONE) if cells.dtype == object else found


def expected(feature: Feature) -> str:
    """What a value of the feature has to be, in words: "a number in cm", "one of 'a', 'b'"."""
    if feature.closed and feature.categories:
        listed = feature.categories[:_MOST_SHOWN]
        shown = ", ".join(with_unit(value, feature, unit=False) for value in listed)
        more = len(feature.categories) - _MOST_SHOWN
        text = f"one of {shown}{f' and {more} more' if more > 0 else ''}"
    else:
        text = _KINDS[feature.kind] + (f" in {feature.unit}" if feature.unit else "")
    return f"{text} or null" if feature.missing else text


def with_unit(value: Value, feature: Feature, *, unit: bool = True) -> str:
    """A value for people: `0.2 cm`, `3`."""
    if feature.kind == "integer" and isinstance(value, float) and value.is_integer():
        value = int(value)
    return f"{value!r} {feature.unit}" if unit and feature.unit else repr(value)


def accepts(value: Any, feature: Feature, largest_value: float) -> bool:
    """Whether a Python value is one of the feature.

    Args:
        value: Of any type: None and NaN are missing values.
        feature: The feature.
        largest_value: The largest absolute value that a number may have.
    """
    if value is None or type(value).__name__ == "NAType" or value != value:  # pandas.NA
        return feature.missing
    if feature.kind == "string":
        return isinstance(value, str) and _is_encodable(value) and _is_open_to(value, feature)
    if feature.kind == "boolean":
        return isinstance(value, bool | np.bool_)
    if isinstance(value, bool | np.bool_ | np.timedelta64) or not isinstance(value, _NUMBERS):
        return False
    number: Any = value  # which may be too large for a float
    if not abs(number) <= largest_value or (feature.kind == "integer" and not is_whole(number)):
        return False
    return _is_open_to(value, feature)


def read_rows(given: Any, features: Sequence[Feature], largest_value: float) -> Rows:
    """Read rows of any usual form.

    Args:
        given: An array of shape `[n, features]`, a data frame or a table of pyarrow (columns in any
            order), or a sequence of rows, each a sequence in card order or a mapping by name or
            alias.
        features: The card's.
        largest_value: The largest absolute value that a number may have.

    Raises:
        InvalidRow: A row of the wrong length, an unknown or missing name, or a value that the
            feature does not take.
    """
    given = _some_rows(given)
    plain = _plain_numbers(given, features)
    if plain is not None:
        return _checked_numbers(plain, features, largest_value)
    rows = [_by_position(at, row, features) for at, row in enumerate(_records(given))]
    strange = sorted({len(row) for row in rows} - {len(features)})
    if strange:
        raise InvalidRow(f"rows must have the shape [n, {len(features)}], not [n, {strange[0]}]")
    problems = list(_problems(rows, features, largest_value))
    if problems:
        raise InvalidRow("; ".join(problems[:_MOST_SHOWN]) + f" (values at fault: {len(problems)})")
    return as_rows(rows, features)


def _some_rows(given: Any) -> Any:
    """What was given, if it may be rows: a table of pyarrow as mappings, a matrix as an array."""
    if hasattr(given, "to_pylist") and hasattr(given, "column_names"):
        if len(set(given.column_names)) != len(given.column_names):
            raise InvalidRow("the table has two columns of one name")
        return given.to_pylist()
    is_sparse = hasattr(given, "toarray") and hasattr(given, "nnz")
    if is_sparse or isinstance(given, Mapping) or not hasattr(given, "__iter__"):
        made_by = "collect" if hasattr(given, "collect") else "toarray" if is_sparse else None
        raise InvalidRow(
            f"give a list of rows, an array or a data frame, not {type(given).__name__}"
            + (f": {made_by}() makes one of it" if made_by else "; one row is a list of it, [row]")
        )
    return np.asarray(given) if isinstance(given, np.matrix) else given


def _plain_numbers(given: Any, features: Sequence[Feature]) -> Rows | None:
    """An array or a data frame of nothing but numbers as an array; None if it is anything else."""
    if any(f.kind != "number" or f.missing or f.closed for f in features):
        return None
    if hasattr(given, "columns") and len(set(given.columns)) != len(given.columns):
        raise InvalidRow("the data frame has two columns of one name")
    if hasattr(given, "columns") and hasattr(given, "to_numpy"):
        at = {str(name): position for position, name in enumerate(given.columns)}
        named = [f.name if f.name in at else f.alias for f in features]
        if len(at) != len(features) or not all(name in at for name in named):
            return None
        given = given.to_numpy()[:, [at[str(name)] for name in named]]
    return given if isinstance(given, np.ndarray) and given.dtype.kind in "iuf" else None


def _checked_numbers(given: Rows, features: Sequence[Feature], largest_value: float) -> Rows:
    matrix = given.astype(np.float64)
    if matrix.ndim != 2 or matrix.shape[1] != len(features):
        raise InvalidRow(f"rows must have the shape [n, {len(features)}], not {matrix.shape}")
    bad = np.argwhere(~(np.abs(matrix) <= largest_value))  # NaN compares false
    if len(bad):
        at, column = bad[0].tolist()
        raise InvalidRow(
            f"row {at}, {features[column].name}: {matrix[at, column]} is not a finite number "
            f"of at most {largest_value:.2g} (values at fault: {len(bad)})"
        )
    return matrix


def _records(given: Any) -> Any:
    """The rows one by one; those of a data frame of pandas or polars as mappings."""
    if hasattr(given, "to_dicts"):
        return given.to_dicts()
    if hasattr(given, "columns") and hasattr(given, "to_dict"):
        return given.astype(object).where(given.notna(), None).to_dict("records")
    if isinstance(given, np.ndarray):
        if given.ndim != 2:
            raise InvalidRow(f"rows must have the shape [n, features], not {given.shape}")
        return given.tolist()
    return given


def _by_position(at: int, row: Any, features: Sequence[Feature]) -> Sequence[Any]:
    is_series = hasattr(row, "notna") and hasattr(row, "index")
    if is_series and all(isinstance(name, str) for name in row.index):
        row = row.astype(object).where(row.notna(), None).to_dict()  # a row of a data frame
    if not isinstance(row, Mapping):
        if isinstance(row, str) or not hasattr(row, "__len__"):
            raise InvalidRow(
                f"row {at} must be a sequence or a mapping of values, not {type(row).__name__}: "
                "give a list of rows, [row] for one"
            )
        values: Sequence[Any] = row.tolist() if hasattr(row, "tolist") else row
        return values
    known = positions(features)
    unknown = [name for name in row if name not in known]
    given = {features[known[n]].name: value for n, value in row.items() if n in known}
    missing = [f.name for f in features if f.name not in given]
    if unknown or missing or len(given) != len(row):
        raise InvalidRow(
            f"row {at} must name each feature once; unknown: {unknown}, missing: {missing}"
        )
    return [given[feature.name] for feature in features]


def _problems(
    rows: Sequence[Sequence[Any]], features: Sequence[Feature], largest_value: float
) -> Iterator[str]:
    for at, row in enumerate(rows):
        for value, feature in zip(row, features, strict=True):
            if not accepts(value, feature, largest_value):
                wanted = expected(feature)
                if accepts(value, feature, math.inf):
                    wanted = f"a number of at most {largest_value:.2g} in size"
                yield f"row {at}, {feature.name}: expected {wanted}, got {repr(value)[:60]}"


def _as_value(cell: Any, feature: Feature) -> Value:
    if cell is None or cell != cell:
        return None
    if feature.kind == "boolean":
        return bool(cell)
    if feature.kind == "integer":
        return int(cell)
    return cell if isinstance(cell, str) else float(cell)


def _is_open_to(value: Any, feature: Feature) -> bool:
    return not feature.closed or value in (feature.categories or ())


def _is_encodable(text: str) -> bool:
    """Whether the text has a form in UTF-8: no half of a surrogate pair."""
    return text.isascii() or not any("\ud800" <= c <= "\udfff" for c in text)


def is_whole(value: float) -> bool:
    """Whether a number is a whole one that a float64 holds exactly."""
    return abs(value) <= LARGEST_EXACT and float(value).is_integer()
