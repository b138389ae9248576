"""The data frame that an estimator was fitted with, made again of rows.

scikit-learn looks at a data frame's column names and types, so an estimator gets its rows in the
form of the fit: under the same names, with the same types. One fitted with an array gets an array.
"""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from irisws.model.card import Column, Feature
from irisws.model.rows import Rows, is_missing

# The missing values of a pandas column of objects: which of the two is part of the fit.
NONE: Literal["None"] = "None"
NAN: Literal["nan"] = "nan"


def frame_of(X: Any) -> tuple[Column, ...] | None:
    """The columns of a pandas data frame: name, type, and what stands for a missing object."""
    if not (hasattr(X, "dtypes") and hasattr(X, "columns")):
        return None
    return tuple(
        Column(
            name=str(name),
            dtype=str(X[name].dtype.name),
            null=NONE if any(cell is None for cell in _objects(X[name])) else NAN,
        )
        for name in X.columns
    )


def as_fitted(rows: Rows, features: Sequence[Feature], frame: Sequence[Column] | None) -> Any:
    """Rows as the estimator was fitted with them.

    Args:
        rows: Shape `[n, features]`; see `irisws.model.rows`.
        features: The card's.
        frame: The columns of the data frame of the fit, in card order; None for an array.

    Returns:
        A pandas data frame, or an array.
    """
    if frame is None:
        return rows
    import pandas  # an estimator that knows column names was fitted with a data frame

    return pandas.DataFrame(
        {
            column.name: _series(rows[:, at], feature, column)
            for at, (feature, column) in enumerate(zip(features, frame, strict=True))
        },
    )


def _series(cells: Rows, feature: Feature, column: Column) -> Any:
    import pandas

    missing = is_missing(cells)
    if feature.kind == "string" or column.dtype in ("object", "category"):
        objects = cells.astype(object)
        if feature.kind != "string":
            objects[~missing] = [_typed(cell, feature) for cell in cells[~missing]]
        objects[missing] = None if column.null == NONE else np.nan
        if column.dtype == "category":
            return pandas.Categorical(objects, categories=_categories(feature))
        return pandas.Series(objects, dtype=column.dtype)
    dtype = np.dtype(column.dtype) if column.dtype in np.sctypeDict else None
    if dtype is None:  # a type of pandas' own, such as Int64, which has a missing value
        values = pandas.Series(cells.astype(np.float64))
        return values.astype("boolean" if feature.kind == "boolean" else column.dtype)
    if missing.any() and dtype.kind != "f":
        return pandas.Series(cells.astype(np.float64))
    return pandas.Series(cells.astype(np.float64).astype(dtype))


def _typed(cell: Any, feature: Feature) -> Any:
    return {"boolean": bool, "integer": int, "number": float}[feature.kind](cell)


def _categories(feature: Feature) -> list[Any]:
    kind = {"boolean": bool, "integer": int}.get(feature.kind)
    found = list(feature.categories or ())
    return found if kind is None else [kind(value) for value in found]


def _objects(series: Any) -> Any:
    return series.array if series.dtype == object else ()
