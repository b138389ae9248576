"""Explanations: the path that scikit-learn's own tree takes, and the nearest training rows."""

from pathlib import Path as File
from typing import Any

import numpy as np
import pandas
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.tree import DecisionTreeClassifier

import irisws
from irisws.model.explanation import Neighbours, Path
from irisws.model.model import Model

Data = tuple[Any, Any]


def explain(model: Model, rows: Any) -> list[Any]:
    assert model.explainer is not None
    rows = np.asarray(rows)
    return list(model.explainer.explain(rows, model.answer(rows).indexes.tolist()))


@pytest.fixture(scope="module")
def tree(iris_data: Data, tmp_path_factory: pytest.TempPathFactory) -> tuple[Model, Any]:
    estimator = DecisionTreeClassifier(max_depth=3, random_state=1).fit(*iris_data)
    path = tmp_path_factory.mktemp("m") / "tree.onnx"
    infos: Any = {"sl": {"unit": "cm"}, "sw": {}, "pl": {}, "pw": {"unit": "cm"}}
    names = ["setosa", "versicolor", "virginica"]
    model = irisws.pack(
        estimator,
        *iris_data,
        path,
        name="tree",
        features=infos,
        class_names=names,
        report=None,
    )
    return model, estimator


def test_path_in_words(tree: tuple[Model, Any]) -> None:
    """A path reads as a person would say it, with units."""
    (path,) = explain(tree[0], [[5.1, 3.5, 1.4, 0.2]])
    assert path.text in (
        "pw 0.2 cm <= 0.8 cm: setosa, 50 of 50 training rows",
        "pl 1.4 <= 2.45: setosa, 50 of 50 training rows",
    )


def test_paths_are_those_of_scikit_learn(tree: tuple[Model, Any], iris_data: Data) -> None:
    """Features, thresholds and counts of training rows agree with the fitted tree, row by row."""
    model, estimator = tree
    fitted, names = estimator.tree_, ["sl", "sw", "pl", "pw"]
    rows = np.random.default_rng(0).uniform(0, 8, size=(200, 4))
    own = fitted.apply(iris_data[0].astype(np.float32))
    for row, path in zip(rows, explain(model, rows), strict=True):
        assert isinstance(path, Path)
        nodes = estimator.decision_path([row]).indices
        leaf = nodes[-1]
        expected = [
            (names[fitted.feature[node]], row[fitted.feature[node]], fitted.threshold[node])
            for node in nodes[:-1]
        ]
        assert [(s.feature, s.value) for s in path.steps] == [each[:2] for each in expected]
        thresholds = [each[2] for each in expected]
        assert [s.threshold for s in path.steps] == pytest.approx(thresholds, rel=1e-6)
        for step in path.steps:
            assert (step.value <= step.threshold) == (step.relation == "<=")
        answered = estimator.predict([row])[0]
        assert path.training_rows == fitted.n_node_samples[leaf] == (own == leaf).sum()
        assert path.training_rows_of_class == (iris_data[1][own == leaf] == answered).sum()


def test_kinds_of_values_in_a_path(tmp_path: File) -> None:
    """Booleans and integers are shown as such."""
    frame = pandas.DataFrame({"member": [True, False] * 20, "visits": [1, 2, 3, 4] * 10})
    y = (frame.member & (frame.visits > 2)).to_numpy()
    estimator = DecisionTreeClassifier(random_state=0).fit(frame, y)
    model = irisws.pack(estimator, frame, y, tmp_path / "m.onnx", name="m", report=None)
    (path,) = explain(model, [[1.0, 3.0]])
    shown = {step.feature: step.value for step in path.steps}
    assert shown == {"member": True, "visits": 3}
    assert "member True > 0.5" in path.text
    assert "visits 3 > 2" in path.text


def test_nearest_training_rows(iris_data: Data, tmp_path: File) -> None:
    """With a sample in the card a training row finds itself, at distance 0."""
    estimator = LogisticRegression(max_iter=1000).fit(*iris_data)
    model = irisws.pack(
        estimator, *iris_data, tmp_path / "m.onnx", name="m", sample=150, report=None
    )
    assert len(model.card.sample) == 150
    assert model.card.summary()["sample_rows"] == 150
    for row, label, found in zip(*iris_data, explain(model, iris_data[0]), strict=True):
        assert isinstance(found, Neighbours)
        first = found.rows[0]
        assert (list(first.values.values()), first.distance) == (row.tolist(), 0.0)
        assert len(found.rows) == 3
        assert str(label) in {each.label for each in found.rows if each.distance == 0}
        assert [r.distance for r in found.rows] == sorted(r.distance for r in found.rows)
    assert found.text.startswith("nearest of 150 training rows, 0 is equal: 2 at 0, ")


def test_distance_of_mixed_rows(tmp_path: File) -> None:
    """Strings differ wholly or not at all, and two missing values do not."""
    frame = pandas.DataFrame({"a": [0.0, 10.0, None, 5.0], "b": ["x", "y", "x", None]})
    y = [0, 1, 0, 1]
    estimator = irisws_pipeline().fit(frame, y)
    model = irisws.pack(estimator, frame, y, tmp_path / "m.onnx", name="m", sample=4, report=None)
    (found,) = explain(model, np.array([[np.nan, "x"]], dtype=object))
    distances = {tuple(each.values.values()): each.distance for each in found.rows}
    assert distances[None, "x"] == 0
    assert distances[0.0, "x"] == 0.5


def irisws_pipeline() -> Any:
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder

    encode = OneHotEncoder(handle_unknown="ignore")
    return make_pipeline(
        ColumnTransformer([("a", SimpleImputer(), ["a"]), ("b", encode, ["b"])]),
        LogisticRegression(),
    )


def test_nothing_explains_a_forest_without_a_sample(iris_data: Data, tmp_path: File) -> None:
    """No sample goes into a card unasked."""
    estimator = RandomForestClassifier(3, random_state=0).fit(*iris_data)
    model = irisws.pack(estimator, *iris_data, tmp_path / "m.onnx", name="m", report=None)
    assert (model.explainer, model.card.sample, model.card.leaves) == (None, (), ())
