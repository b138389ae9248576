"""The data frame that an estimator was fitted with, made again of rows.

scikit-learn looks at a data frame's column names and types, so an estimator gets its rows in the
form of the fit: under the same names, with the same types. One fitted with an array gets an array,
of objects if it was one of objects.
"""

import contextlib
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from irisws.model.card import Column, Feature
from irisws.model.rows import Rows, is_missing

# The missing values of a pandas column of objects: which of the two is part of the fit.
NONE: Literal["None"] = "None"
NAN: Literal["nan"] = "nan"


def frame_of(X: Any) -> tuple[Column, ...] | None:
    """The columns of a pandas data frame, or of an array of objects: how to make such ones again.

    That is the name and the type, what stands for a missing object, and the type's categories.
    """
    if hasattr(X, "dtypes") and hasattr(X, "columns"):
        return tuple(
            Column(
                name=str(name),
                dtype=str(X[name].dtype.name),
                null=_null_of(X[name].array if X[name].dtype == object else ()),
                categories=_categories_of(X[name].dtype),
            )
            for name in X.columns
        )
    if isinstance(X, np.ndarray) and X.dtype == object:
        return tuple(Column(dtype="object", null=_null_of(cells)) for cells in X.T)
    return None


def as_fitted(rows: Rows, features: Sequence[Feature], frame: Sequence[Column] | None) -> Any:
    """Rows as the estimator was fitted with them.

    Args:
        rows: Shape `[n, features]`; see `irisws.model.rows`.
        features: The card's.
        frame: The columns of the fit, in card order; None for an array of numbers.

    Returns:
        A pandas data frame, or an array.
    """
    if frame is None:
        return rows
    columns = [
        _column(rows[:, at], feature, column)
        for at, (feature, column) in enumerate(zip(features, frame, strict=True))
    ]
    if frame[0].name is None:
        array = np.empty(rows.shape, dtype=object)
        for at, cells in enumerate(columns):
            array[:, at] = cells
        return array
    import pandas  # an estimator that knows column names was fitted with a data frame

    return pandas.DataFrame(dict(zip((c.name for c in frame), columns, strict=True)))


def _column(cells: Rows, feature: Feature, column: Column) -> Any:
    """The cells of a column, with the type of the fit where it holds them.

    A number that the type does not hold, such as 300 where training had uint8, stays as it is.
    """
    missing = is_missing(cells)
    if feature.kind == "string" or column.dtype in ("object", "category"):
        objects = cells.astype(object)
        if feature.kind != "string":
            objects[~missing] = [_typed(cell, feature) for cell in cells[~missing]]
        objects[missing] = None if column.null == NONE else np.nan
        if column.name is None:
            return objects
    import pandas

    if feature.kind == "string" or column.dtype in ("object", "category"):
        if column.dtype == "category":
            known = column.categories or ()
            unseen = sorted(set(objects[~missing]).difference(known), key=str)
            return pandas.Categorical(objects, categories=[*known, *unseen])
        return pandas.Series(objects, dtype=column.dtype)
    numbers = cells.astype(np.float64)
    dtype = np.dtype(column.dtype) if column.dtype in np.sctypeDict else None
    if dtype is None:  # a type of pandas' own, such as Int64, which has a missing value
        own = "boolean" if feature.kind == "boolean" else column.dtype
        with contextlib.suppress(TypeError, ValueError, OverflowError):
            return pandas.Series(numbers).astype(own)
        return pandas.Series(numbers)
    with np.errstate(invalid="ignore", over="ignore"):  # of a cast that is not taken
        cast = numbers.astype(dtype)
    holds = np.isfinite(cast) == np.isfinite(numbers) if dtype.kind == "f" else cast == numbers
    return pandas.Series(cast if holds.all() else numbers)


def _typed(cell: Any, feature: Feature) -> Any:
    return {"boolean": bool, "integer": int, "number": float}[feature.kind](cell)


def _null_of(objects: Any) -> Literal["nan", "None"]:
    return NONE if any(cell is None for cell in objects) else NAN


def _categories_of(dtype: Any) -> tuple[Any, ...] | None:
    """The categories of a type of pandas that has a list of them."""
    values = getattr(dtype, "categories", None)
    if values is None:
        return None
    return tuple(value.item() if hasattr(value, "item") else value for value in values)
