"""Points to compare two engines on, made from those of the training data.

A point is a row of numbers; `irisws.model.codes` makes points of rows, and rows of points.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
Labels = NDArray[Any]

_LARGEST_EXACT_FLOAT = 2**24  # one more, and a float32 takes it for its neighbour
_TRIES = 40  # rows tried for each pair that is wanted
_BISECTIONS = 12  # a pair ends 1/4096 of its first distance apart: close, but far above rounding


def box(rows: Matrix) -> tuple[Matrix, Matrix]:
    """The least and the greatest value of each column, shape `[features]`; of NaN alone, 0."""
    present = np.where(np.isnan(rows), np.inf, rows).min(axis=0)
    highest = np.where(np.isnan(rows), -np.inf, rows).max(axis=0)
    empty = np.isinf(present)
    return np.where(empty, 0.0, present), np.where(empty, 0.0, highest)


def with_missing(
    rows: Matrix, may_be_missing: NDArray[np.bool_], rng: np.random.Generator, share: float
) -> Matrix:
    """The rows with a share of the values missing, in the columns where that may be."""
    gone = rng.random(rows.shape) < share
    return np.where(gone & may_be_missing, np.nan, rows)


def probe_rows(rows: Matrix, rng: np.random.Generator, count: int = 2_000) -> Matrix:
    """Rows around the training data: jittered copies, and uniform ones in and beyond its box.

    Returns:
        Shape `[3 * count, features]`.
    """
    lowest, highest = box(rows)
    spread = highest - lowest
    copies = rows[rng.integers(len(rows), size=count)]
    jittered = copies + rng.normal(scale=0.02, size=copies.shape) * spread
    inside = rng.uniform(lowest, highest, size=copies.shape)
    beyond = rng.uniform(lowest - spread, highest + spread, size=copies.shape)
    return np.vstack([jittered, inside, beyond])


def mixed_rows(rows: Matrix, rng: np.random.Generator, count: int = 2_000) -> Matrix:
    """Rows mixed value by value: where values are rounded, they lie as far apart as training rows.

    Ties between neighbours, say, are as frequent as among callers' rows.

    Returns:
        Shape `[count, features]`.
    """
    picks = rng.integers(len(rows), size=(count, rows.shape[1]))
    return rows[picks, np.arange(rows.shape[1])]


def neighbour_rows(rows: Matrix, rng: np.random.Generator, count: int = 2_000) -> Matrix:
    """Training rows, one more or less where float32 takes neighbours for each other: identifiers.

    Returns:
        Shape `[count, features]`; no rows where no column holds whole numbers of that size.
    """
    present = np.nan_to_num(rows)
    are_whole = (present == present.round()).all(axis=0)
    large = are_whole & (np.abs(present).max(axis=0) >= _LARGEST_EXACT_FLOAT)
    if not large.any():
        return rows[:0]
    copies: Matrix = rows[rng.integers(len(rows), size=count)]
    copies += rng.choice([-1.0, 1.0], size=copies.shape) * large
    return copies


def class_like_rows(rows: Matrix, labels: Labels, rng: np.random.Generator, count: int) -> Matrix:
    """Rows that look like a class, mixed value by value.

    Each value is drawn on its own from those that the class has in that column. So a row is seldom
    a training row, unless the class has few rows or the rows few columns; but every value is one
    that occurs in training.

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
    """Pairs of rows on either side of a border between two classes, close to it.

    In a row of the training box one value is changed, and where that changes the label, both rows
    are drawn towards each other by bisection. A threshold that moved, or a weight that changed,
    moves the border, and one row of a nearby pair then changes its label. Pairs are chosen from as
    many different borders as there are.

    Returns:
        Shape `[n, features]`, n at most `2 * count`; none where the label never changes.
    """
    lowest, highest = box(rows)
    shape = (_TRIES * count, rows.shape[1])
    near, far = (rng.uniform(lowest, highest, size=shape) for _ in range(2))
    changed = rng.integers(rows.shape[1], size=len(near))
    far = np.where(np.arange(rows.shape[1]) == changed[:, np.newaxis], far, near)
    labels = predict(near)
    differ = labels != predict(far)
    near, far = _bisect(predict, near[differ], far[differ], labels[differ])
    changed = changed[differ]
    position = (near - lowest)[np.arange(len(near)), changed] / (highest - lowest)[changed]
    chosen = _from_all_borders([*zip(changed, np.round(position, 2), strict=True)], count)
    return np.vstack([near[chosen], far[chosen]])


def _bisect(
    predict: Callable[[Matrix], Labels], near: Matrix, far: Matrix, labels: Labels
) -> tuple[Matrix, Matrix]:
    """Bring pairs of rows together, the nearer ones keeping `labels`, the others theirs."""
    if not len(near):
        return near, far
    for _ in range(_BISECTIONS):
        middle = (near + far) / 2
        same = (predict(middle) == labels)[:, np.newaxis]
        near, far = np.where(same, middle, near), np.where(same, far, middle)
    return near, far


def _from_all_borders(borders: Sequence[object], count: int) -> list[int]:
    """Choose positions so that each distinct border comes up once before any comes up twice."""
    seen: Counter[object] = Counter()
    turns = []
    for at, border in enumerate(borders):
        turns.append((seen[border], at))
        seen[border] += 1
    return [at for _, at in sorted(turns)[:count]]
