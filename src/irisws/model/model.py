"""A model: a card, an engine, and the proof that both agree with scikit-learn."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import onnxruntime
from msgspec import Struct
from numpy.typing import NDArray

from irisws.model.batching import BatchingEngine
from irisws.model.card import Value
from irisws.model.engine import Engine, OnnxEngine, RefusedRow, UnusableGraph
from irisws.model.explanation import explainer
from irisws.model.model_file import DEFAULT_MAX_MODEL_BYTES, ModelFile, read_model_file
from irisws.model.model_file import DEFAULT_MODEL as DEFAULT_MODEL
from irisws.model.model_file import UnusableModel as UnusableModel
from irisws.model.onnx_file import NotOnnx, TruncatedOnnx, read_nodes
from irisws.model.proof import Proof, replay
from irisws.model.range_warnings import RangeChecker, RangeWarning
from irisws.model.rows import InvalidRow as InvalidRow
from irisws.model.rows import Rows, accepts, as_rows, dtype_of, is_walkable, read_rows
from irisws.model.skops_file import is_skops
from irisws.model.trees import TreeEnsemble, read_tree_ensemble

# The engines compute in float32. What lies beyond the sixth decimal is the noise of that: it
# differs from engine to engine, and the proof's tolerance does not vouch for it. Of small
# probabilities more is kept, because there the digits still order the rows: seven, all that
# float32 has.
_DECIMALS, _SMALL, _DIGITS = 6, 0.01, 7
_TINY = 1e-290  # below, the scale would not be a number

# scikit-learn takes milliseconds a row: so few golden rows it answers one by one, too.
_FEW = 10

Row = Sequence[Value]
Matrix = NDArray[np.float64]


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
    outside: NDArray[np.bool_]  # which values are unlike those of training, [n, features]


class Model:
    """A classifier that has proved itself on this machine. Safe to use from many threads.

    Attributes:
        card: What the file says of itself.
        digest: The SHA-256 of the file, 64 hexadecimal digits.
        path: The file; of one that came by a URL, its name alone.
        source: The path or the URL that the file came by, as text.
        proof: What replaying the golden rows showed: `rows`, `labels_agreeing`,
            `largest_probability_difference` and `tolerance`.
        engine: What answers, in words: `ONNX Runtime 1.31.1`, or `scikit-learn 1.9.1, because …`.
        is_batching: Whether requests that come while it is busy are answered together, as a
            `.skops` file's are: more threads then answer more.
        explainer: Explains answers, if this is a single decision tree or the card holds a sample of
            the training rows; else None.
    """

    def __init__(self, file: ModelFile, trust: Collection[str] = ()) -> None:
        """Load the engine and replay the golden rows; see `Model.load`."""
        self.card = card = file.card
        self.digest = file.digest
        self.path = file.path
        self.source = file.source
        self._dtype = dtype_of(card.features)
        try:
            self._engine = _load_engine(file, trust)
            self._trees = _read_trees(file)
            self.proof = self._prove()
        except (UnusableGraph, InvalidRow) as error:  # which a golden row may be
            raise UnusableModel(f"{file.source} cannot be used: {error}") from None
        self._ranges = RangeChecker(card.features)
        self.explainer = explainer(card, self._trees)
        self.engine = _engine_name(file)
        self.is_batching = isinstance(self._engine, BatchingEngine)

    @classmethod
    def load(
        cls,
        path: str | Path = DEFAULT_MODEL,
        *,
        max_bytes: int = DEFAULT_MAX_MODEL_BYTES,
        sha256: str | None = None,
        trust: Collection[str] = (),
    ) -> "Model":
        """Load a model file and prove it: its golden rows must give scikit-learn's answers.

        Args:
            path: A file that `irisws.pack` wrote, or its URL (`gs://`, `s3://`, `https://`); the
                packaged iris model by default. What ends with a slash is a folder, and means the
                file `model.onnx` in it, else the only one `*.onnx` or `*.skops`.
            max_bytes: Refuse a larger file; 1 GiB by default.
            sha256: Refuse a file that has another SHA-256; 64 hexadecimal digits in lower case.
            trust: The types that an estimator in a `.skops` file may be made of, by their full
                names, beside those that skops trusts by itself. Never take them from the file.

        Returns:
            The model, proved.

        Raises:
            UnusableModel: The file cannot be read, is not a model, or does not prove itself.
        """
        return cls(read_model_file(path, max_bytes=max_bytes, sha256=sha256), trust)

    @property
    def short_digest(self) -> str:
        """The first eight hexadecimal digits of the file's SHA-256."""
        return self.digest[:8]

    @property
    def largest_value(self) -> float:
        """The largest absolute value that a row may hold: that of float32 or of float64."""
        return self._engine.largest_value

    def predict(self, rows: Any) -> list[Prediction]:
        """Answer rows.

        Args:
            rows: n rows; each a sequence of values in card order, or a mapping from feature name
                or alias to value. An array has the shape `[n, features]`; a data frame has its
                columns in any order. Values are in the features' own units; None is a missing one.

        Returns:
            n predictions, in the order of the rows.

        Raises:
            InvalidRow: A row has a wrong length, an unknown or missing name, or a value that the
                feature does not take.
        """
        answers = self.answer(read_rows(rows, self.card.features, self.largest_value))
        names = [target.name for target in self.card.classes]
        return [
            Prediction(
                names[index],
                index,
                dict(zip(names, probabilities, strict=False)),  # there may be none
                answers.warnings.get(at, ()),
            )
            for at, (index, probabilities) in enumerate(
                zip(answers.indexes.tolist(), answers.probabilities.tolist(), strict=True)
            )
        ]

    def classify(self, row: Row) -> int:
        """The class index of one row that is known to be valid: values in card order."""
        # what has trees to walk has numbers only
        walked = None if self._trees is None else self._trees.predict(row)  # type: ignore[arg-type]
        if walked is not None:
            return walked[0]
        rows = (
            as_rows([row], self.card.features) if self._dtype is object else np.array([row], float)
        )
        return int(self._predict(rows)[0][0])

    def outside(self, row: Row) -> list[int]:
        """The positions of the features of a valid row that are outside their training range."""
        return self._ranges.outside_of_one(row)

    def answer(self, rows: Rows, *, warn: bool = True) -> Answers:
        """Answer rows that are known to be valid.

        Args:
            rows: Shape `[n, features]`; see `irisws.model.rows`.
            warn: Whether to make the warnings, which take longer than the answers.

        Raises:
            InvalidRow: The estimator refuses a row that fits the card.
        """
        indexes, probabilities = self._evaluate(rows)
        outside = self._ranges.outside(rows)
        warnings = self._ranges.warnings(rows, outside) if warn else {}
        return Answers(indexes, _rounded(probabilities), warnings, outside)

    def _evaluate(self, rows: Rows) -> tuple[NDArray[Any], NDArray[Any]]:
        if len(rows) == 1 and self._trees is not None:
            walked = self._trees.predict(rows[0].tolist())
            if walked is not None:
                return np.array([walked[0]]), np.array([walked[1]])
        return self._predict(rows)

    def _predict(self, rows: Rows) -> tuple[NDArray[Any], NDArray[Any]]:
        try:
            return self._engine.predict(rows)
        except RefusedRow as error:
            raise InvalidRow(f"the model cannot answer: {error}") from None

    def _refuse_other_values(self) -> None:
        """Refuse a card whose rows hold what its own features do not take."""
        described: list[tuple[Value, ...]] = [row.inputs for row in self.card.golden]
        described += [row.inputs for row in self.card.sample]
        for values in described:
            for value, feature in zip(values, self.card.features, strict=True):
                if not accepts(value, feature, np.inf):
                    raise UnusableGraph(
                        f"a row of its card holds what {feature.name} does not take: "
                        f"{repr(value)[:40]}"
                    )

    def _prove(self) -> Proof:
        """Replay the golden rows all at once and one by one, as callers may ask them."""
        self._refuse_other_values()
        with np.errstate(over="ignore"):  # a card may hold what float32 does not: it fails below
            rows = as_rows([row.inputs for row in self.card.golden], self.card.features)
            if isinstance(self._engine, OnnxEngine) and rows.dtype != object:
                rows = rows.astype(self._engine.dtype)
        few = rows if isinstance(self._engine, OnnxEngine) else rows[:_FEW]
        one_by_one = [self._evaluate(row[np.newaxis]) for row in few]
        proofs = [
            replay(self.card, *self._predict(rows)),
            replay(self.card, *map(np.concatenate, zip(*one_by_one, strict=True))),
        ]
        worst = replace(
            proofs[0],
            labels_agreeing=len(rows) - max(p.rows - p.labels_agreeing for p in proofs),
            largest_probability_difference=max(p.largest_probability_difference for p in proofs),
        )
        if not worst.holds:
            raise UnusableGraph(
                f"it does not prove itself here: {worst.labels_agreeing} of {worst.rows} golden "
                f"rows have the label that scikit-learn gave, and probabilities differ by up to "
                f"{worst.largest_probability_difference:.2g} (tolerance {worst.tolerance:g})"
            )
        return worst


def _load_engine(file: ModelFile, trust: Collection[str]) -> Engine:
    values = [target.value for target in file.card.classes]
    if is_skops(file.data):
        from irisws.model.skops_engine import load_estimator  # here: scikit-learn takes a second

        return BatchingEngine(load_estimator(file.data, file.card, trust))
    return OnnxEngine(file.data, file.card.features, values, file.card.has_probabilities)


def _engine_name(file: ModelFile) -> str:
    if not is_skops(file.data):
        return f"ONNX Runtime {onnxruntime.__version__}"
    import sklearn  # here: it takes a second

    return f"scikit-learn {sklearn.__version__}, because {file.card.parity.not_onnx}"


def _read_trees(file: ModelFile) -> TreeEnsemble | None:
    features = file.card.features
    if is_skops(file.data) or not is_walkable(features):
        return None
    try:
        return read_tree_ensemble(read_nodes(file.data), len(features), len(file.card.classes))
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
