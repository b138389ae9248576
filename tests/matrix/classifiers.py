"""Every classifier of scikit-learn, ready to be fitted, and the data that it is fitted with.

The tests of this folder and the tables of `docs/reference/models.md` are made of these.
"""

import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from palmerpenguins import load_penguins
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_iris
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils import all_estimators

GRID_SEARCH = "GridSearchCV"  # scikit-learn does not count it among its classifiers

# What cannot be fitted with the data, and the words in which scikit-learn says so.
UNFIT: dict[str, dict[str, str]] = {
    "iris": {},
    "penguins": {
        "CategoricalNB": "Negative values in data",
        "ComplementNB": "Negative values in data",
        "MultinomialNB": "Negative values in data",
        "QuadraticDiscriminantAnalysis": "covariance matrix of class Adelie is not full rank",
    },
}

SEVERAL_OUTPUTS = ("ClassifierChain", "MultiOutputClassifier")  # which no file can hold
TWO_CLASSES = ("FixedThresholdClassifier", "TunedThresholdClassifierCV")  # and no more


class DataSet(NamedTuple):
    """Rows to fit with, and to ask about."""

    name: str
    X: Any  # as it is given to fit
    y: Any
    rows: list[list[Any]]  # X as JSON has it
    one: Any  # the class that is told from all others where there are to be two


def iris() -> DataSet:
    """150 flowers in an array of four numbers, and whole numbers for labels."""
    X, y = load_iris(return_X_y=True)
    return DataSet("iris", X, y, X.tolist(), 2)


def penguins() -> DataSet:
    """344 penguins in a data frame: strings, numbers and a year; some are missing."""
    X = load_penguins()
    y = X.pop("species").to_numpy(dtype=object)
    rows = X.astype(object).where(X.notna(), None).to_numpy().tolist()
    return DataSet("penguins", X, y, rows, "Adelie")


def names() -> list[str]:
    """Of all classifiers that scikit-learn has, in the order of the alphabet; and the search."""
    return [*_types(), GRID_SEARCH]


def fit(name: str, data: DataSet) -> tuple[Any, Any]:
    """The classifier, fitted, and the labels that it was fitted with.

    Mixed columns are imputed and encoded, in a pipeline that ends in the classifier.

    Raises:
        Exception: Whatever scikit-learn raises of a classifier that does not fit the data.
    """
    classifier, y = make(name), data.y
    if name in TWO_CLASSES:
        y = np.where(y == data.one, y, np.unique(y[y != data.one])[0])
    if name in SEVERAL_OUTPUTS:
        y = np.column_stack([y == each for each in np.unique(y)])
    if data.name == "penguins":
        classifier = make_pipeline(mixed_columns(), classifier)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what is going to be deprecated, or has not converged
        return classifier.fit(data.X, y), y


def make(name: str) -> Any:
    """The classifier, unfitted: small, and the same each time."""
    if name == GRID_SEARCH:
        return GridSearchCV(LinearDiscriminantAnalysis(), {"tol": [1e-4, 1e-3]}, cv=3)
    needed = {
        key: value() if callable(value) else value for key, value in _NEEDED.get(name, {}).items()
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        classifier = _types()[name](**needed)
    taken = classifier.get_params(deep=False)
    return classifier.set_params(**{k: v for k, v in _SMALL.items() if k in taken})


def mixed_columns() -> Any:
    """The penguins' columns as numbers, none of them missing."""
    words = make_pipeline(
        SimpleImputer(strategy="most_frequent"), OneHotEncoder(handle_unknown="ignore")
    )
    numbers = make_pipeline(SimpleImputer(), StandardScaler())
    return ColumnTransformer(
        [
            ("words", words, ["island", "sex"]),
            (
                "numbers",
                numbers,
                ["bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g", "year"],
            ),
        ]
    )


def _types() -> dict[str, Callable[..., Any]]:
    return dict(all_estimators(type_filter="classifier"))


def _logistic() -> Any:
    return LogisticRegression(max_iter=1000)


def _several() -> list[tuple[str, Any]]:
    tree = DecisionTreeClassifier(max_depth=3, random_state=0)
    return [("logistic", _logistic()), ("tree", tree), ("bayes", GaussianNB())]


_SMALL = {"n_estimators": 10, "random_state": 0}

# Classifiers within classifiers, and what converges, or is quick, with these.
_NEEDED: dict[str, dict[str, Any]] = {
    "CalibratedClassifierCV": {"estimator": GaussianNB, "cv": 3},
    "ClassifierChain": {"estimator": _logistic},
    "FixedThresholdClassifier": {"estimator": _logistic, "threshold": 0.3},
    "HistGradientBoostingClassifier": {"max_iter": 10},
    "LinearSVC": {"max_iter": 10_000},
    "LogisticRegression": {"max_iter": 1000},
    "LogisticRegressionCV": {"max_iter": 1000, "Cs": 3, "cv": 3},
    "MLPClassifier": {"hidden_layer_sizes": (20,), "max_iter": 1000},
    "MultiOutputClassifier": {"estimator": _logistic},
    "OneVsOneClassifier": {"estimator": _logistic},
    "OneVsRestClassifier": {"estimator": _logistic},
    "OutputCodeClassifier": {"estimator": _logistic},
    "SelfTrainingClassifier": {"estimator": _logistic},
    "StackingClassifier": {"estimators": _several, "cv": 3},
    "TunedThresholdClassifierCV": {"estimator": _logistic, "cv": 3},
    "VotingClassifier": {"estimators": _several, "voting": "soft"},
}
