"""The measuring itself, for some seconds: that it runs and adds up, not how quick all is."""

import os
import sys
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import numpy as np
import pytest

from examples.capacity import measure
from examples.capacity.load import Load, LoadFailed, http_post
from examples.capacity.process import on_one_core
from examples.capacity.queueing import poisson_arrivals

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux")
    or ("CI" not in os.environ and len(os.sched_getaffinity(0)) < 2),
    reason="needs Linux and two cores",
)


def test_simulated_beside_real(capsys: pytest.CaptureFixture[str]) -> None:
    """One quick round: all that is asked is answered, and simulated stands beside real."""
    rng = np.random.default_rng()
    with on_one_core() as replica:
        measuring = measure.Measuring(replica, windows=1, seconds=0.2, noise=1.0)
        service = measure.measure(measuring, rng)
        found = measure.compare(service, measuring, rng)
    with capsys.disabled():
        print("\n" + measure.described(service) + "\n" + measure.table(service, found))
    assert [row.share for row in found] == [0.30, 0.50, 0.70, 0.85]
    assert all(row.requests == int(row.share * service.capacity * 0.2) for row in found)
    assert all(0 < row.real[0] < row.real[1] for row in found)
    simulated = [row.simulated[1] for row in found]
    assert simulated == sorted(simulated)
    assert 300 < service.capacity < 100_000
    assert service.rows[-1][0] == 10_000
    assert service.row_seconds() < service.busy
    assert 20e6 < service.memory_bytes < 500e6


class Slow(BaseHTTPRequestHandler):
    """Answers each request after 0.2 s; with 404 if it is asked for /missing."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        time.sleep(0.2)
        self.send_response(404 if self.path == "/missing" else 200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing."""


@pytest.fixture
def slow() -> Iterator[int]:
    """The port of a server that takes its time."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Slow) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


def test_open_loop_does_not_wait_for_answers(slow: int) -> None:
    """Twenty requests in 0.1 s to a server that takes 0.2 s are answered after 0.2 s each."""
    with Load(slow, http_post("/", b"{}"), 1) as load:
        latencies, lateness = load.open_loop(np.linspace(0, 0.1, 20))
    assert len(latencies) == len(lateness) == 20
    assert np.median(latencies) == pytest.approx(0.2, abs=0.1)


def test_closed_loop_waits(slow: int) -> None:
    """Two callers for 0.5 s of a server that takes 0.2 s: three requests each."""
    with Load(slow, http_post("/", b"{}"), 2) as load:
        assert len(load.closed_loop(0.5)) <= 6


def test_another_status_than_200_is_a_failure(slow: int) -> None:
    """A load that is refused measures nothing."""
    with (
        Load(slow, http_post("/missing", b"{}"), 1) as load,
        pytest.raises(LoadFailed, match="404"),
    ):
        load.closed_loop(0.1)


def test_arrivals_come_at_their_rate() -> None:
    """A thousand a second, on the average."""
    arrivals = poisson_arrivals(1000, 50_000, np.random.default_rng(1))
    assert arrivals[-1] == pytest.approx(50, rel=0.02)
