"""The application: every route on one screen, and the way of a request through them."""

import logging
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from irisws import __version__
from irisws.api import instances, service, simple
from irisws.api.contract import Contract
from irisws.api.document import MOST_FAULTS, InvalidRows, NotJson
from irisws.model.model import DEFAULT_MODEL, Model
from irisws.settings import Settings
from irisws.web.message import Request, Response
from irisws.web.problem import Problem
from irisws.web.routing import Route, Router

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

logger = logging.getLogger("irisws")


class Application:
    """A WSGI application (PEP 3333) that serves one model."""

    def __init__(self, model: Model, settings: Settings) -> None:
        self.model = model
        self.draining = False  # set by the server when a shutdown begins
        self._max_body_bytes = settings.max_body_bytes
        self._router = Router(self._routes(settings))

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        request = Request(environ, self._max_body_bytes)
        return self._respond(request).send(request.method, start_response)

    def _routes(self, settings: Settings) -> list[Route]:
        model = self.model
        contract = Contract(model.card.features, model.largest_value, settings.max_rows)
        routes = [
            Route("POST", "/", simple.predict(model, contract)),
            Route("POST", "/v1/predict", instances.predict(model, contract)),
            Route("GET", "/v1/model", service.describe(model)),
            Route("GET", "/health/live", service.live),
            Route("GET", "/health/ready", service.ready(lambda: self.draining)),
        ]
        return [Route("GET", "/", service.index(model, routes, __version__)), *routes]

    def _respond(self, request: Request) -> Response:
        try:
            return self._router.match(request.method, request.path)(request)
        except Problem as problem:
            return Response.of(problem, request.request_id)
        except (NotJson, InvalidRows) as error:
            return Response.of(_problem_of(error), request.request_id)
        except Exception:
            logger.exception("request %s failed", request.request_id)
            failure = Problem(500, "internal-error", "the server failed; its log says why")
            return Response.of(failure, request.request_id)


def create_app(
    model: Model | str | Path | None = None, settings: Settings | None = None
) -> Application:
    """Create the WSGI application around a model.

    Args:
        model: A loaded model or a model file's path; by default the one that the settings name,
            else the packaged iris model.
        settings: Limits; by default those of `Settings()`. The environment is not read.

    Raises:
        UnusableModel: The model file cannot be served.
    """
    settings = settings or Settings()
    if not isinstance(model, Model):
        path = settings.model if model is None else model
        model = Model.load(
            DEFAULT_MODEL if path is None else path, max_bytes=settings.max_model_bytes
        )
    return Application(model, settings)


def _problem_of(error: NotJson | InvalidRows) -> Problem:
    """The domain's errors as problems: the one place where they get a status."""
    if isinstance(error, NotJson):
        return Problem(400, "not-json", f"the body is not JSON: {error}")
    count = len(error.faults)
    amount = "1 problem" if count == 1 else f"{count} problems"
    if count >= MOST_FAULTS:
        amount = f"{count} problems or more"
    return Problem(
        422, "invalid-rows", f"the body does not fit the model: {amount}", faults=error.faults
    )
