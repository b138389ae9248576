"""The Open Inference Protocol, version 2: what clients of KServe, Triton and MLServer speak.

    POST /v2/models/iris/infer
    {"inputs": [{"name": "input", "shape": [1, 4], "datatype": "FP64", "data": [2, 1, 2, 3]}]}

The rows are one tensor of shape `[n, features]` under any name, or one tensor of shape `[n]` for
each feature under its name; where a feature is no number, it is the latter only. A boolean is BOOL,
a string BYTES, numbers and integers any datatype of numbers. A value that is missing is null in
JSON; in binary only a number may be missing, as NaN. The answers are `label` and, if the model has
them, `probabilities`. Tensors go either way in JSON or in binary (Triton's binary tensor data
extension).

Specification: kserve/open-inference-protocol, specification/protocol/inference_rest.md; and
triton-inference-server/server, docs/protocol/extension_binary_data.md.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
import numpy as np

from irisws.api import service
from irisws.api.diagnosis import Diagnosis
from irisws.api.document import Faults, kind
from irisws.api.infer_request import InferRequest, Output, Tensor, read_infer_request
from irisws.api.large_bodies import LargeBodies
from irisws.api.metrics import tally
from irisws.api.tensors import Elements, bytes_elements, check, datatype_of, split
from irisws.model.card import Card, Feature
from irisws.model.model import Answers, Model
from irisws.model.names import clip, nearest, positions
from irisws.model.rows import Rows, dtype_of
from irisws.web.message import JSON, Request, Response
from irisws.web.problem import Problem
from irisws.web.routing import Handler

BINARY = "application/octet-stream"
JSON_LENGTH = "Inference-Header-Content-Length"  # of the JSON document that stands before tensors

_LENGTH = re.compile(r"[0-9]{1,10}")
# What Triton offers and this server does not: to ignore it would be to answer something else.
_NOT_SERVED = ("classification", "shared_memory_region")


def paths(card: Card) -> tuple[str, str]:
    """The paths of the model: without a version, and with the only one that there is."""
    path = f"/v2/models/{card.name}"
    return path, f"{path}/versions/{card.version}"


def input_tensors(card: Card) -> list[dict[str, Any]]:
    """What the model takes, as its metadata tell: one tensor if every feature is a number.

    FP64 is what a JSON number is; an input may have any other datatype of numbers as well.
    """
    if _takes_table(card.features):
        return [{"name": "input", "datatype": "FP64", "shape": [-1, len(card.features)]}]
    return [{"name": f.name, "datatype": datatype_of(f), "shape": [-1]} for f in card.features]


def _output_tensors(card: Card) -> list[dict[str, Any]]:
    label = {"name": "label", "datatype": "BYTES", "shape": [-1]}
    table = {"name": "probabilities", "datatype": "FP64", "shape": [-1, len(card.classes)]}
    return [label, table] if card.has_probabilities else [label]


def server(version: str) -> Handler:
    """The handler of `GET /v2`."""
    return service.constant(
        {"name": "irisws", "version": version, "extensions": ["binary_tensor_data"]}
    )


def live(request: Request) -> Response:
    """`GET /v2/health/live`: the process answers. Stays so while draining."""
    return Response(b'{"live":true}')


def ready(is_draining: Callable[[], bool]) -> Handler:
    """The handler of `GET /v2/health/ready`.

    The specification calls the member `live`; KServe sends, and its clients read, `ready`.
    """
    return service.ready(is_draining, {"live": True, "ready": True})


def model_ready(model: Model, is_draining: Callable[[], bool]) -> Handler:
    """The handler of `GET /v2/models/{name}/ready`."""
    return service.ready(is_draining, {"name": model.card.name, "ready": True})


def metadata(model: Model) -> Handler:
    """The handler of `GET /v2/models/{name}`.

    The platform is the one that the specification lists for ONNX Runtime; it lists none for
    scikit-learn.
    """
    card = model.card
    return service.constant(
        {
            "name": card.name,
            "versions": [card.version],
            "platform": "onnx_onnxv1" if card.parity.not_onnx is None else "sklearn_skops",
            "inputs": input_tensors(card),
            "outputs": _output_tensors(card),
        }
    )


def infer(model: Model, max_rows: int) -> Handler:
    """The handler of `POST /v2/models/{name}/infer`."""
    rows = _Rows(model, max_rows)
    large = LargeBodies(model.card.features, max_rows)
    writer = _Writer(model)
    outputs = [output["name"] for output in _output_tensors(model.card)]

    def read(document: bytes, tail: memoryview) -> _Asked:
        asked, faults = read_infer_request(document), Faults()
        wanted = _wanted_outputs(asked, outputs, faults)
        return _Asked(rows.read(asked.inputs, tail, faults), wanted, asked.id)

    def handle(request: Request) -> Response:
        document, tail = _parts(request)
        asked = large.read(lambda document: read(document, tail), document)
        answers = model.answer(asked.rows)
        request.answered = tally(answers)
        return writer.write(answers, asked.outputs, asked.id)

    return handle


class _Asked(NamedTuple):
    """What was asked."""

    rows: Rows
    outputs: dict[str, bool]
    id: object


def _parts(request: Request) -> tuple[bytes, memoryview]:
    """The JSON document of a request, and the bytes that follow it.

    Raises:
        Problem: 400, the header that says where the document ends is wrong; or as
            `Request.media_type` and `Request.body` do.
    """
    # tritonclient sends no Content-Type. A body without one is BINARY (RFC 9110, 8.3).
    request.environ["CONTENT_TYPE"] = request.environ.get("CONTENT_TYPE") or BINARY
    request.media_type(JSON, BINARY)
    body = request.body()
    given = request.environ.get("HTTP_INFERENCE_HEADER_CONTENT_LENGTH")
    if given is None:
        return body, memoryview(b"")
    if not _LENGTH.fullmatch(given) or int(given) > len(body):
        wanted = f"a decimal number of bytes, at most the {len(body)} of the body"
        raise Problem(400, "bad-request", f"{JSON_LENGTH} must be {wanted}")
    return body[: int(given)], memoryview(body)[int(given) :]


def _wanted_outputs(asked: InferRequest, known: Sequence[str], faults: Faults) -> dict[str, bool]:
    """The outputs to send, in order, and whether each is to be in binary; all if none is named."""
    default = _flag(asked, "binary_data_output", False, "", faults)
    if not asked.outputs:
        return dict.fromkeys(known, default)
    wanted: dict[str, bool] = {}
    for at, output in enumerate(asked.outputs):
        pointer = f"/outputs/{at}"
        if output.name not in known:
            near = nearest(output.name, known)
            hint = f"did you mean {near}?" if near else _there_are(known)
            faults.add(f"{pointer}/name", f"is not an output of this model, {hint}", near)
        elif output.name in wanted:
            faults.add(f"{pointer}/name", f"asks for {clip(output.name)} again")
        for name in sorted(set(output.parameters or ()).intersection(_NOT_SERVED)):
            faults.add(f"{pointer}/parameters/{name}", "is an extension that this server has not")
        wanted[output.name] = _flag(output, "binary_data", default, pointer, faults)
    return wanted


def _there_are(names: Sequence[str]) -> str:
    return f"there {'is' if len(names) == 1 else 'are'} {' and '.join(names)}"


def _takes_table(features: Sequence[Feature]) -> bool:
    """Whether the rows may come as one tensor."""
    return all(feature.is_numeric for feature in features)


def _flag(
    described: InferRequest | Output, name: str, default: bool, pointer: str, faults: Faults
) -> bool:
    """A parameter that is true or false; all that a server does not know are ignored."""
    value = (described.parameters or {}).get(name, default)
    if isinstance(value, bool):
        return value
    faults.add(f"{pointer}/parameters/{name}", f"expected true or false, got {kind(value)}")
    return default


class _Rows:
    """Turns the input tensors of a request into rows."""

    def __init__(self, model: Model, max_rows: int) -> None:
        features, largest_value = model.card.features, model.largest_value
        self._diagnosis = Diagnosis(features, largest_value, max_rows)
        self._elements = Elements(self._diagnosis, features, largest_value)
        self._features = {name: features[at] for name, at in positions(features).items()}
        self._takes_table = _takes_table(features)
        self._dtype = dtype_of(features)
        self._width = len(features)
        self._max_rows = max_rows

    def read(self, inputs: Sequence[Tensor], tail: memoryview, faults: Faults) -> Rows:
        """Read the rows.

        Args:
            inputs: One tensor of all features, or one for each feature, in any order.
            tail: The bytes that follow the JSON document.
            faults: What is already known to be wrong with the request.

        Raises:
            InvalidRows: The tensors are not such, or hold what the features do not take.
        """
        is_table = len(inputs) == 1 and self._is_table(inputs[0])
        columns = self._columns(inputs, is_table, faults)
        for at, tensor in enumerate(inputs):
            feature = None if is_table else self._features.get(tensor.name)
            if is_table or feature is not None:
                check(tensor, feature, f"/inputs/{at}", faults)
        faults.raise_any()  # before anything is reckoned from a shape that may be of any size
        parts = split(inputs, tail, faults)
        faults.raise_any()
        matrix: Rows = np.empty((inputs[0].shape[0], self._width), dtype=self._dtype)
        for at, (tensor, part, column) in enumerate(zip(inputs, parts, columns, strict=True)):
            values = self._elements.read(tensor, part, column, f"/inputs/{at}", faults)
            if values is not None:
                if self._dtype is object and values.dtype.kind != "O":
                    values = values.astype(np.float64)  # or the objects would be of any type
                matrix[:, column : column + values.shape[1]] = values
        faults.raise_any()
        return matrix

    def _columns(self, inputs: Sequence[Tensor], is_table: bool, faults: Faults) -> list[int]:
        """For each tensor, the column that it begins at. The shapes are checked here, too."""
        if is_table and not self._takes_table:
            faults.add("/inputs", "expected one tensor for each feature, not all are numbers")
            faults.raise_any()
        if is_table:
            self._check_shapes(inputs, {(self._width,): f"[n, {self._width}]"}, faults)
            return [0]
        order = self._diagnosis.columns([tensor.name for tensor in inputs], "/inputs", faults)
        self._check_shapes(inputs, {(): "[n]", (1,): "[n, 1]"}, faults)
        return sorted(range(len(order)), key=order.__getitem__)  # which turns order around

    def _is_table(self, tensor: Tensor) -> bool:
        if self._width == 1 and not self._takes_table:
            return False
        return len(tensor.shape) == 2 or tensor.name not in self._features

    def _check_shapes(
        self, inputs: Sequence[Tensor], forms: Mapping[tuple[int, ...], str], faults: Faults
    ) -> None:
        """Note each shape that is not a number of rows, the same for all, and one of the forms."""
        wanted = " or ".join(forms.values())
        rows = inputs[0].shape[0] if inputs and inputs[0].shape else 0
        for at, tensor in enumerate(inputs):
            pointer = f"/inputs/{at}/shape"
            if not tensor.shape or tuple(tensor.shape[1:]) not in forms:
                faults.add(pointer, f"expected {wanted}, got {tensor.shown_shape}")
            elif tensor.shape[0] != rows:
                faults.add(pointer, f"expected {rows} rows as in the first, got {tensor.shape[0]}")
            elif at == 0 and not 0 < rows <= self._max_rows:
                faults.add(pointer, f"expected 1 to {self._max_rows:,} rows, got {rows}")


class _Writer:
    """Writes answers as output tensors."""

    def __init__(self, model: Model) -> None:
        card = model.card
        self._labels = [target.name for target in card.classes]
        self._elements = bytes_elements(self._labels)
        self._about = {"model_name": card.name, "model_version": card.version}

    def write(self, answers: Answers, wanted: Mapping[str, bool], id: object) -> Response:
        """The reply to a request.

        Args:
            answers: To n rows.
            wanted: The names of the outputs, in order, and whether each is to be in binary.
            id: The request's own, if it is a string.
        """
        outputs, parts = [], []
        for name, in_binary in wanted.items():
            output, data = self._output(name, answers, in_binary)
            if isinstance(data, bytes):
                output["parameters"] = {"binary_data_size": len(data)}
                parts.append(data)
            else:
                output["data"] = data
            outputs.append(output)
        named = {**self._about, "id": id} if isinstance(id, str) else self._about
        document = msgspec.json.encode({**named, "outputs": outputs})
        if not parts:
            return Response(document)
        length = (JSON_LENGTH, str(len(document)))
        return Response(b"".join((document, *parts)), content_type=BINARY, headers=[length])

    def _output(
        self, name: str, answers: Answers, in_binary: bool
    ) -> tuple[dict[str, Any], list[Any] | bytes]:
        if name == "label":
            indexes = answers.indexes.tolist()
            output = {"name": name, "datatype": "BYTES", "shape": [len(indexes)]}
            if in_binary:
                return output, b"".join(map(self._elements.__getitem__, indexes))
            return output, list(map(self._labels.__getitem__, indexes))
        table = answers.probabilities.astype("<f8", copy=False)
        output = {"name": name, "datatype": "FP64", "shape": list(table.shape)}
        return output, table.tobytes() if in_binary else table.ravel().tolist()
