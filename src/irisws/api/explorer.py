"""The API explorer: Swagger UI over `/openapi.json`, from files of the package.

Each file is read when it is first asked for: a server whose explorer nobody opens does not pay.
"""

import hashlib
from functools import cache
from pathlib import Path

from irisws.web.message import Request, Response
from irisws.web.routing import Handler, Route

_FILES = Path(__file__).parent.parent / "explorer"

_ASSETS = {
    "explorer.css": "text/css; charset=utf-8",
    "explorer.js": "text/javascript; charset=utf-8",
    "swagger-ui/swagger-ui.css": "text/css; charset=utf-8",
    "swagger-ui/swagger-ui-bundle.js": "text/javascript; charset=utf-8",
    # The bundle's first line refers to it.
    "swagger-ui/swagger-ui-bundle.js.LICENSE.txt": "text/plain; charset=utf-8",
}

_POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",  # Swagger UI's icons, and the page's own
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    ]
)

_HEADERS = [
    ("Cache-Control", "no-cache"),  # keep it, but ask: a newer irisws has other files
    ("Content-Security-Policy", _POLICY),
    ("Referrer-Policy", "no-referrer"),
    ("X-Content-Type-Options", "nosniff"),
]


def page() -> Handler:
    """The handler of `GET /docs`: the page, whose addresses are relative to where it is mounted."""
    return _file("index.html", "text/html; charset=utf-8")


def assets() -> list[Route]:
    """The routes of what the page loads: `/docs/explorer.js` and so on."""
    return [
        Route("GET", f"/docs/{Path(name).name}", _file(name, content_type))
        for name, content_type in _ASSETS.items()
    ]


def _file(name: str, content_type: str) -> Handler:
    """A handler that replies with a file, or with 304 to a caller that has it."""

    @cache
    def read() -> tuple[bytes, str]:
        body = (_FILES / name).read_bytes()
        return body, f'"{hashlib.sha256(body).hexdigest()[:32]}"'

    def handle(request: Request) -> Response:
        body, tag = read()
        headers = [*_HEADERS, ("ETag", tag)]
        if _has(request, tag):
            return _not_modified(headers)
        return Response(body, content_type=content_type, headers=headers)

    return handle


def _has(request: Request, tag: str) -> bool:
    """Whether If-None-Match names the tag, weakly compared (RFC 9110, 13.1.2)."""
    given: str = request.environ.get("HTTP_IF_NONE_MATCH", "")
    return any(one.strip().removeprefix("W/") in (tag, "*") for one in given.split(","))


def _not_modified(headers: list[tuple[str, str]]) -> Response:
    """304, without type and length; waitress closes the connection after it, and says so."""
    response = Response(status=304)
    response.headers = headers
    return response
