"""What pack and predict say of what they do not take, and what they take in more than one form."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas
import polars
import pyarrow
import pytest
from scipy.sparse import csr_array
from sklearn.compose import ColumnTransformer
from sklearn.dummy import DummyClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.tree import DecisionTreeClassifier

import irisws
from irisws.model.card import Feature
from irisws.model.model import InvalidRow, Model
from irisws.model.names import nearest
from irisws.model.packing import CannotPack
from irisws.model.rows import expected

X = np.arange(40.0).reshape(20, 2)
FRAME = pandas.DataFrame(X, columns=["a", "b"])
Y = np.arange(20) // 10
NAME = (
    "a name has 1 to 256 characters, none of them a quotation mark, a backslash or a control "
    "character"
)
SAFE = (
    "must be a string of 1 to 64 letters (A to Z), digits, '.', '_' and '-', of which the first "
    "is no sign"
)


def pack(path: Path, y: Any = Y, **options: Any) -> Model:
    options = {"name": "m", "report": None, **options}
    estimator = options.pop("estimator", None) or DecisionTreeClassifier().fit(X, y)
    return irisws.pack(estimator, options.pop("X", X), y, path / "m.onnx", **options)


def refusal(path: Path, y: Any = Y, **options: Any) -> str:
    with pytest.raises(CannotPack) as raised:
        pack(path, y, **options)
    assert list(path.iterdir()) == []
    return str(raised.value)


@pytest.mark.parametrize(
    ("y", "names"),
    [
        (Y, {1: "yes", 0: "no"}),
        (Y, {np.int64(1): "yes", np.int64(0): "no"}),
        (Y == 1, {True: "yes", False: "no"}),
        (np.array(["n", "y"])[Y], {"y": "yes", "n": "no"}),
        (Y, ["no", "yes"]),
    ],
)
def test_class_names(tmp_path: Path, y: Any, names: Any) -> None:
    """A dict names the classes by their values, in any order; a list in the order of `classes_`."""
    model = pack(tmp_path, y, class_names=names)
    assert [each.name for each in model.card.classes] == ["no", "yes"]
    assert [each.label for each in model.predict(X[[0, 19]])] == ["no", "yes"]


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ({0: "no"}, "class_names must name 2 classes, not 1"),
        ({0: "no", 1: "yes", 2: "?"}, "class_names must name 2 classes, not 3"),
        (
            {0: "no", "1": "yes"},
            "class_names must name each class of the estimator by its value; it lacks [1], and "
            "names ['1']",
        ),
    ],
)
def test_class_names_of_other_classes(tmp_path: Path, names: Any, message: str) -> None:
    """A dict that lacks a class, or names another, is refused."""
    assert refusal(tmp_path, class_names=names) == message


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"name": "my model"}, f"name='my model': {SAFE}"),
        ({"version": 2}, f"version=2: {SAFE}"),
        (
            {"class_names": ['say "so"', ""]},
            f"class 'say \"so\"': {NAME} (give another with class_names=); "
            f"class '': {NAME} (give another with class_names=)",
        ),
        (
            {"features": {"a\\b": {}, "b": {"alias": "c\n"}}},
            f"column 'a\\\\b': {NAME} (give another with features=); "
            f"column 'c\\n': {NAME} (give another with features=)",
        ),
        (
            {"features": {"a" * 257: {}, 2: {}}, "name": "", "tolerance": 1},
            f"name='': {SAFE}; tolerance=1: must be from 0.000001 to 0.1; "
            f"column '{'a' * 40}': {NAME} (give another with features=); "
            f"column '2': {NAME} (give another with features=)",
        ),
    ],
)
def test_names_that_no_card_takes(tmp_path: Path, options: Any, message: str) -> None:
    """Each name is told with the rule in words, all of them at once."""
    assert refusal(tmp_path, **options) == message


def test_labels_that_no_card_takes(tmp_path: Path) -> None:
    """A label is told with the parameter that gives it another name."""
    told = refusal(tmp_path, np.array(["a", "b\n"])[Y])
    assert told == f"class 'b\\n': {NAME} (give another with class_names=)"


@pytest.mark.parametrize(
    ("classes", "kind"),
    [
        (np.array(["2026-11-22", "2026-11-23"], dtype="datetime64[ns]"), "datetime64"),
        (np.array([b"a", b"b"]), "bytes"),
        (np.array([b"a", b"b"], dtype=object), "bytes"),
    ],
)
def test_labels_of_other_types(tmp_path: Path, classes: Any, kind: str) -> None:
    """Times and bytes are no labels."""
    estimator = DummyClassifier().fit(X, classes[Y])
    assert refusal(tmp_path, classes[Y], estimator=estimator) == (
        f"DummyClassifier was fitted with labels of the type {kind}: labels are strings, "
        "integers or booleans"
    )


def test_labels_in_a_column(tmp_path: Path) -> None:
    """Labels of the shape [n, 1] are taken, as scikit-learn takes them."""
    for y in (Y[:, np.newaxis], pandas.DataFrame({"y": Y})):
        assert [c.training_rows for c in pack(tmp_path, y).card.classes] == [10, 10]


def test_search_that_keeps_no_estimator(tmp_path: Path) -> None:
    """A search without refit says what it needs."""
    search = GridSearchCV(DecisionTreeClassifier(), {"max_depth": [1]}, cv=2, refit=False)
    assert refusal(tmp_path, estimator=search.fit(X, Y)) == (
        "GridSearchCV keeps no estimator with refit=False: fit it with refit=True"
    )


def test_column_of_texts(tmp_path: Path) -> None:
    """A text pipeline that was fitted with a series is told how to be fitted; that packs."""
    texts = pandas.Series(["a good day", "a bad night"] * 10, name="text")
    y = np.arange(20) % 2
    alone = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(texts, y)
    assert refusal(tmp_path, y, estimator=alone, X=texts) == (
        "X must have the shape [n, features], not (20,): for a column of texts, fit with a data "
        'frame, and with ColumnTransformer([("t", TfidfVectorizer(), "text")]) before the '
        "classifier"
    )
    columns = ColumnTransformer([("t", TfidfVectorizer(), "text")])
    framed = make_pipeline(columns, LogisticRegression()).fit(texts.to_frame(), y)
    model = pack(tmp_path, y, estimator=framed, X=texts.to_frame())
    assert [each.label for each in model.predict([["good day"], ["bad night"]])] == ["0", "1"]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Model:
    estimator = DecisionTreeClassifier(random_state=0).fit(FRAME, Y)
    return pack(tmp_path_factory.mktemp("m"), estimator=estimator, X=FRAME)


def matrix(rows: Any) -> Any:
    """A matrix, which NumPy makes with a warning only."""
    return np.asarray(rows).view(np.matrix)


NO_ROWS = "give a list of rows, an array or a data frame, not "
NO_ROW = "row 0 must be a sequence or a mapping of values, not "


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"a": 1.0, "b": 2.0}, NO_ROWS + "dict; one row is a list of it, [row]"),
        (None, NO_ROWS + "NoneType; one row is a list of it, [row]"),
        (5, NO_ROWS + "int; one row is a list of it, [row]"),
        (polars.LazyFrame(X), NO_ROWS + "LazyFrame: collect() makes one of it"),
        (csr_array(X), NO_ROWS + "csr_array: toarray() makes one of it"),
        ([1.0, 2.0], NO_ROW + "float: give a list of rows, [row] for one"),
        (FRAME.iloc[0], NO_ROW + "float: give a list of rows, [row] for one"),
        (pyarrow.table([[1], [2]], ["a", "a"]), "the table has two columns of one name"),
        (matrix([[1.0, 2.0, 3.0]]), "rows must have the shape [n, 2], not (1, 3)"),
        (matrix([[1.0, np.nan]]), "row 0, b: nan is not a finite number"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_rows_that_are_none(small: Model, given: Any, message: str) -> None:
    """One row by itself, nothing, what is lazy or sparse: a sentence that says what to give."""
    with pytest.raises(InvalidRow) as raised:
        small.predict(given)
    assert str(raised.value).startswith(message)


@pytest.mark.parametrize(
    "form",
    [
        matrix,
        lambda rows: pyarrow.table({"b": rows[:, 1], "a": rows[:, 0]}),
        lambda rows: pyarrow.RecordBatch.from_pylist([{"b": b, "a": a} for a, b in rows.tolist()]),
        lambda rows: [row[["b", "a"]] for _, row in FRAME.iloc[[0, 19]].iterrows()],
        lambda rows: [pandas.Series(row) for row in rows],
        lambda rows: (row for row in rows.tolist()),
    ],
)
def test_other_forms_of_rows(small: Model, form: Callable[[Any], Any]) -> None:
    """A matrix, a table of pyarrow, rows of a data frame with their names, a generator."""
    rows = X[[0, 19]]
    assert [each.label for each in small.predict(rows)] == ["0", "1"]
    assert small.predict(form(rows)) == small.predict(rows)


def test_closed_integers_are_whole() -> None:
    """A list of integers shows none as a fraction; what is no integer stays as it is."""
    about: Any = {"minimum": 1, "maximum": 2, "quantiles": (1, 1, 1, 2, 2), "example": 1}
    codes = (20240115.0, 20240116.0)
    integers = Feature(name="day", kind="integer", closed=True, categories=codes, **about)
    assert expected(integers) == "one of 20240115, 20240116"
    strings = Feature(name="s", kind="string", closed=True, categories=("a", "b"), example="a")
    assert expected(strings) == "one of 'a', 'b'"


@pytest.mark.parametrize(
    ("name", "known", "found"),
    [
        ("island", ["x", "ISLAND"], "ISLAND"),
        ("Bill_Lenght", ["bill_depth", "bill_length"], "bill_length"),
        ("island", ["bill"], None),
    ],
)
def test_nearest_in_capitals_or_not(name: str, known: list[str], found: str | None) -> None:
    """Names that differ by case only are near."""
    assert nearest(name, known) == found
