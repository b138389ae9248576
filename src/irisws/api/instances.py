"""Rows as `instances`, answered in full: label, index, probabilities and range warnings.

    POST /v1/predict  {"instances": [{"sl": 2.0, "sw": 1.0, "pl": 2.0, "pw": 3.0}]}
    POST /v1/predict  {"instances": [[2.0, 1.0, 2.0, 3.0]]}

The form is that of TensorFlow Serving and Vertex AI.
"""

from typing import Any

import msgspec

from irisws.api.contract import Contract
from irisws.model.model import Model
from irisws.web.message import Request, Response
from irisws.web.routing import Handler


def predict(model: Model, contract: Contract) -> Handler:
    """The handler of `POST /v1/predict`."""
    encoder = msgspec.json.Encoder()
    about = {"name": model.card.name, "version": model.card.version}

    def handle(request: Request) -> Response:
        rows = contract.read_instances(request.json_body())
        reply: dict[str, Any] = {"predictions": model.predictions(rows), "model": about}
        return Response(encoder.encode(reply))

    return handle
