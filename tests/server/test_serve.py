"""`irisws serve`: a real process, asked over real sockets."""

import contextlib
import json
import os
import re
import resource
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from http.client import HTTPResponse

import pytest

from tests.server.conftest import INHERIT, ServerProcess, Start

ARTICLE = b'{"sl": 2.0, "sw": 1.0, "pl": 2.0, "pw": 3.0}'


def predict(server: ServerProcess) -> bytes:
    connection = server.connect()
    connection.request("POST", "/", ARTICLE, {"Content-Type": "application/json"})
    body = connection.getresponse().read()
    connection.close()
    return body


def fails(*flags: str, **environ: str) -> tuple[int, str]:
    """Run `irisws serve` with what keeps it from starting: exit status and standard error."""
    result = subprocess.run(
        [sys.executable, "-m", "irisws", "serve", *flags],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, **environ},
    )
    assert result.stdout == ""
    return result.returncode, result.stderr


def test_start_line_names_version_model_and_address(serve: Start) -> None:
    """One line says what is served and where; the article's request is answered there."""
    server = serve()
    assert re.fullmatch(
        r"irisws 0\.1\.0 serving iris 1\.0 \([0-9a-f]{8}\) on http://127\.0\.0\.1:\d+\n",
        "".join(server.lines),
    )
    assert predict(server) == b'{"prediction":[1]}'


def test_port_of_the_platform_is_honoured(start: Start) -> None:
    """PORT, as cloud platforms set it, is the port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = start(sys.executable, "-m", "irisws", "serve", env={**os.environ, "PORT": str(port)})
    assert server.port == port


def test_listening_beyond_loopback_warns(serve: Start) -> None:
    """Without keys, an address that others reach is worth a warning."""
    lines = serve("--host", "0.0.0.0").lines
    assert lines[0] == (
        "irisws: warning: 0.0.0.0 is reachable from other machines, and there are no API keys: "
        "anyone who reaches it may call it\n"
    )


def test_busy_port_is_told_in_one_line(serve: Start) -> None:
    """A port that is taken ends the command with status 1."""
    port = serve().port
    assert fails("--port", str(port)) == (
        1,
        f"irisws: cannot listen on 127.0.0.1:{port}: Address already in use; "
        "stop the program that does, or give another --port\n",
    )


def test_inherited_socket_beyond_loopback_warns(start: Start) -> None:
    """The warning looks at what is listened on, not at the setting."""
    with socket.create_server(("0.0.0.0", 0)) as listener:
        number = str(listener.fileno())
        server = start(sys.executable, "-c", INHERIT, number, pass_fds=(listener.fileno(),))
        assert "0.0.0.0 is reachable from other machines" in server.lines[0]


@pytest.mark.parametrize("host", ["127.0.0.2", "localhost"])
def test_other_loopback_addresses_do_not_warn(serve: Start, host: str) -> None:
    """Every address of 127.0.0.0/8 is this machine's own."""
    assert "warning" not in "".join(serve("--host", host).lines)


@pytest.mark.parametrize(("count", "handed"), [("many", "0"), ("1", "0")])
def test_inherited_sockets_that_are_none(count: str, handed: str) -> None:
    """A wrong hand-over is one line and status 1."""
    code = INHERIT.replace('"1"', repr(count))
    with open(os.devnull, "rb") as null:
        result = subprocess.run(
            [sys.executable, "-c", code, str(null.fileno())],
            pass_fds=(null.fileno(),),
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert result.returncode == 1
    assert result.stderr.startswith("irisws: cannot listen on the sockets of LISTEN_FDS: ")
    assert result.stderr.count("\n") == 1


def test_few_open_files_lower_the_connection_limit(start: Start) -> None:
    """Where the system allows few open files, the server takes fewer connections, not too many."""
    code = (
        "import resource, runpy, sys\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (100, 100))\n"
        "sys.argv = ['irisws', 'serve', '--port', '0']\n"
        "runpy.run_module('irisws', run_name='__main__')"
    )
    server = start(sys.executable, "-c", code)
    assert "only 36 connections fit the limit of open files, not 2000" in server.lines[0]
    assert predict(server) == b'{"prediction":[1]}'


def test_large_body_without_a_place_for_temporary_files(start: Start) -> None:
    """On a read-only file system large bodies stay in memory, and are answered."""
    code = (
        "import sys, tempfile\n"
        "def none(): raise FileNotFoundError\n"
        "tempfile._get_default_tempdir = none\n"
        "from irisws.cli import main\n"
        "sys.exit(main(['serve', '--port', '0']))"
    )
    connection = start(sys.executable, "-c", code).connect()
    body = b'{"instances": [' + b",".join([b"[1,2,3,4]"] * 80_000) + b"]}"
    connection.request("POST", "/v1/predict", body, {"Content-Type": "application/json"})
    reply = connection.getresponse()
    assert (reply.status, len(reply.read()) > 1_000_000) == (200, True)
    connection.close()


@pytest.mark.parametrize(
    ("flags", "status", "message"),
    [
        (["--host", "no.such.host.invalid"], 1, "cannot listen on no.such.host.invalid:8080: not"),
        (["--threads", "many"], 2, "--threads=many is not usable: expected a whole number from 1"),
        (["--model", "none.onnx"], 4, "no such file: none.onnx"),
    ],
)
def test_what_keeps_it_from_starting(flags: list[str], status: int, message: str) -> None:
    """Each cause has its exit status and one line."""
    returned, errors = fails(*flags)
    assert returned == status
    assert errors.startswith(f"irisws: {message}")
    assert errors.count("\n") == 1


def test_head_and_get_on_one_connection(serve: Start) -> None:
    """A HEAD reply has no body that the next reply would be taken for."""
    server = serve()
    connection = server.connect()
    connection.request("HEAD", "/health/live")
    assert connection.getresponse().read() == b""
    assert server.get("/health/live", connection) == (200, b'{"status":"live"}')
    connection.close()


def test_options_keeps_the_connection(serve: Start) -> None:
    """OPTIONS has a Content-Length, so the connection can be used again."""
    server = serve()
    connection = server.connect()
    connection.request("OPTIONS", "/v1/predict")
    reply = connection.getresponse()
    assert (reply.read(), reply.headers["Allow"]) == (b"", "OPTIONS, POST")
    assert server.get("/health/live", connection)[0] == 200
    connection.close()


def test_chunked_body_is_read(serve: Start) -> None:
    """A body sent in chunks is a body like any other."""
    connection = serve().connect()
    headers = {"Content-Type": "application/json"}
    connection.request("POST", "/", iter([ARTICLE[:9], ARTICLE[9:]]), headers, encode_chunked=True)
    assert connection.getresponse().read() == b'{"prediction":[1]}'
    connection.close()


def test_body_over_the_limit_gets_a_problem_document(serve: Start) -> None:
    """The limit is ours, above waitress's reach."""
    connection = serve("--max-body-bytes", "1024").connect()
    connection.request("POST", "/", b" " * 5000, {"Content-Type": "application/json"})
    reply = connection.getresponse()
    assert (reply.status, json.loads(reply.read())["type"][-15:]) == (413, "#body-too-large")
    connection.close()


@pytest.mark.parametrize(
    ("request_bytes", "status", "kind"),
    [
        (b"GET / HTTP/1.1\r\nbad header\r\n\r\n", 400, "bad-request"),
        (b"g<et / HTTP/1.1\r\n\r\n", 400, "bad-request"),
        (b"GET / HTTP/1.1\r\nX: " + b"x" * 40_000 + b"\r\n\r\n", 431, "headers-too-large"),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", 501, "not-implemented"),
        (
            b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9999999999\r\n\r\n",
            413,
            "body-too-large",
        ),
    ],
)
def test_refusals_of_waitress_are_problem_documents(
    serve: Start, request_bytes: bytes, status: int, kind: str
) -> None:
    """What never reaches the application is refused in the same form, and not repeated back."""
    server = serve()
    with socket.create_connection((server.host, server.port), timeout=10) as connection:
        connection.sendall(request_bytes)
        reply = HTTPResponse(connection)
        reply.begin()
        problem = json.loads(reply.read())
    assert (reply.status, reply.headers["Content-Type"]) == (status, "application/problem+json")
    assert problem["type"].endswith(f"#{kind}")
    assert (problem["status"], problem["request_id"]) == (status, reply.headers["X-Request-ID"])
    assert "<" not in problem["detail"]


@pytest.fixture
def many_files() -> Iterator[None]:
    """Let this process have 4,000 files open for a while."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 4000), max(hard, 4000)))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.usefixtures("many_files")
def test_idle_connections_keep_nobody_out(serve: Start) -> None:
    """With 1,200 idle sockets open, a new caller is answered."""
    server = serve()
    with contextlib.ExitStack() as idle:
        for _ in range(1200):
            idle.enter_context(socket.create_connection((server.host, server.port)))
        assert predict(server) == b'{"prediction":[1]}'


def test_interrupt_while_idle_ends_at_once(serve: Start) -> None:
    """Ctrl-C on a server with nothing to do ends it with status 0 and no noise."""
    assert serve().stop(signal.SIGINT) == (0, "")
