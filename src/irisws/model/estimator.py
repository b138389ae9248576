"""A fitted estimator as an engine: scikit-learn's own answers, by class index.

Packing compares the ONNX form with it, and a `.skops` file is served by it.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
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
            frame: The columns of the fit, see `irisws.model.card.Card`.
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
        if not self._has_probabilities or not len(rows):
            classes = len(self._order) if self._has_probabilities else 0
            return self.classify(rows), np.empty((len(rows), classes))
        with _refusals():
            given = as_fitted(rows, self._features, self._frame)
            indexes = self.indexes(self.estimator.predict(given))
            found = self.estimator.predict_proba(given)
            probabilities = np.asarray(found, dtype=np.float64, order="C")  # some give columns
        if not np.isfinite(probabilities).all():
            raise RefusedRow("it gives probabilities that are no numbers")
        return indexes, probabilities

    def classify(self, rows: Rows) -> NDArray[np.int64]:
        """The class indexes alone, shape `[n]`, which takes half the time; raises as predict()."""
        if not len(rows):
            return np.empty(0, dtype=np.int64)
        with _refusals():
            given = as_fitted(rows, self._features, self._frame)
            return self.indexes(self.estimator.predict(given))

    def refuses(self, rows: Rows) -> bool:
        """Whether the estimator refuses any of the rows."""
        try:
            self.predict(rows)
        except RefusedRow:
            return True
        return False

    def indexes(self, labels: Any) -> NDArray[np.int64]:
        """The class indexes of labels as predict() returns them, shape `[n]`."""
        labels = np.asarray(labels)
        at = np.minimum(np.searchsorted(self._sorted_classes, labels), len(self._order) - 1)
        if (self._sorted_classes[at] != labels).any():
            raise RefusedRow("it answers a label that is none of its classes")
        found: NDArray[np.int64] = self._order[at]
        return found


@contextmanager
def _refusals() -> Iterator[None]:
    """What an estimator raises of its input, as RefusedRow; a full memory, say, is none of that."""
    try:
        yield
    except RefusedRow:
        raise
    except (ValueError, TypeError, LookupError, ArithmeticError, AttributeError) as error:
        text = " ".join(str(error).split())[:_LONGEST_REASON]
        shown = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
        raise RefusedRow(f"{type(error).__name__}: {shown}") from error
