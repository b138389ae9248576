"""The article's contract: one flower in, one class index out.

POST /  {"sl": 2.0, "sw": 1.0, "pl": 2.0, "pw": 3.0}   ->   {"prediction":[1]}
"""

import msgspec

from irisws.api.contract import Contract
from irisws.model.model import Model
from irisws.web.message import Request, Response
from irisws.web.routing import Handler


def predict(model: Model, contract: Contract) -> Handler:
    """The handler of `POST /`: answers what the estimator's own predict() returned."""
    replies = [msgspec.json.encode({"prediction": [c.value]}) for c in model.card.classes]
    classes = [((at, 1),) for at in range(len(replies))]
    features = [(at, 1) for at in range(len(model.card.features))]

    def handle(request: Request) -> Response:
        row = contract.read_row(request.json_body())
        index = model.classify(row)
        request.answered = classes[index], map(features.__getitem__, model.outside(row))
        return Response(replies[index])

    return handle
