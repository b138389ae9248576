"""A fitted estimator as an engine: its answers by class index, and what it does not answer."""

from typing import Any

import numpy as np
import pytest
from sklearn.neighbors import RadiusNeighborsClassifier
from sklearn.tree import DecisionTreeClassifier

from irisws.model.columns import read_table
from irisws.model.engine import RefusedRow
from irisws.model.estimator import EstimatorEngine

Data = tuple[Any, Any]


def engine_of(estimator: Any, data: Data) -> EstimatorEngine:
    features = read_table(data[0], None, None).features
    return EstimatorEngine(estimator.fit(*data), features, None, True)


@pytest.mark.filterwarnings("ignore:Outlier label")
def test_label_that_is_no_class_is_no_answer(iris_data: Data) -> None:
    """Some estimators answer far rows with a label of their own."""
    engine = engine_of(RadiusNeighborsClassifier(radius=1.0, outlier_label=-1), iris_data)
    known = [label for label in engine.estimator.classes_.tolist() if label >= 0]
    assert known == [0, 1, 2]
    far = np.full((1, 4), 99.0)
    if -1 in engine.estimator.classes_.tolist():
        assert engine.classify(far).tolist() == [engine.estimator.classes_.tolist().index(-1)]
    else:
        with pytest.raises(RefusedRow, match="none of its classes"):
            engine.classify(far)


def test_failures_that_are_no_matter_of_the_row(iris_data: Data) -> None:
    """A full memory is not the caller's fault; what an estimator says of its input is."""
    engine = engine_of(DecisionTreeClassifier(), iris_data)
    errors: list[Exception] = [MemoryError(), ValueError("no \x1b such\n value")]

    def fail(rows: Any) -> Any:
        raise errors.pop(0)

    engine.estimator.predict = fail
    with pytest.raises(MemoryError):
        engine.predict(iris_data[0])
    with pytest.raises(RefusedRow) as caught:
        engine.predict(iris_data[0])
    assert str(caught.value) == "ValueError: no \N{REPLACEMENT CHARACTER} such value"
