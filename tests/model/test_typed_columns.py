"""Columns of every kind: read from the data, packed, proved, and answered as scikit-learn does."""

import datetime
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas
import polars
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.ensemble import (
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    OneHotEncoder,
    OrdinalEncoder,
    StandardScaler,
    TargetEncoder,
)
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier

import irisws
from irisws.model.columns import read_table
from irisws.model.model import InvalidRow, Model
from irisws.model.packing import CannotPack

ROWS = 240


@pytest.fixture(scope="module")
def frame() -> pandas.DataFrame:
    """Customers: a number and a string that may be missing, an integer, a boolean, a string."""
    rng = np.random.default_rng(0)
    frame = pandas.DataFrame(
        {
            "age": rng.normal(40, 10, ROWS).round(1),
            "visits": rng.integers(0, 6, ROWS),
            "city": rng.choice(["Łódź", "Oslo", "Rome"], ROWS),
            "plan": rng.choice(["free", "paid"], ROWS),
            "member": rng.random(ROWS) > 0.5,
        }
    )
    frame.loc[:11, "age"] = np.nan
    frame.loc[6:20, "plan"] = None
    return frame


@pytest.fixture(scope="module")
def labels(frame: pandas.DataFrame) -> Any:
    score = frame.visits + 2 * (frame.city == "Oslo") + 2 * frame.member + (frame.plan == "paid")
    return np.where(score > 4, "stays", "leaves")


def prepared(encoder: Any, *, numbers: Any = None) -> ColumnTransformer:
    numbers = numbers or make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    return ColumnTransformer(
        [
            ("numbers", numbers, ["age", "visits"]),
            ("words", encoder, ["city", "plan"]),
            ("flags", "passthrough", ["member"]),
        ]
    )


def one_hot() -> Any:
    return make_pipeline(
        SimpleImputer(strategy="most_frequent"), OneHotEncoder(handle_unknown="ignore")
    )


def pipeline(classifier: Any, encoder: Any = None) -> Pipeline:
    return make_pipeline(prepared(encoder or one_hot()), classifier)


def agrees(model: Model, estimator: Any, frame: pandas.DataFrame) -> None:
    """The model answers the rows of the frame as the estimator does, alone and together."""
    expected = estimator.predict(frame).tolist()
    assert [prediction.label for prediction in model.predict(frame)] == list(map(str, expected))
    first = frame.astype(object).where(frame.notna(), None).to_dict("records")[:20]
    assert [model.predict([row])[0].label for row in first] == list(map(str, expected[:20]))
    if model.card.has_probabilities:
        given = [list(p.probabilities.values()) for p in model.predict(frame)]
        assert np.abs(np.array(given) - estimator.predict_proba(frame)).max() < 2e-5


ONNX: dict[str, Callable[[], Any]] = {
    "logistic": lambda: pipeline(LogisticRegression()),
    "one-hot takes what is missing for a category": lambda: pipeline(
        LogisticRegression(), OneHotEncoder(handle_unknown="ignore")
    ),
    "ordinal": lambda: pipeline(
        RandomForestClassifier(10, random_state=0),
        make_pipeline(
            SimpleImputer(strategy="constant", fill_value="?"),
            OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1),
        ),
    ),
    "target encoder": lambda: pipeline(
        GradientBoostingClassifier(n_estimators=5, random_state=0),
        make_pipeline(SimpleImputer(strategy="most_frequent"), TargetEncoder()),
    ),
    "calibrated": lambda: pipeline(CalibratedClassifierCV(GaussianNB(), cv=2)),
    "voting": lambda: VotingClassifier(
        [("a", pipeline(LogisticRegression())), ("b", pipeline(DecisionTreeClassifier()))],
        voting="soft",
    ),
    "stacking": lambda: pipeline(
        StackingClassifier(
            [("a", LogisticRegression()), ("b", DecisionTreeClassifier(max_depth=3))], cv=2
        )
    ),
    "grid search": lambda: GridSearchCV(
        pipeline(LogisticRegression()), {"logisticregression__C": [0.1, 1.0]}, cv=2
    ),
    "no probabilities": lambda: pipeline(LinearSVC(random_state=0)),
    "columns chosen by type": lambda: make_pipeline(
        ColumnTransformer(
            [
                ("words", one_hot(), make_column_selector(dtype_include=["object", "str"])),
                ("rest", SimpleImputer(), make_column_selector(dtype_include=["number"])),
            ],
            remainder="passthrough",
        ),
        LogisticRegression(max_iter=1000),
    ),
}


@pytest.mark.parametrize("make", ONNX.values(), ids=ONNX)
def test_pipelines_become_onnx(
    make: Callable[[], Any], frame: pandas.DataFrame, labels: Any, tmp_path: Path
) -> None:
    """Pipelines of every common shape convert, prove themselves, and answer alike."""
    estimator = make().fit(frame, labels)
    model = irisws.pack(
        estimator, frame, labels, tmp_path / "m.onnx", name="m", engine="onnx", report=None
    )
    agrees(model, estimator, frame)


def test_what_is_not_onnx_is_served_by_scikit_learn(
    frame: pandas.DataFrame, labels: Any, tmp_path: Path
) -> None:
    """Native categories have no converter: the file is .skops, and answers alike."""
    categories = frame.assign(**{name: frame[name].astype("category") for name in ("city", "plan")})
    estimator = HistGradientBoostingClassifier(max_iter=5, categorical_features="from_dtype")
    estimator.fit(categories, labels)
    model = irisws.pack(estimator, categories, labels, tmp_path / "m.onnx", name="m", report=None)
    assert model.path.suffix == ".skops"
    assert model.card.parity.not_onnx
    rows = categories.astype({"city": object, "plan": object})
    expected = estimator.predict(categories).tolist()
    assert [prediction.label for prediction in model.predict(rows)] == expected


def test_card_tells_kinds_ranges_and_categories(
    frame: pandas.DataFrame, labels: Any, tmp_path: Path
) -> None:
    """What the columns hold is read from the data."""
    estimator = pipeline(LogisticRegression()).fit(frame, labels)
    card = irisws.pack(
        estimator,
        frame,
        labels,
        tmp_path / "m.onnx",
        name="m",
        features={"age": {"unit": "years", "alias": "a"}, "visits": {"kind": "number"}},
        report=None,
    ).card
    age, visits, city, plan, member = card.features
    assert (age.kind, age.missing, age.unit, age.alias) == ("number", True, "years", "a")
    assert (age.minimum, age.maximum) == (frame.age.min(), frame.age.max())
    assert (visits.kind, visits.missing, visits.maximum) == ("number", False, 5.0)
    assert (city.kind, city.categories) == ("string", ("Oslo", "Rome", "Łódź"))
    assert (plan.missing, plan.closed, plan.minimum) == (True, False, None)
    assert (member.kind, member.example) == ("boolean", bool(frame.member.mode()[0]))
    golden = [row.inputs for row in card.golden]
    assert {type(row[4]) for row in golden} == {bool}
    assert any(row[0] is None for row in golden)
    assert any(row[3] is None for row in golden)


def test_unknown_categories_are_answered_with_a_warning(
    frame: pandas.DataFrame, labels: Any, tmp_path: Path
) -> None:
    """An encoder that takes unknown categories answers them, and the answer says so."""
    estimator = pipeline(LogisticRegression()).fit(frame, labels)
    model = irisws.pack(estimator, frame, labels, tmp_path / "m.onnx", name="m", report=None)
    row = {"age": None, "visits": 2, "city": "Paris", "plan": None, "member": True}
    (prediction,) = model.predict([row])
    assert prediction.label == estimator.predict(pandas.DataFrame([row]))[0]
    assert [warning.detail for warning in prediction.warnings] == [
        "city 'Paris' is none of the 3 values seen in training"
    ]


def test_an_encoder_of_known_categories_alone_closes_its_columns(
    frame: pandas.DataFrame, labels: Any, tmp_path: Path
) -> None:
    """What the estimator would raise for is refused by name, with what there is."""
    whole = frame.fillna({"plan": "free"})
    encode = ColumnTransformer([("words", OneHotEncoder(), ["city", "visits"])], remainder="drop")
    estimator = make_pipeline(encode, LogisticRegression()).fit(whole, labels)
    model = irisws.pack(estimator, whole, labels, tmp_path / "m.onnx", name="m", report=None)
    closed = {f.name: f.categories for f in model.card.features if f.closed}
    assert closed == {"city": ("Oslo", "Rome", "Łódź"), "visits": (0, 1, 2, 3, 4, 5)}
    agrees(model, estimator, whole)
    row = {"age": 1.0, "visits": 7, "city": "Paris", "plan": "free", "member": True}
    with pytest.raises(InvalidRow) as caught:
        model.predict([row])
    assert str(caught.value) == (
        "row 0, visits: expected one of 0, 1, 2, 3, 4, 5, got 7; "
        "row 0, city: expected one of 'Oslo', 'Rome', 'Łódź', got 'Paris' (values at fault: 2)"
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"visits": 2.5}, "visits: expected a whole number, got 2.5"),
        ({"visits": None}, "visits: expected a whole number, got None"),
        ({"city": 3}, "city: expected a string, got 3"),
        ({"city": "\ud800"}, "city: expected a string, got "),
        ({"member": 1}, "member: expected true or false, got 1"),
        ({"member": "yes"}, "member: expected true or false, got 'yes'"),
        ({"age": "40"}, "age: expected a finite number or null, got '40'"),
        ({"age": float("inf")}, "age: expected a "),
    ],
)
def test_values_of_another_kind_are_refused(
    change: dict[str, Any],
    message: str,
    frame: pandas.DataFrame,
    labels: Any,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Nothing is converted that is not what the column holds."""
    model = _kept_model(frame, labels, tmp_path_factory)
    row = {"age": 40.0, "visits": 2, "city": "Oslo", "plan": "free", "member": True}
    assert len(model.predict([row])) == 1
    with pytest.raises(InvalidRow, match=message):
        model.predict([row | change])


_kept: list[Model] = []


def _kept_model(
    frame: pandas.DataFrame, labels: Any, tmp_path_factory: pytest.TempPathFactory
) -> Model:
    if not _kept:
        path = tmp_path_factory.mktemp("kept") / "m.onnx"
        estimator = pipeline(LogisticRegression()).fit(frame, labels)
        _kept.append(irisws.pack(estimator, frame, labels, path, name="m", report=None))
    return _kept[0]


def test_polars_frames_pack_and_predict(
    frame: pandas.DataFrame, labels: Any, tmp_path: Path
) -> None:
    """A data frame of polars is as good as one of pandas."""
    shown = polars.DataFrame(
        {name: [None if v != v else v for v in frame[name].tolist()] for name in frame.columns}
    )
    estimator = pipeline(LogisticRegression()).fit(shown, labels)
    model = irisws.pack(estimator, shown, labels, tmp_path / "m.onnx", name="m", report=None)
    assert [feature.kind for feature in model.card.features] == [
        "number",
        "integer",
        "string",
        "string",
        "boolean",
    ]
    expected = estimator.predict(shown).tolist()
    assert [prediction.label for prediction in model.predict(shown)] == expected


@pytest.mark.parametrize(
    ("column", "message"),
    [
        ([1, "a"] * 2, "column 'c' holds values of the types int, str: a column is all numbers"),
        ([None] * 4, "column 'c' is all missing"),
        ([datetime.datetime(2026, 1, 1)] * 4, "column 'c' holds times: turn them into numbers"),
        ([[1], [2], [3], [4]], "column 'c' holds values of the types list"),
        ([1e300] * 4, "column 'c' must hold finite numbers of at most 1e[+]37"),
    ],
)
def test_columns_that_cannot_be_described(column: list[Any], message: str) -> None:
    """Every column at fault is named, with what is wrong."""
    frame = pandas.DataFrame({"b": [True] * 4, "c": column, "d": column})
    with pytest.raises(ValueError, match=message) as caught:
        read_table(frame, ["b", "c", "d"], None)
    assert "column 'd'" in str(caught.value)


@pytest.mark.parametrize(
    ("column", "kind", "missing"),
    [
        ([1.0, 2.0, np.nan], "number", True),
        (np.array([1, 2, 3], dtype=np.uint8), "integer", False),
        (pandas.array([1, 2, None], dtype="Int64"), "integer", True),
        (pandas.array([True, None, False], dtype="boolean"), "boolean", True),
        (pandas.array([0.5, None, 1.0], dtype="Float64"), "number", True),
        (pandas.Series([1, None, 2.5], dtype=object), "number", True),
        (pandas.Series([1, None, 2], dtype=object), "integer", True),
        (pandas.Series([True, None, False], dtype=object), "boolean", True),
        (pandas.Series(["a", None, "b"], dtype="category"), "string", True),
        (pandas.Series([3, 4, 3], dtype="category"), "integer", False),
        (pandas.Series(["a", pandas.NA, "b"], dtype="string"), "string", True),
    ],
)
def test_kinds_of_columns(column: Any, kind: str, missing: bool) -> None:
    """Every type of pandas that holds one of the four kinds is read as that kind."""
    table = read_table(pandas.DataFrame({"c": column}), ["c"], None)
    assert (table.features[0].kind, table.features[0].missing) == (kind, missing)


def test_estimator_that_refuses_what_features_allow(
    frame: pandas.DataFrame, labels: Any, tmp_path: Path
) -> None:
    """A column that is said to may be missing must be one in which the estimator takes it."""
    numbers = frame[["visits"]]
    estimator = LogisticRegression().fit(numbers, labels)
    with pytest.raises(CannotPack, match="LogisticRegression refuses rows that lack 'visits'"):
        irisws.pack(
            estimator,
            numbers,
            labels,
            tmp_path / "m.onnx",
            name="m",
            features={"visits": {"missing": True}},
        )


def test_strings_in_an_array(tmp_path: Path) -> None:
    """An array of objects has columns of its own kinds, and positions instead of names."""
    rng = np.random.default_rng(0)
    X = np.empty((90, 2), dtype=object)
    X[:, 0], X[:, 1] = rng.choice(["a", "b", "c"], 90), rng.integers(0, 9, 90)
    y = (X[:, 0] == "a") | (X[:, 1] > 6)
    encode = ColumnTransformer(
        [("w", OneHotEncoder(handle_unknown="ignore"), [0])], remainder="passthrough"
    )
    estimator = make_pipeline(encode, DecisionTreeClassifier(random_state=0)).fit(X, y)
    model = irisws.pack(estimator, X, y, tmp_path / "m.onnx", name="m", report=None)
    assert [(f.name, f.kind) for f in model.card.features] == [("x0", "string"), ("x1", "integer")]
    assert [target.value for target in model.card.classes] == [False, True]
    assert [p.index for p in model.predict(X)] == estimator.predict(X).astype(int).tolist()


def test_text_is_a_string_without_categories(tmp_path: Path) -> None:
    """A column of more different strings than a card lists is text."""
    frame = pandas.DataFrame({"text": [f"word{n} is {n % 7}" for n in range(1500)]})
    y = frame.index.to_numpy() % 2
    length = FunctionTransformer(lambda X: X.map(len).to_numpy())
    table = read_table(frame, ["text"], None)
    assert table.features[0].categories is None
    estimator = make_pipeline(length, DecisionTreeClassifier(max_depth=2)).fit(frame, y)
    with pytest.raises(
        CannotPack, match="Nor can it be served with scikit-learn: skops does not keep it"
    ):
        irisws.pack(estimator, frame, y, tmp_path / "m.onnx", name="m", report=None)


def test_thousands_of_features(tmp_path: Path) -> None:
    """2,000 columns pack, prove themselves and answer."""
    X = np.random.default_rng(0).normal(size=(120, 2000))
    y = (X[:, 0] > 0).astype(int)
    estimator = LogisticRegression().fit(X, y)
    model = irisws.pack(estimator, X, y, tmp_path / "m.onnx", name="wide", report=None)
    assert [p.index for p in model.predict(X)] == estimator.predict(X).tolist()
    assert model.path.stat().st_size < 20e6


def test_a_thousand_classes(tmp_path: Path) -> None:
    """1,000 classes pack, prove themselves and answer."""
    rng = np.random.default_rng(0)
    y = np.arange(3000) % 1000
    X = np.column_stack([y, rng.normal(size=3000)]).astype(float)
    estimator = DecisionTreeClassifier(random_state=0).fit(X, y)
    model = irisws.pack(estimator, X, y, tmp_path / "m.onnx", name="many", report=None)
    assert len(model.card.classes) == 1000
    assert [p.index for p in model.predict(X)] == estimator.predict(X).tolist()
