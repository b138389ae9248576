"""The engine: an ONNX graph evaluated by ONNX Runtime."""

import os
import re
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from irisws.model.card import Feature
from irisws.model.rows import Rows, is_missing

if os.environ.get("ORT_DISABLE_TELEMETRY") == "1":
    onnxruntime.disable_telemetry_events()  # on Windows it does not look at the variable

LABEL, PROBABILITIES = "label", "probabilities"

# ONNX has no missing strings, so this stands for one. No text holds it (Unicode, noncharacters).
MISSING_STRING = "\uffff"

_NUMBER_TYPES: dict[str, type[np.floating[Any]]] = {
    "tensor(float)": np.float32,
    "tensor(double)": np.float64,
}
_STRING_TYPE = "tensor(string)"
_LABEL_TYPES = ("tensor(int64)", _STRING_TYPE)
_MOST_AT_ONCE = 2_048  # rows: a graph may hold a distance of each to every training row
_FATAL_ONLY = 4  # ONNX Runtime would print its own C++ messages otherwise

# A graph may keep weights in other files; nothing is to be read but the file that was proved.
_EXTERNAL_DATA_FOLDER = "session.model_external_initializers_file_folder_path"
_NO_FOLDER = os.path.join(os.devnull, "none")  # no folder can be there, on any system


class UnusableGraph(ValueError):
    """The engine cannot load the model, or the model is not a classifier as the card says."""


class RefusedRow(ValueError):
    """The engine cannot answer a row that fits the card; the message has its reason."""


class Engine(Protocol):
    """What answers rows. Safe to use from many threads."""

    @property
    def largest_value(self) -> float:
        """The largest absolute value that a number of a row may have."""

    def predict(self, rows: Rows) -> tuple[NDArray[Any], NDArray[Any]]:
        """Answer rows.

        Args:
            rows: Shape `[n, features]`; see `irisws.model.rows`.

        Returns:
            The class indexes, shape `[n]`, and the probabilities, shape `[n, classes]`, or `[n, 0]`
            if the model has none.
        """


class OnnxEngine:
    """A classifier graph: numbers `[n, …]` and strings `[n, …]` in, labels and probabilities out.

    The graph takes one tensor of all numbers, in card order, booleans and integers among them, and
    one of all strings, in card order. What it has no feature for it does not take.
    """

    def __init__(
        self,
        onnx: bytes,
        features: Sequence[Feature],
        class_values: Sequence[object],
        has_probabilities: bool = True,
    ) -> None:
        """Load the graph and compare its shape with what the card says.

        Args:
            onnx: The model file's bytes.
            features: The card's.
            class_values: What the graph's label output may hold, in the order of probabilities.
            has_probabilities: Whether to ask the graph for probabilities.

        Raises:
            UnusableGraph: The graph does not load, or does not fit.
        """
        self._session = _session(onnx)
        texts = [at for at, feature in enumerate(features) if feature.kind == "string"]
        numbers = [at for at, feature in enumerate(features) if feature.kind != "string"]
        outputs = [LABEL, PROBABILITIES][: 1 + has_probabilities]
        _refuse_misfit(self._session, len(numbers), len(texts), outputs, len(class_values))
        self._outputs = outputs
        self._numbers = numbers if texts else None  # None for all columns
        self._texts = texts
        self.dtype: type[np.floating[Any]] = np.float64
        for tensor in self._session.get_inputs():
            if tensor.type == _STRING_TYPE:
                self._strings_name = tensor.name
            else:
                self._numbers_name, self.dtype = tensor.name, _NUMBER_TYPES[tensor.type]
        self._indexes = {value: index for index, value in enumerate(class_values)}
        self._labels_are_indexes = list(class_values) == list(range(len(class_values)))

    @property
    def largest_value(self) -> float:
        """The largest finite value that the graph's input type holds; larger ones overflow."""
        return float(np.finfo(self.dtype).max)

    def predict(self, rows: Rows) -> tuple[NDArray[Any], NDArray[Any]]:
        """Answer rows; see `Engine.predict`."""
        if len(rows) <= _MOST_AT_ONCE:
            return self._predict(rows)
        parts = [
            self._predict(rows[start : start + _MOST_AT_ONCE])
            for start in range(0, len(rows), _MOST_AT_ONCE)
        ]
        indexes, probabilities = zip(*parts, strict=True)
        return np.concatenate(indexes), np.concatenate(probabilities)

    def _predict(self, rows: Rows) -> tuple[NDArray[Any], NDArray[Any]]:
        try:
            found = self._session.run(self._outputs, self._tensors(rows))
        except Exception as error:  # its exception classes share no public base
            raise UnusableGraph(f"ONNX Runtime does not run it: {_first_line(error)}") from None
        if len(found) == 1:
            return self._as_indexes(found[0]), np.empty((len(rows), 0))
        labels, probabilities = found
        if probabilities.shape != (len(rows), len(self._indexes)):
            raise UnusableGraph("its graph does not answer one probability per row and class")
        return self._as_indexes(labels), probabilities

    def _tensors(self, rows: Rows) -> dict[str, NDArray[Any]]:
        if self._numbers is None:
            return {self._numbers_name: np.ascontiguousarray(rows, dtype=self.dtype)}
        strings = rows[:, self._texts]
        strings[is_missing(strings)] = MISSING_STRING
        tensors = {self._strings_name: strings}
        if self._numbers:
            tensors[self._numbers_name] = rows[:, self._numbers].astype(self.dtype)
        return tensors

    def _as_indexes(self, labels: NDArray[Any]) -> NDArray[Any]:
        if self._labels_are_indexes:
            if len(labels) and not 0 <= labels.min() <= labels.max() < len(self._indexes):
                raise UnusableGraph("its graph answers a class that its card lacks")
            return labels
        try:
            return np.array([self._indexes[label] for label in labels.tolist()], dtype=np.int64)
        except KeyError:
            raise UnusableGraph("its graph answers a class that its card lacks") from None


def _session(onnx: bytes) -> Any:
    options = onnxruntime.SessionOptions()
    # One thread: a request must not take every core, and with several the sums over a forest's
    # trees come in varying order, so that a tie falls now this way, now that.
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = _FATAL_ONLY
    options.add_session_config_entry(_EXTERNAL_DATA_FOLDER, _NO_FOLDER)
    try:
        return onnxruntime.InferenceSession(onnx, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its exception classes share no public base
        raise UnusableGraph(f"ONNX Runtime does not load it: {_first_line(error)}") from None


def _refuse_misfit(
    session: Any, number_count: int, text_count: int, wanted: Sequence[str], class_count: int
) -> None:
    inputs, outputs = session.get_inputs(), {o.name: o for o in session.get_outputs()}
    _refuse_inputs(inputs, number_count, text_count)
    if not outputs.keys() >= set(wanted):
        raise UnusableGraph(
            f"its graph must have the outputs {' and '.join(map(repr, wanted))}, "
            f"it has {', '.join(map(repr, outputs))}"
        )
    label = outputs[LABEL]
    if label.type not in _LABEL_TYPES or len(label.shape) != 1:
        raise UnusableGraph(f"its {LABEL!r} must be integers or strings of shape [n]")
    if PROBABILITIES not in wanted:
        return
    probabilities = outputs[PROBABILITIES]
    if probabilities.type not in _NUMBER_TYPES or len(probabilities.shape) != 2:
        raise UnusableGraph(f"its {PROBABILITIES!r} must be floats of shape [n, classes]")
    width = probabilities.shape[1]
    if isinstance(width, int) and width != class_count:
        raise UnusableGraph(f"its card names {class_count} classes, its graph answers {width}")


def _refuse_inputs(inputs: Sequence[Any], number_count: int, text_count: int) -> None:
    """Refuse inputs that are not one tensor for the numbers and one for the strings."""
    wanted = {_STRING_TYPE: text_count} if text_count else {}
    for tensor in inputs:
        if tensor.type in _NUMBER_TYPES and number_count:
            wanted[tensor.type] = number_count
    given = {tensor.type: tensor.shape for tensor in inputs}
    expected = bool(number_count) + bool(text_count)
    if given.keys() != wanted.keys() or len(inputs) != expected or len(wanted) != expected:
        raise UnusableGraph(
            "its graph must take "
            + " and ".join(
                f"one {what} tensor of shape [n, {name}]"
                for what, name, count in (
                    ("float or double", "features" if not text_count else "numbers", number_count),
                    ("string", "features" if not number_count else "strings", text_count),
                )
                if count
            )
        )
    for kind, count in wanted.items():
        if len(given[kind]) != 2 or given[kind][1] != count:
            taken = given[kind][1] if len(given[kind]) == 2 else f"the shape {given[kind]}"
            what = "features" if expected == 1 else "strings" if kind == _STRING_TYPE else "numbers"
            raise UnusableGraph(f"its card names {count} {what}, its graph takes {taken}")


def _first_line(error: Exception) -> str:
    """ONNX Runtime's message without its code and, where it has them, its source lines."""
    line = str(error).split("\n", 1)[0]
    said = line.rsplit(" : ", 1)[-1]
    return re.sub(r"^/\S+:\d+ .*?\) ", "", said)[:200]  # the place in its C++ sources
