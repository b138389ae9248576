"""`GET /metrics`: what the process has done so far, for Prometheus.

The reply is in Prometheus' text format, or in OpenMetrics where Accept asks for that.
"""

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from irisws.model.model import Answers, Model
from irisws.telemetry.metrics import Counts, Snapshot
from irisws.web.message import Request, Response
from irisws.web.routing import Handler

if TYPE_CHECKING:
    from irisws.telemetry.exposition import Exposition

TEXT, OPEN_METRICS = "text/plain", "application/openmetrics-text"


def tally(answers: Answers) -> tuple[Counts, Counts]:
    """The predictions of a request by class, and its values unlike those of training by feature."""
    indexes, outside = answers.indexes, answers.outside
    if len(indexes) == 1:  # the usual number, for which arrays are slow
        flags = outside[0].tolist()
        return ((int(indexes[0]), 1),), enumerate(flags) if True in flags else ()
    return enumerate(np.bincount(indexes).tolist()), enumerate(outside.sum(axis=0).tolist())


def expose(take: Callable[[], Snapshot], model: Model, version: str) -> Handler:
    """The handler of `GET /metrics`.

    Args:
        take: Takes the counts to show.
        model: The model that is served.
        version: The version of irisws.
    """

    @cache
    def exposition() -> "Exposition":
        from irisws.telemetry.exposition import About, Exposition  # not before it is asked for

        card = model.card
        served = {"name": card.name, "version": card.version, "digest": model.short_digest}
        classes = [target.name for target in card.classes]
        features = [feature.name for feature in card.features]
        return Exposition(take, About(version, served, classes, features))

    def handle(request: Request) -> Response:
        body, content_type = exposition().write(request.environ.get("HTTP_ACCEPT", ""))
        return Response(body, content_type=content_type, headers=[("Vary", "Accept")])

    return handle
