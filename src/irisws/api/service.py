"""What a caller or an operator may ask about the service itself."""

from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

import msgspec

from irisws.model.model import Model
from irisws.web.message import Request, Response
from irisws.web.problem import Problem
from irisws.web.routing import Handler, Route


def index(model: Model, routes: Iterable[Route], version: str) -> Handler:
    """The handler of `GET /`: what is served here, and where, itself included."""
    endpoints = {"/": ["GET"]}
    for route in routes:
        endpoints.setdefault(route.path, []).append(route.method)
    document = {
        "service": "irisws",
        "version": version,
        "model": {"name": model.card.name, "version": model.card.version},
        "endpoints": endpoints,
    }
    return constant(document)


def describe(model: Model) -> Handler:
    """The handler of `GET /v1/model`: the card without its golden rows, and what they proved."""
    proof = model.proof
    return constant(
        {
            **model.card.summary(),
            "sha256": model.digest,
            "engine": model.engine,
            "proof": {
                "rows": proof.rows,
                "labels_agreeing": proof.labels_agreeing,
                "largest_probability_difference": proof.largest_probability_difference,
                "tolerance": proof.tolerance,
            },
        }
    )


def live(request: Request) -> Response:
    """`GET /health/live`: the process answers. Stays so while draining."""
    return Response(b'{"status":"live"}')


def ready(is_draining: Callable[[], bool], document: object) -> Handler:
    """A handler of readiness: the model proved itself, and no shutdown has begun.

    Args:
        is_draining: Whether one has begun; the reply is then 503.
        document: The reply otherwise, in the words of the dialect.
    """
    answer = constant(document)

    def handle(request: Request) -> Response:
        if is_draining():
            raise Problem(
                503,
                "draining",
                "this process is shutting down and takes no new work",
                headers=[("Retry-After", "1")],
            )
        return answer(request)

    return handle


def constant(document: object) -> Handler:
    """A handler that always replies with the same document."""
    body = msgspec.json.encode(document)
    return lambda request: Response(body)


def openapi(write: Callable[[], dict[str, Any]]) -> Handler:
    """The handler of `GET /openapi.json`; the document is made when it is first asked for."""

    @cache
    def response_body() -> bytes:
        return msgspec.json.encode(write())

    return lambda request: Response(response_body())
