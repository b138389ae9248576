"""Whether an estimator, and the data that come with it, can be packed at all."""

from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray

from irisws.model.rows import Rows


class CannotPack(ValueError):
    """The estimator or the data cannot become a model file; the message says why."""


def refuse_unfit(estimator: Any) -> None:
    """Refuse what is not a fitted classifier of one output, with what would be needed."""
    from sklearn.base import is_classifier, is_regressor
    from sklearn.exceptions import NotFittedError
    from sklearn.utils.validation import check_is_fitted

    kind = type(estimator).__name__
    if isinstance(estimator, type):
        raise CannotPack(f"{estimator.__name__} is a class: call it, and fit(X, y), first")
    if not hasattr(estimator, "predict") or not hasattr(estimator, "fit"):
        raise CannotPack(f"{kind} is not a scikit-learn classifier: it has no fit and predict")
    if is_regressor(estimator):
        raise CannotPack(
            f"{kind} is a regressor, and irisws packs classifiers only: cut y into classes, with "
            "pandas.cut say, and fit a classifier"
        )
    if not is_classifier(estimator):
        raise CannotPack(f"{kind} is not a classifier: irisws packs classifiers only")
    try:
        check_is_fitted(estimator)
        classes = estimator.classes_
    except (NotFittedError, AttributeError):
        raise CannotPack(f"{kind} is not fitted: call fit(X, y) first") from None
    if isinstance(classes, list) or getattr(estimator, "multilabel_", False):
        raise CannotPack(f"{kind} has several outputs: irisws packs classifiers with one")
    if len(classes) < 2:
        raise CannotPack(f"{kind} was fitted with one class only, {classes.tolist()}")


def fitted_names(estimator: Any, X: Any) -> list[str] | None:
    """The names of the columns that the estimator was fitted with; None if it was with an array."""
    names = getattr(estimator, "feature_names_in_", None)
    if names is not None:
        return [str(name) for name in names]
    if not hasattr(X, "columns"):
        return None
    try:
        estimator.predict(X[:1].to_numpy())
    except Exception:  # whatever it does with an array where it wants a data frame
        return [str(name) for name in X.columns]
    return None


def refuse_other_data(
    estimator: Any, rows: Rows, labels: NDArray[Any], class_names: Sequence[str] | None
) -> None:
    """Refuse rows and labels that are not those of the fit."""
    kind = type(estimator).__name__
    width = getattr(estimator, "n_features_in_", rows.shape[1])
    if width != rows.shape[1]:
        raise CannotPack(f"{kind} was fitted with {width} features, X has {rows.shape[1]}")
    if labels.shape != (len(rows),):
        raise CannotPack(f"y must have one label a row, shape ({len(rows)},), not {labels.shape}")
    strange = set(labels.tolist()) - set(estimator.classes_.tolist())
    if strange:
        shown = sorted(map(repr, strange))[:5]
        raise CannotPack(f"y has labels that {kind} was not fitted with: {', '.join(shown)}")
    if class_names is not None and len(class_names) != len(estimator.classes_):
        raise CannotPack(
            f"class_names must name {len(estimator.classes_)} classes, not {len(class_names)}"
        )
