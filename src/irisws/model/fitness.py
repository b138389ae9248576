"""Whether an estimator, and the data that come with it, can be packed at all."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from irisws.model.card import Feature
from irisws.model.names import IDENTIFIER, is_identifier, unfit_names
from irisws.model.rows import Rows

_LABELS = bool | int | float | str | np.bool_ | np.integer
_TOLERANCES = 1e-6, 0.1  # as the card has them

# In the order of `classes_`, or by the values of the classes.
ClassNames = Sequence[str] | Mapping[Any, str]


class CannotPack(ValueError):
    """The estimator or the data cannot become a model file; the message says why."""


def refuse_unfit(estimator: Any) -> None:
    """Refuse what is not a fitted classifier of one output, with what would be needed."""
    from sklearn.exceptions import NotFittedError
    from sklearn.utils.validation import check_is_fitted

    _refuse_no_classifier(estimator)
    kind = type(estimator).__name__
    try:
        check_is_fitted(estimator)
        classes = estimator.classes_
    except (NotFittedError, AttributeError):
        raise CannotPack(f"{kind} is not fitted: call fit(X, y) first") from None
    if isinstance(classes, list) or getattr(estimator, "multilabel_", False):
        raise CannotPack(f"{kind} has several outputs: irisws packs classifiers with one")
    if len(classes) < 2:
        raise CannotPack(f"{kind} was fitted with one class only, {classes.tolist()}")
    if strange := _no_labels(classes):
        raise CannotPack(
            f"{kind} was fitted with labels of the type {strange}: labels are strings, integers or "
            "booleans"
        )


def _refuse_no_classifier(estimator: Any) -> None:
    from sklearn.base import is_classifier, is_regressor

    kind = type(estimator).__name__
    if isinstance(estimator, type):
        raise CannotPack(f"{estimator.__name__} is a class: call it, and fit(X, y), first")
    if not hasattr(estimator, "predict") or not hasattr(estimator, "fit"):
        if getattr(estimator, "refit", None) is False:
            raise CannotPack(f"{kind} keeps no estimator with refit=False: fit it with refit=True")
        raise CannotPack(f"{kind} is not a scikit-learn classifier: it has no fit and predict")
    if is_regressor(estimator):
        raise CannotPack(
            f"{kind} is a regressor, and irisws packs classifiers only: cut y into classes, with "
            "pandas.cut say, and fit a classifier"
        )
    if not is_classifier(estimator):
        raise CannotPack(f"{kind} is not a classifier: irisws packs classifiers only")


def _no_labels(classes: NDArray[Any]) -> str | None:
    """The type of classes that JSON has none for."""
    if classes.dtype != object:
        name = classes.dtype.type.__name__.rstrip("_")
        return None if classes.dtype.kind in "biufUT" else name
    strange = (value for value in classes if not isinstance(value, _LABELS))
    return next((type(value).__name__ for value in strange), None)


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


def names_of(classes: NDArray[Any], given: ClassNames | None) -> list[str]:
    """The names of the classes, in their order: by default the labels."""
    values = classes.tolist()
    if given is None:
        return [str(value) for value in values]
    if len(given) != len(values):
        raise CannotPack(f"class_names must name {len(values)} classes, not {len(given)}")
    if not isinstance(given, Mapping):
        return [str(name) for name in given]
    lacking = [value for value in values if value not in given]
    if lacking:
        others = [key for key in given if key not in values]
        raise CannotPack(
            f"class_names must name each class of the estimator by its value; it lacks {lacking}, "
            f"and names {others}"
        )
    return [str(given[value]) for value in values]


def refuse_unfit_options(
    name: Any, version: Any, tolerance: float, features: Sequence[Feature], classes: Sequence[str]
) -> None:
    """Refuse names and a tolerance that the card cannot hold, all at once."""
    problems = [
        f"{what}={given!r}: must be a string of {IDENTIFIER}"
        for what, given in (("name", name), ("version", version))
        if not is_identifier(given)
    ]
    if not _TOLERANCES[0] <= tolerance <= _TOLERANCES[1]:
        problems.append(f"tolerance={tolerance}: must be from 0.000001 to 0.1")
    of_features = [each for f in features for each in (f.name, f.alias) if each is not None]
    for what, names in (("features", of_features), ("class_names", classes)):
        unfit = unfit_names("column" if what == "features" else "class", names)
        problems += [f"{problem} (give another with {what}=)" for problem in unfit]
    if problems:
        raise CannotPack("; ".join(problems))


def refuse_other_data(estimator: Any, rows: Rows, labels: NDArray[Any]) -> None:
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
