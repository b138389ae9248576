"""The engine: an ONNX graph evaluated by ONNX Runtime."""

import os
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

if os.environ.get("ORT_DISABLE_TELEMETRY") == "1":
    onnxruntime.disable_telemetry_events()  # on Windows it does not look at the variable

LABEL, PROBABILITIES = "label", "probabilities"

_TENSOR_TYPES: dict[str, type[np.floating[Any]]] = {
    "tensor(float)": np.float32,
    "tensor(double)": np.float64,
}
_LABEL_TYPES = ("tensor(int64)", "tensor(string)")
_FATAL_ONLY = 4  # ONNX Runtime would print its own C++ messages otherwise

# A graph may keep weights in other files; nothing is to be read but the file that was proved.
_EXTERNAL_DATA_FOLDER = "session.model_external_initializers_file_folder_path"
_NO_FOLDER = os.path.join(os.devnull, "none")  # no folder can be there, on any system


class UnusableGraph(ValueError):
    """ONNX Runtime cannot load the graph, or the graph is not a classifier as the card says."""


class OnnxEngine:
    """A classifier graph: one tensor `[n, features]` in, labels and probabilities out."""

    def __init__(self, onnx: bytes, feature_count: int, class_values: Sequence[object]) -> None:
        """Load the graph and compare its shape with what the card says.

        Args:
            onnx: The model file's bytes.
            feature_count: The number of columns that a row has.
            class_values: What the graph's label output may hold, in the order of probabilities.

        Raises:
            UnusableGraph: The graph does not load, or does not fit.
        """
        self._session = _session(onnx)
        _refuse_misfit(self._session, feature_count, len(class_values))
        tensor = self._session.get_inputs()[0]
        self._input_name: str = tensor.name
        self.dtype = _TENSOR_TYPES[tensor.type]
        self._indexes = {value: index for index, value in enumerate(class_values)}
        self._labels_are_indexes = list(class_values) == list(range(len(class_values)))

    @property
    def largest_value(self) -> float:
        """The largest finite value that the graph's input type holds; larger ones overflow."""
        return float(np.finfo(self.dtype).max)

    def predict(self, rows: NDArray[np.floating[Any]]) -> tuple[NDArray[Any], NDArray[Any]]:
        """Answer rows of finite numbers.

        Args:
            rows: Shape `[n, features]`, any float type; converted to the graph's own.

        Returns:
            The class indexes, shape `[n]`, and the probabilities, shape `[n, classes]`.
        """
        tensor = np.ascontiguousarray(rows, dtype=self.dtype)
        try:
            labels, probabilities = self._session.run(
                [LABEL, PROBABILITIES], {self._input_name: tensor}
            )
        except Exception as error:  # its exception classes share no public base
            raise UnusableGraph(f"ONNX Runtime does not run it: {_first_line(error)}") from None
        if probabilities.shape != (len(rows), len(self._indexes)):
            raise UnusableGraph("its graph does not answer one probability per row and class")
        return self._as_indexes(labels), probabilities

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


def _refuse_misfit(session: Any, feature_count: int, class_count: int) -> None:
    inputs, outputs = session.get_inputs(), {o.name: o for o in session.get_outputs()}
    if len(inputs) != 1 or inputs[0].type not in _TENSOR_TYPES or len(inputs[0].shape) != 2:
        raise UnusableGraph("its graph must take one float or double tensor of shape [n, features]")
    if inputs[0].shape[1] != feature_count:
        raise UnusableGraph(
            f"its card names {feature_count} features, its graph takes {inputs[0].shape[1]}"
        )
    if not {LABEL, PROBABILITIES} <= outputs.keys():
        raise UnusableGraph(
            f"its graph must have the outputs {LABEL!r} and {PROBABILITIES!r}, "
            f"it has {', '.join(map(repr, outputs))}"
        )
    label, probabilities = outputs[LABEL], outputs[PROBABILITIES]
    if label.type not in _LABEL_TYPES or len(label.shape) != 1:
        raise UnusableGraph(f"its {LABEL!r} must be integers or strings of shape [n]")
    if probabilities.type not in _TENSOR_TYPES or len(probabilities.shape) != 2:
        raise UnusableGraph(f"its {PROBABILITIES!r} must be floats of shape [n, classes]")
    width = probabilities.shape[1]
    if isinstance(width, int) and width != class_count:
        raise UnusableGraph(f"its card names {class_count} classes, its graph answers {width}")


def _first_line(error: Exception) -> str:
    """ONNX Runtime's message without its code and, where it has them, its source lines."""
    line = str(error).split("\n", 1)[0]
    said = line.rsplit(" : ", 1)[-1]
    return re.sub(r"^/\S+:\d+ .*?\) ", "", said)[:200]  # the place in its C++ sources
