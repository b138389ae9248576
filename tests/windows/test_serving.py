"""Both servers under Windows CPython, asked by the clients of this system."""

import contextlib
import json
import os
import shutil
import socket
import subprocess
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files
from pathlib import Path

import pytest
from irisws_client import Client, InvalidRows

from tests.server.conftest import ServerProcess
from tests.windows.conftest import Start

NODE_EXAMPLE = Path(__file__).parents[2] / "examples" / "node"
ARTICLE = b'{"sl": 2.0, "sw": 1.0, "pl": 2.0, "pw": 3.0}'
JSON = "application/json"


def url(server: ServerProcess) -> str:
    return f"http://{server.host}:{server.port}"


def post(server: ServerProcess, path: str, body: bytes, kind: str = JSON) -> tuple[int, bytes]:
    connection = server.connect(timeout=120)
    with contextlib.closing(connection):
        connection.request("POST", path, body, {"Content-Type": kind})
        reply = connection.getresponse()
        return reply.status, reply.read()


def node(server: ServerProcess, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run Node.js of this system in the example's folder."""
    program = shutil.which("node")
    assert program, "node is not installed"
    environment = {**os.environ, "IRISWS_URL": url(server)}
    return subprocess.run(
        [program, *arguments],
        cwd=NODE_EXAMPLE,
        env=environment,
        capture_output=True,
        encoding="utf-8",
        timeout=300,
    )


@pytest.mark.parametrize(
    ("path", "kind", "body", "answer"),
    [
        ("/", JSON, ARTICLE, b'{"prediction":[1]}'),
        ("/v1/predict", JSON, b'{"instances":[[5.1,3.5,1.4,0.2]]}', b'"label":"setosa"'),
        (
            "/invocations",
            "text/csv",
            b"5.1,3.5,1.4,0.2\r\n6.7,3.0,5.2,2.3\r\n",
            b'{"predictions":[0,2]}',
        ),
        (
            "/v2/models/iris/infer",
            JSON,
            b'{"inputs":[{"name":"x","shape":[1,4],"datatype":"FP32","data":[5.1,3.5,1.4,0.2]}]}',
            b'"data":["setosa"]',
        ),
    ],
)
def test_every_dialect_answers(
    server: ServerProcess, path: str, kind: str, body: bytes, answer: bytes
) -> None:
    """Each dialect gives its answer."""
    status, reply = post(server, path, body, kind)
    assert (status, answer in reply) == (200, True), reply


@pytest.mark.parametrize(
    ("path", "body", "kind", "status"),
    [
        ("/", b"{", JSON, 400),
        ("/nowhere", ARTICLE, JSON, 404),
        ("/health/live", ARTICLE, JSON, 405),
        ("/", b" " * (8 << 20) + ARTICLE, JSON, 413),
        ("/", ARTICLE, "text/plain", 415),
        ("/", b'{"sl": "wide"}', JSON, 422),
    ],
)
def test_errors_are_problem_documents(
    server: ServerProcess, path: str, body: bytes, kind: str, status: int
) -> None:
    """Each error has its status and its document."""
    got, reply = post(server, path, body, kind)
    assert (got, json.loads(reply)["status"]) == (status, status)


def test_big_body(server: ServerProcess) -> None:
    """Five megabytes of rows, which waitress keeps in a temporary file, are answered in order."""
    rows = [b"[5.1000000000,3.5000000000,1.4000000000,0.2000000000]"] * 99_999
    body = b'{"instances":[%s,[6.7,3.0,5.2,2.3]]}' % b",".join(rows)
    status, reply = post(server, "/v1/predict", body)
    labels = [each["label"] for each in json.loads(reply)["predictions"]]
    assert (status, len(body) > 5_000_000, len(labels)) == (200, True, 100_000)
    assert (set(labels[:-1]), labels[-1]) == ({"setosa"}, "virginica")


@pytest.mark.parametrize("path", ["/health/live", "/health/ready", "/ping", "/v1/model", "/v2"])
def test_state_and_model_are_told(server: ServerProcess, path: str) -> None:
    """Health and description are there."""
    assert server.get(path)[0] == 200


def test_files_arrive_byte_for_byte(server: ServerProcess) -> None:
    """The explorer's files are not touched by Windows' line ends."""
    file = files("irisws") / "explorer" / "explorer.js"
    assert server.get("/docs/explorer.js") == (200, file.read_bytes())


def test_many_callers_at_once(server: ServerProcess) -> None:
    """Sixteen callers, twenty requests each, all answered."""
    with ThreadPoolExecutor(16) as pool:
        replies = list(pool.map(lambda _: post(server, "/", ARTICLE), range(320)))
    assert set(replies) == {(200, b'{"prediction":[1]}')}


def test_node_client(server: ServerProcess) -> None:
    """The Node.js client's own tests pass against the server, and none of them is skipped."""
    result = node(server, "--test", "--test-reporter=tap")
    assert result.returncode == 0, result.stdout
    assert "# SKIP" not in result.stdout


def test_node_script(server: ServerProcess) -> None:
    """`predict.js` prints the species, and the warning on standard error."""
    result = node(server, "predict.js", "3.0", "2.0", "1.0", "1.0")
    assert (result.returncode, result.stdout) == (0, "versicolor\n")
    assert "sepal_length 3.0 cm is outside the 4.3 to 7.9 cm" in result.stderr


def test_python_client(server: ServerProcess) -> None:
    """The Python client gets its answer, and every fault of a row that does not fit."""
    client = Client(url(server), timeout_seconds=60)
    assert client.predict_one({"sl": 5.0, "sw": 3.5, "pl": 1.3, "pw": 0.3}).label == "setosa"
    with pytest.raises(InvalidRows) as caught:
        client.predict([[5.0, "wide", 1.3, True]])
    assert [each["pointer"] for each in caught.value.errors] == ["/instances/0/1", "/instances/0/3"]


@pytest.mark.parametrize("flags", [[], ["--connection-limit", "2000"]])
def test_idle_connections_do_not_stop_the_server(start: Start, flags: list[str]) -> None:
    """Windows' select() takes 512 sockets: with more callers than that the server goes on."""
    server = start("-m", "irisws", "serve", "--port", "0", *flags)
    with contextlib.ExitStack() as idle:
        for _ in range(600):
            idle.enter_context(socket.create_connection((server.host, server.port)))
    assert post(server, "/", ARTICLE) == (200, b'{"prediction":[1]}')
    assert ("only 480 connections work on Windows" in server.lines[0]) == bool(flags)


def test_port_that_is_taken(start: Start) -> None:
    """A second server on the same port ends with one line and status 1."""
    port = start("-m", "irisws", "serve", "--port", "0").port
    with pytest.raises(AssertionError, match=f"cannot listen on 127.0.0.1:{port}: "):
        start("-m", "irisws", "serve", "--port", str(port))
