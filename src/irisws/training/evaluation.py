"""How good a classifier is: cross-validated, and on rows that it has never seen."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from irisws.model.card import Score

Report = Callable[[str], object]

ACCURACY, BALANCED_ACCURACY = "accuracy", "balanced_accuracy"
LOG_LOSS, ROC_AUC = "log_loss", "roc_auc"

_REPEATS = 5  # shuffles of each column
_MOST_SHUFFLES = 1_000  # of all; of thousands of columns each is shuffled once
_MOST_ROWS = 2_000  # that a shuffle looks at
_DECIMALS = 4


@dataclass(frozen=True)
class Importance:
    """How much of the accuracy is lost when a column is shuffled: mean and standard deviation."""

    feature: str
    mean: float
    standard_deviation: float


@dataclass(frozen=True)
class Evaluation:
    """What was measured.

    Attributes:
        training_rows: Rows that were cross-validated.
        scores: Cross-validated, named as scikit-learn names its metrics.
        classes: The labels, in the estimator's order.
        held_out: Scores on the rows held out, by metric.
        confusion: Of those rows, shape `[classes, classes]`: rows are true, columns predicted.
        importances: On those rows, the largest first.
    """

    training_rows: int
    scores: tuple[Score, ...]
    classes: tuple[Any, ...]
    held_out: dict[str, float]
    confusion: NDArray[np.int64]
    importances: tuple[Importance, ...]


def split(X: Any, y: Any, test_size: float, seed: int) -> tuple[Any, Any, Any, Any]:
    """Hold rows out, at random, with the classes in proportion: X and y to train with, and to test.

    Args:
        X: A pandas data frame, shape `[rows, features]`.
        y: Labels, shape `[rows]`.
        test_size: The share of rows to hold out, between 0 and 1.
        seed: Of the random choice.
    """
    from sklearn.model_selection import train_test_split

    train_X, test_X, train_y, test_y = train_test_split(
        X, y, test_size=test_size, random_state=seed, stratify=y
    )
    return train_X, train_y, test_X, test_y


def evaluate(
    estimator: Any,
    parts: tuple[Any, Any, Any, Any],
    folds: int,
    seed: int,
    progress: Report,
) -> Evaluation:
    """Measure an unfitted classifier.

    Args:
        estimator: Left unfitted.
        parts: As `split` returns them.
        folds: Of the cross-validation, which are stratified and shuffled.
        seed: Of that shuffle, and of those of the columns.
        progress: Takes what is being done.
    """
    from sklearn.base import clone
    from sklearn.metrics import confusion_matrix

    train_X, train_y, test_X, test_y = parts
    scores = _cross_validated(estimator, train_X, train_y, folds, seed, progress)
    progress("the rows held out")
    fitted = clone(estimator).fit(train_X, train_y)
    return Evaluation(
        training_rows=len(train_X),
        scores=scores,
        classes=tuple(fitted.classes_.tolist()),
        held_out=_scores(fitted, test_X, test_y),
        confusion=confusion_matrix(test_y, fitted.predict(test_X), labels=fitted.classes_),
        importances=_importances(fitted, test_X, test_y, seed, progress),
    )


def _cross_validated(
    estimator: Any, X: Any, y: Any, folds: int, seed: int, progress: Report
) -> tuple[Score, ...]:
    from sklearn.base import clone
    from sklearn.model_selection import StratifiedKFold

    by_fold = []
    splitter = StratifiedKFold(folds, shuffle=True, random_state=seed)
    for number, (train, test) in enumerate(splitter.split(X, y), 1):
        progress(f"fold {number} of {folds}")
        fitted = clone(estimator).fit(X.iloc[train], y.iloc[train])
        by_fold.append(_scores(fitted, X.iloc[test], y.iloc[test]))
    return tuple(
        Score(
            metric=metric,
            mean=round(float(np.mean([scores[metric] for scores in by_fold])), _DECIMALS),
            standard_deviation=round(
                float(np.std([scores[metric] for scores in by_fold])), _DECIMALS
            ),
            folds=folds,
        )
        for metric in by_fold[0]
    )


def _scores(fitted: Any, X: Any, y: Any) -> dict[str, float]:
    """Every score that the classifier has, by metric."""
    from sklearn.metrics import accuracy_score, balanced_accuracy_score, log_loss, roc_auc_score

    predicted = fitted.predict(X)
    scores = {
        ACCURACY: accuracy_score(y, predicted),
        BALANCED_ACCURACY: balanced_accuracy_score(y, predicted),
    }
    if hasattr(fitted, "predict_proba"):
        probabilities = fitted.predict_proba(X)
        scores[LOG_LOSS] = log_loss(y, probabilities, labels=fitted.classes_)
        if probabilities.shape[1] == 2 and y.nunique() == 2:
            scores[ROC_AUC] = roc_auc_score(y == fitted.classes_[1], probabilities[:, 1])
    return {metric: float(score) for metric, score in scores.items()}


def _importances(
    fitted: Any, X: Any, y: Any, seed: int, progress: Report
) -> tuple[Importance, ...]:
    """Permutation importance (Breiman, 2001), a column at a time."""
    rng = np.random.default_rng(seed)
    if len(X) > _MOST_ROWS:
        chosen = rng.choice(len(X), _MOST_ROWS, replace=False)
        X, y = X.iloc[chosen], y.iloc[chosen]
    truth = y.to_numpy()
    repeats = max(1, min(_REPEATS, _MOST_SHUFFLES // X.shape[1]))
    accuracy = float((fitted.predict(X) == truth).mean())
    found = []
    for number, name in enumerate(X.columns, 1):
        progress(f"importance of column {number:,} of {X.shape[1]:,}")
        shuffled = X.copy(deep=False)
        losses = []
        for _ in range(repeats):
            shuffled[name] = X[name].iloc[rng.permutation(len(X))].set_axis(X.index)
            losses.append(accuracy - float((fitted.predict(shuffled) == truth).mean()))
        found.append(Importance(name, float(np.mean(losses)), float(np.std(losses))))
    return tuple(sorted(found, key=lambda each: -each.mean))
