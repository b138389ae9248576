"""Why a row got its answer: the path through a single tree, or the training rows nearest to it."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from operator import itemgetter
from typing import Any, Literal, Protocol

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from irisws.model.card import Card, Feature, Leaf, Value
from irisws.model.rows import Rows, as_rows, is_missing, with_unit
from irisws.model.trees import TreeEnsemble, path_to_leaf

NEAREST = 3  # training rows that are named

_EMPTY = Leaf(node=0, rows=0, rows_of_class=0)  # to which no row came that was packed with


class Step(Struct, frozen=True):
    """One comparison on the way through a tree."""

    feature: str
    value: float | bool
    relation: Literal["<=", ">"]
    threshold: float


class Path(Struct, frozen=True, tag="path", tag_field="kind"):
    """The way through a single decision tree.

    Attributes:
        steps: The comparisons, from the root on.
        training_rows: How many training rows went the same way.
        training_rows_of_class: How many of them were of the class that was answered.
        text: All of that in words.
    """

    steps: tuple[Step, ...]
    training_rows: int
    training_rows_of_class: int
    text: str


class Neighbour(Struct, frozen=True):
    """A training row, and how far it is from the row asked for: 0 is equal, 1 is all different."""

    values: dict[str, Value]
    label: str
    distance: float


class Neighbours(Struct, frozen=True, tag="nearest", tag_field="kind"):
    """The nearest ones of the training rows that the card holds.

    Attributes:
        rows: The nearest first.
        text: Their labels in words.
    """

    rows: tuple[Neighbour, ...]
    text: str


class Explainer(Protocol):
    """Explains the answers of one model."""

    def explain(self, rows: Rows, indexes: Sequence[int]) -> list[Path] | list[Neighbours]:
        """Explain n answers: rows of shape `[n, features]`, and the class index of each."""


def explainer(card: Card, trees: TreeEnsemble | None) -> Explainer | None:
    """What explains this model, if anything does."""
    if card.leaves and trees is not None and len(trees.roots) == 1:
        return TreeExplainer(card, trees)
    return SampleExplainer(card) if card.sample else None


def leaves_of(trees: TreeEnsemble, rows: Rows, indexes: Sequence[int]) -> tuple[Leaf, ...]:
    """Count the training rows in each leaf of a single tree.

    Args:
        trees: With one root.
        rows: The training rows, shape `[n, features]`.
        indexes: The index of each row's own class.
    """
    counts: dict[int, Counter[bool]] = defaultdict(Counter)
    for row, index in zip(rows.tolist(), indexes, strict=True):
        _, (_, probabilities, node, _) = path_to_leaf(trees.roots[0], row)
        answered = max(probabilities, key=itemgetter(1))[0]
        counts[node][index == answered] += 1
    return tuple(
        Leaf(node=node, rows=found.total(), rows_of_class=found[True])
        for node, found in sorted(counts.items())
    )


class TreeExplainer:
    """Explains the answers of a single decision tree by its paths."""

    def __init__(self, card: Card, trees: TreeEnsemble) -> None:
        self._card = card
        self._root = trees.roots[0]
        self._leaves = {leaf.node: leaf for leaf in card.leaves}

    def explain(self, rows: Rows, indexes: Sequence[int]) -> list[Path]:
        """See `Explainer.explain`."""
        return [
            self._path(row, self._card.classes[index].name)
            for row, index in zip(rows.tolist(), indexes, strict=True)
        ]

    def _path(self, row: Sequence[float], label: str) -> Path:
        features = self._card.features
        comparisons, found = path_to_leaf(self._root, row)
        steps, words = [], []
        for position, threshold, is_left in comparisons:
            feature = features[position]
            value = _value(row[position], feature)
            step = Step(feature.name, value, "<=" if is_left else ">", threshold)
            steps.append(step)
            words.append(
                f"{feature.name} {with_unit(value, feature)} {step.relation} "
                f"{with_unit(threshold, feature)}"
            )
        leaf = self._leaves.get(found[2], _EMPTY)
        counts = f"{label}, {leaf.rows_of_class} of {leaf.rows} training rows"
        text = f"{', '.join(words)}: {counts}" if words else counts
        return Path(tuple(steps), leaf.rows, leaf.rows_of_class, text)


class SampleExplainer:
    """Explains any model's answers by the training rows nearest to the row.

    Distance is Gower's (Biometrics 27, 1971): the mean over the features of the difference, for
    numbers divided by their range in training and at most 1, for others 0 or 1.
    """

    def __init__(self, card: Card) -> None:
        self._card = card
        self._sample = as_rows([row.inputs for row in card.sample], card.features)

    def explain(self, rows: Rows, indexes: Sequence[int]) -> list[Neighbours]:
        """See `Explainer.explain`."""
        return [self._neighbours(row) for row in rows]

    def _neighbours(self, row: Rows) -> Neighbours:
        features = self._card.features
        distances = np.mean(
            [
                _differences(row[at], self._sample[:, at], feature)
                for at, feature in enumerate(features)
            ],
            axis=0,
        )
        order = np.argsort(distances, kind="stable")[:NEAREST]
        names = [feature.name for feature in features]
        found = []
        for at in order.tolist():
            sample = self._card.sample[at]
            label = self._card.classes[sample.index].name
            values = dict(zip(names, sample.inputs, strict=True))
            found.append(Neighbour(values, label, round(float(distances[at]), 6)))
        shown = ", ".join(f"{each.label} at {each.distance:.3g}" for each in found)
        text = f"nearest of {len(self._sample)} training rows, 0 is equal: {shown}"
        return Neighbours(tuple(found), text)


def _value(cell: float, feature: Feature) -> float | bool:
    if feature.kind == "boolean":
        return bool(cell)
    return int(cell) if feature.kind == "integer" else cell


def _differences(value: Any, cells: Rows, feature: Feature) -> NDArray[np.float64]:
    given = is_missing(np.array([value], dtype=cells.dtype))[0]
    missing = is_missing(cells)
    if given:
        return np.where(missing, 0.0, 1.0)
    if not feature.is_numeric:
        return np.where(cells == value, 0.0, 1.0)
    numbers = cells.astype(np.float64)
    spread = (feature.maximum or 0.0) - (feature.minimum or 0.0) or 1.0
    return np.where(missing, 1.0, np.minimum(np.abs(numbers - value) / spread, 1.0))
