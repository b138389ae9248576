"""Rows as `instances`, answered in full: label, index, probabilities and range warnings.

    POST /v1/predict  {"instances": [{"sl": 2.0, "sw": 1.0, "pl": 2.0, "pw": 3.0}]}
    POST /v1/predict  {"instances": [[2.0, 1.0, 2.0, 3.0]]}

The form is that of TensorFlow Serving and Vertex AI.
"""

from collections.abc import Mapping, Sequence
from itertools import repeat
from typing import Any

import msgspec
import numpy as np
from msgspec import Struct

from irisws.api.contract import Contract
from irisws.model.model import Answers, Matrix, Model, RangeWarning
from irisws.web.message import Request, Response
from irisws.web.routing import Handler

_MANY = 100  # rows from which it pays to look for answers that are alike


def predict(model: Model, contract: Contract) -> Handler:
    """The handler of `POST /v1/predict`."""
    writer = _Writer(model)

    def handle(request: Request) -> Response:
        matrix = contract.read_instances(request.json_body())
        return Response(writer.write(model.answer(matrix)))

    return handle


class _Prediction(Struct, gc=False):
    label: str
    index: int
    probabilities: Any
    warnings: Sequence[RangeWarning]


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
        self._end = b',"model":' + msgspec.json.encode(about) + b"}"
        encoder = msgspec.json.Encoder()
        self._encode, self._encode_lines = encoder.encode, encoder.encode_lines

    def write(self, answers: Answers) -> bytes:
        """The reply's body."""
        table: Matrix = np.column_stack((answers.indexes, answers.probabilities))
        if len(table) < _MANY:
            written = self._encode(self._predictions(table, answers.warnings))[1:-1]
        else:
            written = b",".join(self._write_distinct(table, answers.warnings))
        return b'{"predictions":[' + written + b"]" + self._end

    def _predictions(
        self, table: Matrix, warnings: Mapping[int, Sequence[RangeWarning]]
    ) -> list[_Prediction]:
        indexes = table[:, 0].astype(int).tolist()
        return list(
            map(
                _Prediction,
                map(self._labels.__getitem__, indexes),
                indexes,
                map(self._probabilities, *table[:, 1:].T.tolist()),
                map(warnings.get, range(len(table)), repeat(())),
            )
        )

    def _write_distinct(
        self, table: Matrix, warnings: Mapping[int, Sequence[RangeWarning]]
    ) -> list[bytes]:
        """Write each distinct answer once; a tree has no more of them than leaves."""
        rows = table.view(f"V{table[0].nbytes}").ravel().tolist()  # each row as its bytes
        distinct = dict.fromkeys(rows)
        unlike = np.frombuffer(b"".join(distinct)).reshape(-1, table.shape[1])
        lines = self._encode_lines(self._predictions(unlike, {})).split(b"\n")
        written = list(map(dict(zip(distinct, lines, strict=False)).__getitem__, rows))
        for at, found in warnings.items():
            written[at] = self._encode(self._predictions(table[at : at + 1], {0: found}))[1:-1]
        return written
