"""A request, read lazily from the WSGI environ, and a response, written out in one place."""

import re
import uuid
from collections.abc import Iterable, Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING

from irisws.web.media_type import MediaType, parse_media_type
from irisws.web.problem import PROBLEM_JSON, Problem

if TYPE_CHECKING:
    from wsgiref.types import InputStream, StartResponse, WSGIEnvironment

JSON = "application/json"

Counts = Iterable[tuple[int, int]]  # positions, and how much to add there

_NOTHING: tuple[Counts, Counts] = ((), ())
_CONTENT_LENGTH = re.compile(r"[0-9]{1,10}")
_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")
_STATUS_LINES = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}


class Request:
    """One HTTP request; nothing is parsed before it is asked for."""

    __slots__ = ("_body", "answered", "environ", "max_body_bytes")

    def __init__(self, environ: "WSGIEnvironment", max_body_bytes: int) -> None:
        self.environ = environ
        self.max_body_bytes = max_body_bytes
        self.answered: tuple[Counts, Counts] = _NOTHING  # what a handler has to add to the metrics
        self._body: bytes | None = None

    @property
    def method(self) -> str:
        """The method, as sent: methods are case-sensitive (RFC 9110, 9.1)."""
        method: str = self.environ["REQUEST_METHOD"]
        return method

    @property
    def path(self) -> str:
        """The path below the mount point, decoded as UTF-8 (PEP 3333 hands it over as latin-1)."""
        path: str = self.environ.get("PATH_INFO", "") or "/"
        return path if path.isascii() else path.encode("latin-1").decode("utf-8", "replace")

    @property
    def request_id(self) -> str:
        """The caller's X-Request-ID if it is a harmless one, else a new one for this request."""
        given: str = self.environ.get("HTTP_X_REQUEST_ID", "")
        if not _REQUEST_ID.fullmatch(given):
            self.environ["HTTP_X_REQUEST_ID"] = given = uuid.uuid4().hex
        return given

    def json_body(self) -> bytes:
        """The body of a request that says that it is JSON.

        Raises:
            Problem: 415, Content-Type is missing or another, or the body is compressed; or as
                `body` does.
        """
        if self.environ.get("CONTENT_TYPE") != JSON or "HTTP_CONTENT_ENCODING" in self.environ:
            self.media_type(JSON)
        return self.body()

    def media_type(self, *accepted: str) -> MediaType:
        """The media type of the body, which is one of those accepted.

        Raises:
            Problem: 415, Content-Type is missing or another, its charset is not UTF-8, or the body
                is compressed.
        """
        given: str = self.environ.get("CONTENT_TYPE", "")
        media = parse_media_type(given)
        if media.name not in accepted:
            had = "not another type" if given else "and is missing"
            raise _unsupported(f"Content-Type must be {' or '.join(accepted)}, {had}", accepted)
        if not media.is_utf8:
            raise _unsupported("the body must be encoded in UTF-8", accepted)
        codings = self.environ.get("HTTP_CONTENT_ENCODING", "").lower().split(",")
        if any(coding.strip() not in ("", "identity") for coding in codings):
            raise _unsupported(
                "Content-Encoding is not supported: send the body as it is", accepted
            )
        return media

    def body(self) -> bytes:
        """The body, read on the first call and kept.

        Raises:
            Problem: 400, Content-Length is not a number, or the body ends before it; 411, the end
                of the body cannot be found; 413, it is larger than `max_body_bytes`.
        """
        if self._body is None:
            self._body = self._read_body()
        return self._body

    def _read_body(self) -> bytes:
        stream: InputStream = self.environ["wsgi.input"]
        announced: str = self.environ.get("CONTENT_LENGTH", "")
        if announced:
            return self._read_announced(stream, announced)
        if self.environ.get("wsgi.input_terminated"):
            body = _read_up_to(stream, self.max_body_bytes + 1)
            if len(body) > self.max_body_bytes:
                raise self._too_large()
            return body
        if "HTTP_TRANSFER_ENCODING" in self.environ:
            raise Problem(
                411, "length-required", "send a Content-Length: this server does not decode chunks"
            )
        return b""

    def _read_announced(self, stream: "InputStream", announced: str) -> bytes:
        if not _CONTENT_LENGTH.fullmatch(announced):
            raise Problem(
                400, "bad-request", "Content-Length must be a decimal number of up to ten digits"
            )
        length = int(announced)
        if length > self.max_body_bytes:
            raise self._too_large()
        body = _read_up_to(stream, length)
        if len(body) < length:
            raise Problem(400, "bad-request", f"the body ended after {len(body)} of {length} bytes")
        return body

    def _too_large(self) -> Problem:
        limit = f"{self.max_body_bytes:,} bytes"
        return Problem(413, "body-too-large", f"the body is larger than the limit of {limit}")


class Response:
    """A reply with its body whole in memory."""

    __slots__ = ("body", "headers", "status")

    def __init__(
        self,
        body: bytes = b"",
        *,
        status: int = 200,
        content_type: str = JSON,
        headers: Sequence[tuple[str, str]] = (),
    ) -> None:
        self.body = body
        self.status = status
        self.headers = [
            ("Content-Type", content_type),
            ("Content-Length", str(len(body))),
            *headers,
        ]

    @classmethod
    def of(cls, problem: Problem, request_id: str, *, with_error: bool = False) -> "Response":
        """The reply that a problem becomes; see `Problem.document`."""
        return cls(
            problem.document(request_id, with_error=with_error),
            status=problem.status,
            content_type=PROBLEM_JSON,
            headers=[*problem.headers, ("X-Request-ID", request_id)],
        )

    def send(self, method: str, start_response: "StartResponse") -> Iterable[bytes]:
        """Start the reply and return its body: none for HEAD, but with the length of GET's."""
        start_response(_STATUS_LINES[self.status], self.headers)
        return () if method == "HEAD" else (self.body,)


def _unsupported(detail: str, accepted: Sequence[str]) -> Problem:
    headers = [("Accept-Post", ", ".join(accepted))]
    return Problem(415, "unsupported-media-type", detail, headers=headers)


def _read_up_to(stream: "InputStream", size: int) -> bytes:
    """Read `size` bytes, or less if the stream ends before; one read may return fewer."""
    body = stream.read(size)
    if len(body) == size:
        return body
    parts = [body]
    missing = size - len(body)
    while missing and parts[-1]:
        parts.append(stream.read(missing))
        missing -= len(parts[-1])
    return b"".join(parts)
