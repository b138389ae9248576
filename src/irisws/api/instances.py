"""Rows as `instances`, answered in full: label, index, probabilities and range warnings.

    POST /v1/predict  {"instances": [{"sl": 2.0, "sw": 1.0, "pl": 2.0, "pw": 3.0}]}
    POST /v1/predict  {"instances": [[2.0, 1.0, 2.0, 3.0]], "parameters": {"warnings": false}}

The form is that of TensorFlow Serving and Vertex AI, and so its clients find it where they look
for it, too:

    POST /v1/models/iris:predict    POST /v1/models/iris/versions/1.0:predict
    GET  /v1/models/iris            GET  /v1/models/iris/versions/1.0
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import repeat
from typing import Any

import msgspec
import numpy as np
from msgspec import UNSET, Struct, UnsetType
from numpy.typing import NDArray

from irisws.api import service
from irisws.api.contract import Contract
from irisws.api.document import Faults, InvalidRows
from irisws.api.metrics import tally
from irisws.model.card import Card
from irisws.model.distinct import MANY, write_distinct
from irisws.model.explanation import Neighbours, Path
from irisws.model.model import Answers, Matrix, Model
from irisws.model.range_warnings import RangeWarning
from irisws.model.rows import Rows
from irisws.web.message import Request, Response
from irisws.web.routing import Handler

MOST_EXPLAINED = 1_000  # rows of one request; each takes some microseconds, and its text has room

_HEAD = b'{"predictions":['


def predict(model: Model, contract: Contract) -> Handler:
    """The handler of `POST /v1/predict` and `POST /v1/models/{name}:predict`."""
    writer = _Writer(model)

    def handle(request: Request) -> Response:
        matrix, parameters = contract.read_instances(request.json_body())
        answers = model.answer(matrix)
        request.answered = tally(answers)
        body = writer.write(
            answers,
            probabilities=parameters.get("probabilities", True),
            warnings=parameters.get("warnings", True),
            explanations=_explain(model, matrix, answers) if parameters.get("explain") else (),
        )
        return Response(body)

    return handle


def paths(card: Card) -> tuple[str, str]:
    """The paths of the model: without a version, which means the one there is, and with it."""
    path = f"/v1/models/{card.name}"
    return path, f"{path}/versions/{card.version}"


def status(model: Model) -> Handler:
    """The handler of `GET /v1/models/{name}`: TensorFlow Serving's GetModelStatusResponse."""
    version = {
        "version": model.card.version,
        "state": "AVAILABLE",  # a model that is not is not served
        "status": {"error_code": "OK", "error_message": ""},
    }
    return service.constant({"model_version_status": [version]})


def _explain(model: Model, rows: Rows, answers: Answers) -> Sequence[Path | Neighbours]:
    """Why each row got its answer.

    Raises:
        InvalidRows: Nothing explains this model, or there are too many rows.
    """
    faults = Faults()
    if model.explainer is None:
        faults.add(
            "/parameters/explain",
            "is not available for this model: it is no single decision tree, and its card holds no "
            "sample of training rows",
        )
    elif len(rows) > MOST_EXPLAINED:
        faults.add(
            "/parameters/explain",
            f"is for at most {MOST_EXPLAINED:,} rows in one request, got {len(rows):,}",
        )
    else:
        return model.explainer.explain(rows, answers.indexes.tolist())
    raise InvalidRows(faults)


class _Prediction(Struct, gc=False):
    label: str
    index: int
    probabilities: Any  # UNSET where the caller does not want them
    warnings: Sequence[RangeWarning] | UnsetType
    explanation: Path | Neighbours | UnsetType = UNSET


class _Writer:
    """Writes answers as JSON, through a type made of the model's classes."""

    def __init__(self, model: Model) -> None:
        classes = model.card.classes
        self._labels = [target.name for target in classes]
        fields = {f"p{position}": target.name for position, target in enumerate(classes)}
        self._probabilities = msgspec.defstruct(
            "Probabilities", [(field, float) for field in fields], rename=fields, gc=False
        )
        about = {"name": model.card.name, "version": model.card.version}
        self._tail = b'],"model":' + msgspec.json.encode(about) + b"}"
        encoder = msgspec.json.Encoder()
        self._encode, self._encode_lines = encoder.encode, encoder.encode_lines

    def write(
        self,
        answers: Answers,
        *,
        probabilities: bool,
        warnings: bool,
        explanations: Sequence[Path | Neighbours],
    ) -> bytes:
        """The reply's body, with or without every class's probability and the range warnings."""
        told = answers.probabilities if probabilities else answers.probabilities[:, :0]
        none: Sequence[RangeWarning] | UnsetType = () if warnings else UNSET
        found = answers.warnings if warnings else {}
        if len(told) < MANY or explanations:
            every = map(found.get, range(len(told)), repeat(none))
            predictions = self._predictions(answers.indexes.tolist(), told, every)
            for prediction, explanation in zip(predictions, explanations, strict=False):
                prediction.explanation = explanation
            return _HEAD + self._encode(predictions)[1:-1] + self._tail
        parts = self._write_distinct(answers.indexes, told, found, none)
        parts[0], parts[-1] = _HEAD + parts[0], parts[-1] + self._tail
        return b",".join(parts)  # in one piece: every copy of megabytes costs a millisecond

    def _predictions(
        self, indexes: list[int], probabilities: Matrix, warnings: Iterable[Any]
    ) -> list[_Prediction]:
        columns = probabilities.T.tolist()
        named = map(self._probabilities, *columns) if columns else repeat(UNSET)
        labels = map(self._labels.__getitem__, indexes)
        return list(map(_Prediction, labels, indexes, named, warnings))

    def _write_distinct(
        self,
        indexes: NDArray[np.int64],
        probabilities: Matrix,
        warnings: Mapping[int, Sequence[RangeWarning]],
        none: Sequence[RangeWarning] | UnsetType,
    ) -> list[bytes]:
        """Write each distinct answer once; a tree has no more of them than leaves."""

        def encode(numbers: list[int], told: Matrix) -> list[bytes]:
            lines = self._encode_lines(self._predictions(numbers, told, repeat(none)))
            return lines.split(b"\n")[:-1]  # each ends with one

        parts = write_distinct(indexes, probabilities, encode)
        for at, found in warnings.items():
            one = self._predictions([int(indexes[at])], probabilities[at : at + 1], [found])
            parts[at] = self._encode(one)[1:-1]
        return parts
