"""Rows to compare two engines on: made from the training data, none of them copied from it."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
Labels = NDArray[Any]

_BISECTIONS = 12  # a pair ends 1/4096 of its first distance apart: close, but far above rounding


def probe_rows(rows: Matrix, rng: np.random.Generator, count: int = 2_000) -> Matrix:
    """Rows around the training data: jittered copies, and uniform ones in and beyond its box.

    Returns:
        Shape `[3 * count, features]`.
    """
    lowest, highest = rows.min(axis=0), rows.max(axis=0)
    spread = highest - lowest
    copies = rows[rng.integers(len(rows), size=count)]
    jittered = copies + rng.normal(scale=0.02, size=copies.shape) * spread
    inside = rng.uniform(lowest, highest, size=copies.shape)
    beyond = rng.uniform(lowest - spread, highest + spread, size=copies.shape)
    return np.vstack([jittered, inside, beyond])


def class_like_rows(rows: Matrix, labels: Labels, rng: np.random.Generator, count: int) -> Matrix:
    """Rows that look like a class but are no training row's copy.

    Each value is drawn on its own from the values that the class has in that column.

    Returns:
        Shape `[n, features]`, n about `count`, the classes in turn.
    """
    classes = np.unique(labels)
    drawn = []
    for number in range(max(count, len(classes))):
        members = rows[labels == classes[number % len(classes)]]
        picks = rng.integers(len(members), size=rows.shape[1])
        drawn.append(members[picks, np.arange(rows.shape[1])])
    return np.array(drawn)


def boundary_rows(
    predict: Callable[[Matrix], Labels], rows: Matrix, rng: np.random.Generator, count: int
) -> Matrix:
    """Pairs of rows on either side of the border between two classes, close to it.

    Rows of differing labels are drawn towards each other by bisection. A threshold that moved, or a
    weight that changed, moves the border, and one row of a nearby pair then changes its label.

    Returns:
        Shape `[n, features]`, n at most `2 * count`; none where `rows` have one label only.
    """
    labels = predict(rows)
    first, second = (rng.integers(len(rows), size=4 * count) for _ in range(2))
    differing = np.flatnonzero(labels[first] != labels[second])[:count]
    if not len(differing):
        return np.empty((0, rows.shape[1]))
    near, far = rows[first[differing]], rows[second[differing]]
    kept = labels[first[differing]]
    for _ in range(_BISECTIONS):
        middle = (near + far) / 2
        same = (predict(middle) == kept)[:, np.newaxis]
        near, far = np.where(same, middle, near), np.where(same, far, middle)
    return np.vstack([near, far])
