"""Data as notebooks have them: a packed model answers what the estimator answered there."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_breast_cancer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier

from irisws import pack
from irisws.model.columns import FeatureInfo
from irisws.model.fitness import CannotPack
from irisws.model.model import Model

ROWS = 200
RNG = np.random.default_rng(0)
NUMBERS = RNG.normal(size=ROWS)
GAPPY = [("a", "b", None)[at] for at in RNG.integers(3, size=ROWS)]
OF_GAPS = np.array([(a > 0) ^ (k is None) for a, k in zip(NUMBERS, GAPPY, strict=True)])


def encoded(encoder: Any, column: Any, classifier: Any) -> Any:
    columns = ColumnTransformer([("c", encoder, [column])], remainder="passthrough")
    return make_pipeline(columns, classifier)


def one_hot() -> OneHotEncoder:
    return OneHotEncoder(handle_unknown="ignore")


def alike(model: Model, estimator: Any, X: Any) -> None:
    """The same label and the same probabilities in every row."""
    found = model.predict(X)
    assert [one.label for one in found] == [str(label) for label in estimator.predict(X)]
    probabilities = [list(one.probabilities.values()) for one in found]
    np.testing.assert_allclose(probabilities, estimator.predict_proba(X), atol=2e-5)


@pytest.mark.parametrize("dtype", [pl.String, pl.Categorical, pl.Enum(["a", "b"])], ids=str)
def test_polars_strings_that_are_missing(tmp_path: Path, dtype: Any) -> None:
    """scikit-learn sees None in them, and pandas would have made NaN."""
    X = pl.DataFrame({"num": NUMBERS, "c": pl.Series(GAPPY, dtype=dtype)})
    estimator = encoded(one_hot(), "c", DecisionTreeClassifier(max_depth=4)).fit(X, OF_GAPS)
    alike(pack(estimator, X, OF_GAPS, tmp_path / "p.onnx", name="p", report=None), estimator, X)


def test_polars_strings_that_are_imputed(tmp_path: Path) -> None:
    """The imputer of None that they need takes them."""
    X = pl.DataFrame({"num": NUMBERS, "c": GAPPY})
    filled = make_pipeline(SimpleImputer(missing_values=None, strategy="most_frequent"), one_hot())
    estimator = encoded(filled, "c", DecisionTreeClassifier(max_depth=4)).fit(X, OF_GAPS)
    alike(pack(estimator, X, OF_GAPS, tmp_path / "p.onnx", name="p", report=None), estimator, X)


def test_category_that_training_had_not(tmp_path: Path) -> None:
    """It is no missing value."""
    X = pd.DataFrame({"num": NUMBERS, "c": pd.Categorical(GAPPY)})
    estimator = encoded(one_hot(), "c", DecisionTreeClassifier(max_depth=4)).fit(X, OF_GAPS)
    model = pack(estimator, X, OF_GAPS, tmp_path / "p.onnx", name="p", report=None)
    alike(model, estimator, X)
    alike(model, estimator, pd.DataFrame({"num": [-1.0, 1.0], "c": pd.Categorical(["z", "z"])}))


@pytest.mark.parametrize("kind", [int, bool, "many"])
def test_categories_that_are_no_strings_or_many(tmp_path: Path, kind: Any) -> None:
    """Passenger classes, yes and no, and 1,300 places."""
    rows = 2_600 if kind == "many" else ROWS
    values = np.arange(rows) % (1_300 if kind == "many" else 3)
    c = [f"p{value}" for value in values] if kind == "many" else values.astype(kind)
    X = pd.DataFrame({"num": RNG.normal(size=rows), "c": pd.Categorical(c)})
    y = (X.num + (values % 3 == 1) > 0).astype(int)
    estimator = encoded(one_hot(), "c", LogisticRegression()).fit(X, y)
    model = pack(estimator, X, y, tmp_path / "p.onnx", name="p", report=None)
    alike(model, estimator, X.assign(num=np.linspace(-2, 2, rows)))


@pytest.mark.parametrize(
    ("dtype", "values"),
    [("int8", [130, -129, 5]), ("uint8", [300, -1, 5]), ("Int8", [130, 5]), ("UInt8", [300, -1])],
)
def test_numbers_beyond_the_type_of_training(tmp_path: Path, dtype: str, values: Any) -> None:
    """They do not wrap round."""
    X = pd.DataFrame({"age": RNG.integers(18, 90, ROWS)}).astype(dtype)
    y = (X.age > 50).astype(int)
    estimator = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y)
    model = pack(estimator, X, y, tmp_path / "p.onnx", name="p", report=None, engine="onnx")
    alike(model, estimator, pd.DataFrame({"age": values}))
    pack(estimator, X, y, tmp_path / "p.skops", name="p", report=None, engine="skops")
    alike(Model.load(tmp_path / "p.skops"), estimator, pd.DataFrame({"age": values}))


@pytest.mark.parametrize("engine", ["onnx", "skops"])
def test_fractions_in_a_column_of_integers(tmp_path: Path, engine: Any) -> None:
    """Where the owner says that it holds numbers, they are not cut off."""
    X = pd.DataFrame({"k": RNG.integers(0, 20, ROWS), "num": NUMBERS})
    y = (X.k > 10).astype(int)
    estimator = DecisionTreeClassifier().fit(X, y)
    infos: dict[str, FeatureInfo] = {"k": {"kind": "number"}}
    path = tmp_path / f"p.{engine}"
    model = pack(estimator, X, y, path, name="p", report=None, features=infos, engine=engine)
    alike(model, estimator, pd.DataFrame({"k": [10.4, 10.6, 10.9], "num": 0.0}))


@pytest.mark.parametrize("lowercase", [False, True])
def test_words_in_any_script(tmp_path: Path, lowercase: bool) -> None:
    """ONNX Runtime would split them otherwise: scikit-learn itself answers."""
    words = ["good", "great", "fine", "bad", "awful", "poor", "the", "movie", "was", "film"]
    texts = [" ".join(RNG.choice(words, 6)) for _ in range(ROWS)]
    y = np.array(
        [sum(map(text.count, words[:3])) > sum(map(text.count, words[3:6])) for text in texts]
    )
    X = pd.DataFrame({"text": texts})
    vectorizer = ColumnTransformer([("t", TfidfVectorizer(lowercase=lowercase), "text")])
    estimator = make_pipeline(vectorizer, LogisticRegression(C=10)).fit(X, y)
    model = pack(estimator, X, y, tmp_path / "t.onnx", name="t", report=None)
    assert model.path.suffix == ".skops"
    alike(
        model,
        estimator,
        pd.DataFrame({"text": ["ñbad good", "GOOD\u00a0bad", "schlecht", "ИЛИ bad"]}),
    )


def test_identifiers_and_their_neighbours(tmp_path: Path) -> None:
    """A float32 would take one for the other."""
    known = RNG.choice(RNG.integers(10**8, 10**9, 40), ROWS)
    X = pd.DataFrame({"num": NUMBERS, "shop": known})
    y = (X.num > 1.5) | (known % 3 == 0)
    encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    estimator = encoded(encoder, "shop", DecisionTreeClassifier()).fit(X, y)
    model = pack(estimator, X, y, tmp_path / "p.onnx", name="p", report=None)
    alike(model, estimator, pd.DataFrame({"num": 0.0, "shop": np.unique(known) + 1}))


def test_identifiers_of_which_some_are_missing(tmp_path: Path) -> None:
    """pandas makes floats of them, and they are whole all the same."""
    known = RNG.choice(RNG.integers(10**8, 10**9, 40), ROWS).astype(float)
    X = pd.DataFrame({"num": NUMBERS, "shop": np.where(NUMBERS > 2, np.nan, known)})
    y = (X.num > 1.5) | (known % 3 == 0)
    encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    tree = DecisionTreeClassifier()
    estimator = encoded(make_pipeline(encoder, SimpleImputer()), "shop", tree).fit(X, y)
    model = pack(estimator, X, y, tmp_path / "p.onnx", name="p", report=None)
    alike(model, estimator, pd.DataFrame({"num": 0.0, "shop": np.unique(known) + 1}))


def test_tree_of_large_integers(tmp_path: Path) -> None:
    """It compares in float32 itself: it stays a graph, and is explained."""
    X = pd.DataFrame({"revenue": RNG.integers(0, 2**25, ROWS), "num": NUMBERS})
    y = X.revenue > 2**24
    estimator = DecisionTreeClassifier(random_state=0).fit(X, y)
    model = pack(estimator, X, y, tmp_path / "p.onnx", name="p", report=None)
    assert model.path.suffix == ".onnx"
    assert model.card.leaves
    alike(model, estimator, X)


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_narrow_floats(tmp_path: Path, dtype: str) -> None:
    """Sums differ a little with the type; what it does not hold stays as it is."""
    X, y = load_breast_cancer(return_X_y=True)
    estimator = make_pipeline(StandardScaler(), GaussianNB())
    frame = pd.DataFrame(X.astype(dtype)).add_prefix("c")
    model = pack(estimator.fit(frame, y), frame, y, tmp_path / "p.onnx", name="p", report=None)
    wide = pd.DataFrame(X[:3]).add_prefix("c").assign(c0=70_000.0)
    assert [p.label for p in model.predict(wide)] == list(map(str, estimator.predict(wide)))


def test_identifiers_that_json_does_not_carry(tmp_path: Path) -> None:
    """More than 15 digits are refused by the name of their column."""
    X = pd.DataFrame({"num": NUMBERS, "id": np.arange(ROWS) + 950406319152178688})
    estimator = DecisionTreeClassifier().fit(X, OF_GAPS)
    with pytest.raises(CannotPack, match="column 'id' holds whole numbers of more than 15 digits"):
        pack(estimator, X, OF_GAPS, tmp_path / "p.onnx", name="p", report=None)


@pytest.mark.parametrize("null", [np.nan, None])
def test_array_of_objects_that_lacks_strings(tmp_path: Path, null: Any) -> None:
    """What stood for them in training stands for them in an answer."""
    X = np.array(
        [[a, null if c is None else c] for a, c in zip(NUMBERS, GAPPY, strict=True)], object
    )
    imputer = SimpleImputer(missing_values=null, strategy="most_frequent")
    estimator = encoded(make_pipeline(imputer, one_hot()), 1, DecisionTreeClassifier(max_depth=4))
    estimator.fit(X, OF_GAPS)
    model = pack(estimator, X, OF_GAPS, tmp_path / "p.onnx", name="p", report=None)
    alike(model, estimator, X)


def test_ties_of_rounded_neighbours(tmp_path: Path) -> None:
    """Where they fall otherwise in a graph, scikit-learn itself answers."""
    rng = np.random.default_rng(4)
    X = pd.DataFrame({"h": rng.normal(5, 1, 120).round(1), "w": rng.normal(3, 0.5, 120).round(1)})
    noisy = X.h * 3 + X.w + rng.normal(0, X.w.std(), 120)
    y = noisy > X.h.mean() * 3 + X.w.mean()
    estimator = KNeighborsClassifier(3).fit(X, y)
    model = pack(estimator, X, y, tmp_path / "k.onnx", name="k", report=None)
    alike(model, estimator, pd.DataFrame({"h": [4.8, 5.0], "w": [3.6, 3.0]}))
