"""Packing: proved, deterministic, whole or not at all."""

import datetime
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pandas
import pytest
from scipy.sparse import csr_array
from sklearn.cluster import KMeans
from sklearn.datasets import load_breast_cancer, make_classification
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.tree import DecisionTreeClassifier

import irisws
from irisws.model.model import DEFAULT_MODEL, Model
from irisws.model.packing import CannotPack
from irisws.training.iris import train_iris

TODAY = datetime.date(2026, 11, 22)
Data = tuple[Any, Any]


def pack(estimator: Any, data: Data, path: Path, **options: Any) -> Model:
    options.setdefault("report", None)
    return irisws.pack(estimator, *data, path, name="test", created=TODAY, **options)


def tree_of(path: Path) -> Any:
    return onnx.load_model(str(path)).graph


def test_training_again_gives_the_packaged_model(tmp_path: Path, iris: Model) -> None:
    """The packaged file holds what training gives today: the same tree and the same answers."""
    again = train_iris(tmp_path / "iris.onnx")
    assert tree_of(again.path) == tree_of(DEFAULT_MODEL)
    assert again.card.golden == iris.card.golden
    assert again.card.features == iris.card.features
    assert again.card.scores == iris.card.scores


def test_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    """Packing twice on one date gives one digest."""
    digests = {
        hashlib.sha256(train_iris(tmp_path / name, created=TODAY).path.read_bytes()).hexdigest()
        for name in ("a.onnx", "b.onnx")
    }
    assert len(digests) == 1


def test_source_date_epoch_sets_the_date(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The reproducible-builds convention fixes the date from outside."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "86400")
    assert train_iris(tmp_path / "a.onnx").card.created == "1970-01-02"


def test_card_tells_what_the_data_tell(tmp_path: Path, iris_data: Data) -> None:
    """Names, ranges, classes and parity come from the data and the comparison."""
    frame = pandas.DataFrame(iris_data[0], columns=["a", "b", "c", "d"])
    estimator = DecisionTreeClassifier(random_state=0).fit(frame, iris_data[1])
    card = pack(estimator, (frame, iris_data[1]), tmp_path / "m.onnx").card
    assert [feature.name for feature in card.features] == ["a", "b", "c", "d"]
    assert (card.features[2].minimum, card.features[2].maximum) == (1.0, 6.9)
    assert [(c.name, c.value, c.training_rows) for c in card.classes] == [
        ("0", 0, 50),
        ("1", 1, 50),
        ("2", 2, 50),
    ]
    assert (card.parity.rows, card.parity.label_mismatches) == (8330, 0)


def test_golden_rows_are_mixed_value_by_value(iris: Model, iris_data: Data) -> None:
    """The model file carries hardly a row of the data that it was trained on."""
    training = set(map(tuple, iris_data[0].tolist()))
    assert len([row for row in iris.card.golden if row.inputs in training]) <= 2


@pytest.mark.parametrize(
    "estimator", [GaussianNB(), LogisticRegression(max_iter=1000)], ids=lambda e: type(e).__name__
)
def test_other_classifiers_pack(estimator: Any, tmp_path: Path, iris_data: Data) -> None:
    """Naive Bayes and a linear model convert, agree and serve."""
    model = pack(estimator.fit(*iris_data), iris_data, tmp_path / "m.onnx")
    assert model.predict([[5.1, 3.5, 1.4, 0.2]])[0].index == 0


@pytest.mark.parametrize("trees", [6, 10, 20, 30, 60])
def test_forests_of_two_classes_pack(trees: int, tmp_path: Path) -> None:
    """Rows on which the trees are evenly divided get scikit-learn's label, alone and among others.

    The converter alone gives hundreds of them the other one: ten times float32(1/20) is above 1/2.
    """
    X, y = load_breast_cancer(return_X_y=True)
    estimator = RandomForestClassifier(trees, random_state=0).fit(X, y)
    model = pack(estimator, (X, y), tmp_path / "m.onnx")
    rows = np.random.default_rng(1).uniform(X.min(axis=0), X.max(axis=0), size=(2000, X.shape[1]))
    shares = estimator.predict_proba(rows)[:, 0]
    assert (shares == 0.5).sum() > 10
    expected = estimator.predict(rows).tolist()
    assert [prediction.index for prediction in model.predict(rows)] == expected
    assert [model.predict([row])[0].index for row in rows[:300]] == expected[:300]


def test_forest_with_impure_leaves_answers_alike_alone_and_among_others(tmp_path: Path) -> None:
    """A row whose classes are all but equal is answered once, whoever asks."""
    X, y = make_classification(600, 8, flip_y=0.1, random_state=3)
    estimator = RandomForestClassifier(6, max_depth=4, random_state=0).fit(X, y)
    model = pack(estimator, (X, y), tmp_path / "m.onnx")
    rows = np.random.default_rng(0).normal(size=(3000, 8), scale=2)
    together = [prediction.index for prediction in model.predict(rows)]
    assert [model.predict([row])[0].index for row in rows] == together
    assert together == estimator.predict(rows).tolist()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda X, y: DecisionTreeClassifier(), "DecisionTreeClassifier is not fitted"),
        (lambda X, y: LinearRegression().fit(X, y), "is a regressor, and irisws packs classifiers"),
        (lambda X, y: KMeans(3).fit(X), "KMeans is not a classifier"),
        (lambda X, y: DecisionTreeClassifier, "DecisionTreeClassifier is a class: call it"),
        (lambda X, y: "tree", "str is not a scikit-learn classifier"),
        (lambda X, y: DecisionTreeClassifier().fit(X[:, :3], y), "fitted with 3 features, X has 4"),
        (lambda X, y: DecisionTreeClassifier().fit(X, np.c_[y, y]), "has several outputs"),
        (lambda X, y: OneVsRestClassifier(GaussianNB()).fit(X, np.eye(3)[y]), "several outputs"),
        (lambda X, y: DummyClassifier().fit(X, y * 0), r"fitted with one class only, \[0\]"),
    ],
)
def test_estimators_that_cannot_be_packed(
    make: Callable[[Any, Any], Any], message: str, tmp_path: Path, iris_data: Data
) -> None:
    """What is not a fitted classifier of one output is refused."""
    with pytest.raises(CannotPack, match=message):
        pack(make(*iris_data), iris_data, tmp_path / "m.onnx")
    assert list(tmp_path.iterdir()) == []


def test_disagreement_refuses_onnx_with_the_rows(tmp_path: Path, iris_data: Data) -> None:
    """A label mismatch names rows that differ; what is not ONNX is served by scikit-learn."""
    data = (iris_data[0].round(), iris_data[1])
    estimator = KNeighborsClassifier(4).fit(*data)  # neighbours at one distance: which are taken?
    with pytest.raises(CannotPack, match=r"rows \d+ get another label.*example \(x0=\d"):
        pack(estimator, data, tmp_path / "m.onnx", engine="onnx")
    assert list(tmp_path.iterdir()) == []
    lines: list[str] = []
    model = pack(estimator, data, tmp_path / "m.onnx", report=lines.append)
    assert [file.name for file in tmp_path.iterdir()] == ["m.skops"]
    assert model.path == tmp_path / "m.skops"
    assert "served with scikit-learn itself: KNeighborsClassifier does not become" in lines[0]
    assert "get another label" in str(model.card.parity.not_onnx)
    rows = np.random.default_rng(0).uniform(0, 8, size=(500, 4))
    assert [p.index for p in model.predict(rows)] == estimator.predict(rows).tolist()


@pytest.mark.parametrize(
    ("X", "message"),
    [
        ([["a", "b"]], "fitted with 4 features, X has 2"),
        ([[1.0, float("nan")]], "column 'x1' is all missing"),
        ([[1.0, float("inf")]], "column 'x1' must hold finite numbers of at most 1e[+]37"),
        ([[1.0, None, "a", 2.0]], "column 'x1' is all missing"),
        (csr_array(np.eye(4)), "X is sparse"),
        (
            np.array([[1.0, "a"], ["b", 2]], dtype=object),
            "'x0' holds values of the types float, str",
        ),
        (np.array([["2026-11-22"]], dtype="datetime64[D]"), "column 'x0' holds times"),
        (np.empty((0, 4)), "X must have the shape"),
        ([1.0, 2.0], r"X must have the shape \[n, features\], not \(2,\)"),
        ([[1.0, 2.0, 3.0, 4.0]], "y must have one label a row"),
    ],
)
def test_data_that_cannot_be_packed(X: Any, message: str, tmp_path: Path, iris_data: Data) -> None:
    """Data that are not finite numbers, or not one row a label, are refused."""
    estimator = DecisionTreeClassifier().fit(*iris_data)
    with pytest.raises(CannotPack, match=message):
        pack(estimator, (X, iris_data[1]), tmp_path / "m.onnx")


def test_names_must_be_as_many_as_columns_and_classes(tmp_path: Path, iris_data: Data) -> None:
    """Too few names for features or classes are refused."""
    estimator = DecisionTreeClassifier().fit(*iris_data)
    with pytest.raises(CannotPack, match="features must name 4 columns, not 1"):
        pack(estimator, iris_data, tmp_path / "m.onnx", features={"a": {}})
    with pytest.raises(CannotPack, match="class_names must name 3 classes, not 1"):
        pack(estimator, iris_data, tmp_path / "m.onnx", class_names=["a"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"features": {"a": {"units": "cm"}, "b": {}, "c": {}, "d": {}}}, "not units"),
        ({"features": {"a": {"kind": "string"}}}, "column 'a' holds numbers, features say string"),
        ({"tolerance": 1e-9}, "tolerance=1e-09: must be from"),
        ({"class_names": ["a", 'b"', "c"]}, "class 'b\"': a name has"),
        ({"version": "1/0"}, "version='1/0': must be"),
    ],
)
def test_descriptions_that_cannot_be_packed(
    options: dict[str, Any], message: str, tmp_path: Path, iris_data: Data
) -> None:
    """What the card could not hold, or would say wrongly, is refused."""
    frame = pandas.DataFrame(iris_data[0], columns=["a", "b", "c", "d"])
    estimator = DecisionTreeClassifier().fit(frame, iris_data[1])
    with pytest.raises(CannotPack, match=message):
        pack(estimator, (frame, iris_data[1]), tmp_path / "m.onnx", **options)


def test_columns_are_taken_in_the_order_of_the_fit(tmp_path: Path, iris_data: Data) -> None:
    """A frame whose columns were swapped gives the card the ranges that belong to the names."""
    frame = pandas.DataFrame(iris_data[0], columns=["a", "b", "c", "d"])
    estimator = DecisionTreeClassifier(random_state=0).fit(frame, iris_data[1])
    swapped = frame[["b", "a", "d", "c"]]
    card = pack(estimator, (swapped, iris_data[1]), tmp_path / "m.onnx").card
    assert [(f.name, f.maximum) for f in card.features] == [
        ("a", 7.9),
        ("b", 4.4),
        ("c", 6.9),
        ("d", 2.5),
    ]
    assert card.parity.label_mismatches == 0


def test_other_columns_are_refused(tmp_path: Path, iris_data: Data) -> None:
    """A frame with other columns than the fit says which both have; doubled names are refused."""
    frame = pandas.DataFrame(iris_data[0], columns=["a", "b", "c", "d"])
    estimator = DecisionTreeClassifier().fit(frame, iris_data[1])
    other = frame.rename(columns={"d": "e"})
    with pytest.raises(CannotPack, match=r"\['a', 'b', 'c', 'e'\], the estimator was fitted with"):
        pack(estimator, (other, iris_data[1]), tmp_path / "m.onnx")
    doubled = frame.rename(columns={"d": "c"})
    with pytest.raises(CannotPack, match="X has doubled column names: c"):
        pack(estimator, (doubled, iris_data[1]), tmp_path / "m.onnx")


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (lambda y: np.c_[y, y], "y must have one label a row"),
        (lambda y: y + 5, "labels that DecisionTreeClassifier was not fitted with"),
        (lambda y: 0, "y must have one label a row"),
    ],
)
def test_labels_that_cannot_be_packed(
    y: Callable[[Any], Any], message: str, tmp_path: Path, iris_data: Data
) -> None:
    """Labels that are not one a row, or not those of the fit, are refused."""
    estimator = DecisionTreeClassifier().fit(*iris_data)
    with pytest.raises(CannotPack, match=message):
        pack(estimator, (iris_data[0], y(iris_data[1])), tmp_path / "m.onnx")


def test_bad_source_date_epoch(
    tmp_path: Path, iris_data: Data, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A date that is none is told as such."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "yesterday")
    estimator = DecisionTreeClassifier().fit(*iris_data)
    with pytest.raises(CannotPack, match="SOURCE_DATE_EPOCH must be seconds since 1970"):
        irisws.pack(estimator, *iris_data, tmp_path / "m.onnx", name="m")


def test_failed_packing_keeps_the_old_file(tmp_path: Path, iris_data: Data) -> None:
    """The target is replaced at the very end, or left as it was."""
    path = tmp_path / "m.onnx"
    path.write_bytes(b"old")
    with pytest.raises(CannotPack):
        pack(KNeighborsClassifier(5).fit(*iris_data), iris_data, path, engine="onnx")
    assert path.read_bytes() == b"old"
    pack(ExtraTreesClassifier(5, random_state=0).fit(*iris_data), iris_data, path)
    assert [file.name for file in tmp_path.iterdir()] == ["m.onnx"]


def test_directory_cannot_be_written(tmp_path: Path, iris_data: Data) -> None:
    """A directory as target is refused before anything is written."""
    estimator = DecisionTreeClassifier().fit(*iris_data)
    with pytest.raises(CannotPack, match="it is a directory"):
        pack(estimator, iris_data, tmp_path)


def test_unsafe_name_is_refused(tmp_path: Path, iris_data: Data) -> None:
    """A name that would not be safe in a URL is refused."""
    estimator = DecisionTreeClassifier().fit(*iris_data)
    with pytest.raises(CannotPack, match="name"):
        irisws.pack(estimator, *iris_data, tmp_path / "m.onnx", name="../iris")
