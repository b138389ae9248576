"""Warnings for values unlike those of training, which are answered all the same."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from msgspec import UNSET, Struct, UnsetType
from numpy.typing import NDArray

from irisws.model.card import Feature
from irisws.model.rows import Rows, with_unit

# Range warnings of one call; each takes as much room as twenty rows of numbers.
MOST_WARNINGS = 10_000

_LONGEST_SHOWN = 60  # characters of a string in a message

# A value just outside the range is no matter of units; one that is this many times off may be.
_FAR = 2.0
_POWERS = (0.1, 10.0, 0.01, 100.0, 0.001, 1_000.0, 1e-6, 1e6)
# Each quantity's units, by their size.
_UNITS = [
    {"µm": 1e-6, "mm": 1e-3, "cm": 1e-2, "dm": 0.1, "m": 1.0, "km": 1e3},
    {"µg": 1e-6, "mg": 1e-3, "g": 1.0, "kg": 1e3, "t": 1e6},
    {"µl": 1e-6, "ml": 1e-3, "cl": 1e-2, "dl": 0.1, "l": 1.0},
    {"µs": 1e-6, "ms": 1e-3, "s": 1.0},
]
_SPELLED = {
    "µm": "micrometres",
    "mm": "millimetres",
    "cm": "centimetres",
    "dm": "decimetres",
    "m": "metres",
    "km": "kilometres",
    "µg": "micrograms",
    "mg": "milligrams",
    "g": "grams",
    "kg": "kilograms",
    "t": "tonnes",
    "µl": "microlitres",
    "ml": "millilitres",
    "cl": "centilitres",
    "dl": "decilitres",
    "l": "litres",
    "µs": "microseconds",
    "ms": "milliseconds",
    "s": "seconds",
}


class RangeWarning(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A value outside the range that the training data held, or in none of its categories."""

    feature: str
    value: float | str
    minimum: float | UnsetType = UNSET  # of a number
    maximum: float | UnsetType = UNSET
    factor: float | UnsetType = UNSET  # the power of ten that brings the value inside
    detail: str


class RangeChecker:
    """Finds the values of rows that are unlike those of training."""

    def __init__(self, features: Sequence[Feature]) -> None:
        self._features = features
        self._numeric = [at for at, f in enumerate(features) if f.is_numeric]
        self._lowest = np.array([features[at].minimum for at in self._numeric], dtype=float)
        self._highest = np.array([features[at].maximum for at in self._numeric], dtype=float)
        self._ranges = [(at, features[at].minimum, features[at].maximum) for at in self._numeric]
        self._all_numeric = len(self._numeric) == len(features)
        self._categories = {
            at: frozenset((*f.categories, None))  # what is missing is no unknown category
            for at, f in enumerate(features)
            if f.kind == "string" and f.categories and not f.closed
        }

    def outside(self, rows: Rows) -> NDArray[np.bool_]:
        """Which values are unlike those of training, shape `[n, features]`; missing ones are not.

        What is missing compares false.
        """
        if self._all_numeric:
            found: NDArray[np.bool_] = (rows < self._lowest) | (rows > self._highest)
            return found
        found = np.zeros(rows.shape, dtype=bool)
        numbers = rows[:, self._numeric].astype(np.float64)
        found[:, self._numeric] = (numbers < self._lowest) | (numbers > self._highest)
        for at, known in self._categories.items():
            found[:, at] = [cell not in known for cell in rows[:, at].tolist()]
        return found

    def outside_of_one(self, row: Sequence[Any]) -> list[int]:
        """The positions of the values of one row that are unlike those of training."""
        found = [at for at, least, most in self._ranges if row[at] < least or row[at] > most]
        return found + [at for at, known in self._categories.items() if row[at] not in known]

    def warnings(
        self, rows: Rows, outside: NDArray[np.bool_]
    ) -> Mapping[int, tuple[RangeWarning, ...]]:
        """The warnings by row number, where there are any: of the first rows, so many in all."""
        suspects = np.flatnonzero(outside.any(axis=1))
        told = np.cumsum(outside[suspects].sum(axis=1)) <= MOST_WARNINGS
        return {
            at: tuple(self._warnings(rows[at].tolist(), outside[at]))
            for at in suspects[told].tolist()
        }

    def _warnings(self, row: Sequence[Any], outside: NDArray[np.bool_]) -> Iterator[RangeWarning]:
        for at in np.flatnonzero(outside).tolist():
            feature = self._features[at]
            yield _unlike(row[at], feature) if feature.is_numeric else _unknown(row[at], feature)


def _unlike(value: float, feature: Feature) -> RangeWarning:
    minimum, maximum = feature.minimum, feature.maximum
    assert minimum is not None
    assert maximum is not None
    given, highest = (with_unit(v, feature) for v in (value, maximum))
    lowest = with_unit(minimum, feature, unit=False)
    factor = _fitting_factor(value, minimum, maximum)
    return RangeWarning(
        feature=feature.name,
        value=value,
        minimum=minimum,
        maximum=maximum,
        factor=UNSET if factor is None else factor,
        detail=f"{feature.name} {given} is outside the {lowest} to {highest} "
        "seen in training" + ("" if factor is None else _units_hint(factor, feature.unit)),
    )


def _unknown(value: str, feature: Feature) -> RangeWarning:
    known = len(feature.categories or ())
    shown = value if len(value) <= _LONGEST_SHOWN else value[: _LONGEST_SHOWN - 1] + "…"
    detail = f"{feature.name} {shown!r} is none of the {known} values seen in training"
    return RangeWarning(feature=feature.name, value=value, detail=detail)


def _fitting_factor(value: float, minimum: float, maximum: float) -> float | None:
    """The power of ten that brings a value that is far outside the range into it."""
    if maximum <= 0 or maximum / _FAR < value < maximum * _FAR:
        return None
    if minimum > 0 and minimum / _FAR < value < minimum * _FAR:
        return None
    fitting = (power for power in _POWERS if value and minimum <= value * power <= maximum)
    return next(fitting, None)


def _units_hint(factor: float, unit: str | None) -> str:
    """In which unit the value may have been given: "; ×0.1 fits: millimetres for centimetres?".

    Of a compound unit such as mg/l it is the first part.
    """
    first, slash, rest = (unit or "").partition("/")
    for units in _UNITS:
        for other, size in units.items():
            if first in units and abs(size / (units[first] * factor) - 1) < 1e-9:
                probably, wanted = _SPELLED[other], _SPELLED[first]
                if slash:
                    probably, wanted = f"{other}/{rest}", f"{unit}"
                return f"; ×{factor:g} fits: {probably} for {wanted}?"
    return f"; ×{factor:g} fits: in another unit?"
