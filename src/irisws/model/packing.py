"""Packing: from a fitted scikit-learn estimator to one proved model file.

The estimator is converted to ONNX, both engines answer thousands of rows, and only if every label
agrees is the file written, with a card that says how far the two were apart. What does not convert,
or does not agree, becomes a `.skops` file, which is served with scikit-learn itself.
"""

import datetime
import importlib.metadata
import os
import platform
import time
import warnings
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, NamedTuple

import msgspec
import numpy as np
from numpy.typing import ArrayLike, NDArray

from irisws.model import skops_file
from irisws.model.agreement import convert_alike, parity_of
from irisws.model.atomic import open_beside, publish
from irisws.model.card import (
    METADATA_KEY,
    Card,
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
from irisws.model.estimator import EstimatorEngine
from irisws.model.explanation import leaves_of
from irisws.model.fitness import CannotPack as CannotPack
from irisws.model.fitness import (
    ClassNames,
    fitted_names,
    names_of,
    refuse_other_data,
    refuse_unfit,
    refuse_unfit_options,
)
from irisws.model.golden import compared_rows, golden_rows
from irisws.model.model import Model, UnusableModel
from irisws.model.model_file import read_model_file
from irisws.model.onnx_file import digest_without_metadata, read_nodes
from irisws.model.policies import refuse_drift, with_policies
from irisws.model.rows import Rows, as_rows, as_values, is_walkable
from irisws.model.trees import read_tree_ensemble

DEFAULT_TOLERANCE = 1e-5

_PROVENANCE_LIBRARIES = ("scikit-learn", "skl2onnx", "onnx", "onnxruntime", "numpy")


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
    class_names: ClassNames | None = None,
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
        y: The training labels, shape `[n]` or `[n, 1]`: strings, integers or booleans.
        path: Where to write, by convention `*.onnx`. An existing file is replaced at the end. A
            `.skops` file goes beside it, under the same name.
        name: The model's name, safe in a URL: letters, digits, `.`, `_` and `-`.
        version: The model's version, of the same letters.
        features: Names in column order, each with a dict of what there is of `alias`, `unit`,
            `description`, `kind` (`number` for a column of integers) and `missing` (whether a
            value may be missing; by default where one is in `X`). With a data frame a few of its
            columns will do. By default the names that the estimator was fitted with, else `x0`,
            `x1`, ….
        class_names: Names to show: in the order of `estimator.classes_`, or a dict from each label
            to its name, as `{0: "no", 1: "yes"}`. By default the labels.
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
    refuse_unfit(estimator)
    try:
        table = read_table(X, fitted_names(estimator, X), features)
    except UnfitData as error:
        raise CannotPack(str(error)) from None
    labels = np.asarray(y)
    labels = labels[:, 0] if labels.shape[1:] == (1,) else labels  # as scikit-learn takes it
    refuse_other_data(estimator, table.rows, labels)
    names = names_of(estimator.classes_, class_names)
    refuse_unfit_options(name, version, tolerance, table.features, names)
    has_probabilities = callable(getattr(estimator, "predict_proba", None))
    table = with_policies(estimator, table, has_probabilities)
    reference = EstimatorEngine(estimator, table.features, table.frame, has_probabilities)
    refuse_drift(reference, table)
    codes = Codes(table.rows, table.features)
    golden = golden_rows(reference, codes, table, labels, 2 * tolerance)
    inputs = as_rows([row.inputs for row in golden], table.features)
    compared = np.vstack([compared_rows(codes, table), inputs])
    form = _form(reference, compared, len(golden), table, tolerance, engine)
    known = reference.indexes(labels)
    card = _card(
        graph=form.digest,
        name=name,
        version=version,
        created=(created or _today()).isoformat(),
        features=table.features,
        classes=_classes(estimator.classes_, labels, names),
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


def _form(
    reference: EstimatorEngine,
    rows: Rows,
    golden: int,
    table: Table,
    tolerance: float,
    engine: str,
) -> _Form:
    """ONNX where that agrees on the rows, else skops; the last rows are the golden ones."""
    if engine == "skops":
        return _skops_form(reference, rows, golden, table, "it was asked for")
    try:
        onnx, parity = convert_alike(reference, rows, table, tolerance)
    except CannotPack as error:
        if engine == "onnx":
            raise
        try:
            return _skops_form(reference, rows, golden, table, str(error))
        except CannotPack as other:
            raise CannotPack(f"{error}. Nor can it be served with scikit-learn: {other}") from None
    del onnx.metadata_props[:]
    data = _encoded(onnx)
    return _Form(".onnx", data, digest_without_metadata(data), parity)


def _skops_form(
    reference: EstimatorEngine, rows: Rows, golden: int, table: Table, reason: str
) -> _Form:
    from skops.io import dumps, get_untrusted_types, loads

    try:
        data = skops_file.with_stable_names(dumps(reference.estimator))
        trust = get_untrusted_types(data=data)
        loaded = loads(data, trusted=trust)  # of an estimator that is here already
    except Exception as error:  # whatever an estimator may hold
        raise CannotPack(f"skops does not keep it: {type(error).__name__}: {error}") from None
    if reference.refuses(rows):  # some lie where it has no answer
        rows = rows[-golden:]
    expected = reference.predict(rows)
    has_probabilities = expected[1].shape[1] > 0
    again = EstimatorEngine(loaded, table.features, table.frame, has_probabilities)
    indexes, probabilities = again.predict(rows)
    parity = parity_of(probabilities, indexes != expected[0], expected)
    if parity.label_mismatches:
        raise CannotPack(f"{parity.label_mismatches} labels differ once skops has kept it")
    parity = msgspec.structs.replace(parity, not_onnx=reason)
    return _Form(".skops", data, skops_file.digest_without_card(data), parity, tuple(trust))


def _card(**members: Any) -> Card:
    """Make a card that can be read back."""
    try:
        return read_card(Card(**members).to_json())
    except InvalidCard as error:
        raise CannotPack(str(error)) from None
    except ValueError as error:
        raise CannotPack(f"its card is not valid: {error}") from None


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
    values: NDArray[Any], y: NDArray[Any], names: Sequence[str]
) -> tuple[TargetClass, ...]:
    return tuple(
        TargetClass(name=name, value=_plain(value), training_rows=int((y == value).sum()))
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
        file, temporary = open_beside(path)
    except OSError as error:
        raise CannotPack(f"cannot write {path}: {error.strerror}") from None
    try:
        with file:
            file.write(data)
        try:
            written = read_model_file(temporary)
            model = Model(replace(written, path=path, source=str(path)), trust)
        except UnusableModel as error:
            reason = str(error).replace(str(temporary), path.name)
            raise CannotPack(f"the packed model does not prove itself: {reason}") from None
        try:
            publish(temporary, path)
        except OSError as error:
            raise CannotPack(f"cannot write {path}: {error.strerror}") from None
    finally:
        temporary.unlink(missing_ok=True)
    return model
