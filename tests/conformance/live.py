"""A real `irisws serve` process, and what it costs: CPU seconds and memory from /proc."""

import http.client
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PATIENCE_SECONDS = 60.0  # how long any answer may take before a test gives up


@dataclass(frozen=True)
class Live:
    """A running server."""

    pid: int
    port: int
    log: Path  # all that it printed

    def ask(self, method: str = "GET", path: str = "/health/live", body: bytes = b"") -> int:
        """Send one request on a connection of its own; the status of the reply."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_SECONDS)
        try:
            connection.request(method, path, body, {"Content-Type": "application/json"})
            reply = connection.getresponse()
            reply.read()
            return reply.status
        finally:
            connection.close()

    def cpu_seconds(self) -> float:
        """User and system time that the process has used (proc(5), stat)."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def peak_rss_mb(self) -> float:
        """The most memory that was ever resident, in MB."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        found = re.search(r"VmHWM:\s+(\d+) kB", status)
        assert found is not None
        return int(found[1]) / 1000


@contextmanager
def serving(*flags: str) -> Iterator[Live]:
    """Start `irisws serve` on a free port; it is ended whatever happens."""
    with tempfile.TemporaryDirectory() as directory:
        log = Path(directory, "log")
        with log.open("wb") as output:  # not a pipe: nobody would empty it
            process = subprocess.Popen(
                [sys.executable, "-m", "irisws", "serve", "--port", "0", *flags],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        try:
            yield Live(process.pid, _port(process, log), log)
        finally:
            process.terminate()
            _end(process)


@contextmanager
def many_open_files(wanted: int) -> Iterator[None]:
    """Let this process have many files open for a while."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), max(hard, wanted)))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def _port(process: "subprocess.Popen[bytes]", log: Path) -> int:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        if found := re.search(r"http://127\.0\.0\.1:(\d+)\n", log.read_text()):
            return int(found[1])
        time.sleep(0.01)
    raise AssertionError(f"did not start: {log.read_text()}")


def _end(process: "subprocess.Popen[bytes]") -> None:
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
