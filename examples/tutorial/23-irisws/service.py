"""A classifier as a REST API by hand: routes, JSON, and a refusal for what does not fit."""

import json
from collections.abc import Callable
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

from sklearn.datasets import load_iris
from sklearn.tree import DecisionTreeClassifier

NAMES = ("sl", "sw", "pl", "pw")

X, y = load_iris(return_X_y=True)
clf = DecisionTreeClassifier(random_state=1).fit(X, y)


class Refused(Exception):
    """The request cannot be answered: the status to send, the reason, and headers to add."""

    def __init__(self, status: str, reason: str, **headers: str) -> None:
        super().__init__(reason)
        self.status, self.headers = status, headers


def predict(body: bytes) -> dict[str, Any]:
    """POST /: a flower in, the number of its species out."""
    try:
        flower = json.loads(body)
    except ValueError as error:
        raise Refused("400 Bad Request", f"not JSON: {error}") from None
    missing = [name for name in NAMES if name not in flower]
    if missing:
        raise Refused("422 Unprocessable Entity", f"missing: {', '.join(missing)}")
    row = [flower[name] for name in NAMES]
    return {"prediction": clf.predict([row]).tolist()}


def health(body: bytes) -> dict[str, Any]:
    """GET /health: the process answers."""
    return {"status": "ok"}


ROUTES: dict[str, dict[str, Callable[[bytes], dict[str, Any]]]] = {
    "/": {"POST": predict},
    "/health": {"GET": health},
}


def answer(environ: WSGIEnvironment) -> dict[str, Any]:
    """Find the function for this path and method, and call it with the body."""
    methods = ROUTES.get(environ["PATH_INFO"])
    if methods is None:
        raise Refused("404 Not Found", "there is nothing at this path")
    function = methods.get(environ["REQUEST_METHOD"])
    if function is None:
        allowed = ", ".join(methods)
        raise Refused("405 Method Not Allowed", f"allowed: {allowed}", Allow=allowed)
    length = int(environ.get("CONTENT_LENGTH") or 0)
    return function(environ["wsgi.input"].read(length))


def app(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
    """The WSGI application: every outcome becomes a status and a JSON document."""
    status, extra, document = "200 OK", {}, {}
    try:
        document = answer(environ)
    except Refused as refusal:
        status, extra, document = refusal.status, refusal.headers, {"error": str(refusal)}
    reply = json.dumps(document).encode()
    headers = {"Content-Type": "application/json", "Content-Length": str(len(reply)), **extra}
    start_response(status, list(headers.items()))
    return [reply]
