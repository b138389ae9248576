"""Packing: from a fitted scikit-learn estimator to one proved model file.

The estimator is converted to ONNX, both engines answer thousands of rows, and only if every label
agrees is the file written, with a card that says how far the two were apart. What does not convert,
or does not agree, becomes a `.skops` file, which is served with scikit-learn itself.
"""

import datetime
import importlib.metadata
import os
import platform
import tempfile
import time
import warnings
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, NamedTuple

import msgspec
import numpy as np
from numpy.typing import ArrayLike, NDArray

from irisws.model import skops_file
from irisws.model.card import (
    METADATA_KEY,
    Card,
    Feature,
    GoldenRow,
    InvalidCard,
    Leaf,
    Parity,
    Provenance,
    SampleRow,
    Score,
    TargetClass,
    read_card,
)
from irisws.model.codes import Codes
from irisws.model.columns import FeatureInfo, Table, UnfitData, read_table
from irisws.model.conversion import NotConvertible, convert, forms
from irisws.model.engine import OnnxEngine, RefusedRow, UnusableGraph
from irisws.model.estimator import EstimatorEngine
from irisws.model.explanation import leaves_of
from irisws.model.model import Model, UnusableModel
from irisws.model.model_file import read_model_file
from irisws.model.onnx_file import digest_without_metadata, read_nodes
from irisws.model.probes import boundary_rows, class_like_rows, probe_rows, with_missing
from irisws.model.rows import Rows, as_rows, as_values, is_missing, is_walkable
from irisws.model.trees import read_tree_ensemble

DEFAULT_TOLERANCE = 1e-5
TYPICAL_ROWS, BOUNDARY_PAIRS = 60, 60  # golden rows, about
_MOST_GOLDEN_VALUES = 200_000  # a card of thousands of features or classes has fewer rows
_MOST_COMPARED = 50_000  # training rows that both engines answer
_ALONE = 200  # rows that are answered one by one, too: the golden ones, which come last
_MISSING_SHARE = 0.1  # of the values of rows to compare, where they may be missing
_MOST_SHOWN = 3
_SMALL_STEP = 1e-3  # of the width of a column

_PROVENANCE_LIBRARIES = ("scikit-learn", "skl2onnx", "onnx", "onnxruntime", "numpy")


class CannotPack(ValueError):
    """The estimator or the data cannot become a model file; the message says why."""


class _Form(NamedTuple):
    """What is going to be served: the file without its card, and how it compared."""

    suffix: str
    data: bytes
    digest: str
    parity: Parity
    trust: Collection[str] = ()


@contextmanager
def _without_warnings() -> Iterator[None]:
    """Of rows that are made up here, and of attributes that a converter reads."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@_without_warnings()
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
    engine: Literal["auto", "onnx", "skops"] = "auto",
    sample: int = 0,
    report: Callable[[str], object] | None = print,
) -> Model:
    """Convert a fitted classifier to one model file, prove it, and write it whole.

    Needs the extra `train`. The same estimator, data, libraries, platform and date give the same
    bytes.

    Args:
        estimator: A fitted scikit-learn classifier, a pipeline or a search that ends in one.
        X: The training data, shape `[n, features]`: an array, or a data frame of pandas or polars.
            Columns may hold numbers, integers, booleans or strings, and values may be missing.
        y: The training labels, shape `[n]`: strings, integers or booleans.
        path: Where to write, by convention `*.onnx`. An existing file is replaced at the end. A
            `.skops` file goes beside it, under the same name.
        name: The model's name, safe in a URL: letters, digits, `.`, `_` and `-`.
        version: The model's version, of the same letters.
        features: Names in column order, each with a dict of what there is of `alias`, `unit`,
            `description`, `kind` (`number` for a column of integers) and `missing` (whether a
            value may be missing; by default where one is in `X`). With a data frame a few of its
            columns will do. By default the names that the estimator was fitted with, else `x0`,
            `x1`, ….
        class_names: Names to show, in the order of `estimator.classes_`; by default the labels.
        data_set: What the model was trained on, for people.
        seed: The random seed of the training, for the record.
        scores: Cross-validated scores, for the record; each an `irisws.model.card.Score`.
        created: The date in the card; by default today in UTC, or the day of the environment
            variable `SOURCE_DATE_EPOCH`.
        tolerance: How far a probability may be from scikit-learn's, 0.000001 to 0.1; 0.00001 by
            default.
        engine: `onnx` to refuse what does not become ONNX, `skops` to serve with scikit-learn
            itself; by default ONNX where that answers alike, else skops.
        sample: So many training rows, drawn at random, go into the card, to be named as the nearest
            ones where a caller asks for an explanation. None by default: the data may be
            sensitive, and everyone who has the file, or may ask for explanations, sees them.
        report: Takes a line that says what was compared and written; None for silence.

    Returns:
        The packed model, loaded from the file and proved; its `path` says which file that is.

    Raises:
        CannotPack: The estimator is not a fitted classifier, has no form that answers as it does;
            the data do not fit the estimator; or the file cannot be written.
    """
    estimator = getattr(estimator, "best_estimator_", estimator)
    _refuse_unfit(estimator)
    try:
        table = read_table(X, _fitted_names(estimator, X), features)
    except UnfitData as error:
        raise CannotPack(str(error)) from None
    labels = np.asarray(y)
    _refuse_other_data(estimator, table.rows, labels, class_names)
    has_probabilities = callable(getattr(estimator, "predict_proba", None))
    table = _with_policies(estimator, table, has_probabilities)
    reference = EstimatorEngine(estimator, table.features, table.frame, has_probabilities)
    _refuse_drift(reference, table)
    codes = Codes(table.rows, table.features)
    golden = _golden(reference, codes, table, labels, 2 * tolerance)
    inputs = as_rows([row.inputs for row in golden], table.features)
    compared = np.vstack([_compared_rows(codes, table), inputs])
    form = _form(reference, compared, table, tolerance, engine)
    known = reference.indexes(labels)
    card = _card(
        graph=form.digest,
        name=name,
        version=version,
        created=(created or _today()).isoformat(),
        features=table.features,
        classes=_classes(estimator.classes_, labels, class_names),
        golden=golden,
        tolerance=tolerance,
        parity=form.parity,
        provenance=_provenance(estimator, table.rows, data_set, seed),
        scores=tuple(scores),
        has_probabilities=has_probabilities,
        frame=table.frame,
        leaves=_leaves(form, table, known),
        sample=_sample(table, known, sample),
    )
    target = Path(path).with_suffix(form.suffix) if form.suffix == ".skops" else Path(path)
    model = _write(_with_card(form, card), target, form.trust)
    if report is not None:
        report(_summary(model, form))
    return model


def _refuse_unfit(estimator: Any) -> None:
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


def _fitted_names(estimator: Any, X: Any) -> list[str] | None:
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


def _refuse_other_data(
    estimator: Any, rows: Rows, labels: NDArray[Any], class_names: Sequence[str] | None
) -> None:
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


def _with_policies(estimator: Any, table: Table, has_probabilities: bool) -> Table:
    """The table with the columns marked in which the estimator takes known values only."""
    every = range(len(table.features))
    engine = EstimatorEngine(estimator, table.features, table.frame, has_probabilities)
    may_be_missing = [at for at in every if table.features[at].missing]
    if _refuses_missing(engine, table, may_be_missing):
        names = [table.features[at].name for at in may_be_missing]
        lacking = [
            n
            for n, at in zip(names, may_be_missing, strict=True)
            if _refuses_missing(engine, table, [at])
        ]
        raise CannotPack(
            f"{type(estimator).__name__} refuses rows that lack "
            + ", ".join(map(repr, lacking or names))
        )
    if not _refuses_unseen(engine, table, every):
        return table
    closed = {at for at in every if _is_closed(engine, table, at)}
    features = tuple(
        _closed(feature, table.rows[:, at]) if at in closed else feature
        for at, feature in enumerate(table.features)
    )
    return table._replace(features=features)


def _refuses_missing(engine: EstimatorEngine, table: Table, columns: Collection[int]) -> bool:
    """Whether the estimator raises where these columns lack their value."""
    row = table.rows[:1].copy()
    for at in columns:
        row[0, at] = None if table.features[at].kind == "string" else np.nan
    return _refuses(engine, row)


def _refuses_unseen(
    engine: EstimatorEngine, table: Table, columns: Iterable[int], row_at: int = 0
) -> bool:
    """Whether the estimator raises where these columns hold a value that training had not.

    Of numbers it is the nearest one above those of training.
    """
    row = table.rows[row_at : row_at + 1].copy()
    for at in columns:
        feature = table.features[at]
        if feature.kind == "string":
            row[0, at] = "unseen in training"
        elif feature.maximum is not None:
            row[0, at] = feature.maximum + _step(table.rows[:, at])
    return _refuses(engine, row)


def _is_closed(engine: EstimatorEngine, table: Table, at: int) -> bool:
    """Whether the estimator takes known values of a column only.

    A number is changed in the row that has the largest. So an estimator that raises far from all
    training data, as a search for neighbours may, is not taken for one that knows a list.
    """
    cells = table.rows[:, at]
    has_order = table.features[at].maximum is not None
    row_at = int(np.argmax(cells == table.features[at].maximum)) if has_order else 0
    return _refuses_unseen(engine, table, [at], row_at)


def _step(cells: Rows) -> float:
    """How far apart the values of a column are: 1 if all are whole, as the codes of categories."""
    present = cells[~is_missing(cells)].astype(np.float64)
    if (present == present.round()).all():
        return 1.0
    return _SMALL_STEP * float(np.ptp(present) or abs(present[0]))


def _refuses(engine: EstimatorEngine, rows: Rows) -> bool:
    try:
        engine.predict(rows)
    except RefusedRow:
        return True
    return False


def _closed(feature: Feature, cells: Rows) -> Feature:
    if feature.kind == "boolean":
        return feature
    present = sorted({cell for cell in cells.tolist() if cell is not None and cell == cell})
    categories = tuple(present)
    return msgspec.structs.replace(feature, closed=True, categories=categories)


def _refuse_drift(reference: EstimatorEngine, table: Table) -> None:
    """Refuse data that, as rows of a request, get another answer than as they were given."""
    sample = slice(0, _MOST_COMPARED)
    try:
        indexes, _ = reference.predict(table.rows[sample])
    except RefusedRow as error:
        raise CannotPack(f"the estimator cannot answer X: {error}") from None
    expected = reference.indexes(reference.estimator.predict(table.given[sample]))
    differing = np.flatnonzero(indexes != expected)
    if len(differing):
        raise CannotPack(
            f"{len(differing)} rows of X get another label once their values are sent as JSON, the "
            f"first is row {differing[0]}: give every column one plain type, and fit again"
        )


def _compared_rows(codes: Codes, table: Table) -> Rows:
    """Training rows, jittered copies, rows in and beyond the training box; with missing values."""
    rng = np.random.default_rng(0)
    points = codes.points(table.rows)
    probes = probe_rows(points, rng)
    may_be_missing = np.array([feature.missing for feature in table.features])
    if may_be_missing.any():
        probes = with_missing(probes, may_be_missing, rng, _MISSING_SHARE)
    if len(points) > _MOST_COMPARED:
        points = points[rng.choice(len(points), _MOST_COMPARED, replace=False)]
    return codes.rows(np.vstack([points, probes]))


def _form(
    reference: EstimatorEngine, rows: Rows, table: Table, tolerance: float, engine: str
) -> _Form:
    if engine == "skops":
        return _skops_form(reference, rows, "it was asked for")
    try:
        onnx, parity = _convert(reference, rows, table, tolerance)
    except CannotPack as error:
        if engine == "onnx":
            raise
        try:
            return _skops_form(reference, rows, str(error))
        except CannotPack as other:
            raise CannotPack(f"{error}. Nor can it be served with scikit-learn: {other}") from None
    del onnx.metadata_props[:]
    data = _encoded(onnx)
    return _Form(".onnx", data, digest_without_metadata(data), parity)


def _skops_form(reference: EstimatorEngine, rows: Rows, reason: str) -> _Form:
    from skops.io import dumps, get_untrusted_types

    try:
        data = skops_file.with_stable_names(dumps(reference.estimator))
        trust = get_untrusted_types(data=data)
    except Exception as error:  # whatever an estimator may hold
        raise CannotPack(f"skops does not write it: {type(error).__name__}: {error}") from None
    parity = Parity(
        rows=len(rows), label_mismatches=0, largest_probability_difference=0.0, not_onnx=reason
    )
    return _Form(".skops", data, skops_file.digest_without_card(data), parity, tuple(trust))


def _card(**members: Any) -> Card:
    """Make a card that can be read back."""
    try:
        return read_card(Card(**members).to_json())
    except InvalidCard as error:
        raise CannotPack(str(error)) from None
    except ValueError as error:
        raise CannotPack(f"its card is not valid: {error}") from None


def _convert(
    reference: EstimatorEngine, rows: Rows, table: Table, tolerance: float
) -> tuple[Any, Parity]:
    """Convert in each form in turn, until one answers as the estimator does."""
    kind = type(reference.estimator).__name__
    try:
        expected = reference.predict(rows)
    except RefusedRow as error:
        raise CannotPack(f"{kind} refuses rows that its data make likely: {error}") from None
    failures: dict[str, list[str]] = {}  # what failed, and in which forms
    for form in forms(table.features, table.frame):
        try:
            onnx = convert(reference.estimator, table.features, table.frame, form)
            parity, differing = _compare(reference, onnx, rows, expected, table.features)
        except (UnusableGraph, NotConvertible) as error:
            failures.setdefault(str(error), []).append(str(form))
            continue
        if not parity.label_mismatches and parity.largest_probability_difference <= tolerance:
            return onnx, parity
        failure = (
            f"of {parity.rows:,} rows {parity.label_mismatches:,} get another label, and "
            f"probabilities differ by up to {parity.largest_probability_difference:.2g}"
            + _shown_rows(rows[differing], table.features)
        )
        failures.setdefault(failure, []).append(str(form))
    raise CannotPack(
        f"{kind} does not become an ONNX model that answers as scikit-learn does: "
        + "; ".join(f"{failure} ({', '.join(tried)})" for failure, tried in failures.items())
    )


def _compare(
    reference: EstimatorEngine,
    onnx: Any,
    rows: Rows,
    expected: tuple[NDArray[Any], NDArray[Any]],
    features: Sequence[Feature],
) -> tuple[Parity, NDArray[np.bool_]]:
    """Answer the rows with every evaluator that may answer a caller, and with scikit-learn."""
    encoded = onnx.SerializeToString()
    values = [_plain(value) for value in reference.estimator.classes_]
    has_probabilities = expected[1].shape[1] > 0
    engine = OnnxEngine(encoded, features, values, has_probabilities)
    indexes, probabilities = engine.predict(rows)
    differing = indexes != expected[0]
    differing[-_ALONE:] |= [
        engine.predict(row[np.newaxis])[0][0] != index
        for row, index in zip(rows[-_ALONE:], expected[0][-_ALONE:], strict=True)
    ]
    is_walked = is_walkable(features)
    trees = read_tree_ensemble(read_nodes(encoded), rows.shape[1], len(values))
    if trees is not None and is_walked:
        walked = [trees.predict(row) for row in rows.tolist()]
        differing |= [w is not None and w[0] != e for w, e in zip(walked, expected[0], strict=True)]
    apart = np.abs(probabilities - expected[1])
    parity = Parity(
        rows=len(rows),
        label_mismatches=int(differing.sum()),
        largest_probability_difference=float(np.nan_to_num(apart, nan=1.0).max(initial=0.0)),
    )
    return parity, differing


def _shown_rows(rows: Rows, features: Sequence[Feature]) -> str:
    """The first of the rows for a message, each value by its name."""
    if not len(rows):
        return ""
    names = [feature.name for feature in features[:_MOST_SHOWN]]
    shown = [
        ", ".join(f"{name}={value!r}" for name, value in zip(names, row, strict=False))
        for row in as_values(rows[:_MOST_SHOWN], features)
    ]
    more = ", …" if len(features) > len(names) else ""
    return "; for example " + "; ".join(f"({row}{more})" for row in shown)


def _golden(
    reference: EstimatorEngine,
    codes: Codes,
    table: Table,
    labels: NDArray[Any],
    least_lead: float,
) -> tuple[GoldenRow, ...]:
    """Typical rows, and rows near borders, with scikit-learn's answers.

    Rows whose two best classes are closer than `least_lead` are left out: where probabilities may
    differ by the tolerance, the label of such a row proves nothing. If all are, as of an estimator
    that finds all classes alike, they are kept: their probabilities prove something still.
    """
    inputs = _answered(reference, _golden_inputs(reference, codes, table, labels))
    if not len(inputs):
        raise CannotPack(
            f"{type(reference.estimator).__name__} refuses every row that its data make likely"
        )
    indexes, probabilities = reference.predict(inputs)
    if probabilities.shape[1]:
        best = np.sort(probabilities, axis=1)
        clear = best[:, -1] - best[:, -2] > least_lead
        if clear.any():
            inputs, indexes, probabilities = inputs[clear], indexes[clear], probabilities[clear]
    answers = zip(
        as_values(inputs, table.features), indexes.tolist(), probabilities.tolist(), strict=True
    )
    return tuple(
        GoldenRow(inputs=values, index=index, probabilities=tuple(each))
        for values, index, each in answers
    )


def _golden_inputs(
    reference: EstimatorEngine, codes: Codes, table: Table, labels: NDArray[Any]
) -> Rows:
    rng = np.random.default_rng(0)
    features = table.features
    points = codes.points(table.rows)
    classes = len(reference.estimator.classes_)
    most = max(_MOST_GOLDEN_VALUES // (len(features) + classes), 10)
    typical = class_like_rows(points, labels, rng, TYPICAL_ROWS)[:most]
    if any(feature.missing for feature in features):
        may_be_missing = np.array([feature.missing for feature in features])
        some = with_missing(typical[::4], may_be_missing, rng, _MISSING_SHARE)
        typical = np.vstack([typical, some])

    def predict(points: NDArray[np.float64]) -> NDArray[Any]:
        return reference.classify(codes.rows(points))

    try:
        borders = boundary_rows(predict, points, rng, min(BOUNDARY_PAIRS, most))
    except RefusedRow:  # of rows between those of training: it has no answer everywhere
        borders = points[:0]
    return codes.rows(np.vstack([typical, borders]))


def _answered(reference: EstimatorEngine, rows: Rows) -> Rows:
    """The rows that the estimator does not refuse."""
    if not _refuses(reference, rows):
        return rows
    return rows[[not _refuses(reference, row[np.newaxis]) for row in rows]]


def _leaves(form: _Form, table: Table, indexes: NDArray[np.int64]) -> tuple[Leaf, ...]:
    """The leaves of what answers by the walk over a single tree; of all else none."""
    if form.suffix == ".skops" or not is_walkable(table.features):
        return ()
    classes = int(indexes.max()) + 1
    trees = read_tree_ensemble(read_nodes(form.data), len(table.features), classes)
    if trees is None or len(trees.roots) != 1:
        return ()
    return leaves_of(trees, table.rows, indexes.tolist())


def _sample(table: Table, indexes: NDArray[np.int64], count: int) -> tuple[SampleRow, ...]:
    if count <= 0:
        return ()
    rng = np.random.default_rng(0)
    chosen = rng.permutation(len(table.rows))[:count]
    values = as_values(table.rows[chosen], table.features)
    return tuple(
        SampleRow(inputs=row, index=index)
        for row, index in zip(values, indexes[chosen].tolist(), strict=True)
    )


def _summary(model: Model, form: _Form) -> str:
    """What was compared and written, for a person."""
    card, parity = model.card, form.parity
    about = f"packed {model.path}: {card.name} {card.version} ({model.short_digest})"
    if parity.not_onnx is None:
        return (
            f"{about}\n{parity.rows:,} rows compared with scikit-learn: {parity.label_mismatches} "
            "labels differ, probabilities by up to "
            f"{parity.largest_probability_difference:.1g}"
        )
    trust = f"\nto serve it, trust: {','.join(form.trust)}" if form.trust else ""
    return f"{about}\nserved with scikit-learn itself: {parity.not_onnx}{trust}"


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


def _provenance(estimator: Any, rows: Rows, data_set: str | None, seed: int | None) -> Provenance:
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


def _with_card(form: _Form, card: Card) -> bytes:
    if form.suffix == ".skops":
        return skops_file.with_card(form.data, card.to_json())
    import onnx

    model = onnx.load_from_string(form.data)
    model.metadata_props.add(key=METADATA_KEY, value=card.to_json().decode())
    return _encoded(model)


def _encoded(onnx: Any) -> bytes:
    encoded: bytes = onnx.SerializeToString(deterministic=True)
    return encoded


def _write(data: bytes, path: Path, trust: Collection[str]) -> Model:
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
            file.write(data)
        try:
            written = read_model_file(temporary)
            model = Model(replace(written, path=path, source=str(path)), trust)
        except UnusableModel as error:
            reason = str(error).replace(str(temporary), path.name)
            raise CannotPack(f"the packed model does not prove itself: {reason}") from None
        _publish(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    return model


def _publish(temporary: Path, path: Path) -> None:
    try:
        temporary.chmod(0o644)  # mkstemp keeps its files from everyone else
        temporary.replace(path)
    except OSError as error:  # on Windows also while another process has the file open
        raise CannotPack(f"cannot write {path}: {error.strerror}") from None
