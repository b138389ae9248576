"""Model.predict: scikit-learn's answers, in Python terms."""

from typing import Any

import numpy as np
import pandas
import pytest
from sklearn.tree import DecisionTreeClassifier

from irisws.model.model import InvalidRow, Model, Prediction, _rounded
from irisws.model.range_warnings import RangeWarning

FLOWER = {"sl": 2.0, "sw": 1.0, "pl": 2.0, "pw": 3.0}


def test_flower_of_the_article(iris: Model) -> None:
    """The article's flower is class 1, and three of its values are unlike any in training."""
    (prediction,) = iris.predict([FLOWER])
    assert (prediction.label, prediction.index) == ("versicolor", 1)
    assert prediction.probabilities == {"setosa": 0.0, "versicolor": 1.0, "virginica": 0.0}
    assert [warning.feature for warning in prediction.warnings] == [
        "sepal_length",
        "sepal_width",
        "petal_width",
    ]


def test_range_warning_names_unit_and_range(iris: Model) -> None:
    """A value outside the training range is answered, with a warning that a person can use."""
    (prediction,) = iris.predict([[5.1, 3.5, 1.4, 3.0]])
    assert prediction.warnings == (
        RangeWarning(
            feature="petal_width",
            value=3.0,
            minimum=0.1,
            maximum=2.5,
            detail="petal_width 3.0 cm is outside the 0.1 to 2.5 cm seen in training",
        ),
    )


def test_values_at_the_ends_of_the_range_warn_of_nothing(iris: Model) -> None:
    """The training range includes its ends."""
    predictions = iris.predict([[4.3, 2.0, 1.0, 0.1], [7.9, 4.4, 6.9, 2.5]])
    assert [prediction.warnings for prediction in predictions] == [(), ()]


def test_rows_may_be_sequences_mappings_or_an_array(iris: Model) -> None:
    """Every form of the same rows gives the same predictions."""
    rows = [[5.1, 3.5, 1.4, 0.2], [6.7, 3.0, 5.2, 2.3]]
    named = [{"sepal_length": a, "sw": b, "pl": c, "petal_width": d} for a, b, c, d in rows]
    expected = iris.predict(rows)
    assert [p.label for p in expected] == ["setosa", "virginica"]
    assert iris.predict(named) == expected
    assert iris.predict(np.array(rows)) == expected
    columns = ["sepal_length", "sepal_width", "petal_length", "petal_width"]
    frame = pandas.DataFrame(rows, columns=columns)[columns[::-1]]
    assert iris.predict(frame) == expected


def test_doubled_columns_are_refused(iris: Model) -> None:
    """A data frame with a column twice is not answered by either of them."""
    frame = pandas.DataFrame([[5.1, 3.5, 1.4, 0.2, 9.0]], columns=["sl", "sw", "pl", "pw", "pw"])
    with pytest.raises(InvalidRow, match="two columns of one name"):
        iris.predict(frame)


def test_no_rows_give_no_predictions(iris: Model) -> None:
    """Nothing asked, nothing answered."""
    assert iris.predict([]) == []


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([[1, 2, 3]], r"rows must have the shape \[n, 4\], not \[n, 3\]"),
        (np.array([[1, 2, 3]]), r"rows must have the shape \[n, 4\], not \(1, 3\)"),
        ([[1, 2, 3, float("nan")]], "row 0, petal_width: expected a finite number in cm, got nan"),
        (
            np.array([[1, 2, 3, np.nan]]),
            "row 0, petal_width: nan is not a finite number of at most",
        ),
        ([[1, 2, 3, 1e39]], r"row 0, petal_width: expected a number of at most 3.4e\+38 in size"),
        ([[1, 2, 3, 10**400]], r"petal_width: expected a number of at most 3.4e\+38 in size"),
        ([[1, 2, 3, "5.1"]], "row 0, petal_width: expected a finite number in cm, got '5.1'"),
        ([[1, 2, 3, True]], "row 0, petal_width: expected a finite number in cm, got True"),
        ([[1, 2, 3, None]], "row 0, petal_width: expected a finite number in cm, got None"),
        ([[1, 2, "a", None]], r"petal_length: .*; row 0, petal_width: .* \(values at fault: 2\)"),
        ([[1, 2, 3, 4], [1, 2]], r"rows must have the shape \[n, 4\], not \[n, 2\]"),
        ([[]], r"rows must have the shape \[n, 4\], not \[n, 0\]"),
        (["abcd"], "row 0 must be a sequence or a mapping of values"),
        (np.zeros(4), r"rows must have the shape \[n, 4\], not \(4,\)"),
        ([{"sl": 1, "sw": 2, "pl": 3, "pv": 4}], r"unknown: \['pv'\], missing: \['petal_width'\]"),
        ([{"sl": 1, "sepal_length": 1, "sw": 2, "pl": 3, "pw": 4}], "must name each feature once"),
    ],
)
def test_rows_that_do_not_fit_are_refused(iris: Model, rows: Any, message: str) -> None:
    """A row that does not fit raises, and says where and why."""
    with pytest.raises(InvalidRow, match=message):
        iris.predict(rows)


def test_one_row_and_many_rows_agree(forest: Model, iris_data: tuple[Any, Any]) -> None:
    """The walk over the trees and the engine are two ways to one answer."""
    many = forest.predict(iris_data[0])
    assert [forest.predict([row])[0] for row in iris_data[0]] == many


def test_labels_may_be_strings(forest: Model) -> None:
    """A model of string labels answers them, in the order of scikit-learn's classes_."""
    assert forest.predict([[5.1, 3.5, 1.4, 0.2]])[0].label == "setosa"
    assert [target.value for target in forest.card.classes] == ["setosa", "versicolor", "virginica"]


def test_model_without_trees(linear: Model) -> None:
    """A linear model of two classes answers through the engine alone."""
    (prediction,) = linear.predict([[0.0] * 30])
    assert prediction == Prediction("1", 1, {"0": 0.445002, "1": 0.554998})


def test_iris_answers_as_scikit_learn_everywhere(iris: Model, iris_data: tuple[Any, Any]) -> None:
    """5,000 rows in and around the training box, labels and probabilities, by both evaluators."""
    estimator = DecisionTreeClassifier(random_state=1).fit(*iris_data)
    rows = np.random.default_rng(7).uniform(-1, 9, size=(5000, 4))
    assert [p.index for p in iris.predict(rows)] == estimator.predict(rows).tolist()
    assert [iris.predict([row])[0].index for row in rows[:1000]] == estimator.predict(
        rows[:1000]
    ).tolist()


def test_probabilities_are_rounded_to_what_the_engines_know() -> None:
    """Six decimals from 0.01 up, seven digits below: no noise of float32, and order is kept."""
    given = np.array([[0.349462178, 0.00999999977, 0.00044497108319, 1e-12, 0.0, 1e-320]])
    expected = [0.349462, 0.01, 0.0004449711, 1e-12, 0.0, 0.0]
    assert _rounded(given)[0].tolist() == expected
