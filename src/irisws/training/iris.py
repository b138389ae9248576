"""Train the default model: iris flowers by their four measurements."""

import datetime
from pathlib import Path

from irisws.model.card import Score
from irisws.model.columns import FeatureInfo
from irisws.model.model import Model
from irisws.model.packing import pack

SEED = 1
FOLDS = 10

IRIS_FEATURES: dict[str, FeatureInfo] = {
    "sepal_length": {"alias": "sl", "unit": "cm"},
    "sepal_width": {"alias": "sw", "unit": "cm"},
    "petal_length": {"alias": "pl", "unit": "cm"},
    "petal_width": {"alias": "pw", "unit": "cm"},
}


def train_iris(path: str | Path, *, created: datetime.date | None = None) -> Model:
    """Train a decision tree on all 150 flowers of scikit-learn's iris data, and pack it.

    Raises:
        CannotPack: The file cannot be written.
    """
    from sklearn.datasets import load_iris
    from sklearn.model_selection import StratifiedKFold, cross_val_score
    from sklearn.tree import DecisionTreeClassifier

    iris = load_iris()
    estimator = DecisionTreeClassifier(random_state=SEED)
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=SEED)
    accuracies = cross_val_score(estimator, iris.data, iris.target, cv=folds)
    return pack(
        estimator.fit(iris.data, iris.target),
        iris.data,
        iris.target,
        path,
        name="iris",
        version="1.0",
        features=IRIS_FEATURES,
        class_names=[str(name) for name in iris.target_names],
        data_set="Fisher's iris flowers, as scikit-learn's load_iris() has them",
        seed=SEED,
        scores=[
            Score(
                metric="accuracy",
                mean=round(float(accuracies.mean()), 4),
                standard_deviation=round(float(accuracies.std()), 4),
                folds=FOLDS,
            )
        ],
        created=created,
        report=None,
    )
