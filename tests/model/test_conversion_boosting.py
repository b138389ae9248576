"""HistGradientBoostingClassifier as ONNX: the same labels, from scikit-learn's own trees."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pandas
import pytest
from palmerpenguins import load_penguins
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

import irisws
from irisws.model.card import Feature
from irisws.model.conversion import Form, NotConvertible, convert
from irisws.model.model import Model

SETS = {
    "iris": load_iris,
    "wine": load_wine,
    "breast cancer": load_breast_cancer,
    "digits": load_digits,
}
NAMED = {"island", "sex"}


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Trees of a hundred rows: several threads wait for each other for longer than they compute."""
    with threadpool_limits(1):
        yield


def boosted(**options: Any) -> HistGradientBoostingClassifier:
    return HistGradientBoostingClassifier(random_state=0, **{"max_iter": 10} | options)


def pack(estimator: Any, X: Any, y: Any, folder: Path, **options: Any) -> Model:
    return irisws.pack(estimator, X, y, folder / "m.onnx", name="m", report=None, **options)


def assert_alike(model: Model, estimator: Any, rows: Any) -> None:
    predictions = model.predict(rows)
    names = [target.value for target in model.card.classes]
    assert [names[p.index] for p in predictions] == estimator.predict(rows).tolist()
    found = [[*prediction.probabilities.values()] for prediction in predictions]
    np.testing.assert_allclose(found, estimator.predict_proba(rows), atol=1e-5)


@pytest.mark.parametrize(
    ("name", "missing"),
    [("iris", 0), ("wine", 0.1), ("breast cancer", 0), ("breast cancer", 0.1), ("digits", 0)],
)
def test_numbers(name: str, missing: float, tmp_path: Path) -> None:
    """Two classes and ten, with and without missing values: ONNX answers as scikit-learn."""
    X, y = SETS[name](return_X_y=True)
    rng = np.random.default_rng(0)
    X = np.where(rng.random(X.shape) < missing, np.nan, X)
    estimator = boosted(max_iter=4 if name == "digits" else 20).fit(X, y)
    model = pack(estimator, X, y, tmp_path, engine="onnx")
    assert model.card.parity.label_mismatches == 0
    assert model.card.parity.largest_probability_difference < 5e-6
    rows = X[rng.integers(len(X), size=500)] * rng.uniform(0.9, 1.1, size=(500, X.shape[1]))
    assert_alike(model, estimator, rows)


def test_names_beside_numbers(tmp_path: Path) -> None:
    """A data frame with strings and missing values, one-hot encoded before the trees."""
    data = load_penguins()
    X, y = data.drop(columns="species"), data["species"]
    encoded = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore", sparse_output=False), sorted(NAMED)),
        remainder="passthrough",
    )
    estimator = make_pipeline(encoded, boosted()).fit(X, y)
    model = pack(estimator, X, y, tmp_path, engine="onnx")
    assert model.card.parity.label_mismatches == 0
    assert_alike(model, estimator, X)


def test_part_of_another_estimator(tmp_path: Path) -> None:
    """It converts within others, too."""
    X, y = load_breast_cancer(return_X_y=True)
    estimator = CalibratedClassifierCV(boosted(max_iter=5), cv=2).fit(X, y)
    assert_alike(pack(estimator, X, y, tmp_path, engine="onnx"), estimator, X)


def numbers(count: int) -> list[Feature]:
    return [
        Feature(name=f"x{at}", minimum=0, maximum=1, quantiles=(0, 0, 0, 1, 1), example=0)
        for at in range(count)
    ]


@pytest.mark.parametrize("classes", [2, 3])
def test_float64_is_exact(classes: int) -> None:
    """Thresholds that float32 does not hold part rows that float32 does not tell apart."""
    X = 1 + np.arange(60.0)[:, np.newaxis] * 1e-9
    y = np.arange(60) * classes // 60
    estimator = boosted(min_samples_leaf=1).fit(X, y)
    form = Form(np.float64, by_column=False, typed=False)
    session = onnx_session(convert(estimator, numbers(1), None, form))
    assert session.get_outputs()[1].type == "tensor(double)"
    labels, probabilities = session.run(["label", "probabilities"], {"X": X})
    assert labels.tolist() == estimator.predict(X).tolist()
    assert len(set(labels.tolist())) == classes
    np.testing.assert_allclose(probabilities, estimator.predict_proba(X), atol=1e-6)


def onnx_session(model: onnx.ModelProto) -> Any:
    import onnxruntime

    onnx.checker.check_model(model)
    providers = ["CPUExecutionProvider"]
    return onnxruntime.InferenceSession(model.SerializeToString(), providers=providers)


def test_categories_of_its_own_do_not_convert() -> None:
    """A split by categories is no comparison with a threshold, and the converter would say so."""
    X, y = load_iris(return_X_y=True)
    estimator = boosted(categorical_features=[0]).fit(X.round(), y)
    with pytest.raises(NotConvertible, match="categorical_features have no form in ONNX"):
        convert(estimator, numbers(4), None, Form(np.float32, by_column=False, typed=False))


def test_categories_of_its_own_are_served_with_scikit_learn(tmp_path: Path) -> None:
    """The data frame's categories, as the estimator takes them, missing ones among them."""
    data = load_penguins()
    X, y = data.drop(columns="species"), data["species"]
    X = X.astype(dict.fromkeys(NAMED, "category"))
    estimator = boosted(categorical_features="from_dtype").fit(X, y)
    model = pack(estimator, X, y, tmp_path)
    assert (model.path.suffix, model.is_batching) == (".skops", True)
    rows = X.astype(dict.fromkeys(NAMED, object))
    rows = rows.where(pandas.notna(rows), None).to_dict("records")
    labels = [prediction.label for prediction in model.predict(rows)]
    assert labels == estimator.predict(X).tolist()


def test_skl2onnx_is_as_it_was() -> None:
    """The way round it holds for one conversion, and changes nothing for other users of it."""
    from skl2onnx import to_onnx

    X, y = load_iris(return_X_y=True)
    estimator = boosted(max_iter=3).fit(X, y)
    convert(estimator, numbers(4), None, Form(np.float32, by_column=False, typed=False))
    with pytest.raises(ValueError, match="Unable to create node 'TreeEnsembleClassifier'"):
        to_onnx(estimator, X[:1].astype(np.float32))
