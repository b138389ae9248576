"""A server as a child process: started on a free port, timed, weighed, and always stopped."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]  # the repository: `tests.benchmarks` is imported from there
BODY = b'{"sl":2.0,"sw":1.0,"pl":2.0,"pw":3.0}'  # the article's request

_POLL_SECONDS = 0.002
_START_SECONDS = 60.0
_STOP_SECONDS = 10.0


class ServerFailed(Exception):
    """A server ended, did not answer in time, or answered something else than predictions."""


@dataclass(frozen=True)
class Server:
    """A running server that has answered once."""

    pid: int
    port: int
    first_answer_seconds: float  # from its spawn to the first prediction
    answer: bytes

    def pss_mb(self) -> float:
        """The memory of the process and its children in MB, shared pages by share (Linux)."""
        return sum(map(_pss_bytes, _tree(self.pid))) / 1e6


@contextmanager
def running(
    command: Callable[[int], Sequence[str]], environment: Mapping[str, str]
) -> Iterator[Server]:
    """Start a server, wait for its first answer, and stop it in the end, whatever happens.

    Args:
        command: From the port to the arguments behind `python`.
        environment: Added to this process's own, of which settings of irisws are left out.

    Raises:
        ServerFailed: See there; the message holds the end of what the server printed.
    """
    port = _free_port()
    own = {k: v for k, v in os.environ.items() if k != "PORT" and not k.startswith("IRISWS_")}
    with tempfile.TemporaryFile() as output:
        began = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, *command(port)],
            cwd=ROOT,
            env={**own, **environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,  # Ctrl-C is for us; and children can be ended with it
        )
        try:
            answer = _first_answer(process, port, began + _START_SECONDS)
            yield Server(process.pid, port, time.perf_counter() - began, answer)
        except ServerFailed as error:
            output.seek(0)
            raise ServerFailed(
                f"{error}\n{output.read()[-2000:].decode(errors='replace')}"
            ) from None
        finally:
            _stop(process)


def stop_on_sigterm() -> None:
    """Let SIGTERM unwind the stack like Ctrl-C does, so that no server outlives the benchmark."""
    signal.signal(signal.SIGTERM, lambda signum, frame: sys.exit(128 + signum))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _first_answer(process: "subprocess.Popen[bytes]", port: int, deadline: float) -> bytes:
    while (now := time.perf_counter()) < deadline:
        if process.poll() is not None:
            raise ServerFailed(f"it ended with status {process.returncode}")
        try:
            return _post(port, deadline - now)
        except OSError:  # not listening yet
            time.sleep(_POLL_SECONDS)
    raise ServerFailed(f"no answer in {_START_SECONDS:g} s")


def _post(port: int, timeout: float) -> bytes:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request("POST", "/", BODY, {"Content-Type": "application/json"})
        response = connection.getresponse()
        answer = response.read()
    finally:
        connection.close()
    if response.status != 200 or b'"prediction"' not in answer:
        raise ServerFailed(f"it answered {response.status} {answer[:200]!r}")
    return b"".join(answer.split())


def _stop(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)  # its own session, so nothing but its children
        process.wait()


def _tree(pid: int) -> Iterator[int]:
    yield pid
    for thread in Path(f"/proc/{pid}/task").iterdir():
        for child in (thread / "children").read_text().split():
            yield from _tree(int(child))


def _pss_bytes(pid: int) -> int:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    raise OSError(f"smaps_rollup of {pid} has no Pss")
