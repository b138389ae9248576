"""What an estimator does with values that are missing, and with those that training had not."""

from collections.abc import Collection, Iterable
from typing import Any

import msgspec
import numpy as np

from irisws.model.card import Feature
from irisws.model.codes import UNSEEN
from irisws.model.columns import Table
from irisws.model.engine import RefusedRow
from irisws.model.estimator import EstimatorEngine
from irisws.model.fitness import CannotPack
from irisws.model.rows import Rows, is_missing

_MOST_COMPARED = 50_000  # training rows
_ALIKE = 1e-3  # of probabilities: sums in float32 differ by 1e-5, another value by far more
_SMALL_STEP = 1e-3  # of the width of a column


def with_policies(estimator: Any, table: Table, has_probabilities: bool) -> Table:
    """The table with the columns marked in which the estimator takes known values only."""
    every = range(len(table.features))
    engine = EstimatorEngine(estimator, table.features, table.frame, has_probabilities)
    may_be_missing = [at for at in every if table.features[at].missing]
    if _refuses_missing(engine, table, may_be_missing):
        names = [table.features[at].name for at in may_be_missing]
        lacking = [
            n
            for n, at in zip(names, may_be_missing, strict=True)
            if _refuses_missing(engine, table, [at])
        ]
        raise CannotPack(
            f"{type(estimator).__name__} refuses rows that lack "
            + ", ".join(map(repr, lacking or names))
        )
    if not _refuses_unseen(engine, table, every):
        return table
    closed = {at for at in every if _is_closed(engine, table, at)}
    features = tuple(
        _closed(feature, table.rows[:, at]) if at in closed else feature
        for at, feature in enumerate(table.features)
    )
    return table._replace(features=features)


def _refuses_missing(engine: EstimatorEngine, table: Table, columns: Collection[int]) -> bool:
    """Whether the estimator raises where these columns lack their value."""
    row = table.rows[:1].copy()
    for at in columns:
        row[0, at] = None if table.features[at].kind == "string" else np.nan
    return engine.refuses(row)


def _refuses_unseen(
    engine: EstimatorEngine, table: Table, columns: Iterable[int], row_at: int = 0
) -> bool:
    """Whether the estimator raises where these columns hold a value that training had not.

    Of numbers it is the nearest one above those of training.
    """
    row = table.rows[row_at : row_at + 1].copy()
    for at in columns:
        feature = table.features[at]
        if feature.kind == "string":
            row[0, at] = UNSEEN
        elif feature.maximum is not None:
            row[0, at] = feature.maximum + _step(table.rows[:, at])
    return engine.refuses(row)


def _is_closed(engine: EstimatorEngine, table: Table, at: int) -> bool:
    """Whether the estimator takes known values of a column only.

    A number is changed in the row that has the largest. So an estimator that raises far from all
    training data, as a search for neighbours may, is not taken for one that knows a list.
    """
    cells = table.rows[:, at]
    has_order = table.features[at].maximum is not None
    row_at = int(np.argmax(cells == table.features[at].maximum)) if has_order else 0
    return _refuses_unseen(engine, table, [at], row_at)


def _step(cells: Rows) -> float:
    """How far apart the values of a column are: 1 if all are whole, as the codes of categories."""
    present = cells[~is_missing(cells)].astype(np.float64)
    if (present == present.round()).all():
        return 1.0
    return _SMALL_STEP * float(np.ptp(present) or abs(present[0]))


def _closed(feature: Feature, cells: Rows) -> Feature:
    if feature.kind == "boolean":
        return feature
    present = sorted({cell for cell in cells.tolist() if cell is not None and cell == cell})
    categories = tuple(present)
    return msgspec.structs.replace(feature, closed=True, categories=categories)


def refuse_drift(reference: EstimatorEngine, table: Table) -> None:
    """Refuse data that, as rows of a request, get another answer than as they were given."""
    sample = slice(0, _MOST_COMPARED)
    try:
        indexes, probabilities = reference.predict(table.rows[sample])
    except RefusedRow as error:
        raise CannotPack(f"the estimator cannot answer X: {error}") from None
    given = table.given[sample]
    unlike = indexes != reference.indexes(reference.estimator.predict(given))
    if probabilities.shape[1]:
        apart = np.abs(probabilities - reference.estimator.predict_proba(given))
        unlike |= (apart > _ALIKE).any(axis=1)
    differing = np.flatnonzero(unlike)
    if len(differing):
        raise CannotPack(
            f"{len(differing)} rows of X get another answer once their values are sent as JSON, "
            f"the first is row {differing[0]}: give every column one plain type, and fit again"
        )
