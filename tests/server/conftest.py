"""Real server processes, started for a test and stopped at its end."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

SLOW_APP = Path(__file__).with_name("slow_app.py")

# sd_listen_fds(3): the socket is file descriptor 3, and LISTEN_PID is the process that it is for.
INHERIT = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()))
os.execv(sys.executable, [sys.executable, "-m", "irisws", "serve"])
"""


class ServerProcess:
    """A server process that tells its address on standard error."""

    def __init__(self, command: list[str], **options: Any) -> None:
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, **options)
        self.lines: list[str] = []
        self.host, self.port = self._address()

    def _address(self) -> tuple[str, int]:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.lines.append(line)
            if match := re.search(r"http://([0-9.]+):([0-9]+)", line):
                return match[1], int(match[2])
        self.end()
        raise AssertionError(f"did not start: {''.join(self.lines)}")

    def connect(self, timeout: float = 30) -> HTTPConnection:
        return HTTPConnection(self.host, self.port, timeout=timeout)

    def get(self, path: str, connection: HTTPConnection | None = None) -> tuple[int, bytes]:
        """GET on a connection of its own, unless one is given."""
        used = connection or self.connect()
        used.request("GET", path)
        reply = used.getresponse()
        body = reply.read()
        if connection is None:
            used.close()
        return reply.status, body

    def stop(self, number: int) -> tuple[int, str]:
        """Send a signal and wait: the exit status, and what was printed since the start."""
        self.process.send_signal(number)
        return self.wait()

    def wait(self) -> tuple[int, str]:
        _, errors = self.process.communicate(timeout=60)
        return self.process.returncode, errors

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()


Start = Callable[..., ServerProcess]


@pytest.fixture
def start() -> Iterator[Start]:
    """Start processes; all of them are ended after the test."""
    started: list[ServerProcess] = []

    def start_command(*command: str, **options: Any) -> ServerProcess:
        started.append(ServerProcess(list(command), **options))
        return started[-1]

    yield start_command
    for server in started:
        server.end()


@pytest.fixture
def serve(start: Start) -> Start:
    """Start `irisws serve` on a free port."""

    def start_irisws(*flags: str, **environ: str) -> ServerProcess:
        command = [sys.executable, "-m", "irisws", "serve", "--port", "0", *flags]
        return start(*command, env={**os.environ, **environ})

    return start_irisws


@pytest.fixture
def serve_slowly(start: Start) -> Start:
    """Start the slow application under the same server."""

    def start_slow(*flags: str) -> ServerProcess:
        return start(sys.executable, str(SLOW_APP), *flags)

    return start_slow


def wait_until(condition: Callable[[], bool], seconds: float = 10) -> None:
    """Wait for a condition that another process brings about."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)
