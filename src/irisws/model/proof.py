"""The proof: golden rows replayed where the model runs now.

The card keeps rows with the answers that scikit-learn gave at training time. A model is served
only after every one of them was answered again, here, with the same label and with probabilities
within the card's tolerance.
"""

from collections.abc import Sequence
from dataclasses import dataclass

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


def replay(card: Card, indexes: Sequence[int], probabilities: Sequence[Sequence[float]]) -> Proof:
    """Compare the answers given here to the golden rows with those in the card.

    Args:
        card: The card, with n golden rows.
        indexes: The answered classes, `[n]`.
        probabilities: The answered probabilities, `[classes][n]`.
    """
    return Proof(
        rows=len(card.golden),
        labels_agreeing=sum(
            row.index == index for row, index in zip(card.golden, indexes, strict=True)
        ),
        largest_probability_difference=max(
            _largest_difference(row.probabilities, answer)
            for row, *answer in zip(card.golden, *probabilities, strict=True)
        ),
        tolerance=card.tolerance,
    )


def _largest_difference(expected: Sequence[float], answered: Sequence[float]) -> float:
    differences = [abs(a - b) for a, b in zip(expected, answered, strict=True)]
    return max(d if d == d else float("inf") for d in differences)  # NaN agrees with nothing
