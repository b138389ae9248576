"""A model: a card, an engine, and the proof that both agree with scikit-learn."""

import hashlib
import os
import re
import stat
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from irisws.model.card import METADATA_KEY, Card, Feature, InvalidCard, read_card
from irisws.model.engine import OnnxEngine, UnusableGraph
from irisws.model.onnx_file import (
    NotOnnx,
    TruncatedOnnx,
    digest_without_metadata,
    read_metadata,
    read_nodes,
)
from irisws.model.proof import Proof, replay
from irisws.model.trees import TreeEnsemble, read_tree_ensemble

DEFAULT_MODEL = Path(__file__).parent.parent / "iris.onnx"
DEFAULT_MAX_MODEL_BYTES = 1 << 30  # 1 GiB

# The engines compute in float32. What lies beyond the sixth decimal is the noise of that: it
# differs from engine to engine, and the proof's tolerance does not vouch for it. Of small
# probabilities more is kept, because there the digits still order the rows: seven, all that
# float32 has.
_DECIMALS, _SMALL, _DIGITS = 6, 0.01, 7
_TINY = 1e-290  # below, the scale would not be a number

# Range warnings of one call; each takes as much room as twenty rows of numbers.
MOST_WARNINGS = 10_000

Row = Sequence[float]
Matrix = NDArray[np.float64]


class UnusableModel(ValueError):
    """The model file cannot be served; the message names the file and says why."""


class InvalidRow(ValueError):
    """A row given to `Model.predict` does not fit the model; the message says where and why."""


class RangeWarning(Struct, frozen=True):
    """A value outside the range that the training data held."""

    feature: str
    value: float
    minimum: float
    maximum: float
    detail: str


class Prediction(Struct, frozen=True):
    """The answer to one row.

    Attributes:
        label: The name of the class.
        index: The class's place in the card's `classes`, from 0.
        probabilities: Every class's probability, 0 to 1, by its name. From 0.01 up they are rounded
            to six decimals, below to seven significant digits.
        warnings: One for each value outside the range that the training data held: `feature`,
            `value`, `minimum` and `maximum` in the feature's unit, and `detail`, a sentence. One
            call gives about 10,000 at most, to the first rows that have any.
    """

    label: str
    index: int
    probabilities: dict[str, float]
    warnings: tuple[RangeWarning, ...] = ()


class Answers(NamedTuple):
    """The answers to n rows."""

    indexes: NDArray[np.int64]  # of the classes, [n]
    probabilities: Matrix  # [n, classes]
    # By row number, where there are any: of the first rows, up to MOST_WARNINGS in all.
    warnings: Mapping[int, tuple[RangeWarning, ...]]


@dataclass(frozen=True)
class ModelFile:
    """A model file as read: its bytes, the card in them, and the SHA-256 of them all."""

    path: Path  # of what came by a URL, its name alone
    source: str  # the path, or the URL without secrets
    onnx: bytes
    card: Card
    digest: str


def read_model_file(
    path: str | Path = DEFAULT_MODEL,
    *,
    max_bytes: int = DEFAULT_MAX_MODEL_BYTES,
    sha256: str | None = None,
) -> ModelFile:
    """Read a model file and its card, without loading the engine.

    Raises:
        UnusableModel: No such file, not a file, empty, too large, not the one that was wanted, not
            ONNX, cut off, without a card, or with one that this version cannot read.
    """
    source, onnx = _obtain(str(path), max_bytes, sha256)
    digest = hashlib.sha256(onnx).hexdigest()
    if sha256 not in (None, digest):  # before anything is made of the bytes
        raise UnusableModel(f"{source} has the SHA-256 {digest}, and {sha256} is wanted")
    try:
        document = read_metadata(onnx).get(METADATA_KEY)
    except NotOnnx:
        raise UnusableModel(f"{source} is not an ONNX file") from None
    except TruncatedOnnx:
        raise UnusableModel(f"{source} is cut off: it ends in the middle of the model") from None
    if document is None:
        raise UnusableModel(
            f"{source} is an ONNX file without a card: pack the scikit-learn estimator with "
            f'irisws.pack(estimator, X, y, "{Path(source).name}")'
        )
    try:
        card = read_card(document)
    except InvalidCard as error:
        raise UnusableModel(f"{source} cannot be used: {error}") from None
    name = PurePosixPath(source).name if is_url(source) else source
    return ModelFile(Path(name), source, onnx, card, digest)


def is_url(location: str) -> bool:
    """Whether this is a URL rather than a path: `gs://bucket/iris.onnx`, not `C:\\iris.onnx`."""
    return bool(re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", location))


class Model:
    """A classifier that has proved itself on this machine. Safe to use from many threads.

    Attributes:
        card: What the file says of itself.
        digest: The SHA-256 of the file, 64 hexadecimal digits.
        path: The file; of one that came by a URL, its name alone.
        source: The path or the URL that the file came by, as text.
        proof: What replaying the golden rows showed: `rows`, `labels_agreeing`,
            `largest_probability_difference` and `tolerance`.
    """

    def __init__(self, file: ModelFile) -> None:
        """Load the engine and replay the golden rows; see `Model.load`."""
        self.card = card = file.card
        self.digest = file.digest
        self.path = file.path
        self.source = file.source
        if digest_without_metadata(file.onnx) != card.graph:
            raise UnusableModel(
                f"{file.source} was altered after it was packed: its graph has another SHA-256 "
                "than its card says"
            )
        try:
            self._engine = OnnxEngine(
                file.onnx, len(card.features), [target.value for target in card.classes]
            )
            self._trees = _read_trees(file)
            self.proof = self._prove()
        except UnusableGraph as error:
            raise UnusableModel(f"{file.source} cannot be used: {error}") from None
        self._lowest = np.array([feature.minimum for feature in card.features])
        self._highest = np.array([feature.maximum for feature in card.features])

    @classmethod
    def load(
        cls,
        path: str | Path = DEFAULT_MODEL,
        *,
        max_bytes: int = DEFAULT_MAX_MODEL_BYTES,
        sha256: str | None = None,
    ) -> "Model":
        """Load a model file and prove it: its golden rows must give scikit-learn's answers.

        Args:
            path: A file that `irisws.pack` wrote, or its URL (`gs://`, `s3://`, `https://`); the
                packaged iris model by default. What ends with a slash is a folder, and means the
                file `model.onnx` in it, else the only one `*.onnx`.
            max_bytes: Refuse a larger file; 1 GiB by default.
            sha256: Refuse a file that has another SHA-256; 64 hexadecimal digits in lower case.

        Returns:
            The model, proved.

        Raises:
            UnusableModel: The file cannot be read, is not a model, or does not prove itself.
        """
        return cls(read_model_file(path, max_bytes=max_bytes, sha256=sha256))

    @property
    def short_digest(self) -> str:
        """The first eight hexadecimal digits of the file's SHA-256."""
        return self.digest[:8]

    @property
    def largest_value(self) -> float:
        """The largest absolute value that a row may hold: that of float32 or of float64."""
        return self._engine.largest_value

    def predict(self, rows: Sequence[Row | Mapping[str, float]] | NDArray[Any]) -> list[Prediction]:
        """Answer rows.

        Args:
            rows: n rows; each a sequence of numbers in card order, or a mapping from feature name
                or alias to number. An array has the shape `[n, features]`; a data frame has its
                columns in any order. Values are in the features' own units.

        Returns:
            n predictions, in the order of the rows.

        Raises:
            InvalidRow: A row has a wrong length, an unknown or missing name, or a value that is
                not a finite number.
        """
        answers = self.answer(_as_matrix(rows, self.card.features, self.largest_value))
        names = [target.name for target in self.card.classes]
        return [
            Prediction(
                names[index],
                index,
                dict(zip(names, probabilities, strict=True)),
                answers.warnings.get(at, ()),
            )
            for at, (index, probabilities) in enumerate(
                zip(answers.indexes.tolist(), answers.probabilities.tolist(), strict=True)
            )
        ]

    def classify(self, row: Row) -> int:
        """The class index of one row that is known to be valid: finite floats, in card order."""
        walked = None if self._trees is None else self._trees.predict(row)
        return int(self._engine.predict(np.array([row]))[0][0]) if walked is None else walked[0]

    def answer(self, matrix: Matrix) -> Answers:
        """Answer rows that are known to be valid.

        Args:
            matrix: Shape `[n, features]`, finite numbers.
        """
        indexes, probabilities = self._evaluate(matrix)
        return Answers(indexes, _rounded(probabilities), self._warnings(matrix))

    def _evaluate(self, matrix: Matrix) -> tuple[NDArray[Any], NDArray[Any]]:
        if len(matrix) == 1 and self._trees is not None:
            walked = self._trees.predict(matrix[0].tolist())
            if walked is not None:
                return np.array([walked[0]]), np.array([walked[1]])
        return self._engine.predict(matrix)

    def _warnings(self, matrix: Matrix) -> dict[int, tuple[RangeWarning, ...]]:
        outside = (matrix < self._lowest) | (matrix > self._highest)
        suspects = np.flatnonzero(outside.any(axis=1))
        told = np.cumsum(outside[suspects].sum(axis=1)) <= MOST_WARNINGS
        return {
            at: tuple(_range_warnings(matrix[at].tolist(), self.card.features))
            for at in suspects[told].tolist()
        }

    def _prove(self) -> Proof:
        """Replay the golden rows all at once and one by one, as callers may ask them."""
        with np.errstate(over="ignore"):  # a card may hold what float32 does not: it fails below
            rows = np.array([row.inputs for row in self.card.golden]).astype(self._engine.dtype)
        one_by_one = [self._evaluate(row[np.newaxis]) for row in rows]
        proofs = [
            replay(self.card, *self._engine.predict(rows)),
            replay(self.card, *map(np.concatenate, zip(*one_by_one, strict=True))),
        ]
        worst = min(proofs, key=lambda p: (p.labels_agreeing, -p.largest_probability_difference))
        if not worst.holds:
            raise UnusableGraph(
                f"it does not prove itself here: {worst.labels_agreeing} of {worst.rows} golden "
                f"rows have the label that scikit-learn gave, and probabilities differ by up to "
                f"{worst.largest_probability_difference:.2g} (tolerance {worst.tolerance:g})"
            )
        return worst


def _obtain(location: str, max_bytes: int, sha256: str | None) -> tuple[str, bytes]:
    """The path or the URL of the file, and its bytes."""
    if not location:
        raise UnusableModel("no model file is named: the path is empty")
    path = Path(location)
    is_folder = location.endswith("/") and path.is_dir()
    if not is_folder and not is_url(location):
        return str(path), _not_empty(_read(path, max_bytes), str(path))
    from irisws.model import remote  # here: few need it, and a start is short

    try:
        if is_folder:
            path /= remote.only_model(os.listdir(path), location)
            return _obtain(str(path), max_bytes, sha256)
        url, onnx = remote.fetch(location, max_bytes, sha256)
    except remote.CannotFetch as error:
        raise UnusableModel(str(error)) from None
    return url, _not_empty(onnx, url)


def _not_empty(onnx: bytes, source: str) -> bytes:
    if not onnx:
        raise UnusableModel(f"{source} is empty")
    return onnx


def _read(path: Path, max_bytes: int) -> bytes:
    try:
        with path.open("rb") as file:
            onnx = file.read(min(max_bytes, _size(file)) + 1)
    except FileNotFoundError:
        raise UnusableModel(f"no such file: {path}") from None
    except OSError as error:  # Windows says "permission denied" of a directory
        reason = "it is a directory" if path.is_dir() else (error.strerror or str(error)).lower()
        raise UnusableModel(f"cannot read {path}: {reason}") from None
    if len(onnx) > max_bytes:
        raise UnusableModel(f"{path} is larger than the limit of {max_bytes:,} bytes")
    return onnx


def _size(file: BinaryIO) -> int:
    """The file's size in bytes; that of a pipe or a device, which have none, is taken for endless.

    A read asks the system for the memory of all that it may read, and Windows counts it as used.
    """
    status = os.fstat(file.fileno())
    return status.st_size if stat.S_ISREG(status.st_mode) else sys.maxsize


def _read_trees(file: ModelFile) -> TreeEnsemble | None:
    try:
        nodes = read_nodes(file.onnx)
        return read_tree_ensemble(nodes, len(file.card.features), len(file.card.classes))
    except (NotOnnx, TruncatedOnnx) as error:
        raise UnusableGraph("its graph cannot be read") from error


def _rounded(probabilities: NDArray[np.floating[Any]]) -> Matrix:
    exact = probabilities.astype(np.float64)
    rounded = exact.round(_DECIMALS)
    if (few := (exact < _SMALL) & (exact > _TINY)).any():
        small = exact[few]
        scale = 10.0 ** (_DIGITS - 1 - np.floor(np.log10(small)))
        rounded[few] = (small * scale).round() / scale
    return rounded


def _range_warnings(row: Row, features: Sequence[Feature]) -> Iterator[RangeWarning]:
    for value, feature in zip(row, features, strict=True):
        if not feature.minimum <= value <= feature.maximum:
            given, highest = (_with_unit(v, feature) for v in (value, feature.maximum))
            yield RangeWarning(
                feature.name,
                value,
                feature.minimum,
                feature.maximum,
                f"{feature.name} {given} is outside the {feature.minimum!r} to {highest} "
                "seen in training",
            )


def _with_unit(value: float, feature: Feature) -> str:
    return f"{value!r} {feature.unit}" if feature.unit else repr(value)


def _as_matrix(
    rows: Sequence[Row | Mapping[str, float]] | NDArray[Any],
    features: Sequence[Feature],
    largest_value: float,
) -> Matrix:
    matrix = _numbers(rows, features)
    if matrix.ndim != 2 or matrix.shape[1] != len(features):
        raise InvalidRow(f"rows must have the shape [n, {len(features)}], not {matrix.shape}")
    bad = np.argwhere(~(np.abs(matrix) <= largest_value))  # NaN compares false
    if len(bad):
        at, column = bad[0].tolist()
        raise InvalidRow(
            f"row {at}, {features[column].name}: {matrix[at, column]} is not a finite number "
            f"of at most {largest_value:.2g} (values at fault: {len(bad)})"
        )
    return matrix


def _numbers(rows: Any, features: Sequence[Feature]) -> Matrix:
    """The rows as an array of numbers; nothing is converted that is not one."""
    if hasattr(rows, "columns") and hasattr(rows, "to_dict"):  # a data frame, columns in any order
        rows = rows.to_dict("records")
    if not isinstance(rows, np.ndarray):
        rows = [_by_position(at, row, features) for at, row in enumerate(rows)]
        if not rows:
            return np.empty((0, len(features)))
    try:
        values = np.asarray(rows)
    except ValueError:
        raise InvalidRow(f"rows must have {len(features)} numbers each") from None
    if values.dtype.kind not in "iuf" or any(_has_boolean(row) for row in rows):
        raise InvalidRow("rows must hold numbers: no strings, no booleans, no None")
    return values.astype(np.float64)


def _has_boolean(row: Any) -> bool:
    return not isinstance(row, np.ndarray) and any(isinstance(value, bool) for value in row)


def _by_position(
    at: int, row: Row | Mapping[str, float], features: Sequence[Feature]
) -> Sequence[float]:
    if not isinstance(row, Mapping):
        return row
    known = {name: f.name for f in features for name in (f.name, f.alias) if name}
    unknown = [name for name in row if name not in known]
    given = {known[name]: value for name, value in row.items() if name in known}
    missing = [f.name for f in features if f.name not in given]
    if unknown or missing or len(given) != len(row):
        raise InvalidRow(
            f"row {at} must name each feature once; unknown: {unknown}, missing: {missing}"
        )
    return [given[feature.name] for feature in features]
