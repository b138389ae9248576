"""Conversion, held to what scikit-learn answers: the first form that agrees on every label."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from irisws.model.card import Feature, Parity
from irisws.model.columns import Table
from irisws.model.conversion import NotConvertible, convert, forms
from irisws.model.engine import OnnxEngine, RefusedRow, UnusableGraph
from irisws.model.estimator import EstimatorEngine
from irisws.model.fitness import CannotPack
from irisws.model.onnx_file import read_nodes
from irisws.model.rows import Rows, as_values, is_walkable
from irisws.model.trees import read_tree_ensemble

Answers = tuple[NDArray[Any], NDArray[Any]]  # class indexes, and probabilities

_ALONE = 200  # rows that are answered one by one, too: the golden ones, which come last
_MOST_SHOWN = 3


def convert_alike(
    reference: EstimatorEngine, rows: Rows, table: Table, tolerance: float
) -> tuple[Any, Parity]:
    """Convert in each form in turn, until one answers as the estimator does.

    Returns:
        The ONNX model, and how its answers to the rows compare.

    Raises:
        CannotPack: None does; the message says why of each, with rows that differ.
    """
    kind = type(reference.estimator).__name__
    try:
        expected = reference.predict(rows)
    except RefusedRow as error:
        raise CannotPack(f"{kind} refuses rows that its data make likely: {error}") from None
    failures: dict[str, list[str]] = {}  # what failed, and in which forms
    for form in forms(table.features, table.frame):
        try:
            onnx = convert(reference.estimator, table.features, table.frame, form)
            parity, differing = _compare(reference, onnx, rows, expected, table.features)
        except (UnusableGraph, NotConvertible) as error:
            failures.setdefault(str(error), []).append(str(form))
            continue
        if not parity.label_mismatches and parity.largest_probability_difference <= tolerance:
            return onnx, parity
        failure = (
            f"of {parity.rows:,} rows {parity.label_mismatches:,} get another label, and "
            f"probabilities differ by up to {parity.largest_probability_difference:.2g}"
            + _shown_rows(rows[differing], table.features)
        )
        failures.setdefault(failure, []).append(str(form))
    raise CannotPack(
        f"{kind} does not become an ONNX model that answers as scikit-learn does: "
        + "; ".join(f"{failure} ({', '.join(tried)})" for failure, tried in failures.items())
    )


def parity_of(
    probabilities: NDArray[Any], differing: NDArray[np.bool_], expected: Answers
) -> Parity:
    """How answers compare: which labels differ, and by how much the probabilities."""
    apart = np.abs(probabilities - expected[1])
    return Parity(
        rows=len(differing),
        label_mismatches=int(differing.sum()),
        largest_probability_difference=float(np.nan_to_num(apart, nan=1.0).max(initial=0.0)),
    )


def _compare(
    reference: EstimatorEngine,
    onnx: Any,
    rows: Rows,
    expected: Answers,
    features: Sequence[Feature],
) -> tuple[Parity, NDArray[np.bool_]]:
    """Answer the rows with every evaluator that may answer a caller."""
    encoded = onnx.SerializeToString()
    values = reference.estimator.classes_.tolist()
    engine = OnnxEngine(encoded, features, values, has_probabilities=expected[1].shape[1] > 0)
    indexes, probabilities = engine.predict(rows)
    differing = indexes != expected[0]
    differing[-_ALONE:] |= [
        engine.predict(row[np.newaxis])[0][0] != index
        for row, index in zip(rows[-_ALONE:], expected[0][-_ALONE:], strict=True)
    ]
    trees = read_tree_ensemble(read_nodes(encoded), rows.shape[1], len(values))
    if trees is not None and is_walkable(features):
        walked = [trees.predict(row) for row in rows.tolist()]
        differing |= [w is not None and w[0] != e for w, e in zip(walked, expected[0], strict=True)]
    return parity_of(probabilities, differing, expected), differing


def _shown_rows(rows: Rows, features: Sequence[Feature]) -> str:
    """The first of the rows for a message, each value by its name."""
    if not len(rows):
        return ""
    names = [feature.name for feature in features[:_MOST_SHOWN]]
    shown = [
        ", ".join(f"{name}={value!r}" for name, value in zip(names, row, strict=False))
        for row in as_values(rows[:_MOST_SHOWN], features)
    ]
    more = ", …" if len(features) > len(names) else ""
    return "; for example " + "; ".join(f"({row}{more})" for row in shown)
