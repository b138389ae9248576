"""The drain: a stop signal loses nothing that was asked before it."""

import os
import shutil
import signal
import socket
import sys
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests.server.conftest import INHERIT, ServerProcess, Start, wait_until

BIG_SIZE = 20_000_000


def ask(server: ServerProcess, path: str, count: int) -> "list[Future[tuple[int, bytes]]]":
    """Send requests from threads of their own, and give them time to arrive."""
    pool = ThreadPoolExecutor(count)
    futures = [pool.submit(server.get, path) for _ in range(count)]
    pool.shutdown(wait=False)
    time.sleep(0.5)
    return futures


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_running_and_queued_requests_are_answered(serve_slowly: Start, number: int) -> None:
    """Of 12 requests four are running and eight are queued: the signal loses none."""
    server = serve_slowly("--seconds", "1")
    futures = ask(server, "/slow", 12)
    assert server.stop(number) == (0, "")
    assert [future.result()[0] for future in futures] == [200] * 12


def read_slowly(connection: HTTPConnection) -> int:
    connection.request("GET", "/big")
    reply, size = connection.getresponse(), 0
    while part := reply.read(1_000_000):
        size += len(part)
        time.sleep(0.05)
    connection.close()
    return size


def test_large_replies_read_slowly_arrive_whole(serve_slowly: Start) -> None:
    """Four 20 MB replies outlive the signal to their last byte."""
    server = serve_slowly()
    with ThreadPoolExecutor(4) as pool:
        futures = [pool.submit(read_slowly, server.connect()) for _ in range(4)]
        time.sleep(0.3)
        assert server.stop(signal.SIGTERM)[0] == 0
        assert [future.result() for future in futures] == [BIG_SIZE] * 4


def test_grace_that_runs_out_is_told(serve_slowly: Start) -> None:
    """What could not be answered in time is counted, and the status is 1."""
    server = serve_slowly("--seconds", "30", "--grace-seconds", "0.5")
    futures = ask(server, "/slow", 5)
    status, errors = server.stop(signal.SIGTERM)
    assert (status, "requests left unanswered: 5" in errors) == (1, True)
    assert all(future.exception() for future in futures)


def test_second_signal_stops_at_once(serve_slowly: Start) -> None:
    """Whoever presses Ctrl-C twice means it."""
    server = serve_slowly("--seconds", "30")
    ask(server, "/slow", 1)
    began = time.monotonic()
    server.process.send_signal(signal.SIGINT)
    time.sleep(0.3)
    assert server.stop(signal.SIGINT)[0] == 1
    assert time.monotonic() - began < 5


def test_lame_duck_answers_while_not_ready(serve_slowly: Start) -> None:
    """During the lame-duck time new connections are served, and told that this is the last."""
    server = serve_slowly("--lame-duck-seconds", "60")
    server.process.send_signal(signal.SIGTERM)
    wait_until(lambda: server.get("/")[1] == b"draining")
    connection = server.connect()
    connection.request("GET", "/")
    reply = connection.getresponse()
    assert (reply.read(), reply.headers["Connection"]) == (b"draining", "close")
    connection.close()
    assert server.stop(signal.SIGTERM)[0] == 0  # a second signal ends the lame-duck time


def test_readiness_turns_off_before_the_end(serve: Start) -> None:
    """A balancer that asks during the lame-duck time hears 503, and liveness stays."""
    server = serve("--lame-duck-seconds", "60")
    server.process.send_signal(signal.SIGTERM)
    wait_until(lambda: server.get("/health/ready")[0] == 503)
    assert server.get("/health/live")[0] == 200
    assert server.stop(signal.SIGTERM) == (0, "")


def test_idle_connection_does_not_hold_up_the_end(serve: Start) -> None:
    """A keep-alive connection without a request is closed well within the grace time."""
    server = serve()
    connection = server.connect()
    server.get("/health/live", connection)
    began = time.monotonic()
    assert server.stop(signal.SIGTERM)[0] == 0
    assert time.monotonic() - began < 5
    connection.close()


@pytest.mark.skipif(
    "CI" not in os.environ and (os.geteuid() != 0 or shutil.which("unshare") is None),
    reason="needs unshare and root",
)
def test_first_process_of_a_container_drains(start: Start) -> None:
    """As PID 1, where the kernel ignores signals that nobody handles, it drains and exits 0."""
    command = [sys.executable, "-m", "irisws", "serve", "--port", "0"]
    server = start("unshare", "--fork", "--pid", *command)
    outer = server.process.pid
    inner = int(Path(f"/proc/{outer}/task/{outer}/children").read_text(encoding="ascii"))
    assert server.get("/health/live")[0] == 200
    os.kill(inner, signal.SIGTERM)
    assert server.wait() == (0, "")


def test_signal_during_the_start_is_kept(start: Start) -> None:
    """A signal that comes before the server listens ends it as soon as it does."""
    code = (
        "import os, signal, irisws.cli as cli\n"
        "prove = cli._prove\n"
        "def prove_slowly(*args):\n"
        "    os.kill(os.getpid(), signal.SIGTERM)\n"
        "    return prove(*args)\n"
        "cli._prove = prove_slowly\n"
        "raise SystemExit(cli.main(['serve', '--port', '0']))"
    )
    assert start(sys.executable, "-c", code).wait()[0] == 0


PAUSE = 0.004  # seconds between a caller's requests


class Load:
    """Callers that ask again and again, without a second try, until they are stopped.

    Their pauses leave the processes that start meanwhile some of the processor.
    """

    def __init__(self, host: str, port: int, callers: int) -> None:
        self.answered = 0
        self.lost: list[str] = []
        self._address = (host, port)
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._threads = [
            threading.Thread(target=self._call, args=(number % 2 == 0,))
            for number in range(callers)
        ]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stopped.set()
        for thread in self._threads:
            thread.join()

    def _call(self, keep_alive: bool) -> None:
        connection = HTTPConnection(*self._address, timeout=30)
        headers = {"Content-Type": "application/json"}
        while not self._stopped.wait(PAUSE):
            try:
                connection.request("POST", "/", b'{"sl":2,"sw":1,"pl":2,"pw":3}', headers)
                reply = connection.getresponse()
                fine = (reply.status, reply.read()) == (200, b'{"prediction":[1]}')
                self._count(None if fine else f"status {reply.status}")
            except OSError as error:
                self._count(repr(error))
                connection.close()
            if not keep_alive:
                connection.close()
        connection.close()

    def _count(self, problem: str | None) -> None:
        with self._lock:
            self.answered += problem is None
            if problem is not None:
                self.lost.append(problem)


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="hands over a socket as systemd does")
def test_ten_rolling_restarts_under_load_lose_nothing(start: Start) -> None:
    """Two processes on one socket, replaced ten times over while eight callers ask."""
    with socket.create_server(("127.0.0.1", 0), backlog=2048) as listener:
        number = listener.fileno()

        def start_one() -> ServerProcess:
            return start(sys.executable, "-c", INHERIT, str(number), pass_fds=(number,))

        processes = [start_one(), start_one()]
        host, port = listener.getsockname()
        load = Load(host, port, callers=8)
        statuses = []
        try:
            for _ in range(10):
                for at in range(2):
                    old, processes[at] = processes[at], start_one()
                    statuses.append(old.stop(signal.SIGTERM)[0])
        finally:
            load.stop()
    assert statuses == [0] * 20
    assert load.lost == []
    assert load.answered > 1000
