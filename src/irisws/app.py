"""The application: every route on one screen, and the way of a request through them."""

import logging
from collections.abc import Iterable
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from irisws import __version__
from irisws.api import (
    explorer,
    instances,
    invocations,
    metrics,
    open_inference,
    operations,
    service,
    simple,
)
from irisws.api.contract import Contract
from irisws.api.document import MOST_FAULTS, InvalidRows, NotJson
from irisws.model.batching import Busy
from irisws.model.card import Card
from irisws.model.model import DEFAULT_MODEL, InvalidRow, Model
from irisws.settings import Settings
from irisws.telemetry.metrics import Metrics
from irisws.web.message import Request, Response
from irisws.web.problem import Fault, Problem
from irisws.web.routing import Route, Router

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

logger = logging.getLogger("irisws")


class Application:
    """A WSGI application (PEP 3333) that serves one model.

    Attributes:
        model: The model.
        draining: Set it to True when a shutdown begins: readiness is then answered with 503, and
            everything else as before. `irisws serve` does that by itself.
    """

    def __init__(self, model: Model, settings: Settings) -> None:
        self.model = model
        self.draining = False  # set by the server when a shutdown begins
        self._max_body_bytes = settings.max_body_bytes
        routes = self._routes(settings)
        self._router = Router(routes)
        patterns = {route.path: _pattern(route.path, model.card) for route in routes}
        self._metrics = Metrics(patterns, len(model.card.classes), len(model.card.features))

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Answer one request, as PEP 3333 asks; safe to call from many threads."""
        began = perf_counter()
        request = Request(environ, self._max_body_bytes)
        method, path, status = request.method, request.path, 500  # unless there is a reply
        try:
            response = self._respond(request, method, path)
            status = response.status
            return response.send(method, start_response)
        finally:
            self._metrics.count(method, path, status, perf_counter() - began, request.answered)

    def _routes(self, settings: Settings) -> list[Route]:
        model = self.model
        contract = Contract(model.card.features, model.largest_value, settings.max_rows)
        in_full = instances.predict(model, contract)
        ready = service.ready(lambda: self.draining, {"status": "ready"})
        routes = [
            Route("POST", "/", simple.predict(model, contract)),
            Route("POST", "/v1/predict", in_full),
            Route("GET", "/v1/model", service.describe(model)),
            Route("POST", "/invocations", invocations.predict(model, settings.max_rows)),
            Route("GET", "/ping", ready),
            Route("GET", "/openapi.json", service.openapi(lambda: describe(model, settings))),
            Route("GET", "/docs", explorer.page()),
            Route("GET", "/health/live", service.live),
            Route("GET", "/health/ready", ready),
            Route("GET", "/v2", open_inference.server(__version__)),
            Route("GET", "/v2/health/live", open_inference.live),
            Route("GET", "/v2/health/ready", open_inference.ready(lambda: self.draining)),
        ]
        for path in instances.paths(model.card):
            routes += [
                Route("GET", path, instances.status(model)),
                Route("POST", f"{path}:predict", in_full),
            ]
        infer = open_inference.infer(model, settings.max_rows)
        for path in open_inference.paths(model.card):
            model_ready = open_inference.model_ready(model, lambda: self.draining)
            routes += [
                Route("GET", path, open_inference.metadata(model)),
                Route("GET", f"{path}/ready", model_ready),
                Route("POST", f"{path}/infer", infer),
            ]
        if settings.metrics == "on":
            exposed = metrics.expose(lambda: self._metrics.snapshot(), model, __version__)
            routes.append(Route("GET", "/metrics", exposed))
        if settings.health_route:  # the two last: where a platform chooses a path, it counts
            routes.append(Route("GET", settings.health_route, ready))
        if settings.predict_route:
            routes.append(Route("POST", settings.predict_route, in_full))
        routes = list({(route.method, route.path): route for route in routes}.values())
        index = Route("GET", "/", service.index(model, routes, __version__))
        return [index, *explorer.assets(), *routes]

    def _respond(self, request: Request, method: str, path: str) -> Response:
        try:
            return self._router.match(method, path)(request)
        except Problem as problem:
            return _reply_to(problem, request)
        except (NotJson, InvalidRows, InvalidRow, Busy) as error:
            return _reply_to(_problem_of(error), request)
        except Exception:
            logger.exception("request %s failed", request.request_id)
            failure = Problem(500, "internal-error", "the server failed; its log says why")
            return _reply_to(failure, request)


def create_app(
    model: Model | str | Path | None = None, settings: Settings | None = None
) -> Application:
    """Create the WSGI application around a model.

    Args:
        model: A loaded model, which is served as it is, or a model file's path or URL; by default
            the one that the settings name, else the packaged iris model.
        settings: Limits, an `irisws.settings.Settings`; by default those of `Settings()`. The
            environment is not read: `Settings.from_environment(os.environ)` reads it.

    Returns:
        The application, its model proved.

    Raises:
        UnusableModel: The model file cannot be served.
    """
    settings = settings or Settings()
    if not isinstance(model, Model):
        path = settings.model if model is None else model
        model = Model.load(
            DEFAULT_MODEL if path is None else path,
            max_bytes=settings.max_model_bytes,
            sha256=settings.model_sha256,
            trust=settings.trust,
        )
    return Application(model, settings)


def _reply_to(problem: Problem, request: Request) -> Response:
    """The problem as a reply: under /v2 with the string that its protocol calls for."""
    with_error = request.path == "/v2" or request.path.startswith("/v2/")
    return Response.of(problem, request.request_id, with_error=with_error)


def describe(model: Model, settings: Settings) -> dict[str, Any]:
    """The OpenAPI document of the service that `create_app` makes of these."""
    document = operations.document(model, __version__, settings.max_rows)
    if settings.metrics == "off":
        del document["paths"]["/metrics"]
    return document


def _pattern(path: str, card: Card) -> str:
    """The path of a route without what differs from model to model, and from version to version.

    Example: /v2/models/{model}/versions/{version}/infer
    """
    named, versioned = f"/models/{card.name}", f"/versions/{card.version}"
    return path.replace(named, "/models/{model}", 1).replace(versioned, "/versions/{version}", 1)


def _problem_of(error: NotJson | InvalidRows | InvalidRow | Busy) -> Problem:
    """The domain's errors as problems: the one place where they get a status."""
    if isinstance(error, NotJson):
        return Problem(400, "not-json", f"the body is not JSON: {error}")
    if isinstance(error, Busy):
        return Problem(503, "overloaded", str(error), headers=[("Retry-After", "1")])
    # The estimator refuses a row that fits the card: which one, only its own words may tell.
    faults = [Fault("", str(error))] if isinstance(error, InvalidRow) else error.faults
    count = len(faults)
    amount = "1 problem" if count == 1 else f"{count} problems"
    if count >= MOST_FAULTS:
        amount = f"{count} problems or more"
    return Problem(422, "invalid-rows", f"the body does not fit the model: {amount}", faults=faults)
