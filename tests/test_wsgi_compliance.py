"""PEP 3333, for every route and for errors: wsgiref.validate, and by hand what it does not see."""

import io
import json
from collections.abc import Iterable
from typing import Any
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

import pytest

import irisws
from irisws.app import Application
from irisws.settings import Settings

ARTICLE = b'{"sl": 2.0, "sw": 1.0, "pl": 2.0, "pw": 3.0}'
INSTANCES = b'{"instances": [[2.0, 1.0, 2.0, 3.0]]}'
JSON = "application/json"
HOP_BY_HOP = {  # RFC 9110, 7.6.1: they are the server's
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
}

Ask = tuple[str, str, bytes, dict[str, str]]

ASKED: dict[str, Ask] = {
    "article": ("POST", "/", ARTICLE, {}),
    "instances": ("POST", "/v1/predict", INSTANCES, {}),
    "not JSON": ("POST", "/", b"{", {}),
    "invalid rows": ("POST", "/v1/predict", b'{"instances": [["\\u00e9\\r\\n"]]}', {}),
    "no body": ("POST", "/", b"", {}),
    "too large": ("POST", "/", b" " * 2000, {}),
    "length that is none": ("POST", "/", ARTICLE, {"CONTENT_LENGTH": "many"}),
    "length that is false": ("POST", "/", ARTICLE, {"CONTENT_LENGTH": "99"}),
    "another type": ("POST", "/", ARTICLE, {"CONTENT_TYPE": "text/plain"}),
    "compressed": ("POST", "/", ARTICLE, {"HTTP_CONTENT_ENCODING": "gzip"}),
    "chunks": ("POST", "/", b"", {"HTTP_TRANSFER_ENCODING": "chunked", "CONTENT_LENGTH": ""}),
    "wrong method": ("DELETE", "/v1/predict", b"", {}),
    "unknown method": ("BREW", "/", b"", {}),
    "unknown path": ("GET", "/nowhere", b"", {}),
    "path above latin-1": ("GET", "/\u00e2\u0082\u00ac", b"", {}),
    "path that is not UTF-8": ("GET", "/\u00ff", b"", {}),
    "path with a line end": ("GET", "/a\r\nX: y", b"", {}),
    "empty path": ("GET", "", b"", {}),
    "mounted": ("GET", "/v1/model", b"", {"SCRIPT_NAME": "/iris"}),
    "request id": ("GET", "/nowhere", b"", {"HTTP_X_REQUEST_ID": "order-66"}),
    "request id that would split a header": (
        "GET",
        "/nowhere",
        b"",
        {"HTTP_X_REQUEST_ID": "a\r\nX: y"},
    ),
    "request id above ASCII": ("GET", "/nowhere", b"", {"HTTP_X_REQUEST_ID": "\u00e9"}),
    "options of everything": ("OPTIONS", "*", b"", {}),
}


class Call:
    """One call of the application as a strict server makes it, and all that came back."""

    def __init__(self, application: Any, ask: Ask) -> None:
        self.started: list[tuple[str, list[tuple[str, str]]]] = []
        self.result: Iterable[bytes] = application(environ_of(ask), self._start_response)
        self.started_before_body = len(self.started)
        self.chunks = list(self.result)
        self.close()

    def _start_response(self, status: str, headers: list[tuple[str, str]], info: Any = None) -> Any:
        self.started.append((status, headers))
        return pytest.fail  # write() is for servers of old

    def close(self) -> None:
        """What a server does in the end, whether the body was sent or not."""
        if hasattr(self.result, "close"):
            self.result.close()

    @property
    def status(self) -> str:
        return self.started[0][0]

    @property
    def headers(self) -> list[tuple[str, str]]:
        return self.started[0][1]

    def header(self, name: str) -> str | None:
        return {key.lower(): value for key, value in self.headers}.get(name)


class Strict(io.RawIOBase):
    """A body that must not be read without a size, nor beyond what was announced."""

    def __init__(self, body: bytes, announced: int) -> None:
        self._body, self._left = body, announced

    def read(self, size: int = -1, /) -> bytes:
        assert 0 <= size <= self._left, "it would wait for bytes that never come"
        piece, self._body = self._body[:size], self._body[size:]
        self._left -= len(piece)
        return piece


def ignore(status: str, headers: list[tuple[str, str]], info: Any = None) -> Any:
    """Start a response that nobody looks at."""
    return pytest.fail


def environ_of(ask: Ask) -> dict[str, Any]:
    method, path, body, others = ask
    environ: dict[str, Any] = dict.fromkeys(("SCRIPT_NAME", "QUERY_STRING"), "")
    environ |= {"REQUEST_METHOD": method, "PATH_INFO": path}
    if body:
        environ |= {"CONTENT_TYPE": JSON, "CONTENT_LENGTH": str(len(body))}
    environ |= others
    announced = environ.get("CONTENT_LENGTH", "")
    environ["wsgi.input"] = Strict(body, int(announced) if announced.isdigit() else 0)
    setup_testing_defaults(environ)
    return environ


def create() -> Application:
    return irisws.create_app(settings=Settings(max_body_bytes=1024))


def route_calls() -> dict[str, Ask]:
    """Every method of every route, as the index of the application lists them."""
    index = json.loads(b"".join(Call(create(), ("GET", "/", b"", {})).chunks))
    return {
        f"{method} {path}": (method, path, b"{}" if method == "POST" else b"", {})
        for path, methods in index["endpoints"].items()
        for method in dict.fromkeys([*methods, "OPTIONS", "TRACE", "HEAD"])
    }


CALLS = {**ASKED, **route_calls()}
every_call = pytest.mark.parametrize("ask", CALLS.values(), ids=CALLS.keys())


@pytest.fixture(scope="module")
def application() -> Application:
    return create()


@every_call
def test_validator_of_wsgiref_is_content(application: Application, ask: Ask) -> None:
    """wsgiref.validate raises on what it does not like, and warns as an error."""
    environ = environ_of(ask)
    if ask[0] == "BREW" or environ["PATH_INFO"] == "*" or "CONTENT_LENGTH" in ask[3]:
        pytest.skip("wsgiref.validate refuses the request itself")
    result = validator(application)(environ, ignore)
    b"".join(result)
    result.close()  # type: ignore[attr-defined]


@every_call
def test_response_is_started_once_and_first(application: Application, ask: Ask) -> None:
    """start_response is called exactly once, before the body is asked for."""
    call = Call(application, ask)
    assert (call.started_before_body, len(call.started)) == (1, 1)


@every_call
def test_headers_are_native_and_harmless(application: Application, ask: Ask) -> None:
    """Names and values are str, fit into latin-1, and hold no control character."""
    call = Call(application, ask)
    assert type(call.headers) is list
    for text in (call.status, *(part for pair in call.headers for part in pair)):
        assert type(text) is str
        assert all(byte >= 0x20 and byte != 0x7F for byte in text.encode("latin-1")), text
    assert all(type(pair) is tuple for pair in call.headers)


@every_call
def test_no_header_is_the_servers(application: Application, ask: Ask) -> None:
    """No hop-by-hop header, no Date, no Server; and none but Vary or Link twice."""
    names = [name.lower() for name, _ in Call(application, ask).headers]
    assert not {*names} & {*HOP_BY_HOP, "date", "server", "status"}
    assert len(names) == len({*names})


@every_call
def test_content_length_is_true(application: Application, ask: Ask) -> None:
    """Content-Length is there, because waitress closes without it, and is the body's length."""
    call = Call(application, ask)
    assert all(type(chunk) is bytes for chunk in call.chunks)
    if ask[0] != "HEAD":
        assert call.header("content-length") == str(len(b"".join(call.chunks)))


@every_call
def test_status_line_is_whole(application: Application, ask: Ask) -> None:
    """Three digits, a space and a phrase; an error of the caller's is never a 5xx."""
    number, _, phrase = Call(application, ask).status.partition(" ")
    assert 200 <= int(number) < 500
    assert phrase == phrase.strip() != ""


@every_call
def test_error_is_a_problem_document(application: Application, ask: Ask) -> None:
    """Every reply from 400 on is RFC 9457, with the request's id in the head."""
    call = Call(application, ask)
    if call.status >= "400":
        assert call.header("content-type") == "application/problem+json"
        assert call.header("x-request-id") is not None


@pytest.mark.parametrize("path", sorted({ask[1] for ask in CALLS.values()}))
def test_head_has_get_s_headers_and_no_body(application: Application, path: str) -> None:
    """HEAD has no chunk at all: some servers would send it."""
    known = {"HTTP_X_REQUEST_ID": "same"}
    head = Call(application, ("HEAD", path, b"", known))
    get = Call(application, ("GET", path, b"", known))
    assert b"".join(head.chunks) == b""
    if path == "/metrics":  # which has grown by the HEAD
        head.headers.remove(("Content-Length", str(head.header("content-length"))))
        get.headers.remove(("Content-Length", str(get.header("content-length"))))
    if head.status == get.status:  # GET of what only POST answers: the methods differ in nothing
        assert head.headers == get.headers


@every_call
def test_body_can_be_abandoned(application: Application, ask: Ask) -> None:
    """A server may close without sending, and twice; the next call is not disturbed."""
    result = application(environ_of(ask), ignore)
    for _ in range(2):
        if hasattr(result, "close"):
            result.close()
    assert Call(application, ASKED["article"]).chunks == [b'{"prediction":[1]}']


def test_calls_share_nothing(application: Application) -> None:
    """Two calls under way at once do not mix, nor does a caller's change of a header list."""
    first = Call(application, ASKED["request id"])
    first.headers.clear()
    second = Call(application, ASKED["request id"])
    assert second.header("x-request-id") == "order-66"
    assert first.headers is not second.headers


def test_least_environ(application: Application) -> None:
    """No optional variable is needed: neither PATH_INFO nor QUERY_STRING nor any of HTTP."""
    environ = {"REQUEST_METHOD": "GET", "wsgi.input": io.BytesIO()}
    assert b"".join(application(environ, ignore))[:1] == b"{"
