"""Rows as `instances`, answered in full: label, index, probabilities and range warnings.

    POST /v1/predict  {"instances": [{"sl": 2.0, "sw": 1.0, "pl": 2.0, "pw": 3.0}]}
    POST /v1/predict  {"instances": [[2.0, 1.0, 2.0, 3.0]]}

The form is that of TensorFlow Serving and Vertex AI.
"""

from collections.abc import Callable, Sequence
from itertools import islice, repeat
from typing import Any

import msgspec
from msgspec import Struct

from irisws.api.contract import Contract
from irisws.model.model import Answers, Model, RangeWarning
from irisws.web.message import Request, Response
from irisws.web.routing import Handler


def predict(model: Model, contract: Contract) -> Handler:
    """The handler of `POST /v1/predict`."""
    writer = _Writer(model)

    def handle(request: Request) -> Response:
        rows = contract.read_instances(request.json_body())
        return Response(writer.write(model.answer(rows, warn=True)))

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
        self._encode = msgspec.json.Encoder().encode

    def write(self, answers: Answers) -> bytes:
        """The reply's body."""
        written = self._write_repeated(answers) if _repeat(answers) else self._write_each(answers)
        return b'{"predictions":[' + written + b"]" + self._end

    def _write_each(self, answers: Answers) -> bytes:
        predictions = map(
            _Prediction,
            map(self._labels.__getitem__, answers.indexes),
            answers.indexes,
            map(self._probabilities, *answers.probabilities),
            map(answers.warnings.get, range(len(answers.indexes)), repeat(())),
        )
        return self._encode(list(predictions))[1:-1]

    def _write_repeated(self, answers: Answers) -> bytes:
        """Write each distinct answer once: half the time for a tree, which has few leaves."""
        rows = list(zip(answers.indexes, *answers.probabilities, strict=True))
        parts = list(map(_Memo(self._write_one).__getitem__, rows))
        for at, warnings in answers.warnings.items():
            parts[at] = self._write_one(rows[at], warnings)
        return b",".join(parts)

    def _write_one(self, row: tuple[Any, ...], warnings: Sequence[RangeWarning] = ()) -> bytes:
        index, *probabilities = row
        label = self._labels[index]
        return self._encode(
            _Prediction(label, index, self._probabilities(*probabilities), warnings)
        )


class _Memo(dict[tuple[Any, ...], bytes]):
    def __init__(self, write: Callable[[tuple[Any, ...]], bytes]) -> None:
        super().__init__()
        self._write = write

    def __missing__(self, row: tuple[Any, ...]) -> bytes:
        self[row] = written = self._write(row)
        return written


def _repeat(answers: Answers) -> bool:
    """True if the first hundred answers hold few distinct ones, as a tree's do."""
    first = list(islice(zip(answers.indexes, *answers.probabilities, strict=True), 100))
    return len(first) == 100 and len(set(first)) <= 25
