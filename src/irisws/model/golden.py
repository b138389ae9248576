"""Rows that prove a model, with scikit-learn's own answers, and rows that engines are held to."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from irisws.model.card import GoldenRow
from irisws.model.codes import Codes
from irisws.model.columns import Table
from irisws.model.engine import RefusedRow
from irisws.model.estimator import EstimatorEngine
from irisws.model.fitness import CannotPack
from irisws.model.probes import (
    boundary_rows,
    class_like_rows,
    mixed_rows,
    neighbour_rows,
    probe_rows,
    with_missing,
)
from irisws.model.rows import Rows, as_values

TYPICAL_ROWS, BOUNDARY_PAIRS = 60, 60  # golden rows, about
_MOST_GOLDEN_VALUES = 200_000  # a card of thousands of features or classes has fewer rows
_MOST_COMPARED = 50_000  # training rows that both engines answer
_TIE = 1e-9  # of probabilities, whose sums are not quite exact
_MISSING_SHARE = 0.1  # of the values of rows to compare, where they may be missing


def golden_rows(
    reference: EstimatorEngine,
    codes: Codes,
    table: Table,
    labels: NDArray[Any],
    least_lead: float,
) -> tuple[GoldenRow, ...]:
    """Typical rows, and rows near borders, with scikit-learn's answers.

    Rows whose two best classes are closer than `least_lead`, and no tie, are left out: where
    probabilities may differ by the tolerance, the label of such a row proves nothing. If all are,
    they are kept: their probabilities prove something still.
    """
    inputs = _answered(reference, _inputs(reference, codes, table, labels))
    if not len(inputs):
        raise CannotPack(
            f"{type(reference.estimator).__name__} refuses every row that its data make likely"
        )
    indexes, probabilities = reference.predict(inputs)
    if probabilities.shape[1]:
        best = np.sort(probabilities, axis=1)
        lead = best[:, -1] - best[:, -2]
        clear = (lead > least_lead) | (lead < _TIE)  # in a tie the first of the best is answered
        if clear.any():
            inputs, indexes, probabilities = inputs[clear], indexes[clear], probabilities[clear]
    answers = zip(
        as_values(inputs, table.features), indexes.tolist(), probabilities.tolist(), strict=True
    )
    return tuple(
        GoldenRow(inputs=values, index=index, probabilities=tuple(each))
        for values, index, each in answers
    )


def _inputs(reference: EstimatorEngine, codes: Codes, table: Table, labels: NDArray[Any]) -> Rows:
    rng = np.random.default_rng(0)
    features = table.features
    points = codes.points(table.rows)
    classes = len(reference.estimator.classes_)
    most = max(_MOST_GOLDEN_VALUES // (len(features) + classes), 10)
    typical = class_like_rows(points, labels, rng, TYPICAL_ROWS)[:most]
    if any(feature.missing for feature in features):
        may_be_missing = np.array([feature.missing for feature in features])
        some = with_missing(typical[::4], may_be_missing, rng, _MISSING_SHARE)
        typical = np.vstack([typical, some])

    def predict(points: NDArray[np.float64]) -> NDArray[Any]:
        return reference.classify(codes.rows(points))

    try:
        borders = boundary_rows(predict, points, rng, min(BOUNDARY_PAIRS, most))
    except RefusedRow:  # of rows between those of training: it has no answer everywhere
        borders = points[:0]
    return codes.rows(np.vstack([typical, borders]))


def _answered(reference: EstimatorEngine, rows: Rows) -> Rows:
    """The rows that the estimator does not refuse."""
    if not reference.refuses(rows):
        return rows
    return rows[[not reference.refuses(row[np.newaxis]) for row in rows]]


def compared_rows(codes: Codes, table: Table) -> Rows:
    """Training rows, mixed and jittered copies, rows in and beyond the training box.

    Of the copies some lack values, where that may be.
    """
    rng = np.random.default_rng(0)
    points = codes.points(table.rows)
    kinds = (probe_rows, mixed_rows, neighbour_rows)
    probes = np.vstack([make(points, rng) for make in kinds])
    may_be_missing = np.array([feature.missing for feature in table.features])
    if may_be_missing.any():
        probes = with_missing(probes, may_be_missing, rng, _MISSING_SHARE)
    if len(points) > _MOST_COMPARED:
        points = points[rng.choice(len(points), _MOST_COMPARED, replace=False)]
    return codes.rows(np.vstack([points, probes]))
