"""Values by the kinds of features: as types for msgspec, and as columns of cells.

The quick readers decide by this what they take. What is wrong with the rest is the matter of
`irisws.api.diagnosis`, which has to agree.
"""

from collections.abc import Sequence
from typing import Annotated, Any, Literal, TypeAlias

import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from irisws.model.card import Feature
from irisws.model.rows import LARGEST_EXACT, Rows, dtype_of

Scalar: TypeAlias = float | bool | str | None  # any value of any feature

# The types of parsed values: every number of a document becomes a float.
PARSED = {"number": float, "integer": float, "boolean": bool, "string": str}


def are_plain(features: Sequence[Feature]) -> bool:
    """Whether every feature is a number that is always there, and may be any."""
    return all(map(is_plain, features))


def is_plain(feature: Feature) -> bool:
    """Whether the feature is a number that is always there, and may be any."""
    return feature.kind == "number" and not feature.missing and not feature.closed


def bound(feature: Feature, largest_value: float) -> float:
    """The largest absolute value of a numeric feature, where the engine's number type has one."""
    return min(largest_value, LARGEST_EXACT) if feature.kind == "integer" else largest_value


def json_type(feature: Feature, largest_value: float) -> Any:
    """What msgspec is to decode a value of the feature as; None if no type says it all."""
    kind = _closed_type(feature) if feature.closed else _open_type(feature, largest_value)
    return kind | None if feature.missing and kind is not None else kind


def _open_type(feature: Feature, largest_value: float) -> Any:
    if feature.is_numeric:
        most = bound(feature, largest_value)
        if feature.kind == "integer":  # msgspec does not take 3.0 for one; the careful reader does
            return Annotated[int, Meta(ge=-int(most), le=int(most))]
        return Annotated[float, Meta(ge=-most, le=most)]
    return PARSED[feature.kind]


def _closed_type(feature: Feature) -> Any:
    known: list[Any] = list(feature.categories or ())
    if feature.is_numeric:
        if not all(abs(value) <= LARGEST_EXACT and value == int(value) for value in known):
            return None
        known = [int(value) for value in known]
    return Literal.__getitem__(tuple(known))


class Columns:
    """Turns the values of one feature after the other into cells; see `irisws.model.rows`."""

    def __init__(self, features: Sequence[Feature], largest_value: float) -> None:
        self._features = features
        self._bounds = [bound(feature, largest_value) for feature in features]
        self._known = [frozenset(feature.categories or ()) for feature in features]
        self._dtype = dtype_of(features)

    def read(self, values: Sequence[Any], position: int) -> NDArray[Any] | None:
        """The cells of parsed values of the feature at `position`; None if it does not take one."""
        feature = self._features[position]
        types = set(map(type, values))
        if feature.missing:
            types.discard(type(None))
        if not types <= {PARSED[feature.kind]}:
            return None
        if feature.kind == "string":
            return self._strings(values, position)
        numbers = np.array(values, dtype=np.float64)  # None becomes NaN
        return None if self.refused(numbers, position).any() else numbers

    def refused(self, numbers: NDArray[np.float64], position: int) -> NDArray[np.bool_]:
        """Which numbers the feature at `position` does not take; NaN is a missing one."""
        feature = self._features[position]
        refused = ~(np.abs(numbers) <= self._bounds[position])  # NaN compares false
        if feature.kind == "integer":
            refused |= numbers != np.rint(numbers)
        if feature.closed:
            refused |= ~np.isin(numbers, np.array(feature.categories, dtype=np.float64))
        return refused & ~np.isnan(numbers) if feature.missing else refused

    def join(self, columns: Sequence[NDArray[Any]]) -> Rows:
        """Rows of one column for each feature, in card order."""
        rows: Rows = np.empty((len(columns[0]), len(columns)), dtype=self._dtype)
        for at, column in enumerate(columns):
            rows[:, at] = column
        return rows

    def _strings(self, values: Sequence[Any], position: int) -> NDArray[Any] | None:
        texts = [value for value in values if value is not None]
        if self._features[position].closed and not self._known[position].issuperset(texts):
            return None
        if not are_encodable(texts):
            return None
        cells = np.empty(len(values), dtype=object)
        cells[:] = values
        return cells


def are_encodable(texts: Sequence[str]) -> bool:
    """Whether the texts have a form in UTF-8: none holds half of a surrogate pair."""
    try:
        "".join(texts).encode()
    except UnicodeEncodeError:
        return False
    return True
