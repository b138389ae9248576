"""Two workers on one machine, as examples/deploy/multicore/ starts them."""

import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests.benchmarks.processes import Server, running
from tests.benchmarks.workers import granian, gunicorn
from tests.replicas.callers import FLOWERS, HEADERS

README = Path(__file__).parents[2] / "examples" / "deploy" / "multicore" / "README.md"

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="gunicorn forks, and /proc tells its workers"
)

Command = Callable[[int, int], Sequence[str]]


def workers_of(server: Server) -> list[int]:
    """The processes below the server's that have loaded ONNX Runtime."""
    children = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text(encoding="ascii")
    return [
        int(pid)
        for pid in children.split()
        if "onnxruntime" in Path(f"/proc/{pid}/maps").read_text(encoding="utf-8")
    ]


def ask_often(port: int, times: int) -> None:
    for _ in range(times):
        connection = HTTPConnection("127.0.0.1", port, timeout=10)
        for body, wanted in FLOWERS:
            connection.request("POST", "/", body, HEADERS)
            reply = connection.getresponse()
            assert (reply.status, reply.read().strip()) == (200, wanted)
        connection.close()


@pytest.mark.parametrize("command", [gunicorn, granian])
def test_two_workers_answer_and_end(command: Command) -> None:
    """Each loads the model itself, both answer, and none outlives SIGTERM."""
    with running(lambda port: command(port, 2), {}) as server:
        deadline = time.monotonic() + 20
        while len(workers := workers_of(server)) < 2 and time.monotonic() < deadline:
            time.sleep(0.05)
        assert len(workers) == 2
        ask_often(server.port, 50)
        os.kill(server.pid, signal.SIGTERM)
        while any(map(is_there, workers)):
            assert time.monotonic() < deadline, "a worker goes on"
            time.sleep(0.05)


def begin(port: int) -> HTTPConnection:
    """A request whose last byte is still on its way."""
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    body, _ = FLOWERS[0]
    connection.putrequest("POST", "/")
    for name, value in (*HEADERS.items(), ("Content-Length", str(len(body)))):
        connection.putheader(name, value)
    connection.endheaders(body[:-1])
    return connection


@pytest.mark.parametrize("command", [gunicorn, granian])
def test_what_is_running_is_answered(command: Command) -> None:
    """SIGTERM comes in the middle of four requests, and each is answered all the same."""
    body, wanted = FLOWERS[0]
    with running(lambda port: command(port, 2), {}) as server:
        begun = [begin(server.port) for _ in range(4)]
        time.sleep(1)  # for a worker to take them: none is in the backlog any more
        os.kill(server.pid, signal.SIGTERM)
        time.sleep(0.5)
        for connection in begun:
            connection.send(body[-1:])
            reply = connection.getresponse()
            assert (reply.status, reply.read().strip()) == (200, wanted)
            connection.close()


def is_there(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except OSError:
        return False


@pytest.mark.parametrize("command", [gunicorn, granian])
def test_page_shows_the_command(command: Command) -> None:
    """What is tested is what the page tells to type."""
    text = README.read_text(encoding="utf-8")
    shown = next(line for line in text.split("`") if line.startswith(f"{command.__name__} "))
    module, *flags = command(8080, 2)[1:]
    assert module == command.__name__
    if command is granian:
        assert sorted(shown.split()[1:]) == sorted(flags)
    else:
        assert shown == "gunicorn -c gunicorn.conf.py irisws.wsgi:app"
