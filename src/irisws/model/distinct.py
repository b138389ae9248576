"""Answers written out: each different one once, however many rows have it."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

MANY = 100  # rows from which it pays to look for answers that are alike

Encode = Callable[[list[int], NDArray[np.float64]], list[bytes]]


def write_distinct(
    indexes: NDArray[np.int64], probabilities: NDArray[np.float64], encode: Encode
) -> list[bytes]:
    """Write the answers to n rows; a tree has no more different ones than leaves.

    Args:
        indexes: Of the classes, shape `[n]`.
        probabilities: Shape `[n, classes]` or `[n, 0]`.
        encode: Writes such answers one by one.

    Returns:
        One text for each row.
    """
    if len(indexes) < MANY:
        return encode(indexes.tolist(), probabilities)
    table: NDArray[np.float64] = np.column_stack((indexes, probabilities))
    rows: list[Any] = table.view(f"V{table[0].nbytes}").ravel().tolist()  # each row as its bytes
    distinct = dict.fromkeys(rows)
    unlike = np.frombuffer(b"".join(distinct)).reshape(-1, table.shape[1])
    texts = encode(unlike[:, 0].astype(int).tolist(), unlike[:, 1:])
    written = dict(zip(distinct, texts, strict=True))
    return list(map(written.__getitem__, rows))
