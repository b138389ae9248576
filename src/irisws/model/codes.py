"""Rows as points: numbers for what they are, categories by their place in a list.

Rows between others, or beyond them, are drawn as points (`irisws.model.probes`) and turned back
into rows that a caller could send.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from irisws.model.card import Feature
from irisws.model.rows import Rows, dtype_of, is_missing

Matrix = NDArray[np.float64]

_LARGEST = 1e37  # points beyond the training box must fit float32
UNSEEN = "unseen in training"


class Codes:
    """Turns rows into points and back."""

    def __init__(self, rows: Rows, features: Sequence[Feature]) -> None:
        """Learn the categories.

        Args:
            rows: The training rows, shape `[n, features]`.
            features: The card's.
        """
        self._features = features
        self._lists = {
            at: _values(rows[:, at], feature)
            for at, feature in enumerate(features)
            if feature.kind == "string" or feature.closed
        }

    def points(self, rows: Rows) -> Matrix:
        """Points of shape `[n, features]`; NaN for what is missing."""
        points = np.empty(rows.shape)
        for at in range(len(self._features)):
            missing = is_missing(rows[:, at])
            if at in self._lists:
                known = {value: code for code, value in enumerate(self._lists[at])}
                points[:, at] = [known.get(cell, -1) for cell in rows[:, at].tolist()]
                points[missing, at] = np.nan
            else:
                points[:, at] = rows[:, at]
        return points

    def rows(self, points: Matrix) -> Rows:
        """The rows nearest to points; beyond a list of categories lies one that is not in it."""
        rows: Rows = np.empty(points.shape, dtype=dtype_of(self._features))
        for at, feature in enumerate(self._features):
            rows[:, at] = self._column(points[:, at], at, feature)
        return rows

    def _column(self, points: Matrix, at: int, feature: Feature) -> Any:
        if at in self._lists:
            return _cells(points, self._lists[at], feature)
        if feature.kind == "boolean":
            return np.where(np.isnan(points), np.nan, (points > 0.5).astype(float))
        bounded = np.clip(points, -_LARGEST, _LARGEST)
        return bounded.round() if feature.kind == "integer" else bounded


def _values(cells: Rows, feature: Feature) -> list[Any]:
    """The different values: known categories, or all texts."""
    if feature.categories:
        return list(feature.categories)
    return sorted(set(cells[~is_missing(cells)].tolist()))


def _cells(points: Matrix, values: list[Any], feature: Feature) -> list[Any]:
    empty = None if feature.kind == "string" else np.nan
    last = len(values) - 1

    def cell(point: float) -> Any:
        if point != point:
            return empty
        code = round(point)
        if feature.closed:
            code = min(max(code, 0), last)
        return values[code] if 0 <= code <= last else UNSEEN

    return [cell(point) for point in points.tolist()]
