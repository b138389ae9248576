"""The same application under every WSGI server: what a caller sees does not change."""

import contextlib
import json
import socket
from http.client import HTTPConnection, RemoteDisconnected
from typing import NamedTuple

import pytest

from tests.benchmarks.processes import ROOT, Server
from tests.servers.commands import SERVERS, WsgiServer

ARTICLE = b'{"sl": 2.0, "sw": 1.0, "pl": 2.0, "pw": 3.0}'
JSON = "application/json"
PROBLEM = "application/problem+json"
LIVE = b"GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n"
LAST = b"GET /health/ready HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"


class Reply(NamedTuple):
    """What came back."""

    status: int
    content_type: str
    body: bytes


def ask(
    server: Server, method: str, path: str, body: bytes = b"", content_type: str = JSON
) -> Reply:
    """Ask on a connection of its own."""
    connection = HTTPConnection("127.0.0.1", server.port, timeout=60)
    try:
        connection.request(method, path, body or None, {"Content-Type": content_type})
        reply = connection.getresponse()
        return Reply(reply.status, reply.headers["Content-Type"], reply.read())
    finally:
        connection.close()


def raw(server: Server, request: bytes) -> bytes:
    """Send bytes and read until the server hangs up."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as client:
        client.sendall(request)
        received = b""
        with contextlib.suppress(ConnectionError):  # with what it sent before, it may reset
            while more := client.recv(65536):
                received += more
    return received


def test_article_request(server: Server) -> None:
    """The article's request gets the article's reply."""
    assert ask(server, "POST", "/", ARTICLE) == (200, JSON, b'{"prediction":[1]}')


def test_prediction_in_full(server: Server) -> None:
    """Rows in, label and probabilities out."""
    reply = ask(server, "POST", "/v1/predict", b'{"instances": [[5.1, 3.5, 1.4, 0.2]]}')
    assert json.loads(reply.body)["predictions"] == [
        {
            "label": "setosa",
            "index": 0,
            "probabilities": {"setosa": 1.0, "versicolor": 0.0, "virginica": 0.0},
            "warnings": [],
        }
    ]


@pytest.mark.parametrize("path", ["/health/live", "/v1/model", "/nowhere", "/v1/predict"])
def test_head_has_no_body(server: Server, path: str) -> None:
    """Nothing follows the head of a reply to HEAD, whatever the status."""
    line = f"HEAD {path} HTTP/1.1\r\nHost: irisws\r\nConnection: close\r\n\r\n"
    head, end, body = raw(server, line.encode()).partition(b"\r\n\r\n")
    assert (head[:7], end, body) == (b"HTTP/1.", b"\r\n\r\n", b"")


def test_head_has_the_length_of_get(server: Server) -> None:
    """A caller learns how long the body would be."""
    connection = HTTPConnection("127.0.0.1", server.port, timeout=60)
    connection.request("HEAD", "/health/live")
    assert connection.getresponse().headers["Content-Length"] == "17"
    connection.close()


def chunked(body: bytes) -> bytes:
    """A request to `POST /` with the body in one chunk."""
    head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
    return head + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)


def test_chunked_body(kind: WsgiServer, server: Server) -> None:
    """A chunked body is read, or refused with 411 where the server does not decode it."""
    received = raw(server, chunked(ARTICLE) + LAST)
    assert received[9:12] == b"%d" % kind.chunked
    assert (PROBLEM.encode() in received) == (kind.chunked == 411)


def test_chunked_body_is_never_taken_for_a_request(server: Server) -> None:
    """A request inside of a body stays inside, whether the body was read or not."""
    received = raw(server, chunked(LIVE) + LAST)
    assert received[9:10] == b"4"
    assert b'"live"' not in received


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "kind_of_problem"),
    [
        ("GET", "/nowhere", b"", 404, "not-found"),
        ("GET", "/caf%C3%A9", b"", 404, "not-found"),
        ("DELETE", "/v1/predict", b"", 405, "method-not-allowed"),
        ("POST", "/", b"{", 400, "not-json"),
        ("POST", "/", b'{"sl": "5.1"}', 422, "invalid-rows"),
    ],
)
def test_error_is_a_problem_document(
    server: Server, method: str, path: str, body: bytes, status: int, kind_of_problem: str
) -> None:
    """Errors of the application come through as they are."""
    reply = ask(server, method, path, body)
    assert (reply.status, reply.content_type) == (status, PROBLEM)
    assert json.loads(reply.body)["type"].endswith("#" + kind_of_problem)


def test_metrics(server: Server) -> None:
    """What Prometheus reads, with the route of a request that was answered before."""
    reply = ask(server, "GET", "/metrics")
    assert (reply.status, reply.content_type) == (200, "text/plain; version=0.0.4; charset=utf-8")
    assert b'irisws_http_requests_total{method="POST",route="/",status="200"}' in reply.body


def test_other_type_is_refused(server: Server) -> None:
    """415 for what is not JSON."""
    assert ask(server, "POST", "/", ARTICLE, "text/plain")[:2] == (415, PROBLEM)


def test_large_reply(server: Server) -> None:
    """Six megabytes come whole."""
    rows = b",".join([b"[2.0, 1.0, 2.0, 3.0]"] * 50_000)
    reply = ask(server, "POST", "/v1/predict", b'{"instances": [' + rows + b"]}")
    assert (reply.status, len(reply.body) > 5_000_000) == (200, True)
    assert len(json.loads(reply.body)["predictions"]) == 50_000


def test_connection_is_kept_or_not(kind: WsgiServer, server: Server) -> None:
    """Whether a second request can go over the same connection is as the table says."""
    connection = HTTPConnection("127.0.0.1", server.port, timeout=60)
    connection.request("GET", "/health/live")
    connection.getresponse().read()
    first = connection.sock
    with contextlib.suppress(OSError, RemoteDisconnected):
        connection.request("GET", "/health/live")
        connection.getresponse().read()
    assert (first is not None and connection.sock is first) == kind.keeps_connections
    connection.close()


def test_body_over_the_limit(server: Server) -> None:
    """A caller that goes on reading when it can send no more gets the problem document."""
    body = b" " * 8_388_609
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as client:
        head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
        with contextlib.suppress(ConnectionError):
            client.sendall(head + b"Content-Length: %d\r\n\r\n" % len(body) + body)
        received = client.recv(65536)
    assert received[8:13] == b" 413 "


def test_connection_is_in_step_after_a_body_that_was_not_read(server: Server) -> None:
    """A refused body is never taken for the next request."""
    request = b"POST /nowhere HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n"
    received = raw(server, request % len(LIVE) + LIVE + LAST)
    assert received[8:13] == b" 404 "
    assert b'"live"' not in received


@pytest.mark.parametrize("path", ["/iris", "/iris/"])
def test_mounted_root(mounted: Server, path: str) -> None:
    """Below a prefix the article's path is the prefix, with a slash or without."""
    assert ask(mounted, "POST", path, ARTICLE) == (200, JSON, b'{"prediction":[1]}')


def test_mounted_routes(mounted: Server) -> None:
    """The other routes follow the prefix."""
    assert ask(mounted, "GET", "/iris/health/live").status == 200
    body = b'{"instances": [[2, 1, 2, 3]]}'
    assert ask(mounted, "POST", "/iris/v1/predict", body).status == 200
    assert ask(mounted, "GET", "/iris/iris/health/live").status == 404


def test_page_names_every_server() -> None:
    """docs/reference/servers.md has a line for each server, with what it answers to chunks."""
    page = (ROOT / "docs" / "reference" / "servers.md").read_text(encoding="utf-8")
    for known in SERVERS:
        cells = next(line for line in page.splitlines() if line.startswith(f"| {known.name} |"))
        kept = "yes" if known.keeps_connections else "no"
        assert f" | {known.chunked} | {kept} | " in cells
