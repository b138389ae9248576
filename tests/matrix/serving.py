"""Models behind a real waitress server, one after the other, and their answers over HTTP."""

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]
from waitress.server import create_server

import irisws
from irisws.app import Application
from irisws.model.model import Model
from irisws.settings import Settings
from tests.matrix.classifiers import DataSet, fit

FLOAT32_MAX = float(np.finfo(np.float32).max)
ALONE = 10  # of so many rows one is asked about alone, too


class Packed(NamedTuple):
    """A classifier in a model file."""

    estimator: Any
    model: Model

    @property
    def engine(self) -> str:
        """What answers: scikit-learn, or ONNX and the numbers that its graph takes."""
        if self.model.is_batching:
            return "scikit-learn"
        return f"ONNX float{32 if self.model.largest_value == FLOAT32_MAX else 64}"


class Comparison(NamedTuple):
    """Answers over HTTP beside those of scikit-learn."""

    rows: int
    label_mismatches: int
    largest_probability_difference: float


class Server:
    """A waitress server in a thread of this process, and a connection to it."""

    def __init__(self) -> None:
        self._application: Application | None = None
        self._server = create_server(self._answer, host="127.0.0.1", port=0, threads=2)
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        self._connection = HTTPConnection("127.0.0.1", self._server.effective_port, timeout=60)

    def serve(self, model: Model) -> None:
        """Answer with this model from now on."""
        self._application = irisws.create_app(model, Settings())

    def predict(self, rows: Sequence[Sequence[Any]]) -> list[Any]:
        """The predictions of `/v1/predict`."""
        body = json.dumps({"instances": rows}, allow_nan=False)
        headers = {"Content-Type": "application/json"}
        self._connection.request("POST", "/v1/predict", body, headers)
        reply = self._connection.getresponse()
        document = reply.read().decode()
        assert reply.status == 200, document
        predictions: list[Any] = json.loads(document)["predictions"]
        return predictions

    def close(self) -> None:
        self._connection.close()
        self._server.task_dispatcher.shutdown()
        self._server.close()
        self._thread.join(10)

    def _answer(self, environ: Any, start_response: Any) -> Any:
        assert self._application is not None
        return self._application(environ, start_response)


@contextmanager
def running() -> Iterator[Server]:
    """A server, closed at the end; until then libraries compute in one thread, as in a server."""
    server = Server()
    try:
        with threadpool_limits(1):
            yield server
    finally:
        server.close()


def pack(name: str, data: DataSet, folder: Path) -> Packed:
    """Fit and pack.

    Raises:
        CannotPack: irisws refuses the classifier.
        Exception: scikit-learn does; see `fit`.
    """
    estimator, y = fit(name, data)
    path = folder / f"{data.name}-{name}.onnx"
    model = irisws.pack(estimator, data.X, y, path, name=name, report=None)
    return Packed(estimator, model)


def compare(server: Server, packed: Packed, data: DataSet) -> Comparison:
    """Ask about all rows in one request and about some alone, and compare row by row."""
    server.serve(packed.model)
    alone = range(0, len(data.rows), ALONE)
    predictions = server.predict(data.rows)
    predictions += [prediction for at in alone for prediction in server.predict([data.rows[at]])]
    asked = [*range(len(data.rows)), *alone]
    assert len(predictions) == len(asked)
    expected = packed.estimator.predict(data.X)[asked]
    mismatches = [
        prediction["label"] != str(value)
        for prediction, value in zip(predictions, expected, strict=True)
    ]
    return Comparison(
        rows=len(asked),
        label_mismatches=sum(mismatches),
        largest_probability_difference=_largest_difference(packed, predictions, data.X, asked),
    )


def _largest_difference(packed: Packed, predictions: list[Any], X: Any, asked: list[int]) -> float:
    """Between probabilities; 0 if neither side has any."""
    if not hasattr(packed.estimator, "predict_proba"):
        assert not any("probabilities" in prediction for prediction in predictions)
        return 0.0
    classes = [str(value) for value in packed.estimator.classes_]
    given = [[p["probabilities"][name] for name in classes] for p in predictions]
    expected: NDArray[np.float64] = packed.estimator.predict_proba(X)[asked]
    return float(np.abs(np.array(given) - expected).max())
