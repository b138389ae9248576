"""Routing: from a method and a path to the handler, by two dictionary look-ups."""

from collections.abc import Callable, Iterable
from difflib import get_close_matches
from typing import NamedTuple

from irisws.web.message import Request, Response
from irisws.web.problem import Problem

_LONGEST_PATH = 8000  # what a server should support at least (RFC 9110, 4.1)

Handler = Callable[[Request], Response]


class Route(NamedTuple):
    """A handler for one method of one path."""

    method: str
    path: str
    handler: Handler


class Router:
    """The routes of an application."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._paths: dict[str, dict[str, Handler]] = {}
        for route in routes:
            self._paths.setdefault(route.path, {"OPTIONS": self._options})[route.method] = (
                route.handler
            )
        for handlers in self._paths.values():
            if "GET" in handlers:  # what answers GET answers HEAD (RFC 9110, 9.3.2)
                handlers["HEAD"] = handlers["GET"]
        every = {method for handlers in self._paths.values() for method in handlers}
        self._server_wide = sorted(every)

    def match(self, method: str, path: str) -> Handler:
        """Return the handler.

        Raises:
            Problem: 404, no route has the path; 405, one has, but not with this method.
        """
        handlers = self._paths.get(path)
        if handlers is None:
            if (method, path) == ("OPTIONS", "*"):
                return self._options
            raise self._not_found(path)
        handler = handlers.get(method)
        if handler is None:
            allowed = ", ".join(sorted(handlers))
            raise Problem(
                405,
                "method-not-allowed",
                f"{path} answers {allowed}",
                headers=[("Allow", allowed)],
            )
        return handler

    def _options(self, request: Request) -> Response:
        allowed = sorted(self._paths.get(request.path, self._server_wide))
        # Not 204: waitress closes the connection after a reply that has no Content-Length.
        return Response(content_type="text/plain", headers=[("Allow", ", ".join(allowed))])

    def _not_found(self, path: str) -> Problem:
        if len(path) > _LONGEST_PATH:
            return Problem(414, "uri-too-long", f"no path here has {_LONGEST_PATH:,} characters")
        near = next(iter(get_close_matches(path[:100], self._paths, n=1)), None)
        hint = f", did you mean {near}?" if near else "; GET / lists what there is"
        return Problem(404, "not-found", f"there is nothing at this path{hint}")
