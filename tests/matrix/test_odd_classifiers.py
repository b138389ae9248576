"""What packing does with classifiers that are all alike, refuse rows, or know a list of values."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.naive_bayes import BernoulliNB, CategoricalNB
from sklearn.neighbors import RadiusNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

import irisws
from irisws.model.model import InvalidRow, Model
from irisws.model.packing import CannotPack

Data = tuple[Any, Any]


def pack(estimator: Any, data: Data, folder: Path) -> Model:
    return irisws.pack(estimator.fit(*data), *data, folder / "m.onnx", name="m", report=None)


@pytest.fixture
def codes() -> Data:
    """Whole numbers that stand for categories, as floats, and labels that follow from them."""
    X = np.random.default_rng(0).integers(0, 4, size=(200, 3)).astype(float)
    return X, (X[:, 0] > X[:, 1]).astype(int)


@pytest.mark.parametrize("estimator", [DummyClassifier(), BernoulliNB()], ids=str)
def test_all_classes_alike(estimator: Any, iris_data: Data, tmp_path: Path) -> None:
    """Where every row is a tie between all classes, ties are what is proved."""
    model = pack(estimator, iris_data, tmp_path)
    [answer] = model.predict([[5.1, 3.5, 1.4, 0.2]])
    assert (answer.label, answer.probabilities) == ("0", dict.fromkeys("012", 0.333333))
    assert model.proof.labels_agreeing == len(model.card.golden) >= 60


def test_rows_far_from_training_are_refused(iris_data: Data, tmp_path: Path) -> None:
    """A search within a radius packs, takes unseen numbers, and refuses what has no neighbour."""
    model = pack(RadiusNeighborsClassifier(), iris_data, tmp_path)
    assert not any(feature.closed for feature in model.card.features)
    assert model.predict([[5.11, 3.52, 1.43, 0.24]])[0].label == "0"
    with pytest.raises(InvalidRow, match="No neighbors found"):
        model.predict([[50, 3.5, 1.4, 0.2]])


def test_classifier_that_refuses_all_but_its_data(tmp_path: Path) -> None:
    """Without any row to prove there is no file."""
    X = np.random.default_rng(0).normal(size=(40, 6))
    with pytest.raises(CannotPack, match="RadiusNeighborsClassifier refuses every row that its"):
        pack(RadiusNeighborsClassifier(1e-6), (X, np.arange(40) % 2), tmp_path)


@pytest.mark.parametrize(
    "estimator",
    [CategoricalNB(), make_pipeline(OneHotEncoder(), DecisionTreeClassifier())],
    ids=str,
)
def test_codes_of_categories_are_a_list(estimator: Any, codes: Data, tmp_path: Path) -> None:
    """A number above those of training is a category that the estimator does not know."""
    features = pack(estimator, codes, tmp_path).card.features
    assert [(f.closed, f.categories) for f in features] == [(True, (0.0, 1.0, 2.0, 3.0))] * 3


def test_fractions_may_be_a_list_too(codes: Data, tmp_path: Path) -> None:
    """An encoder of numbers with fractions takes those of training only."""
    X, y = codes
    estimator = make_pipeline(OneHotEncoder(), DecisionTreeClassifier())
    features = pack(estimator, (X / 8, y), tmp_path).card.features
    assert [(f.closed, f.categories) for f in features] == [(True, (0.0, 0.125, 0.25, 0.375))] * 3


def test_packing_is_silent(
    iris_data: Data, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """What a converter reads of an estimator may be deprecated: that is not the user's matter."""
    estimator = SVC().fit(*iris_data)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        pack(estimator, iris_data, tmp_path)
    assert caught == []
    assert capfd.readouterr() == ("", "")
