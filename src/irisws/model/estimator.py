"""A fitted estimator as an engine: scikit-learn's own answers, by class index.

Packing compares the ONNX form with it, and a `.skops` file is served by it.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from irisws.model.card import Column, Feature
from irisws.model.engine import RefusedRow
from irisws.model.frames import as_fitted
from irisws.model.rows import Rows

_LONGEST_REASON = 200


class EstimatorEngine:
    """A fitted scikit-learn classifier that answers rows."""

    def __init__(
        self,
        estimator: Any,
        features: Sequence[Feature],
        frame: Sequence[Column] | None,
        has_probabilities: bool,
    ) -> None:
        """Wrap.

        Args:
            estimator: With `classes_`, and with `predict_proba` if it has probabilities.
            features: The card's.
            frame: The columns of the data frame of the fit, in card order; None for an array.
            has_probabilities: Whether to ask it for probabilities.
        """
        self.estimator = estimator
        self._features = features
        self._frame = frame
        self._has_probabilities = has_probabilities
        self._order = np.argsort(estimator.classes_)
        self._sorted_classes = estimator.classes_[self._order]

    @property
    def largest_value(self) -> float:
        """Many estimators compute in float32, and refuse what that does not hold."""
        return float(np.finfo(np.float32).max)

    def predict(self, rows: Rows) -> tuple[NDArray[Any], NDArray[Any]]:
        """Answer rows; see `irisws.model.engine.Engine`.

        Raises:
            RefusedRow: The estimator raises, or gives what is not a probability.
        """
        if not len(rows):
            classes = len(self._order) if self._has_probabilities else 0
            return np.empty(0, dtype=np.int64), np.empty((0, classes))
        try:
            given = as_fitted(rows, self._features, self._frame)
            indexes = self.indexes(self.estimator.predict(given))
            if not self._has_probabilities:
                return indexes, np.empty((len(rows), 0))
            probabilities = np.asarray(self.estimator.predict_proba(given), dtype=np.float64)
        except Exception as error:  # whatever an estimator may raise of its input
            text = " ".join(str(error).split())
            raise RefusedRow(f"{type(error).__name__}: {text[:_LONGEST_REASON]}") from error
        if not np.isfinite(probabilities).all():
            raise RefusedRow("it gives probabilities that are no numbers")
        return indexes, probabilities

    def indexes(self, labels: Any) -> NDArray[np.int64]:
        """The class indexes of labels as predict() returns them, shape `[n]`."""
        found: NDArray[np.int64] = self._order[np.searchsorted(self._sorted_classes, labels)]
        return found
