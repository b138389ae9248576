"""What is trained: an estimator by its name or by a function of one's own, behind a pipeline.

Own functions are imported and called: they run with all rights of the one who started the command.
"""

import importlib
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from irisws.training.problems import WrongOptions

if TYPE_CHECKING:
    from irisws.training.columns import Kind


def _tree() -> Any:
    from sklearn.tree import DecisionTreeClassifier

    return DecisionTreeClassifier()


def _forest() -> Any:
    from sklearn.ensemble import RandomForestClassifier

    return RandomForestClassifier()


def _logistic() -> Any:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(max_iter=1000)


def _hist_gradient_boosting() -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier

    return HistGradientBoostingClassifier()


LOGISTIC, BOOSTING = "logistic", "hist-gradient-boosting"
ESTIMATORS: Mapping[str, Callable[[], Any]] = {
    "tree": _tree,
    "forest": _forest,
    LOGISTIC: _logistic,
    BOOSTING: _hist_gradient_boosting,
}
DEFAULT = "forest"


def make_estimator(name: str, X: Any, kinds: Mapping[str, "Kind"], seed: int) -> Any:
    """An unfitted classifier for these columns.

    An estimator by name, and one of a function that is no pipeline, gets what it needs of this
    before it: the median for a missing number, the most frequent value for a missing boolean, a
    column of zeros and ones for every category (a missing one is a category, an unknown one is
    none), and for `logistic` numbers scaled to mean 0 and variance 1. A pipeline gets the data
    frame as it is.

    Args:
        name: One of `ESTIMATORS`, or `module:factory`, the factory being called without arguments.
        X: A pandas data frame, shape `[rows, features]`.
        kinds: Of each column.
        seed: The `random_state` of every part that has one and none set.

    Raises:
        WrongOptions: There is no such estimator, or what the function returns is no classifier.
    """
    estimator = ESTIMATORS[name]() if name in ESTIMATORS else _load(name)
    if not _ends_a_pipeline(estimator):
        estimator = _behind_a_pipeline(
            estimator, X, kinds, scaled=name == LOGISTIC, keep_missing=name == BOOSTING
        )
    open_seeds = {
        parameter: seed
        for parameter, value in estimator.get_params().items()
        if value is None and parameter.split("__")[-1] == "random_state"
    }
    return estimator.set_params(**open_seeds)


def _behind_a_pipeline(
    estimator: Any, X: Any, kinds: Mapping[str, "Kind"], scaled: bool, keep_missing: bool
) -> Any:
    """The estimator with the steps before it that it needs; by itself if that is none."""
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    scaling = [StandardScaler()] if scaled else []
    numbers = [name for name in X if kinds[name] in ("number", "integer")]
    booleans = [name for name in X if kinds[name] == "boolean"]
    strings = [name for name in X if kinds[name] == "string"]
    lacking = [name for name in [*numbers, *booleans] if X[name].isna().any()]
    if not strings and not lacking:
        return make_pipeline(*scaling, estimator) if scaling else estimator
    needs_values = not keep_missing and not set(numbers).isdisjoint(lacking)
    imputing = [SimpleImputer(strategy="median")] if needs_values else []
    for_numbers = [*imputing, *scaling]
    parts = [
        ("numbers", make_pipeline(*for_numbers) if for_numbers else "passthrough", numbers),
        ("booleans", "passthrough", [name for name in booleans if name not in lacking]),
        (
            "lacking booleans",
            SimpleImputer(strategy="most_frequent"),
            [name for name in booleans if name in lacking],
        ),
        (
            "strings",  # boosting, which alone keeps what is missing, takes no sparse array
            OneHotEncoder(handle_unknown="ignore", sparse_output=not keep_missing),
            strings,
        ),
    ]
    return make_pipeline(ColumnTransformer([part for part in parts if part[2]]), estimator)


def _ends_a_pipeline(estimator: Any) -> bool:
    """Whether it prepares columns by itself: a pipeline, or a search or the like around one."""
    from sklearn.pipeline import Pipeline

    while getattr(estimator, "estimator", None) is not None:
        estimator = estimator.estimator
    return isinstance(estimator, Pipeline)


def _load(name: str) -> Any:
    """The classifier that `module:factory` returns; modules of the current folder come first."""
    module_name, colon, factory_name = name.partition(":")
    if not (colon and module_name and factory_name):
        near = _nearest(name, ESTIMATORS)
        hint = f"did you mean {near}? " if near else ""
        raise _wrong(
            name, f"no such estimator; {hint}there are {', '.join(ESTIMATORS)}, and module:factory"
        )
    factory = _attribute(name, _module(name, module_name), factory_name)
    if not callable(factory):
        raise _wrong(name, f"{factory_name} is a {type(factory).__name__}, and nothing to call")
    try:
        made = factory()
    except Exception as error:  # whatever the operator's code may raise
        raise _wrong(name, f"calling it fails: {_shown(error)}") from error
    _refuse_no_classifier(name, made)
    return made


def _module(name: str, module_name: str) -> Any:
    if os.getcwd() not in sys.path:
        sys.path.append(os.getcwd())  # last: a file onnx.py that lies there is not onnx
    try:
        return importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module_name}.".startswith(f"{error.name}."):
            raise _wrong(name, f"importing {module_name} fails: {error}") from error
        raise _wrong(
            name, f"there is no module {error.name!r} in this folder, nor is one installed"
        ) from None
    except Exception as error:  # whatever the operator's code may raise
        raise _wrong(name, f"importing {module_name} fails: {_shown(error)}") from error


def _attribute(name: str, module: Any, attribute: str) -> Any:
    if hasattr(module, attribute):
        return getattr(module, attribute)
    near = _nearest(attribute, dir(module))
    hint = f", did you mean {near}?" if near else ""
    raise _wrong(name, f"module {module.__name__} has no {attribute}{hint}")


def _refuse_no_classifier(name: str, made: Any) -> None:
    from sklearn.base import is_classifier, is_regressor

    kind = type(made).__name__
    if isinstance(made, type):
        raise _wrong(name, f"it returns the class {made.__name__}, and no classifier made of it")
    if not all(hasattr(made, method) for method in ("fit", "predict", "get_params")):
        raise _wrong(name, f"it returns a {kind}, and no scikit-learn classifier")
    if is_regressor(made):
        raise _wrong(name, f"it returns {kind}, a regressor: irisws trains classifiers only")
    if not is_classifier(made):
        raise _wrong(name, f"it returns {kind}, and no classifier")


def _wrong(name: str, problem: str) -> WrongOptions:
    return WrongOptions([f"--estimator {name}: {problem}"])


def _shown(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"


def _nearest(name: str, known: Iterable[str]) -> str | None:
    from irisws.model.names import nearest  # here: the command line's help needs none of a card

    return nearest(name, known)
