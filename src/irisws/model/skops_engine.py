"""The engine of a `.skops` file: scikit-learn itself, made of types that the operator trusts.

A skops file describes objects, and making them can run code of the types it names. So only types
that skops knows for harmless and those on the operator's list are made; the list never comes from
the file. Nothing is ever unpickled.
"""

import os
import sys
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import numpy as np

from irisws.model.card import Card
from irisws.model.engine import UnusableGraph
from irisws.model.estimator import EstimatorEngine


def load_estimator(data: bytes, card: Card, trust: Collection[str]) -> EstimatorEngine:
    """Load the estimator of a skops file.

    Args:
        data: The file's bytes.
        card: Its card.
        trust: The full names of types that may be made besides those that skops trusts by itself.

    Raises:
        UnusableGraph: scikit-learn or skops is not installed, is of another version than the card
            says, the file needs other types, or does not hold the estimator of the card.
    """
    # One thread a prediction, as ONNX Runtime has: a request must not take every core. It is read
    # when the library loads; in a program that has loaded it already it is not ours to say.
    if "sklearn" not in sys.modules:
        os.environ.setdefault("OMP_NUM_THREADS", "1")
    try:
        import sklearn
        from skops.io import get_untrusted_types, loads
    except ImportError as error:
        raise UnusableGraph(
            f"it is served with scikit-learn itself, and that needs {error.name}: "
            'pip install "irisws[train]"'
        ) from None
    _refuse_other_version(card.provenance.libraries, sklearn.__version__)
    try:
        _refuse_untrusted(set(get_untrusted_types(data=data)) - set(trust))
        estimator = loads(data, trusted=sorted(trust))
        _refuse_misfit(estimator, card)
        _use_one_job(estimator, set())
    except UnusableGraph:
        raise
    except Exception as error:  # a file may break in whatever way
        text = " ".join(str(error).split())[:200]
        raise UnusableGraph(f"skops does not load it: {type(error).__name__}: {text}") from None
    return EstimatorEngine(estimator, card.features, card.frame, card.has_probabilities)


def _refuse_other_version(packed_with: Mapping[str, str], here: str) -> None:
    """scikit-learn gives no guarantee that an estimator works under another version's code."""
    there = packed_with.get("scikit-learn")
    if there is None:
        raise UnusableGraph("it was packed with an unknown version of scikit-learn")
    if there.split(".")[:2] != here.split(".")[:2]:
        raise UnusableGraph(
            f"it was packed with scikit-learn {there}, and this is {here}: "
            f'pip install "scikit-learn=={there}", or pack the model again with {here}'
        )


def _refuse_untrusted(names: Collection[str]) -> None:
    """Name the types. They come from the file, and people copy them from messages into commands."""
    for name in names:
        if not all(part.isidentifier() for part in name.split(".")):
            raise UnusableGraph(f"it names a type as no type is named: {ascii(name)[:100]}")
    if names:
        listed = sorted(names)
        raise UnusableGraph(
            f"it holds types that are not trusted: {', '.join(listed)}. If you trust them, say so "
            f'with --trust "{",".join(listed)}", or in IRISWS_TRUST'
        )


def _use_one_job(part: Any, seen: set[int]) -> None:
    """Let every part of the estimator answer in the thread that asks.

    With `n_jobs` a forest would start threads, and an ensemble of ensembles processes, for each
    request: that takes longer than the answer, and processes talk to each other in pickles.
    """
    if id(part) in seen:
        return
    seen.add(id(part))
    if isinstance(part, dict):
        values: Iterable[Any] = part.values()
    elif isinstance(part, list | tuple):
        values = part
    elif isinstance(part, np.ndarray) and part.dtype == object:
        values = part.ravel().tolist()
    elif hasattr(part, "get_params"):  # an estimator
        if hasattr(part, "n_jobs"):
            part.n_jobs = None
        values = vars(part).values()
    else:
        return
    for value in values:
        _use_one_job(value, seen)


def _refuse_misfit(estimator: Any, card: Card) -> None:
    values = [v.item() if hasattr(v, "item") else v for v in getattr(estimator, "classes_", ())]
    if values != [target.value for target in card.classes]:
        raise UnusableGraph("its estimator has other classes than its card")
    wanted = ("predict", "predict_proba") if card.has_probabilities else ("predict",)
    lacking = [name for name in wanted if not callable(getattr(estimator, name, None))]
    if lacking:
        raise UnusableGraph(f"its estimator has no {' and no '.join(lacking)}")
