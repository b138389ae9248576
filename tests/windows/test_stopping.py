"""Ctrl-C under Windows CPython: the drain loses nothing.

Verified: CTRL_C_EVENT, which Wine delivers to every process of a console as Windows does when
Ctrl-C is pressed. Only raised inside the process: SIGBREAK, for Wine delivers no CTRL_BREAK_EVENT
("not implemented", says its server). Not verified: CTRL_CLOSE_EVENT, logging off, shutting down,
and the stop of a Windows service.
"""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.server.conftest import ServerProcess, wait_until
from tests.server.test_drain import BIG_SIZE, ask, read_slowly
from tests.windows.conftest import CONSOLE, SLOW_APP, Start, windows_path

BREAK = """
import signal, sys
from irisws.server import Server, StopSignals
from irisws.settings import Settings

def application(environ, start_response):
    signal.raise_signal(signal.SIGBREAK)
    start_response("200 OK", [("Content-Length", "6")])
    return [b"broken"]

signals = StopSignals()
server = Server(application, Settings(port=0))
print(server.urls[0], file=sys.stderr, flush=True)
sys.exit(server.run(signals, on_drain=lambda: None))
"""


def press(server: ServerProcess) -> None:
    """Let the process on the other side press its key."""
    assert server.process.stdin is not None
    server.process.stdin.write("\n")
    server.process.stdin.flush()


@pytest.fixture
def start_slowly(start: Start) -> Start:
    """Start the slow application in a console."""

    def start_in_console(*flags: str) -> ServerProcess:
        return start(windows_path(CONSOLE), windows_path(SLOW_APP), *flags)

    return start_in_console


def test_running_and_queued_requests_are_answered(start_slowly: Start) -> None:
    """Of 12 requests four are running and eight are queued: Ctrl-C loses none."""
    server = start_slowly("--seconds", "2", "--grace-seconds", "60")
    futures = ask(server, "/slow", 12)
    press(server)
    assert server.wait() == (0, "")
    assert [future.result()[0] for future in futures] == [200] * 12


def test_large_replies_read_slowly_arrive_whole(start_slowly: Start) -> None:
    """Four replies of 20 MB outlive Ctrl-C to their last byte."""
    server = start_slowly("--grace-seconds", "60")
    with ThreadPoolExecutor(4) as pool:
        futures = [pool.submit(read_slowly, server.connect()) for _ in range(4)]
        time.sleep(0.3)
        press(server)
        assert server.wait()[0] == 0
        assert [future.result() for future in futures] == [BIG_SIZE] * 4


def test_second_ctrl_c_stops_at_once(start_slowly: Start) -> None:
    """Whoever presses Ctrl-C twice means it, and the status tells that a request was lost."""
    server = start_slowly("--seconds", "30", "--lame-duck-seconds", "60")
    (future,) = ask(server, "/slow", 1)
    press(server)
    wait_until(lambda: server.get("/")[1] == b"draining", seconds=20)
    press(server)
    status, errors = server.wait()
    assert (status, "requests left unanswered: 1" in errors) == (1, True)
    assert future.exception()


def test_idle_server_ends_with_status_0(start: Start) -> None:
    """`irisws serve` with nothing to do ends without noise."""
    server = start(windows_path(CONSOLE), "-m", "irisws", "serve", "--port", "0")
    press(server)
    assert server.wait() == (0, "")


def test_ctrl_break_drains_too(start: Start) -> None:
    """SIGBREAK, raised beside the main thread as Windows does, ends the server with status 0."""
    server = start("-c", BREAK)
    assert server.get("/") == (200, b"broken")
    assert server.wait() == (0, "")
