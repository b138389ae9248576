"""The tree walk: equal to the engine, and absent wherever it does not apply."""

import struct
from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.datasets import load_breast_cancer, load_iris
from sklearn.ensemble import (
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from irisws.model.columns import read_table
from irisws.model.conversion import Form, convert
from irisws.model.model import DEFAULT_MODEL
from irisws.model.onnx_file import read_nodes
from irisws.model.trees import TreeEnsemble, read_tree_ensemble, widest_bound

FLOAT32 = st.floats(width=32, allow_nan=False, allow_infinity=False)


def walk_of(estimator: Any, load: Callable[..., Any]) -> tuple[TreeEnsemble | None, Any]:
    X, y = load(return_X_y=True)
    estimator.fit(X, y)
    features = read_table(X, None, None).features
    onnx = convert(estimator, features, None, Form(np.float32, by_column=False, typed=False))
    nodes = read_nodes(onnx.SerializeToString())
    return read_tree_ensemble(nodes, X.shape[1], len(estimator.classes_)), X


@pytest.mark.parametrize("load", [load_iris, load_breast_cancer])
@pytest.mark.parametrize(
    "estimator",
    [
        DecisionTreeClassifier(random_state=0),
        DecisionTreeClassifier(max_depth=2, random_state=0),
        RandomForestClassifier(30, random_state=0),
        ExtraTreesClassifier(10, random_state=0),
    ],
)
def test_walk_equals_scikit_learn(estimator: Any, load: Callable[..., Any]) -> None:
    """Labels and probabilities of the walk are scikit-learn's, of three classes and of two."""
    trees, X = walk_of(estimator, load)
    assert trees is not None
    answers = [trees.predict(row) for row in X.tolist()]
    sure = [at for at, answer in enumerate(answers) if answer is not None]
    assert len(sure) > 0.95 * len(X)
    found = [answer for answer in answers if answer is not None]
    assert [index for index, _ in found] == estimator.predict(X[sure]).tolist()
    np.testing.assert_allclose([p for _, p in found], estimator.predict_proba(X[sure]), atol=1e-6)


def test_near_tie_is_left_to_the_engine() -> None:
    """Where two trees of two disagree, the walk does not say which class is ahead."""
    leaves = [(None, ((0, 1.0),), None, None), (None, ((1, 1.0),), None, None)]
    assert TreeEnsemble(tuple(leaves), 2).predict((1.0,)) is None


@pytest.mark.parametrize(
    "estimator",
    [
        GradientBoostingClassifier(n_estimators=2, random_state=0),
        LogisticRegression(max_iter=5000),
        make_pipeline(StandardScaler(), DecisionTreeClassifier()),
        RandomForestClassifier(1000, max_depth=4),  # more nodes than are read
        RandomForestClassifier(300, max_depth=4),  # a longer walk than pays
    ],
)
def test_other_graphs_are_left_to_the_engine(estimator: Any) -> None:
    """Other operators, other link functions, and forests too large to pay are not walked."""
    assert walk_of(estimator, load_breast_cancer)[0] is None


def spoilt(attribute: str, change: Callable[[Any], None]) -> TreeEnsemble | None:
    model = onnx.load_model(str(DEFAULT_MODEL))
    change({a.name: a for a in model.graph.node[0].attribute}[attribute])
    return read_tree_ensemble(read_nodes(model.SerializeToString()), 4, 3)


@pytest.mark.parametrize(
    ("attribute", "change"),
    [
        ("nodes_truenodeids", lambda a: a.ints.__setitem__(3, 0)),  # back to the root
        ("nodes_falsenodeids", lambda a: a.ints.__setitem__(0, 99)),  # to nowhere
        ("nodes_modes", lambda a: a.strings.__setitem__(0, b"BRANCH_GT")),
        ("nodes_featureids", lambda a: a.ints.__setitem__(0, 4)),
        ("nodes_featureids", lambda a: a.ints.__setitem__(0, -1)),
        ("target_ids", lambda a: a.ints.__setitem__(0, 7)),
        ("aggregate_function", lambda a: setattr(a, "s", b"SUM")),
        ("nodes_missing_value_tracks_true", lambda a: a.ints.__setitem__(0, 1)),
        ("post_transform", lambda a: setattr(a, "s", b"SOFTMAX")),
        ("nodes_values", lambda a: a.floats.pop()),
    ],
)
def test_what_cannot_be_walked_is_left_to_the_engine(
    attribute: str, change: Callable[[Any], None]
) -> None:
    """A circle, a missing node, another mode: no walk, and no crash."""
    assert spoilt(attribute, change) is None


def float32(value: float) -> float:
    return float(np.float32(value))


@given(threshold=FLOAT32, ulps=st.integers(-40, 40))
def test_bound_is_where_rounding_to_float32_turns(threshold: float, ulps: int) -> None:
    """For doubles all around a threshold, comparing with the bound is comparing as float32."""
    bound = widest_bound(threshold)
    (bits,) = struct.unpack("<q", struct.pack("<d", bound))
    (value,) = struct.unpack("<d", struct.pack("<q", bits + ulps))
    with np.errstate(over="ignore"):
        assert (value <= bound) == (float32(value) <= threshold)


@pytest.mark.parametrize("threshold", [float("inf"), float("-inf")])
def test_bound_of_an_infinite_threshold(threshold: float) -> None:
    """An infinite threshold stays where it is."""
    assert widest_bound(threshold) == threshold
