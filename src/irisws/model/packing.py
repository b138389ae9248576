"""Packing: from a fitted scikit-learn estimator to one proved model file.

The estimator is converted to ONNX, both engines answer thousands of rows, and only if every label
agrees is the file written, with a card that says how far the two were apart.
"""

import datetime
import importlib.metadata
import os
import platform
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypedDict

import numpy as np
from numpy.typing import ArrayLike, NDArray

from irisws.model.card import (
    METADATA_KEY,
    Card,
    Feature,
    GoldenRow,
    InvalidCard,
    Parity,
    Provenance,
    Score,
    TargetClass,
    read_card,
)
from irisws.model.conversion import NotConvertible, convert
from irisws.model.engine import OnnxEngine, UnusableGraph
from irisws.model.model import Model, UnusableModel
from irisws.model.onnx_file import digest_without_metadata, read_nodes
from irisws.model.probes import boundary_rows, class_like_rows, probe_rows
from irisws.model.trees import read_tree_ensemble

DEFAULT_TOLERANCE = 1e-5
TYPICAL_ROWS, BOUNDARY_PAIRS = 60, 60  # golden rows, about

_PROVENANCE_LIBRARIES = ("scikit-learn", "skl2onnx", "onnx", "onnxruntime", "numpy")

Matrix = NDArray[np.float64]

_LARGEST = 1e37  # rows beyond the training box are compared too, and must fit float32


class CannotPack(ValueError):
    """The estimator or the data cannot become a model file; the message says why."""


class FeatureInfo(TypedDict, total=False):
    """What the data cannot tell of a feature."""

    alias: str
    unit: str
    description: str


def pack(
    estimator: Any,
    X: Any,
    y: ArrayLike,
    path: str | Path,
    *,
    name: str,
    version: str = "1.0",
    features: Mapping[str, FeatureInfo] | None = None,
    class_names: Sequence[str] | None = None,
    data_set: str | None = None,
    seed: int | None = None,
    scores: Sequence[Score] = (),
    created: datetime.date | None = None,
    tolerance: float = DEFAULT_TOLERANCE,
) -> Model:
    """Convert a fitted classifier to one model file, prove it, and write it whole.

    Needs the extra `train`. The same estimator, data, libraries, platform and date give the same
    bytes.

    Args:
        estimator: A fitted scikit-learn classifier with `predict_proba`.
        X: The training data, shape `[n, features]`, numbers; an array or a data frame.
        y: The training labels, shape `[n]`: strings, integers or booleans.
        path: Where to write, by convention `*.onnx`. An existing file is replaced at the end.
        name: The model's name, safe in a URL: letters, digits, `.`, `_` and `-`.
        version: The model's version, of the same letters.
        features: Names in column order, each with a dict of what there is of `alias`, `unit` and
            `description`. By default the names that the estimator was fitted with, else `x0`,
            `x1`, ….
        class_names: Names to show, in the order of `estimator.classes_`; by default the labels.
        data_set: What the model was trained on, for people.
        seed: The random seed of the training, for the record.
        scores: Cross-validated scores, for the record; each an `irisws.model.card.Score`.
        created: The date in the card; by default today in UTC, or the day of the environment
            variable `SOURCE_DATE_EPOCH`.
        tolerance: How far a probability may be from scikit-learn's, 0.000001 to 0.1; 0.00001 by
            default.

    Returns:
        The packed model, loaded from the file and proved.

    Raises:
        CannotPack: The estimator is not a fitted classifier, does not convert, or the converted
            form answers differently; the data do not fit the estimator; or the file cannot be
            written.
    """
    rows, labels = _numbers(X), np.asarray(y)
    _refuse_unfit(estimator, rows, labels, class_names)
    names = _feature_names(estimator, X, features)
    golden = _golden(estimator, rows, labels)
    probes = probe_rows(rows, np.random.default_rng(0))
    compared = np.vstack([rows, probes, [row.inputs for row in golden]])
    onnx, parity = _convert(estimator, compared, tolerance)
    del onnx.metadata_props[:]
    card = _card(
        graph=digest_without_metadata(_encoded(onnx)),
        name=name,
        version=version,
        created=(created or _today()).isoformat(),
        features=_features(rows, names, features or {}),
        classes=_classes(estimator.classes_, labels, class_names),
        golden=golden,
        tolerance=tolerance,
        parity=parity,
        provenance=_provenance(estimator, rows, data_set, seed),
        scores=tuple(scores),
    )
    return _write(_with_card(onnx, card), Path(path))


def _numbers(X: Any) -> Matrix:
    try:
        rows = np.asarray(X, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise CannotPack(f"X must hold numbers only: {error}") from None
    if rows.ndim != 2 or not rows.size:
        raise CannotPack(f"X must have the shape [n, features], not {rows.shape}")
    if not (np.abs(rows) <= _LARGEST).all():  # NaN compares false
        raise CannotPack(f"X must hold finite numbers of at most {_LARGEST:g} only, and no NaN")
    return rows


def _refuse_unfit(
    estimator: Any, rows: Matrix, labels: NDArray[Any], class_names: Sequence[str] | None
) -> None:
    kind = type(estimator).__name__
    if not hasattr(estimator, "predict_proba"):
        raise CannotPack(f"{kind} has no predict_proba: irisws packs classifiers that have one")
    if not hasattr(estimator, "classes_"):
        raise CannotPack(f"{kind} is not fitted: call fit(X, y) first")
    if isinstance(estimator.classes_, list) or getattr(estimator, "multilabel_", False):
        raise CannotPack(f"{kind} has several outputs: irisws packs classifiers with one")
    width = getattr(estimator, "n_features_in_", rows.shape[1])
    if width != rows.shape[1]:
        raise CannotPack(f"{kind} was fitted with {width} features, X has {rows.shape[1]}")
    if labels.shape != (len(rows),):
        raise CannotPack(f"y must have one label a row, shape ({len(rows)},), not {labels.shape}")
    strange = set(labels.tolist()) - set(estimator.classes_.tolist())
    if strange:
        raise CannotPack(f"y has labels that {kind} was not fitted with: {sorted(strange)[:5]}")
    if class_names is not None and len(class_names) != len(estimator.classes_):
        raise CannotPack(
            f"class_names must name {len(estimator.classes_)} classes, not {len(class_names)}"
        )


def _card(**members: Any) -> Card:
    """Make a card that can be read back."""
    try:
        return read_card(Card(**members).to_json())
    except InvalidCard as error:
        raise CannotPack(str(error)) from None
    except ValueError as error:
        raise CannotPack(f"its card is not valid: {error}") from None


def _convert(estimator: Any, rows: Matrix, tolerance: float) -> tuple[Any, Parity]:
    """Convert in float32, and where that answers differently, in float64."""
    failures = []
    for dtype in (np.float32, np.float64):
        try:
            onnx = convert(estimator, rows.shape[1], dtype)
            parity = _compare(estimator, onnx, rows)
        except (UnusableGraph, NotConvertible) as error:
            failures.append(f"{dtype.__name__}: {error}")
            continue
        if not parity.label_mismatches and parity.largest_probability_difference <= tolerance:
            return onnx, parity
        failures.append(
            f"{dtype.__name__}: of {parity.rows} rows {parity.label_mismatches} get another "
            f"label, and probabilities differ by up to {parity.largest_probability_difference:.2g}"
        )
    raise CannotPack(
        f"{type(estimator).__name__} does not become an ONNX model that answers as scikit-learn "
        "does. " + "; ".join(failures)
    )


def _compare(estimator: Any, onnx: Any, rows: Matrix) -> Parity:
    """Answer the rows with every evaluator that may answer a caller, and with scikit-learn."""
    encoded = onnx.SerializeToString()
    values = [_plain(value) for value in estimator.classes_]
    indexes, probabilities = OnnxEngine(encoded, rows.shape[1], values).predict(rows)
    expected = _index_predictor(estimator)(rows)
    differing = indexes != expected
    trees = read_tree_ensemble(read_nodes(encoded), rows.shape[1], len(values))
    if trees is not None:
        walked = [trees.predict(row) for row in rows.tolist()]
        differing |= [w is not None and w[0] != e for w, e in zip(walked, expected, strict=True)]
    return Parity(
        rows=len(rows),
        label_mismatches=int(differing.sum()),
        largest_probability_difference=float(
            np.abs(probabilities - estimator.predict_proba(_named(estimator, rows))).max()
        ),
    )


def _index_predictor(estimator: Any) -> Any:
    """The estimator's predict() as a function from rows to class indexes."""
    order = np.argsort(estimator.classes_)

    def predict(rows: Matrix) -> NDArray[Any]:
        labels = estimator.predict(_named(estimator, rows))
        found: NDArray[Any] = order[np.searchsorted(estimator.classes_, labels, sorter=order)]
        return found

    return predict


def _named(estimator: Any, rows: Matrix) -> Any:
    """The rows as the estimator wants them: under its column names if it was fitted with such."""
    if not hasattr(estimator, "feature_names_in_"):
        return rows
    import pandas  # an estimator that knows column names was fitted with a data frame

    return pandas.DataFrame(rows, columns=estimator.feature_names_in_)


def _golden(estimator: Any, rows: Matrix, y: NDArray[Any]) -> tuple[GoldenRow, ...]:
    rng = np.random.default_rng(0)
    predict = _index_predictor(estimator)
    typical = class_like_rows(rows, y, rng, TYPICAL_ROWS)
    inputs = np.vstack([typical, boundary_rows(predict, rows, rng, BOUNDARY_PAIRS)])
    answers = zip(
        inputs.tolist(),
        predict(inputs).tolist(),
        estimator.predict_proba(_named(estimator, inputs)).tolist(),
        strict=True,
    )
    return tuple(
        GoldenRow(inputs=tuple(row), index=index, probabilities=tuple(probabilities))
        for row, index, probabilities in answers
    )


def _feature_names(estimator: Any, X: Any, features: Mapping[str, FeatureInfo] | None) -> list[str]:
    width = np.shape(X)[1]
    fitted = [str(name) for name in getattr(estimator, "feature_names_in_", ())]
    given = [str(name) for name in getattr(X, "columns", fitted)]
    if fitted and given != fitted:
        raise CannotPack(f"X has the columns {given}, the estimator was fitted with {fitted}")
    if features is None:
        return fitted or given or [f"x{column}" for column in range(width)]
    if len(features) != width:
        raise CannotPack(f"features must name {width} columns, not {len(features)}")
    names = list(features)
    if fitted and set(names) == set(fitted) and names != fitted:
        raise CannotPack(f"features must be in the order of the fit: {fitted}")
    known = FeatureInfo.__annotations__.keys()
    unknown = sorted({key for info in features.values() for key in info} - known)
    if unknown:
        raise CannotPack(f"features may say {', '.join(known)}, not {', '.join(unknown)}")
    return names


def _features(
    rows: Matrix, names: list[str], infos: Mapping[str, FeatureInfo]
) -> tuple[Feature, ...]:
    quantiles = np.quantile(rows, [0.05, 0.25, 0.5, 0.75, 0.95], axis=0).round(6)
    return tuple(
        Feature(
            name=name,
            minimum=float(column.min()),
            maximum=float(column.max()),
            quantiles=tuple(quantiles[:, at].tolist()),
            example=float(quantiles[2, at]),
            **infos.get(name, {}),
        )
        for at, (name, column) in enumerate(zip(names, rows.T, strict=True))
    )


def _classes(
    values: NDArray[Any], y: NDArray[Any], names: Sequence[str] | None
) -> tuple[TargetClass, ...]:
    names = [str(value) for value in values] if names is None else names
    return tuple(
        TargetClass(name=str(name), value=_plain(value), training_rows=int((y == value).sum()))
        for name, value in zip(names, values, strict=True)
    )


def _plain(value: Any) -> Any:
    """A NumPy scalar as the Python value that JSON knows."""
    return value.item() if hasattr(value, "item") else value


def _provenance(estimator: Any, rows: Matrix, data_set: str | None, seed: int | None) -> Provenance:
    return Provenance(
        estimator=" ".join(str(estimator).split()),
        libraries={name: importlib.metadata.version(name) for name in _PROVENANCE_LIBRARIES},
        python=platform.python_version(),
        platform=f"{platform.system()} {platform.machine()}",
        rows=len(rows),
        data_set=data_set,
        seed=seed,
    )


def _today() -> datetime.date:
    """Today in UTC, or the day of SOURCE_DATE_EPOCH (reproducible-builds.org) where it is set."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH") or time.time()
    try:
        return datetime.datetime.fromtimestamp(int(epoch), datetime.UTC).date()
    except (ValueError, OverflowError, OSError):
        raise CannotPack(f"SOURCE_DATE_EPOCH must be seconds since 1970, not {epoch!r}") from None


def _with_card(onnx: Any, card: Card) -> bytes:
    onnx.metadata_props.add(key=METADATA_KEY, value=card.to_json().decode())
    return _encoded(onnx)


def _encoded(onnx: Any) -> bytes:
    encoded: bytes = onnx.SerializeToString(deterministic=True)
    return encoded


def _write(onnx: bytes, path: Path) -> Model:
    """Write beside the target, prove the written file, and only then put it in place."""
    if path.is_dir():
        raise CannotPack(f"cannot write {path}: it is a directory")
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
    except OSError as error:
        raise CannotPack(f"cannot write {path}: {error.strerror}") from None
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(onnx)
        try:
            Model.load(temporary)
        except UnusableModel as error:
            reason = str(error).replace(str(temporary), path.name)
            raise CannotPack(f"the packed model does not prove itself: {reason}") from None
        _publish(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    return Model.load(path)


def _publish(temporary: Path, path: Path) -> None:
    try:
        temporary.chmod(0o644)  # mkstemp keeps its files from everyone else
        temporary.replace(path)
    except OSError as error:  # on Windows also while another process has the file open
        raise CannotPack(f"cannot write {path}: {error.strerror}") from None
