"""The proof: golden rows replayed where the model runs now.

The card keeps rows with the answers that scikit-learn gave at training time. A model is served
only after every one of them was answered again, here, with the same label and with probabilities
within the card's tolerance.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from irisws.model.card import Card


@dataclass(frozen=True)
class Proof:
    """What replaying the golden rows showed."""

    rows: int
    labels_agreeing: int
    largest_probability_difference: float
    tolerance: float

    @property
    def holds(self) -> bool:
        """True if every label agreed and every probability was within tolerance."""
        return (
            self.labels_agreeing == self.rows
            and self.largest_probability_difference <= self.tolerance
        )


def replay(card: Card, indexes: NDArray[Any], probabilities: NDArray[Any]) -> Proof:
    """Compare the answers given here to the golden rows with those in the card.

    Args:
        card: The card, with n golden rows or more; the first n are compared.
        indexes: The answered classes, shape `[n]`.
        probabilities: The answered probabilities, shape `[n, classes]`.
    """
    golden = card.golden[: len(indexes)]
    expected = np.array([row.index for row in golden])
    differences = np.abs(probabilities - np.array([row.probabilities for row in golden]))
    return Proof(
        rows=len(golden),
        labels_agreeing=int((expected == indexes).sum()),
        largest_probability_difference=float(
            np.nan_to_num(differences, nan=np.inf).max(initial=0.0)
        ),
        tolerance=card.tolerance,
    )
